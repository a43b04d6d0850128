"""The live tests on AWS: two throw-away accounts that a user names, and says so twice.

``XACCT_AWS_PROFILES=first,second`` names two AWS profiles, each an administrator of an account that holds
nothing of value, and ``XACCT_AWS_CONFIRM`` repeats the ids of both accounts, as in ``111122223333,444455556666``.
What is there is never touched: a name that is taken stops the test. What was made goes again, also when a test
fails. Run as ``python -m tests.live.aws COMMAND...``; it looks at the accounts before it starts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from xacct.account import Account
from xacct.manifest.model import Name
from xacct.sandbox.world import REGION, Key, World

PROFILES = tuple(name.strip() for name in os.environ.get("XACCT_AWS_PROFILES", "").split(",") if name.strip())
CONFIRMED = {name.strip() for name in os.environ.get("XACCT_AWS_CONFIRM", "").split(",") if name.strip()}
ACCOUNTS = "XACCT_AWS_ACCOUNTS"
SETTLE = 15.0
"""Seconds that a new user or key takes to be known everywhere."""


class Unsure(Exception):
    """Nothing was touched; the text says what is missing."""


def accounts_of(
    profiles: Iterable[str], account_of: Callable[[str], str], confirmed: set[str]
) -> dict[str, str]:
    """Profiles by account id, once it is sure that these two accounts are meant.

    Raises:
        Unsure: not two profiles, not two accounts, or not the accounts that were confirmed.
    """
    names = list(profiles)
    if len(names) != 2:
        raise Unsure(
            "XACCT_AWS_PROFILES must name two AWS profiles, administrators of two throw-away accounts."
        )
    found = {account_of(name): name for name in names}
    if len(found) != 2:
        raise Unsure(f"Both profiles are of account {next(iter(found))}; two accounts are needed.")
    if confirmed != found.keys():
        raise Unsure(
            f"The profiles are of the accounts {' and '.join(sorted(found))}. The tests make and delete users, roles "
            f"and buckets there. If both are throw-away accounts: XACCT_AWS_CONFIRM={','.join(sorted(found))}"
        )
    return found


def _account_of(profile: str) -> str:
    try:
        return str(boto3.Session(profile_name=profile).client("sts", REGION).get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        raise Unsure(f"Profile {profile} cannot be used: {type(error).__name__}.") from None


class CleanWorld(World):
    """A world that never takes over what is there, and takes away what was made in it."""

    def __init__(self, endpoint: str | None, administrators: Mapping[str, Key]) -> None:
        super().__init__(endpoint, administrators)  # type: ignore[arg-type]  # None is AWS itself
        self._made: list[Callable[[], object]] = []
        self._roles = {account: _names(self.client("iam", account)) for account in administrators}

    def client(self, service: str, account: str) -> Any:
        key = self.administrators[account]
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
            config=Config(retries={"mode": "standard", "max_attempts": 8}),
        )

    def clean(self) -> None:
        """Everything that was made here or by xacct, the last first; what is gone already is no trouble."""
        for account, before in self._roles.items():
            iam = self.client("iam", account)
            for name in sorted(_names(iam) - before):
                _delete_role(iam, name)
            for policy in iam.list_policies(Scope="Local", PathPrefix="/xacct/")["Policies"]:
                with suppress(ClientError):  # one that is attached still is not ours
                    iam.delete_policy(PolicyArn=policy["Arn"])
        for step in reversed(self._made):
            with suppress(ClientError):
                step()

    def _base(self) -> dict[str, str]:
        return super()._base() if self.endpoint else {"region": REGION}

    def _once(self, operation: str, account: Account, **params: str) -> None:
        iam = self.client("iam", account.id)
        getattr(iam, operation)(**params)  # a name that is taken is an error here: it is not ours
        kind = operation.partition("_")[2]
        own = {key: value for key, value in params.items() if key.endswith("Name")}
        self._made.append(lambda: getattr(iam, f"delete_{kind}")(**own))
        self._made.append(lambda: _strip(iam, kind, own))

    def _user(self, user: Name, groups: Iterable[str]) -> None:
        super()._user(user, groups)
        iam = self.client("iam", user.account.id)
        for group in groups:
            self._made.append(
                lambda group=group: iam.remove_user_from_group(GroupName=group, UserName=user.name)
            )

    def _new_key(self, account: str, user: str) -> Key:
        key = super()._new_key(account, user)
        iam = self.client("iam", account)
        self._made.append(lambda: iam.delete_access_key(UserName=user, AccessKeyId=key.access_key_id))
        return key

    def _bucket(self, bucket: Name, keys: Iterable[str], *, sealed: bool) -> None:
        s3 = self.client("s3", bucket.account.id)
        self._made.append(lambda: s3.delete_bucket(Bucket=bucket.name))
        self._made.append(lambda: _empty(s3, bucket.name))
        super()._bucket(bucket, keys, sealed=sealed)

    def _seal(self, bucket: Name) -> None:
        """The key that is made goes after the shortest wait that AWS knows."""
        super()._seal(bucket)
        s3, kms = (self.client(service, bucket.account.id) for service in ("s3", "kms"))
        rules = s3.get_bucket_encryption(Bucket=bucket.name)["ServerSideEncryptionConfiguration"]["Rules"]
        key = rules[0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
        self._made.append(lambda: kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7))


def _names(iam: Any) -> set[str]:
    return {role["RoleName"] for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]}


def _delete_role(iam: Any, name: str) -> None:
    with suppress(ClientError):
        for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        _strip(iam, "role", {"RoleName": name})
        iam.delete_role(RoleName=name)


def _strip(iam: Any, kind: str, own: dict[str, str]) -> None:
    """Without inline policies, which a test may have put there by hand."""
    for name in getattr(iam, f"list_{kind}_policies")(**own)["PolicyNames"]:
        getattr(iam, f"delete_{kind}_policy")(**own, PolicyName=name)


def _empty(s3: Any, bucket: str) -> None:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=bucket, Key=found["Key"], VersionId=found["VersionId"])
    s3.delete_bucket_policy(Bucket=bucket)


@dataclass(frozen=True)
class OnAws:
    """The two accounts, one test after the other; users and groups carry the names of the manifests."""

    keys: dict[str, Key]
    name: str = "aws"
    how: str = "two accounts, by `make test-aws`"
    most: int = 2
    wait: tuple[str, ...] = ("--wait", "60")

    @classmethod
    def of_environment(cls) -> OnAws:
        """With the keys of the profiles, read before a test changes where profiles come from."""
        return cls({account: _key(name) for account, name in json.loads(os.environ[ACCOUNTS]).items()})

    @contextmanager
    def accounts(self, ids: list[str]) -> Iterator[tuple[World, dict[str, str]]]:
        world = CleanWorld(None, self.keys)
        try:
            yield world, dict(zip(ids, sorted(self.keys), strict=False))
        finally:
            world.clean()

    def settle(self) -> None:
        """New users and keys are not known everywhere at once."""
        time.sleep(SETTLE)


def _key(profile: str) -> Key:
    found = boto3.Session(profile_name=profile).get_credentials()
    if found is None:
        raise Unsure(f"Profile {profile} has no credentials.")
    frozen = found.get_frozen_credentials()
    if frozen.token:
        raise Unsure(f"Profile {profile} is a session; the tests need the key of a user.")
    return Key(str(frozen.access_key), str(frozen.secret_key))


def main(words: list[str]) -> int:
    try:
        profiles = accounts_of(PROFILES, _account_of, CONFIRMED)
        for name in profiles.values():
            _key(name)
    except Unsure as error:
        print(f"Nothing was touched. {error}", file=sys.stderr)
        return 1
    return subprocess.run(words, env={**os.environ, ACCOUNTS: json.dumps(profiles)}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
