"""What xacct says that it needs is enough, and nothing of it is too much: without any one action something fails."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.functional.conftest import MANIFESTS, Cloud
from xacct.engine.permissions import Purpose, rights
from xacct.errors import ExitCode
from xacct.manifest.loading.load import load_manifest
from xacct.platform import SANDBOX
from xacct.sandbox.world import EVERYTHING, Extra

DATA, ANALYTICS = "325271821652", "290122656840"
LEAST = Path(__file__).parent / "manifests" / "least.yaml"
PROFILES = {"data": (DATA, "acct-b"), "analytics": (ANALYTICS, "acct-a")}
HARMLESS = {**EVERYTHING, "Statement": [{**EVERYTHING["Statement"][0], "Action": "s3:ListAllMyBuckets"}]}
Policies = dict[str, list[dict[str, Any]]]


def printed(purpose: Purpose) -> Policies:
    manifest = load_manifest([LEAST])
    found = rights(purpose, manifest, dict.fromkeys(manifest.accounts, SANDBOX))
    return {
        one.account.name: [json.loads(policy.source) for policy in one.policies]
        for one in found
        if one.who == "the credentials of the account"
    }


def actions(policies: Policies) -> list[tuple[str, str]]:
    return sorted(
        {
            (account, action)
            for account, documents in policies.items()
            for document in documents
            for statement in document["Statement"]
            for action in listed(statement["Action"])
        }
    )


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def without(policies: Policies, account: str, action: str) -> Policies:
    found = json.loads(json.dumps(policies))
    for document in found[account]:
        for statement in document["Statement"]:
            statement["Action"] = [one for one in listed(statement["Action"]) if one != action]
        document["Statement"] = [one for one in document["Statement"] if one["Action"]]
    assert actions(found) == [one for one in actions(policies) if one != (account, action)]
    return dict(found)


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    made = make_cloud(DATA, ANALYTICS)
    made.furnish(LEAST)
    for account in (DATA, ANALYTICS):
        made.world.client("iam", account).create_policy(
            PolicyName="given", PolicyDocument=json.dumps(HARMLESS)
        )
    for account, profile in PROFILES.values():
        made.world.add(Extra(account, "least", profile))
    made.world.write_config(made.config)
    return made


def allow(cloud: Cloud, policies: Policies, user: str = "least") -> None:
    for name, documents in policies.items():
        iam = cloud.world.client("iam", PROFILES[name][0])
        for number, document in enumerate(documents):
            made = iam.create_policy(
                PolicyName=f"{user}-{number}", PolicyDocument=json.dumps(document), Path="/rights/"
            )
            iam.attach_user_policy(UserName=user, PolicyArn=made["Policy"]["Arn"])


def by_hand(cloud: Cloud) -> None:
    """Somebody changes all that can be changed of what was made."""
    for account, role in ((DATA, "reader"), (ANALYTICS, "runner")):
        iam = cloud.world.client("iam", account)
        trust = {"Effect": "Allow", "Principal": {"AWS": DATA}, "Action": "sts:AssumeRole"}
        iam.update_assume_role_policy(
            RoleName=role, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        )
        iam.update_role(RoleName=role, Description="mine now", MaxSessionDuration=7200)
        iam.put_role_permissions_boundary(
            RoleName=role, PermissionsBoundary=f"arn:aws:iam::{account}:policy/given"
        )
    iam = cloud.world.client("iam", DATA)
    iam.delete_role_permissions_boundary(RoleName="bounded")
    for _ in range(4):
        iam.create_policy_version(
            PolicyArn=f"arn:aws:iam::{DATA}:policy/xacct/least/least-made",
            PolicyDocument=json.dumps(EVERYTHING),
            SetAsDefault=True,
        )


def story(cloud: Cloud) -> Iterator[tuple[str, bool]]:
    """Plan, apply, somebody's edits, put right, destroy: each with whether it went as it should."""
    for words in (("plan",), ("apply", "--yes"), ("plan",)):
        ran = cloud.xacct(*words, "-f", LEAST)
        yield (
            f"{' '.join(words)}\n{ran.out}{ran.err}",
            ran.code == ExitCode.DONE and "Not told" not in ran.out,
        )
    by_hand(cloud)
    for words in (("apply", "--yes"), ("plan",), ("destroy", "--yes", "--prune-edited")):
        ran = cloud.xacct(*words, "-f", LEAST)
        yield f"again {' '.join(words)}\n{ran.out}{ran.err}", ran.code == ExitCode.DONE
    left = cloud.xacct("plan", "-f", LEAST, "--format", "json")
    yield "gone", left.code == ExitCode.DONE and json.loads(left.out)["counts"]["create"] == 13


def test_with_exactly_these_everything_works(cloud: Cloud) -> None:
    allow(cloud, printed(Purpose.APPLY))
    for step in story(cloud):
        assert step[1], step
    refused = [seen.operation for seen in cloud.sandbox.requests if seen.status == 403]
    assert refused == []


def test_a_plan_needs_nothing_that_writes(cloud: Cloud) -> None:
    allow(cloud, printed(Purpose.PLAN))
    ran = cloud.xacct("plan", "-f", LEAST)
    assert ran.code == ExitCode.DONE
    assert "13 to create" in ran.out
    assert not [action for _, action in actions(printed(Purpose.PLAN)) if not reads(action)]
    assert cloud.xacct("apply", "--yes", "-f", LEAST).code == ExitCode.ERROR


def reads(action: str) -> bool:
    return action.partition(":")[2].startswith(("Get", "List"))


@pytest.mark.parametrize(
    ("removed", "look"),
    [
        ("data/role/old", "iam:GetRole"),
        ("data/role-policy/old/access", "iam:GetRolePolicy"),
        ("analytics/group-policy/Old/grant", "iam:GetGroupPolicy"),
        ("analytics/user-policy/old/grant", "iam:GetUserPolicy"),
    ],
)
def test_what_is_listed_as_removed_is_looked_at_before_it_goes(
    tmp_path: Path, removed: str, look: str
) -> None:
    path = tmp_path / "xacct.yaml"
    head = LEAST.read_text().partition("users:")[0]
    path.write_text(f"{head}removed: [{removed}]\n")
    manifest = load_manifest([path])
    found = rights(Purpose.APPLY, manifest, dict.fromkeys(manifest.accounts, SANDBOX))
    said = {one.account.name: str([policy.source for policy in one.policies]) for one in found}
    assert f'"{look}"' in said[removed.partition("/")[0]]
    planned = rights(Purpose.PLAN, manifest, dict.fromkeys(manifest.accounts, SANDBOX))
    assert not any(f'"{look}"' in policy.source for one in planned for policy in one.policies)


EVERY = actions(printed(Purpose.APPLY))
SOME = EVERY if os.environ.get("XACCT_EVERY") else EVERY[::5]
"""One in five; ``make test-permissions`` takes every one."""


@pytest.mark.slow
@pytest.mark.parametrize(("account", "action"), SOME)
def test_without_any_one_of_them_something_fails(cloud: Cloud, account: str, action: str) -> None:
    allow(cloud, without(printed(Purpose.APPLY), account, action))
    assert next((name for name, well in story(cloud) if not well), None) is not None


def test_who_verifies_needs_the_step_into_the_roles_and_no_more(cloud: Cloud) -> None:
    ran = cloud.xacct("permissions", "--for", "verify", "-f", LEAST, "--format", "json")
    (one,) = json.loads(ran.out)
    assert one["who"].startswith("user/user01")
    (document,) = one["policies"]
    assert document["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": [
                f"arn:aws:iam::{ANALYTICS}:role/runner",
                f"arn:aws:iam::{DATA}:role/bounded",
                f"arn:aws:iam::{DATA}:role/team/reader",
            ],
        }
    ]
    allow(cloud, {"data": [EVERYTHING], "analytics": [EVERYTHING]})
    assert cloud.xacct("apply", "--yes", "-f", LEAST).code == ExitCode.DONE
    iam = cloud.world.client("iam", ANALYTICS)
    iam.delete_group_policy(GroupName="Made", PolicyName="xacct-least-reader")
    assert cloud.xacct("verify", "-f", LEAST, "--wait", "0").code == ExitCode.MISSING
    allow(cloud, {"analytics": one["policies"]}, user="user01")
    assert cloud.xacct("verify", "-f", LEAST, "--wait", "0").code == ExitCode.DONE


def test_what_iam_cannot_limit_is_said_for_the_account_that_it_is_about(cloud: Cloud) -> None:
    """Who may put a policy on a group of A may give its members anything; the owner of A reads A's part alone."""
    ran = cloud.xacct("permissions", "--account", "analytics", "-f", MANIFESTS / "seed-link.yaml")
    (line,) = [one for one in ran.out.splitlines() if "does not limit what a policy says" in one]
    assert line.startswith(
        "# Not limited: IAM does not limit what a policy says that is put on a group or a user"
    )
