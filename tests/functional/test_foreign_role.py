"""A link through a role that is not ours: own statements by Sid among those of its trust policy (trap 37)."""

from __future__ import annotations

import json

import pytest

DATA, APPS = "325271821652", "290122656840"
MANIFEST = f"""
version: 1
name: guest
accounts:
  data: {{id: "{DATA}", profile: data}}
  apps: {{id: "{APPS}", profile: apps}}
users:
  apps/user/anna: {{profile: apps-anna}}
roles:
  data/role/team/backup: {{existing: true}}
links:
  - name: guest
    role: data/role/team/backup
    trust: [apps/user/anna]
    grant: [apps/user/anna]
    bucket: logs
    access: [list, read]
"""
THEIRS = {
    "Sid": "Theirs",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{DATA}:root"},
    "Action": "sts:AssumeRole",
}


@pytest.fixture
def cloud(make_cloud):
    made = make_cloud(DATA, APPS)
    made.furnish(made.write("xacct.yaml", MANIFEST))
    iam = made.world.client("iam", DATA)
    if "backup" not in {role["RoleName"] for role in iam.list_roles()["Roles"]}:
        trust = json.dumps({"Version": "2012-10-17", "Statement": [THEIRS]})
        iam.create_role(RoleName="backup", Path="/team/", AssumeRolePolicyDocument=trust)
    else:
        trust = json.dumps({"Version": "2012-10-17", "Statement": [THEIRS]})
        iam.update_assume_role_policy(RoleName="backup", PolicyDocument=trust)
    return made


def statements(cloud):
    role = cloud.world.client("iam", DATA).get_role(RoleName="backup")["Role"]
    return role["AssumeRolePolicyDocument"]["Statement"]


def test_it_works_and_goes_again_and_theirs_stays(cloud):
    ran = cloud.xacct("apply", "--yes")
    assert ran.code == 0, ran.err
    theirs, ours = statements(cloud)
    assert theirs == THEIRS
    assert ours["Principal"] == {"AWS": f"arn:aws:iam::{APPS}:user/anna"}
    assert ours["Sid"].startswith("Xacct")
    assert cloud.xacct("plan", "--detailed-exitcode").code == 0
    assert "can list logs" in cloud.xacct("verify").out
    assert cloud.xacct("destroy", "--yes").code == 0
    assert statements(cloud) == [THEIRS]


def test_a_change_of_theirs_is_no_drift_and_a_change_of_ours_is(cloud):
    cloud.xacct("apply", "--yes")
    iam = cloud.world.client("iam", DATA)
    more = THEIRS | {"Sid": "More", "Principal": {"Service": "ec2.amazonaws.com"}}
    theirs, ours = statements(cloud)
    document = {"Version": "2012-10-17", "Statement": [theirs, ours, more]}
    iam.update_assume_role_policy(RoleName="backup", PolicyDocument=json.dumps(document))
    assert cloud.xacct("drift").code == 0
    wider = ours | {"Principal": {"AWS": f"arn:aws:iam::{APPS}:root"}}
    document = {"Version": "2012-10-17", "Statement": [theirs, wider, more]}
    iam.update_assume_role_policy(RoleName="backup", PolicyDocument=json.dumps(document))
    assert cloud.xacct("drift").code == 2
    assert cloud.xacct("apply", "--yes").code == 0
    assert statements(cloud) == [theirs, ours, more]


def test_where_nobody_else_is_left_the_role_is_closed(cloud):
    """A role cannot be without a trust policy, and an empty one would not be taken."""
    cloud.xacct("apply", "--yes")
    ours = statements(cloud)[1]
    cloud.world.client("iam", DATA).update_assume_role_policy(
        RoleName="backup", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [ours]})
    )
    ran = cloud.xacct("destroy", "--yes")
    assert ran.code == 0, ran.err
    (left,) = statements(cloud)
    assert left["Effect"] == "Deny"
    assert left["Action"] == "sts:AssumeRole"
