"""``xacct plan``: what apply would do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from xacct.cli.options import (
    account_option,
    format_option,
    lifting_options,
    manifest_options,
    no_input_option,
    only_option,
    removal_options,
    sessions_option,
    verbose_option,
)
from xacct.errors import ExitCode

if TYPE_CHECKING:
    from xacct.engine.preparing.limits import Lifted


@click.command(name="plan")
@manifest_options
@no_input_option
@removal_options
@sessions_option
@lifting_options
@account_option
@only_option
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="End with 2 where there are differences.",
)
@click.option("-o", "--out", metavar="FILE", help="Save the plan, for: xacct apply FILE.")
@format_option("text", "json")
@verbose_option
def command(
    paths: tuple[str, ...],
    lifted: Lifted,
    was: str | None,
    adopt: bool,
    prune_edited: bool,
    revoke_sessions: bool,
    only_accounts: tuple[str, ...],
    only_links: tuple[str, ...],
    detailed_exitcode: bool,
    out: str | None,
    form: str,
    verbose: int,
) -> None:
    """Show what apply would do. Reads the accounts; sends nothing that writes.

    Ends with 7 where nothing was seen to differ but something could not be read.
    """
    from xacct.cli.planning import make, quiet_code, refuse, show
    from xacct.cli.say import say
    from xacct.engine.preparing.prepare import Choice

    choice = Choice(
        accounts=frozenset(only_accounts),
        links=frozenset(only_links),
        adopt=adopt,
        prune_edited=prune_edited,
        revoke_sessions=revoke_sessions,
        lifted=lifted,
    )
    planned = make(paths, was, choice)
    plan = planned.plan
    show(plan, form, verbose, refusing=True)
    refuse(plan)
    if out is not None:
        from xacct.cli.saving import write_plan

        body = planned.body()
        write_plan(out, body)
        say(f"Saved as {out}, digest {body['digest']}. Apply just this with: xacct apply {out}", err=True)
    if plan.empty:
        sys.exit(int(quiet_code(plan)))
    if detailed_exitcode:
        sys.exit(int(ExitCode.DIFFERENCES))
