"""Trying what must work and what must not: patience first, then judgement."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from xacct.check import Check, Finding, Outcome, Want
from xacct.engine.hops import ASSUME, Doors, Hops, key_of
from xacct.engine.layer import explain
from xacct.engine.probe import Answer, Tried, probe
from xacct.errors import ExitCode

PAUSE = 2.0
MINUTE = 60.0
"""For so long a positive answer vouches for the refusals that the same credentials get."""


def _silent(_text: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a change may take to be seen: seconds usually, on AWS up to a minute.

    ``progress`` hears what is waited for.
    """

    seconds: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    progress: Callable[[str], None] = _silent


def verify(checks: Sequence[Check], doors: Doors, patience: Patience) -> Iterator[Finding]:
    """A finding for each check, in the order in which they were tried: link by link, what must work first.

    What must work is tried until it does or patience ends, and what must not until it is refused; who was
    of two minds once must say the same twice. A refusal counts only where the same credentials were seen to
    work in the same minute, and only if it is one for want of a permission.
    """
    run = _Run(doors, patience)
    for link in dict.fromkeys(check.link for check in checks):
        mine = [check for check in checks if check.link == link]
        for want in (Want.ALLOWED, Want.DENIED):
            for check in mine:
                if check.want is want:
                    yield run.finding(check)


def exit_code(findings: Sequence[Finding], *, strict: bool = False) -> ExitCode:
    """Too wide before missing before unknown; ``not enforced`` counts as too wide only when strict."""
    outcomes = {finding.outcome for finding in findings}
    if Outcome.TOO_WIDE in outcomes or (strict and Outcome.NOT_ENFORCED in outcomes):
        return ExitCode.TOO_WIDE
    if Outcome.MISSING in outcomes:
        return ExitCode.MISSING
    if outcomes & {Outcome.UNKNOWN, Outcome.NOT_TRIED}:
        return ExitCode.UNKNOWN
    return ExitCode.DONE


class _Run:
    """What was seen to work so far, when and by whom."""

    def __init__(self, doors: Doors, patience: Patience) -> None:
        self._hops = Hops(doors)
        self._patience = patience
        self._deadline = patience.clock() + patience.seconds
        self._worked: dict[tuple[str, str, str], tuple[float, Check]] = {}
        self._entered: set[str] = set()
        self._reached: set[str] = set()

    def finding(self, check: Check) -> Finding:
        """Try one check."""
        if not check.caller.profile:
            why = check.why or f"There is no profile for {check.caller.arn}, so nobody could try as it."
            return _finding(
                check, Outcome.NOT_TRIED, why, fix="Name its profile in the manifest, under users or roles."
            )
        if check.mfa:
            return _finding(
                check,
                Outcome.NOT_TRIED,
                "The role asks for a second factor, which a machine does not have.",
                fix="Try it by hand, with the profile that xacct use prints.",
            )
        return self._positive(check) if check.want is Want.ALLOWED else self._negative(check)

    def _positive(self, check: Check) -> Finding:
        tried = self._steady(check, Answer.ALLOWED)
        match tried.answer:
            case Answer.ALLOWED:
                self._note(check)
                return _finding(check, Outcome.AS_DECLARED, tried.detail, seen=tried.seen)
            case Answer.DENIED if check.source_ip:
                detail = f"Refused from here; the link lets in from {', '.join(check.source_ip)} only."
                fix = "Run verify from there."
                return _finding(check, Outcome.UNKNOWN, _both(detail, tried.detail), fix=fix)
            case Answer.DENIED:
                likely, fix = explain(check, tried.detail)
                return _finding(check, Outcome.MISSING, _both(likely, tried.detail), fix=fix)
            case Answer.ABSENT:
                fix = f"Run xacct plan --account {check.owner.name}."
                return _finding(check, Outcome.MISSING, tried.detail, fix=fix)
            case Answer.NOT_TRIED:
                return _finding(check, Outcome.NOT_TRIED, tried.detail)
            case Answer.UNKNOWN:
                return _finding(check, Outcome.UNKNOWN, tried.detail)
            case _:
                assert_never(tried.answer)

    def _negative(self, check: Check) -> Finding:
        tried = self._steady(check, Answer.DENIED)
        match tried.answer:
            case Answer.ALLOWED:
                return _finding(
                    check,
                    Outcome.TOO_WIDE,
                    f"It worked, and nothing declares it. {tried.detail}".rstrip(),
                    fix="Run xacct plan and xacct drift; look for foreign policies that allow it.",
                )
            case Answer.DENIED:
                if doubt := self._doubt(check):
                    return _finding(check, Outcome.UNKNOWN, f"Refused, but {doubt}")
                return _finding(check, Outcome.AS_DECLARED, tried.detail or "The service refused.")
            case Answer.NOT_TRIED:
                return _finding(check, Outcome.NOT_TRIED, tried.detail)
            case Answer.ABSENT | Answer.UNKNOWN:
                return _finding(check, Outcome.UNKNOWN, tried.detail)
            case _:
                assert_never(tried.answer)

    def _steady(self, check: Check, hoped: Answer) -> Tried:
        """The answer after patience: as hoped, twice where it was not so at first, or what it is at the end."""
        turned, again = False, False
        while True:
            tried = self._try(check)
            if tried.answer is hoped:
                if again or not turned:
                    return tried
                again = True
            elif tried.answer in (Answer.ALLOWED, Answer.DENIED, Answer.ABSENT):
                turned, again = True, False
            else:
                return tried
            if self._patience.clock() + PAUSE > self._deadline:
                return tried
            if not again:
                self._patience.progress(f"{check.name}: {tried.answer.value} so far, trying again")
                self._hops.forget(check)
            self._patience.sleep(PAUSE)

    def _try(self, check: Check) -> Tried:
        if check.action == ASSUME:
            self._hops.forget(check)
            opened = self._hops.open(check)
            return opened if isinstance(opened, Tried) else Tried(Answer.ALLOWED)
        door = self._hops.open(check) if check.role else self._hops.own(check.caller)
        if isinstance(door, Tried):
            if door.answer in (Answer.DENIED, Answer.ABSENT):
                return Tried(Answer.NOT_TRIED, "The role cannot be assumed, so it was not tried.")
            return door
        return probe(door, check)

    def _note(self, check: Check) -> None:
        now = self._patience.clock()
        if check.action == ASSUME:
            self._entered.add(check.role)
        else:
            self._worked[key_of(check)] = now, check
            self._reached.add(check.resource)

    def _doubt(self, check: Check) -> str:
        """Why a refusal says nothing of the permission; "" where it does."""
        if check.role and check.action != ASSUME:
            return self._doubt_session(check)
        if reason := self._hops.accepted(check.caller):
            return f"whether the credentials are accepted is not known. {reason}"
        if check.action == ASSUME and not check.ended and check.role not in self._entered:
            return "nobody was seen to be let in, so it may be refused to everybody."
        if check.action != ASSUME and not check.ended and check.resource not in self._reached:
            return "nobody was seen to reach the bucket, so it may be refused to everybody."
        return ""

    def _doubt_session(self, check: Check) -> str:
        known = self._worked.get(key_of(check))
        if known is None:
            return "nothing was seen to work in this session, so everything may be refused."
        when, positive = known
        if self._patience.clock() - when > MINUTE:
            if self._try(positive).answer is not Answer.ALLOWED:
                return f"what worked before does not any more: {positive.name}."
            self._note(positive)
        return ""


def _both(likely: str, message: str) -> str:
    return f"{likely} The service says: {message}" if message else likely


def _finding(
    check: Check, outcome: Outcome, detail: str, *, seen: tuple[str, ...] = (), fix: str = ""
) -> Finding:
    return Finding(check=check, outcome=outcome, detail=detail, seen=seen, fix=fix)
