"""Questions that would be answered with a bare no, and are only misspelt or misplaced."""

from __future__ import annotations

import pytest

from xacct.access.sense import remarks

BUCKET = "arn:aws:s3:::mongodb-snapshots"
ROLE = "arn:aws:iam::111122223333:role/app/reader"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:ListBucket", BUCKET),
        ("s3:GetObject", f"{BUCKET}/a/b"),
        ("S3:getobject", f"{BUCKET}/a"),
        ("s3:GetObject", "arn:aws-cn:s3:::b/a"),
        ("sts:AssumeRole", ROLE),
        ("s3:ListAllMyBuckets", "*"),
    ],
)
def test_a_question_that_makes_sense_gets_no_remark(action: str, resource: str) -> None:
    assert remarks(action, resource) == ()


def test_an_action_that_no_service_has_gets_the_one_that_was_meant() -> None:
    assert remarks("s3:GetObjekt", BUCKET) == (
        "No service has an action s3:GetObjekt. Did you mean s3:GetObject?",
    )
    assert remarks("zz:Zz", BUCKET) == ("No service has an action zz:Zz.",)


def test_reading_a_bucket_and_listing_an_object_are_never_asked() -> None:
    """Trap: bucket and bucket/* are two resources."""
    (read,) = remarks("s3:GetObject", BUCKET)
    assert read.startswith(f"s3:GetObject is never asked of {BUCKET}, only of ")
    assert "arn:aws:s3:::{BucketName}/{ObjectName}" in read
    (listing,) = remarks("s3:ListBucket", f"{BUCKET}/a")
    assert listing.endswith("arn:aws:s3:::{BucketName}.")
    assert remarks("s3:GetObject", ROLE)
