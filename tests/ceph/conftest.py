"""A gateway that runs already, and the accounts on it; collected only where one is named."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

NAMED = os.environ.get("XACCT_CEPH", "")
collect_ignore_glob = [] if NAMED else ["test_*.py"]


@dataclass(frozen=True)
class Ceph:
    """The gateway; ``A`` holds the users, ``B`` the bucket and the role. Names are new for each test."""

    endpoint: str
    region: str
    a: dict[str, str]
    b: dict[str, str]
    mark: str

    def client(self, service: str, key: str, secret: str, token: str | None = None) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def root(self, service: str, account: dict[str, str]) -> Any:
        return self.client(service, account["root_access_key"], account["root_secret_key"])

    def profiles(self, path: Path, users: dict[str, tuple[str, str]]) -> None:
        keys = {
            "acct-a": (self.a["root_access_key"], self.a["root_secret_key"]),
            "acct-b": (self.b["root_access_key"], self.b["root_secret_key"]),
            **users,
        }
        text = "".join(
            f"[profile {name}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
            f"region = {self.region}\nendpoint_url = {self.endpoint}\ns3 =\n    addressing_style = path\n\n"
            for name, (key, secret) in keys.items()
        )
        path.touch(mode=0o600)
        path.write_text(text)


@pytest.fixture
def ceph() -> Ceph:
    found = json.loads(Path(NAMED).read_text())
    return Ceph(found["endpoint"], found["region"], found["A"], found["B"], uuid.uuid4().hex[:8])


@pytest.fixture
def undo() -> Iterator[list[Callable[[], object]]]:
    """What takes away again what a test made, in the opposite order."""
    steps: list[Callable[[], object]] = []
    yield steps
    for step in reversed(steps):
        with suppress(ClientError):
            step()
