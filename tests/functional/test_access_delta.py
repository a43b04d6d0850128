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
BUCKET = "arn:aws:s3:::mongodb-snapshots"
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


def access(cloud: Cloud, text: str) -> list[dict[str, Any]]:
    path = cloud.write("xacct.yaml", text)
    ran = cloud.xacct("plan", "-f", path, "--format", "json")
    found: list[dict[str, Any]] = json.loads(ran.out)["access"]
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
) -> list[dict[str, Any]]:
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


def test_what_anyone_may_do_by_a_wildcard_is_counted_and_listed(cloud: Cloud) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:Get*", "Resource": f"{BUCKET}/*"}
    (alarm,) = [one for one in plain(cloud, statement) if one["mark"] == "public"]
    assert f"gains read, s3:GetObjectAcl and {len(alarm['others'])} other actions on" in alarm["text"]
    assert "s3:GetObjectVersion" in alarm["others"]


def test_what_a_group_is_given_by_itself_its_members_gain(cloud: Cloud) -> None:
    """Of a bucket that no link names the policy is not read, so a Deny in it is not ruled out."""
    iam = cloud.world.client("iam", DATA)
    iam.create_group(GroupName="Ops")
    iam.create_user(UserName="olga")
    iam.add_user_to_group(GroupName="Ops", UserName="olga")
    grant = {"Effect": "Allow", "Action": "s3:Get*", "Resource": f"{BUCKET}/*"}
    cloud.write("ops.json", json.dumps({"Version": "2012-10-17", "Statement": [grant]}))
    text = MANIFEST.partition("links:")[0]
    (one,) = access(cloud, f"{text}groups:\n  data/group/Ops: {{grants: {{read: {{file: ops.json}}}}}}\n")
    assert one["weight"] == "gain"
    assert one["text"] == (
        "data/user/olga may gain, as far as it was read, read, s3:GetObjectAcl and 14 other actions "
        "on mongodb-snapshots/*"
    )


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


WIDE = (
    MANIFEST.replace("TRUST", "analytics/user/user01")
    + "roles:\n  data/role/reader: {policies: {wide: {file: wide.json}}}\n"
)


def wide(cloud: Cloud, **element: Any) -> list[dict[str, Any]]:
    """What is told of a new role that holds this statement."""
    statement = {"Effect": "Allow", "Resource": [BUCKET, f"{BUCKET}/*"], **element}
    cloud.write("wide.json", json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    return access(cloud, WIDE)


def widened(cloud: Cloud, **element: Any) -> None:
    """The link applied as it is declared, and then its role's policy changed by hand."""
    path = cloud.write("xacct.yaml", MANIFEST.replace("TRUST", "analytics/user/user01"))
    assert cloud.xacct("apply", "-f", path, "--yes").code == ExitCode.DONE
    iam = cloud.world.client("iam", DATA)
    (name,) = iam.list_role_policies(RoleName="reader")["PolicyNames"]
    statement = {"Effect": "Allow", "Resource": [BUCKET, f"{BUCKET}/*"], **element}
    iam.put_role_policy(
        RoleName="reader",
        PolicyName=name,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def told(found: list[dict[str, Any]], weight: str) -> dict[str, dict[str, Any]]:
    """The lines of one weight, by what they are about."""
    return {one["text"].rpartition(" on ")[2].split(" ")[0]: one for one in found if one["weight"] == weight}


def test_what_was_widened_by_hand_loses_all_that_is_not_declared(cloud: Cloud) -> None:
    """Service Authorization Reference, S3: 62 actions are asked of buckets and 44 of objects."""
    widened(cloud, Action="s3:*")
    found = access(cloud, MANIFEST.replace("TRUST", "analytics/user/user01"))
    losses = told(found, "loss")
    assert losses.keys() == {"mongodb-snapshots", "mongodb-snapshots/*"}
    assert told(found, "gain") == {}
    assert losses["mongodb-snapshots"]["text"] == (
        "analytics/user/user01 loses s3:DeleteBucketPolicy and 60 other actions on mongodb-snapshots "
        "through data/role/reader"
    )
    assert losses["mongodb-snapshots/*"]["text"] == (
        "analytics/user/user01 loses write, delete, s3:BypassGovernanceRetention and 40 other actions on "
        "mongodb-snapshots/* through data/role/reader"
    )
    assert {"s3:PutBucketPolicy", "s3:ListBucketVersions"} < {*losses["mongodb-snapshots"]["others"]}
    assert {"s3:PutObjectAcl", "s3:GetObjectVersion"} < {*losses["mongodb-snapshots/*"]["others"]}
    assert not {"s3:GetObject", "s3:PutObject"} & {*losses["mongodb-snapshots/*"]["others"]}


def test_what_a_wildcard_of_the_manifest_gives_is_told(cloud: Cloud) -> None:
    gains = told(wide(cloud, Action="s3:*"), "gain")
    assert "gains list, s3:DeleteBucketPolicy and 60 other actions on" in gains["mongodb-snapshots"]["text"]
    assert {"s3:PutObjectAcl", "s3:GetObjectVersion"} < {*gains["mongodb-snapshots/*"]["others"]}


def test_what_a_deny_takes_out_of_a_wildcard_is_not_gained(cloud: Cloud) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObjectAcl", "Resource": f"{BUCKET}/*"}
    cloud.world.client("s3", DATA).put_bucket_policy(
        Bucket="mongodb-snapshots", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    )
    gained = told(wide(cloud, Action="s3:*"), "gain")["mongodb-snapshots/*"]
    assert "s3:BypassGovernanceRetention and 39 other actions" in gained["text"]
    assert "s3:PutObjectVersionAcl" in gained["others"]
    assert "s3:PutObjectAcl" not in gained["others"]


def test_all_but_some_actions_is_a_wildcard_too(cloud: Cloud) -> None:
    widened(cloud, NotAction=["s3:Put*", "s3:*Version*", "s3:PutObject"])
    losses = told(access(cloud, MANIFEST.replace("TRUST", "analytics/user/user01")), "loss")
    lost = losses["mongodb-snapshots/*"]
    assert "s3:GetObjectAcl" in lost["others"]
    assert not [one for one in lost["others"] if "Put" in one or "Version" in one]
    assert " write" not in lost["text"]


def test_a_few_actions_of_a_wildcard_are_named(cloud: Cloud) -> None:
    widened(cloud, Action=["s3:GetObject*Acl", "s3:ListBucket", "s3:GetObject"])
    lost = told(access(cloud, MANIFEST.replace("TRUST", "analytics/user/user01")), "loss")
    assert lost["mongodb-snapshots/*"]["text"] == (
        "analytics/user/user01 loses s3:GetObjectAcl, s3:GetObjectVersionAcl on mongodb-snapshots/* "
        "through data/role/reader"
    )
    assert "others" not in lost["mongodb-snapshots/*"]


@pytest.mark.parametrize(
    "further", ["s3:GetBucketLocation", "s3:GetBucketV*", "s3:GetObjectTagging", "s3:PutObject*"]
)
def test_what_is_asked_for_by_further_actions_works_and_is_not_said_not_to(
    cloud: Cloud, further: str
) -> None:
    """Of the bucket or of its objects, by name or by a wildcard; nothing that is declared is too wide."""
    text = MANIFEST.replace("TRUST", "analytics/user/user01") + f"    actions: ['{further}']\n"
    assert [one["text"] for one in access(cloud, text) if one["weight"] == "alarm"] == []
    assert cloud.xacct("apply", "--yes").code == ExitCode.DONE
    tried = cloud.xacct("verify", "--wait", "0")
    assert tried.code in (ExitCode.DONE, ExitCode.UNKNOWN), tried.out
    assert "MISSING" not in tried.out
    assert "TOO WIDE" not in tried.out
