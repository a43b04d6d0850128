"""Profiles into an AWS config file: appended, everything that stands there kept byte for byte."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from xacct.errors import Refused, XacctError
from xacct.imported.found import Found

FALLBACK_REGION = "us-east-1"
_HEADER = re.compile(rb"^[ \t]*\[(?P<inside>[^]\r\n]*)\][^\r\n]*(?:\r?\n|$)", re.MULTILINE)


def block(found: Found) -> str:
    """The profile, and its services section where it has addresses; it holds the secret."""
    lines = [
        f"[profile {found.name}]",
        f"aws_access_key_id = {found.access_key_id}",
        f"aws_secret_access_key = {found.secret_access_key}",
    ]
    if found.session_token:
        lines.append(f"aws_session_token = {found.session_token}")
    lines.append(f"region = {found.region or FALLBACK_REGION}")
    if found.ca_bundle:
        lines.append(f"ca_bundle = {found.ca_bundle}")
    if found.endpoints:
        lines += [
            f"services = {found.name}",
            "request_checksum_calculation = when_required",
            "response_checksum_validation = when_required",
        ]
        if found.path_style:
            lines += ["s3 =", "    addressing_style = path"]
        lines += ["", f"[services {found.name}]"]
        for service, url in sorted(found.endpoints.items()):
            lines += [f"{service} =", f"    endpoint_url = {url}"]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a file by its words (``("profile", "x")``), and where it begins and ends in its bytes."""

    words: tuple[str, ...]
    start: int
    end: int


def sections(data: bytes) -> Iterator[Section]:
    """Every section, as the SDK reads headers: ``[profile "my cloud"]`` is the profile ``my cloud``."""
    headers = list(_HEADER.finditer(data))
    ends = [one.start() for one in headers[1:]] + [len(data)]
    for header, end in zip(headers, ends, strict=False):
        inside = header["inside"].decode("utf-8", "replace").strip()
        try:
            words = tuple(shlex.split(inside))
        except ValueError:
            words = (inside,)
        if words == ("default",):
            words = ("profile", "default")
        yield Section(words, header.start(), end)


def with_profiles(data: bytes, added: Iterable[Found], *, replace: bool) -> bytes:
    """The file's bytes with these profiles; those of the same names are replaced where that was asked for.

    Raises:
        Refused: one of them is there, and ``replace`` was not asked for.
    """
    wanted = list(added)
    taken = {(kind, one.name) for one in wanted for kind in ("profile", "services")}
    there = [section for section in sections(data) if section.words in taken]
    if there and not replace:
        names = ", ".join(f"[{' '.join(section.words)}]" for section in there)
        raise Refused(
            f"the file has {names} already; nothing was written",
            fix="Choose another name with --profile, or say --replace.",
        )
    for section in reversed(there):
        data = data[: section.start] + data[section.end :]
    if data and not data.endswith(b"\n"):
        data += b"\n"
    for one in wanted:
        data += (b"\n" if data else b"") + block(one).encode()
    return data


def keys_elsewhere(credentials: bytes, names: Iterable[str]) -> tuple[str, ...]:
    """Names that the shared credentials file has too: its keys would win over those of the config file."""
    there = {section.words[-1] for section in sections(credentials) if section.words}
    return tuple(sorted(there & set(names)))


def read_bytes(path: Path) -> bytes:
    """The file's bytes; none where there is no file.

    Raises:
        XacctError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise XacctError(f"{path} cannot be read: {error.strerror}") from None


def replace_file(path: Path, before: bytes, after: bytes) -> None:
    """Put the bytes in the file's place, whole or not at all, for its owner only; a link's target is replaced.

    Raises:
        XacctError: the file changed since it was read, or cannot be written.
    """
    target = path.resolve()
    beside = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise XacctError(f"{target} cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        if read_bytes(target) != before:
            raise XacctError(
                f"{target} was changed by somebody else; nothing was written", fix="Run it again."
            )
        beside.replace(target)
    except OSError as error:
        raise XacctError(f"{target} cannot be written: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)
