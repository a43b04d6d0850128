"""The embedded cloud's administrators as AWS profiles, so that every AWS tool finds it like any cloud."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from xacct.errors import BadUsage
from xacct.sandbox.state import replace_private

REGION = "us-east-1"
_MARK = b"# Written by xacct sandbox"
_HEAD = _MARK + b", which replaces it with all that was added when it starts with this file again.\n"


class Key(Protocol):
    """An access key with its secret."""

    @property
    def access_key_id(self) -> str:
        """Its public half."""

    @property
    def secret_access_key(self) -> str:
        """Its secret half."""


def refuse_foreign(path: Path) -> None:
    """Keeps what a sandbox did not write: it may be somebody's only copy of their keys.

    An empty file and one of an earlier sandbox may be replaced, whatever was appended to it.

    Raises:
        BadUsage: something else is there, or what is there cannot be read.
    """
    try:
        if not path.exists():
            return
        begin = b""
        if regular := path.is_file():
            with path.open("rb") as file:
                begin = file.read(len(_MARK))
    except OSError as error:
        raise BadUsage(
            f"{path} cannot be read, so it may be somebody's: {error.strerror}", fix="Name another file."
        ) from None
    if not regular or begin not in (b"", _MARK):
        raise BadUsage(
            f"{path} is there already, and no sandbox wrote it. The sandbox would replace the whole file, and the "
            "profiles in it would be lost",
            fix="Name another file, or move this one away first.",
        )


def write_profiles(path: Path, endpoint: str, keys: Mapping[str, Key], names: Mapping[str, str]) -> None:
    """Replaces the file, mode 0600; for ``AWS_CONFIG_FILE``, the keys stand in it too.

    Raises:
        BadUsage: the file that is there is not a sandbox's.
    """
    refuse_foreign(path)
    blocks = [profile(names[account], endpoint, key) for account, key in keys.items()]
    replace_private(path, _HEAD + "\n".join(blocks).encode())


def profile(name: str, endpoint: str, key: Key) -> str:
    """One profile: endpoint of all services, path style, and checksums only where a call requires them."""
    lines = [
        f"[{'default' if name == 'default' else f'profile {name}'}]",
        f"region = {REGION}",
        f"endpoint_url = {endpoint}",
        f"aws_access_key_id = {key.access_key_id}",
        f"aws_secret_access_key = {key.secret_access_key}",
        "request_checksum_calculation = when_required",
        "response_checksum_validation = when_required",
        "s3 =",
        "    addressing_style = path",
    ]
    return "\n".join(lines) + "\n"
