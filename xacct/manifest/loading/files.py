"""Where the files of a manifest come from: the disk, or a Git revision. Nothing else of the package reads files."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Protocol

from xacct.errors import BadUsage
from xacct.problem import BadInput, Place, Problem

LARGEST = 64 * 1024 * 1024
_ENDINGS = (".yaml", ".yml")


class Files(Protocol):
    """What the loader asks of a place that holds files."""

    def text(self, path: Path) -> str:
        """A file's text.

        Raises:
            BadInput: it is not there, is no text, or is far too large.
        """

    def folder(self, path: Path) -> list[Path] | None:
        """The manifests of a folder, sorted; None where it is no folder."""


class Disk:
    """Files as they are now."""

    def text(self, path: Path) -> str:
        """A file's text."""
        try:
            with path.open("rb") as opened:
                data = opened.read(LARGEST + 1)
        except OSError as error:
            raise _unreadable(path, f"{error.strerror or error}.") from None
        if len(data) > LARGEST:
            raise _unreadable(path, f"It is larger than {LARGEST // 1024 // 1024} MiB.")
        return decoded(path, data)

    def folder(self, path: Path) -> list[Path] | None:
        """The manifests below a folder."""
        if not path.is_dir():
            return None
        return sorted(found for found in path.rglob("*") if found.suffix in _ENDINGS and found.is_file())


class Revision:
    """Files as they were at a Git revision of the repository that the path is in."""

    def __init__(self, revision: str) -> None:
        self.revision = revision

    def text(self, path: Path) -> str:
        """A file's text at the revision."""
        done = self._git(path, "show", f"{self.revision}:./{path.name}")
        if done.returncode != 0:
            raise _unreadable(path, f"It is not there at revision {self.revision}.")
        return decoded(path, done.stdout)

    def folder(self, path: Path) -> list[Path] | None:
        """The manifests below a folder at the revision."""
        done = self._git(path / "x", "ls-tree", "-r", "--name-only", "-z", self.revision, "./")
        if not path.is_dir() or done.returncode != 0:
            return None
        names = os.fsdecode(done.stdout).split("\0")
        return sorted(path / name for name in names if name.endswith(_ENDINGS))

    def known(self, path: Path) -> bool:
        """Whether the repository around a path has this revision."""
        return (
            self._git(path, "rev-parse", "--verify", "--quiet", f"{self.revision}^{{commit}}").returncode == 0
        )

    def _git(self, path: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
        folder = path.parent if path.parent.is_dir() else Path.cwd()
        try:
            return subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=False)
        except FileNotFoundError:
            raise BadUsage("git is not installed", fix="Name the earlier manifest as a file.") from None


class Recorded:
    """Another place, with a digest of every text that was read of it, in the order of reading."""

    def __init__(self, inner: Files) -> None:
        self._inner = inner
        self._read: dict[str, str] = {}

    @property
    def read(self) -> tuple[tuple[str, str], ...]:
        """Path and SHA-256 of each file; the digest is of its text, so that line ends and marks count."""
        return tuple(self._read.items())

    def text(self, path: Path) -> str:
        """A file's text."""
        text = self._inner.text(path)
        self._read[str(path)] = hashlib.sha256(text.encode()).hexdigest()
        return text

    def folder(self, path: Path) -> list[Path] | None:
        """The manifests below a folder."""
        return self._inner.folder(path)


def decoded(path: Path, data: bytes) -> str:
    """The text of UTF-8 bytes; ``path`` is for the message.

    Raises:
        BadInput: they are none.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"It is not UTF-8 text: byte {error.start} makes no sense.") from None


def _unreadable(path: Path, why: str) -> BadInput:
    return BadInput(
        [
            Problem(
                summary="File cannot be read",
                detail=f"{path} cannot be read. {why}",
                fix="Correct the path, or name another file with -f.",
                place=Place(str(path)),
            )
        ]
    )
