"""``xacct lock``: who holds the lock that a manifest names; with ``--break`` take it away."""

from __future__ import annotations

import json

import click

from xacct.cli.options import format_option, manifest_options
from xacct.cli.say import put, say


@click.command(name="lock")
@manifest_options
@click.option(
    "--break",
    "broken",
    is_flag=True,
    help="Take it away from whoever holds it; that run then sends nothing more.",
)
@format_option("text", "json")
def command(paths: tuple[str, ...], broken: bool, form: str) -> None:
    """Show who holds the lock of limits.lock, since when and until when, or break it.

    A lock ends by itself when its holder gave no sign of life for the time it expires in.
    """
    from xacct.cli.credentials import sessions
    from xacct.engine.applying.lock import look, remove
    from xacct.errors import BadUsage
    from xacct.manifest.loading.load import load_manifest

    manifest = load_manifest(paths)
    place = manifest.limits.lock
    if place is None:
        raise BadUsage(
            f"the manifest {manifest.name} has no lock",
            fix="Add limits: {lock: {bucket: ACCOUNT/bucket/NAME}} to turn it on.",
        )
    gateway = sessions().gateway(manifest.accounts[place.bucket.account.name])
    held = look(gateway, place)
    if held is not None and broken:
        remove(gateway, place, held)
    if form == "json":
        found = None
        if held is not None:
            found = {
                "holder": held.holder,
                "since": held.since.isoformat(),
                "until": held.until.isoformat(),
                "expired": held.expired,
            }
        put(json.dumps({"lock": str(place), "held": found, "broken": bool(held and broken)}, indent=2))
        return
    if held is None:
        say(f"{place} is free.")
    elif broken:
        say(f"{place} is free now. It was: {held}.")
    else:
        say(f"{place}: {held}.")
