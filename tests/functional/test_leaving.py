"""Who leaves a group leaves the trust made of its members in the same apply, not in the next one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest

from tests.functional.conftest import Cloud
from xacct.errors import ExitCode

DATA, ANALYTICS = "325271821652", "290122656840"

LINK = f"""
version: 1
name: logs
accounts:
  data: {{id: "{DATA}", profile: acct-b}}
  analytics: {{id: "{ANALYTICS}", profile: acct-a}}
users:
  analytics/user/ann: {{profile: acct-a-ann}}
  analytics/user/bob: {{profile: acct-a-bob}}
groups:
  analytics/group/Readers:
    members: [MEMBERS]
links:
  - role: data/role/reader
    trust: [{{group: analytics/group/Readers, by: members}}]
    grant: [analytics/group/Readers]
    bucket: logs
    access: [read]
"""
BOTH = LINK.replace("MEMBERS", "analytics/user/ann, analytics/user/bob")
ANN = LINK.replace("MEMBERS", "analytics/user/ann")
REMOVED = f"{ANN}removed: [analytics/membership/Readers/bob]\n"


def trusted(cloud: Cloud) -> list[str]:
    iam = cloud.world.client("iam", DATA)
    trust = iam.get_role(RoleName="reader")["Role"]["AssumeRolePolicyDocument"]
    named = trust["Statement"][0]["Principal"]["AWS"]
    return [named] if isinstance(named, str) else sorted(named)


@pytest.mark.parametrize(
    ("later", "words"), [(ANN, ["--was", "earlier.yaml"]), (REMOVED, [])], ids=["--was", "removed"]
)
def test_who_leaves_the_group_leaves_the_trust_at_once(
    make_cloud: Callable[..., Cloud], later: str, words: Sequence[str]
) -> None:
    """Carol, whom somebody else put into the group, stays in both: a membership has no mark."""
    cloud = make_cloud(DATA, ANALYTICS)
    cloud.furnish(cloud.write("xacct.yaml", BOTH))
    iam = cloud.world.client("iam", ANALYTICS)
    iam.create_user(UserName="carol")
    iam.add_user_to_group(GroupName="Readers", UserName="carol")
    assert cloud.xacct("apply", "--yes").code == ExitCode.DONE
    ann, bob, carol = (f"arn:aws:iam::{ANALYTICS}:user/{name}" for name in ("ann", "bob", "carol"))
    assert trusted(cloud) == [ann, bob, carol]

    cloud.write("earlier.yaml", BOTH)
    cloud.write("xacct.yaml", later)
    plan = cloud.xacct("plan", "--format", "json", *words)
    assert plan.code == ExitCode.DONE, plan.err
    assert {(step["action"], step["address"]) for step in json.loads(plan.out)["steps"]} == {
        ("update", "data/role/reader"),
        ("delete", "analytics/membership/Readers/bob"),
    }
    assert "WILL NOT WORK" not in cloud.xacct("plan", *words).out
    done = cloud.xacct("apply", "--yes", *words)
    assert done.code == ExitCode.DONE, done.out + done.err
    assert trusted(cloud) == [ann, carol]
    assert "No differences" in cloud.xacct("plan", *words).out


def test_who_is_still_declared_is_not_on_the_way_out(make_cloud: Callable[..., Cloud]) -> None:
    cloud = make_cloud(DATA, ANALYTICS)
    cloud.furnish(cloud.write("xacct.yaml", BOTH))
    assert cloud.xacct("apply", "--yes").code == ExitCode.DONE
    cloud.write("earlier.yaml", BOTH)
    assert "No differences" in cloud.xacct("plan", "--was", "earlier.yaml").out
