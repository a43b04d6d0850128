"""``xacct verify``: really assume the roles and try."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from xacct.cli.options import (
    format_option,
    manifest_options,
    no_input_option,
    only_option,
    verbose_option,
)
from xacct.cli.say import put, say
from xacct.errors import BadUsage, ExitCode, XacctError

if TYPE_CHECKING:
    from xacct.access.estate import Estate
    from xacct.check import Finding
    from xacct.cli.doors import ProfileDoors
    from xacct.manifest.model import Manifest
    from xacct.platform import Platform
    from xacct.render.findings import Report
    from xacct.snapshot import Snapshot


@click.command(name="verify")
@manifest_options
@no_input_option
@only_option
@click.option(
    "--account",
    "only_accounts",
    multiple=True,
    metavar="NAME",
    help="Try as the principals of this account only; may be repeated.",
)
@click.option(
    "--was",
    metavar="FILE|REV",
    help="The earlier manifest (file, folder or Git revision): what only it declared must be gone.",
)
@click.option(
    "--canary",
    is_flag=True,
    help="Really write and delete, on objects of our own that are taken away again.",
)
@click.option("--strict", is_flag=True, help="What the platform does not enforce counts as too wide.")
@click.option(
    "--wait",
    default=30.0,
    show_default=True,
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long a change may take to be seen.",
)
@format_option("text", "json", "junit")
@verbose_option
def command(
    paths: tuple[str, ...],
    only_links: tuple[str, ...],
    only_accounts: tuple[str, ...],
    was: str | None,
    canary: bool,
    strict: bool,
    wait: float,
    form: str,
    verbose: int,
) -> None:
    """Assume each role as each declared principal and try what must work and what must not.

    Uses the profiles that the manifest names for users and roles; for who has none the live documents are
    judged, which never counts as tried. Nothing is changed: writing and deleting are tried under a condition
    that cannot hold, where the platform is known to honour it, or with --canary on objects of our own. Ends
    with 0 where all is as declared, 3 where something declared is missing, 4 where access is wider than
    declared, and 7 where nothing wrong was seen but something could not be tried.
    """
    from datetime import UTC, datetime

    from xacct.cli.doors import ProfileDoors
    from xacct.engine.verifying.canary import OwnObjects
    from xacct.engine.verifying.declared import Declared
    from xacct.engine.verifying.diagnose import Judge
    from xacct.engine.verifying.excess import excess
    from xacct.engine.verifying.neighbours import neighbours
    from xacct.engine.verifying.unenforced import enforced, unenforced
    from xacct.engine.verifying.unlooked import unlooked
    from xacct.engine.verifying.verify import Patience, exit_code, verify
    from xacct.engine.verifying.ways import ways
    from xacct.manifest.expected.asked import ALONE, asked
    from xacct.manifest.expected.expect import crowds, expect, names, only
    from xacct.manifest.expected.gone import gone
    from xacct.manifest.loading.load import load_earlier, load_manifest
    from xacct.render.findings import Report

    manifest = load_manifest(paths)
    earlier = load_earlier(was, paths) if was else None
    _known("link", only_links, (*names(manifest), *(names(earlier) if earlier else ()), ALONE))
    _known("account", only_accounts, tuple(manifest.accounts))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    both = [manifest, *([earlier] if earlier else [])]
    doors = ProfileDoors({name: spec for one in reversed(both) for name, spec in one.accounts.items()})
    doors.look(only(expect(manifest, {}, now=now), frozenset(only_links)), everything=True)
    live = _Live(both, doors)
    members = live.snapshots() if any(crowds(one) for one in both) else {}
    own_objects = canary or manifest.checks.own_objects
    checks = only(
        (
            *expect(manifest, members, now=now, own_objects=own_objects),
            *asked(manifest, members),
            *gone(manifest, earlier, members),
        ),
        frozenset(only_links),
    )
    if only_accounts:
        checks = tuple(check for check in checks if check.caller.account.name in only_accounts)
    platforms = _platforms(manifest, doors)
    checks = enforced(checks, platforms)
    judge = Judge(live.estate, now)
    patience = Patience(
        wait, time.monotonic, time.sleep, lambda text: say(text, err=True), lambda: datetime.now(UTC)
    )
    own = OwnObjects(doors.owner)
    try:
        findings = list(verify(checks, doors, patience, judge=judge, canaries=own if own_objects else None))
    finally:
        left = own.clean()
        for note in left:
            say(note, err=True)
    beside: list[Finding] = [*unenforced(manifest, checks, platforms)]
    notes = left
    if not only_accounts:
        notes += unlooked(judge.estate, judge.trouble)
    if not only_accounts and (estate := judge.estate) is not None:
        declared = Declared(manifest, estate)
        beside += neighbours(declared, checks, now)
        beside += excess(declared, findings)
        beside += ways(declared, checks, now)
    findings += [one for one in beside if not only_links or one.check.link in only_links]
    nothing_tried = not findings and bool(only_accounts)
    report = Report(
        manifest=manifest.name,
        findings=tuple(findings),
        notes=notes,
        code=ExitCode.UNKNOWN if nothing_tried else exit_code(findings, strict=strict),
    )
    _show(report, form, verbose)
    sys.exit(int(report.code))


def _show(report: Report, form: str, verbose: int) -> None:
    from xacct.render.findings import findings_json, findings_text
    from xacct.render.json import text_of
    from xacct.render.junit import findings_junit

    match form:
        case "json":
            put(text_of(findings_json(report)), nl=False)
        case "junit":
            say(findings_junit(report), nl=False)
        case _:
            say(findings_text(report, verbose), nl=False)


def _known(what: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise BadUsage(
                f'the manifest has no {what} "{name}"', fix=f"It has: {', '.join(sorted(known)) or 'none'}."
            )


def _platforms(manifest: Manifest, doors: ProfileDoors) -> dict[str, Platform]:
    """What the accounts live on, as far as it can be told."""
    found: dict[str, Platform] = {}
    for name, spec in manifest.accounts.items():
        with suppress(XacctError):
            found[name] = doors.owner(spec.account).platform
    return found


class _Live:
    """The accounts of manifests, read once and only if somebody asks."""

    def __init__(self, manifests: Sequence[Manifest], doors: ProfileDoors) -> None:
        self._manifests = manifests
        self._doors = doors
        self._snapshots: dict[str, Snapshot] | None = None

    def snapshots(self) -> dict[str, Snapshot]:
        """Every account as it was read; one that cannot be asked is a gap and does not stop the others."""
        from xacct.cli.credentials import sessions
        from xacct.engine.reading.observe import observe
        from xacct.manifest.expected.expect import reached
        from xacct.snapshot import EVERYTHING, Snapshot, Unread

        if self._snapshots is None:
            opened = sessions()
            gateways, found = {}, {}
            for spec in {
                name: one for each in self._manifests for name, one in each.accounts.items()
            }.values():
                try:
                    gateways[spec.account.name] = opened.gateway(spec)
                except XacctError as error:
                    gap = Unread(account=spec.account.name, what=EVERYTHING, reason=str(error))
                    found[spec.account.name] = Snapshot(account=spec.account, unread=frozenset({gap}))
            more = [(one.account.name, one.name) for each in self._manifests for one in reached(each)]
            self._snapshots = {**found, **observe(gateways, self._manifests, more=more)}
        return self._snapshots

    def estate(self) -> Estate:
        """The same as the decision code sees it."""
        from xacct.engine.estates import live_estate

        return live_estate(self.snapshots())
