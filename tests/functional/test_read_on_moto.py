"""Reading real shapes of answers: the bulk call and list-and-get give one and the same snapshot."""

import json
import os
from dataclasses import fields, replace

import boto3
import pytest
from moto import mock_aws

from tests.unit.engine.steps import plan_of, step
from xacct.account import Account, AccountSpec, Environment
from xacct.aws.session import Sessions
from xacct.engine.applying.apply import apply
from xacct.engine.reading.read import read_account
from xacct.plan.outcome import Applied
from xacct.policy.document import Document
from xacct.resource import Call, Splice

DATA = Account(name="data", id="123456789012")
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a%2Bb/ü+x/*"}],
    },
    ensure_ascii=False,
)
OLDER = POLICY.replace("GetObject", "PutObject")
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": DATA.root}}],
    }
)
BUCKET_POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Backup",
                "Effect": "Allow",
                "Principal": {"AWS": DATA.root},
                "Action": "s3:*",
                "Resource": "*",
            }
        ],
    }
)


@pytest.fixture
def gateway(monkeypatch):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    with mock_aws():
        yield Sessions().gateway(AccountSpec(account=DATA, credentials=Environment()))


@pytest.fixture
def furnished(gateway):
    iam, s3 = boto3.client("iam"), boto3.client("s3", region_name="us-east-1")
    for number in range(3):
        name = f"role{number}"
        iam.create_role(
            RoleName=name,
            Path="/app/",
            AssumeRolePolicyDocument=TRUST,
            Description=f"number {number}",
            MaxSessionDuration=3600 + number,
            Tags=[{"Key": "a", "Value": str(number)}],
        )
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=POLICY)
    arn = iam.create_policy(PolicyName="mp", Path="/xacct/n/", PolicyDocument=OLDER, Description="d")[
        "Policy"
    ]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=POLICY, SetAsDefault=True)
    iam.attach_role_policy(RoleName="role0", PolicyArn=arn)
    iam.create_instance_profile(InstanceProfileName="ip")
    iam.add_role_to_instance_profile(InstanceProfileName="ip", RoleName="role0")
    iam.create_user(UserName="anna", Path="/team/", Tags=[{"Key": "t", "Value": "1"}])
    iam.create_group(GroupName="Testers")
    iam.add_user_to_group(GroupName="Testers", UserName="anna")
    iam.put_user_policy(UserName="anna", PolicyName="u", PolicyDocument=POLICY)
    iam.put_group_policy(GroupName="Testers", PolicyName="g", PolicyDocument=POLICY)
    iam.attach_group_policy(GroupName="Testers", PolicyArn=arn)
    s3.create_bucket(Bucket="snapshots")
    s3.put_bucket_policy(Bucket="snapshots", Policy=BUCKET_POLICY)
    s3.put_public_access_block(
        Bucket="snapshots",
        PublicAccessBlockConfiguration={"BlockPublicPolicy": True, "BlockPublicAcls": False},
    )
    return gateway


def test_snapshot_holds_what_was_made(furnished):
    snapshot = read_account(furnished, buckets=["snapshots", "nowhere"])
    assert not snapshot.unread
    role = snapshot.roles["role0"]
    assert role.arn == DATA.iam_arn("role/app/role0")
    assert role.trust == Document.parse(TRUST)
    assert role.inline["p"].source == POLICY
    assert (role.description, role.max_session, dict(role.tags)) == ("number 0", 3600, {"a": "0"})
    assert (role.attached, role.instance_profiles) == ({DATA.iam_arn("policy/xacct/n/mp")}, {"ip"})
    assert snapshot.roles["role2"].max_session == 3602
    assert snapshot.users["anna"].groups == {"Testers"}
    assert snapshot.users["anna"].inline["u"] == Document.parse(POLICY)
    assert snapshot.groups["Testers"].inline["g"] == Document.parse(POLICY)
    policy = snapshot.policies["mp"]
    assert (policy.document, policy.default_version, policy.versions) == (
        Document.parse(POLICY),
        "v2",
        ("v1", "v2"),
    )
    bucket = snapshot.buckets["snapshots"]
    assert bucket.policy.source == BUCKET_POLICY
    assert bucket.public_access_block == {"BlockPublicPolicy"}
    assert not snapshot.buckets["nowhere"].exists


def test_both_ways_of_reading_give_the_same_snapshot(furnished):
    bulk = read_account(furnished, buckets=["snapshots"])
    furnished.platform = replace(furnished.platform, bulk_read=False)
    piecemeal = read_account(furnished, buckets=["snapshots"])
    for field in fields(bulk):
        assert getattr(piecemeal, field.name) == getattr(bulk, field.name), field.name
    assert furnished.counts["iam:GetAccountAuthorizationDetails"] == 1


def test_what_apply_sends_is_read_back(furnished):
    owner = {"Bucket": "snapshots", "ExpectedBucketOwner": DATA.id}
    ours = json.dumps(
        {
            "Sid": "Xacct1",
            "Effect": "Allow",
            "Principal": {"AWS": DATA.id},
            "Action": "s3:Get*",
            "Resource": "*",
        }
    )
    requests = (
        Call.of("iam", "CreateRole", RoleName="new", AssumeRolePolicyDocument=TRUST),
        Call.of("iam", "PutRolePolicy", RoleName="new", PolicyName="p", PolicyDocument=POLICY),
        Splice(
            read=Call.of("s3", "GetBucketPolicy", **owner),
            write=Call.of("s3", "PutBucketPolicy", **owner),
            remove=Call.of("s3", "DeleteBucketPolicy", **owner),
            parameter="Policy",
            put=(ours,),
        ),
        Call.of("iam", "DeleteRolePolicy", RoleName="role1", PolicyName="not-there"),
    )
    plan = plan_of(step(1, DATA, calls=requests), accounts=(DATA,))
    last = list(apply(plan, {"data": furnished}, sleep=lambda seconds: None))[-1]
    assert isinstance(last, Applied)
    snapshot = read_account(furnished, buckets=["snapshots"])
    assert snapshot.roles["new"].inline["p"] == Document.parse(POLICY)
    assert [one.sid for one in snapshot.buckets["snapshots"].policy.statements] == ["Backup", "Xacct1"]
