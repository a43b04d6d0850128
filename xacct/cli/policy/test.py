"""``xacct policy test``: unit tests for policies."""

from __future__ import annotations

import sys

import click

from xacct.cli.options import format_option
from xacct.cli.say import put, say
from xacct.errors import ExitCode


@click.command(name="test")
@click.argument("files", metavar="CASES.jsonl...", nargs=-1, required=True)
@format_option("text", "json")
def command(files: tuple[str, ...], form: str) -> None:
    """Decide each case and compare with what it expects; one JSON object a line.

    \b
    {"name": "a tester reads", "request": {"principal": "arn:aws:iam::111122223333:user/anna",
     "action": "s3:GetObject", "resource": "arn:aws:s3:::logs/a", "context": {"aws:SourceIp": "192.0.2.1"}},
     "policies": {"identity": [{...}], "resource": {...}, "session": {...}, "boundary": [...],
     "scp": [{"orgIdentifier": "root", "policies": [...]}], "rcp": [...], "vpc_endpoint": [...]},
     "expected": {"decision": "Allowed"}}

    A decision is Allowed, ImplicitlyDenied, ExplicitlyDenied or Unknown. Ends with 0 where every case comes
    out as expected, 3 where one does not, 65 where one is no case.
    """
    import json

    from xacct.cli.policy.documents import read_text
    from xacct.policy.case import Case, judge, read_cases
    from xacct.problem import BadInput, Problem
    from xacct.render.meaning import verdict_json, verdict_lines

    cases: list[Case] = []
    problems: list[Problem] = []
    for file in files:
        try:
            cases += read_cases(read_text(file), file)
        except BadInput as found:
            problems += found.problems
    if problems:
        raise BadInput(problems)
    verdicts = [judge(case) for case in cases]
    missed = [verdict for verdict in verdicts if not verdict.passed]
    if form == "json":
        put(json.dumps([verdict_json(verdict) for verdict in verdicts], indent=2))
    else:
        for verdict in missed:
            say("\n".join(verdict_lines(verdict)))
        say(f"{len(verdicts)} cases: {len(verdicts) - len(missed)} as expected, {len(missed)} missed.")
    sys.exit(int(ExitCode.MISSING if missed else ExitCode.DONE))
