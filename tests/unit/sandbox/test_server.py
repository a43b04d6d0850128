"""The HTTP side: connections kept, bodies framed, and nothing said to a request that is no request."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator

import pytest

from xacct.sandbox.answer import Answer
from xacct.sandbox.request import Incoming
from xacct.sandbox.server import Server


@pytest.fixture
def seen() -> list[Incoming]:
    return []


@pytest.fixture
def server(seen: list[Incoming]) -> Iterator[Server]:
    def handle(incoming: Incoming) -> Answer:
        seen.append(incoming)
        return Answer(status=200, headers=(("x-a", "1\r\nx-b: 2"),), body=incoming.body)

    running = Server(handle, port=0)
    running.start()
    yield running
    running.stop()


def raw(server: Server, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_connection_serves_many_requests(server: Server, seen: list[Incoming]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    for number in range(5):
        connection.request("PUT", f"/b/{number}?x=%20", body=b"body", headers={"X-Two": "a"})
        assert connection.getresponse().read() == b"body"
    connection.close()
    assert [(one.method, one.path, one.query) for one in seen] == [
        ("PUT", f"/b/{number}", "x=%20") for number in range(5)
    ]
    assert seen[0].headers["x-two"] == "a"


def test_a_path_is_given_as_it_came(server: Server, seen: list[Incoming]) -> None:
    raw(server, b"GET //a/../%2e%2E/b?p&q= HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (seen[0].path, seen[0].query) == ("//a/../%2e%2E/b", "p&q=")


def test_a_header_that_comes_twice_is_one_list(server: Server, seen: list[Incoming]) -> None:
    raw(server, b"GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\na: 2\r\nConnection: close\r\n\r\n")
    assert seen[0].headers["a"] == "1,2"


def test_a_chunked_body_is_put_together(server: Server, seen: list[Incoming]) -> None:
    raw(
        server,
        b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n",
    )
    assert seen[0].body == b"abc0123456789"


BROKEN = {
    "two lengths": b"PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and coding": b"PUT / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    "an unknown coding": b"PUT / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
    "a negative length": b"PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "a length too large": b"PUT / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
    "a chunk without size": b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    "a whole URL": b"GET http://elsewhere/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "no request": b"nonsense\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_request_is_answered_with_400(server: Server, seen: list[Incoming], name: str) -> None:
    assert b" 400 " in raw(server, BROKEN[name]).split(b"\r\n")[0]
    assert seen == []


def test_a_body_that_ends_too_early_is_no_request(server: Server, seen: list[Incoming]) -> None:
    assert raw(server, b"PUT / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc") == b""
    assert seen == []


def test_an_answer_to_head_has_the_length_but_not_the_body(server: Server) -> None:
    head = raw(server, b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert head.endswith(b"\r\n\r\n")
    assert b"Content-Length: 0" in head


def test_a_header_cannot_bring_another(server: Server) -> None:
    head = raw(server, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b"\r\nx-b" not in head


def test_a_client_that_asks_first_is_told_to_go_on(server: Server, seen: list[Incoming]) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(
            b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
            b"Connection: close\r\n\r\n"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"ab")
        assert b" 200 " in connection.recv(1000)
    assert seen[0].body == b"ab"
