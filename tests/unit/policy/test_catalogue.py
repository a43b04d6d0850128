"""The reference of services, as our questions see it; the rows are S3's and STS's own pages."""

from __future__ import annotations

import pytest

from xacct.policy import catalogue


def names(pattern: str) -> set[str]:
    mask = catalogue.matching(pattern)
    return {name for number, name in enumerate(catalogue.actions()) if mask >> number & 1}


def test_a_name_without_wildcards_is_one_action() -> None:
    assert names("s3:getobject") == {"s3:GetObject"}
    assert names("s3:getobjct") == set()
    assert names("nothing:getobject") == set()
    assert names("getobject") == set()


def test_a_star_is_any_text_and_a_question_mark_one_character() -> None:
    assert {"s3:GetObject", "s3:GetObjectAcl"} <= names("s3:getobject*")
    assert names("s3:?etobject") == {"s3:GetObject"}
    assert "s3:GetObject" not in names("s3:getobject?")
    assert names("s3:*") == {name for name in catalogue.actions() if name.startswith("s3:")}


def test_a_wildcard_may_stand_in_the_service() -> None:
    assert {"s3:GetObject", "s3-outposts:GetObject"} <= names("s3*:getobject")
    assert names("s?:getobject") == {"s3:GetObject"}
    assert "iam:PassRole" in names("*")
    assert names("*") == set(catalogue.actions())
    assert names("*object") >= {"s3:GetObject", "s3:PutObject"}


def test_a_dot_of_a_pattern_is_a_dot() -> None:
    assert names("s3:getobjec.") == set()


def test_an_action_exists_whatever_its_case() -> None:
    assert catalogue.exists("S3:getOBJECT")
    assert not catalogue.exists("s3:GetObjects")


@pytest.mark.parametrize(
    ("action", "pattern"),
    [
        ("s3:GetObject", "arn:${Partition}:s3:::${BucketName}/${ObjectName}"),
        ("s3:ListBucket", "arn:${Partition}:s3:::${BucketName}"),
        ("s3:ListAllMyBuckets", "*"),
        ("sts:AssumeRole", "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}"),
        ("sts:GetCallerIdentity", "*"),
        ("ec2:RunInstances", "arn:${Partition}:ec2:${Region}:${Account}:instance/${InstanceId}"),
    ],
)
def test_what_the_resources_of_an_action_look_like(action: str, pattern: str) -> None:
    assert pattern in catalogue.resource_patterns(action)


def test_an_action_that_needs_its_resource_is_asked_of_nothing_else() -> None:
    """Of S3 every kind is called optional, though each request is about one."""
    assert "*" not in catalogue.resource_patterns("s3:GetObject")
    assert "*" not in catalogue.resource_patterns("sts:AssumeRole")
    assert "*" in catalogue.resource_patterns("ec2:DescribeInstances")


def test_the_actions_of_a_service_fall_into_shapes_without_rest_and_without_overlap() -> None:
    shapes = catalogue.shapes("s3")
    total = 0
    for mask in shapes.values():
        assert total & mask == 0
        total |= mask
    assert total == catalogue.matching("s3:*")


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("s3:prefix", "String"),
        ("S3:PREFIX", "String"),
        ("s3:max-keys", "Numeric"),
        ("s3:ExistingObjectTag/team", "String"),
        ("s3:ExistingObjectTag/", None),
        ("s3:prefixes", None),
        ("dynamodb:LeadingKeys", "ArrayOfString"),
        ("iam:PolicyARN", "ARN"),
        ("kms:EncryptionContext:purpose", "String"),
        ("token.actions.githubusercontent.com:actor", "String"),
    ],
)
def test_the_type_of_a_condition_key(key: str, kind: str | None) -> None:
    assert catalogue.key_type(key) == kind


def test_the_keys_of_a_service_are_written_as_the_reference_writes_them() -> None:
    assert {"s3:prefix", "s3:x-amz-acl"} <= set(catalogue.keys_of("s3"))


def test_the_range_of_a_service_holds_its_actions_and_no_others() -> None:
    first, last = catalogue.services()["sts"]
    assert {name.partition(":")[0] for name in catalogue.actions()[first:last]} == {"sts"}
    assert catalogue.actions()[first - 1].partition(":")[0] != "sts"
    assert catalogue.actions()[last].partition(":")[0] != "sts"


def test_the_set_of_every_action_has_one_member_for_each() -> None:
    assert catalogue.matching("*") == catalogue.matching("*:*")
    assert catalogue.matching("*").bit_count() == len(catalogue.actions())


def test_the_actions_of_some_patterns_are_those_and_no_others() -> None:
    assert list(catalogue.each(["s3:getobject", "sts:assumerole"])) == ["s3:GetObject", "sts:AssumeRole"]
    assert list(catalogue.each([])) == []


def test_an_action_that_may_do_without_its_resource_has_all_as_well() -> None:
    """In the reference a topic is not required of sns:Unsubscribe; of iam:GetUser the user is."""
    assert "*" in catalogue.resource_patterns("sns:Unsubscribe")
    assert "*" not in catalogue.resource_patterns("iam:GetUser")
