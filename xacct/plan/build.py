"""From two states to a plan; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from immutabledict import immutabledict

from xacct.account import Account
from xacct.plan.diff import Removal, diff
from xacct.plan.guard import first_apply, foreign_parts, no_safe_order, occupied, strangers
from xacct.plan.order import Order, Put, order
from xacct.plan.plan import Change, Create, Plan, Step, Unknown, Update, requests
from xacct.plan.revocation import denial
from xacct.plan.split import split
from xacct.problem import Problem
from xacct.resource import Address, State


def make_plan(
    *,
    name: str,
    accounts: Iterable[Account],
    desired: State,
    live: State,
    removal: Removal,
    owners: frozenset[str] = frozenset(),
    unknown: Iterable[tuple[Address, str]] = (),
    problems: Iterable[Problem] = (),
    notes: Iterable[Problem] = (),
    only_accounts: frozenset[str] = frozenset(),
    adopt: bool = False,
    endpoints: Mapping[str, str] | None = None,
    denied: Iterable[Address] = (),
) -> Plan:
    """The plan that leads from live to desired.

    ``unknown`` are addresses whose desired value cannot be known now; nothing is planned for them. With
    ``only_accounts`` the steps of all others are counted in ``left`` and not in ``steps``. ``denied`` are
    roles whose running sessions are ended on the way.
    """
    difference = diff(desired, live, removal)
    hidden = {address for address, _ in unknown}
    kept = {
        address: change
        for address, change in difference.changes.items()
        if address not in hidden and not (only_accounts and address.account.name not in only_accounts)
    }
    beyond = [
        address
        for address in difference.changes
        if address not in hidden and only_accounts and address.account.name not in only_accounts
    ]
    kept |= dict(_denials(denied, live))
    steps, unsafe = _steps(kept, owners, live)
    gaps = (*difference.unknown, *(Unknown(address=address, reason=why) for address, why in unknown))
    if only_accounts:
        gaps = tuple(gap for gap in gaps if gap.address.account.name in only_accounts)
    guards = (
        *strangers(desired, live, removal.marker, adopt=adopt),
        *first_apply(desired, live, removal.marker, adopt=adopt),
        *difference.guards,
        *occupied(kept, live),
        *(no_safe_order(*pair) for pair in unsafe),
    )
    return Plan(
        name=name,
        accounts=tuple(accounts),
        steps=steps,
        left=tuple(sorted(beyond)),
        unknown=tuple(sorted(set(gaps), key=lambda gap: (gap.address, gap.reason))),
        problems=(*problems, *difference.problems),
        guards=guards,
        notes=(*notes, *difference.notes, *foreign_parts(desired, live, kept)),
        endpoints=immutabledict(endpoints or {}),
        compared=len(desired.resources),
    )


def _denials(roles: Iterable[Address], live: State) -> Iterator[tuple[Address, Change]]:
    for role in roles:
        wanted = denial(role.account, role.parts[0])
        found = live.resources.get(wanted.address)
        yield wanted.address, Create(wanted) if found is None else Update(found, wanted)


def _steps(
    changes: Mapping[Address, Change], owners: frozenset[str], live: State
) -> tuple[tuple[Step, ...], tuple[tuple[Address, Address], ...]]:
    found = order(changes, owners, live.resources)
    parts = {put: split(changes[put.address], put.half, _is_first(put, found)) for put, _ in found.puts}
    numbers = {put: number for number, (put, _) in enumerate(found.puts, 1)}
    steps = tuple(
        Step(
            number=numbers[put],
            address=put.address,
            change=parts[put],
            calls=requests(parts[put]),
            after=frozenset(numbers[other] for other in before),
        )
        for put, before in found.puts
    )
    return steps, found.unsafe


def _is_first(put: Put, found: Order) -> bool:
    """Whether this is the earlier one of two halves."""
    return next(one for one, _ in found.puts if one.address == put.address) == put
