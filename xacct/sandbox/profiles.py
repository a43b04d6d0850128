"""The embedded cloud's administrators as AWS profiles, so that every AWS tool finds it like any cloud."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from xacct.sandbox.state import replace_private

REGION = "us-east-1"


class Key(Protocol):
    """An access key with its secret."""

    @property
    def access_key_id(self) -> str:
        """Its public half."""

    @property
    def secret_access_key(self) -> str:
        """Its secret half."""


def write_profiles(path: Path, endpoint: str, keys: Mapping[str, Key], names: Mapping[str, str]) -> None:
    """Replaces the file, mode 0600; for ``AWS_CONFIG_FILE``, the keys stand in it too."""
    blocks = [profile(names[account], endpoint, key) for account, key in keys.items()]
    replace_private(path, "\n".join(blocks).encode())


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
