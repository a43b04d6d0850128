"""``xacct revoke``: take access away at once, in the account that owns the data."""

from __future__ import annotations

import sys
import time

import click

from xacct.cli.options import manifest_options, verbose_option
from xacct.cli.say import say
from xacct.errors import ExitCode

_OUT_BEFORE = "If the name is right, nothing is left to take away; to end older sessions, name the role."


@click.command(name="revoke")
@click.argument("what", metavar="ROLE|LINK|PRINCIPAL")
@manifest_options
@click.option(
    "--kill-sessions",
    "kill",
    is_flag=True,
    help="End every session of the roles that is open, whoever has it.",
)
@click.option(
    "--again-after",
    "pause",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="End sessions once more after this, for those opened while the first word spread; 0: once only.",
)
@verbose_option
def command(what: str, paths: tuple[str, ...], kill: bool, pause: float, verbose: int) -> None:
    """Take access away at once: out of the trust, and with --kill-sessions out of running sessions.

    Only the accounts that own the data are asked and changed. Nothing holds it back: no question, no threshold,
    no lock, no plan, and not another owner's account that cannot be reached. What the policy of a bucket gives to
    a principal directly is told and left. The manifest still declares the access, so that the next apply would
    give it back: take it out there.

    Ends with 0 where all was done, 5 where only a part was, 1 where nothing was. A name that is neither in the
    manifest nor in any trust or bucket policy that was read is taken for a slip of the pen, and ends with 64.
    """
    from xacct.aws.session import Sessions
    from xacct.engine.applying.apply import apply
    from xacct.engine.gateway import Gateway
    from xacct.engine.preparing.revoke import let_in_by_buckets, revoke, trusted_elsewhere
    from xacct.engine.preparing.whom import near, target_of, unknown
    from xacct.engine.reading.observe import observe
    from xacct.errors import BadUsage, PartlyApplied, XacctError
    from xacct.manifest.loading.load import load_manifest
    from xacct.plan.outcome import Applied, Failed, Skipped, Started
    from xacct.plan.plan import Plan, Step
    from xacct.render.text import outcome_text
    from xacct.snapshot import Snapshot

    manifest = load_manifest(paths)
    target = target_of(manifest, what)
    gateways: dict[str, Gateway] = {}
    snapshots: dict[str, Snapshot] = {}
    missed = 0
    for name in sorted({role.account.name for role in target.roles}):  # one owner holds no other back
        try:
            opened = dict(Sessions().gateways([manifest.accounts[name]]))
            snapshots |= observe(opened, [manifest])
            gateways |= opened
        except XacctError as error:
            missed += 1
            say(f"nothing is done in account {name}: {error}\n  {error.fix}", err=True)
    found = revoke(manifest, snapshots, target, kill=kill)
    plan = found.plan
    for told in found.unread:
        missed += 1
        say(told, err=True)
    for text in found.was:
        say(text, err=True)

    def carry_out(steps: tuple[Step, ...]) -> int:
        done = 0
        for name in sorted({step.address.account.name for step in steps}):
            own = tuple(step for step in steps if step.address.account.name == name)
            part = Plan(name=plan.name, accounts=plan.accounts, steps=own)
            try:
                for outcome in apply(part, gateways):
                    if verbose or not isinstance(outcome, Started):
                        say(outcome_text(outcome), err=True)
                    done += isinstance(outcome, Applied)
                    failed.extend([outcome.step] if isinstance(outcome, Failed | Skipped) else [])
            except XacctError as error:
                failed.extend(own)
                say(f"nothing is done in account {name}: {error}\n  {error.fix}", err=True)
        return done

    failed: list[Step] = []
    done = carry_out(plan.steps)
    again = tuple(step for step in plan.steps if step.number in found.denials)
    if again and pause and done:
        say(f"Waiting {pause:g} s, then sessions opened in the meantime are ended too.", err=True)
        time.sleep(pause)
        carry_out(again)
    lost = unknown(manifest, snapshots, target) if not missed else ()
    for sentence in found.remains if plan.steps or not lost else ():
        say(sentence)
    if target.people:
        for role in trusted_elsewhere(snapshots.values(), target.people, target.roles):
            say(f"{role} is not of this manifest and lets them in still.")
        for sentence in let_in_by_buckets(snapshots.values(), target.people):
            say(sentence)
    if lost:
        nowhere = (
            f'"{what}" is let in by no role of the manifest {manifest.name}, and named neither in it nor in any trust '
            f"or bucket policy of {', '.join(sorted(snapshots)) or 'any account'}"
        )
        if not plan.steps:
            raise BadUsage(f"{nowhere}; nothing was changed", fix=f"{near(manifest, what)} {_OUT_BEFORE}")
        say(f"{nowhere}. {near(manifest, what)}", err=True)
    if plan.steps and not failed:
        say(f"{done} of {len(plan.steps)} steps done. Changes spread within seconds to minutes on AWS.")
        say("The manifest still declares this access: take it out there, or the next apply gives it back.")
    if failed or missed:
        what_failed = [f"{len(failed)} steps of {len(plan.steps)} failed"] if failed else []
        what_failed += [f"{missed} accounts or roles could not be seen"] if missed else []
        fix = "Correct the cause and run revoke again; nothing of one account or role waits for another."
        kind = PartlyApplied if done else XacctError
        raise kind(" and ".join(what_failed), fix=fix)
    sys.exit(int(ExitCode.DONE))
