"""A request in the one form that moto gets: what was read for the decision is all that there is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from xacct.sandbox import sigv4
from xacct.sandbox.buckets import source_of
from xacct.sandbox.faults import ServiceFault
from xacct.sandbox.operations import model
from xacct.sandbox.request import Incoming, Operation

FORM = "application/x-www-form-urlencoded; charset=utf-8"


def before_reading(incoming: Incoming, protocol: str) -> Incoming:
    """The request with its query in one encoding; a call of IAM or STS always as a form that was posted.

    A name that comes twice in a form, or parameters in both places, would be read one way here and another
    way by moto: refused.
    """
    query = tuple(pair for pair in sigv4.pairs(incoming.query) if pair[0] not in sigv4.QUERY_PARAMETERS)
    if protocol == "s3":
        return replace(incoming, query=_encoded(query))
    if protocol == "kms":
        return incoming
    posted = parse_qsl(incoming.body.decode("utf-8", "replace"), keep_blank_values=True)
    if incoming.method not in {"GET", "POST"} or incoming.path not in {"", "/"} or (query and posted):
        raise _malformed("the parameters must come once: in the query of a GET or in the body of a POST")
    form = list(query) or posted
    if len({name for name, _ in form}) != len(form):
        raise _malformed("a parameter comes twice")
    headers = {**incoming.headers, "content-type": FORM}
    return replace(
        incoming, method="POST", path="/", query="", headers=headers, body=urlencode(form).encode()
    )


def query_call(incoming: Incoming, before: Operation, after: Operation) -> Incoming:
    """A call of IAM with the parameters that were rewritten on the way, ``after`` against ``before``."""
    changed = {
        name: value for name, value in after.params.items() if value != before.params.get(name, _ABSENT)
    }
    if not changed and after.params.keys() >= before.params.keys():
        return incoming
    form = dict(parse_qsl(incoming.body.decode(), keep_blank_values=True))
    for name in before.params.keys() - after.params.keys():
        _take_out(form, name)
    for name, value in changed.items():
        _take_out(form, name)
        form |= _flat(name, value)
    return replace(incoming, body=urlencode(form).encode())


def bucket_call(incoming: Incoming, before: Operation, after: Operation) -> Incoming:
    """A call of S3 in path style, with the policy document that was rewritten on the way.

    Only a policy is ever rewritten; the path must be the one that the operation was read from. Headers and
    parameters that the operation does not have are left out: moto would take some for another operation.
    """
    bucket, key = str(after.params.get("Bucket") or ""), str(after.params.get("Key") or "")
    path = f"/{bucket}" + (f"/{quote(key, safe='/~')}" if key else "")
    asked = sigv4.canonical_path(incoming.path, service="s3").rstrip("/") or "/"
    virtual = f"/{bucket}{'' if asked == '/' else asked}"
    if path.rstrip("/") not in {asked.rstrip("/"), virtual.rstrip("/")}:
        raise ServiceFault(
            status=400, code="InvalidURI", message="The path does not say which bucket and key it means."
        )
    body = incoming.body
    if after.params.get("Policy") != before.params.get("Policy"):
        body = str(after.params["Policy"]).encode()
    wire = _wire(after.name)
    headers = {name: value for name, value in incoming.headers.items() if wire.knows_header(name)}
    if body is not incoming.body:
        headers.pop("content-md5", None)
    source = source_of(after)
    if source is not None:
        version = f"?versionId={sigv4.encode(source.version)}" if source.version else ""
        name = f"/{sigv4.encode(source.bucket)}/{sigv4.encode(source.key, slash=True)}"
        headers["x-amz-copy-source"] = name + version
    query = tuple(pair for pair in sigv4.pairs(incoming.query) if pair[0] in wire.query)
    return replace(incoming, path=path, query=_encoded(query), headers=headers, body=body)


@dataclass(frozen=True, slots=True)
class _Wire:
    """The names that an operation of S3 has on the wire; moto would react to others too."""

    query: frozenset[str]
    headers: frozenset[str]
    prefixes: tuple[str, ...]

    def knows_header(self, name: str) -> bool:
        return name in self.headers or name.startswith(self.prefixes)


@lru_cache(maxsize=256)
def _wire(operation: str) -> _Wire:
    found = model("s3").operation_model(operation)
    fixed = {part.partition("=")[0] for part in found.http["requestUri"].partition("?")[2].split("&")}
    members = found.input_shape.members.values() if found.input_shape is not None else ()
    by_place: dict[str, set[str]] = {"querystring": fixed - {"x-id", ""}, "header": set(), "headers": set()}
    for member in members:
        by_place.get(member.serialization.get("location", ""), set()).add(
            member.serialization.get("name", "")
        )
    return _Wire(
        query=frozenset(by_place["querystring"]),
        headers=frozenset(name.lower() for name in by_place["header"]) | {"content-type", "content-md5"},
        prefixes=tuple(name.lower() for name in by_place["headers"]),
    )


_ABSENT = object()


def _flat(name: str, value: Any) -> dict[str, str]:
    """The query protocol's names: ``Tags.member.1.Key``."""
    match value:
        case str() | int():
            return {name: str(value)}
        case Mapping():
            parts = [_flat(f"{name}.{key}", inner) for key, inner in value.items()]
        case _:
            parts = [_flat(f"{name}.member.{number}", inner) for number, inner in enumerate(value, start=1)]
    return {key: text for part in parts for key, text in part.items()}


def _take_out(form: dict[str, str], name: str) -> None:
    for given in list(form):
        if given == name or given.startswith(f"{name}."):
            del form[given]


def _encoded(pairs: tuple[tuple[str, str], ...]) -> str:
    """An empty value goes without the equals sign, as ``?policy`` is written."""
    return "&".join(
        sigv4.encode(name) + (f"={sigv4.encode(value)}" if value else "") for name, value in pairs
    )


def _malformed(message: str) -> ServiceFault:
    return ServiceFault(status=400, code="MalformedQueryString", message=message)
