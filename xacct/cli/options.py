"""The options that several commands share, with one meaning everywhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_MANIFEST = "xacct.yaml"
NO_INPUT = "xacct.no_input"
"""Where a run keeps whether it may ask."""


def manifest_options(function: Command) -> Command:
    """``-f PATH`` (repeatable; default ``xacct.yaml``), as the tuple ``paths``."""
    return click.option(
        "-f",
        "--file",
        "paths",
        multiple=True,
        default=(DEFAULT_MANIFEST,),
        metavar="PATH",
        help="A manifest, a fragment of one, or a folder of them; may be repeated. [default: xacct.yaml]",
    )(function)


def format_option(*formats: str) -> Callable[[Command], Command]:
    """``--format``, one of these; the first is the default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="The form of what is printed on stdout.",
    )


def account_option(function: Command) -> Command:
    """``--account NAME`` (repeatable): one side of the link only."""
    return click.option(
        "--account",
        "only_accounts",
        multiple=True,
        metavar="NAME",
        help="Plan and apply this account only; the others are read where they may be.",
    )(function)


def only_option(function: Command) -> Command:
    """``--only LINK`` (repeatable)."""
    return click.option(
        "--only", "only_links", multiple=True, metavar="LINK", help="This link only; may be repeated."
    )(function)


def verbose_option(function: Command) -> Command:
    """``-v``: the exact calls."""
    return click.option("-v", "--verbose", count=True, help="Show the exact calls.")(function)


def removal_options(function: Command) -> Command:
    """What a removal without a mark is read from, and the words that lift its guards."""
    for option in (
        click.option(
            "--prune-edited",
            is_flag=True,
            help="Also remove what carries our mark but was edited by hand since.",
        ),
        click.option(
            "--adopt", is_flag=True, help="Take over what is live under a declared name without our mark."
        ),
        click.option(
            "--was",
            metavar="FILE|REV",
            help="The earlier manifest (file, folder or Git revision): what only it declared is removed.",
        ),
    ):
        function = option(function)
    return function


def sessions_option(function: Command) -> Command:
    """``--revoke-sessions``."""
    return click.option(
        "--revoke-sessions",
        is_flag=True,
        help="End the sessions of those who leave a role; whoever stays in it assumes it again.",
    )(function)


def lifting_options(function: Command) -> Command:
    """The words that lift a guard for one run, as one ``lifted``."""

    @wraps(function)
    def lifting(
        *,
        allow_public: bool,
        allow_lockout: bool,
        allow_protected: bool,
        drop_dead_principals: bool,
        retrust: bool,
        max_delete: int | None,
        **given: Any,
    ) -> Any:
        from xacct.engine.preparing.limits import Lifted

        lifted = Lifted(
            public=allow_public,
            lockout=allow_lockout,
            protected=allow_protected,
            dead_principals=drop_dead_principals,
            retrust=retrust,
            max_delete=max_delete,
        )
        return function(lifted=lifted, **given)

    wrapped: Any = lifting
    for option in (
        click.option(
            "--max-delete",
            type=click.IntRange(min=0),
            metavar="N",
            help="So many steps may delete or narrow something, in place of the manifest's limits.",
        ),
        click.option(
            "--drop-dead-principals",
            is_flag=True,
            help="Take deleted principals out of the statements of others, for which every put is refused.",
        ),
        click.option(
            "--retrust",
            is_flag=True,
            help="Trust anew whoever was made again under the name of a deleted principal.",
        ),
        click.option("--allow-protected", is_flag=True, help="Also touch what the manifest protects."),
        click.option(
            "--allow-lockout",
            is_flag=True,
            help="Also where your own identity could not undo it afterwards, or that cannot be told.",
        ),
        click.option("--allow-public", is_flag=True, help="Also open something to everybody."),
    ):
        wrapped = option(wrapped)
    command: Command = wrapped
    return command


def _remember(context: click.Context, _option: click.Parameter, value: bool) -> bool:
    context.meta[NO_INPUT] = value
    return value


def no_input_option(function: Command) -> Command:
    """``--no-input``, for commands that ask nothing but the code of a second factor."""
    return click.option(
        "--no-input",
        is_flag=True,
        expose_value=False,
        callback=_remember,
        help="Never ask, not even for the code of a second factor.",
    )(function)


def consent_options(function: Command) -> Command:
    """``--yes``, ``--no-input`` and ``--lock-wait``."""
    for option in (
        click.option(
            "--lock-wait",
            type=click.FloatRange(min=0),
            default=0.0,
            metavar="SECONDS",
            help="How long to wait for another run to give the lock back. [default: not at all]",
        ),
        click.option(
            "--no-input",
            is_flag=True,
            callback=_remember,
            help="Never ask; without --yes nothing is changed.",
        ),
        click.option("--yes", is_flag=True, help="Apply the plan just made without asking."),
    ):
        function = option(function)
    return function


def journal_option(function: Command) -> Command:
    """``--journal``: where runs are written down."""
    return click.option(
        "--journal",
        metavar="DIR|s3://BUCKET/PREFIX",
        default=".xacct/runs",
        show_default=True,
        help="Where runs are written down; a bucket has to be one of the manifest's accounts'.",
    )(function)


def given(context: click.Context, name: str) -> bool:
    """Whether the user gave a parameter, and not its default."""
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
