"""What others change between a plan and a write of it is seen right before the write, and is not written over."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.conftest import MANIFESTS, Cloud
from tests.functional.test_keys import LINK as SEALED
from tests.functional.test_keys import closed, key_policy, seal
from tests.functional.test_removal import ANALYTICS, DATA, ok, writes
from tests.meanwhile import Meanwhile, others
from xacct.errors import ExitCode
from xacct.kinds import marker

MANIFEST = f"""
version: 1
name: right
accounts:
  data: {{id: "{DATA}", profile: acct-b}}
  analytics: {{id: "{ANALYTICS}", profile: acct-a}}
users:
  analytics/user/user01:
    profile: acct-a-user01
    grants:
      own:
        Version: "2012-10-17"
        Statement: [{{Effect: Allow, Action: "sts:AssumeRole", Resource: "arn:aws:iam::{DATA}:role/user-policy"}}]
groups:
  analytics/group/Testers:
    grants:
      own:
        Version: "2012-10-17"
        Statement: [{{Effect: Allow, Action: "sts:AssumeRole", Resource: "arn:aws:iam::{DATA}:role/group-policy"}}]
roles:
  data/role/held:
    trust: {{principals: [analytics/user/user01]}}
    description: "role"
    policies:
      own:
        Version: "2012-10-17"
        Statement: [{{Effect: Allow, Action: "s3:GetObject", Resource: "arn:aws:s3:::right-bucket/role-policy"}}]
    managed_policies:
      - name: right-made
        Version: "2012-10-17"
        Statement: [{{Effect: Allow, Action: "s3:GetObject", Resource: "arn:aws:s3:::right-bucket/managed-policy"}}]
buckets:
  data/bucket/right-bucket:
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: {{AWS: "arn:aws:iam::{ANALYTICS}:user/user01"}}
          Action: "s3:GetObject"
          Resource: "arn:aws:s3:::right-bucket/bucket-policy"
"""
MADE = f"arn:aws:iam::{DATA}:policy/xacct/right/right-made"
OTHER = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}]}
)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ANALYTICS}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    made = make_cloud(DATA, ANALYTICS)
    made.furnish(made.write("xacct.yaml", MANIFEST))
    return made


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    return others(monkeypatch)


class Others:
    """What somebody else may do to each kind, and what is there then."""

    def __init__(self, cloud: Cloud) -> None:
        self.data, self.analytics = (cloud.world.client("iam", account) for account in (DATA, ANALYTICS))
        self.s3 = cloud.world.client("s3", DATA)

    def edit(self, kind: str) -> None:
        match kind:
            case "role":
                self.data.update_assume_role_policy(RoleName="held", PolicyDocument=TRUST)
            case "role-policy":
                self.data.put_role_policy(RoleName="held", PolicyName="own", PolicyDocument=OTHER)
            case "managed-policy":
                self.data.create_policy_version(PolicyArn=MADE, PolicyDocument=OTHER, SetAsDefault=True)
            case "group-policy":
                self.analytics.put_group_policy(GroupName="Testers", PolicyName="own", PolicyDocument=OTHER)
            case "user-policy":
                self.analytics.put_user_policy(UserName="user01", PolicyName="own", PolicyDocument=OTHER)
            case "bucket-policy":
                live = json.loads(self.s3.get_bucket_policy(Bucket="right-bucket")["Policy"])
                live["Statement"][0]["Action"] = "s3:PutObject"
                self.s3.put_bucket_policy(Bucket="right-bucket", Policy=json.dumps(live))

    def live(self, kind: str) -> Any:
        match kind:
            case "role":
                return self.data.get_role(RoleName="held")["Role"]["AssumeRolePolicyDocument"]
            case "role-policy":
                return self.data.get_role_policy(RoleName="held", PolicyName="own")["PolicyDocument"]
            case "managed-policy":
                version = self.data.get_policy(PolicyArn=MADE)["Policy"]["DefaultVersionId"]
                found = self.data.get_policy_version(PolicyArn=MADE, VersionId=version)
                return found["PolicyVersion"]["Document"]
            case "group-policy":
                found = self.analytics.get_group_policy(GroupName="Testers", PolicyName="own")
                return found["PolicyDocument"]
            case "user-policy":
                found = self.analytics.get_user_policy(UserName="user01", PolicyName="own")
                return found["PolicyDocument"]
            case _:
                return json.loads(self.s3.get_bucket_policy(Bucket="right-bucket")["Policy"])


KINDS = {
    "role": f"data/role/held in account {DATA}",
    "role-policy": f"data/role-policy/held/own in account {DATA}",
    "managed-policy": f"data/managed-policy/right-made in account {DATA}",
    "group-policy": f"analytics/group-policy/Testers/own in account {ANALYTICS}",
    "user-policy": f"analytics/user-policy/user01/own in account {ANALYTICS}",
    "bucket-policy": f"data/bucket-policy/right-bucket/{marker('right')} in account {DATA}",
}


def changed(kind: str) -> str:
    """The manifest with another word where this kind says its own."""
    text = MANIFEST.replace(f'/{kind}"', '/another"')
    return text.replace('description: "role"', 'description: "another"') if kind == "role" else text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", [("apply", "--yes"), ("apply", "plan.json")], ids=["yes", "saved"])
def test_an_edit_between_plan_and_write_is_refused_and_stays(
    cloud: Cloud, meanwhile: Meanwhile, kind: str, words: tuple[str, ...]
) -> None:
    them = Others(cloud)
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", changed(kind))
    ok(cloud, "plan", "-o", "plan.json")
    address = KINDS[kind].partition(" ")[0]
    meanwhile(address, lambda: them.edit(kind))
    before = len(cloud.sandbox.requests)
    done = cloud.xacct(*words)
    assert done.code == ExitCode.REFUSED, done.out + done.err
    assert f"FAILED: {KINDS[kind]} was changed since the plan was made" in done.err
    assert "Nothing was sent" in done.err
    assert "plan again" in done.err
    assert not ours(cloud, before)
    edited = json.dumps(them.live(kind))
    assert "ec2:*" in edited or f"{ANALYTICS}:root" in edited or "s3:PutObject" in edited
    # What it is now is said, field by field.
    assert any(word in done.err for word in ("+ Deny", "account", "s3:PutObject"))


def ours(cloud: Cloud, since: int) -> list[str]:
    """The writes of xacct, without the one of somebody else."""
    return writes(cloud, since)[1:]


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_edited_is_not_taken_away(cloud: Cloud, meanwhile: Meanwhile, kind: str) -> None:
    them = Others(cloud)
    ok(cloud, "apply", "--yes")
    meanwhile(KINDS[kind].partition(" ")[0], lambda: them.edit(kind))
    done = cloud.xacct("destroy", "--yes")
    assert done.code == ExitCode.PARTLY_APPLIED, done.err
    assert f"FAILED: {KINDS[kind]} was changed since the plan was made" in done.err
    edited = json.dumps(them.live(kind))
    assert "ec2:*" in edited or f"{ANALYTICS}:root" in edited or "s3:PutObject" in edited


@pytest.mark.parametrize("kind", ["role-policy", "group-policy", "user-policy"])
def test_what_appeared_under_a_name_to_be_made_is_not_written_over(
    cloud: Cloud, meanwhile: Meanwhile, kind: str
) -> None:
    """A put of an inline policy replaces what is there, unlike a create."""
    them = Others(cloud)
    ok(cloud, "apply", "--yes")
    removed = {
        "role-policy": them.data.delete_role_policy,
        "group-policy": them.analytics.delete_group_policy,
    }
    owner = {"role-policy": {"RoleName": "held"}, "group-policy": {"GroupName": "Testers"}}
    remove = removed.get(kind, them.analytics.delete_user_policy)
    remove(PolicyName="own", **owner.get(kind, {"UserName": "user01"}))
    address = KINDS[kind].partition(" ")[0]
    meanwhile(address, lambda: them.edit(kind))
    done = cloud.xacct("apply", "--yes")
    assert done.code == ExitCode.REFUSED, done.err
    assert "it was not there, and now it has" in done.err
    assert "+ Deny" in done.err
    assert "ec2:*" in json.dumps(them.live(kind))


def test_what_is_gone_is_not_made_again_by_an_update(cloud: Cloud, meanwhile: Meanwhile) -> None:
    them = Others(cloud)
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", changed("group-policy"))
    meanwhile(
        "analytics/group-policy",
        lambda: them.analytics.delete_group_policy(GroupName="Testers", PolicyName="own"),
    )
    done = cloud.xacct("apply", "--yes")
    assert done.code == ExitCode.REFUSED, done.err
    assert "it is gone" in done.err
    assert them.analytics.list_group_policies(GroupName="Testers")["PolicyNames"] == []


def test_who_made_it_so_already_has_done_the_same(cloud: Cloud, meanwhile: Meanwhile) -> None:
    """Two runs of one manifest do not stand in each other's way."""
    them = Others(cloud)
    ok(cloud, "apply", "--yes")
    wanted = changed("group-policy")
    cloud.write("xacct.yaml", wanted)
    live = them.live("group-policy")
    live["Statement"][0]["Resource"] = f"arn:aws:iam::{DATA}:role/another"
    meanwhile(
        "analytics/group-policy",
        lambda: them.analytics.put_group_policy(
            GroupName="Testers", PolicyName="own", PolicyDocument=json.dumps(live)
        ),
    )
    ok(cloud, "apply", "--yes")
    assert "No differences" in ok(cloud, "plan")


def test_between_two_halves_an_edit_is_seen_too(cloud: Cloud, meanwhile: Meanwhile) -> None:
    """The narrowed form is the run's own; anything else is not, and the run is done in part."""
    them = Others(cloud)
    ok(cloud, "apply", "--yes")
    cloud.write(
        "xacct.yaml",
        changed("role-policy").replace(
            "principals: [analytics/user/user01]", "principals: [analytics/user/user02]"
        ),
    )
    cloud.furnish("xacct.yaml")
    plan = json.loads(cloud.xacct("plan", "--format", "json").out)
    halves = [step["part"] for step in plan["steps"] if step["kind"] == "role"]
    assert halves == ["narrow", "widen"]
    meanwhile("data/role/held", lambda: them.edit("role"), 2)
    done = cloud.xacct("apply", "--yes")
    assert done.code == ExitCode.PARTLY_APPLIED, done.err
    assert "plan again" in done.err
    assert "--resume" not in done.err
    assert f"{ANALYTICS}:root" in json.dumps(them.live("role"))
    assert cloud.xacct("apply", "--resume").code == ExitCode.REFUSED
    ok(cloud, "apply", "--yes")
    assert "No differences" in ok(cloud, "plan")


def test_a_role_made_again_under_the_same_name_is_another_one(cloud: Cloud, meanwhile: Meanwhile) -> None:
    """Trap 1: whoever trusts the old one does not know the new one."""
    iam = cloud.world.client("iam", DATA)
    text = MANIFEST[: MANIFEST.index("    policies:")] + MANIFEST[MANIFEST.index("buckets:") :]
    cloud.write("xacct.yaml", text)
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", text.replace('description: "role"', 'description: "another"'))

    def again() -> None:
        was = iam.get_role(RoleName="held")["Role"]
        iam.delete_role(RoleName="held")
        iam.create_role(
            RoleName="held",
            Path="/",
            AssumeRolePolicyDocument=json.dumps(was["AssumeRolePolicyDocument"]),
            Description=was["Description"],
            MaxSessionDuration=was["MaxSessionDuration"],
            Tags=was["Tags"],
        )

    meanwhile("data/role/held", again)
    done = cloud.xacct("apply", "--yes")
    assert done.code == ExitCode.REFUSED, done.err
    assert "unique id: AROA" in done.err
    assert iam.get_role(RoleName="held")["Role"]["Description"] == "role"


def test_a_step_that_depends_on_a_refused_one_is_held_back_and_others_go_on(
    cloud: Cloud, meanwhile: Meanwhile
) -> None:
    them = Others(cloud)
    ok(cloud, "apply", "--yes")
    text = changed("role").replace('/user-policy"', '/another"')
    cloud.write("xacct.yaml", text)
    meanwhile("data/role/held", lambda: them.edit("role"))
    done = cloud.xacct("apply", "--yes")
    assert done.code == ExitCode.PARTLY_APPLIED, done.err
    assert "~ data/role/held FAILED" in done.err
    assert "analytics/user-policy/user01/own done" in done.err
    assert "xacct undo" in done.err


def test_what_cannot_be_looked_at_is_not_written(cloud: Cloud) -> None:
    """A guard that cannot see fails closed, and says what it lacks."""
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", changed("group-policy"))
    deny = {"Effect": "Deny", "Action": "iam:GetGroupPolicy", "Resource": "*"}
    cloud.world.client("iam", ANALYTICS).put_user_policy(
        UserName="admin",
        PolicyName="blind",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    before = len(cloud.sandbox.requests)
    done = cloud.xacct("apply", "--yes")
    assert done.code == ExitCode.ERROR, done.err
    assert "iam:GetGroupPolicy" in done.err
    assert "in account analytics failed: AccessDenied" in done.err
    assert not writes(cloud, before)


def test_a_first_apply_looks_at_what_it_might_write_over_and_at_nothing_else(cloud: Cloud) -> None:
    """A role is refused by IAM itself where there is one, and what hangs on a new one is nobody else's."""
    cloud.write("link.yaml", (MANIFESTS / "seed-link.yaml").read_text())
    cloud.furnish("link.yaml")
    assert calls(cloud, "-f", "link.yaml") == [
        "CreateRole",
        "PutRolePolicy",
        "GetGroupPolicy",
        "PutGroupPolicy",
    ]


def test_how_many_looks_an_update_costs(cloud: Cloud) -> None:
    ok(cloud, "apply", "--yes")
    text = MANIFEST
    for kind in KINDS:
        text = text.replace(f'/{kind}"', '/another"')
    cloud.write("xacct.yaml", text.replace('description: "role"', 'description: "another"'))
    found = calls(cloud)
    looks = [one for one in found if one.startswith("Get")]
    merged = ["GetBucketPolicy", "GetBucketPolicy"]
    assert sorted(one for one in looks if one != "GetBucketPolicy") == [
        "GetGroupPolicy",
        "GetPolicy",
        "GetPolicyVersion",
        "GetRole",
        "GetRolePolicy",
        "GetUserPolicy",
    ]
    # The bucket policy is read for its merge and after it, as ever.
    assert [one for one in looks if one == "GetBucketPolicy"] == merged


def calls(cloud: Cloud, *words: str) -> list[str]:
    """What an apply asks and sends beyond its plan, in order."""
    before = len(cloud.sandbox.requests)
    ok(cloud, "plan", *words)
    planned = len(cloud.sandbox.requests)
    ok(cloud, "apply", "--yes", *words)
    seen = [one.operation for one in cloud.sandbox.requests]
    return seen[planned + (planned - before) :]


def test_an_undo_is_held_to_what_it_was_planned_from(cloud: Cloud, meanwhile: Meanwhile) -> None:
    them = Others(cloud)
    ok(cloud, "apply", "--yes")
    cloud.write("xacct.yaml", changed("group-policy"))
    ok(cloud, "apply", "--yes")
    meanwhile("analytics/group-policy", lambda: them.edit("group-policy"))
    done = cloud.xacct("undo", "--yes", "--give-back")
    assert done.code == ExitCode.REFUSED, done.err
    assert "ec2:*" in json.dumps(them.live("group-policy"))


def test_a_revoke_is_held_back_by_nothing(cloud: Cloud, meanwhile: Meanwhile) -> None:
    them = Others(cloud)
    ok(cloud, "apply", "--yes")
    meanwhile("data/role/held", lambda: them.edit("role"))
    before = len(cloud.sandbox.requests)
    ok(cloud, "revoke", "data/role/held", "--kill-sessions", "--again-after", "0")
    assert not [one.operation for one in cloud.sandbox.requests[before:] if one.operation == "GetRole"]
    assert '"Deny"' in json.dumps(them.live("role"))
    assert f"{ANALYTICS}:root" not in json.dumps(them.live("role"))


GUEST = f"""
version: 1
name: guest
accounts:
  data: {{id: "{DATA}", profile: acct-b}}
  analytics: {{id: "{ANALYTICS}", profile: acct-a}}
users:
  analytics/user/user01: {{profile: acct-a-user01}}
roles:
  data/role/backup: {{existing: true}}
links:
  - name: guest
    role: data/role/backup
    trust: [analytics/user/user01]
    grant: [analytics/user/user01]
    bucket: logs
    access: [list, read]
"""


def test_our_statements_in_the_trust_of_a_foreign_role(cloud: Cloud, meanwhile: Meanwhile) -> None:
    """Trap 37: theirs may change at any time, ours may not."""
    cloud.write("xacct.yaml", GUEST)
    cloud.furnish("xacct.yaml")
    iam = cloud.world.client("iam", DATA)
    if not [one for one in iam.list_roles()["Roles"] if one["RoleName"] == "backup"]:
        iam.create_role(RoleName="backup", AssumeRolePolicyDocument=TRUST)
    ok(cloud, "apply", "--yes")

    def trust() -> Any:
        return iam.get_role(RoleName="backup")["Role"]["AssumeRolePolicyDocument"]

    def put(sid: str, **change: Any) -> None:
        live = trust()
        (one,) = (one for one in live["Statement"] if one.get("Sid", "").startswith(sid))
        one |= change
        iam.update_assume_role_policy(RoleName="backup", PolicyDocument=json.dumps(live))

    cloud.write("xacct.yaml", f"{GUEST}    expires: 2099-01-01T00:00:00Z\n")
    meanwhile("data/role-trust", lambda: put("Xacct", Principal={"AWS": f"arn:aws:iam::{ANALYTICS}:root"}))
    done = cloud.xacct("apply", "--yes")
    assert "~ data/role-trust/backup/" in done.err
    assert "was changed since the plan was made" in done.err
    assert f"+ Principal AWS account {ANALYTICS}" in done.err
    assert "2099" not in json.dumps(trust())

    ok(cloud, "apply", "--yes", "--prune-edited")
    cloud.write("xacct.yaml", f"{GUEST}    expires: 2098-01-01T00:00:00Z\n")
    more = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    meanwhile(
        "data/role-trust",
        lambda: iam.update_assume_role_policy(
            RoleName="backup",
            PolicyDocument=json.dumps({**trust(), "Statement": [*trust()["Statement"], more]}),
        ),
    )
    ok(cloud, "apply", "--yes")
    assert more in trust()["Statement"]
    assert "2098" in json.dumps(trust())


def test_our_statements_in_the_policy_of_a_key(cloud: Cloud, meanwhile: Meanwhile) -> None:
    text = f"{SEALED}    key: {{policy: true}}\n"
    cloud.write("xacct.yaml", text)
    cloud.furnish("xacct.yaml")
    arn = seal(cloud, closed())
    ok(cloud, "apply", "--yes")
    kms = cloud.world.client("kms", DATA)

    def edit() -> None:
        live = json.loads(key_policy(cloud, arn))
        live["Statement"][1]["Action"] = "kms:*"
        kms.put_key_policy(KeyId=arn, PolicyName="default", Policy=json.dumps(live))

    cloud.write("xacct.yaml", text.replace("[list, read, write]", "[list, read]"))
    meanwhile("data/key-policy", edit)
    done = cloud.xacct("apply", "--yes")
    assert done.code != ExitCode.DONE
    assert "~ data/key-policy/us-east-1/" in done.err
    assert "+ Action kms:*" in done.err
    assert json.loads(key_policy(cloud, arn))["Statement"][1]["Action"] == "kms:*"
