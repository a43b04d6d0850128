"""``xacct explain``: why someone may do something, or not."""

from __future__ import annotations

import sys

import click

from xacct.cli.asking import question_options
from xacct.cli.options import format_option, manifest_options, no_input_option
from xacct.cli.say import put, say
from xacct.errors import ExitCode


@click.command(name="explain")
@click.argument("principal")
@click.argument("action")
@click.argument("resource")
@manifest_options
@no_input_option
@question_options
@format_option("text", "json")
def command(
    principal: str,
    action: str,
    resource: str,
    paths: tuple[str, ...],
    pairs: tuple[str, ...],
    on: str,
    form: str,
) -> None:
    """Say whether PRINCIPAL may do ACTION on RESOURCE, and why: directly and through every role on the way.

    \b
    xacct explain analytics/user/anna read data/bucket/logs/2026/a.gz
    xacct explain --on live arn:aws:iam::290122656840:user/anna s3:PutObject arn:aws:s3:::logs/a
    xacct explain --on planned anna-laptop ... --context aws:SourceIp=192.0.2.1

    PRINCIPAL and RESOURCE are names as in the manifest (a key may follow a bucket) or ARNs; ACTION is an IAM
    action, or list, read, write, delete. Ends with 0 where there is an answer and 7 where it is not decided.
    """
    from xacct.access.explain import explain
    from xacct.cli.asking import action_of, arn_of, context_of, estate_of
    from xacct.errors import BadUsage
    from xacct.policy.evaluate import Outcome
    from xacct.policy.principal import Anonymous
    from xacct.render.access import explanation_json, explanation_text
    from xacct.render.json import text_of

    context, verb = context_of(pairs), action_of(action)
    manifest, estate = estate_of(on, paths, resource)
    asked = arn_of(resource, manifest.accounts, "bucket", "role")
    try:
        who = (
            Anonymous()
            if principal in ("*", "anonymous")
            else estate.principal(arn_of(principal, manifest.accounts, "user", "role"))
        )
    except ValueError as error:
        raise BadUsage(str(error), fix="Name a user or a role.") from None
    if on != "manifest" and estate.nobody(who):
        raise BadUsage(
            f"{principal} does not exist, so nobody could ask", fix="Look for the name in its account."
        )
    found = explain(estate, who, verb, asked, context)
    if form == "json":
        put(text_of(explanation_json(found, estate)), nl=False)
    else:
        say(explanation_text(found, estate), nl=False)
    sys.exit(int(ExitCode.UNKNOWN if found.outcome is Outcome.UNKNOWN else ExitCode.DONE))
