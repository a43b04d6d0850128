"""What the grammar of the policy language asks: elements, versions, Sids, sizes.

Sources: IAM User Guide, "Grammar of the IAM JSON policy language", "IAM JSON policy elements: Sid", "IAM and
AWS STS quotas"; Amazon S3 User Guide, "Bucket policies" (20 KB).
"""

from __future__ import annotations

import difflib
import re

from xacct.policy.jsontext import Node
from xacct.policy.lint.finding import Kind
from xacct.policy.lint.reading import Clause, Sheet
from xacct.policy.normal import NEW, OLD, PAIRS, PARTS, PRINCIPALS, TOP
from xacct.policy.size import without_space

_SID = re.compile(r"[A-Za-z0-9]*")
_VARIABLE = re.compile(r"\$\{[^}]*\}?")
_PRINTABLE = re.compile("[\t\n\r\x20-\xff]*")

SIZES: dict[Kind, tuple[int, bool, str]] = {
    "identity": (
        10_240,
        False,
        "all inline policies of a role together (user 2,048, group 5,120; managed 6,144)",
    ),
    "trust": (2_048, False, "a trust policy, unless the quota was raised (up to 8,192)"),
    "resource": (20 * 1024, True, "a bucket policy"),
    "kms": (32 * 1024, True, "a key policy"),
    "scp": (5_120, False, "a service control policy"),
}
"""The largest size of each kind, whether white space counts, and what it is the size of."""


def check(sheet: Sheet) -> None:
    """Everything that can be said without knowing any service."""
    _top(sheet)
    _sids(sheet)
    _size(sheet)
    for clause in sheet.clauses:
        _elements(sheet, clause)


def _top(sheet: Sheet) -> None:
    for key, node in sheet.top.items():
        if key not in TOP:
            sheet.error(
                "unknown-element", (key, node.start), f"{key} is no element of a policy.", _near(key, TOP)
            )
    version = sheet.top.get("Version")
    moving = _VARIABLE.search(sheet.text) is not None
    if version is None:
        start = sheet.top["Statement"].start
        consequence = (
            "Without it the policy is of 2008-10-17, and the policy variables in it are plain text."
            if moving
            else "Without it the policy is of 2008-10-17, which knows no policy variables."
        )
        sheet.warn("missing-version", ("Version", start), consequence, f'Add "Version": "{NEW}".')
    elif version.value not in (OLD, NEW):
        sheet.error(
            "invalid-version", ("Version", version.start), "There is no such version.", f'Write "{NEW}".'
        )
    elif version.value == OLD and moving:
        sheet.warn(
            "variable-in-old-version",
            ("Version", version.start),
            "In a policy of 2008-10-17 a variable such as ${aws:username} is plain text and matches nobody.",
            f'Write "{NEW}".',
        )
    if not _PRINTABLE.fullmatch(sheet.text):
        sheet.error(
            "illegal-character",
            ("", 0),
            "The text holds characters that IAM does not take (only tab, line feed, return, U+0020 to U+00FF).",
            "Write them as something else.",
        )


def _near(word: str, known: frozenset[str]) -> str:
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else f"There are {', '.join(sorted(known))}."


def _sids(sheet: Sheet) -> None:
    seen: set[str] = set()
    for clause in sheet.clauses:
        sid = clause.sid
        if "Sid" in clause.parts and sid is None:
            sheet.error(
                "wrong-type",
                (f"{clause.path}.Sid", clause.parts["Sid"].start),
                "A Sid is a text.",
                "Write a text.",
            )
        if sid is None or not sid.text:
            continue
        if sid.text in seen:
            sheet.error(
                "duplicate-sid",
                sid,
                f'The Sid "{sid.text}" stands twice; it must be unique within a policy.',
                "Give one of them another Sid.",
            )
        seen.add(sid.text)
        if sheet.kind in ("identity", "trust", "scp") and not _SID.fullmatch(sid.text):
            sheet.error(
                "illegal-sid",
                sid,
                f'The Sid "{sid.text}" holds more than A-Z, a-z and 0-9; IAM refuses the policy.',
                "Use letters and digits only.",
            )


def _size(sheet: Sheet) -> None:
    most, space, what = SIZES[sheet.kind]
    size = len(sheet.text.encode()) if space else without_space(sheet.text)
    if size > most:
        counted = "bytes" if space else "characters without white space"
        sheet.error(
            "too-large",
            ("", 0),
            f"The document has {size:,} {counted}; the limit for {what} is {most:,}.",
            "Use patterns instead of lists, or split it.",
        )


def _elements(sheet: Sheet, clause: Clause) -> None:
    for key, node in clause.parts.items():
        if key not in PARTS:
            sheet.error(
                "unknown-element",
                (f"{clause.path}.{key}", node.start),
                f"{key} is no element of a statement.",
                _near(key, PARTS),
            )
    for one, other in PAIRS:
        if one in clause.parts and other in clause.parts:
            at = clause.parts[other].start
            sheet.error(
                "exclusive-elements",
                (f"{clause.path}.{other}", at),
                f"{one} and {other} exclude each other.",
                "Keep one.",
            )
    _effect(sheet, clause)
    where = (clause.path, clause.at)
    if not clause.parts.keys() & {"Action", "NotAction"}:
        sheet.error(
            "missing-action", where, "The statement has neither Action nor NotAction.", "Add an Action."
        )
    _principal(sheet, clause)
    _resource(sheet, clause)
    for kind, value in clause.principals:
        if kind not in ("*", *PRINCIPALS):
            sheet.error(
                "unknown-principal-type", value, f"{kind} is no kind of principal.", _near(kind, PRINCIPALS)
            )


def _effect(sheet: Sheet, clause: Clause) -> None:
    if "Effect" not in clause.parts:
        sheet.error(
            "missing-effect", (clause.path, clause.at), "The statement has no Effect.", "Add Allow or Deny."
        )
    elif clause.effect not in ("Allow", "Deny"):
        at = clause.parts["Effect"].start
        sheet.error(
            "invalid-effect",
            (f"{clause.path}.Effect", at),
            "An Effect is Allow or Deny; upper and lower case matter.",
            f'Write "{clause.effect.capitalize()}".'
            if clause.effect.capitalize() in ("Allow", "Deny")
            else "Write Allow or Deny.",
        )


def _first(clause: Clause, *names: str) -> tuple[str, Node] | None:
    return next(((name, clause.parts[name]) for name in names if name in clause.parts), None)


def _principal(sheet: Sheet, clause: Clause) -> None:
    found = _first(clause, "Principal", "NotPrincipal")
    if sheet.kind in ("identity", "scp"):
        if found:
            name, node = found
            sheet.error(
                "principal-not-allowed",
                (f"{clause.path}.{name}", node.start),
                f"{name} has no place in a policy of this kind: it holds for whoever it is attached to.",
                "Take it out, or lint the document with --kind resource or trust.",
            )
    elif found is None:
        sheet.error(
            "missing-principal",
            (clause.path, clause.at),
            "The statement does not say for whom it is.",
            "Add a Principal.",
        )


def _resource(sheet: Sheet, clause: Clause) -> None:
    found = _first(clause, "Resource", "NotResource")
    if sheet.kind == "trust":
        if found:
            name, node = found
            sheet.error(
                "resource-not-allowed",
                (f"{clause.path}.{name}", node.start),
                "A trust policy has no Resource: it is the role's own, and IAM refuses the document.",
                f"Take {name} out.",
            )
    elif found is None:
        sheet.error(
            "missing-resource", (clause.path, clause.at), "The statement has no Resource.", "Add a Resource."
        )
