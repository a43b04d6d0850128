"""IAM's own rules for users, groups and policies that the store does not know."""

from __future__ import annotations

import json

import pytest

from tests.functional.sandbox.people import Keys, People, allow, refusal, trust

POLICY = json.dumps(allow("s3:ListBucket", "*"))


def test_names_are_unique_without_regard_to_case(people: People) -> None:
    iam = people.admin(People.DATA, "iam")
    iam.create_user(UserName="anna")
    iam.create_user(UserName="bernd")
    iam.create_group(GroupName="admins")
    people.role("reader", trust({"AWS": People.DATA}))
    for call, more in (
        (iam.create_user, {"UserName": "Anna"}),
        (iam.create_user, {"UserName": "anna"}),
        (iam.update_user, {"UserName": "bernd", "NewUserName": "ANNA"}),
        (iam.create_group, {"GroupName": "Admins"}),
        (iam.create_role, {"RoleName": "READER", "AssumeRolePolicyDocument": json.dumps(trust("*"))}),
    ):
        told = refusal(call, **more)
        assert (told.status, told.code) == (409, "EntityAlreadyExists")
    iam.update_user(UserName="anna", NewUserName="Anna")


def test_a_renamed_user_keeps_its_id_its_keys_and_its_tags(people: People) -> None:
    iam = people.admin(People.DATA, "iam")
    keys = people.user(People.DATA, "anna")
    iam.tag_user(UserName="anna", Tags=[{"Key": "team", "Value": "data"}])
    before = iam.get_user(UserName="anna")["User"]
    iam.update_user(UserName="anna", NewUserName="berta", NewPath="/new/")
    after = iam.get_user(UserName="berta")["User"]
    assert (after["UserId"], after["Path"]) == (before["UserId"], "/new/")
    assert after["Tags"] == [{"Key": "team", "Value": "data"}]
    listed = iam.list_access_keys(UserName="berta")["AccessKeyMetadata"]
    assert [(key["UserName"], key["AccessKeyId"]) for key in listed] == [("berta", keys.id)]
    told = people.client("sts", keys).get_caller_identity()
    assert told["Arn"] == f"arn:aws:iam::{People.DATA}:user/new/berta"


def test_a_user_with_keys_or_groups_is_not_deleted(people: People) -> None:
    iam = people.admin(People.DATA, "iam")
    keys = people.user(People.DATA, "anna")
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="anna")
    assert refusal(iam.delete_user, UserName="anna").code == "DeleteConflict"
    iam.remove_user_from_group(GroupName="g", UserName="anna")
    assert refusal(iam.delete_user, UserName="anna").code == "DeleteConflict"
    iam.delete_access_key(UserName="anna", AccessKeyId=keys.id)
    iam.delete_user(UserName="anna")


def test_a_group_with_members_or_policies_is_not_deleted(people: People) -> None:
    iam = people.admin(People.DATA, "iam")
    iam.create_group(GroupName="g")
    iam.create_user(UserName="anna")
    iam.add_user_to_group(GroupName="g", UserName="anna")
    assert refusal(iam.delete_group, GroupName="g").code == "DeleteConflict"
    iam.remove_user_from_group(GroupName="g", UserName="anna")
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=POLICY)
    assert refusal(iam.delete_group, GroupName="g").code == "DeleteConflict"
    iam.delete_group_policy(GroupName="g", PolicyName="p")
    iam.delete_group(GroupName="g")


def test_a_policy_that_is_attached_or_has_versions_is_not_deleted(people: People) -> None:
    iam = people.admin(People.DATA, "iam")
    people.role("reader", trust({"AWS": People.DATA}))
    arn = iam.create_policy(PolicyName="p", PolicyDocument=POLICY)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="reader", PolicyArn=arn)
    assert refusal(iam.delete_policy, PolicyArn=arn).code == "DeleteConflict"
    iam.detach_role_policy(RoleName="reader", PolicyArn=arn)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=POLICY, SetAsDefault=True)
    assert refusal(iam.delete_policy, PolicyArn=arn).code == "DeleteConflict"
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy(PolicyArn=arn)


def test_a_policy_of_aws_itself_can_be_attached_and_counts(people: People) -> None:
    people.bucket()
    keys: Keys = people.user(People.DATA, "anna")
    s3 = people.client("s3", keys)
    assert refusal(s3.list_objects_v2, Bucket="mongodb-snapshots").code == "AccessDenied"
    arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    people.admin(People.DATA, "iam").attach_user_policy(UserName="anna", PolicyArn=arn)
    s3.list_objects_v2(Bucket="mongodb-snapshots")
    assert refusal(s3.put_object, Bucket="mongodb-snapshots", Key="x", Body=b"").code == "AccessDenied"


@pytest.mark.parametrize("prefix", ["AIDA", "AGPA", "AROA"])
def test_unique_ids_tell_what_they_are_of(people: People, prefix: str) -> None:
    iam = people.admin(People.DATA, "iam")
    people.role("reader", trust({"AWS": People.DATA}))
    found = {
        "AIDA": iam.create_user(UserName="anna")["User"]["UserId"],
        "AGPA": iam.create_group(GroupName="g")["Group"]["GroupId"],
        "AROA": iam.get_role(RoleName="reader")["Role"]["RoleId"],
    }
    assert found[prefix].startswith(prefix)
    assert len(found[prefix]) == 21


def test_a_boundary_that_the_store_would_forget_is_refused(people: People) -> None:
    """Trap 78: moto has no boundaries of users."""
    iam = people.admin(People.DATA, "iam")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=POLICY)["Policy"]["Arn"]
    told = refusal(iam.create_user, UserName="anna", PermissionsBoundary=arn)
    assert (told.status, told.code) == (501, "NotImplemented")
    assert refusal(iam.put_user_permissions_boundary, UserName="admin", PermissionsBoundary=arn).status == 501
