"""The services that the live tests run on: each hands out accounts with the keys of their administrators."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.live import aws
from xacct.sandbox.cloud import Sandbox
from xacct.sandbox.world import Key, World

CEPH = os.environ.get("XACCT_CEPH", "")


class Backend(Protocol):
    """A platform by name, where it runs (``how``), and how many accounts there are at most.

    ``wait`` are verify's words for how long a change takes to be seen.
    """

    name: str
    how: str
    most: int
    wait: tuple[str, ...]

    def accounts(self, ids: list[str]) -> AbstractContextManager[tuple[World, dict[str, str]]]:
        """The world, and the real id for each of these ids of a manifest."""

    def settle(self) -> None:
        """Wait until what was just made is known everywhere."""


@dataclass(frozen=True)
class OnSandbox:
    """The embedded cloud, a new one each time; it takes the ids as they are."""

    name: str = "sandbox"
    how: str = "embedded"
    most: int = 99
    wait: tuple[str, ...] = ("--wait", "0")

    def settle(self) -> None:
        """It is at once."""

    @contextmanager
    def accounts(self, ids: list[str]) -> Iterator[tuple[World, dict[str, str]]]:
        with Sandbox(accounts=tuple(ids)) as sandbox:
            keys = {
                account: Key(found.access_key_id, found.secret_access_key)
                for account, found in sandbox.credentials.items()
            }
            yield World(sandbox.endpoint, keys, sandbox), {account: account for account in ids}


@dataclass(frozen=True)
class OnCeph:
    """The gateway that ``XACCT_CEPH`` describes; new accounts each time, by its admin API."""

    name: str = "ceph"
    how: str = "a gateway with accounts, by `make test-ceph`"
    most: int = 99
    wait: tuple[str, ...] = ("--wait", "0")

    def settle(self) -> None:
        """It is at once."""

    @contextmanager
    def accounts(self, ids: list[str]) -> Iterator[tuple[World, dict[str, str]]]:
        found = json.loads(Path(CEPH).read_text())
        admin = Credentials(found["admin_access_key"], found["admin_secret_key"])
        real = {account: f"RGW{secrets.randbelow(10**17):017d}" for account in ids}
        keys = {account: _new_account(found["endpoint"], admin, account) for account in real.values()}
        yield World(found["endpoint"], keys), real


def _new_account(endpoint: str, admin: Credentials, account: str) -> Key:
    """An account with a root user; the key is its root's."""
    _admin(endpoint, admin, "POST", "account", id=account, name=account)
    key = Key(f"ROOT{account}", secrets.token_hex(20))
    _admin(
        endpoint,
        admin,
        "PUT",
        "user",
        **{"uid": f"root-{account}", "display-name": "root", "account-id": account, "account-root": "true"},
        **{"access-key": key.access_key_id, "secret-key": key.secret_access_key},
    )
    return key


def _admin(endpoint: str, admin: Credentials, method: str, what: str, **query: str) -> None:
    url = f"{endpoint}/admin/{what}?{urlencode({'format': 'json', **query})}"
    request = AWSRequest(method=method, url=url)
    S3SigV4Auth(admin, "s3", "default").add_auth(request)
    answer = urllib3.request(method, url, headers=dict(request.headers.items()))
    assert answer.status == 200, f"{method} {what}: {answer.status} {answer.data!r}"


def chosen() -> list[Backend]:
    """Ceph where one was started, AWS where accounts were confirmed, the sandbox otherwise."""
    if CEPH:
        return [OnCeph()]
    if aws.ACCOUNTS in os.environ:
        return [aws.OnAws.of_environment()]
    return [OnSandbox()]
