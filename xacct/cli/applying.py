"""Carrying a plan out from the command line: consent, live progress, exit code; for apply and destroy."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

import click

from xacct.cli.planning import Planned, quiet_code, refuse, show
from xacct.cli.say import say
from xacct.engine.apply import apply
from xacct.engine.gateway import Gateway
from xacct.errors import BadUsage, ExitCode, PartlyApplied, ServiceError, XacctError
from xacct.plan.outcome import Applied, Failed, Skipped, Started
from xacct.plan.plan import Plan
from xacct.render.text import outcome_text


def carry_out(planned: Planned, *, yes: bool, no_input: bool, form: str, verbose: int) -> ExitCode:
    """Show the plan, ask, apply it, and say how it ended.

    Raises:
        BadInput, Refused: nothing was sent.
        BadUsage: nobody could be asked, and ``--yes`` was not given.
        PartlyApplied: some steps were done and some were not.
    """
    plan = planned.plan
    show(plan, form, verbose)
    refuse(plan)
    if plan.empty:
        return quiet_code(plan)
    _consent(plan, yes=yes, no_input=no_input)
    _apply(plan, planned.gateways, verbose)
    return quiet_code(plan)


def _consent(plan: Plan, *, yes: bool, no_input: bool) -> None:
    if yes:
        return
    if no_input or not sys.stdin.isatty():
        raise BadUsage(
            "nothing was changed: there is nobody to ask",
            fix="Give --yes to apply the plan just made, or run it on a terminal.",
        )
    if not click.confirm(f"Apply these {len(plan.steps)} steps?", default=False, err=True):
        raise BadUsage("nothing was changed: the answer was no")


def _apply(plan: Plan, gateways: Mapping[str, Gateway], verbose: int) -> None:
    done, failed, held = 0, [], 0
    for outcome in apply(plan, gateways, clock=time.monotonic, sleep=time.sleep):
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
