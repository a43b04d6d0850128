"""``xacct verify``: really assume the roles and try."""

from __future__ import annotations

import sys
import time

import click

from xacct.cli.options import account_option, format_option, manifest_options, only_option
from xacct.errors import BadUsage


@click.command(name="verify")
@manifest_options
@only_option
@account_option
@click.option("--strict", is_flag=True, help="What the platform does not enforce counts as too wide.")
@click.option(
    "--wait",
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long declared access may take to appear after a change.",
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
    from xacct.aws.session import Sessions
    from xacct.cli.doors import ProfileDoors
    from xacct.engine.observe import observe
    from xacct.engine.verify import Patience, exit_code, verify
    from xacct.manifest.expect import expect, only
    from xacct.manifest.load import load_manifest
    from xacct.manifest.model import Members
    from xacct.render.json import findings_to_json, text_of
    from xacct.render.text import findings_text

    manifest = load_manifest(paths)
    known = {link.name for link in manifest.links.values()} | {
        role.name.name for role in manifest.roles.values()
    }
    for name in only_links:
        if name not in known:
            raise BadUsage(f'the manifest has no link "{name}"', fix=f"It has: {', '.join(sorted(known))}.")
    # Only who is in a group has to be read; everything else the services answer themselves.
    groups = {
        trusted.group.account.name
        for link in manifest.links.values()
        for trusted in link.trust
        if isinstance(trusted, Members)
    }
    specs = [spec for name, spec in manifest.accounts.items() if name in groups]
    snapshots = observe(dict(Sessions().gateways(specs)), [])
    checks = only(expect(manifest, snapshots), frozenset(only_links))
    if only_accounts:
        checks = tuple(check for check in checks if check.caller.account.name in only_accounts)
    patience = Patience(wait, time.monotonic, time.sleep)
    findings = list(verify(checks, ProfileDoors(manifest.accounts), patience))
    click.echo(text_of(findings_to_json(findings)) if form == "json" else findings_text(findings), nl=False)
    sys.exit(int(exit_code(findings, strict=strict)))
