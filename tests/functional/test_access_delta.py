"""What a plan says it means, and what is loud about it, on the embedded cloud."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.conftest import MANIFESTS, Cloud
from xacct.errors import ExitCode

DATA, ANALYTICS = "325271821652", "290122656840"
ROLE = "cross-bucket-access-mongodb-logs"
MANIFEST = f"""
version: 1
name: logs
accounts:
  data: {{id: "{DATA}", profile: acct-b}}
  analytics: {{id: "{ANALYTICS}", profile: acct-a}}
users:
  analytics/user/user01: {{profile: acct-a-user01}}
links:
  - role: data/role/reader
    trust: [TRUST]
    grant: [analytics/group/Testers]
    bucket: mongodb-snapshots
    access: [list, read]
"""


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    made = make_cloud(DATA, ANALYTICS)
    made.furnish(MANIFESTS / "seed-link.yaml")
    return made


def access(cloud: Cloud, text: str) -> list[dict[str, str]]:
    path = cloud.write("xacct.yaml", text)
    ran = cloud.xacct("plan", "-f", path, "--format", "json")
    found: list[dict[str, str]] = json.loads(ran.out)["access"]
    return found


def test_a_new_link_is_told_in_words(cloud: Cloud) -> None:
    found = access(cloud, MANIFEST.replace("TRUST", "analytics/user/user01"))
    assert [one["text"] for one in found if one["weight"] == "gain"] == [
        "analytics/user/user01 gains list on mongodb-snapshots through data/role/reader",
        "analytics/user/user01 gains read on mongodb-snapshots/* through data/role/reader",
    ]
    assert not [one for one in found if one["weight"] == "alarm"]


def test_a_link_whose_user_is_not_in_the_group_is_said_not_to_work(cloud: Cloud) -> None:
    """Trust without grant: nobody would know until somebody gets AccessDenied."""
    iam = cloud.world.client("iam", ANALYTICS)
    iam.remove_user_from_group(GroupName="Testers", UserName="user01")
    found = access(cloud, MANIFEST.replace("TRUST", "analytics/user/user01"))
    (alarm,) = [one for one in found if one["mark"] == "will not work"]
    assert "user01" in alarm["text"]
    assert "no identity-based policy allows the sts:AssumeRole action" in alarm["text"]


def test_a_foreign_deny_that_breaks_a_link_is_named(cloud: Cloud) -> None:
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::mongodb-snapshots/*",
    }
    cloud.world.client("s3", DATA).put_bucket_policy(
        Bucket="mongodb-snapshots", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    )
    found = access(cloud, MANIFEST.replace("TRUST", "analytics/user/user01"))
    (alarm,) = [one for one in found if one["mark"] == "will not work"]
    assert "explicit deny in a resource-based policy" in alarm["text"]


def test_sessions_of_who_is_taken_out_of_a_trust_are_not_forgotten(cloud: Cloud) -> None:
    iam = cloud.world.client("iam", ANALYTICS)
    iam.create_user(UserName="user02")
    iam.add_user_to_group(GroupName="Testers", UserName="user02")
    both = MANIFEST.replace("TRUST", "analytics/user/user01, analytics/user/user02")
    assert cloud.xacct("apply", "-f", cloud.write("xacct.yaml", both), "--yes").code == ExitCode.DONE
    found = access(cloud, MANIFEST.replace("TRUST", "analytics/user/user01"))
    (alarm,) = [one for one in found if one["mark"] == "sessions"]
    assert "analytics/user/user02 opened go on for up to 1 h" in alarm["text"]
    assert {one["text"].split(" ")[0] for one in found if one["weight"] == "loss"} == {
        "analytics/user/user02"
    }


def plain(
    cloud: Cloud, statement: dict[str, Any], grant: dict[str, Any] | None = None
) -> list[dict[str, str]]:
    cloud.write("bucket.json", json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    cloud.write("grant.json", json.dumps({"Version": "2012-10-17", "Statement": [grant]}))
    text = MANIFEST.partition("links:")[0]
    if grant:
        text += "groups:\n  analytics/group/Testers: {grants: {extra: {file: grant.json}}}\n"
    else:
        text += "buckets:\n  data/bucket/mongodb-snapshots: {policy: {file: bucket.json}}\n"
    return access(cloud, text)


def test_a_public_bucket_is_loud(cloud: Cloud) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::mongodb-snapshots/*",
    }
    assert {one["mark"] for one in plain(cloud, statement) if one["weight"] == "alarm"} == {"public"}


def test_privilege_escalation_is_loud(cloud: Cloud) -> None:
    grant = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
    (alarm,) = [one for one in plain(cloud, {}, grant) if one["weight"] == "alarm"]
    assert alarm["mark"] == "privilege escalation"
    assert "iam:PassRole on every role" in alarm["text"]


def test_the_text_shows_what_the_json_says(cloud: Cloud) -> None:
    path = cloud.write("xacct.yaml", MANIFEST.replace("TRUST", "analytics/user/user01"))
    text = cloud.xacct("plan", "-f", path).out
    assert "Access, at most," in text
    assert "  + analytics/user/user01 gains list on mongodb-snapshots through data/role/reader" in text
