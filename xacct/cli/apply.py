"""``xacct apply``: make the accounts what the manifest says."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from xacct.cli.options import (
    account_option,
    consent_options,
    format_option,
    given,
    journal_option,
    lifting_options,
    manifest_options,
    only_option,
    removal_options,
    sessions_option,
    verbose_option,
)
from xacct.errors import BadUsage

if TYPE_CHECKING:
    from xacct.cli.planning import Planned
    from xacct.engine.preparing.limits import Lifted


@click.command(name="apply")
@click.argument("plan", metavar="[PLAN]", required=False)
@manifest_options
@removal_options
@sessions_option
@lifting_options
@account_option
@only_option
@click.option(
    "--approve",
    "digest",
    default="",
    metavar="DIGEST",
    help="Apply only the plan with this digest; no question.",
)
@click.option(
    "--resume",
    "run",
    is_flag=False,
    flag_value="",
    metavar="[RUN]",
    help="Go on with a run that did not come to its end; without RUN with the latest.",
)
@journal_option
@consent_options
@format_option("text", "json")
@verbose_option
@click.pass_context
def command(
    context: click.Context,
    plan: str | None,
    paths: tuple[str, ...],
    lifted: Lifted,
    was: str | None,
    adopt: bool,
    prune_edited: bool,
    revoke_sessions: bool,
    only_accounts: tuple[str, ...],
    only_links: tuple[str, ...],
    digest: str,
    run: str | None,
    journal: str,
    yes: bool,
    no_input: bool,
    lock_wait: float,
    form: str,
    verbose: int,
) -> None:
    """Plan, ask, and carry the plan out: the owner of the data first, then those who use it.

    With PLAN, a file that plan -o wrote, exactly that plan is applied, without a question: refused where
    anything of the manifest's own, or what the plan means, has changed since. A plan that was done in part
    goes on. With --resume the rest of an earlier run is applied, which was approved then; what it began is
    taken up where the journal left it.

    What a step changes is looked at once more right before it writes, whatever plan it is of: changed by
    others since, it is left as it is, and the step fails. What changes between that look and the write is
    written over, because the services have no compare-and-swap.

    Ends with 0 where all was done, 5 where only a part was, 6 where a guard refused, and 7 where all that
    was planned is done but some of the accounts could not be read.
    """
    from xacct.cli.applying import Consent, Keeping, carry_out
    from xacct.cli.planning import again, make, say_standing
    from xacct.cli.saving import read_plan
    from xacct.engine.preparing.prepare import Choice

    only: frozenset[str] = frozenset()
    log = None
    if run is not None:
        from xacct.cli.resuming import find_run, resuming

        _nothing_else(context)
        if plan is not None:
            raise BadUsage("a run to go on with has its own plan", fix="Leave PLAN out, or --resume.")
        log = find_run(journal, run, paths, going_on=True)
        planned = resuming(log, paths if given(context, "paths") else ())
        only = _known(planned, only_accounts)
        say_standing(planned.standing)
    elif plan is not None:
        _nothing_else(context)
        body = read_plan(plan, digest)
        planned = again(body, paths if given(context, "paths") else ())
        only = _known(planned, only_accounts)
        say_standing(planned.standing)
    else:
        choice = Choice(
            accounts=frozenset(only_accounts),
            links=frozenset(only_links),
            adopt=adopt,
            prune_edited=prune_edited,
            revoke_sessions=revoke_sessions,
            lifted=lifted,
        )
        planned = make(paths, was, choice)
    agreed = plan is not None or log is not None
    consent = Consent(yes=yes, no_input=no_input, approved=digest, saved=agreed, lock_wait=lock_wait)
    keeping = Keeping(place=journal, kind=str(log.begin["kind"]) if log else "apply", after=log)
    sys.exit(int(carry_out(planned, consent, form=form, verbose=verbose, keeping=keeping, only=only)))


def _known(planned: Planned, accounts: tuple[str, ...]) -> frozenset[str]:
    """The accounts of a plan that has its shape already, of which alone the steps are to be done.

    Raises:
        BadUsage: one is not of its manifest.
    """
    from xacct.engine.preparing.prepare import Choice, check_choice

    check_choice(planned.manifest, Choice(accounts=frozenset(accounts)))
    return frozenset(accounts)


def _nothing_else(context: click.Context) -> None:
    """That no option wants to shape a plan which has its shape already.

    Raises:
        BadUsage: one does.
    """
    for name, word in (
        ("was", "--was"),
        ("adopt", "--adopt"),
        ("prune_edited", "--prune-edited"),
        ("only_links", "--only"),
        ("revoke_sessions", "--revoke-sessions"),
        ("allow_public", "--allow-public"),
        ("allow_lockout", "--allow-lockout"),
        ("allow_protected", "--allow-protected"),
        ("drop_dead_principals", "--drop-dead-principals"),
        ("retrust", "--retrust"),
        ("max_delete", "--max-delete"),
    ):
        if given(context, name):
            raise BadUsage(
                f"{word} shapes a plan, and the saved one has its shape already",
                fix=f"Leave it out here; give it to: xacct plan {word} ... -o FILE.",
            )
