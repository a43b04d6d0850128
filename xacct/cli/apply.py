"""``xacct apply``: make the accounts what the manifest says."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from xacct.cli.options import (
    account_option,
    consent_options,
    format_option,
    lifting_options,
    manifest_options,
    only_option,
    removal_options,
    verbose_option,
)

if TYPE_CHECKING:
    from xacct.engine.limits import Lifted


@click.command(name="apply")
@manifest_options
@removal_options
@lifting_options
@account_option
@only_option
@consent_options
@format_option("text", "json")
@verbose_option
def command(
    paths: tuple[str, ...],
    lifted: Lifted,
    was: str | None,
    adopt: bool,
    prune_edited: bool,
    only_accounts: tuple[str, ...],
    only_links: tuple[str, ...],
    yes: bool,
    no_input: bool,
    form: str,
    verbose: int,
) -> None:
    """Plan, ask, and carry the plan out: the owner of the data first, then those who use it.

    Ends with 0 where all was done, 5 where only a part was, 6 where a guard refused, and 7 where all that
    was planned is done but some of the accounts could not be read.
    """
    from xacct.cli.applying import carry_out
    from xacct.cli.planning import make
    from xacct.engine.prepare import Choice

    choice = Choice(
        accounts=frozenset(only_accounts),
        links=frozenset(only_links),
        adopt=adopt,
        prune_edited=prune_edited,
        lifted=lifted,
    )
    planned = make(paths, was, choice)
    sys.exit(int(carry_out(planned, yes=yes, no_input=no_input, form=form, verbose=verbose)))
