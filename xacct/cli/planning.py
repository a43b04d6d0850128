"""From the options of a command to a plan: what plan, apply, drift and destroy do first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import click

from xacct.aws.session import Sessions
from xacct.cli.say import say
from xacct.engine.gateway import Gateway
from xacct.engine.observe import observe
from xacct.engine.prepare import Choice, Prepared, prepare
from xacct.errors import ExitCode, Refused
from xacct.manifest.load import load_earlier, load_manifest
from xacct.plan.codec import plan_to_json
from xacct.plan.plan import Plan
from xacct.problem import BadInput, errors
from xacct.render.json import text_of
from xacct.render.text import plan_text
from xacct.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan, the accounts it was made from, and the gateways that can carry it out."""

    prepared: Prepared
    snapshots: Mapping[str, Snapshot]
    gateways: Mapping[str, Gateway]

    @property
    def plan(self) -> Plan:
        """The plan itself."""
        return self.prepared.plan


def make(paths: tuple[str, ...], was: str | None, choice: Choice) -> Planned:
    """Load, read the accounts, and plan; nothing is sent that writes.

    Raises:
        BadInput: the manifest or the earlier one has problems; nothing was sent.
        Refused: an account or an endpoint is not the declared one.
    """
    manifest = load_manifest(paths)
    earlier = load_earlier(was, paths) if was else None
    for warning in manifest.warnings:
        say(str(warning), err=True)
    specs = dict(manifest.accounts)
    gateways: dict[str, Gateway] = dict(Sessions().gateways(specs.values()))
    snapshots = observe(gateways, [manifest, *([earlier] if earlier else [])])
    prepared = prepare(manifest, snapshots, earlier=earlier, choice=choice)
    return Planned(prepared=prepared, snapshots=snapshots, gateways=gateways)


def show(plan: Plan, form: str, verbose: int) -> None:
    """The plan on stdout."""
    if form == "json":
        click.echo(text_of(plan_to_json(plan)), nl=False)
    else:
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
        raise Refused("\n".join(str(guard) for guard in plan.guards), fix="Nothing was sent.")


def quiet_code(plan: Plan) -> ExitCode:
    """The exit code of a plan without steps: done, or unknown where something could not be read."""
    return ExitCode.UNKNOWN if plan.unknown else ExitCode.DONE
