"""Remarks on policy documents: what a service refuses, what does not do what it says, what gives too much."""

from __future__ import annotations

from xacct.platform import PLATFORMS
from xacct.policy.lint import actions, conditions, federated, grammar, platforms, presence, principals, risk
from xacct.policy.lint.finding import KINDS, Finding, Kind
from xacct.policy.lint.reading import read

__all__ = ["KINDS", "Finding", "Kind", "lint", "on_platform"]


def on_platform(text: str, platform: str, kind: Kind | None = None) -> tuple[Finding, ...]:
    """Just what a platform will not do that a document asks for; nothing for platforms that do everything.

    Raises:
        MalformedDocument: it is no policy at all.
    """
    sheet = read(text, kind)
    sheet.found.clear()
    if platform in PLATFORMS:
        platforms.check(sheet, PLATFORMS[platform])
    return tuple(sheet.found)


def lint(
    text: str, kind: Kind | None = None, *, own: frozenset[str] = frozenset(), platform: str = ""
) -> tuple[Finding, ...]:
    """Everything to be said of a document, in the order of its text.

    ``kind`` None guesses by what only a document of the kind has. ``own`` are the ids of one's own accounts;
    a trust of any other one should ask for an external id. ``platform`` adds what that one will not do.

    Raises:
        MalformedDocument: it is no JSON, no object, or has no Statement: no policy at all.
    """
    sheet = read(text, kind)
    sheet.own = own
    for rules in (grammar, actions, principals, federated, conditions, presence, risk):
        rules.check(sheet)
    if platform in PLATFORMS:
        platforms.check(sheet, PLATFORMS[platform])
    return tuple(sorted(sheet.found, key=lambda one: (one.place.line, one.place.column, one.rule)))
