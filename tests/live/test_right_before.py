"""What others change between a plan and its writes is seen right before each write, on every platform."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.live.cloud import Live
from tests.meanwhile import Meanwhile, others
from xacct.errors import ExitCode

pytestmark = pytest.mark.slow

MANIFEST = """
version: 1
name: looked
accounts:
  data: {id: "325271821652", profile: acct-b}
  analytics: {id: "290122656840", profile: acct-a}
users:
  analytics/user/user01:
    profile: acct-a-user01
    grants:
      own:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: "s3:GetObject", Resource: "arn:aws:s3:::looked-at/WORD"}]
groups:
  analytics/group/Testers:
    grants:
      own:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: "s3:GetObject", Resource: "arn:aws:s3:::looked-at/WORD"}]
roles:
  data/role/team/held:
    trust: {principals: [analytics/user/user01]}
    description: "WORD"
    tags: {team: "WORD"}
    policies:
      own:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: "s3:GetObject", Resource: "arn:aws:s3:::looked-at/WORD"}]
buckets:
  data/bucket/looked-at:
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: {AWS: "arn:aws:iam::290122656840:user/user01"}
          Action: "s3:GetObject"
          Resource: "arn:aws:s3:::looked-at/WORD"
"""


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    return others(monkeypatch)


def edit(live: Live) -> None:
    """Everything that is ours, each by hand."""
    bucket = live.bucket("looked-at")
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/by-hand"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    data, analytics, s3 = (
        live.client(*one) for one in (("iam", "data"), ("iam", "analytics"), ("s3", "data"))
    )
    data.put_role_policy(RoleName="held", PolicyName="own", PolicyDocument=text)
    data.update_role(RoleName="held", Description="by hand", MaxSessionDuration=7200)
    analytics.put_group_policy(GroupName="Testers", PolicyName="own", PolicyDocument=text)
    analytics.put_user_policy(UserName="user01", PolicyName="own", PolicyDocument=text)
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    policy["Statement"][0]["Resource"] = f"arn:aws:s3:::{bucket}/by-hand"
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def held(live: Live) -> dict[str, Any]:
    """All of it as it is."""
    data, analytics = live.client("iam", "data"), live.client("iam", "analytics")
    role = data.get_role(RoleName="held")["Role"]
    return {
        "role": (role["Description"], role["MaxSessionDuration"]),
        "role policy": data.get_role_policy(RoleName="held", PolicyName="own")["PolicyDocument"],
        "group policy": analytics.get_group_policy(GroupName="Testers", PolicyName="own")["PolicyDocument"],
        "user policy": analytics.get_user_policy(UserName="user01", PolicyName="own")["PolicyDocument"],
        "bucket policy": live.client("s3", "data").get_bucket_policy(Bucket=live.bucket("looked-at"))[
            "Policy"
        ],
    }


def test_nothing_that_others_changed_is_written_over_or_taken_away(live: Live, meanwhile: Meanwhile) -> None:
    live.stage(MANIFEST.replace("WORD", "one"))
    live.done("apply", "--yes")
    live.stage(MANIFEST.replace("WORD", "two"), furnish=False)
    meanwhile("", lambda: edit(live))
    said = live.done("apply", "--yes", code=ExitCode.REFUSED)
    assert "0 of 6 steps done" in said
    assert said.count("was changed since the plan was made") + said.count("held back, because") == 6
    edited = held(live)
    assert all("by-hand" in json.dumps(one) for name, one in edited.items() if name != "role")
    assert edited["role"] == ("by hand", 7200)


def test_what_nobody_changed_is_as_it_was_to_a_look(live: Live) -> None:
    """Nothing is refused because a service tells a thing alone in other words than among all."""
    live.stage(MANIFEST.replace("WORD", "one"))
    live.done("apply", "--yes")
    live.stage(MANIFEST.replace("WORD", "two"), furnish=False)
    live.done("apply", "--yes")
    assert "No differences" in live.done("plan")
    live.done("destroy", "--yes")
