"""The link across accounts, step by step with boto3: who gets through and who does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.functional.sandbox.people import Keys, People, allow, refusal, trust

READING = allow(
    ["s3:ListBucket", "s3:GetObject"], ["arn:aws:s3:::mongodb-snapshots", "arn:aws:s3:::mongodb-snapshots/*"]
)
USER01 = f"arn:aws:iam::{People.ANALYTICS}:user/user01"
ROLE = f"arn:aws:iam::{People.DATA}:role/cross-bucket-access"


@pytest.fixture
def user01(people: People) -> Keys:
    """The seed's scenario: role, trust, policy on the role, grant on the group."""
    people.bucket(keys=("mongodb-backup-monday.img.xz", "mongodb-backup-tuesday.img.xz"))
    keys = people.user(people.ANALYTICS, "user01")
    iam = people.admin(people.ANALYTICS, "iam")
    iam.create_group(GroupName="Testers")
    iam.add_user_to_group(GroupName="Testers", UserName="user01")
    people.role("cross-bucket-access", trust({"AWS": USER01}), READING)
    grant(people)
    return keys


def grant(people: People) -> None:
    people.admin(people.ANALYTICS, "iam").put_group_policy(
        GroupName="Testers", PolicyName="grant", PolicyDocument=json.dumps(allow("sts:AssumeRole", ROLE))
    )


def retrust(people: People, document: Any) -> None:
    people.admin(people.DATA, "iam").update_assume_role_policy(
        RoleName="cross-bucket-access", PolicyDocument=json.dumps(document)
    )


def refused(people: People, keys: Keys, **more: Any) -> str:
    told = refusal(people.client("sts", keys).assume_role, RoleArn=ROLE, RoleSessionName="session", **more)
    assert (told.status, told.code) == (403, "AccessDenied")
    return told.message


def test_the_member_of_the_group_assumes_the_role_and_lists_the_bucket(people: People, user01: Keys) -> None:
    session = people.assume(user01, ROLE)
    s3 = people.client("s3", session)
    listed = s3.list_objects_v2(Bucket="mongodb-snapshots")["Contents"]
    assert [item["Key"] for item in listed] == [
        "mongodb-backup-monday.img.xz",
        "mongodb-backup-tuesday.img.xz",
    ]
    assert s3.get_object(Bucket="mongodb-snapshots", Key=listed[0]["Key"])["Body"].read() == b"backup"
    told = refusal(s3.put_object, Bucket="mongodb-snapshots", Key="x", Body=b"")
    assert (told.status, told.code) == (403, "AccessDenied")
    assert "s3:PutObject" in told.message


def test_a_session_says_who_it_is_without_any_permission(people: People, user01: Keys) -> None:
    told = people.client("sts", people.assume(user01, ROLE, "mine")).get_caller_identity()
    assert told["Arn"] == f"arn:aws:sts::{People.DATA}:assumed-role/cross-bucket-access/mine"
    assert told["Account"] == People.DATA
    assert told["UserId"].startswith("AROA")
    assert told["UserId"].endswith(":mine")


def test_a_user_with_the_grant_but_without_the_trust_is_refused(people: People, user01: Keys) -> None:
    """Trap 64: an emulator that skips the trust would let it in."""
    mallory = people.user(people.ANALYTICS, "mallory", all=allow("sts:*", "*"))
    assert "sts:AssumeRole" in refused(people, mallory)


def test_a_user_with_the_trust_but_without_the_grant_is_refused(people: People, user01: Keys) -> None:
    """Trap 64: an emulator that skips the caller's side would let it in."""
    people.admin(people.ANALYTICS, "iam").delete_group_policy(GroupName="Testers", PolicyName="grant")
    message = refused(people, user01)
    assert message == (
        f"User: {USER01} is not authorized to perform: sts:AssumeRole on resource: {ROLE} "
        "because no identity-based policy allows the sts:AssumeRole action"
    )


def test_a_user_who_left_the_group_is_refused(people: People, user01: Keys) -> None:
    people.admin(people.ANALYTICS, "iam").remove_user_from_group(GroupName="Testers", UserName="user01")
    refused(people, user01)


def test_a_wrong_or_missing_external_id_is_refused(people: People, user01: Keys) -> None:
    """Trap 58."""
    retrust(people, trust({"AWS": USER01}, StringEquals={"sts:ExternalId": "Xyz-12"}))
    refused(people, user01)
    refused(people, user01, ExternalId="xyz-12")
    people.assume(user01, ROLE, ExternalId="Xyz-12")


def test_a_deny_in_the_trust_is_a_deny(people: People, user01: Keys) -> None:
    """Trap 77: moto would take it for an Allow."""
    both = trust({"AWS": USER01})
    both["Statement"] += trust({"AWS": USER01}, "Deny")["Statement"]
    retrust(people, both)
    assert "with an explicit deny in a resource-based policy" in refused(people, user01)


def test_a_user_whose_name_begins_like_a_trusted_one_is_refused(people: People, user01: Keys) -> None:
    """Trap 77: moto would let it in."""
    user012 = people.user(people.ANALYTICS, "user012", all=allow("sts:*", "*"))
    refused(people, user012)


def test_the_trusted_account_needs_a_grant_of_its_own(people: People, user01: Keys) -> None:
    """Trap 77: moto takes the trust of an account for enough, or does not look at it at all."""
    retrust(people, trust({"AWS": people.ANALYTICS}))
    other = people.user(people.ANALYTICS, "other")
    refused(people, other)
    people.assume(user01, ROLE)


def test_a_user_deleted_and_made_again_is_refused(people: People, user01: Keys) -> None:
    iam = people.admin(people.ANALYTICS, "iam")
    iam.remove_user_from_group(GroupName="Testers", UserName="user01")
    iam.delete_access_key(UserName="user01", AccessKeyId=user01.id)
    iam.delete_user(UserName="user01")
    again = people.user(people.ANALYTICS, "user01")
    iam.add_user_to_group(GroupName="Testers", UserName="user01")
    refused(people, again)
    retrust(people, trust({"AWS": USER01}))
    people.assume(again, ROLE)


def test_a_user_that_was_renamed_still_assumes(people: People, user01: Keys) -> None:
    people.admin(people.ANALYTICS, "iam").update_user(UserName="user01", NewUserName="anna")
    people.assume(user01, ROLE)


def test_the_right_role_name_with_another_path_is_another_role(people: People, user01: Keys) -> None:
    people.user(people.ANALYTICS, "all", all=allow("sts:*", "*"))
    told = refusal(
        people.client("sts", user01).assume_role,
        RoleArn=ROLE.replace("role/", "role/app/"),
        RoleSessionName="session",
    )
    assert told.code == "AccessDenied"


def test_a_missing_role_is_denied_not_missing(people: People, user01: Keys) -> None:
    """Trap 64: an emulator gives a session of a role that is not there."""
    people.admin(people.DATA, "iam").delete_role_policy(RoleName="cross-bucket-access", PolicyName="rights")
    people.admin(people.DATA, "iam").delete_role(RoleName="cross-bucket-access")
    refused(people, user01)


def test_rights_taken_from_a_role_are_gone_for_its_running_sessions(people: People, user01: Keys) -> None:
    s3 = people.client("s3", people.assume(user01, ROLE))
    s3.list_objects_v2(Bucket="mongodb-snapshots")
    people.admin(people.DATA, "iam").delete_role_policy(RoleName="cross-bucket-access", PolicyName="rights")
    assert refusal(s3.list_objects_v2, Bucket="mongodb-snapshots").code == "AccessDenied"


def test_rights_given_to_a_role_reach_its_running_sessions(people: People, user01: Keys) -> None:
    s3 = people.client("s3", people.assume(user01, ROLE))
    retrust(people, trust({"AWS": f"arn:aws:iam::{People.DATA}:user/admin"}))
    people.admin(people.DATA, "iam").put_role_policy(
        RoleName="cross-bucket-access", PolicyName="more", PolicyDocument=json.dumps(allow("s3:*", "*"))
    )
    s3.put_object(Bucket="mongodb-snapshots", Key="x", Body=b"by a session of someone who is not trusted now")


def test_a_session_of_a_deleted_role_may_nothing(people: People, user01: Keys) -> None:
    s3 = people.client("s3", people.assume(user01, ROLE))
    iam = people.admin(people.DATA, "iam")
    iam.delete_role_policy(RoleName="cross-bucket-access", PolicyName="rights")
    iam.delete_role(RoleName="cross-bucket-access")
    people.role("cross-bucket-access", trust({"AWS": USER01}), allow("s3:*", "*"))
    assert refusal(s3.list_objects_v2, Bucket="mongodb-snapshots").code == "AccessDenied"


def test_a_session_of_a_deleted_role_may_not_even_what_everybody_may(people: People, user01: Keys) -> None:
    s3 = people.client("s3", people.assume(user01, ROLE))
    everybody = allow("s3:GetObject", "arn:aws:s3:::mongodb-snapshots/*")
    everybody["Statement"][0]["Principal"] = "*"
    people.admin(People.DATA, "s3").put_bucket_policy(
        Bucket="mongodb-snapshots", Policy=json.dumps(everybody)
    )
    key = "mongodb-backup-monday.img.xz"
    s3.get_object(Bucket="mongodb-snapshots", Key=key)
    iam = people.admin(People.DATA, "iam")
    iam.delete_role_policy(RoleName="cross-bucket-access", PolicyName="rights")
    iam.delete_role(RoleName="cross-bucket-access")
    assert refusal(s3.get_object, Bucket="mongodb-snapshots", Key=key).code == "AccessDenied"


def test_a_session_policy_only_takes_away(people: People, user01: Keys) -> None:
    only_list = allow("s3:ListBucket", "*")
    session = people.assume(user01, ROLE, Policy=json.dumps(only_list))
    s3 = people.client("s3", session)
    s3.list_objects_v2(Bucket="mongodb-snapshots")
    told = refusal(s3.get_object, Bucket="mongodb-snapshots", Key="mongodb-backup-monday.img.xz")
    assert told.code == "AccessDenied"
    wide = people.client("s3", people.assume(user01, ROLE, Policy=json.dumps(allow("s3:*", "*"))))
    assert refusal(wide.put_object, Bucket="mongodb-snapshots", Key="x", Body=b"").code == "AccessDenied"


def test_a_boundary_on_the_role_caps_it(people: People, user01: Keys) -> None:
    """Trap 77: moto ignores the boundaries of roles."""
    iam = people.admin(people.DATA, "iam")
    arn = iam.create_policy(PolicyName="only-list", PolicyDocument=json.dumps(allow("s3:ListBucket", "*")))[
        "Policy"
    ]["Arn"]
    iam.put_role_permissions_boundary(RoleName="cross-bucket-access", PermissionsBoundary=arn)
    s3 = people.client("s3", people.assume(user01, ROLE))
    s3.list_objects_v2(Bucket="mongodb-snapshots")
    told = refusal(s3.get_object, Bucket="mongodb-snapshots", Key="mongodb-backup-monday.img.xz")
    assert told.code == "AccessDenied"
    assert "permissions boundary" in told.message


def test_a_condition_on_the_prefix_is_judged(people: People, user01: Keys) -> None:
    """Trap 77: moto ignores most conditions."""
    people.admin(people.DATA, "iam").put_role_policy(
        RoleName="cross-bucket-access",
        PolicyName="rights",
        PolicyDocument=json.dumps(allow("s3:ListBucket", "*", StringLike={"s3:prefix": ["logs/", "logs/*"]})),
    )
    s3 = people.client("s3", people.assume(user01, ROLE))
    s3.list_objects_v2(Bucket="mongodb-snapshots", Prefix="logs/2026")
    assert refusal(s3.list_objects_v2, Bucket="mongodb-snapshots").code == "AccessDenied"
    assert refusal(s3.list_objects_v2, Bucket="mongodb-snapshots", Prefix="logs").code == "AccessDenied"


def test_not_resource_is_judged(people: People, user01: Keys) -> None:
    """Trap 77: moto ignores NotResource."""
    document = allow("s3:*", "*")
    document["Statement"][0]["NotResource"] = document["Statement"][0].pop("Resource")
    document["Statement"][0]["NotResource"] = "arn:aws:s3:::mongodb-snapshots*"
    people.admin(people.DATA, "iam").put_role_policy(
        RoleName="cross-bucket-access", PolicyName="rights", PolicyDocument=json.dumps(document)
    )
    s3 = people.client("s3", people.assume(user01, ROLE))
    assert refusal(s3.list_objects_v2, Bucket="mongodb-snapshots").code == "AccessDenied"


def test_a_chained_role_lasts_an_hour_at_most(people: People, user01: Keys) -> None:
    second = people.role("second", trust({"AWS": ROLE}), READING, MaxSessionDuration=43200)
    people.admin(people.DATA, "iam").put_role_policy(
        RoleName="cross-bucket-access",
        PolicyName="on",
        PolicyDocument=json.dumps(allow("sts:AssumeRole", second)),
    )
    session = people.assume(user01, ROLE)
    sts = people.client("sts", session)
    sts.assume_role(RoleArn=second, RoleSessionName="chained", DurationSeconds=3600)
    told = refusal(sts.assume_role, RoleArn=second, RoleSessionName="chained", DurationSeconds=3601)
    assert (told.status, told.code) == (400, "ValidationError")
    assert "1 hour session limit" in told.message


@pytest.mark.parametrize(("seconds", "code"), [(899, "ValidationError"), (3601, "ValidationError")])
def test_a_session_lasts_as_long_as_the_role_says(
    people: People, user01: Keys, seconds: int, code: str
) -> None:
    told = refusal(
        people.client("sts", user01, parameter_validation=False).assume_role,
        RoleArn=ROLE,
        RoleSessionName="session",
        DurationSeconds=seconds,
    )
    assert (told.status, told.code) == (400, code)


def test_a_role_says_how_long_its_sessions_may_last(people: People, user01: Keys) -> None:
    people.admin(people.DATA, "iam").update_role(RoleName="cross-bucket-access", MaxSessionDuration=7200)
    people.assume(user01, ROLE, DurationSeconds=7200)
