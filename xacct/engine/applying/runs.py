"""Where journals are kept: a folder of this machine, or a bucket that outlives it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from xacct.engine.gateway import Gateway
from xacct.errors import BadUsage, Refused, ServiceError, XacctError
from xacct.resource import Call

DEFAULT = ".xacct/runs"
_NAME = "journal.jsonl"
_RUN = re.compile(r"[0-9]{8}T[0-9]{9}Z-[0-9a-f]{8}")
_S3 = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?")


class Unwritten(XacctError):
    """A line of the journal could not be kept, so nothing more is sent."""


class Runs(Protocol):
    """A place with the journals of many runs."""

    def names(self) -> list[str]:
        """The runs, the latest last."""

    def where(self, run: str) -> str:
        """A run's place, in words."""

    def lines(self, run: str) -> Iterator[str]:
        """The lines of a journal, with their line ends.

        Raises:
            BadUsage: there is no such run.
            Refused: its file is not to be trusted.
        """

    def open(self, run: str, number: int) -> Pen:
        """The journal of a run, to be continued with this line; number 0 begins a new one.

        Raises:
            Unwritten: that is not possible.
            Refused: somebody else continues it.
        """


class Pen(Protocol):
    """Writes one journal; a line that ``write`` returned from is kept, come what may."""

    def write(self, line: str) -> None:
        """Keep a line.

        Raises:
            Unwritten: it is not kept.
        """

    def close(self) -> None:
        """Let go of it."""


class Folder:
    """Runs below a folder: one folder each, for its owner only."""

    def __init__(self, folder: str = DEFAULT) -> None:
        self._folder = Path(folder)

    def names(self) -> list[str]:
        """The runs, the latest last."""
        if not self._folder.is_dir():
            return []
        return sorted(
            found.name
            for found in self._folder.iterdir()
            if _RUN.fullmatch(found.name) and (found / _NAME).exists()
        )

    def where(self, run: str) -> str:
        """The path of its file."""
        return str(self._folder / run / _NAME)

    def lines(self, run: str) -> Iterator[str]:
        """The lines of the file."""
        try:
            descriptor = os.open(self.where(run), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            raise BadUsage(f"there is no run {run} in {self._folder}", fix=_known(self.names())) from None
        except OSError as error:
            raise Refused(f"the journal {self.where(run)} cannot be read: {error.strerror}") from None
        try:
            _check_owner(self.where(run), os.fstat(descriptor))
        except Refused:
            os.close(descriptor)
            raise
        with os.fdopen(descriptor, encoding="utf-8", errors="replace", newline="\n") as file:
            yield from file

    def open(self, run: str, number: int) -> Pen:
        """The file, locked; a torn end is cut off."""
        path = Path(self.where(run))
        try:
            if number == 0:
                self._folder.mkdir(parents=True, exist_ok=True)
                _keep_out_of_git(self._folder)
                path.parent.mkdir(mode=0o700)
            return _File(path, number)
        except OSError as error:
            raise Unwritten(
                f"the journal {path} cannot be written: {error.strerror}",
                fix="Nothing was sent. Name another place with --journal.",
            ) from None


class _File:
    """A file that is written line by line, each of them on the disk before ``write`` returns."""

    def __init__(self, path: Path, number: int) -> None:
        import fcntl

        new = os.O_CREAT | os.O_EXCL if number == 0 else 0
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | new, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise Refused(
                f"another process goes on with the run of {path}", fix="Wait for it, or end it."
            ) from None
        if number == 0:
            _sync(path.parent)
            _sync(path.parent.parent)
        else:
            self._cut(number)

    def write(self, line: str) -> None:
        """One write, and on the disk."""
        data = line.encode() + b"\n"
        try:
            if os.write(self._descriptor, data) != len(data):
                raise OSError(0, "the disk is full")
            os.fsync(self._descriptor)
        except OSError as error:
            raise Unwritten(
                f"the journal {self._path} cannot be written: {error.strerror}",
                fix="Make room, and go on with: xacct apply --resume.",
            ) from None

    def close(self) -> None:
        """Let another process have it."""
        os.close(self._descriptor)

    def _cut(self, number: int) -> None:
        """Behind so many lines, without what was torn."""
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            end = sum(len(file.readline()) for _ in range(number))
        os.ftruncate(self._descriptor, end)
        os.lseek(self._descriptor, end, os.SEEK_SET)


class Bucket:
    """Runs below a prefix of a bucket: each line an object that nobody writes twice."""

    def __init__(self, gateway: Gateway, bucket: str, prefix: str) -> None:
        self._gateway = gateway
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def names(self) -> list[str]:
        """The runs, the latest last."""
        found = {key.removeprefix(self._prefix).partition("/")[0] for key in self._keys(self._prefix)}
        return sorted(name for name in found if _RUN.fullmatch(name))

    def where(self, run: str) -> str:
        """Its prefix."""
        return f"s3://{self._bucket}/{self._prefix}{run}"

    def lines(self, run: str) -> Iterator[str]:
        """One object after another; a gap is a damage, which the sums show."""
        keys = sorted(self._keys(f"{self._prefix}{run}/"))
        if not keys:
            raise BadUsage(f"there is no run {run} in {self.where('')}", fix=_known(self.names()))
        for key in keys:
            answer = self._gateway.ask(Call.of("s3", "GetObject", Key=key, **self._owner()))
            yield answer["Body"].read().decode("utf-8", "replace") if answer else ""

    def open(self, run: str, number: int) -> Pen:
        """From this number on."""
        return _Objects(self._gateway, self.where(run), f"{self._prefix}{run}/", number, self._owner())

    def _keys(self, prefix: str) -> Iterator[str]:
        for page in self._gateway.pages(Call.of("s3", "ListObjectsV2", Prefix=prefix, **self._owner())):
            yield from (str(one["Key"]) for one in page.get("Contents", ()))

    def _owner(self) -> dict[str, str]:
        return {"Bucket": self._bucket, "ExpectedBucketOwner": self._gateway.account.id}


class _Objects:
    """Objects with rising numbers; each is new, or somebody else is writing the same journal."""

    def __init__(
        self, gateway: Gateway, where: str, prefix: str, number: int, owner: Mapping[str, str]
    ) -> None:
        self._gateway = gateway
        self._where = where
        self._prefix = prefix
        self._number = number
        self._owner = owner

    def write(self, line: str) -> None:
        """One object."""
        put = Call.of(
            "s3",
            "PutObject",
            Key=f"{self._prefix}{self._number:06}.json",
            Body=f"{line}\n",
            ContentType="application/json",
            IfNoneMatch="*",
            **self._owner,
        )
        try:
            self._gateway.tell(put)
        except ServiceError as error:
            if error.code != "PreconditionFailed" or not (error.retried and self._mine(put, line)):
                raise Unwritten(
                    f"the journal {self._where} cannot be written: {error}", fix=error.fix
                ) from None
        self._number += 1

    def close(self) -> None:
        """Nothing is held."""

    def _mine(self, put: Call, line: str) -> bool:
        """Whether an earlier try of the SDK, whose answer was lost, has kept the very line."""
        where = {name: put.params[name] for name in ("Bucket", "Key", "ExpectedBucketOwner")}
        answer = self._gateway.ask(Call.of("s3", "GetObject", **where))
        return answer is not None and answer["Body"].read() == f"{line}\n".encode()


def runs_at(where: str, gateways: Mapping[str, Gateway]) -> Runs:
    """The place that ``--journal`` names; a bucket has to be that of one of these accounts.

    Raises:
        BadUsage: it is no such place.
        ServiceError: it could not be found out whose bucket it is.
    """
    if not where.startswith("s3:"):
        return Folder(where or DEFAULT)
    found = _S3.fullmatch(where)
    if found is None:
        raise BadUsage(
            f"--journal {where} is no place for journals", fix="Write s3://BUCKET/PREFIX, or a folder."
        )
    bucket, prefix = found.group(1), found.group(2) or ""
    refused: ServiceError | None = None
    for _, gateway in sorted(gateways.items()):
        head = Call.of("s3", "HeadBucket", Bucket=bucket, ExpectedBucketOwner=gateway.account.id)
        try:
            if gateway.ask(head) is not None:
                return Bucket(gateway, bucket, prefix)
        except ServiceError as error:
            refused = refused or (error if error.unanswered else None)
    if refused is not None:
        raise refused
    raise BadUsage(
        f"none of the manifest's accounts has a bucket {bucket} that its credentials may use",
        fix="Name a bucket of one of them, or a folder.",
    )


def _check_owner(path: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise Refused(
            f"the journal {path} is not yours alone: somebody else could have written it",
            fix="Nothing was sent. xacct apply needs no journal.",
        )


def _keep_out_of_git(folder: Path) -> None:
    """A journal says who may reach what, and does not belong into a repository."""
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _known(names: list[str]) -> str:
    return f"There are: {', '.join(names[-5:])}." if names else "There are none."
