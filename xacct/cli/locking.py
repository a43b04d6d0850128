"""Holding the lock that a manifest asks for, while something is written."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from xacct.aws.retry import Patience
from xacct.cli.say import say
from xacct.engine.applying.journal import Event, Record, Sending, forget
from xacct.engine.applying.lock import holding
from xacct.engine.gateway import Gateway
from xacct.engine.reading.read import check_caller
from xacct.manifest.model import Manifest


@contextmanager
def locked(manifest: Manifest, gateways: Mapping[str, Gateway], wait: float) -> Iterator[Record]:
    """Hold the manifest's lock, where it has one; gives what ``apply`` calls before every request.

    ``wait`` is how many seconds another run is waited for.

    Raises:
        Refused: somebody else holds it, it cannot be kept there, or the credentials belong to another
            account; nothing was sent.
        ServiceError: the lock cannot be read or made.
    """
    place = manifest.limits.lock
    if place is None:
        yield forget
        return
    patience = Patience(clock=time.monotonic, sleep=time.sleep, deadline=wait)
    gateway = gateways[place.bucket.account.name]
    if caller := gateway.caller():
        check_caller(gateway.account, caller)
    with holding(gateway, place, _holder(manifest.name), patience=patience, progress=_waiting) as renew:

        def record(event: Event) -> None:
            if isinstance(event, Sending):
                renew()

        yield record


def _holder(manifest: str) -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()} (process {os.getpid()}, manifest {manifest})"


def _waiting(what: str) -> None:
    say(f"waiting for {what}" if "held by" in what else what, err=True)
