"""Carrying a plan out from the command line: consent, live progress, exit code; for apply and destroy."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import click

from xacct.cli.locking import locked
from xacct.cli.planning import Planned, quiet_code, refuse, show
from xacct.cli.say import say
from xacct.engine.apply import apply
from xacct.engine.gateway import Gateway
from xacct.engine.journal import Record
from xacct.errors import BadUsage, ExitCode, PartlyApplied, Refused, ServiceError, XacctError
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


def carry_out(
    planned: Planned,
    consent: Consent,
    *,
    form: str,
    verbose: int,
    only: frozenset[str] = frozenset(),
) -> ExitCode:
    """Show the plan, ask, apply it, and say how it ended; with ``only`` the steps of these accounts.

    Raises:
        BadInput, Refused: nothing was sent.
        BadUsage: nobody could be asked, and nothing was agreed to beforehand.
        PartlyApplied: some steps were done and some were not.
    """
    plan = planned.plan
    show(plan, form, verbose)
    refuse(plan)
    _check_digest(plan, consent)
    if plan.empty:
        return quiet_code(plan)
    _ask(plan, consent)
    with locked(planned.manifest, planned.gateways, consent.lock_wait) as record:
        _apply(plan, planned.gateways, record, verbose, only)
    return quiet_code(plan)


def _check_digest(plan: Plan, consent: Consent) -> None:
    if consent.approved and not consent.saved and consent.approved != digest(plan):
        raise Refused(
            f"the plan has the digest {digest(plan)}, and {consent.approved} was approved",
            fix="Nothing was sent. Look at the plan above, and approve it if it is right.",
        )


def _ask(plan: Plan, consent: Consent) -> None:
    if consent.yes or consent.approved or consent.saved:
        return
    if consent.no_input or not sys.stdin.isatty():
        raise BadUsage(
            "nothing was changed: there is nobody to ask",
            fix="Give --yes to apply the plan just made, or run it on a terminal.",
        )
    if not click.confirm(f"Apply these {len(plan.steps)} steps?", default=False, err=True):
        raise BadUsage("nothing was changed: the answer was no")


def _apply(
    plan: Plan, gateways: Mapping[str, Gateway], record: Record, verbose: int, only: frozenset[str]
) -> None:
    done, failed, held = 0, [], 0
    outcomes = apply(plan, gateways, only=only or None, record=record, clock=time.monotonic, sleep=time.sleep)
    for outcome in outcomes:
        if verbose or not isinstance(outcome, Started):
            say(outcome_text(outcome), err=True)
        match outcome:
            case Applied():
                done += 1
            case Failed():
                failed.append(outcome)
            case Skipped():
                held += 1
    say(f"{done} of {len(plan.steps)} steps done.", err=True)
    if failed or held:
        fix = "Correct the cause and run apply again: it plans only what is left."
        touched = done or any(outcome.calls_done or _unanswered(outcome) for outcome in failed)
        kind = PartlyApplied if touched else XacctError
        raise kind(f"{len(failed)} steps failed, {held} were held back because they depend on them", fix=fix)


def _unanswered(outcome: Failed) -> bool:
    """Whether a call may have been done although no answer came."""
    return isinstance(outcome.error, ServiceError) and outcome.error.unanswered
