"""The HTTP side of the embedded cloud: requests in, answers out, on the loopback address only."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from xacct.sandbox.answer import Answer
from xacct.sandbox.request import Incoming

LOOPBACK = "127.0.0.1"
LARGEST_BODY = 1 << 30
IDLE_SECONDS = 120

Handle = Callable[[Incoming], Answer]


NAME = "xacct-sandbox"
"""How the embedded cloud calls itself; by this verify knows what it may try here."""


class Server:
    """Listens on 127.0.0.1 and hands each request to ``handle``, in a thread per connection."""

    def __init__(self, handle: Handle, *, port: int) -> None:
        self._http = _Http((LOOPBACK, port), _Handler)
        self._http.handle = handle
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._http.server_address[1])

    def start(self) -> None:
        """Serves from now on, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Takes no more connections; requests under way are answered."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    handle: Handle

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _BadRequest(Exception):
    pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http
    timeout = IDLE_SECONDS
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle_expect_100(self) -> bool:
        """The client waits for this line, so it must not wait in a buffer."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def handle_one_request(self) -> None:
        """One request of a connection; replaces the dispatch by method names, all methods are alike here."""
        try:
            self.raw_requestline = self.rfile.readline(65537)
        except TimeoutError:
            self.close_connection = True
            return
        if not self.raw_requestline:
            self.close_connection = True
            return
        if len(self.raw_requestline) > 65536:
            self.requestline = self.request_version = self.command = ""
            self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
            return
        if not self.parse_request():
            return
        try:
            incoming = self._incoming()
        except _BadRequest as wrong:
            self.close_connection = True
            self._send(
                Answer(status=400, headers=(("content-type", "text/plain"),), body=str(wrong).encode())
            )
            return
        self._send(self.server.handle(incoming))

    def _incoming(self) -> Incoming:
        target = self.requestline.split(" ")[1]
        if not target.startswith("/"):
            raise _BadRequest("the request target must be a path")
        path, _, query = target.partition("?")
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            key = name.lower()
            headers[key] = f"{headers[key]},{value}" if key in headers else value
        return Incoming(
            method=self.command,
            host=headers.get("host", ""),
            path=path,
            query=query,
            headers=headers,
            body=self._body(headers),
            source_ip=str(self.client_address[0]),
        )

    def _body(self, headers: dict[str, str]) -> bytes:
        coding = headers.get("transfer-encoding", "")
        length = headers.get("content-length", "0" if not coding else "")
        if coding and (coding.lower() != "chunked" or length):
            raise _BadRequest("transfer-encoding must be chunked, and content-length away")
        if coding:
            return self._chunks()
        if not (length.isascii() and length.isdigit()):
            raise _BadRequest("content-length must be one number")
        return self._exactly(int(length))

    def _exactly(self, length: int) -> bytes:
        if length > LARGEST_BODY:
            raise _BadRequest("the body is too large for the embedded cloud")
        body = self.rfile.read(length)
        if len(body) != length:
            raise ConnectionResetError("the client went away in the middle of a body")
        return body

    def _chunks(self) -> bytes:
        body = bytearray()
        while True:
            size = self.rfile.readline(256).split(b";")[0].strip()
            if not size or not set(size) <= set(b"0123456789abcdefABCDEF"):
                raise _BadRequest("a chunk has no size")
            length = int(size, 16)
            if not length:
                break
            body += self._exactly(length)
            if len(body) > LARGEST_BODY or self.rfile.readline(3) != b"\r\n":
                raise _BadRequest("a chunk has no end")
        while self.rfile.readline(65537) not in {b"\r\n", b""}:
            pass
        return bytes(body)

    def _send(self, answer: Answer) -> None:
        """Without ``send_response``: that one names Python as the server, and writes to stderr."""
        status = HTTPStatus(answer.status)
        lines = [f"HTTP/1.1 {answer.status} {status.phrase}", f"Date: {self.date_time_string()}"]
        lines.append(f"Server: {NAME}")
        lines += [f"{name}: {_one_line(value)}" for name, value in answer.headers]
        bodiless = answer.status in {204, 304} or self.command == "HEAD"
        sized = any(name == "content-length" for name, _ in answer.headers)
        if answer.status not in {204, 304} and not sized:
            lines.append(f"Content-Length: {len(answer.body)}")
        if self.close_connection:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        self.wfile.write(head if bodiless else head + answer.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the gate keeps count of the requests."""


def _one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")
