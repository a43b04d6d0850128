"""What comes of each step of a plan, as it happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from xacct.errors import XacctError
from xacct.plan.plan import Step
from xacct.resource import Address, Call


@dataclass(frozen=True, slots=True)
class Started:
    """The step has begun; one of Applied and Failed follows."""

    step: Step


@dataclass(frozen=True, slots=True)
class Waiting:
    """The step tries again after a pause; ``what`` says what it waits for, ``left`` for how long at most.

    0 seconds are not known.
    """

    step: Step
    what: str
    left: float = 0.0


@dataclass(frozen=True, slots=True)
class Applied:
    """The step is done. ``calls`` were sent, merged as they went out; none where all was there already."""

    step: Step
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The step was stopped by an error; its first ``calls_done`` calls were done."""

    step: Step
    error: XacctError
    calls_done: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """The step was held back; ``because`` is the address of the step that failed or was not asked for."""

    step: Step
    because: Address


Outcome: TypeAlias = Started | Waiting | Applied | Failed | Skipped
