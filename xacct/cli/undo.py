"""``xacct undo``: take a run back, out of its journal."""

from __future__ import annotations

import sys

import click

from xacct.cli.options import (
    consent_options,
    format_option,
    given,
    journal_option,
    manifest_options,
    verbose_option,
)


@click.command(name="undo")
@click.argument("run", metavar="[RUN]", required=False)
@manifest_options
@click.option("--give-back", is_flag=True, help="Also give back access that the run took away.")
@click.option("--allow-protected", is_flag=True, help="Also touch what the manifest protects.")
@click.option(
    "--allow-lockout", is_flag=True, help="Also where your own identity could not take it back afterwards."
)
@journal_option
@consent_options
@format_option("text", "json")
@verbose_option
@click.pass_context
def command(
    context: click.Context,
    run: str | None,
    paths: tuple[str, ...],
    give_back: bool,
    allow_protected: bool,
    allow_lockout: bool,
    journal: str,
    yes: bool,
    no_input: bool,
    lock_wait: float,
    form: str,
    verbose: int,
) -> None:
    """Plan the way back from a run, ask, and carry it out; without RUN from the latest.

    Restores what the run found, in all that it touched and nothing else; refused where somebody has changed
    that since, or the manifest protects it. What is made anew gets another unique id: documents elsewhere that
    named the old one are listed. The undo is a run with a journal of its own, and can be taken back in turn.
    """
    from xacct.cli.applying import Consent, Keeping, carry_out
    from xacct.cli.resuming import find_run, undoing
    from xacct.engine.preparing.limits import Lifted

    log = find_run(journal, run, paths)
    lifted = Lifted(protected=allow_protected, lockout=allow_lockout)
    own = paths if given(context, "paths") else ()
    planned = undoing(log, own, give_back=give_back, lifted=lifted)
    keeping = Keeping(place=journal, kind="undo", undoes=log.run)
    consent = Consent(yes=yes, no_input=no_input, lock_wait=lock_wait)
    sys.exit(int(carry_out(planned, consent, form=form, verbose=verbose, keeping=keeping)))
