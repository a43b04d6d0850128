"""``xacct policy lint``: what is wrong with documents, and what is dangerous."""

from __future__ import annotations

import sys

import click

from xacct.cli.options import format_option
from xacct.cli.say import put, say
from xacct.errors import ExitCode
from xacct.platform import PLATFORMS


@click.command(name="lint")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--kind",
    type=click.Choice(["identity", "trust", "resource", "kms", "scp"]),
    help="What kind of policy it is; guessed from the document where it is not said.",
)
@click.option("--platform", type=click.Choice(list(PLATFORMS)), default="aws", help="Where it is to work.")
@click.option("--own", multiple=True, metavar="ID", help="An account of yours; may be repeated.")
@format_option("text", "json")
def command(files: tuple[str, ...], kind: str | None, platform: str, own: tuple[str, ...], form: str) -> None:
    """Check policy documents (JSON files, or - for stdin) against the reference of all services.

    Ends with 0 where a document is clean or there are only remarks, 2 where there are errors or warnings, and
    65 where one is no policy at all.
    """
    from dataclasses import replace

    from xacct.cli.policy.documents import document_text, placed
    from xacct.policy.lint import KINDS, Finding, lint
    from xacct.policy.malformed import MalformedDocument
    from xacct.problem import BadInput, Problem, Severity
    from xacct.render.json import text_of

    chosen = next((one for one in KINDS if one == kind), None)
    found: list[Finding] = []
    problems: list[Problem] = []
    for file in files:
        try:
            for one in lint(document_text(file), chosen, own=frozenset(own), platform=platform):
                found.append(replace(one, place=replace(one.place, file=file)))
        except MalformedDocument as malformed:
            problems += placed(malformed.problems, file)
        except BadInput as unreadable:
            problems += unreadable.problems
    if form == "json":
        put(text_of([one.as_dict() for one in found]), nl=False)
    else:
        for one in found:
            say(str(one))
        if found or not problems:
            counted = [
                f"{number} {word if number == 1 else f'{word}s'}"
                for severity, word in (
                    (Severity.ERROR, "error"),
                    (Severity.WARNING, "warning"),
                    (Severity.INFO, "remark"),
                )
                for number in (sum(one.severity is severity for one in found),)
            ]
            say(f"{', '.join(counted)}.")
    if problems:
        raise BadInput(problems)
    wrong = any(one.severity is not Severity.INFO for one in found)
    sys.exit(int(ExitCode.DIFFERENCES if wrong else ExitCode.DONE))
