"""The limits of a manifest held against a plan: how much it may take away, and what it may never touch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from xacct.kinds.group import Group
from xacct.kinds.role import Role
from xacct.manifest.model import Limits, Protected
from xacct.plan.narrow import takes_away
from xacct.plan.plan import Plan, Step
from xacct.problem import Problem
from xacct.resource import Address, State

_ENTITIES = ("role", "group", "user", "bucket", "key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifted:
    """The words of the command line that lift a guard for one run; nothing is lifted by default."""

    public: bool = False
    lockout: bool = False
    protected: bool = False
    dead_principals: bool = False
    retrust: bool = False
    max_delete: int | None = None


def exceeded(
    plan: Plan,
    desired: State,
    live: State,
    limits: Iterable[Limits],
    lifted: Lifted,
    *,
    accounts: frozenset[str] = frozenset(),
    destroyed: bool = False,
) -> tuple[Problem, ...]:
    """What a plan takes away beyond the limits; ``limits`` are those of this manifest and of the earlier one.

    ``accounts`` are those that were chosen, all where it is empty. A plan that destroys is not held to the
    thresholds: taking all away is what was asked for.
    """
    every = tuple(limits)
    if not any(one != Limits() for one in every) and lifted.max_delete is None:
        return ()
    destructive = {step: word for step in plan.steps if (word := takes_away(step.change)) is not None}
    found = [] if lifted.protected else list(_protected(destructive, live, every))
    if not destroyed:
        alive = (desired.resources.keys() & live.resources.keys()) | {step.address for step in destructive}
        alive = {one for one in alive if not accounts or one.account.name in accounts}
        found += _threshold(destructive, len(alive), every, lifted)
    return tuple(found)


def _threshold(
    destructive: Mapping[Step, str], alive: int, limits: Iterable[Limits], lifted: Lifted
) -> Iterator[Problem]:
    count = len(destructive)
    rules = list(limits) if lifted.max_delete is None else [Limits(max_delete=lifted.max_delete)]
    for one in rules:
        most, share = one.max_delete, one.max_delete_share
        if most is not None and count > most:
            allowed = f"at most {most}"
        elif share is not None and count * 100 > share * alive:
            allowed = f"at most {share} % of what lives"
        else:
            continue
        names = ", ".join(f"{step.address} ({word})" for step, word in destructive.items())
        yield Problem(
            summary="Too much at once",
            detail=f"{count} of {alive} living things would be deleted or narrowed, {allowed} may be: {names}.",
            fix=f"If all of it is meant, say --max-delete {count}.",
            place=one.place,
        )
        return


def _protected(destructive: Mapping[Step, str], live: State, limits: Iterable[Limits]) -> Iterator[Problem]:
    patterns: list[Protected] = list(dict.fromkeys(one for limit in limits for one in limit.protect))
    for step, word in destructive.items():
        names = set(_names(step.address, live))
        pattern = next(
            (one for one in patterns if any(fnmatchcase(name, one.pattern) for name in names)), None
        )
        if pattern is not None:
            yield Problem(
                summary="Protected",
                detail=f"{step.address} would be {word}, and {pattern.pattern} is protected.",
                fix="Leave it as it is. If it is meant, say --allow-protected, or take it out of limits.",
                place=pattern.place,
            )


def _names(address: Address, live: State) -> Iterator[str]:
    """The address, and the names of what it is or hangs on, with and without its path."""
    yield str(address)
    entity = address.kind.partition("-")[0]
    if address.kind == "membership":
        entity = "group"
        yield f"{address.account.name}/user/{address.parts[1]}"
    if entity not in _ENTITIES:
        return
    yield f"{address.account.name}/{entity}/{address.parts[0]}"
    owner = live.resources.get(Address(address.account, entity, address.parts[:1]))
    if isinstance(owner, Role | Group):
        yield f"{address.account.name}/{entity}{owner.path}{address.parts[0]}"
