"""The embedded cloud's memory on disk: written whole after each change, read only when it is surely ours.

The file is a line of JSON that says who wrote it, and a pickle. A pickle can run code, so nothing is
unpickled from a file that another user owns or could have written to.
"""

from __future__ import annotations

import fcntl
import json
import os
import pickle
import stat
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends

from xacct.errors import Refused
from xacct.sandbox.credentials import Session
from xacct.sandbox.store import PARTITION, PARTITION_REGION

FORMAT = 1
"""Goes up when the pickle's shape changes."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What was read back: the accounts by id with their names, and the sessions; moto has its own already."""

    accounts: dict[str, str]
    sessions: tuple[Session, ...]


class State:
    """A state file that this process holds; another process that wants the same file is refused.

    What did not change since the last ``write`` is not pickled again: the cost of a write is that of the
    account and service that changed, and of writing the bytes of all.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pickled: dict[tuple[str, str], bytes] = {}
        self._lock = _hold(path.with_name(path.name + ".lock"))

    def read(self) -> Memory | None:
        """Puts what the file holds into moto's backends; None where there is no file yet."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refused(f"the state file {self.path} cannot be read: {error.strerror}") from error
        with os.fdopen(descriptor, "rb") as file:
            check_owner(self.path, os.fstat(descriptor))
            _check_header(self.path, file.readline(4096))
            whole = pickle.load(file)
        self._pickled = whole["backends"]
        for (service, account), pickled in self._pickled.items():
            _backends(service)[account][_place(service)] = pickle.loads(pickled)
        for account in whole["accounts"]:
            for bucket in s3_backends[account][PARTITION].buckets:
                s3_backends.bucket_accounts[bucket] = (PARTITION, account)
        return Memory(whole["accounts"], whole["sessions"])

    def write(
        self, accounts: dict[str, str], sessions: tuple[Session, ...], changed: set[tuple[str, str]]
    ) -> None:
        """The file anew, in one step; ``changed`` names the (service, account) pairs that differ."""
        for account in accounts:
            for service in ("iam", "s3", "kms"):
                key = (service, account)
                if key in changed or key not in self._pickled:
                    self._pickled[key] = pickle.dumps(_backends(service)[account][_place(service)])
        whole = {"accounts": accounts, "sessions": sessions, "backends": self._pickled}
        replace_private(self.path, _header() + pickle.dumps(whole))

    def close(self) -> None:
        """Lets another process have the file."""
        os.close(self._lock)


def replace_private(path: Path, data: bytes) -> None:
    """Writes a file that only its owner can read, whole or not at all; a link at its place is replaced."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _backends(service: str) -> Any:
    return {"iam": iam_backends, "s3": s3_backends, "kms": kms_backends}[service]


def _place(service: str) -> str:
    """Keys are in a region, all else is in the partition as a whole."""
    return PARTITION_REGION if service == "kms" else PARTITION


def _header() -> bytes:
    about = {"xacct-sandbox-state": FORMAT, "moto": version("moto")}
    return json.dumps(about).encode() + b"\n"


def _hold(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Refused(f"the lock file {path} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Refused(
            f"another process uses the state file of {path}", fix="End it, or name another state file."
        ) from None
    return descriptor


def check_owner(path: Path, found: os.stat_result) -> None:
    """Raises ``Refused`` for a file that this user does not own alone."""
    if not stat.S_ISREG(found.st_mode):
        raise Refused(f"the state file {path} is not a regular file")
    if found.st_uid != os.geteuid():
        raise Refused(f"the state file {path} belongs to another user", fix="Name a file of your own.")
    if found.st_mode & 0o077:
        raise Refused(
            f"the state file {path} can be read or written by others (mode {found.st_mode & 0o777:04o})",
            fix=f"If nobody changed it: chmod 600 {path}",
        )


def _check_header(path: Path, line: bytes) -> None:
    try:
        about = json.loads(line)
    except ValueError:
        about = None
    if not isinstance(about, dict) or "xacct-sandbox-state" not in about:
        raise Refused(f"{path} is not a state file of the sandbox", fix="Name another file.")
    ours = json.loads(_header())
    for name, mine in ours.items():
        if about.get(name) != mine:
            raise Refused(
                f"the state file {path} was written with {name} {about.get(name)}, this is {mine}",
                fix="Use the version that wrote it, or begin with a new file.",
            )
