"""The command line; one module per command, each imported when it is called and not before."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType

import click

from xacct import __version__
from xacct.cli.lazy import Lazy
from xacct.cli.say import say
from xacct.errors import ExitCode, XacctError

COMMANDS = {
    "demo": "Run the whole story on the embedded cloud.",
    "validate": "Check a manifest without any account.",
    "plan": "Show what apply would do; sends nothing that writes.",
    "show": "Show a saved plan, without any account.",
    "apply": "Make the accounts what the manifest says.",
    "undo": "Take a run back, out of its journal.",
    "verify": "Assume the roles and try what must work and what must not.",
    "drift": "Compare everything with the live accounts.",
    "destroy": "Take away what the manifest made.",
    "revoke": "Take access away at once, in the account that owns the data.",
    "handover": "Write the other side's part, for an owner who does not use xacct.",
    "lock": "Show who holds the lock of a team, or break it.",
    "use": "Use a link as its consumer: role, profile, or a command with the session.",
    "explain": "Say why someone may do something, or not.",
    "who-can": "List everyone who may do something.",
    "config": "Make AWS profiles from configurations of other tools.",
    "policy": "Compare, lint, prove and test policy documents.",
    "permissions": "Print the policies that xacct itself needs for a manifest.",
    "sandbox": "Run the embedded cloud.",
    "schema": "Print the JSON Schemas: manifest, plan, findings.",
}


@click.group(
    cls=Lazy,
    package="xacct.cli",
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="xacct")
@click.option("--debug", is_flag=True, help="Show request ids and tracebacks, never secrets; anywhere.")
def root(debug: bool) -> None:
    """Cross-account bucket access: declared once, planned, applied, verified.

    Exit codes: 0 done, 1 error, 2 differences, 3 access missing, 4 access too wide, 5 partly applied,
    6 refused by a guard, 7 something unknown or not tried, 64 wrong usage, 65 problem in the input.
    """


class Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a run as Ctrl-C does: running calls end first."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit; the one place where errors become exit codes and text on stderr."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    own = given[: given.index("--")] if "--" in given else given
    debug = "--debug" in own
    if debug:
        given.remove("--debug")
    signal.signal(signal.SIGTERM, _terminated)
    try:
        code = root.main(args=given, prog_name="xacct", standalone_mode=False)
    except click.exceptions.Abort as error:  # what click makes of a KeyboardInterrupt
        code = _interrupted(error.__cause__ or error.__context__)
    except click.UsageError as error:
        error.show(file=sys.stderr)
        code = ExitCode.USAGE
    except click.ClickException as error:
        error.show(file=sys.stderr)
        code = ExitCode.ERROR
    except KeyboardInterrupt as error:
        code = _interrupted(error)
    except BrokenPipeError:
        sys.stderr.close()
        code = ExitCode.ERROR
    except XacctError as error:
        _show(error, debug=debug)
        code = error.exit_code
    except Exception as error:  # noqa: BLE001 - a fault of our own: said in one line, whole with --debug
        _say(f"error: a fault in xacct itself: {type(error).__name__}: {error}")
        _say("  Nothing more was sent. Run again with --debug before the command for the traceback.")
        if debug:
            traceback.print_exc()
        code = ExitCode.ERROR
    sys.exit(int(code or 0))


def _show(error: XacctError, *, debug: bool) -> None:
    problems = getattr(error, "problems", ())
    text = str(error)
    _say(text if problems else f"error: {text}")
    if error.fix:
        _say(f"  {error.fix}")
    request = getattr(error, "request_id", "")
    if debug and request:
        _say(f"  request id: {request}")
    if debug and not problems:
        traceback.print_exc()


def _interrupted(by: BaseException | None) -> ExitCode:
    terminated = isinstance(by, Terminated)
    _say(f"{'terminated' if terminated else 'interrupted'}: running calls have ended")
    return ExitCode.TERMINATED if terminated else ExitCode.INTERRUPTED


def _say(text: str) -> None:
    say(text, err=True)


def _terminated(_signal: int, _frame: FrameType | None) -> None:
    raise Terminated
