"""Truth tables from the Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3"."""

from __future__ import annotations

from pathlib import Path

import pytest

from xacct.manifest.documents import permission_statements
from xacct.manifest.loading.load import load_manifest
from xacct.manifest.s3_actions import lists, meant, of_the_bucket, on_objects

LINK = """
version: 1
name: demo
accounts:
  data: {id: "111122223333"}
  apps: {id: "444455556666"}
links:
  - role: data/role/reader
    trust: [apps/user/anna]
    grant: [apps/group/Testers]
    bucket: logs
"""
BUCKET, OBJECTS, BELOW = "arn:aws:s3:::logs", "arn:aws:s3:::logs/*", "arn:aws:s3:::logs/team/*"
INSIDE = {"StringLike": {"s3:prefix": ["team/", "team/*"]}}


@pytest.mark.parametrize(
    ("action", "objects", "listing"),
    [
        ("s3:GetObject", True, False),
        ("s3:getobject", True, False),
        ("s3:GetObject*", True, False),
        ("s3:PutObjectAcl", True, False),
        ("s3:AbortMultipartUpload", True, False),
        ("s3:ListMultipartUploadParts", True, False),
        ("s3:ListBucket", False, True),
        ("s3:ListBucketVersions", False, True),
        ("s3:ListBucketV*", False, True),
        ("s3:ListBucketMultipartUploads", False, False),
        ("s3:GetBucketLocation", False, False),
        ("s3:ListBucket*", False, False),
        ("s3:Get*", False, False),
        ("s3:*", False, False),
        ("s3:NoSuchThing", False, False),
        ("ec2:GetObject", False, False),
    ],
)
def test_what_an_action_is_about(action: str, objects: bool, listing: bool) -> None:
    assert (on_objects(action), lists(action)) == (objects, listing)


def test_a_pattern_stands_for_all_that_it_fits() -> None:
    assert meant("S3:getobjecttag*") == ("s3:GetObjectTagging",)
    assert set(of_the_bucket("s3:*BucketAcl")) == {"s3:GetBucketAcl", "s3:PutBucketAcl"}
    assert of_the_bucket("s3:GetObject*") == ()


@pytest.mark.parametrize(
    ("given", "statements"),
    [
        ("actions: [s3:GetObject*]", [("s3:GetObject*", OBJECTS, None)]),
        ("actions: [s3:GetBucket*]", [("s3:GetBucket*", BUCKET, None)]),
        ("{prefixes: [team/], actions: [s3:GetObject*]}", [("s3:GetObject*", BELOW, None)]),
        (
            "{prefixes: [team/], access: [list], actions: [s3:ListBucketVersions, s3:GetBucketLocation]}",
            [
                (["s3:ListBucket", "s3:ListBucketVersions"], BUCKET, INSIDE),
                ("s3:GetBucketLocation", BUCKET, None),
            ],
        ),
        (
            "{access: [list], actions: [s3:ListBucketV*]}",
            [(["s3:ListBucket", "s3:ListBucketV*"], BUCKET, None)],
        ),
    ],
)
def test_each_action_stands_on_what_it_is_about(
    tmp_path: Path, given: str, statements: list[tuple[object, object, object]]
) -> None:
    path = tmp_path / "xacct.yaml"
    lines = given.strip("{}").replace("], ", "]\n    ")
    path.write_text(f"{LINK}    {lines}\n")
    (link,) = load_manifest([path]).links.values()
    assert [
        (one["Action"], one["Resource"], one.get("Condition")) for one in permission_statements(link)
    ] == statements
