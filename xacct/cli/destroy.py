"""``xacct destroy``: take away what the manifest made."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from xacct.cli.options import (
    account_option,
    consent_options,
    format_option,
    journal_option,
    lifting_options,
    manifest_options,
    verbose_option,
)

if TYPE_CHECKING:
    from xacct.engine.preparing.limits import Lifted


@click.command(name="destroy")
@manifest_options
@click.option("--prune-edited", is_flag=True, help="Also remove what was edited by hand since.")
@lifting_options
@account_option
@journal_option
@consent_options
@format_option("text", "json")
@verbose_option
def command(
    paths: tuple[str, ...],
    lifted: Lifted,
    prune_edited: bool,
    only_accounts: tuple[str, ...],
    journal: str,
    yes: bool,
    no_input: bool,
    lock_wait: float,
    form: str,
    verbose: int,
) -> None:
    """Take away what the manifest made, and nothing else. Buckets and users stay, and all foreign content."""
    from xacct.cli.applying import Consent, Keeping, carry_out
    from xacct.cli.planning import make
    from xacct.engine.preparing.prepare import Choice

    choice = Choice(accounts=frozenset(only_accounts), prune_edited=prune_edited, destroy=True, lifted=lifted)
    planned = make(paths, None, choice)
    consent = Consent(yes=yes, no_input=no_input, lock_wait=lock_wait)
    keeping = Keeping(place=journal, kind="destroy")
    sys.exit(int(carry_out(planned, consent, form=form, verbose=verbose, keeping=keeping)))
