"""A bucket is there, is not there, or nobody knows."""

import json

import pytest

from tests.fakes import FakeGateway, no_answer, refusal
from xacct.account import Account
from xacct.engine.reading.buckets import read_bucket
from xacct.platform import AWS, PRIVATE
from xacct.policy.document import Document
from xacct.snapshot import BucketRecord, Unread

DATA = Account(name="data", id="325271821652")
POLICY = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}
)
THERE = {
    "s3:HeadBucket": {},
    "s3:GetBucketPolicy": {"Policy": POLICY},
    "s3:GetBucketLocation": {"LocationConstraint": "eu-central-1"},
    "s3:GetBucketEncryption": {
        "ServerSideEncryptionConfiguration": {
            "Rules": [
                {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}}
            ]
        }
    },
    "s3:GetBucketOwnershipControls": {
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    },
    "s3:GetPublicAccessBlock": {
        "PublicAccessBlockConfiguration": {"BlockPublicPolicy": True, "BlockPublicAcls": False}
    },
}


def read(script, platform=AWS):
    gateway = FakeGateway(DATA, script, platform=platform)
    return read_bucket(gateway, "snapshots"), gateway


def test_everything_about_a_bucket():
    found, gateway = read(THERE)
    assert found == BucketRecord(
        name="snapshots",
        policy=Document.parse(POLICY),
        region="eu-central-1",
        encryption="aws:kms",
        key="k",
        ownership="BucketOwnerEnforced",
        public_access_block=frozenset({"BlockPublicPolicy"}),
    )
    assert {call.params["ExpectedBucketOwner"] for call in gateway.asked} == {DATA.id}


def test_missing_bucket_is_absent_and_nothing_more_is_asked():
    found, gateway = read({"s3:HeadBucket": refusal("404", 404)})
    assert found == BucketRecord(name="snapshots", exists=False)
    assert len(gateway.asked) == 1


def test_bucket_without_any_configuration_has_none_and_that_is_known():
    found, _ = read({"s3:HeadBucket": {}})
    assert found == BucketRecord(
        name="snapshots",
        region="us-east-1",
        encryption="",
        key="",
        ownership="",
        public_access_block=frozenset(),
    )


def test_what_the_service_does_not_say_is_none():
    operations = (
        "GetBucketLocation",
        "GetBucketEncryption",
        "GetBucketOwnershipControls",
        "GetPublicAccessBlock",
    )
    found, _ = read(
        {"s3:HeadBucket": {}, **{f"s3:{name}": refusal("NotImplemented", 501) for name in operations}}
    )
    assert found == BucketRecord(name="snapshots")


def test_refused_head_is_unknown_and_never_absent():
    found, _ = read({"s3:HeadBucket": refusal("403", 403)})
    assert isinstance(found, Unread)
    assert found.what == "bucket/snapshots"
    assert "403" in found.reason


def test_bucket_whose_policy_denies_listing_to_everybody_is_read_all_the_same():
    """HeadBucket needs s3:ListBucket; the policy itself can still be read, and the owner is named in the call."""
    deny = '{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:ListBucket","Resource":"*"}]}'
    answers = {"s3:HeadBucket": refusal("403", 403), "s3:GetBucketPolicy": {"Policy": deny}}
    found, _ = read(answers)
    assert isinstance(found, BucketRecord)
    assert found.policy is not None
    elsewhere, _ = read(answers, platform=PRIVATE)
    assert isinstance(elsewhere, Unread)


def test_bucket_of_another_account_is_said_to_be_one():
    def head(params):
        if "ExpectedBucketOwner" in params:
            raise refusal("403", 403)
        return {}

    found, _ = read({"s3:HeadBucket": head})
    assert "belongs to another account than 325271821652" in found.reason


@pytest.mark.parametrize("error", [refusal(), no_answer(), refusal("MethodNotAllowed", 405)], ids=str)
def test_unreadable_policy_leaves_the_bucket_unknown(error):
    found, _ = read({"s3:HeadBucket": {}, "s3:GetBucketPolicy": error})
    assert isinstance(found, Unread)


@pytest.mark.parametrize(
    ("told", "platform", "region"),
    [
        ("EU", AWS, "eu-west-1"),
        (None, AWS, "us-east-1"),
        (None, PRIVATE, ""),
        ("default", PRIVATE, "default"),
    ],
)
def test_location_without_a_name_is_the_first_region_of_the_public_cloud(told, platform, region):
    found, _ = read({**THERE, "s3:GetBucketLocation": {"LocationConstraint": told}}, platform)
    assert found.region == region
