"""Decisions tried for real, and our own decisions over what was read of the same accounts."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.live.backends import Backend, chosen
from tests.live.cases import CASES, WHERE, Case
from xacct.access.estate import Estate
from xacct.access.explain import ASSUME, ask
from xacct.account import Account, AccountSpec, Profile
from xacct.aws.session import Sessions
from xacct.engine.estates import live_estate
from xacct.engine.reading.read import read_accounts
from xacct.policy.evaluate import Outcome
from xacct.sandbox.world import REGION, Key, World

pytestmark = pytest.mark.slow

A, B = "444455556666", "111122223333"
ACTIONS = {
    "enter": ASSUME,
    "list": "s3:ListBucket",
    "read": "s3:GetObject",
    "read directly": "s3:GetObject",
    "write": "s3:PutObject",
    "delete": "s3:DeleteObject",
    "read tags": "s3:GetObjectTagging",
    "locate": "s3:GetBucketLocation",
    "list versions": "s3:ListBucketVersions",
}
ON_BUCKETS = {"list", "locate", "list versions"}
TRIES: dict[str, Callable[[Any, str, str], object]] = {
    "list": lambda s3, bucket, at: s3.list_objects_v2(Bucket=bucket, Prefix=at),
    "read": lambda s3, bucket, at: s3.get_object(Bucket=bucket, Key=at),
    "read directly": lambda s3, bucket, at: s3.get_object(Bucket=bucket, Key=at),
    "write": lambda s3, bucket, at: s3.put_object(Bucket=bucket, Key=at, Body=b"x"),
    "delete": lambda s3, bucket, at: s3.delete_object(Bucket=bucket, Key=at),
    "read tags": lambda s3, bucket, at: s3.get_object_tagging(Bucket=bucket, Key=at),
    "locate": lambda s3, bucket, at: s3.get_bucket_location(Bucket=bucket),
    "list versions": lambda s3, bucket, at: s3.list_object_versions(Bucket=bucket),
}


@dataclass
class Court:
    """Two accounts with a user, a role and, where it matters, a bucket for each case; and what was read of them."""

    platform: str
    world: World
    real: dict[str, str]
    mark: str
    keys: dict[str, Key]
    estate: Estate

    def name(self, case: Case) -> str:
        return f"case-{CASES.index(case)}"

    def bucket(self, case: Case) -> str:
        return f"{self.mark}-{self.name(case) if case.shared else 'all'}"

    def words(self, case: Case) -> dict[str, str]:
        a, b = self.real[A], self.real[B]
        return {
            "<user>": f"arn:aws:iam::{a}:user/{self.name(case)}",
            "<other>": f"arn:aws:iam::{a}:user/other",
            "<root a>": f"arn:aws:iam::{a}:root",
            "<root b>": f"arn:aws:iam::{b}:root",
            "<id a>": a,
            "<id b>": b,
            "<role>": f"arn:aws:iam::{b}:role/{self.name(case)}",
            "<session>": f"arn:aws:sts::{b}:assumed-role/{self.name(case)}/check",
            "<bucket>": f"arn:aws:s3:::{self.bucket(case)}",
        }

    def document(self, case: Case, statements: tuple[dict[str, Any], ...]) -> str:
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        for word, meaning in self.words(case).items():
            text = text.replace(word, meaning)
        return text

    def furnish(self, case: Case) -> None:
        name, iam_a, iam_b = (
            self.name(case),
            self.world.client("iam", self.real[A]),
            self.world.client("iam", self.real[B]),
        )
        iam_a.create_user(UserName=name)
        made = iam_a.create_access_key(UserName=name)["AccessKey"]
        self.keys[name] = Key(made["AccessKeyId"], made["SecretAccessKey"])
        if case.own:
            iam_a.put_user_policy(
                UserName=name, PolicyName="own", PolicyDocument=self.document(case, case.own)
            )
        iam_b.create_role(RoleName=name, AssumeRolePolicyDocument=self.document(case, case.trust))
        if case.role:
            iam_b.put_role_policy(
                RoleName=name, PolicyName="own", PolicyDocument=self.document(case, case.role)
            )
        if case.shared:
            self.fill(self.bucket(case))
            s3 = self.world.client("s3", self.real[B])
            s3.put_bucket_policy(Bucket=self.bucket(case), Policy=self.document(case, case.shared))

    def fill(self, bucket: str) -> None:
        s3 = self.world.client("s3", self.real[B])
        s3.create_bucket(Bucket=bucket)
        for key in ("in/k", "out/k"):
            s3.put_object(Bucket=bucket, Key=key, Body=b"x")

    def client(self, service: str, key: str, secret: str, token: str | None = None) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.world.endpoint,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def tried(self, case: Case) -> bool:
        """Whether the service really lets it happen."""
        key = self.keys[self.name(case)]
        own = (key.access_key_id, key.secret_access_key)
        if case.what == "read directly":
            return _allowed(lambda: TRIES[case.what](self.client("s3", *own), self.bucket(case), case.at))
        sts = self.client("sts", *own)
        arn = self.words(case)["<role>"]

        def opened() -> Any:
            return sts.assume_role(RoleArn=arn, RoleSessionName="check", **case.sent)["Credentials"]

        if case.what == "enter":
            return _allowed(opened)
        given = opened()
        s3 = self.client("s3", given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        return _allowed(lambda: TRIES[case.what](s3, self.bucket(case), case.at))

    def decided(self, case: Case) -> bool:
        """What we say, over the documents as they were read."""
        words = self.words(case)
        who = words["<user>"] if case.what in ("enter", "read directly") else words["<session>"]
        if case.what == "enter":
            resource = words["<role>"]
        else:
            resource = words["<bucket>"] if case.what in ON_BUCKETS else f"{words['<bucket>']}/{case.at}"
        context: dict[str, object] = {
            "aws:CurrentTime": "2026-11-24T12:00:00Z",
            "aws:SourceIp": "127.0.0.1",
            "aws:MultiFactorAuthPresent": (),
            "sts:ExternalId": case.sent.get("ExternalId", ()),
            "sts:RoleSessionName": "check",
            **({"s3:prefix": case.at} if case.what == "list" else {}),
            **case.keys,
        }
        outcome = ask(self.estate, self.estate.principal(who), ACTIONS[case.what], resource, context).outcome
        assert outcome is not Outcome.UNKNOWN
        return outcome is Outcome.ALLOWED


def _allowed(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 403:
            raise
        return False
    return True


@pytest.fixture(scope="module", params=chosen(), ids=lambda backend: backend.name)
def court(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Court]:
    """All cases set up at once, and the accounts read once."""
    backend: Backend = request.param
    if backend.name == "aws":
        pytest.skip("a new document takes a while to be seen on AWS, and a refusal would say nothing")
    config = tmp_path_factory.mktemp("court") / "config"
    with backend.accounts([A, B]) as (world, real), pytest.MonkeyPatch.context() as patch:
        court = Court(backend.name, world, real, f"court-{secrets.token_hex(3)}", {}, Estate.of(()))
        world.client("iam", real[A]).create_user(UserName="other")
        court.fill(f"{court.mark}-all")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(court.furnish, CASES))
        _profiles(config, world, real, patch)
        specs = [
            AccountSpec(account=Account(name=name, id=real[id_]), credentials=Profile(name))
            for name, id_ in (("a", A), ("b", B))
        ]
        buckets = {"a": set(), "b": {court.bucket(case) for case in CASES}}
        court.estate = live_estate(read_accounts(dict(Sessions().gateways(specs)), buckets=buckets))
        yield court


def _profiles(path: Path, world: World, real: dict[str, str], patch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        patch.delenv(name)
    blocks = [
        f"[profile {name}]\naws_access_key_id = {key.access_key_id}\naws_secret_access_key = {key.secret_access_key}\n"
        f"region = {REGION}\nendpoint_url = {world.endpoint}\n"
        for name, key in (("a", world.administrators[real[A]]), ("b", world.administrators[real[B]]))
    ]
    path.touch(mode=0o600)
    path.write_text("\n".join(blocks))
    patch.setenv("AWS_CONFIG_FILE", str(path))
    patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_decided_is_what_happens(
    case: Case, court: Court, seen: Callable[[str, str, str], None]
) -> None:
    differs = court.platform in case.differs
    assert court.tried(case) is (case.allowed is not differs)
    assert court.decided(case) is (case.allowed is not (differs and case.told))
    seen(
        "decisions, ours and the service's",
        court.platform,
        f"#{'otherwise than on AWS' if differs else 'as on AWS'}",
    )
    for reason in case.differs.values():
        row, well, otherwise = WHERE[reason]
        seen(row, court.platform, otherwise if differs else well)
