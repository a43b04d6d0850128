"""What explain and who-can have in common: the words of a question, and the estate it is asked of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from xacct.access.estate import Estate
from xacct.errors import BadUsage
from xacct.manifest.documents import ACCESS
from xacct.manifest.loading.names import NameProblem, parse_name
from xacct.manifest.model import EntityKind, Manifest
from xacct.problem import Place

Command = TypeVar("Command", bound=Callable[..., Any])


def estate_of(on: str, paths: tuple[str, ...], resource: str) -> tuple[Manifest, Estate]:
    """The manifest and the estate that ``--on`` names; only ``manifest`` needs no credentials.

    Raises:
        BadInput: the manifest has problems.
        Refused: an account or an endpoint is not the declared one.
    """
    from xacct.engine.estates import live_estate, manifest_estate, planned_estate
    from xacct.manifest.loading.load import load_manifest

    manifest = load_manifest(paths)
    if on == "manifest":
        return manifest, manifest_estate(manifest)
    from xacct.cli.credentials import sessions
    from xacct.engine.preparing.prepare import prepare
    from xacct.engine.reading.observe import observe

    gateways = dict(sessions().gateways(dict(manifest.accounts).values()))
    asked = resource.removeprefix("arn:").split(":")[-1].partition("/")[0] if ":s3:::" in resource else ""
    snapshots = observe(gateways, [manifest], also=asked)
    if on == "planned":
        return manifest, planned_estate(snapshots, prepare(manifest, snapshots).plan)
    return manifest, live_estate(snapshots)


def arn_of(text: str, manifest_accounts: Mapping[str, Any], *kinds: EntityKind) -> str:
    """An ARN as it is, or the one that ``ACCOUNT/KIND/NAME`` stands for; a key may follow a bucket's name.

    Raises:
        BadUsage: it is neither.
    """
    if text.startswith("arn:") or text in ("*", "anonymous"):
        return text
    accounts = {name: spec.account for name, spec in manifest_accounts.items()}
    if "bucket" in kinds and text.startswith("s3://"):
        partitions = sorted({account.partition for account in accounts.values()}) or ["aws"]
        if len(partitions) > 1:
            raise BadUsage(
                f"{text} may be in any of {', '.join(partitions)}",
                fix="Write its ARN, or ACCOUNT/bucket/NAME.",
            )
        return f"arn:{partitions[0]}:s3:::{text[5:].rstrip('/')}"
    name, key = text, ""
    if "bucket" in kinds and text.count("/") > 2 and text.split("/")[1] == "bucket":
        first, second, bucket, key = text.split("/", 3)
        name = "/".join((first, second, bucket))
    try:
        found = parse_name(name, accounts, Place("command line"), *kinds).arn
    except NameProblem as wrong:
        raise BadUsage(wrong.problem.detail, fix=wrong.problem.fix) from None
    return f"{found}/{key}" if key else found


def action_of(text: str) -> str:
    """An action, or one of the words of ``access``.

    Raises:
        BadUsage: it is neither.
    """
    if text in ACCESS:
        return ACCESS[text]
    if text.count(":") != 1:
        raise BadUsage(f'"{text}" is no action', fix=f"Write service:Action, or one of {', '.join(ACCESS)}.")
    return text


def context_of(pairs: tuple[str, ...]) -> dict[str, object]:
    """The condition keys of ``--context``, with the present time.

    Raises:
        BadUsage: one has no equals sign.
    """
    context: dict[str, object] = {"aws:CurrentTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise BadUsage(f'--context "{pair}" is no KEY=VALUE', fix="Write such as aws:SourceIp=192.0.2.1.")
        context[key] = value
    return context


def question_options(function: Command) -> Command:
    """``--on`` and ``--context``."""
    for option in (
        click.option(
            "--context",
            "pairs",
            multiple=True,
            metavar="KEY=VALUE",
            help="A condition key of the request, such as aws:SourceIp=192.0.2.1; may be repeated.",
        ),
        click.option(
            "--on",
            type=click.Choice(["manifest", "live", "planned"]),
            default="manifest",
            show_default=True,
            help="Ask what the manifest says, what lives, or what will live once the plan is done.",
        ),
    ):
        function = option(function)
    return function
