"""Actions that no document tells apart: one of them is asked, for all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from immutabledict import immutabledict

from tests.unit.access.accounts import ANNA, BUCKET, DATA, allow, estate, group, role, trusting, user
from xacct.access.alike import Alike, asked_of, matched, weightiest_first
from xacct.access.estate import Estate
from xacct.policy.document import Document
from xacct.snapshot import PolicyRecord

OBJECT = f"{BUCKET}/a"
ALL = matched(("s3:*",))


def deny(action: str | list[str], resource: str | list[str] = "*") -> dict[str, Any]:
    return {**allow(action, resource), "Effect": "Deny"}


def all_but(action: str | list[str], **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "NotAction": action, "Resource": "*", **more}


def holding(*statements: dict[str, Any]) -> Estate:
    """One role that holds each statement in a policy of its own."""
    return estate(
        role("reader", trusting(ANNA), **{f"p{number}": one for number, one in enumerate(statements)})
    )


def together(one: str, other: str, resource: str, *estates: Estate) -> bool:
    (found,) = [some for some in Alike(estates).classes(ALL, resource) if one in some]
    return other in found


@pytest.mark.parametrize(
    ("statements", "one", "other", "alike"),
    [
        ([allow("s3:*")], "s3:PutObjectAcl", "s3:GetObjectVersion", True),
        ([allow("*")], "s3:PutObjectAcl", "s3:GetObjectVersion", True),
        ([allow("s3:Get*")], "s3:PutObjectAcl", "s3:GetObjectVersion", False),
        ([allow("s3:Get*")], "s3:GetObjectAcl", "s3:GetObjectVersion", True),
        ([allow("s3:Get*"), allow("s3:*Version")], "s3:GetObjectAcl", "s3:GetObjectVersion", False),
        ([allow("s3:*"), deny("s3:PutObjectAcl")], "s3:PutObjectAcl", "s3:PutObjectTagging", False),
        ([allow("s3:*"), deny("s3:PutObjectAcl")], "s3:GetObjectVersion", "s3:PutObjectTagging", True),
        ([all_but("s3:Delete*")], "s3:DeleteObjectVersion", "s3:PutObjectAcl", False),
        ([all_but("s3:Delete*")], "s3:DeleteObjectVersion", "s3:DeleteObjectTagging", True),
        ([all_but("s3:Delete*")], "s3:GetObjectAcl", "s3:PutObjectAcl", True),
        ([all_but(["iam:*", "kms:*"])], "s3:GetObjectAcl", "s3:PutObjectAcl", True),
        ([allow(["s3:PutObjectAcl", "s3:GetObjectAcl"])], "s3:PutObjectAcl", "s3:GetObjectAcl", True),
        ([allow("s3:PutObjectAcl"), allow("s3:GetObjectAcl")], "s3:PutObjectAcl", "s3:GetObjectAcl", False),
        ([allow("s3:?etObjectAcl")], "s3:GetObjectAcl", "s3:PutObjectAcl", False),
        ([allow("s3:?utObject*")], "s3:PutObjectTagging", "s3:PutObjectAcl", True),
        ([allow("ec2:*"), allow("s3express:*")], "s3:GetObjectAcl", "s3:PutObjectAcl", True),
    ],
)
def test_what_a_statement_speaks_of_and_what_it_does_not_are_two_classes(
    statements: list[dict[str, Any]], one: str, other: str, alike: bool
) -> None:
    assert together(one, other, OBJECT, holding(*statements)) is alike


@pytest.mark.parametrize(
    ("about", "apart"),
    [
        ("*", True),
        (f"{BUCKET}/*", True),
        ("arn:aws:s3:::lo*", True),
        (f"{BUCKET}/${{aws:username}}", True),
        ("arn:aws:s3:::other/*", False),
        ("arn:aws:s3:::logs-of-others*", False),
        (BUCKET + "/b/*", False),
    ],
)
def test_only_a_statement_that_may_be_about_the_resource_tells_its_actions_apart(
    about: str, apart: bool
) -> None:
    where = holding(allow("s3:PutObjectAcl", about))
    assert together("s3:PutObjectAcl", "s3:GetObjectAcl", OBJECT, where) is not apart


def test_a_statement_on_all_but_some_resources_may_be_about_any() -> None:
    body = {"Effect": "Allow", "Action": "s3:PutObjectAcl", "NotResource": "arn:aws:s3:::other/*"}
    assert not together("s3:PutObjectAcl", "s3:GetObjectAcl", OBJECT, holding(body))


APART = allow("s3:PutObjectAcl", OBJECT)


def bounded() -> Estate:
    """A role whose boundary is the only document that speaks of S3."""
    limit = PolicyRecord(name="edge", path="/", arn=DATA.iam_arn("policy/edge"), document=Document.of(APART))
    found = estate(replace(role("reader", trusting(ANNA)), boundary=limit.arn))
    data = replace(found.snapshots[DATA.id], policies=immutabledict(edge=limit))
    return Estate.of([data])


@pytest.mark.parametrize(
    "where",
    [
        pytest.param(estate(user("anna", own=APART)), id="a user"),
        pytest.param(estate(group("Testers", own=APART)), id="a group"),
        pytest.param(estate(role("other", trusting(), own=APART)), id="another role"),
        pytest.param(estate(policy=Document.of({**APART, "Principal": {"AWS": ANNA}})), id="the bucket"),
        pytest.param(bounded(), id="a managed policy, here a boundary"),
    ],
)
def test_every_document_that_has_a_say_tells_actions_apart(where: Estate) -> None:
    assert together("s3:PutObjectAcl", "s3:GetObjectAcl", OBJECT, estate())
    assert not together("s3:PutObjectAcl", "s3:GetObjectAcl", OBJECT, where)


def test_what_one_of_several_estates_tells_apart_is_apart() -> None:
    assert not together("s3:PutObjectAcl", "s3:GetObjectAcl", OBJECT, estate(), holding(APART))


def test_listings_carry_a_prefix_and_are_never_in_one_class_with_what_does_not() -> None:
    """Service Authorization Reference, S3: of the actions on buckets these two have the key s3:prefix."""
    assert together("s3:ListBucket", "s3:ListBucketVersions", BUCKET, holding(allow("s3:*")))
    assert not together("s3:ListBucketVersions", "s3:PutBucketPolicy", BUCKET, holding(allow("s3:*")))


@pytest.mark.parametrize(
    ("resource", "asked"),
    [
        (BUCKET, {"s3:ListBucket", "s3:PutBucketPolicy"}),
        (OBJECT, {"s3:GetObject", "s3:PutObjectAcl"}),
        ("*", {"s3:CreateJob", "s3:DescribeJob", "s3:PutAccountPublicAccessBlock"}),
        (f"arn:aws:s3:eu-west-1:{DATA.id}:job/x", {"s3:DescribeJob"}),
        (f"arn:aws:s3:eu-west-1:{DATA.id}:accesspoint/x/object/y", {"s3:GetObject", "s3:PutObjectAcl"}),
        ("arn:aws-cn:s3:::logs", {"s3:ListBucket", "s3:PutBucketPolicy"}),
        ("arn:aws:sqs:eu-west-1:111122223333:queue", set()),
        ("xacct-sample", set()),
    ],
)
def test_actions_are_asked_of_the_resources_that_they_have(resource: str, asked: set[str]) -> None:
    """Service Authorization Reference, S3: the resource types of each."""
    some = {
        "s3:CreateJob",
        "s3:DescribeJob",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutAccountPublicAccessBlock",
        "s3:PutBucketPolicy",
        "s3:PutObjectAcl",
    }
    assert {one for one in some if matched((one.lower(),)) & asked_of(resource)} == asked


def test_classes_are_all_of_the_actions_and_none_twice() -> None:
    where = holding(allow("s3:Get*"), deny("s3:*Acl"), all_but("s3:Put*"))
    found = [one for some in Alike([where]).classes(ALL, OBJECT) for one in some]
    assert len(found) == len(set(found)) == asked_of(OBJECT).bit_count()
    only = [one for some in Alike([where]).classes(matched(("s3:put*",)), OBJECT) for one in some]
    assert {"s3:PutObjectAcl", "s3:PutObjectTagging"} < set(only)
    assert all(one.startswith("s3:Put") for one in only)


def test_what_changes_permissions_is_told_first_and_what_writes_next() -> None:
    """Access levels of the Service Authorization Reference."""
    assert weightiest_first(
        ["s3:GetObjectAcl", "s3:DeleteObjectVersion", "s3:PutObjectAcl", "s3:ListBucketVersions"]
    ) == ["s3:PutObjectAcl", "s3:DeleteObjectVersion", "s3:GetObjectAcl", "s3:ListBucketVersions"]
