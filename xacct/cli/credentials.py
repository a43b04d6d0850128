"""Sessions as the command line opens them: the code of a second factor is asked for on a terminal and nowhere else."""

from __future__ import annotations

import os
import sys

import click

from xacct.aws.session import Sessions
from xacct.cli.options import NO_INPUT


def sessions() -> Sessions:
    """What makes gateways for this run."""
    context = click.get_current_context(silent=True)
    silent = context is not None and bool(context.meta.get(NO_INPUT))
    return Sessions(None if silent or os.environ.get("CI") or not sys.stdin.isatty() else _code)


def _code(prompt: str) -> str:
    """The code, from the terminal; the SDK's own words name the device."""
    return str(click.prompt(prompt.strip().rstrip(":"), err=True, hide_input=True))
