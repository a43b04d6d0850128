"""``xacct handover``: what the owner of another account has to do, for one who does not use xacct."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xacct.cli.options import manifest_options
from xacct.cli.say import say

if TYPE_CHECKING:
    from xacct.snapshot import Snapshot


@click.command(name="handover")
@manifest_options
@click.option(
    "--account",
    "chosen",
    multiple=True,
    metavar="NAME",
    help="Whose part it is; may be repeated. [default: every account]",
)
@click.option(
    "-o",
    "--out",
    metavar="DIR",
    help="Write a folder for each account there, in place of printing the commands.",
)
def command(paths: tuple[str, ...], chosen: tuple[str, ...], out: str | None) -> None:
    """Write the other side's part: its exact documents, AWS CLI commands that run as they stand, and a manifest.

    An account that can be read gets what is left to do there; another one everything, as if nothing of it were
    there. Sends nothing that writes.
    """
    from xacct.cli.planning import make
    from xacct.engine.preparing.prepare import Choice
    from xacct.errors import BadUsage
    from xacct.kinds import marker
    from xacct.plan.build import make_plan
    from xacct.plan.diff import Removal
    from xacct.platform import platform_named
    from xacct.render.handover import COMMANDS, handed_over
    from xacct.resource import State

    planned = make(paths, None, Choice())
    accounts = {one.name: one for one in planned.plan.accounts}
    for name in sorted(set(chosen) - accounts.keys()):
        raise BadUsage(f'the manifest has no account "{name}"', fix=f"It has: {', '.join(sorted(accounts))}.")
    wanted = list(planned.prepared.desired.state.resources.values())
    for name in sorted(chosen or accounts):
        snapshot = planned.snapshots[name]
        seen = not snapshot.why_unread("roles", "groups", "users", "buckets")
        plan = planned.plan
        if not seen:
            plan = make_plan(
                name=plan.name,
                accounts=plan.accounts,
                desired=State.of(wanted),
                live=State.of(()),
                removal=Removal(marker=marker(plan.name)),
                owners=planned.manifest.owners,
            )
        files = handed_over(
            plan,
            accounts[name],
            platform_named(snapshot.platform or planned.manifest.accounts[name].platform or "aws"),
            wanted=wanted,
            live=_shared(snapshot) if seen else None,
        )
        if out is None:
            say(files[COMMANDS], nl=False)
            continue
        folder = Path(out) / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in sorted(files.items()):
            (folder / file).write_text(text)
        say(f"{folder}: {len(files)} files; the owner of {name} runs: sh {folder / COMMANDS}", err=True)
    if out is None:
        say("The documents that these commands read are written, beside them, with: -o DIR", err=True)


def _shared(snapshot: Snapshot) -> Mapping[tuple[str, str], str | None]:
    """The documents that others write too, by kind and owner."""
    from xacct.kinds import KINDS
    from xacct.kinds.shared import SharedStatements
    from xacct.policy.document import Document

    return {
        (kind.kind, owner): document.source if document else None
        for kind in KINDS
        if issubclass(kind, SharedStatements)
        for owner, document in kind.documents(snapshot)
        if document is None or isinstance(document, Document)
    }
