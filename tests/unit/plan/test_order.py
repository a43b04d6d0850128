"""In which order: needs first, then the owner of the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import ClassVar, Self

import pytest

from tests.unit.plan.states import (
    APPS,
    DATA,
    grant,
    group,
    marked_grant,
    membership,
    plan,
    role,
    role_policy,
    steps,
    trust,
)
from xacct.account import Account
from xacct.errors import XacctError
from xacct.plan.order import order
from xacct.plan.plan import Create
from xacct.plan.reach import anchor
from xacct.resource import Address, Call, Resource, Shown
from xacct.snapshot import Snapshot


def test_a_role_is_made_before_its_policy_and_b_before_a() -> None:
    made = plan([grant(), role_policy(), role()], [])
    assert [address for _, address in steps(made)] == [
        "data/role/reader",
        "data/role-policy/reader/access",
        "apps/group-policy/Testers/grant",
    ]
    assert made.steps[1].after == {1}
    assert made.steps[2].after == frozenset()


def test_a_policy_goes_before_its_role_and_b_before_a() -> None:
    everything = [role(), role_policy(), grant()]
    made = plan([], everything, was=everything)
    assert steps(made) == [
        ("delete", "data/role-policy/reader/access"),
        ("delete", "data/role/reader"),
        ("delete", "apps/group-policy/Testers/grant"),
    ]


def test_what_trusts_a_role_goes_before_it_so_that_no_bare_id_is_left_behind() -> None:
    runner = role("aa", account=APPS, trust=trust("arn:aws:iam::444455556666:user/anna"))
    trusting = role("reader", trust=trust("arn:aws:iam::444455556666:role/aa"))
    made = plan([], [trusting, runner], was=[trusting, runner])
    assert made.steps[1].address == runner.address
    assert made.steps[1].after == {1}
    # An update that lets go of it counts as well.
    made = plan([role("reader")], [trusting, runner], was=[trusting, runner])
    assert [one.after for one in made.steps if one.address == runner.address] == [{1}]


def test_roles_that_trust_each_other_can_go_all_the_same() -> None:
    one = role("one", trust=trust("arn:aws:iam::111122223333:role/two"))
    two = role("two", trust=trust("arn:aws:iam::111122223333:role/one"))
    assert len(plan([], [one, two], was=[one, two]).steps) == 2


def test_a_principal_that_the_plan_makes_itself_comes_before_who_trusts_it() -> None:
    """B goes first, but a trust policy that names a role which is not there yet is refused."""
    runner = role("runner", account=APPS, path="/batch/", trust=trust("arn:aws:iam::444455556666:user/anna"))
    trusting = role("reader", trust=trust("arn:aws:iam::444455556666:role/batch/runner"))
    made = plan([trusting, runner], [])
    assert [address for _, address in steps(made)] == ["apps/role/runner", "data/role/reader"]


def test_new_roles_that_trust_each_other_are_made_shut_and_opened_when_both_are_there() -> None:
    """IAM refuses a trust that names a role which is not there yet; the first of two is made without."""
    one = role("one", trust=trust("arn:aws:iam::111122223333:role/two"))
    two = role("two", trust=trust("arn:aws:iam::111122223333:role/one"))
    made = plan([one, two], [])
    assert steps(made) == [
        ("create", "data/role/two"),
        ("create", "data/role/one"),
        ("update", "data/role/two"),
    ]
    shut = made.steps[0].calls[0]
    assert "role/one" not in str(shut.params["AssumeRolePolicyDocument"])
    assert made.steps[1].after == {1}
    assert made.steps[2].after == {1, 2}


def test_a_group_is_made_before_what_is_in_it_and_goes_after() -> None:
    inside = [group(), membership(), grant()]
    assert next(iter(steps(plan(inside, [])))) == ("create", "apps/group/Testers")
    assert steps(plan([], inside, was=inside))[-1] == ("delete", "apps/group/Testers")


def test_another_way_to_the_same_access_is_made_before_the_old_one_goes() -> None:
    made = plan([grant("new")], [marked_grant()])
    assert steps(made) == [
        ("create", "apps/group-policy/Testers/new"),
        ("delete", "apps/group-policy/Testers/xacct-example-reader"),
    ]
    assert made.steps[1].after == {1}


def test_the_order_does_not_hang_on_the_order_of_the_input() -> None:
    everything = [role(), role_policy(), grant(), group()]
    plans = {tuple(steps(plan(list(given), []))) for given in permutations(everything)}
    assert len(plans) == 1


def test_steps_of_accounts_that_were_not_chosen_are_left_to_their_owners() -> None:
    made = plan([role(), grant()], [], only_accounts=frozenset({"apps"}))
    assert steps(made) == [("create", "apps/group-policy/Testers/grant")]
    assert [str(address) for address in made.left] == ["data/role/reader"]


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:iam::111122223333:role/a/b/reader", "arn:aws:iam::111122223333:role/reader"),
        ("arn:aws:iam::111122223333:role/reader", "arn:aws:iam::111122223333:role/reader"),
        ("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:root"),
        ("111122223333", "111122223333"),
    ],
)
def test_names_are_unique_whatever_their_path(arn: str, name: str) -> None:
    assert anchor(arn) == name


@dataclass(frozen=True, slots=True, kw_only=True)
class Knot(Resource):
    """A resource that needs another one by name."""

    kind: ClassVar[str] = "knot"
    account: Account
    name: str
    other: str

    @property
    def address(self) -> Address:
        return Address(self.account, self.kind, (self.name,))

    @property
    def arn(self) -> str:
        return self.account.iam_arn(f"role/{self.name}")

    def needs(self) -> frozenset[str]:
        return frozenset({self.account.iam_arn(f"role/{self.other}")})

    def sources(self) -> tuple[str, ...]:
        return ("roles",)

    def shown(self) -> tuple[tuple[str, Shown], ...]:
        return ()

    @classmethod
    def pick(cls, snapshot: Snapshot) -> Iterator[Self]:
        yield from ()

    def added_to(self, snapshot: Snapshot) -> Snapshot:
        return snapshot

    def removed_from(self, snapshot: Snapshot) -> Snapshot:
        return snapshot

    def create(self) -> tuple[Call, ...]:
        return ()

    def update(self, live: Self) -> tuple[Call, ...]:
        return ()

    def delete(self) -> tuple[Call, ...]:
        return ()


def test_a_circle_is_named() -> None:
    knots = [Knot(account=DATA, name="a", other="b"), Knot(account=DATA, name="b", other="a")]
    with pytest.raises(XacctError, match=r"data/knot/a -> data/knot/b|data/knot/b -> data/knot/a"):
        order({knot.address: Create(knot) for knot in knots}, frozenset({APPS.name}))
