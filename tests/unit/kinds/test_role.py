"""Each property of a role has a call of its own, and nothing is sent for what does not differ."""

from __future__ import annotations

from dataclasses import replace

import pytest
from immutabledict import immutabledict

from tests.contract.examples import ACCOUNT
from tests.unit.plan.states import role, trust
from xacct.kinds.role import Role
from xacct.resource import Call
from xacct.snapshot import RoleRecord, Snapshot

LIVE = role(
    description="reads",
    boundary=ACCOUNT.iam_arn("policy/limit"),
    tags=immutabledict({"cost": "42", "team": "logs"}),
)


@pytest.mark.parametrize(
    ("change", "operations"),
    [
        ({}, []),
        ({"trust": trust("arn:aws:iam::444455556666:user/bob")}, ["TagRole", "UpdateAssumeRolePolicy"]),
        ({"description": "writes"}, ["TagRole", "UpdateRole"]),
        ({"max_session": 7200}, ["TagRole", "UpdateRole"]),
        ({"boundary": ACCOUNT.iam_arn("policy/other")}, ["TagRole", "PutRolePermissionsBoundary"]),
        ({"boundary": ""}, ["TagRole", "DeleteRolePermissionsBoundary"]),
        ({"tags": immutabledict({"team": "web"})}, ["TagRole"]),
        ({"tags": immutabledict(), "dropped": immutabledict({"team": "logs"})}, ["UntagRole"]),
    ],
    ids=lambda value: next(iter(value), "nothing") if isinstance(value, dict) else "",
)
def test_what_differs_is_sent_by_the_call_that_it_has(
    change: dict[str, object], operations: list[str]
) -> None:
    """Trap 40; the mark goes first where the content changes, and tags of others are never in a call."""
    wanted = replace(LIVE, **{"tags": immutabledict({"team": "logs"}), **change})
    calls = wanted.update(LIVE)
    assert [call.operation for call in calls] == operations
    assert all("cost" not in str(call.arguments()) for call in calls if isinstance(call, Call))


def test_a_role_knows_the_instance_profiles_that_hold_it() -> None:
    """Trap 39: it cannot go before it is out of them."""
    record = RoleRecord(
        name="reader",
        path="/",
        arn=ACCOUNT.iam_arn("role/reader"),
        id="AROAREADER",
        trust=trust(),
        instance_profiles=frozenset({"machines"}),
    )
    (found,) = Role.pick(Snapshot(account=ACCOUNT, roles=immutabledict(reader=record)))
    assert found.instance_profiles == {"machines"}
