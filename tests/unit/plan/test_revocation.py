"""Taking people out of a trust, and the time that ends sessions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.plan.states import DATA
from xacct.plan.revocation import AT_SENDING, POLICY, denial, shut, timed
from xacct.policy.document import Document
from xacct.resource import Call

A = "444455556666"
ANNA, BOB = (f"arn:aws:iam::{A}:user/{name}" for name in ("anna", "bob"))
ROOT = f"arn:aws:iam::{A}:root"
NOBODY = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}


def allow(*who: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": list(who)}, "Action": "sts:AssumeRole", **more}


def deny(who: str) -> dict[str, Any]:
    return {"Effect": "Deny", "Principal": {"AWS": who}, "Action": "sts:AssumeRole"}


@pytest.mark.parametrize(
    ("before", "out", "after"),
    [
        ([allow(ANNA, BOB)], [ANNA], [allow(BOB)]),
        ([allow(ANNA), allow(BOB)], [ANNA], [allow(BOB)]),
        ([allow(ANNA)], [ANNA], [NOBODY]),
        ([allow(ANNA, BOB)], [], [NOBODY]),
        ([allow(ROOT)], [ANNA], [allow(ROOT), deny(ANNA)]),
        ([allow(A, ANNA)], [ANNA], [allow(A), deny(ANNA)]),
        ([allow(ANNA, BOB, ROOT)], [A], [NOBODY]),
        ([allow(ANNA, "arn:aws:iam::999999999999:user/x")], [A], [allow("arn:aws:iam::999999999999:user/x")]),
        ([allow("*")], [ANNA], [allow("*"), deny(ANNA)]),
        (
            [allow(f"arn:aws:sts::{A}:assumed-role/ci/job", BOB)],
            [f"arn:aws:iam::{A}:role/team/ci"],
            [allow(BOB)],
        ),
        ([allow(BOB)], [ANNA], [allow(BOB)]),
        (
            [{**allow(ANNA), "Principal": {"AWS": ANNA, "Service": "ec2.amazonaws.com"}}],
            [ANNA],
            [{**allow(ANNA), "Principal": {"Service": "ec2.amazonaws.com"}}],
        ),
        ([allow(ANNA, Sid="Mine"), deny(BOB)], [ANNA], [NOBODY]),
    ],
)
def test_who_is_out_is_out_and_the_others_stay(before: Any, out: Any, after: Any) -> None:
    assert shut(Document.of(*before), out, "aws") == Document.of(*after)


def test_the_time_goes_in_when_it_is_sent_and_only_there() -> None:
    (call,) = denial(DATA, "reader").create()
    now = datetime(2026, 5, 4, 3, 2, 1, 900_000, tzinfo=UTC)
    text = str(timed(call, now).params["PolicyDocument"])
    assert "2026-05-04T03:02:02Z" in text  # a session opened at 03:02:01.8 is dated 03:02:01
    assert AT_SENDING not in text
    other = Call.of("iam", "PutRolePolicy", RoleName="r", PolicyName="x", PolicyDocument=AT_SENDING)
    assert timed(other, now) == other
    assert call.params["PolicyName"] == POLICY
