"""Remarks on policy documents: what a service refuses, what does not do what it says, what gives too much."""

from __future__ import annotations

from xacct.policy.lint import actions, conditions, grammar, principals, risk
from xacct.policy.lint.finding import KINDS, Finding, Kind
from xacct.policy.lint.reading import read

__all__ = ["KINDS", "Finding", "Kind", "lint"]


def lint(text: str, kind: Kind | None = None, *, own: frozenset[str] = frozenset()) -> tuple[Finding, ...]:
    """Everything to be said of a document, in the order of its text.

    ``kind`` None guesses by what only a document of the kind has. ``own`` are the ids of one's own accounts;
    a trust of any other one should ask for an external id.

    Raises:
        MalformedDocument: it is no JSON, no object, or has no Statement: no policy at all.
    """
    sheet = read(text, kind)
    sheet.own = own
    for rules in (grammar, actions, principals, conditions, risk):
        rules.check(sheet)
    return tuple(sorted(sheet.found, key=lambda one: (one.place.line, one.place.column, one.rule)))
