"""A request that was decided, handed to moto's WSGI application in this process."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote_to_bytes

from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY
from moto.iam import models
from moto.iam.access_control import PermissionResult
from moto.moto_server.werkzeug_app import create_backend_app
from moto.s3.models import FakeBucket

from xacct.sandbox.answer import Answer
from xacct.sandbox.request import Incoming

PASSED = ("content-", "x-amz-", "if-")
PASSED_NAMES = frozenset({"range", "cache-control", "expires"})
HELD_BACK = frozenset(
    {
        "content-length",
        "x-amz-target",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-content-sha256",
        "x-amz-decoded-content-length",
        "x-amz-trailer",
        "x-amz-sdk-checksum-algorithm",
    }
)
"""Headers that served the gate, and one by which moto would guess another operation than was decided."""

NOT_RETURNED = frozenset({"server", "date", "connection", "x-amzn-requestid"})


class Forward:
    """Moto's applications, made once; not thread-safe, hold the store's lock."""

    def __init__(self) -> None:
        self._apps = {service: _application(service) for service in ("iam", "s3")}

    def send(
        self, service: str, incoming: Incoming, *, account: str, access_key_id: str, region: str
    ) -> Answer:
        """Moto's answer, as if the owner's own account had asked.

        ``incoming`` is in normal form: path style, no signature, nothing in it that was not decided. The
        signature that moto sees is made up: from it moto takes the caller's key and the region.
        """
        environ = _environ(service, incoming, account=account, access_key_id=access_key_id, region=region)
        return _call(self._apps[service], environ, head=incoming.method == "HEAD")


@contextmanager
def no_second_opinion() -> Iterator[None]:
    """Moto without its own judgement.

    Its check of policy documents refuses what AWS takes: one without Version. Its look at bucket policies
    takes a Deny of one principal for a Deny of everybody.
    """
    own = {name: getattr(models, name) for name in _CHECKS}
    permission = FakeBucket.get_permission
    try:
        for name in _CHECKS:
            setattr(models, name, _Unchecked)
        setattr(FakeBucket, "get_permission", _decided_already)  # noqa: B010  (mypy knows it as a method)
        yield
    finally:
        for name, check in own.items():
            setattr(models, name, check)
        setattr(FakeBucket, "get_permission", permission)  # noqa: B010


def _decided_already(_bucket: FakeBucket, _action: str, _resource: str) -> PermissionResult:
    return PermissionResult.PERMITTED


class _Unchecked:
    def __init__(self, document: str) -> None:
        self.document = document

    def validate(self) -> None:
        """The gate did."""


_CHECKS = ("IAMPolicyDocumentValidator", "IAMTrustPolicyDocumentValidator")


def passed(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that moto may see: what an object or a condition is made of, never moto's own switches."""
    return {
        name: value
        for name, value in headers.items()
        if (name.startswith(PASSED) or name in PASSED_NAMES)
        and name not in HELD_BACK
        and ("_" not in name or name.startswith("x-amz-meta-"))
    }


def _application(service: str) -> Any:
    application = create_backend_app(service)
    application.debug = False
    application.config["PROPAGATE_EXCEPTIONS"] = False
    application.logger.disabled = True
    application.register_error_handler(NotImplementedError, lambda _: ("", 501))
    return application


def _environ(
    service: str, incoming: Incoming, *, account: str, access_key_id: str, region: str
) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": incoming.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(incoming.path).decode("latin-1"),
        "RAW_URI": incoming.path,
        "REQUEST_URI": incoming.path,
        "QUERY_STRING": incoming.query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "HTTP_X_MOTO_ACCOUNT_ID": account,
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={access_key_id or 'ANONYMOUS'}/20000101/{region}"
        f"/{service}/aws4_request, SignedHeaders=host, Signature=0",
        "CONTENT_LENGTH": str(len(incoming.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(incoming.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    preserved: dict[str, str] = {}
    for name, value in sorted(passed(incoming.headers).items(), key=lambda item: "_" in item[0]):
        key = name.upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        if "_" in name and key not in environ:
            preserved[key] = name
        environ.setdefault(key, value)
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = preserved
    return environ


def _call(application: Callable[..., Iterable[bytes]], environ: dict[str, Any], *, head: bool) -> Answer:
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
        started[:] = [(status, headers)]

    chunks = application(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = started[0]
    dropped = NOT_RETURNED if head else NOT_RETURNED | {"content-length"}
    kept = tuple((name.lower(), value) for name, value in headers if name.lower() not in dropped)
    return Answer(status=int(status.split()[0]), headers=kept, body=body)
