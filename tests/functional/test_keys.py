"""The key of an encrypted bucket, from the plan to a session that reads, and away again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest

from tests.functional.conftest import Cloud
from tests.functional.test_removal import ANALYTICS, DATA, ok, writes
from xacct.errors import ExitCode

BUCKET = "sealed"
LINK = f"""
version: 1
name: sealed
accounts:
  data: {{id: "{DATA}", profile: acct-b}}
  analytics: {{id: "{ANALYTICS}", profile: acct-a}}
users:
  analytics/user/user01: {{profile: acct-a-user01}}
links:
  - role: data/role/reader
    trust: [analytics/user/user01]
    grant: [analytics/group/Testers]
    bucket: {BUCKET}
    access: [list, read, write]
"""
ROLE = f"arn:aws:iam::{DATA}:role/reader"
TOLD = "A key that cannot be used"
ADMIN = f"arn:aws:iam::{DATA}:user/admin"
VIA = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
THEIRS = (
    '{"Sid": "theirs", "Effect": "Allow", "Principal": { "AWS": "%s" }, "Action": "kms:*", "Resource": "*" }'
)


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    made = make_cloud(DATA, ANALYTICS)
    made.furnish(made.write("xacct.yaml", LINK))
    return made


def seal(cloud: Cloud, policy: str = "", named: str = "") -> str:
    """Default encryption with a new key; its ARN. ``named`` is what the setting says instead of the ARN."""
    kms = cloud.world.client("kms", DATA)
    arn = str(kms.create_key(**({"Policy": policy} if policy else {}))["KeyMetadata"]["Arn"])
    if named.startswith("alias/"):
        kms.create_alias(AliasName=named, TargetKeyId=arn)
    rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": named or arn}
    s3 = cloud.world.client("s3", DATA)
    s3.put_bucket_encryption(
        Bucket=BUCKET,
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]},
    )
    s3.put_object(Bucket=BUCKET, Key="sample-1.txt", Body=b"sealed")
    return arn


def closed(*more: str) -> str:
    """A key policy that leaves nothing to IAM."""
    return f'{{"Version":"2012-10-17","Statement":[{",".join([THEIRS % ADMIN, *more])}]}}'


def role_statements(cloud: Cloud) -> list[dict[str, Any]]:
    iam = cloud.world.client("iam", DATA)
    found = iam.get_role_policy(RoleName="reader", PolicyName="xacct-sealed-reader")
    listed: list[dict[str, Any]] = found["PolicyDocument"]["Statement"]
    return listed


def key_policy(cloud: Cloud, arn: str) -> str:
    kms = cloud.world.client("kms", DATA)
    return str(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])


def test_a_key_that_leaves_it_to_iam_needs_a_statement_on_the_role_and_nothing_else(cloud: Cloud) -> None:
    """Trap 45."""
    arn = seal(cloud)
    before = key_policy(cloud, arn)
    ok(cloud, "apply", "--yes")
    (mine,) = (one for one in role_statements(cloud) if "kms:Decrypt" in one["Action"])
    assert mine.pop("Sid").startswith("Xacct")
    assert mine == {
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": arn,
        "Condition": VIA,
    }
    assert key_policy(cloud, arn) == before
    ok(cloud, "verify")
    assert "No differences" in ok(cloud, "plan")


def test_an_alias_is_resolved_and_the_statement_names_the_key(cloud: Cloud) -> None:
    """Trap 45: a policy that named the alias would name nothing."""
    arn = seal(cloud, named="alias/logs")
    ok(cloud, "apply", "--yes")
    assert [one["Resource"] for one in role_statements(cloud) if "kms:Decrypt" in one["Action"]] == [arn]
    ok(cloud, "verify")


def test_the_managed_key_of_s3_needs_nothing(cloud: Cloud) -> None:
    """Trap 45: through a role of the bucket's own account it can be used."""
    cloud.world.client("s3", DATA).put_bucket_encryption(
        Bucket=BUCKET,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        },
    )
    ok(cloud, "apply", "--yes")
    assert not [one for one in role_statements(cloud) if "kms" in str(one["Action"])]
    ok(cloud, "verify")


def test_a_key_that_does_not_leave_it_to_iam_is_only_touched_with_a_word(cloud: Cloud) -> None:
    arn = seal(cloud, closed())
    before = key_policy(cloud, arn)
    said = cloud.xacct("plan")
    assert "will not work" in said.out.lower()
    assert "key: {policy: true}" in said.out
    ok(cloud, "apply", "--yes")
    assert key_policy(cloud, arn) == before
    assert cloud.xacct("verify", "--wait", "0").code == ExitCode.MISSING

    cloud.write("xacct.yaml", f"{LINK}    key: {{policy: true}}\n")
    ok(cloud, "apply", "--yes")
    ok(cloud, "verify")
    text = key_policy(cloud, arn)
    assert text.startswith(before[: before.rindex("]")])
    mine = json.loads(text)["Statement"][1]
    assert mine.pop("Sid").startswith("Xacct")
    assert mine == {
        "Effect": "Allow",
        "Principal": {"AWS": ROLE},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",
        "Condition": VIA,
    }
    assert "No differences" in ok(cloud, "plan")
    explained = ok(
        cloud,
        "explain",
        "--on",
        "live",
        "analytics/user/user01",
        "read",
        f"data/bucket/{BUCKET}/sample-1.txt",
    )
    assert arn in explained

    cloud.write("xacct.yaml", LINK)
    ok(cloud, "apply", "--yes")
    assert key_policy(cloud, arn) == before


def test_a_key_policy_that_may_not_be_read_is_unknown_and_nothing_is_planned_for_it(cloud: Cloud) -> None:
    seal(cloud, closed())
    cloud.write("xacct.yaml", f"{LINK}    key: {{policy: true}}\n")
    deny = {"Effect": "Deny", "Action": "kms:GetKeyPolicy", "Resource": "*"}
    cloud.world.client("iam", DATA).put_user_policy(
        UserName="admin",
        PolicyName="blind",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    plan = json.loads(cloud.xacct("plan", "--format", "json").out)
    assert [one["address"].split("/")[1] for one in plan["unknown"]] == ["key-policy"]
    assert not [step for step in plan["steps"] if step["kind"] == "key-policy"]


def test_encryption_that_may_not_be_read_takes_no_statement_away(cloud: Cloud) -> None:
    """What could not be read is unknown, never absent."""
    arn = seal(cloud)
    ok(cloud, "apply", "--yes")
    deny = {"Effect": "Deny", "Action": "s3:GetEncryptionConfiguration", "Resource": "*"}
    cloud.world.client("iam", DATA).put_user_policy(
        UserName="admin",
        PolicyName="blind",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    said = ok(cloud, "plan")
    assert "No differences" in said
    assert "GetBucketEncryption was refused" in said
    assert [one["Resource"] for one in role_statements(cloud) if "kms:Decrypt" in one["Action"]] == [arn]


def test_taking_the_link_away_leaves_the_key_as_it_was(cloud: Cloud) -> None:
    arn = seal(cloud, closed())
    was = key_policy(cloud, arn)
    cloud.write("xacct.yaml", f"{LINK}    key: {{policy: true}}\n")
    ok(cloud, "apply", "--yes")
    before = len(cloud.sandbox.requests)
    ok(cloud, "destroy", "--yes")
    assert key_policy(cloud, arn) == was
    assert writes(cloud, before).count("PutKeyPolicy") == 1


def test_a_platform_without_keys_says_so_at_plan_time(cloud: Cloud) -> None:
    text = LINK.replace(f'"{DATA}"', '"RGW00000000000000001"').replace("acct-b}", "acct-b, platform: ceph}")
    cloud.write("xacct.yaml", f"{text}    key: {{policy: true}}\n")
    before = len(cloud.sandbox.requests)
    ran = cloud.xacct("plan")
    assert ran.code == ExitCode.PROBLEM
    assert "Ceph has no KMS" in ran.err
    assert len(cloud.sandbox.requests) == before


def test_an_object_under_another_key_than_the_default_is_told_with_its_key(cloud: Cloud) -> None:
    """Trap 45: default encryption does not tell which key older objects have."""
    older = seal(cloud)
    newer = seal(cloud)
    s3 = cloud.world.client("s3", DATA)
    s3.put_object(
        Bucket=BUCKET, Key="a-first", Body=b"old", ServerSideEncryption="aws:kms", SSEKMSKeyId=older
    )
    ok(cloud, "apply", "--yes")
    assert [one["Resource"] for one in role_statements(cloud) if "kms:Decrypt" in one["Action"]] == [newer]
    ran = cloud.xacct("verify", "--wait", "0")
    assert ran.code == ExitCode.MISSING
    assert f"a-first is encrypted with {older}" in " ".join(ran.out.split())


def test_the_key_is_given_no_longer_than_the_link(cloud: Cloud) -> None:
    """The key's own policy gives by itself what it names, so that the date stands there too."""
    arn = seal(cloud, closed())
    cloud.write("xacct.yaml", f"{LINK}    key: {{policy: true}}\n    expires: 2098-01-01T00:00:00Z\n")
    ok(cloud, "apply", "--yes")
    until = {"aws:CurrentTime": "2098-01-01T00:00:00Z"}
    (mine,) = (one for one in json.loads(key_policy(cloud, arn))["Statement"] if one["Sid"] != "theirs")
    assert mine["Condition"] == {**VIA, "DateLessThan": until}
    assert {one["Condition"]["DateLessThan"]["aws:CurrentTime"] for one in role_statements(cloud)} == {
        "2098-01-01T00:00:00Z"
    }
    assert "No differences" in ok(cloud, "plan")


@pytest.mark.parametrize("named", ["", "alias/logs"])
def test_a_key_that_cannot_be_used_is_told_with_its_state_before_anything_is_applied(
    cloud: Cloud, named: str
) -> None:
    """A role with all its rights reads nothing under a key that is disabled; nothing else would tell it in time."""
    arn = seal(cloud, named=named)
    kms = cloud.world.client("kms", DATA)
    assert TOLD not in ok(cloud, "plan")
    kms.disable_key(KeyId=arn)
    said = " ".join(ok(cloud, "plan").split())
    assert TOLD in said
    assert f"data/bucket/{BUCKET} is encrypted with {arn}, and the state of that key is Disabled:" in said
    assert f"aws kms enable-key --region us-east-1 --key-id {arn}" in said
    ok(cloud, "apply", "--yes")
    tried = cloud.xacct("verify", "--wait", "0")
    assert tried.code == ExitCode.MISSING, tried.out
    assert "KMS.DisabledException" in tried.out
    assert "encryption key" in tried.out
    assert "Enable the key or cancel its deletion" in " ".join(tried.out.split())

    gone = kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=9)["DeletionDate"]
    said = " ".join(ok(cloud, "plan").split())
    day = gone.astimezone(UTC).strftime("%Y-%m-%d")
    assert f"the state of that key is PendingDeletion, to be deleted on {day}:" in said
    assert f"aws kms cancel-key-deletion --region us-east-1 --key-id {arn}" in said
    kms.cancel_key_deletion(KeyId=arn)
    kms.enable_key(KeyId=arn)
    assert TOLD not in ok(cloud, "plan")
    ok(cloud, "verify")


def test_the_state_of_a_key_is_told_once_and_only_to_whom_it_matters(cloud: Cloud) -> None:
    arn = seal(cloud)
    cloud.world.client("kms", DATA).disable_key(KeyId=arn)
    second = LINK[LINK.index("  - role:") :].replace("data/role/reader", "data/role/writer")
    cloud.write("xacct.yaml", LINK + second)
    assert ok(cloud, "plan").count(TOLD) == 1
    cloud.write("xacct.yaml", LINK.replace("[list, read, write]", "[list]"))
    assert TOLD not in ok(cloud, "plan")


def test_whose_key_may_not_be_looked_at_has_no_state(cloud: Cloud) -> None:
    arn = seal(cloud)
    cloud.world.client("kms", DATA).disable_key(KeyId=arn)
    deny = {"Effect": "Deny", "Action": "kms:DescribeKey", "Resource": "*"}
    cloud.world.client("iam", DATA).put_user_policy(
        UserName="admin",
        PolicyName="blind",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    said = ok(cloud, "plan")
    assert TOLD not in said
    assert f"DescribeKey ({arn}) was refused" in " ".join(said.split())
    ok(cloud, "apply", "--yes")


def test_a_key_that_is_gone_is_told(cloud: Cloud) -> None:
    arn = seal(cloud)
    other = arn.replace(arn[-36:], "00000000-0000-0000-0000-000000000000")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": other}}
    cloud.world.client("s3", DATA).put_bucket_encryption(
        Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    said = " ".join(ok(cloud, "plan").split())
    assert f"is encrypted with {other}, and there is no such key:" in said
