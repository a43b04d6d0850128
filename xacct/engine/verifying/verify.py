"""Trying what must work and what must not: patience first, then judgement."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from xacct.check import Check, Decision, Finding, Layer, Outcome, Want, Why
from xacct.engine.layer import explain, key_of_no_use
from xacct.engine.verifying.diagnose import Judgement
from xacct.engine.verifying.hops import ASSUME, Doors, Hops, key_of
from xacct.engine.verifying.probe import probe
from xacct.engine.verifying.tried import Answer, Canaries, Means, Tried, bucket_of
from xacct.errors import ExitCode

PAUSE = 2.0
MINUTE = 60.0
"""For so long a positive answer vouches for the refusals that the same credentials get."""
STABLE = 3
"""So often in a row what was removed must be refused, before it counts as gone."""


def _silent(_text: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a change may take to be seen: seconds usually, on AWS up to a minute.

    ``progress`` hears what is waited for. ``wall`` tells the time of day, for sessions that go on.
    """

    seconds: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    progress: Callable[[str], None] = _silent
    wall: Callable[[], datetime] | None = None


Judging = Callable[[Check], Judgement]


def verify(
    checks: Sequence[Check],
    doors: Doors,
    patience: Patience,
    *,
    judge: Judging | None = None,
    canaries: Canaries | None = None,
) -> Iterator[Finding]:
    """A finding for each check, in the order in which they were tried: link by link, what must work first.

    What must work is tried until it does or patience ends, and what must not until it is refused; who was
    of two minds once must say the same twice, and what was removed must be refused several times in a row. A
    refusal counts only where the same credentials were seen to work in the same minute, and only if it is one
    for want of a permission. Where nobody could try, ``judge`` decides by the live documents, and the finding
    says so. ``canaries`` are given where own objects may be written and deleted.
    """
    run = _Run(doors, patience, judge, Means(canaries, doors.owner))
    for link in dict.fromkeys(check.link for check in checks):
        mine = [check for check in checks if check.link == link]
        for want in (Want.ALLOWED, Want.DENIED):
            for check in mine:
                if check.want is want:
                    yield run.finding(check)


def exit_code(findings: Sequence[Finding], *, strict: bool = False) -> ExitCode:
    """Too wide before missing before unknown; ``not enforced`` counts as too wide only when strict.

    What was only decided counts as too wide or missing as if it had been tried, and never as declared.
    """
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

    def __init__(self, doors: Doors, patience: Patience, judge: Judging | None, means: Means) -> None:
        self._hops = Hops(doors)
        self._patience = patience
        self._judge = judge
        self._means = means
        self._deadline = patience.clock() + patience.seconds
        self._worked: dict[tuple[str, str, str], tuple[float, Check]] = {}
        self._entered: set[str] = set()
        self._reached: set[str] = set()

    def finding(self, check: Check) -> Finding:
        """Try one check."""
        if not check.caller.profile:
            detail = check.why or f"There is no profile for {check.caller.arn}, so nobody could try as it."
            fix = (
                ""
                if check.caller.claims
                else "Name a profile for whoever has none, in the manifest under users or roles."
            )
            return self._untried(check, detail, fix)
        if check.mfa:
            return self._untried(
                check,
                "The role asks for a second factor, which a machine does not have.",
                "Try it by hand, with the profile that xacct use prints.",
            )
        return self._positive(check) if check.want is Want.ALLOWED else self._negative(check)

    def _positive(self, check: Check) -> Finding:
        tried = self._steady(check, Answer.ALLOWED)
        match tried.answer:
            case Answer.ALLOWED:
                self._note(check)
                return Finding(check=check, outcome=Outcome.AS_DECLARED, detail=tried.detail, seen=tried.seen)
            case Answer.DENIED if check.source_ip:
                detail = f"Refused from here; the link lets in from {', '.join(check.source_ip)} only."
                why = Why(layer=Layer.NETWORK, text=detail, fix="Run verify from there.")
                return Finding(
                    check=check, outcome=Outcome.UNKNOWN, detail=detail, why=why, said=tried.detail
                )
            case Answer.DENIED:
                why = self._refused(check, tried.detail)
                return Finding(
                    check=check, outcome=Outcome.MISSING, detail=why.text, why=why, said=tried.detail
                )
            case Answer.ABSENT:
                fix = f"Run xacct plan --account {check.owner.name}: it shows the difference."
                why = self._judged(check) or Why(layer=Layer.ROLE, text=tried.detail, fix=fix)
                return Finding(check=check, outcome=Outcome.MISSING, detail=why.text, why=why)
            case Answer.NOT_TRIED:
                return self._untried(check, tried.detail)
            case Answer.UNKNOWN:
                return self._unknown(check, tried)
            case _:
                assert_never(tried.answer)

    def _negative(self, check: Check) -> Finding:
        tried = self._steady(check, Answer.DENIED)
        match tried.answer:
            case Answer.ALLOWED:
                return self._too_wide(check, tried)
            case Answer.ABSENT if check.removed:
                gone = f"{tried.detail} Its sessions ended with it."
                return Finding(check=check, outcome=Outcome.AS_DECLARED, detail=gone)
            case Answer.DENIED:
                if doubt := self._doubt(check):
                    return Finding(
                        check=check,
                        outcome=Outcome.UNKNOWN,
                        detail=f"Refused, but {doubt}",
                        said=tried.detail,
                    )
                return Finding(
                    check=check,
                    outcome=Outcome.AS_DECLARED,
                    detail=f"Refused {STABLE} times in a row." if check.removed else "Refused.",
                    said=tried.detail,
                    notes=self._sessions(check),
                )
            case Answer.NOT_TRIED:
                return self._untried(check, tried.detail)
            case Answer.ABSENT | Answer.UNKNOWN:
                return self._unknown(check, tried)
            case _:
                assert_never(tried.answer)

    # ---- findings that explain themselves

    def _too_wide(self, check: Check, tried: Tried) -> Finding:
        judged = self._judge(check) if self._judge else None
        why = judged.why if judged and judged.decision is Decision.ALLOWED else None
        if why is None:
            why = Why(
                layer=Layer.UNKNOWN,
                text="What lets it through was not read.",
                fix="Run xacct plan and xacct drift; look for foreign policies that allow it.",
            )
        return Finding(
            check=check,
            outcome=Outcome.TOO_WIDE,
            detail=f"It worked, and nothing declares it. {tried.detail}".rstrip(),
            why=why,
        )

    def _unknown(self, check: Check, tried: Tried) -> Finding:
        """No answer; but a principal that is gone, or a key that nobody can use, is one where access is declared."""
        if tried.whose and check.want is Want.ALLOWED:
            why = self._judged(check)
            if why is not None and why.layer is Layer.PRINCIPAL:
                detail = f"{why.text} The credentials of profile {check.caller.profile} are {tried.whose}."
                return Finding(check=check, outcome=Outcome.MISSING, detail=detail, why=why)
        if tried.key and check.want is Want.ALLOWED:
            why = key_of_no_use(tried.detail)
            return Finding(check=check, outcome=Outcome.MISSING, detail=tried.detail, why=why)
        layer = Layer.NETWORK if tried.network else Layer.CREDENTIALS if tried.whose else Layer.SERVICE
        fixes = {
            Layer.NETWORK: "See that the endpoint can be reached from here, and run verify again.",
            Layer.CREDENTIALS: f"Put the keys of {check.caller.arn} into the profile {check.caller.profile}.",
            Layer.SERVICE: "See what the answer says, and run verify again.",
        }
        why = Why(layer=layer, text=tried.detail, fix=fixes[layer])
        return Finding(check=check, outcome=Outcome.UNKNOWN, detail=tried.detail, why=why)

    def _refused(self, check: Check, said: str) -> Why:
        """The live documents know more than the service's words, unless they allow what was refused."""
        by_words = explain(check, said)
        judged = self._judge(check) if self._judge else None
        if judged is None or judged.decision is Decision.OPEN:
            return by_words
        if judged.why is not None and judged.decision is Decision.DENIED:
            return judged.why
        if by_words.layer is not Layer.UNKNOWN:
            return by_words
        return Why(
            layer=Layer.UNKNOWN,
            text="Every document that was read allows it, so what was not read stands in the way: a control "
            "policy, a network's policy, a block of public access; or a change is not seen everywhere yet.",
            fix="Wait a minute and try again, then ask the administrators of the organization.",
        )

    def _judged(self, check: Check) -> Why | None:
        judged = self._judge(check) if self._judge else None
        return judged.why if judged is not None and judged.decision is Decision.DENIED else None

    def _untried(self, check: Check, detail: str, fix: str = "") -> Finding:
        """Nobody tried: the live documents are judged, and that never counts as tried."""
        bare = Finding(
            check=check,
            outcome=Outcome.NOT_TRIED,
            detail=detail,
            why=Why(layer=Layer.UNKNOWN, text=detail, fix=fix) if fix else None,
        )
        judged = self._judge(check) if self._judge else None
        if judged is None:
            return bare
        wanted = Decision.ALLOWED if check.want is Want.ALLOWED else Decision.DENIED
        if judged.decision is Decision.OPEN:
            doubt = f" By the documents it is not decided: {judged.doubt}." if judged.doubt else ""
            return replace(bare, decided=Decision.OPEN, detail=detail + doubt)
        if judged.decision is wanted:
            return replace(bare, decided=wanted)
        if not judged.entered:
            text = f"{detail} By the documents the role cannot be assumed either."
            return replace(bare, decided=judged.decision, detail=text)
        missing = check.want is Want.ALLOWED
        return Finding(
            check=check,
            outcome=Outcome.MISSING if missing else Outcome.TOO_WIDE,
            detail=f"{detail} By the documents it is {judged.decision.value}.",
            why=judged.why,
            decided=judged.decision,
        )

    def _sessions(self, check: Check) -> tuple[str, ...]:
        """Until when sessions go on that were opened before a way in was closed."""
        if not check.removed or check.action != ASSUME or self._patience.wall is None:
            return ()
        if (why := self._judged(check)) and why.layer is Layer.ROLE:
            return ("The role is gone, and its sessions ended with it.",)
        end = self._patience.wall() + timedelta(seconds=check.session_seconds)
        return (
            f"Sessions opened before may go on until {end:%Y-%m-%dT%H:%M:%SZ} at the latest; a Deny on "
            "aws:TokenIssueTime in the role ends them at once.",
        )

    # ---- trying

    def _steady(self, check: Check, hoped: Answer) -> Tried:
        """The answer after patience: as hoped, and again where that is not enough, or what it is at the end.

        What was of two minds must say the same twice; what was removed must be refused ``STABLE`` times in a
        row, also when patience is over.
        """
        needed, row, told = (STABLE if check.removed else 1), 0, False
        while True:
            tried = self._try(check)
            good = tried.answer is hoped or (check.removed and tried.answer is Answer.ABSENT)
            if good:
                row += 1
                if row >= needed:
                    return tried
            elif tried.answer in (Answer.ALLOWED, Answer.DENIED, Answer.ABSENT):
                needed, row = max(needed, 2), 0
            else:
                return tried
            late = self._patience.clock() + PAUSE > self._deadline
            if late and not (check.removed and good):
                return tried
            if not good and not told:
                self._patience.progress(f"{check.name}: {tried.answer.value} so far, trying again")
                told = True
            if not good or check.removed:
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
        return probe(door, check, self._means)

    def _note(self, check: Check) -> None:
        now = self._patience.clock()
        if check.action == ASSUME:
            self._entered.add(check.role)
        else:
            self._worked[key_of(check)] = now, check
            self._reached.add(check.resource)

    def _doubt(self, check: Check) -> str:
        """Why a refusal says nothing of the permission; "" where it does."""
        seen = self._means.keys.get(bucket_of(check), ())
        if check.key and check.key not in seen and not self._hops.exists(check):
            return (
                f"whether the object {check.key} exists is not known, and a missing one is refused as well."
            )
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
