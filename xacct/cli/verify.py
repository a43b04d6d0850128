"""``xacct verify``: really assume the roles and try."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from xacct.cli.options import format_option, manifest_options, only_option
from xacct.cli.say import say
from xacct.errors import BadUsage, ExitCode

if TYPE_CHECKING:
    from xacct.manifest.model import Manifest
    from xacct.snapshot import Snapshot


@click.command(name="verify")
@manifest_options
@only_option
@click.option(
    "--account",
    "only_accounts",
    multiple=True,
    metavar="NAME",
    help="Try as the principals of this account only; may be repeated.",
)
@click.option("--strict", is_flag=True, help="What the platform does not enforce counts as too wide.")
@click.option(
    "--wait",
    default=30.0,
    show_default=True,
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long a change may take to be seen.",
)
@format_option("text", "json")
def command(
    paths: tuple[str, ...],
    only_links: tuple[str, ...],
    only_accounts: tuple[str, ...],
    strict: bool,
    wait: float,
    form: str,
) -> None:
    """Assume each role as each declared principal and try what must work and what must not.

    Uses the profiles that the manifest names for users and roles; who has none is reported as not tried.
    Nothing is changed: writing and deleting are tried under a condition that cannot hold. Ends with 0 where
    all is as declared, 3 where something declared is missing, 4 where access is wider than declared, and 7
    where nothing wrong was seen but something could not be tried.
    """
    from datetime import UTC, datetime

    from xacct.cli.doors import ProfileDoors
    from xacct.engine.verify import Patience, exit_code, verify
    from xacct.manifest.expect import expect, names, only
    from xacct.manifest.load import load_manifest
    from xacct.render.json import findings_to_json, text_of
    from xacct.render.text import findings_text

    manifest = load_manifest(paths)
    _known("link", only_links, names(manifest))
    _known("account", only_accounts, tuple(manifest.accounts))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    checks = only(expect(manifest, _members(manifest), now=now), frozenset(only_links))
    if only_accounts:
        checks = tuple(check for check in checks if check.caller.account.name in only_accounts)
    patience = Patience(wait, time.monotonic, time.sleep, lambda text: say(text, err=True))
    findings = list(verify(checks, ProfileDoors(manifest.accounts), patience))
    if form == "json":
        click.echo(text_of(findings_to_json(findings)), nl=False)
    else:
        say(findings_text(findings), nl=False)
    nothing_tried = not findings and bool(only_accounts)
    sys.exit(int(ExitCode.UNKNOWN if nothing_tried else exit_code(findings, strict=strict)))


def _known(what: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise BadUsage(
                f'the manifest has no {what} "{name}"', fix=f"It has: {', '.join(sorted(known)) or 'none'}."
            )


def _members(manifest: Manifest) -> dict[str, Snapshot]:
    """Who is in a group has to be read, where it matters; everything else the services answer themselves."""
    from xacct.aws.session import Sessions
    from xacct.engine.observe import observe
    from xacct.manifest.expect import crowds

    specs = [manifest.accounts[name] for name in sorted(crowds(manifest))]
    return observe(dict(Sessions().gateways(specs)), []) if specs else {}
