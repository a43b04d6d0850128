"""The plan: ordered steps from live to desired, with the exact calls of each, as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, TypeAlias

from immutabledict import immutabledict

from xacct.account import Account
from xacct.problem import Problem
from xacct.resource import Address, Request, Resource


@dataclass(frozen=True, slots=True)
class Create:
    """The resource is desired and not live."""

    after: Resource


@dataclass(frozen=True, slots=True)
class Update:
    """The resource is live and differs from the desired one.

    ``part`` tells that this is one of the two puts of a change that must not be made in one: it takes away
    (``narrow``) or gives (``widen``).
    """

    before: Resource
    after: Resource
    part: Literal["", "narrow", "widen"] = ""


@dataclass(frozen=True, slots=True)
class Delete:
    """The resource is live, ours by mark or by the user's word, and no longer desired.

    ``because`` says in a few words what allows the deletion.
    """

    before: Resource
    because: str = field(default="", compare=False)


Change: TypeAlias = Create | Update | Delete


def ends(change: Change) -> tuple[Resource | None, Resource | None]:
    """What there is before a change and after it; None is absence, and never both are."""
    match change:
        case Create(after):
            return None, after
        case Update(before, after):
            return before, after
        case Delete(before):
            return before, None


def requests(change: Change) -> tuple[Request, ...]:
    """The calls that make a change, in their order."""
    match change:
        case Create(after):
            return after.create()
        case Update(before, after):
            return after.update(before)
        case Delete(before):
            return before.delete()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change with its calls; ``after`` names the steps (by number) that must be done before it.

    A change that is split has two steps of one address.
    """

    number: int
    address: Address
    change: Change
    calls: tuple[Request, ...]
    after: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A declared resource of which nothing could be read, so that nothing is planned for it."""

    address: Address
    reason: str


class Weight(Enum):
    """What a consequence is: access gained or lost, something that must not be overlooked, or a remark."""

    GAIN = "gain"
    LOSS = "loss"
    ALARM = "alarm"
    REMARK = "remark"


NOT_ASKED = "not asked"
"""The mark of the remark that the consequences are not complete."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a plan means, in one line: who gains or loses what, or what is dangerous about it.

    ``mark`` groups alarms: ``public``, ``stranger``, ``privilege escalation``, ``will not work``, ``sessions``,
    ``gap``.
    ``others`` are the actions that the text counts and does not name.
    """

    weight: Weight
    text: str
    mark: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What apply will do, in order. Equal plans have equal digests. Errors in ``problems`` forbid an apply.

    ``left`` are differences in accounts that were not chosen: their owners' to apply.
    ``notes`` are remarks that stop nothing: foreign content that was left alone, differences of wording,
    what the platform does not enforce. ``access`` is what the plan means, at most, over all that was read.
    ``guards`` are reasons to refuse the apply (exit code 6), with the
    word that lifts each. ``endpoints`` are by account/service, ``platforms`` (what each account was seen to
    live on) by account.
    """

    name: str
    accounts: tuple[Account, ...]
    steps: tuple[Step, ...]
    left: tuple[Address, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    problems: tuple[Problem, ...] = ()
    guards: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    endpoints: immutabledict[str, str] = field(default_factory=immutabledict)
    platforms: immutabledict[str, str] = field(default_factory=immutabledict)
    compared: int = 0
    access: tuple[Consequence, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do; unknown parts may still hide a difference."""
        return not self.steps
