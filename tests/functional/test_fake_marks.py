"""Our mark on what somebody else made: told and left, in every place where a mark may stand (trap 81)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.functional.conftest import Cloud
from tests.functional.test_keys import closed, seal
from tests.functional.test_removal import ANALYTICS, DATA, ok, writes
from xacct.errors import ExitCode
from xacct.kinds import marker

BUCKET = "sealed"
GUEST = f"""
version: 1
name: marks
accounts:
  data: {{id: "{DATA}", profile: acct-b}}
  analytics: {{id: "{ANALYTICS}", profile: acct-a}}
users:
  analytics/user/user01: {{profile: acct-a-user01}}
roles:
  data/role/team/backup: {{existing: true}}
links:
  - role: data/role/reader
    trust: [analytics/user/user01]
    grant: [analytics/group/Testers]
    bucket: {BUCKET}
    access: [list, read]
    key: {{policy: true}}
  - name: guest
    role: data/role/team/backup
    trust: [analytics/user/user01]
    grant: [analytics/user/user01]
    bucket: {BUCKET}
    access: [list]
buckets:
  data/bucket/{BUCKET}:
    policy:
      Version: "2012-10-17"
      Statement:
        - {{Effect: Deny, Principal: "*", Action: "s3:DeleteBucket", Resource: "arn:aws:s3:::{BUCKET}"}}
"""
FAKED = f"Xacct{marker('marks')}0123456789ab"
THEIRS = {
    "Sid": "Theirs",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{DATA}:root"},
    "Action": "sts:AssumeRole",
}


@dataclass
class Shared:
    """A document that others write too: how it is read and put, and what a stranger could write there."""

    read: Callable[[], str]
    put: Callable[[str], Any]
    faked: dict[str, Any]

    @property
    def statements(self) -> list[dict[str, Any]]:
        return list(json.loads(self.read())["Statement"])

    def write(self, *statements: dict[str, Any]) -> None:
        self.put(json.dumps({"Version": "2012-10-17", "Statement": statements}))


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    made = make_cloud(DATA, ANALYTICS)
    made.furnish(made.write("xacct.yaml", GUEST))
    iam = made.world.client("iam", DATA)
    trust = json.dumps({"Version": "2012-10-17", "Statement": [THEIRS]})
    iam.create_role(RoleName="backup", Path="/team/", AssumeRolePolicyDocument=trust)
    return made


@pytest.fixture
def documents(cloud: Cloud) -> dict[str, Shared]:
    key = seal(cloud, closed())
    ok(cloud, "apply", "--yes")
    iam, s3, kms = (cloud.world.client(one, DATA) for one in ("iam", "s3", "kms"))
    eve = {"Sid": FAKED, "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{DATA}:user/admin"}}
    return {
        "bucket policy": Shared(
            lambda: s3.get_bucket_policy(Bucket=BUCKET)["Policy"],
            lambda text: s3.put_bucket_policy(Bucket=BUCKET, Policy=text),
            {**eve, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"},
        ),
        "role trust": Shared(
            lambda: json.dumps(iam.get_role(RoleName="backup")["Role"]["AssumeRolePolicyDocument"]),
            lambda text: iam.update_assume_role_policy(RoleName="backup", PolicyDocument=text),
            {**eve, "Action": "sts:AssumeRole"},
        ),
        "key policy": Shared(
            lambda: kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"],
            lambda text: kms.put_key_policy(KeyId=key, PolicyName="default", Policy=text),
            {**eve, "Action": "kms:Decrypt", "Resource": "*"},
        ),
    }


def refused(cloud: Cloud, *words: str) -> str:
    before = len(cloud.sandbox.requests)
    ran = cloud.xacct(*words)
    assert ran.code == ExitCode.REFUSED, ran.out + ran.err
    assert not writes(cloud, before)
    return ran.err


@pytest.mark.parametrize("where", ["bucket policy", "role trust", "key policy"])
def test_a_faked_statement_stays_until_the_word_whatever_else_is_to_be_done(
    where: str, cloud: Cloud, documents: dict[str, Shared]
) -> None:
    document = documents[where]
    before = document.statements
    ours = next(one for one in before if str(one.get("Sid")).startswith("Xacct"))
    document.write(*before, document.faked)

    said = refused(cloud, "apply", "--yes")
    assert FAKED in said
    assert "--prune-edited" in said
    assert cloud.xacct("drift").code == ExitCode.DIFFERENCES
    assert "--prune-edited" in refused(cloud, "destroy", "--yes")
    assert document.statements == [*before, document.faked]

    edited = {**ours, "Effect": "Deny" if ours["Effect"] == "Allow" else "Allow"}
    document.write(*(edited if one == ours else one for one in before), document.faked)
    assert FAKED in refused(cloud, "apply", "--yes")
    ok(cloud, "apply", "--yes", "--prune-edited", "--allow-public", "--allow-lockout")
    assert document.statements == before
    assert "No differences" in ok(cloud, "plan")


@pytest.mark.parametrize("where", ["bucket policy", "role trust", "key policy"])
def test_what_somebody_made_of_a_declared_statement_is_repaired_without_a_word(
    where: str, cloud: Cloud, documents: dict[str, Shared]
) -> None:
    document = documents[where]
    before = document.statements
    ours = next(one for one in before if str(one.get("Sid")).startswith("Xacct"))
    edited = {**ours, "Condition": {"StringEquals": {"aws:PrincipalTag/team": "x"}}}
    document.write(*(edited if one == ours else one for one in before))
    ok(cloud, "apply", "--yes")
    assert document.statements == before
    assert "No differences" in ok(cloud, "plan")


@pytest.mark.parametrize("where", ["bucket policy", "role trust", "key policy"])
def test_a_faked_statement_under_another_sid_is_a_foreign_one(
    where: str, cloud: Cloud, documents: dict[str, Shared]
) -> None:
    """The way out that the refusal names."""
    document = documents[where]
    foreign = {**document.faked, "Sid": "TheirOwn"}
    document.write(*document.statements, foreign)
    assert "No differences" in ok(cloud, "plan")
    ok(cloud, "apply", "--yes")
    assert foreign in document.statements


def test_a_role_a_policy_and_a_grant_with_faked_marks_are_told_and_left(
    cloud: Cloud, documents: dict[str, Shared]
) -> None:
    data, analytics = cloud.world.client("iam", DATA), cloud.world.client("iam", ANALYTICS)
    anything = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}
    )
    marked = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Sid": f"{FAKED}0", "Effect": "Allow", "Action": "ec2:*", "Resource": "*"}],
        }
    )
    tags = data.list_role_tags(RoleName="reader")["Tags"]
    trust = json.dumps({"Version": "2012-10-17", "Statement": [THEIRS]})
    data.create_role(RoleName="theirs", AssumeRolePolicyDocument=trust, Tags=tags)
    data.create_policy(PolicyName="theirs", Path="/xacct/marks/", PolicyDocument=anything)
    data.put_role_policy(RoleName="reader", PolicyName="theirs", PolicyDocument=marked)
    analytics.put_group_policy(GroupName="Testers", PolicyName="xacct-marks-other", PolicyDocument=marked)
    analytics.put_group_policy(GroupName="Testers", PolicyName="by-hand", PolicyDocument=anything)
    said = refused(cloud, "apply", "--yes")
    addresses = {
        "data/role/theirs",
        "data/managed-policy/theirs",
        "data/role-policy/reader/theirs",
        "analytics/group-policy/Testers/xacct-marks-other",
    }
    assert {one for one in addresses if one in said} == addresses
    assert "by-hand" not in said
    ok(cloud, "apply", "--yes", "--prune-edited")
    assert {one["RoleName"] for one in data.list_roles()["Roles"]} >= {"reader", "backup"}
    assert "theirs" not in {one["RoleName"] for one in data.list_roles()["Roles"]}
    assert not data.list_policies(Scope="Local", PathPrefix="/xacct/marks/")["Policies"]
    left = analytics.list_group_policies(GroupName="Testers")["PolicyNames"]
    assert set(left) == {"by-hand", "xacct-marks-reader"}
    assert "No differences" in ok(cloud, "plan")
