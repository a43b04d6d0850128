"""explain and who-can, held against what the embedded cloud really does."""

from __future__ import annotations

import json
from collections.abc import Callable

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.functional.conftest import MANIFESTS, Cloud
from xacct.errors import ExitCode

DATA, ANALYTICS, ELSEWHERE = "325271821652", "290122656840", "999988887777"
SEED = MANIFESTS / "seed-link.yaml"
ROLE = f"arn:aws:iam::{DATA}:role/cross-bucket-access-mongodb-logs"
USER = f"arn:aws:iam::{ANALYTICS}:user/user01"
BUCKET = "arn:aws:s3:::mongodb-snapshots"


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    made = make_cloud(DATA, ANALYTICS, ELSEWHERE)
    made.furnish(SEED, objects={"mongodb-snapshots": ["a.img.xz"]})
    return made


def decision(cloud: Cloud, on: str, *words: str) -> str:
    ran = cloud.xacct("explain", "-f", SEED, "--on", on, "--format", "json", *words)
    found = json.loads(ran.out)["decision"]
    assert ran.code == (ExitCode.UNKNOWN if found == "Unknown" else ExitCode.DONE), ran.err
    assert isinstance(found, str)
    return found


def really(cloud: Cloud) -> bool:
    """Whether the embedded cloud lets user01 assume the role and list."""
    session = boto3.Session(profile_name="acct-a-user01")
    try:
        keys = session.client("sts", endpoint_url=cloud.sandbox.endpoint).assume_role(
            RoleArn=ROLE, RoleSessionName="question"
        )["Credentials"]
        boto3.client(
            "s3",
            endpoint_url=cloud.sandbox.endpoint,
            region_name="us-east-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        ).list_objects_v2(Bucket="mongodb-snapshots")
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"] != 403
    return True


def test_live_and_planned_differ_until_the_plan_is_applied(cloud: Cloud) -> None:
    words = (USER, "list", BUCKET)
    assert decision(cloud, "manifest", *words) == "Allowed"
    assert decision(cloud, "live", *words) == "ImplicitlyDenied"
    assert decision(cloud, "planned", *words) == "Allowed"
    assert cloud.xacct("apply", "-f", SEED, "--yes").code == ExitCode.DONE
    assert decision(cloud, "live", *words) == "Allowed"
    assert really(cloud)


def test_a_foreign_deny_in_the_bucket_policy_is_seen_live_and_not_in_the_manifest(cloud: Cloud) -> None:
    assert cloud.xacct("apply", "-f", SEED, "--yes").code == ExitCode.DONE
    deny = {"Effect": "Deny", "Principal": {"AWS": ROLE}, "Action": "s3:ListBucket", "Resource": BUCKET}
    cloud.world.client("s3", DATA).put_bucket_policy(
        Bucket="mongodb-snapshots", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    )
    assert decision(cloud, "manifest", USER, "list", BUCKET) == "Allowed"
    assert decision(cloud, "live", USER, "list", BUCKET) == "ExplicitlyDenied"
    assert not really(cloud)


def test_who_can_finds_an_administrator_and_a_stranger_that_no_manifest_names(cloud: Cloud) -> None:
    assert cloud.xacct("apply", "-f", SEED, "--yes").code == ExitCode.DONE
    stranger = f"arn:aws:iam::{ELSEWHERE}:root"
    allow = {"Effect": "Allow", "Principal": {"AWS": stranger}, "Action": "s3:*", "Resource": f"{BUCKET}/*"}
    cloud.world.client("s3", DATA).put_bucket_policy(
        Bucket="mongodb-snapshots", Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    )
    ran = cloud.xacct("who-can", "-f", SEED, "--on", "live", "--format", "json", "read", f"{BUCKET}/a.img.xz")
    found = {(one["principal"], tuple(one["roles"])): one["outside"] for one in json.loads(ran.out)}
    assert found[USER, (ROLE,)] is False
    assert found[stranger, ()] is True
    manifest = cloud.xacct("who-can", "-f", SEED, "--format", "json", "read", f"{BUCKET}/a.img.xz")
    assert {(one["principal"], tuple(one["roles"])) for one in json.loads(manifest.out)} == {
        (ROLE, ()),
        (USER, (ROLE,)),
    }


def test_an_account_without_credentials_leaves_the_answer_open(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cloud.xacct("apply", "-f", SEED, "--yes").code == ExitCode.DONE
    text = cloud.config.read_text().replace("[profile acct-a]", "[profile gone]")
    cloud.config.write_text(text)
    assert decision(cloud, "live", USER, "list", BUCKET) == "Unknown"


def test_questions_on_the_manifest_send_nothing(cloud: Cloud) -> None:
    before = len(cloud.sandbox.requests)
    cloud.xacct("who-can", "-f", SEED, "list", BUCKET)
    cloud.xacct("explain", "-f", SEED, "analytics/user/user01", "read", "data/bucket/mongodb-snapshots/x")
    assert len(cloud.sandbox.requests) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("explain", "analytics/group/Testers", "list", BUCKET), "names a group"),
        (("explain", USER, "look", BUCKET), "is no action"),
        (("explain", USER, "list", "nonsense"), "no name of a bucket"),
        (("who-can", "list", BUCKET, "--context", "x"), "KEY=VALUE"),
    ],
)
def test_a_question_that_makes_no_sense_is_wrong_usage(
    cloud: Cloud, words: tuple[str, ...], said: str
) -> None:
    ran = cloud.xacct(words[0], "-f", SEED, *words[1:])
    assert ran.code == ExitCode.USAGE
    assert said in ran.err


@pytest.mark.parametrize("on", ["live", "planned"])
def test_nobody_is_not_denied_but_told_as_nobody(cloud: Cloud, on: str) -> None:
    ran = cloud.xacct("explain", "-f", SEED, "--on", on, "analytics/user/nobody", "list", BUCKET)
    assert ran.code == ExitCode.USAGE
    assert "analytics/user/nobody does not exist" in ran.err
    assert decision(cloud, on, USER, "list", BUCKET) in ("Allowed", "ImplicitlyDenied")
    planned = cloud.xacct("explain", "-f", SEED, "--on", on, ROLE, "list", BUCKET)
    assert planned.code == (ExitCode.DONE if on == "planned" else ExitCode.USAGE)
