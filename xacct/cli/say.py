"""Text for people: what comes from manifests, documents and services never steers the terminal."""

from __future__ import annotations

import re

import click

_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Control characters but tab and line feed, and those that turn the direction of writing round."""


def printable(text: str) -> str:
    r"""The text with every steering character written out, such as ``\x1b``."""
    return _STEERING.sub(lambda found: ascii(found.group())[1:-1], text)


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Text on stdout, or on stderr."""
    click.echo(printable(text), err=err, nl=nl)
