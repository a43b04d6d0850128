"""Whoever applies must be able to undo: what cannot be judged counts as locked out, what does not change does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from immutabledict import immutabledict

from tests.unit.plan.states import APPS, DATA, plan, role, trust
from xacct.access.estate import Estate
from xacct.account import AccountSpec, Profile
from xacct.engine.estates import live_estate, planned_estate
from xacct.engine.preparing.limits import Lifted
from xacct.engine.preparing.lockout import locked_out
from xacct.kinds import live
from xacct.kinds.bucket_policy import BucketPolicy
from xacct.kinds.mark import marker
from xacct.kinds.role_trust import RoleTrust
from xacct.policy.document import Document
from xacct.resource import Resource
from xacct.snapshot import BucketRecord, RoleRecord, Snapshot, UserRecord

ADMIN = DATA.iam_arn("user/admin")
EVERYTHING = Document.of({"Effect": "Allow", "Action": "*", "Resource": "*"})
POLICY = "s3:PutBucketPolicy"


def account(caller: str, *, platform: str = "aws", **user: Any) -> Snapshot:
    known = UserRecord(
        name="admin", path="/", arn=ADMIN, id="AIDAADMIN", inline=immutabledict(all=EVERYTHING)
    )
    return Snapshot(
        account=DATA,
        caller=caller,
        platform=platform,
        users=immutabledict(admin=replace(known, **user)),
        buckets=immutabledict(logs=BucketRecord(name="logs")),
    )


def statements(*bodies: dict[str, Any]) -> BucketPolicy:
    return BucketPolicy.of(DATA, "logs", marker("example"), "example", Document.of(*bodies))


def says(effect: str, action: str = POLICY, **more: Any) -> dict[str, Any]:
    return {
        "Effect": effect,
        "Principal": "*",
        "Action": action,
        "Resource": "arn:aws:s3:::logs",
        **more,
    }


def told(snapshot: Snapshot, *desired: Resource, lifted: Lifted | None = None) -> list[str]:
    snapshots = {DATA.name: snapshot, APPS.name: Snapshot(account=APPS)}
    made = plan(list(desired), list(live([snapshot]).resources.values()))
    specs = {one.name: AccountSpec(account=one, credentials=Profile(one.name)) for one in (DATA, APPS)}
    before: Estate = live_estate(snapshots)
    found = locked_out(made, specs, snapshots, before, planned_estate(snapshots, made), lifted or Lifted())
    assert all("--allow-lockout" in one.fix for one in found)
    return [one.detail for one in found]


def test_a_deny_on_everybody_locks_the_applier_out() -> None:
    """Trap 33."""
    (said,) = told(account(ADMIN), statements(says("Deny")))
    assert f"{POLICY} on arn:aws:s3:::logs would be refused" in said
    assert told(account(ADMIN), statements(says("Deny")), lifted=Lifted(lockout=True)) == []


def test_an_allow_locks_nobody_out() -> None:
    assert told(account(ADMIN), statements(says("Allow"))) == []


def test_a_deny_of_something_else_locks_nobody_out() -> None:
    assert told(account(ADMIN), statements(says("Deny", "s3:ListBucket"))) == []


def test_a_root_user_always_gets_at_the_policy_on_aws_but_perhaps_not_elsewhere() -> None:
    """Trap 33: root may always get, put and delete a bucket policy; of private clouds that is not known."""
    assert told(account(DATA.root), statements(says("Deny"))) == []
    assert told(account(DATA.root, platform="private"), statements(says("Deny")))


def test_rights_that_are_not_all_known_are_taken_for_enough_where_nothing_denies() -> None:
    """An administrator's managed policy of AWS itself is not read; a plan is not refused for that alone."""
    unread = {
        "attached": frozenset({"arn:aws:iam::aws:policy/AdministratorAccess"}),
        "inline": immutabledict(),
    }
    assert told(account(ADMIN, **unread), statements(says("Allow"))) == []
    assert told(account(ADMIN, **unread), statements(says("Deny")))


def test_a_deny_with_conditions_on_an_applier_whose_rights_are_not_known_is_refused() -> None:
    unread = {
        "attached": frozenset({"arn:aws:iam::aws:policy/AdministratorAccess"}),
        "inline": immutabledict(),
    }
    away = {"Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}}
    assert told(account(ADMIN, **unread), statements(says("Deny", **away)))


@pytest.mark.parametrize("caller", ["", "arn:aws:sts::111122223333:federated-user/guest"])
def test_who_is_not_known_is_locked_out_by_any_deny_on_undoing(caller: str) -> None:
    named = {"Principal": {"AWS": DATA.iam_arn("user/somebody")}}
    assert told(account(caller), statements({**says("Deny"), **named}))
    assert told(account(caller), statements(says("Deny", "s3:ListBucket"))) == []
    assert told(account(caller), statements(says("Allow"))) == []


def test_the_trust_of_an_entered_role_may_get_wider_and_not_narrower() -> None:
    """Who entered is not known here, so that any narrowing may be the door that closes."""
    entered = RoleRecord(
        name="reader",
        path="/",
        arn=DATA.iam_arn("role/reader"),
        id="AROA",
        trust=trust(),
        inline=immutabledict(all=EVERYTHING),
        tags=immutabledict({"xacct:manifest": "example"}),
    )
    caller = f"arn:aws:sts::{DATA.id}:assumed-role/reader/session"
    snapshot = account(caller).holding("roles", entered)
    (said,) = told(snapshot, role(trust=trust("arn:aws:iam::444455556666:user/ben")))
    assert "its trust policy gets narrower" in said
    wider = Document.of(
        {
            "Effect": "Allow",
            "Principal": {"AWS": [f"arn:aws:iam::444455556666:user/{one}" for one in ("anna", "ben")]},
            "Action": "sts:AssumeRole",
        }
    )
    assert told(snapshot, role(trust=wider)) == []


def test_our_statements_in_the_trust_of_an_entered_role_are_not_taken_out_unseen() -> None:
    ours = RoleTrust.of(DATA, "deployer", marker("example"), "example", trust())
    entered = RoleRecord(
        name="deployer",
        path="/",
        arn=DATA.iam_arn("role/deployer"),
        id="AROA",
        trust=Document.parse(f'{{"Version":"2012-10-17","Statement":[{ours.texts[0]}]}}'),
        inline=immutabledict(all=EVERYTHING),
    )
    caller = f"arn:aws:sts::{DATA.id}:assumed-role/deployer/session"
    found = told(account(caller).holding("roles", entered), statements(says("Allow")))
    assert any("its trust policy gets narrower" in one for one in found)
