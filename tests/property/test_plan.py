"""Laws of planning, over random states."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.plan.states import (
    access,
    allow_assume,
    grant,
    group,
    membership,
    plan,
    role,
    role_policy,
    trust,
)
from xacct.plan.codec import digest
from xacct.plan.plan import Create, Delete, Plan, Update
from xacct.resource import Resource

timeless = settings(deadline=None)  # time is not what is tested, and a busy machine is slow

_ACTIONS = ("s3:GetObject", "s3:PutObject")
POOL: list[list[Resource]] = [
    [role("r1"), role("r1", trust=trust("arn:aws:iam::444455556666:root"))],
    [role("r2", trust=trust("arn:aws:iam::111122223333:role/r1"))],
    [role_policy("p", "r1", access(action)) for action in _ACTIONS],
    [role_policy("p", "r2", access(action)) for action in _ACTIONS],
    [grant("g", "Testers", allow_assume(name)) for name in ("r1", "r2")],
    [grant("h", "Testers", allow_assume("r2"))],
    [group("Testers")],
    [membership("anna"), membership("anna")],
]
states = st.tuples(*(st.sampled_from([None, *choices]) for choices in POOL)).map(
    lambda chosen: [one for one in chosen if one is not None]
)


def after(made: Plan, living: list[Resource]) -> dict[object, Resource]:
    """What lives when every step is done."""
    found = {one.address: one for one in living}
    for step in made.steps:
        match step.change:
            case Create(new) | Update(_, new):
                found[step.address] = new
            case Delete(_):
                del found[step.address]
    return dict(found)


@timeless
@given(states)
def test_a_state_does_not_differ_from_itself(state: list[Resource]) -> None:
    assert plan(state, state).empty


@timeless
@given(states, states)
def test_the_steps_lead_from_live_to_desired(desired: list[Resource], living: list[Resource]) -> None:
    made = plan(desired, living, was=living)
    assert after(made, living) == {one.address: one for one in desired}


@timeless
@given(states, states, st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(
    desired: list[Resource], living: list[Resource], random
) -> None:  # type: ignore[no-untyped-def]
    one = plan(desired, living, was=living)
    for given_list in (desired, living):
        random.shuffle(given_list)
    assert digest(plan(desired, living, was=living)) == digest(one)


@settings(max_examples=200, deadline=None)
@given(states, states)
def test_a_step_comes_after_all_that_it_waits_for(desired: list[Resource], living: list[Resource]) -> None:
    made = plan(desired, living, was=living)
    for step in made.steps:
        assert all(number < step.number for number in step.after)
    assert [step.number for step in made.steps] == list(range(1, len(made.steps) + 1))


@settings(max_examples=200, deadline=None)
@given(states, states)
def test_at_every_moment_what_a_thing_needs_is_there(desired: list[Resource], living: list[Resource]) -> None:
    made = plan(desired, living, was=living)
    present = {one.arn for one in living if one.arn}
    for step in made.steps:
        match step.change:
            case Create(new):
                # What the plan makes itself must have been made; what it does not make is not its matter.
                wanted = {one.arn for one in desired if one.arn} & (new.needs() | new.principals())
                assert wanted <= present
                present |= {new.arn} if new.arn else set()
            case Delete(old):
                present -= {old.arn}
