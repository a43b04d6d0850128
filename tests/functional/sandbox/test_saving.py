"""What AWS does on save and moto does not, seen over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.functional.sandbox.people import People, allow, refusal, trust

USER = f"arn:aws:iam::{People.ANALYTICS}:user/user01"


def stored_trust(people: People, name: str = "r") -> Any:
    role = people.admin(People.DATA, "iam").get_role(RoleName=name)["Role"]
    return role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]


def test_a_bare_account_id_becomes_the_root_arn(people: People) -> None:
    """Trap 78: moto would give it back as it came."""
    people.role("r", trust({"AWS": People.ANALYTICS}))
    assert stored_trust(people) == {"AWS": f"arn:aws:iam::{People.ANALYTICS}:root"}


def test_a_deleted_user_shows_as_its_unique_id_and_a_new_one_does_not_bring_the_name_back(
    people: People,
) -> None:
    """Traps 1 and 78: moto would still show the name."""
    iam = people.admin(People.ANALYTICS, "iam")
    unique = iam.create_user(UserName="user01")["User"]["UserId"]
    people.role("r", trust({"AWS": USER}))
    assert stored_trust(people) == {"AWS": USER}
    iam.delete_user(UserName="user01")
    assert stored_trust(people) == {"AWS": unique}
    iam.create_user(UserName="user01")
    assert stored_trust(people) == {"AWS": unique}


def test_a_renamed_user_shows_under_its_new_name(people: People) -> None:
    iam = people.admin(People.ANALYTICS, "iam")
    iam.create_user(UserName="user01")
    people.role("r", trust({"AWS": USER}))
    iam.update_user(UserName="user01", NewUserName="anna")
    assert stored_trust(people) == {"AWS": USER.replace("user01", "anna")}


def test_a_trust_that_names_nobody_is_refused(people: People) -> None:
    """Traps 20 and 78: the service refuses it, moto would take it."""
    document = json.dumps(trust({"AWS": USER}))
    told = refusal(
        people.admin(People.DATA, "iam").create_role, RoleName="r", AssumeRolePolicyDocument=document
    )
    assert (told.status, told.code) == (400, "MalformedPolicyDocument")
    assert "Invalid principal in policy" in told.message


def test_a_bucket_policy_that_names_nobody_or_is_no_json_is_refused(people: People) -> None:
    """Trap 78: moto would take either."""
    bucket = people.bucket()
    s3 = people.admin(People.DATA, "s3")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": USER},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    nobody = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    for policy in (nobody, "not JSON", "{}"):
        told = refusal(s3.put_bucket_policy, Bucket=bucket, Policy=policy)
        assert (told.status, told.code) == (400, "MalformedPolicy"), policy
    assert refusal(s3.get_bucket_policy, Bucket=bucket).code == "NoSuchBucketPolicy"


def test_documents_that_are_too_long_are_refused(people: People) -> None:
    """Trap 78: moto has no limits of size."""
    iam = people.admin(People.DATA, "iam")
    iam.create_user(UserName="anna")
    long = json.dumps(allow("s3:GetObject", [f"arn:aws:s3:::bucket-{number:04}/*" for number in range(80)]))
    assert len(long) > 2048
    told = refusal(iam.put_user_policy, UserName="anna", PolicyName="p", PolicyDocument=long)
    assert told.code == "LimitExceeded"
    ids = [f"external-id-{number:04}" for number in range(500)]
    document = trust({"AWS": People.DATA}, StringEquals={"sts:ExternalId": ids})
    told = refusal(iam.create_role, RoleName="r", AssumeRolePolicyDocument=json.dumps(document))
    assert told.code == "LimitExceeded"


@pytest.mark.parametrize("value", ["a,b", "a;b", "x" * 257])
def test_a_tag_value_that_aws_refuses_is_refused(people: People, value: str) -> None:
    """Trap 90: moto would take it."""
    iam = people.admin(People.DATA, "iam")
    iam.create_user(UserName="anna")
    call = people.client("iam", people.keys_of_admin(People.DATA), parameter_validation=False).tag_user
    assert refusal(call, UserName="anna", Tags=[{"Key": "k", "Value": value}]).status == 400


def test_a_grant_without_version_is_taken_and_comes_back_as_it_was(people: People) -> None:
    """The grant of the page this tool began with has no Version."""
    iam = people.admin(People.ANALYTICS, "iam")
    iam.create_group(GroupName="Testers")
    document = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}
    iam.put_group_policy(GroupName="Testers", PolicyName="p", PolicyDocument=json.dumps(document))
    found = iam.get_group_policy(GroupName="Testers", PolicyName="p")["PolicyDocument"]
    assert found == document
