"""``xacct drift``: has anything changed since it was applied?"""

from __future__ import annotations

import sys

import click

from xacct.cli.options import (
    account_option,
    format_option,
    manifest_options,
    no_input_option,
    removal_options,
    verbose_option,
)
from xacct.errors import ExitCode


@click.command(name="drift")
@manifest_options
@no_input_option
@removal_options
@account_option
@format_option("text", "json")
@verbose_option
def command(
    paths: tuple[str, ...],
    was: str | None,
    adopt: bool,
    prune_edited: bool,
    only_accounts: tuple[str, ...],
    form: str,
    verbose: int,
) -> None:
    """Compare the manifest with everything in the declared accounts.

    Ends with 0 where nothing differs, 2 where something does (a policy on a role of the manifest that it does not
    declare is something, though apply leaves it alone), and 7 where nothing was seen to differ but
    something could not be read. Sends nothing that writes, and is made to run on a schedule.
    """
    from xacct.cli.planning import make, quiet_code, show
    from xacct.engine.preparing.prepare import Choice
    from xacct.plan.guard import UNDECLARED

    choice = Choice(accounts=frozenset(only_accounts), adopt=adopt, prune_edited=prune_edited)
    plan = make(paths, was, choice).plan
    show(plan, form, verbose)
    undeclared = any(note.summary == UNDECLARED for note in plan.notes)
    differs = not plan.empty or plan.guards or plan.problems or undeclared
    sys.exit(int(ExitCode.DIFFERENCES if differs else quiet_code(plan)))
