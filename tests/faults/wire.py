"""The SDK without a network: its requests go to a cloud in this process, or through a socket to one in another."""

from __future__ import annotations

import io
import pickle
import socket
import struct
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session

from xacct.sandbox.answer import Answer
from xacct.sandbox.request import Incoming


class Body(io.BytesIO):
    """What the SDK reads an answer from."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


class Wire:
    """Takes the place of the SDK's HTTP session; ``handle`` may be exchanged at any time."""

    def __init__(self, handle: Callable[[Incoming], Answer | None]) -> None:
        self.handle = handle

    def send(self, request: Any) -> AWSResponse:
        url = urlsplit(request.url)
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        incoming = Incoming(
            method=request.method,
            host=url.netloc,
            path=url.path or "/",
            query=url.query,
            headers={"host": url.netloc, **headers},
            body=_bytes(request.body),
            source_ip="127.0.0.1",
        )
        answer = self.handle(incoming)
        if answer is None:
            raise ConnectionClosedError(endpoint_url=request.url)
        return AWSResponse(request.url, answer.status, dict(answer.headers), Body(answer.body))

    def take_over(self) -> None:
        """Whatever client the SDK makes in this process from now on, and has made, sends through this."""
        URLLib3Session.send = lambda _session, request: self.send(request)


class Line:
    """One end of a socket between xacct and its cloud; one request at a time."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._lock = Lock()

    def ask(self, incoming: Incoming) -> Answer | None:
        with self._lock:
            self.put(incoming)
            answer: Answer | None = self.get()
            return answer

    def put(self, value: Any) -> None:
        data = pickle.dumps(value)
        self._end.sendall(struct.pack("!I", len(data)) + data)

    def get(self) -> Any:
        """The next value.

        Raises:
            EOFError: the other end is gone.
        """
        return pickle.loads(self._exactly(struct.unpack("!I", self._exactly(4))[0]))

    def _exactly(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            try:
                more = self._end.recv(length - len(data))
            except ConnectionResetError:
                more = b""
            if not more:
                raise EOFError
            data += more
        return data


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return bytes(body) if isinstance(body, bytes | bytearray) else bytes(body.read())
