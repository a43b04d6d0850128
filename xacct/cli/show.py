"""``xacct show``: a saved plan, read without any account."""

from __future__ import annotations

import click

from xacct.cli.options import format_option, verbose_option


@click.command(name="show")
@click.argument("plan", metavar="PLAN")
@format_option("text", "json")
@verbose_option
def command(plan: str, form: str, verbose: int) -> None:
    """Show a saved plan as it was made, also when the accounts have changed since.

    Needs no account and no manifest: whoever has to approve a plan can read it anywhere, and give its digest
    to apply --approve. Whether it still holds is found out by apply, before anything is sent.
    """
    from xacct.cli.saving import read_plan
    from xacct.cli.say import put, say
    from xacct.plan.written import plan_of
    from xacct.render.json import text_of
    from xacct.render.text import plan_text

    body = read_plan(plan)
    if form == "json":
        put(text_of(body), nl=False)
        return
    say(plan_text(plan_of(body), verbose))
    bound = body["bound"]
    say(f"Made {bound['made']} from {', '.join(bound['paths'])}.")
    say(f"Digest {body['digest']}")
