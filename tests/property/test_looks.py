"""Over random live and planned states: a plan's own work never stands in its way, and the work of others always does.

A look may be answered from any earlier moment of the run, because what is read may be old.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.property.random_changes import case
from xacct.engine.applying.expected import Expected, expectations
from xacct.engine.estates import after_steps
from xacct.engine.reading.alone import NOTHING, Seen
from xacct.kinds.inline import InlinePolicy
from xacct.kinds.managed_policy import ManagedPolicy
from xacct.kinds.role import Role
from xacct.kinds.shared import SharedStatements
from xacct.plan.bound import Stale
from xacct.plan.codec import shown_json
from xacct.plan.plan import Plan, Step
from xacct.policy.document import Document
from xacct.resource import Resource, Splice
from xacct.snapshot import Snapshot

EXAMPLES = 60
NEW = ("CreateRole", "CreatePolicy", "CreateGroup")
ONE_OF_A_SET = ("Attach", "Detach", "AddUserToGroup", "RemoveUserFromGroup")
BY_HAND = {"Effect": "Allow", "Action": "s3:GetBucketTagging", "Resource": "*"}


def way(plan: Plan, chance: random.Random) -> Iterator[tuple[Step, list[Step]]]:
    """Each step with those done before it, in an order that the plan allows."""
    left, done = list(plan.steps), list[Step]()
    while left:
        numbers = {step.number for step in done}
        step = chance.choice([one for one in left if one.after <= numbers])
        yield step, list(done)
        left.remove(step)
        done.append(step)


def seen(snapshots: dict[str, Snapshot], look: Expected) -> Seen:
    """What lives there."""
    snapshot = snapshots[look.resource.address.account.name]
    found = next(
        (one for one in type(look.resource).pick(snapshot) if one.address == look.resource.address), None
    )
    return NOTHING if found is None else Seen(shown_json(found), look.id)


def by_hand(one: Resource) -> Resource:
    """The same, as nobody planned it."""
    match one:
        case Role():
            return replace(one, trust=Document.of({**BY_HAND, "Principal": "*", "Action": "sts:AssumeRole"}))
        case InlinePolicy() | ManagedPolicy():
            return replace(one, document=Document.of(BY_HAND))
        case SharedStatements():
            return one.halfway(one, [{**BY_HAND, "Principal": {"AWS": "*"}}])
        case _:
            raise AssertionError(f"nobody said how a {one.kind} is edited")


def looks_of(seed: int) -> tuple[dict[str, Snapshot], Plan, dict[int, Expected]]:
    given = case(seed)
    plan = given.plan()
    return given.snapshots, plan, expectations(plan, given.snapshots)


@pytest.mark.parametrize("start", range(0, EXAMPLES, 10))
def test_what_the_run_itself_has_done_or_an_old_answer_shows_is_expected(start: int) -> None:
    looked = 0
    for seed in range(start, start + 10):
        snapshots, plan, looks = looks_of(seed)
        moments = [snapshots]
        for step, done in way(plan, random.Random(seed)):
            moments.append(after_steps(snapshots, done))
            if look := looks.get(step.number):
                for moment in moments:
                    look.check(seen(moment, look))
                    looked += 1
    assert looked > 100


@pytest.mark.parametrize("start", range(0, EXAMPLES, 10))
def test_what_others_have_done_is_not(start: int) -> None:
    looked = 0
    for seed in range(start, start + 10):
        for look in looks_of(seed)[2].values():
            looked += 1
            with pytest.raises(Stale):
                look.check(Seen(shown_json(by_hand(look.resource)), look.id))
            if None not in look.forms:
                with pytest.raises(Stale):
                    look.check(NOTHING)
            if look.id and look.before is not None:
                with pytest.raises(Stale):
                    look.check(Seen(shown_json(look.before), "another"))
    assert looked > 20


def test_whatever_writes_over_is_looked_at_or_was_made_by_the_run() -> None:
    """A put replaces whatever is there; only a new thing, or one of a set, needs no look."""
    unlooked = 0
    for seed in range(EXAMPLES):
        _, plan, looks = looks_of(seed)
        made = {step.address for step in plan.steps if _operation(step) in NEW}
        for step in plan.steps:
            operation = _operation(step)
            if step.number not in looks and operation not in NEW and not operation.startswith(ONE_OF_A_SET):
                owner = replace(step.address, kind="role", parts=step.address.parts[:1])
                assert step.address in made or owner in made, f"{seed}: {step.address}"
                unlooked += 1
    assert unlooked


def _operation(step: Step) -> str:
    request = step.calls[0]
    return request.write.operation if isinstance(request, Splice) else request.operation
