"""``xacct policy diff``: do two documents say the same?"""

from __future__ import annotations

import sys

import click

from xacct.cli.options import format_option
from xacct.cli.say import put, say
from xacct.errors import ExitCode


@click.command(name="diff")
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@format_option("text", "json")
def command(old: str, new: str, form: str) -> None:
    """Compare two policy documents (JSON files, or - for stdin) as the service does.

    Ends with 0 where both are the same text to the service, whatever their order, case and form; 2 where they
    differ, if only in a Sid; 65 where one is no policy document.
    """
    import json

    from xacct.cli.policy.documents import read_documents
    from xacct.policy.difference import differences
    from xacct.render.meaning import change_json
    from xacct.render.statements import change_lines

    one, other = read_documents(old, new)
    same = one.wording == other.wording
    changes = () if same else differences(one, other)
    if form == "json":
        put(json.dumps({"same": same, "changes": [change_json(change) for change in changes]}, indent=2))
    elif same:
        say("The same.")
    else:
        for line in change_lines(changes, wording=True):
            say(line)
    sys.exit(int(ExitCode.DONE if same else ExitCode.DIFFERENCES))
