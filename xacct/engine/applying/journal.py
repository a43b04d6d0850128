"""What an apply has written down about each call, before it and after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from xacct.errors import ServiceError
from xacct.plan.plan import Step
from xacct.resource import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """The call is about to be sent; ``before`` is the live text it was merged with, where it is a merge."""

    step: Step
    index: int
    call: Call
    before: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The call was answered, or what it should do was done already."""

    step: Step
    index: int
    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Broke:
    """The call failed. Where ``error.unanswered`` nobody knows whether it was done."""

    step: Step
    index: int
    call: Call
    error: ServiceError


Event: TypeAlias = Sending | Sent | Broke
Record: TypeAlias = Callable[[Event], None]


def forget(event: Event) -> None:
    """Write nothing down."""
