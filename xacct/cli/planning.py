"""From the options of a command, or from a saved plan, to a plan: what plan, apply, drift and destroy do first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from xacct.cli.credentials import sessions
from xacct.cli.say import put, say
from xacct.engine.gateway import Gateway
from xacct.engine.preparing.binding import Origin, choice_of, files_of, plan_file
from xacct.engine.preparing.lacking import refuse_lacking
from xacct.engine.preparing.prepare import Choice, Prepared, prepare
from xacct.engine.reading.observe import observe
from xacct.errors import ExitCode, Refused
from xacct.manifest.loading.files import Disk, Files, Recorded
from xacct.manifest.loading.load import load_earlier, load_manifest
from xacct.manifest.model import Manifest
from xacct.plan.bound import Stale, Standing, check_files, judge
from xacct.plan.codec import plan_to_json
from xacct.plan.plan import Plan
from xacct.problem import BadInput, Guarded, errors
from xacct.render.changed import changes_text
from xacct.render.json import text_of
from xacct.render.text import plan_text
from xacct.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan, the accounts it was made from, and the gateways that can carry it out.

    ``standing`` is there where a saved plan was taken up again: how it stands today. ``remake`` reads the
    accounts again, and refuses where the plan would not be the same any more.
    """

    manifest: Manifest
    prepared: Prepared
    snapshots: Mapping[str, Snapshot]
    gateways: Mapping[str, Gateway]
    origin: Origin
    standing: Standing | None = None
    remake: Callable[[], Plan] | None = None

    @property
    def plan(self) -> Plan:
        """The plan itself."""
        return self.prepared.plan

    def body(self) -> dict[str, Any]:
        """The plan as it is saved, with what it is bound to."""
        return plan_file(self.prepared, self.snapshots, self.origin)


def make(
    paths: tuple[str, ...],
    was: str | None,
    choice: Choice,
    saved: Mapping[str, Any] | None = None,
    begun: frozenset[str] | None = None,
) -> Planned:
    """Load, read the accounts, and plan; nothing is sent that writes.

    ``saved`` is a plan file that this plan has to be, or to be the rest of; ``begun`` are the addresses of its
    steps that were begun, where a journal tells.

    Raises:
        BadInput: the manifest or the earlier one has problems, or asks for what its platforms lack.
        Refused: an account or an endpoint is not the declared one, or the saved plan is another one.
    """
    read = [Recorded(Disk())]
    manifest = load_manifest(paths, read[0])
    if not choice.destroy:
        refuse_lacking(manifest)

    def through(files: Files) -> Files:
        read.append(Recorded(files))
        return read[-1]

    earlier = load_earlier(was, paths, through) if was else None
    for warning in manifest.warnings:
        say(str(warning), err=True)
    origin = Origin(
        made=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        paths=paths,
        choice=choice,
        files=read[0].read,
        was=was,
        earlier=read[-1].read if was else (),
    )
    if saved is not None:
        check_files(saved["bound"], files_of(origin))
    specs = dict(manifest.accounts)
    gateways: dict[str, Gateway] = dict(sessions().gateways(specs.values()))
    snapshots = observe(gateways, [manifest, *([earlier] if earlier else [])])
    prepared = prepare(manifest, snapshots, earlier=earlier, choice=choice)
    planned = Planned(
        manifest=manifest, prepared=prepared, snapshots=snapshots, gateways=gateways, origin=origin
    )
    if saved is not None:
        planned = replace(planned, standing=_standing(saved, planned, begun))
    return replace(planned, remake=lambda: make(paths, was, choice, planned.body(), frozenset()).plan)


def again(
    saved: Mapping[str, Any], paths: tuple[str, ...] = (), begun: frozenset[str] | None = None
) -> Planned:
    """A saved plan, made again from its manifest and the accounts, and held against what was saved.

    ``paths`` names the manifest where it is now, if it is elsewhere.

    Raises:
        Refused: it is not the same plan, nor the rest of it; see ``make`` for the others.
    """
    bound = saved["bound"]
    try:
        choice = choice_of(bound["choice"])
    except ValueError as unknown:
        raise Refused(
            f"the plan was made with options that this version does not have: {unknown}", fix="Plan again."
        ) from None
    was = bound["was"]["word"] if bound["was"] else None
    return make(paths or tuple(bound["paths"]), was, choice, saved, begun)


def explained(stale: Stale) -> Stale:
    """The same, with what changed in words."""
    return Stale(f"{stale}\n{changes_text(stale.changes)}".rstrip(), changes=stale.changes, fix=stale.fix)


def _standing(saved: Mapping[str, Any], planned: Planned, begun: frozenset[str] | None) -> Standing:
    try:
        return judge(saved, planned.body(), begun)
    except Stale as stale:
        raise explained(stale) from None


def say_standing(standing: Standing | None) -> None:
    """What of a saved plan is done already, and what others changed without touching its meaning."""
    if standing is not None and standing.done:
        done = [one for one in standing.done if one.removesuffix("/id") not in {*standing.done} - {one}]
        say(f"Done already, in whole or in part: {', '.join(done)}.", err=True)
    if standing is not None and standing.foreign:
        say(
            f"Changed by others since, and the plan still means the same: {', '.join(standing.foreign)}.",
            err=True,
        )


def show(plan: Plan, form: str, verbose: int, *, refusing: bool = False) -> None:
    """The plan on stdout; with ``refusing`` its text leaves out what ``refuse`` says on stderr right after."""
    if form == "json":
        put(text_of(plan_to_json(plan)), nl=False)
        return
    if refusing and errors(plan.problems):
        plan = replace(plan, problems=())
    elif refusing:
        plan = replace(plan, guards=())
    say(plan_text(plan, verbose), nl=False)


def refuse(plan: Plan) -> None:
    """Stop where the plan has problems or guards.

    Raises:
        BadInput: the manifest asks for what the accounts do not have.
        Refused: a guard said no.
    """
    if errors(plan.problems):
        raise BadInput(plan.problems)
    if plan.guards:
        raise Guarded(plan.guards)


def quiet_code(plan: Plan) -> ExitCode:
    """The exit code of a plan without steps: done, or unknown where something could not be read."""
    return ExitCode.UNKNOWN if plan.unknown else ExitCode.DONE
