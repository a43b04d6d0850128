"""Waits that have a meaning: for what was just made to be seen, for another change to end, for a busy service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
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


class Budget:
    """Seconds that may be waited in all, by everybody who shares it."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._lock = Lock()

    def take(self, seconds: float) -> float:
        """So many of them as are left; 0 where none is."""
        with self._lock:
            taken = max(0.0, min(seconds, self._left))
            self._left -= taken
            return taken


@dataclass(frozen=True, slots=True)
class Wait:
    """What trying again waits for: ``what`` in words, and for how many of the usual deadlines.

    With a ``budget`` the pauses are taken out of it, and its end is an end.
    """

    what: str
    times: float = 1.0
    budget: Budget | None = None


def persist(
    action: Callable[[], Answer],
    *,
    patience: Patience,
    waits_for: Callable[[ServiceError], Wait | None],
    progress: Callable[[str, float], None],
) -> Answer:
    """Do it, and again as long as ``waits_for`` says what the error waits for and its deadline allows.

    A deadline counts from the first failure, whatever that one waited for, and the last error is the one that
    is raised. ``progress`` hears what is waited for, and for how many seconds more at most.
    """
    pause, began = patience.first, None
    while True:
        try:
            return action()
        except ServiceError as error:
            wait = waits_for(error)
            now = patience.clock()
            began = now if began is None else began
            left = 0.0 if wait is None else began + wait.times * patience.deadline - now
            if wait is None or left <= 0:
                raise
            this = min(pause, left)
            if wait.budget is not None:
                this = wait.budget.take(this)
            if this <= 0:
                raise
        progress(wait.what, left)
        patience.sleep(this)
        pause = min(pause * 2, patience.longest)


def busy(error: ServiceError) -> Wait | None:
    """What an error waits for where another change of the same thing is under way."""
    if error.code in BUSY or (error.status == 409 and not error.code):
        return Wait("another change of the same thing to end")
    return None


def slowed(error: ServiceError) -> bool:
    """Whether the service has too much to do, or a fault of its own; the SDK has tried again already then."""
    return error.throttled or error.status >= 500


def names_unknown_principal(error: ServiceError) -> bool:
    """Whether the service knows no such principal: there is none, or it is too new to be seen."""
    return error.code in {"MalformedPolicyDocument", "MalformedPolicy"} and "invalid principal" in (
        error.message.lower()
    )
