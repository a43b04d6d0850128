"""``xacct validate``: check a manifest without any account."""

from __future__ import annotations

import click

from xacct.cli.options import format_option, manifest_options
from xacct.cli.say import put, say


@click.command(name="validate")
@manifest_options
@format_option("text", "json")
def command(paths: tuple[str, ...], form: str) -> None:
    """Check a manifest without any account; ends with 65 where there is a problem, and shows them all."""
    import json

    from xacct.engine.preparing.lacking import refuse_lacking
    from xacct.manifest.loading.load import load_manifest
    from xacct.problem import BadInput

    try:
        manifest = load_manifest(paths)
        warnings = (*manifest.warnings, *refuse_lacking(manifest))
    except BadInput as found:
        if form == "json":
            put(json.dumps([problem.as_dict() for problem in found.problems], indent=2))
        raise
    for warning in warnings:
        say(str(warning), err=True)
    if form == "json":
        put(json.dumps([problem.as_dict() for problem in warnings], indent=2))
        return
    counted = ", ".join(
        f"{len(table)} {word if len(table) != 1 else word[:-1]}"
        for word, table in (
            ("accounts", manifest.accounts),
            ("links", manifest.links),
            ("roles", manifest.roles),
            ("groups", manifest.groups),
            ("users", manifest.users),
            ("buckets", manifest.buckets),
        )
        if table
    )
    say(f"{manifest.name}: valid ({counted}).")
