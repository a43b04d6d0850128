"""``xacct who-can``: everyone who may do something."""

from __future__ import annotations

import sys

import click

from xacct.cli.asking import question_options
from xacct.cli.options import format_option, manifest_options, no_input_option
from xacct.cli.say import put, say
from xacct.errors import ExitCode


@click.command(name="who-can")
@click.argument("action")
@click.argument("resource")
@manifest_options
@no_input_option
@question_options
@format_option("text", "json")
def command(
    action: str, resource: str, paths: tuple[str, ...], pairs: tuple[str, ...], on: str, form: str
) -> None:
    """List everyone who may do ACTION on RESOURCE, directly and through roles, strangers included.

    \b
    xacct who-can read data/bucket/logs/2026/a.gz
    xacct who-can --on live s3:PutObject arn:aws:s3:::logs/a

    It is a list of "at most" over the accounts and documents that were read. Ends with 0, or with 7 where it
    cannot be decided of someone, or it is not known who enters a role that leads there.
    """
    from xacct.access.who import doubtful, who_can
    from xacct.cli.asking import action_of, arn_of, context_of, estate_of
    from xacct.policy.evaluate import Outcome
    from xacct.render.access import reachers_json, reachers_text, short
    from xacct.render.json import text_of

    context, verb = context_of(pairs), action_of(action)
    manifest, estate = estate_of(on, paths, resource)
    asked = arn_of(resource, manifest.accounts, "bucket", "role")
    found = who_can(estate, verb, asked, context)
    if form == "json":
        put(text_of(reachers_json(found, estate)), nl=False)
    else:
        say(reachers_text(found, estate, verb, asked), nl=False)
    doors = doubtful(estate, found, verb, asked)
    for role in doors:
        ask = " Ask with --on live, which reads it." if on == "manifest" else ""
        say(
            f"Who may enter {short(role, estate)} is not known, so the list may lack somebody.{ask}", err=True
        )
    undecided = bool(doors) or any(one.outcome is Outcome.UNKNOWN for one in found)
    sys.exit(int(ExitCode.UNKNOWN if undecided else ExitCode.DONE))
