"""``xacct policy prove``: does a document allow anything that another did not?"""

from __future__ import annotations

import sys

import click

from xacct.cli.options import format_option
from xacct.cli.say import put, say
from xacct.errors import ExitCode


@click.command(name="prove")
@click.option("--old", required=True, metavar="FILE", help="The document as it was; - for stdin.")
@click.option("--new", required=True, metavar="FILE", help="The document as it is to be; - for stdin.")
@format_option("text", "json")
def command(old: str, new: str, form: str) -> None:
    """Prove over all requests that a new policy allows nothing that the old one did not.

    Ends with 0 where that is proven, 4 with a request that only the new one allows, 7 where it could not be
    decided (which never means that it is safe), and 65 where one is no policy document. Says where a statement
    for a whole account takes part, which only delegates to IAM.
    """
    from xacct.cli.policy.documents import read_documents
    from xacct.policy.proof.askers import named_principals
    from xacct.policy.proof.delegation import delegating
    from xacct.policy.proof.prove import Counterexample, NotDecided, Proven, no_more_than
    from xacct.render.json import text_of
    from xacct.render.meaning import answer_json, answer_lines

    before, after = read_documents(old, new)
    answer = no_more_than(after, before)
    left = delegating(after, before, answer)
    if form == "json":
        put(text_of(answer_json(answer, left)), nl=False)
    else:
        named = named_principals(before) or named_principals(after)
        say("\n".join(answer_lines(answer, named=named, delegating=left)))
    match answer:
        case Proven():
            code = ExitCode.DONE
        case Counterexample():
            code = ExitCode.TOO_WIDE
        case NotDecided():
            code = ExitCode.UNKNOWN
    sys.exit(int(code))
