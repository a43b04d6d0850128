"""Two new roles that trust each other: IAM takes neither trust before the other role is there (trap 20)."""

from __future__ import annotations

from collections.abc import Callable

from tests.functional.conftest import Cloud
from xacct.errors import ExitCode

MANIFEST = """
version: 1
name: mutual
accounts:
  data: {id: "325271821652", profile: data}
  apps: {id: "290122656840", profile: apps}
roles:
  data/role/left: {trust: {principals: [apps/role/right]}}
  apps/role/right: {trust: {principals: [data/role/left]}}
"""


def test_new_roles_that_trust_each_other_are_made_and_taken_away(make_cloud: Callable[..., Cloud]) -> None:
    cloud = make_cloud("325271821652", "290122656840")
    path = cloud.write("xacct.yaml", MANIFEST)
    cloud.furnish(path)
    done = cloud.xacct("apply", "--yes", "-f", path)
    assert done.code == ExitCode.DONE, done.err
    assert cloud.xacct("plan", "--detailed-exitcode", "-f", path).code == ExitCode.DONE
    left = cloud.world.client("iam", "325271821652").get_role(RoleName="left")["Role"]
    assert (
        left["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"]
        == "arn:aws:iam::290122656840:role/right"
    )
    gone = cloud.xacct("destroy", "--yes", "-f", path)
    assert gone.code == ExitCode.DONE, gone.err
    assert not cloud.world.client("iam", "325271821652").list_roles()["Roles"]
