"""A plan that was written down reads as the one that was made."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.unit.plan.test_codec import PLANS
from xacct.plan.codec import counts, plan_to_json
from xacct.plan.plan import Consequence, Weight
from xacct.plan.written import plan_of
from xacct.problem import Place, Problem, Severity
from xacct.render.text import plan_text


@pytest.mark.parametrize("verbose", [0, 1])
@pytest.mark.parametrize("name", PLANS)
def test_it_is_shown_as_it_was(name: str, verbose: int) -> None:
    made = replace(
        PLANS[name],
        access=(
            Consequence(Weight.ALARM, "anyone in the world gains read on x", "public"),
            Consequence(Weight.LOSS, "somebody loses list and 2 other actions on x", others=("s3:A", "s3:B")),
        ),
        notes=(
            Problem(
                summary="Left alone",
                detail="It is.",
                fix="Leave it.",
                place=Place("a.yaml", 3, 7),
                severity=Severity.INFO,
            ),
        ),
    )
    body = json.loads(json.dumps(plan_to_json(made)))
    again = plan_of(body)
    # The text of a document may be spelled otherwise; what it means to people is the same, line by line.
    assert plan_text(again, verbose) == plan_text(made, verbose)
    assert counts(again) == counts(made)
    assert again.access == made.access
    assert ("s3:A, s3:B" in plan_text(made, verbose)) is bool(verbose)


def test_nothing_can_be_sent_from_it_beyond_what_its_steps_say() -> None:
    again = plan_of(plan_to_json(PLANS["update"]))
    for step in again.steps:
        change = step.change
        assert change.after.create() == change.after.delete() == change.after.update(change.before) == ()
