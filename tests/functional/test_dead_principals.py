"""A deleted principal in a foreign statement is found when planning, not by the service (trap 3)."""

from __future__ import annotations

import json

import pytest

DATA, APPS = "325271821652", "290122656840"
MANIFEST = f"""
version: 1
name: sharing
accounts:
  data: {{id: "{DATA}", profile: data}}
buckets:
  data/bucket/logs:
    policy:
      Version: "2012-10-17"
      Statement:
        - {{Effect: Deny, Principal: "*", Action: "s3:PutBucketAcl", Resource: "arn:aws:s3:::logs"}}
"""


def foreign(*principals):
    return {
        "Sid": "Theirs",
        "Effect": "Allow",
        "Principal": {"AWS": list(principals)},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::logs/*",
    }


@pytest.fixture
def cloud(make_cloud):
    made = make_cloud(DATA, APPS)
    made.furnish(made.write("xacct.yaml", MANIFEST))
    iam = made.world.client("iam", APPS)
    for name in ("gone", "here"):
        iam.create_user(UserName=name)
    document = {
        "Version": "2012-10-17",
        "Statement": [foreign(*(f"arn:aws:iam::{APPS}:user/{name}" for name in ("gone", "here")))],
    }
    made.world.client("s3", DATA).put_bucket_policy(Bucket="logs", Policy=json.dumps(document))
    iam.delete_user(UserName="gone")
    return made


def live(cloud):
    return json.loads(cloud.world.client("s3", DATA).get_bucket_policy(Bucket="logs")["Policy"])["Statement"]


def test_it_is_refused_with_the_id_and_the_way_out(cloud):
    (id_,) = [one for one in live(cloud)[0]["Principal"]["AWS"] if not one.startswith("arn:")]
    since = len(cloud.sandbox.requests)
    ran = cloud.xacct("apply", "--yes")
    assert ran.code == 6
    assert id_ in ran.err
    assert "--drop-dead-principals" in ran.err
    assert not [seen for seen in cloud.sandbox.requests[since:] if seen.operation.startswith("Put")]


def test_the_service_would_have_refused_the_put(cloud):
    """What the guard says is so: the embedded cloud refuses it as S3 does."""
    statements = [*live(cloud), foreign(f"arn:aws:iam::{APPS}:user/here") | {"Sid": "More"}]
    client = cloud.world.client("s3", DATA)
    with pytest.raises(client.exceptions.ClientError, match="MalformedPolicy"):
        client.put_bucket_policy(
            Bucket="logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": statements})
        )


def test_with_the_word_only_the_dead_one_leaves(cloud):
    ran = cloud.xacct("apply", "--yes", "--drop-dead-principals")
    assert ran.code == 0, ran.err
    theirs, ours = live(cloud)
    assert theirs["Sid"] == "Theirs"
    assert theirs["Principal"] == {"AWS": [f"arn:aws:iam::{APPS}:user/here"]} or theirs["Principal"] == {
        "AWS": f"arn:aws:iam::{APPS}:user/here"
    }
    assert ours["Effect"] == "Deny"
    assert cloud.xacct("plan", "--detailed-exitcode").code == 0


def test_a_not_principal_is_left_to_a_person(cloud):
    iam, s3 = cloud.world.client("iam", APPS), cloud.world.client("s3", DATA)
    iam.create_user(UserName="spared")
    spared = foreign("x") | {"Effect": "Deny", "NotPrincipal": {"AWS": f"arn:aws:iam::{APPS}:user/spared"}}
    del spared["Principal"]
    s3.put_bucket_policy(Bucket="logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [spared]}))
    iam.delete_user(UserName="spared")
    before = live(cloud)
    ran = cloud.xacct("apply", "--yes", "--drop-dead-principals")
    assert ran.code == 6
    assert "by hand" in ran.err
    assert live(cloud) == before
