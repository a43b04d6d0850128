"""Trying what must work and what must not: with the real credentials of the principals, role by role."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from xacct.check import Caller, Check, Finding, Outcome, Want
from xacct.engine.gateway import Gateway
from xacct.engine.probe import Answer, Tried, probe
from xacct.errors import ExitCode, ServiceError, XacctError
from xacct.resource import Call

SESSION_NAME = "xacct-verify"
SHORTEST_SESSION = 900
PAUSE = 2.0
_FIX_MISSING = (
    "Run xacct plan: a difference there is the likely cause. Otherwise look at what the service says."
)


class Doors(Protocol):
    """How verify comes to credentials; the real one is in the command line, the tests have a fake."""

    def caller(self, caller: Caller) -> Gateway:
        """The principal's own credentials; raises ``XacctError`` where there are none."""

    def session(self, caller: Caller, check: Check, answer: dict[str, Any]) -> Gateway:
        """The session that an answer to AssumeRole opened."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a declared access may take to appear: changes need seconds, on AWS up to a minute."""

    seconds: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]


def verify(checks: Sequence[Check], doors: Doors, patience: Patience) -> Iterator[Finding]:
    """A finding for each check, in the order in which they were tried: link by link, what must work first.

    What must work is tried until it does or patience ends. A refusal of what must not work counts only where
    the same credentials were seen to work.
    """
    deadline = patience.clock() + patience.seconds
    run = _Run(doors, patience, deadline)
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
    """The sessions opened so far, and who was seen to have working credentials."""

    def __init__(self, doors: Doors, patience: Patience, deadline: float) -> None:
        self.doors = doors
        self.patience = patience
        self.deadline = deadline
        self.sessions: dict[tuple[str, str, str], Gateway | Tried] = {}
        self.working: dict[str, Gateway | Tried] = {}

    def finding(self, check: Check) -> Finding:
        """Try one check."""
        if not check.caller.profile:
            return _not_tried(
                check,
                f"There is no profile for {check.caller.arn}, so nobody could try as this principal.",
                "Name its profile in the manifest, under users or roles.",
            )
        if check.mfa:
            return _not_tried(
                check,
                "The role asks for a second factor, which a machine does not have.",
                "Try it by hand, with the profile that xacct use prints.",
            )
        if check.want is Want.ALLOWED:
            return self._positive(check)
        return self._negative(check)

    def _positive(self, check: Check) -> Finding:
        while True:
            tried = self._try(check)
            late = self.patience.clock() + PAUSE > self.deadline
            if tried.answer is not Answer.DENIED or late:
                break
            self.sessions.pop(_key(check), None)
            self.patience.sleep(PAUSE)
        match tried.answer:
            case Answer.ALLOWED:
                return Finding(check=check, outcome=Outcome.AS_DECLARED, detail=tried.detail, seen=tried.seen)
            case Answer.DENIED:
                return Finding(check=check, outcome=Outcome.MISSING, detail=tried.detail, fix=_FIX_MISSING)
            case Answer.NOT_TRIED:
                return _not_tried(check, tried.detail, "")
            case Answer.UNKNOWN:
                return Finding(check=check, outcome=Outcome.UNKNOWN, detail=tried.detail)

    def _negative(self, check: Check) -> Finding:
        tried = self._try(check)
        match tried.answer:
            case Answer.ALLOWED:
                return Finding(
                    check=check,
                    outcome=Outcome.TOO_WIDE,
                    detail=f"It worked, and nothing declares it. {tried.detail}".rstrip(),
                    fix="Run xacct plan and xacct drift; look for foreign policies that allow it.",
                )
            case Answer.DENIED:
                return Finding(check=check, outcome=Outcome.AS_DECLARED, detail=tried.detail)
            case Answer.NOT_TRIED:
                return _not_tried(check, tried.detail, "")
            case Answer.UNKNOWN:
                return Finding(check=check, outcome=Outcome.UNKNOWN, detail=tried.detail)

    def _try(self, check: Check) -> Tried:
        if check.action == "sts:AssumeRole":
            opened = self._open(check)
            return Tried(Answer.ALLOWED) if not isinstance(opened, Tried) else opened
        gateway = self._open(check) if check.role else self._own(check.caller)
        if isinstance(gateway, Tried):
            if gateway.answer is Answer.DENIED:
                return Tried(
                    Answer.NOT_TRIED, f"The role cannot be assumed, so it was not tried. {gateway.detail}"
                )
            return gateway
        return probe(gateway, check)

    def _open(self, check: Check) -> Gateway | Tried:
        """A session of the role; asked for anew after a refusal, and kept otherwise."""
        known = self.sessions.get(_key(check))
        if known is not None:
            return known
        own = self._own(check.caller)
        if isinstance(own, Tried):
            return own
        call = Call.of(
            "sts",
            "AssumeRole",
            RoleArn=check.role,
            RoleSessionName=SESSION_NAME,
            DurationSeconds=SHORTEST_SESSION,
            ExternalId=check.external_id or None,
        )
        opened: Gateway | Tried
        try:
            answer = own.ask(call)
        except ServiceError as error:
            opened = (
                Tried(Answer.DENIED, error.message or "The service refused.")
                if error.denied
                else Tried(Answer.UNKNOWN, str(error))
            )
        else:
            if answer is None:
                opened = Tried(Answer.DENIED, f"The role {check.role} does not exist.")
            else:
                opened = self.doors.session(check.caller, check, answer)
        self.sessions[_key(check)] = opened
        return opened

    def _own(self, caller: Caller) -> Gateway | Tried:
        """The principal's own credentials, once they were seen to be accepted and to be the principal's."""
        known = self.working.get(caller.profile)
        if known is None:
            known = self.working[caller.profile] = self._enter(caller)
        return known

    def _enter(self, caller: Caller) -> Gateway | Tried:
        try:
            gateway = self.doors.caller(caller)
            seen = gateway.caller()
        except XacctError as error:
            return Tried(Answer.UNKNOWN, str(error))
        if seen is not None and not _same(seen.arn, caller.arn):
            return Tried(
                Answer.UNKNOWN,
                f"The profile {caller.profile} belongs to {seen.arn}, not to {caller.arn}.",
            )
        return gateway


def _same(seen: str, declared: str) -> bool:
    """Whether a caller's ARN is the declared principal's; a session's ARN has its role's name without path."""
    if seen == declared or not seen:
        return True
    if ":assumed-role/" in seen and ":role/" in declared:
        account, _, rest = seen.partition(":assumed-role/")
        return (
            rest.partition("/")[0] == declared.rpartition("/")[2]
            and account.split(":")[4] == declared.split(":")[4]
        )
    return False


def _key(check: Check) -> tuple[str, str, str]:
    return (check.caller.profile, check.role, check.external_id)


def _not_tried(check: Check, detail: str, fix: str) -> Finding:
    return Finding(check=check, outcome=Outcome.NOT_TRIED, detail=detail, fix=fix)
