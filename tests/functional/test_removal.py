"""What goes and what stays: by mark, by the earlier manifest, by the manifest's word; foreign text is kept."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.conftest import MANIFESTS, Cloud
from xacct.errors import ExitCode

DATA, ANALYTICS = "325271821652", "290122656840"
PLAIN = MANIFESTS / "seed-plain" / "xacct.yaml"
ROLE = "cross-bucket-access-mongodb-logs"

LINK = f"""
version: 1
name: logs
accounts:
  data: {{id: "{DATA}", profile: acct-b}}
  analytics: {{id: "{ANALYTICS}", profile: acct-a}}
users:
  analytics/user/user01: {{profile: acct-a-user01}}
links:
  - role: data/role/reader
    trust: [analytics/user/user01]
    grant: [analytics/group/Testers, analytics/group/Auditors]
    bucket: mongodb-snapshots
    access: [list, read]
"""

FOREIGN_GRANT = (
    '{ "Version": "2012-10-17",  "Statement": { "Sid":"", "Effect":"Deny", "Action":"ec2:*","Resource":"*"} }'
)


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    made = make_cloud(DATA, ANALYTICS)
    made.furnish(MANIFESTS / "seed-link.yaml")
    return made


def group_policies(cloud: Cloud, group: str = "Testers") -> dict[str, Any]:
    iam = cloud.world.client("iam", ANALYTICS)
    names = iam.list_group_policies(GroupName=group)["PolicyNames"]
    return {name: iam.get_group_policy(GroupName=group, PolicyName=name)["PolicyDocument"] for name in names}


def ok(cloud: Cloud, *words: Any) -> str:
    done = cloud.xacct(*words)
    assert done.code == ExitCode.DONE, done.out + done.err
    return done.out


def test_a_grant_of_a_link_goes_by_its_mark_and_nothing_else_does(cloud: Cloud) -> None:
    path = cloud.write("xacct.yaml", LINK)
    cloud.furnish(path)
    ok(cloud, "apply", "--yes")
    iam = cloud.world.client("iam", ANALYTICS)
    iam.put_group_policy(GroupName="Auditors", PolicyName="by-hand", PolicyDocument=FOREIGN_GRANT)
    kept = group_policies(cloud)
    cloud.write("xacct.yaml", LINK.replace(", analytics/group/Auditors", ""))

    plan = json.loads(ok(cloud, "plan", "--format", "json"))
    assert [(step["action"], step["address"]) for step in plan["steps"]] == [
        ("delete", "analytics/group-policy/Auditors/xacct-logs-reader")
    ]
    ok(cloud, "apply", "--yes")
    assert group_policies(cloud, "Auditors") == {"by-hand": json.loads(FOREIGN_GRANT)}
    assert group_policies(cloud) == kept
    assert "No differences" in ok(cloud, "plan")


def test_a_marked_grant_that_was_edited_needs_a_word(cloud: Cloud) -> None:
    path = cloud.write("xacct.yaml", LINK)
    cloud.furnish(path)
    ok(cloud, "apply", "--yes")
    iam = cloud.world.client("iam", ANALYTICS)
    edited = group_policies(cloud, "Auditors")["xacct-logs-reader"]
    edited["Statement"].append({"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"})
    iam.put_group_policy(
        GroupName="Auditors", PolicyName="xacct-logs-reader", PolicyDocument=json.dumps(edited)
    )
    cloud.write("xacct.yaml", LINK.replace(", analytics/group/Auditors", ""))
    before = len(cloud.sandbox.requests)

    refused = cloud.xacct("apply", "--yes")
    assert refused.code == ExitCode.REFUSED
    assert "--prune-edited" in refused.err
    assert not writes(cloud, before)
    ok(cloud, "apply", "--yes", "--prune-edited")
    assert group_policies(cloud, "Auditors") == {}


def writes(cloud: Cloud, since: int = 0) -> list[str]:
    """The operations since then that change something."""
    reads = ("Get", "List", "Head", "Describe", "AssumeRole")
    return [seen.operation for seen in cloud.sandbox.requests[since:] if not seen.operation.startswith(reads)]


def without_grant(cloud: Cloud) -> None:
    """The plain manifest beside its documents, its grant taken out."""
    for document in PLAIN.parent.glob("*.json"):
        cloud.write(document.name, document.read_text())
    text = PLAIN.read_text()
    start, end = text.index("groups:"), text.index("users:")
    cloud.write("xacct.yaml", text[:start] + text[end:])


def test_a_grant_of_the_plain_form_without_a_word_is_reported_and_left(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes", "-f", PLAIN)
    without_grant(cloud)
    said = ok(cloud, "plan")
    assert "analytics/group-policy/Testers/mongodb-bucket-access-role is not declared" in said
    assert "0 to delete" in said or "No differences" in said
    ok(cloud, "apply", "--yes")
    assert set(group_policies(cloud)) == {"mongodb-bucket-access-role"}


@pytest.mark.parametrize("way", ["file", "revision", "removed"])
def test_a_grant_of_the_plain_form_goes_by_the_earlier_manifest_or_by_word(way: str, cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes", "-f", PLAIN)
    iam = cloud.world.client("iam", ANALYTICS)
    iam.put_group_policy(GroupName="Testers", PolicyName="by-hand", PolicyDocument=FOREIGN_GRANT)
    words: tuple[Any, ...] = ()
    if way == "file":
        words = ("--was", PLAIN)
    elif way == "revision":
        for document in PLAIN.parent.iterdir():
            cloud.write(document.name, document.read_text())
        for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
            identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
            subprocess.run(["git", *identity, *command], cwd=cloud.folder, check=True)
        words = ("--was", "HEAD")
    without_grant(cloud)
    if way == "removed":
        with (cloud.folder / "xacct.yaml").open("a") as file:
            file.write("removed: [analytics/group-policy/Testers/mongodb-bucket-access-role]\n")
    plan = json.loads(ok(cloud, "plan", "--format", "json", *words))
    assert [(step["action"], step["address"]) for step in plan["steps"]] == [
        ("delete", "analytics/group-policy/Testers/mongodb-bucket-access-role")
    ]
    ok(cloud, "apply", "--yes", *words)
    assert group_policies(cloud) == {"by-hand": json.loads(FOREIGN_GRANT)}
    assert "No differences" in ok(cloud, "plan", *words)


BUCKET_POLICY = (
    LINK
    + """
buckets:
  data/bucket/mongodb-snapshots:
    policy:
      Version: "2012-10-17"
      Statement:
        - Sid: ReadersOnly
          Effect: Allow
          Principal: {AWS: "arn:aws:iam::290122656840:user/user01"}
          Action: s3:GetObject
          Resource: arn:aws:s3:::mongodb-snapshots/*
"""
)
FOREIGN_STATEMENT = (
    '{"Sid" : "by hand", "Effect":"Deny",\n   "Principal": "*", "Action":"s3:DeleteBucket",'
    ' "Resource":"arn:aws:s3:::mongodb-snapshots"}'
)


def test_a_foreign_statement_in_a_bucket_policy_keeps_its_text(cloud: Cloud) -> None:
    s3 = cloud.world.client("s3", DATA)
    s3.put_bucket_policy(
        Bucket="mongodb-snapshots",
        Policy=f'{{"Version": "2012-10-17", "Id":"x", "Statement": [{FOREIGN_STATEMENT}]}}',
    )
    path = cloud.write("xacct.yaml", BUCKET_POLICY)
    cloud.furnish(path)
    ok(cloud, "apply", "--yes")
    merged = s3.get_bucket_policy(Bucket="mongodb-snapshots")["Policy"]
    # The service stores user01 by its id and rewrites the text it shows; the statements themselves must all be there.
    statements = json.loads(merged)["Statement"]
    assert json.loads(FOREIGN_STATEMENT) in statements
    assert len(statements) == 2
    assert json.loads(merged)["Id"] == "x"
    assert "No differences" in ok(cloud, "plan")
    ok(cloud, "destroy", "--yes")
    left = s3.get_bucket_policy(Bucket="mongodb-snapshots")["Policy"]
    assert json.loads(left)["Statement"] == [json.loads(FOREIGN_STATEMENT)]


def test_a_bucket_policy_that_only_we_wrote_goes_as_a_whole(cloud: Cloud) -> None:
    path = cloud.write("xacct.yaml", BUCKET_POLICY)
    cloud.furnish(path)
    ok(cloud, "apply", "--yes")
    ok(cloud, "destroy", "--yes")
    s3 = cloud.world.client("s3", DATA)
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket="mongodb-snapshots")


def test_a_role_that_is_not_ours_is_not_touched_without_a_word(cloud: Cloud) -> None:
    iam = cloud.world.client("iam", DATA)
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": DATA}, "Action": "sts:AssumeRole"}],
    }
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    before = len(cloud.sandbox.requests)
    refused = cloud.xacct("apply", "--yes", "-f", MANIFESTS / "seed-link.yaml")
    assert refused.code == ExitCode.REFUSED
    assert "--adopt" in refused.err
    assert not writes(cloud, before)
    ok(cloud, "apply", "--yes", "--adopt", "-f", MANIFESTS / "seed-link.yaml")
    assert "No differences" in ok(cloud, "plan", "-f", MANIFESTS / "seed-link.yaml")


def test_a_role_with_a_foreign_policy_in_it_is_not_destroyed_halfway(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes", "-f", MANIFESTS / "seed-link.yaml")
    cloud.world.client("iam", DATA).put_role_policy(
        RoleName=ROLE, PolicyName="by-hand", PolicyDocument=FOREIGN_GRANT
    )
    before = len(cloud.sandbox.requests)
    refused = cloud.xacct("destroy", "--yes", "-f", MANIFESTS / "seed-link.yaml")
    assert refused.code == ExitCode.REFUSED
    assert "role-policy/cross-bucket-access-mongodb-logs/by-hand" in refused.err
    assert not writes(cloud, before)


def test_the_name_of_another_manifest_is_not_taken_over(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes", "-f", MANIFESTS / "seed-link.yaml")
    other = (MANIFESTS / "seed-link.yaml").read_text().replace(ROLE, "another-role")
    cloud.write("xacct.yaml", other)
    refused = cloud.xacct("apply", "--yes")
    assert refused.code == ExitCode.REFUSED
    assert "The name is taken" in refused.err
