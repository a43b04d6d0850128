"""Command groups that import a command when it is called, and not to show its name."""

from __future__ import annotations

import importlib
import keyword
from typing import Any

import click


class Lazy(click.Group):
    """A group over a table of names and one-line helps; each command is ``command`` in a module of its own.

    ``package`` is where the modules are; the order of the table is the order of the help. A command whose name is
    a word of Python has an underscore behind it in the name of its module.
    """

    def __init__(self, *args: Any, package: str, table: dict[str, str], **more: Any) -> None:
        super().__init__(*args, **more)
        self.package = package
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of work, not of the alphabet."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The module's ``command``."""
        if cmd_name not in self.table:
            return None
        module = cmd_name.replace("-", "_") + ("_" if keyword.iskeyword(cmd_name) else "")
        command = importlib.import_module(f"{self.package}.{module}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.table.items()))
