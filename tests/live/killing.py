"""A wire of the test's own between xacct and a service, on which xacct is killed at a write.

Requests and answers pass as they are, so that signatures hold: the service sees the ``Host`` that was signed.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

ACTION = re.compile(rb"(?:^|&)Action=([A-Za-z]+)")
READS = ("Get", "List", "Head")
PARENT = """
import json, os, sys
from contextlib import redirect_stderr, redirect_stdout
from xacct.cli import main
from xacct.engine.applying import merge

merge._AFTER = 0.05

def run(words, folder, environment):
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    main(words)

for line in sys.stdin:
    here, said, *what = json.loads(line)
    if here:
        with open(said, "w") as file, redirect_stdout(file), redirect_stderr(file):
            try:
                run(*what)
            except SystemExit:
                pass
        print(flush=True)
        continue
    process = os.fork()
    if process == 0:
        os.dup2(os.open(said, os.O_WRONLY), 1)
        os.dup2(1, 2)
        run(*what)
    print(process, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""
"""Forks a process for each line; nobody else writes there, so what was put is looked at again sooner than usual."""
HOP = {"connection", "keep-alive", "transfer-encoding", "expect"}
"""What is between two ends of one connection, and no part of a request or an answer."""


@dataclass(frozen=True)
class Point:
    """Where a run ends: at its n-th write (from 1), ``before`` it reaches the service, ``unanswered`` when it is
    done there and nobody was told, or ``answered`` when the next request comes. A ``late`` one is on its way still,
    until the wire is told to deliver it."""

    write: int
    moment: str

    def __str__(self) -> str:
        return f"{self.moment}-{self.write}"


@dataclass(frozen=True)
class Request:
    """A request as it came, without what is between two ends of one connection."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def name(self) -> str:
        """The operation: the action of IAM and STS, the method and what of the bucket it is about for S3."""
        if found := ACTION.search(self.body) if self.target == "/" else None:
            return found.group(1).decode()
        path, _, query = self.target.partition("?")
        what = "Object" if path.strip("/").count("/") else f"Bucket {query.partition('&')[0].rstrip('=')}"
        return f"{self.method.capitalize()} {what}".rstrip()

    def answered_by(self, service: str) -> tuple[http.client.HTTPResponse, bytes]:
        """Sent on a connection of its own: Ceph takes 40 ms to answer the second request on one."""
        connection = http.client.HTTPConnection(service, timeout=60)
        connection.putrequest(self.method, self.target, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers:
            connection.putheader(name, value)
        connection.putheader("Connection", "close")
        connection.endheaders(self.body)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content


@dataclass
class Watch:
    """The run that is looked at: its process, where it ends, and the writes it has sent so far."""

    point: Point | None = None
    process: Future[int] = field(default_factory=Future)
    writes: list[str] = field(default_factory=list)
    done: int = 0
    """How many of the writes the service has answered."""

    def strikes(self, moment: str) -> bool:
        """Kill the process where this is the point; it is dead when this returns."""
        number = self.done if moment == "answered" else len(self.writes)
        if self.point != Point(number, moment):
            return False
        handle = os.pidfd_open(self.process.result(timeout=60))
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        select.select([handle], [], [])
        os.close(handle)
        return True


class Runs:
    """Runs xacct in processes of their own: forks of one that has run it before, which saves most of their time."""

    def __init__(self) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._ready = False

    def make_ready(self, *words: str) -> None:
        """Run a command that changes nothing in the parent itself, once, so that all is loaded."""
        with tempfile.NamedTemporaryFile("r") as said:
            if not self._ready:
                self._ask(True, said.name, words)
                self._answer()
            self._ready = True

    def run(self, words: Sequence[str], began: Callable[[int], None]) -> tuple[int, str]:
        """Exit code (negative where it was killed) and output; ``began`` is told the process."""
        with tempfile.NamedTemporaryFile("r") as said:
            self._ask(False, said.name, words)
            began(int(self._answer()))
            return int(self._answer()), said.read()

    def close(self) -> None:
        """No more of them."""
        self._parent.communicate(timeout=30)

    def _ask(self, here: bool, said: str, words: Sequence[str]) -> None:
        assert self._parent.stdin is not None
        what = [here, said, words, str(Path.cwd()), dict(os.environ)]
        print(json.dumps(what), file=self._parent.stdin, flush=True)

    def _answer(self) -> str:
        assert self._parent.stdout is not None
        return self._parent.stdout.readline()


class Wire(ThreadingHTTPServer):
    """Listens on the loopback address and hands all it gets to the service at ``endpoint``."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, endpoint: str, runs: Runs) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.runs = runs
        self.service = urlsplit(endpoint).netloc
        self.watch = Watch()
        self.under_way: Request | None = None

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def kill(self, point: Point, *words: str | Path) -> list[str]:
        """Run xacct until that point, and no further; the writes it sent.

        The last of them did not reach the service where the point is before it.
        """
        watch = self.watch = Watch(point)
        code, said = self.runs.run([str(word) for word in words], watch.process.set_result)
        self.watch = Watch()
        assert code == -signal.SIGKILL, f"{point}: ended with {code}\n{said}"
        return watch.writes

    def deliver(self) -> int:
        """Let the request that is under way still come to the service; the status of its answer."""
        assert self.under_way is not None
        answer, _ = self.under_way.answered_by(self.service)
        self.under_way = None
        return answer.status

    def handle_error(self, request: object, client_address: object) -> None:
        """Who was killed answers nobody; anything else is told."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def wire(endpoint: str, runs: Runs) -> Iterator[Wire]:
    """A wire to a service for as long as it is wanted."""
    server = Wire(endpoint, runs)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: Wire

    def handle_one_request(self) -> None:
        """Pass one request on, and its answer back, unless the run ends here."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        headers = tuple((name, value) for name, value in self.headers.items() if name.lower() not in HOP)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.close_connection = not self._pass(Request(self.command, self.path, headers, body))

    def _pass(self, request: Request) -> bool:
        """Whether the run goes on."""
        watch, write = self.server.watch, not request.name.startswith(READS)
        if watch.strikes("answered"):
            return False
        if write:
            watch.writes.append(request.name)
        if write and watch.strikes("late"):
            self.server.under_way = request
            return False
        if write and watch.strikes("before"):
            return False
        answer, content = request.answered_by(self.server.service)
        if write and watch.strikes("unanswered"):
            return False
        if write:
            watch.done += 1
        self._answer(answer, content)
        return True

    def handle_expect_100(self) -> bool:
        """The client waits for this line, so it must not wait in a buffer."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def _answer(self, answer: http.client.HTTPResponse, content: bytes) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in HOP | {"content-length"}:
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
        if answer.status != http.client.NO_CONTENT and length is not None:
            self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()
