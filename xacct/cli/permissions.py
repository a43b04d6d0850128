"""``xacct permissions``: the least that xacct itself needs."""

from __future__ import annotations

import click

from xacct.cli.options import format_option, manifest_options
from xacct.cli.say import put, say
from xacct.errors import BadUsage

_MORE = (
    "# With these alone nobody looks for strangers, for further rights of the roles and other ways to the "
    "buckets: that needs the reads of --for plan."
)


@click.command(name="permissions")
@manifest_options
@click.option(
    "--for",
    "purpose",
    type=click.Choice(["plan", "apply", "verify"]),
    default="apply",
    show_default=True,
    help="What is to be done; apply includes plan.",
)
@click.option(
    "--was",
    metavar="FILE|REV",
    help="The earlier manifest: what only it declared may be removed too.",
)
@click.option(
    "--journal",
    metavar="s3://BUCKET/PREFIX",
    help="Where an apply will write its runs down: what that needs too, and resume and undo.",
)
@click.option("--account", "only_accounts", multiple=True, metavar="NAME", help="This account only.")
@format_option("text", "json")
def command(
    paths: tuple[str, ...],
    purpose: str,
    was: str | None,
    journal: str | None,
    only_accounts: tuple[str, ...],
    form: str,
) -> None:
    """Print, for each account, the policies that xacct needs for this manifest and nothing more.

    They come from the very calls that a run would send, with resources as tight as IAM can say it. Sends
    nothing.
    """
    from xacct.cli.credentials import sessions
    from xacct.engine.permissions import Purpose, rights
    from xacct.manifest.loading.load import load_earlier, load_manifest
    from xacct.render.json import text_of
    from xacct.render.rights import rights_json, rights_text

    if journal is not None and purpose != "apply":
        raise BadUsage(f"--for {purpose} writes no journal", fix="Leave out --journal, or say --for apply.")
    manifest = load_manifest(paths)
    earlier = load_earlier(was, paths) if was else None
    for name in only_accounts:
        if name not in manifest.accounts:
            raise BadUsage(
                f'the manifest has no account "{name}"',
                fix=f"It has: {', '.join(sorted(manifest.accounts))}.",
            )
    gateways = sessions().gateways(manifest.accounts.values())
    platforms = {name: gateway.platform for name, gateway in gateways.items()}
    found = rights(Purpose(purpose), manifest, platforms, earlier=earlier, journal=journal or "")
    chosen = [one for one in found if not only_accounts or one.account.name in only_accounts]
    if form == "json":
        put(text_of(rights_json(chosen)), nl=False)
    else:
        say(rights_text(chosen), nl=False)
        if purpose == "verify":
            say(f"\n{_MORE}")
