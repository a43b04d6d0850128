"""Text for people: what comes from manifests, documents and services never steers the terminal."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from typing import TextIO

import click

from xacct.errors import XacctError

_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""Control characters but tab and line feed, those that turn the direction of writing round, and halves of pairs,
which a JSON text can hold and no output can."""


def printable(text: str) -> str:
    r"""The text with every steering character written out, such as ``\x1b``."""
    return _STEERING.sub(lambda found: ascii(found.group())[1:-1], text)


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Text for people on stdout, or on stderr.

    Progress that nobody can read any more stops nothing: an apply whose reader has gone comes to its end. What
    is asked for, on stdout, must arrive.

    Raises:
        BrokenPipeError: the reader of stdout has gone.
        XacctError: stdout takes nothing, because its disk is full, say.
    """
    if not err:
        put(printable(text), nl=nl)
        return
    try:
        click.echo(printable(text), err=True, nl=nl)
    except OSError:
        _turn(sys.stderr)


def put(text: str, *, nl: bool = True) -> None:
    """Text for programs on stdout, as it is.

    Raises:
        BrokenPipeError: the reader has gone.
        XacctError: stdout takes nothing.
    """
    try:
        click.echo(text, nl=nl)
    except BrokenPipeError:
        raise
    except OSError as error:
        _turn(sys.stdout)
        raise XacctError(
            f"stdout cannot be written: {error.strerror}", fix="Make room, or send it elsewhere."
        ) from None


def alarm(text: str) -> None:
    """One line on stderr from within a signal handler, where nothing may fail and nothing is buffered."""
    with suppress(OSError):
        os.write(2, f"{text}\n".encode())


def _turn(stream: TextIO) -> None:
    """Into nothing: what is held back for a stream that is gone would spoil the exit code at the end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
