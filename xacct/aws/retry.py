"""Waits that have a meaning: for what was just made to be seen, for another change to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from xacct.errors import ServiceError

Answer = TypeVar("Answer")

BUSY = frozenset({"OperationAborted", "ConcurrentModification", "EntityTemporarilyUnmodifiable"})
"""Another change of the same thing is under way; trying again later is all that is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait and how: the pauses grow from ``first`` to ``longest`` seconds until ``deadline``."""

    clock: Callable[[], float]
    sleep: Callable[[float], None]
    deadline: float = 60.0
    first: float = 0.5
    longest: float = 5.0


def persist(
    action: Callable[[], Answer],
    *,
    patience: Patience,
    waits_for: Callable[[ServiceError], str | None],
    progress: Callable[[str], None],
) -> Answer:
    """Do it, and again as long as ``waits_for`` says what the error waits for and the deadline allows.

    The deadline counts from the first failure, and the last error is the one that is raised.
    """
    pause, until = patience.first, None
    while True:
        try:
            return action()
        except ServiceError as error:
            what = waits_for(error)
            now = patience.clock()
            until = now + patience.deadline if until is None else until
            if what is None or now >= until:
                raise
        progress(what)
        patience.sleep(min(pause, until - now))
        pause = min(pause * 2, patience.longest)


def busy(error: ServiceError) -> str | None:
    """What an error waits for where another change of the same thing is under way."""
    if error.code in BUSY or (error.status == 409 and not error.code):
        return "another change of the same thing to end"
    return None


def names_unknown_principal(error: ServiceError) -> bool:
    """Whether the service knows no such principal: there is none, or it is too new to be seen."""
    return error.code in {"MalformedPolicyDocument", "MalformedPolicy"} and "invalid principal" in (
        error.message.lower()
    )
