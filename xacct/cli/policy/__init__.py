"""``xacct policy``: what documents mean, offline and without credentials."""

from __future__ import annotations

import click

from xacct.cli.lazy import Lazy

COMMANDS = {
    "diff": "Compare two policy documents by meaning.",
    "lint": "Find what is wrong with documents, and what is dangerous.",
    "prove": "Prove that a new document allows nothing that the old one did not.",
    "test": "Run unit tests for policies: one case a line.",
}


@click.group(name="policy", cls=Lazy, package="xacct.cli.policy", table=COMMANDS)
def command() -> None:
    """Compare, check and test policy documents; offline, without credentials."""
