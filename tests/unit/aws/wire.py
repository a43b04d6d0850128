"""A service on loopback that answers what a test says, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Thread
from time import time
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, str]


@dataclass(frozen=True)
class Seen:
    """One request: ``form`` is the query protocol's body, ``action`` its Action."""

    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str] = field(default_factory=dict)

    @property
    def action(self) -> str:
        return self.form.get("Action", "")


class Wire:
    """Serves on a free port until its block ends; ``seen`` has every request. With ``tls`` it speaks TLS;
    ``server`` is what it calls itself, ``ahead`` how many seconds its clock is."""

    def __init__(
        self,
        answer: Callable[[Seen], Answer],
        *,
        tls: SSLContext | None = None,
        server: str = "",
        ahead: float = 0,
    ) -> None:
        self.seen: list[Seen] = []
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            server_version, sys_version = server or "wire", ""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                headers = {name.lower(): value for name, value in self.headers.items()}
                seen = Seen(self.command, self.path, headers, form)
                wire.seen.append(seen)
                status, text = answer(seen)
                payload = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(payload)

            do_GET = do_PUT = do_HEAD = do_DELETE = do_POST  # noqa: N815  # the names that the base class calls

            def date_time_string(self, timestamp: float | None = None) -> str:
                return super().date_time_string(time() + ahead)

            def log_message(self, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Wire:
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def result(action: str, inside: str) -> Answer:
    """A good answer of IAM or STS."""
    return 200, (
        f"<{action}Response><{action}Result>{inside}</{action}Result>"
        f"<ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata></{action}Response>"
    )


def refused(code: str, status: int, message: str = "no") -> Answer:
    """A bad answer of IAM or STS."""
    return status, (
        f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error>"
        "<RequestId>req-2</RequestId></ErrorResponse>"
    )


def refused_like_s3(code: str, status: int) -> Answer:
    """A bad answer in the style of S3, which Ceph gives for operations of IAM that it does not have."""
    return status, f'<?xml version="1.0"?><Error><Code>{code}</Code><RequestId>tx1</RequestId></Error>'


def path_of(seen: Seen) -> str:
    return urlsplit(seen.path).path
