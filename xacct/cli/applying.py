"""Carrying a plan out from the command line: consent, journal, live progress, exit code."""

from __future__ import annotations

import os
import secrets
import shlex
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import click

from xacct import __version__
from xacct.cli import Terminated
from xacct.cli.locking import locked
from xacct.cli.options import DEFAULT_MANIFEST
from xacct.cli.planning import Planned, quiet_code, refuse, show
from xacct.cli.say import alarm, say
from xacct.engine.applying.apply import apply
from xacct.engine.applying.journal import Event, Record, Sent
from xacct.engine.applying.log import FORMAT, Log, Scribe
from xacct.engine.applying.runs import DEFAULT, Runs, runs_at
from xacct.engine.applying.undo import images
from xacct.errors import BadUsage, ExitCode, PartlyApplied, Refused, ServiceError, XacctError
from xacct.plan.bound import Stale
from xacct.plan.codec import digest
from xacct.plan.outcome import Applied, Failed, Skipped, Started
from xacct.plan.plan import Plan
from xacct.render.text import outcome_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the user has agreed to: the plan just made (``yes``), a digest, or a plan that was saved.

    ``lock_wait`` is for how many seconds another run that holds the lock is waited for.
    """

    yes: bool = False
    no_input: bool = False
    approved: str = ""
    saved: bool = False
    lock_wait: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Where the journal of a run is kept, what kind of run it is, and whether it goes on with an earlier one.

    ``kind`` is ``apply``, ``destroy`` or ``undo``; ``undoes`` the run that an undo takes back.
    """

    place: str = DEFAULT
    kind: str = "apply"
    undoes: str = ""
    after: Log | None = None


def carry_out(
    planned: Planned,
    consent: Consent,
    *,
    form: str,
    verbose: int,
    keeping: Keeping,
    only: frozenset[str] = frozenset(),
) -> ExitCode:
    """Show the plan, ask, apply it, and say how it ended; with ``only`` the steps of these accounts.

    Raises:
        BadInput, Refused: nothing was sent.
        BadUsage: nobody could be asked, and nothing was agreed to beforehand.
        PartlyApplied: some steps were done and some were not.
    """
    plan = planned.plan
    show(plan, form, verbose, refusing=True)
    refuse(plan)
    _check_digest(plan, consent)
    if plan.empty:
        return quiet_code(plan)
    asked = _ask(plan, consent)
    with locked(planned.manifest, planned.gateways, consent.lock_wait) as renew:
        if asked or planned.manifest.limits.lock is not None:
            _look_again(planned)
        scribe = _begin(planned, keeping, runs_at(keeping.place, planned.gateways))

        at = _at(keeping, planned.origin.paths)
        noting = _Noting(scribe, renew, _go_on(scribe, keeping, at), _back(scribe, at))
        with _two_interrupts(noting):
            _apply(planned, verbose, only, noting)
    return quiet_code(plan)


def _check_digest(plan: Plan, consent: Consent) -> None:
    if consent.approved and not consent.saved and consent.approved != digest(plan):
        raise Refused(
            f"the plan has the digest {digest(plan)}, and {consent.approved} was approved",
            fix="Nothing was sent. Look at the plan above, and approve it if it is right.",
        )


def _look_again(planned: Planned) -> None:
    """That the plan is the same still, after a question or a lock that may have taken any time.

    Raises:
        Refused: it is not; nothing was sent.
    """
    if planned.remake is not None and digest(planned.remake()) != digest(planned.plan):
        raise Refused("the plan would be another one by now", fix="Nothing was sent. Run again.")


def _ask(plan: Plan, consent: Consent) -> bool:
    """Whether somebody had to be asked."""
    if consent.yes or consent.approved or consent.saved:
        return False
    if consent.no_input or not sys.stdin.isatty():
        raise BadUsage(
            "nothing was changed: there is nobody to ask",
            fix="Give --yes to apply the plan just made, or run it on a terminal.",
        )
    steps = "this step" if len(plan.steps) == 1 else f"these {len(plan.steps)} steps"
    if not click.confirm(f"Apply {steps}?", default=False, err=True):
        raise BadUsage("nothing was changed: the answer was no")
    return True


def _begin(planned: Planned, keeping: Keeping, runs: Runs) -> Scribe:
    """The journal, with all that a resume or an undo needs, before anything is sent."""
    now = datetime.now(UTC)
    if (log := keeping.after) is not None:
        scribe = Scribe(runs.open(log.run, log.next_number), log.run, runs.where(log.run), _now, log)
        scribe.note({"what": "resumed"})
        return scribe
    run = f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03}Z-{secrets.token_hex(4)}"
    scribe = Scribe(runs.open(run, 0), run, runs.where(run), _now, None)
    begin: Mapping[str, Any] = {
        "what": "begin",
        "format": FORMAT,
        "xacct": __version__,
        "run": run,
        "kind": keeping.kind,
        "undoes": keeping.undoes,
        "plan": planned.body(),
        "images": images(planned.plan),
    }
    scribe.note(begin)
    return scribe


def _go_on(scribe: Scribe, keeping: Keeping, at: str) -> str:
    if keeping.kind == "undo":
        return f"Go on with: xacct undo {keeping.undoes}{at}"
    return f"Go on with: xacct apply --resume {scribe.run}{at}"


def _back(scribe: Scribe, at: str) -> str:
    return f"Take it back with: xacct undo {scribe.run}{at}\n  The journal is {scribe.where}."


def _at(keeping: Keeping, paths: tuple[str, ...]) -> str:
    """The options that find the run again; a bucket is found by the manifest, whose accounts it belongs to."""
    if keeping.place == DEFAULT:
        return ""
    named = paths if keeping.place.startswith("s3:") and paths != (DEFAULT_MANIFEST,) else ()
    return "".join(f" -f {shlex.quote(path)}" for path in named) + f" --journal {shlex.quote(keeping.place)}"


class _Noting:
    """The journal of the run, what else is called around each request, and what there is to do where it breaks off.

    ``sent`` tells whether a call was done.
    """

    def __init__(self, scribe: Scribe, renew: Record, go_on: str, back: str) -> None:
        self.scribe = scribe
        self.go_on = go_on
        self.back = back
        self.sent = False
        self._renew = renew

    def record(self, event: Event) -> None:
        """Around each request."""
        self._renew(event)
        self.scribe.record(event)
        self.sent = self.sent or isinstance(event, Sent)


def _apply(planned: Planned, verbose: int, only: frozenset[str], noting: _Noting) -> None:
    plan = planned.plan
    done, failed, held = 0, list[Failed](), 0
    try:
        for outcome in apply(
            plan,
            planned.gateways,
            made_from=planned.snapshots,
            only=only or None,
            record=noting.record,
            clock=time.monotonic,
            sleep=time.sleep,
        ):
            if verbose or not isinstance(outcome, Started):
                say(outcome_text(outcome), err=True)
            match outcome:
                case Applied():
                    done += 1
                case Failed():
                    failed.append(outcome)
                case Skipped():
                    held += 1
    except KeyboardInterrupt:
        noting.scribe.close("interrupted")
        say(f"{done} of {len(plan.steps)} steps done.\n  {noting.go_on}\n  {noting.back}", err=True)
        raise
    noting.scribe.close("partly" if failed or held else "done")
    say(f"{done} of {len(plan.steps)} steps done.{_left(plan, only)}", err=True)
    if failed or held:
        raise _not_all(failed, held, noting)


def _left(plan: Plan, only: frozenset[str]) -> str:
    """What a run for some of the accounts leaves to the owners of the others."""
    others = [
        step.address.account.name for step in plan.steps if only and step.address.account.name not in only
    ]
    owners = " ".join(f"--account {name}" for name in sorted(set(others)))
    return f" Left to the owners of the others: {len(others)} ({owners})." if others else ""


def _not_all(failed: list[Failed], held: int, noting: _Noting) -> XacctError:
    """What the run ends with: refused where others have changed things and nothing was sent.

    Where something was sent it is done in part, whatever stopped the rest. A run that was stopped by a change of
    others cannot be gone on with: its plan does not hold any more.
    """
    touched = noting.sent or any(_unanswered(outcome) for outcome in failed)
    if failed and all(isinstance(outcome.error, Stale) for outcome in failed):
        what = f"{len(failed)} steps were refused because others have changed what they are about"
        sent = noting.back if touched else "Nothing was sent."
        untouched: type[XacctError] = Refused
        fix = f"Look at what was changed, and plan again. {sent}"
    else:
        what = f"{len(failed)} steps failed"
        untouched = XacctError
        fix = f"Correct the cause. {noting.go_on}\n  {noting.back}"
    kind = PartlyApplied if touched else untouched
    return kind(f"{what}, {held} were held back because they depend on them", fix=fix)


def _unanswered(outcome: Failed) -> bool:
    """Whether a call may have been done although no answer came."""
    return isinstance(outcome.error, ServiceError) and outcome.error.unanswered


@contextmanager
def _two_interrupts(noting: _Noting) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM lets running calls end; a second one leaves at once, the journal whole."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen: list[int] = []

    def interrupted(number: int, _frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) > 1:
            noting.scribe.leave()
            alarm(f"left at once\n  {noting.go_on}\n  {noting.back}")
            os._exit(int(ExitCode.TERMINATED if number == signal.SIGTERM else ExitCode.INTERRUPTED))
        alarm("letting running calls end; once more leaves at once")
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt

    before = {number: signal.signal(number, interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _now() -> datetime:
    return datetime.now(UTC)
