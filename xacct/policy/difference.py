"""What changed between two documents, statement by statement, for people to read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from xacct.policy.arn import is_account_id
from xacct.policy.document import Document, PrincipalElement, Statement


@dataclass(frozen=True, slots=True)
class Added:
    """A statement that only the new document has."""

    statement: Statement


@dataclass(frozen=True, slots=True)
class Removed:
    """A statement that only the old document has."""

    statement: Statement


@dataclass(frozen=True, slots=True)
class Part:
    """One element of a changed statement: its values before and after, as JSON texts in a fixed order."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """A statement that both have, by its Sid or by its likeness, with the elements that differ."""

    before: Statement
    after: Statement
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Reworded:
    """Nothing differs in meaning: only a Sid, or the Version where no variable stands."""

    what: str
    before: str
    after: str


StatementChange: TypeAlias = Added | Removed | Changed | Reworded


def differences(old: Document | None, new: Document | None) -> tuple[StatementChange, ...]:
    """The changes from old to new: removed, changed, added, then what is only worded differently.

    Statements that mean the same are no change, in whatever order they stand; None is no document.
    """
    before = _once(old)
    after = _once(new)
    reworded: list[StatementChange] = []
    for statement in list(after):
        twin = next((one for one in before if one == statement), None)
        if twin is not None:
            before.remove(twin)
            after.remove(statement)
            if twin.sid != statement.sid:
                reworded.append(Reworded("Sid", twin.sid, statement.sid))
    pairs = _pairs(before, after)
    changes: list[StatementChange] = [
        Removed(one) for one in before if one not in [pair[0] for pair in pairs]
    ]
    changes += [Changed(one, other, _parts(one, other)) for one, other in pairs]
    changes += [Added(one) for one in after if one not in [pair[1] for pair in pairs]]
    if old and new and old.version != new.version:
        reworded.append(Reworded("Version", old.version, new.version))
    return (*changes, *reworded)


def _once(document: Document | None) -> list[Statement]:
    """The statements of a document; one that stands twice says nothing more the second time."""
    return list(dict.fromkeys(document.statements)) if document else []


def _pairs(before: list[Statement], after: list[Statement]) -> list[tuple[Statement, Statement]]:
    """By Sid where both have the same one, else by likeness: the same effect and the most in common."""
    pairs: list[tuple[Statement, Statement]] = []
    left, right = list(before), list(after)
    for one in before:
        twin = next((other for other in right if one.sid and other.sid == one.sid), None)
        if twin is not None:
            pairs.append((one, twin))
            left.remove(one)
            right.remove(twin)
    scored = sorted(
        ((_likeness(one, other), -a, -b) for a, one in enumerate(left) for b, other in enumerate(right)),
        reverse=True,
    )
    used: set[tuple[str, int]] = set()
    for score, a, b in scored:
        if score > 0 and ("a", a) not in used and ("b", b) not in used:
            used |= {("a", a), ("b", b)}
            pairs.append((left[-a], right[-b]))
    return sorted(pairs, key=lambda pair: pair[1].index)


def _likeness(one: Statement, other: Statement) -> int:
    """How many elements, beyond the effect, are the same."""
    mine, yours = _elements(one), _elements(other)
    if mine["Effect"] != yours["Effect"]:
        return 0
    return sum(1 for name, value in mine.items() if name != "Effect" and value and value == yours[name])


def _parts(one: Statement, other: Statement) -> tuple[Part, ...]:
    mine, yours = _elements(one), _elements(other)
    words, others = _words(one), _words(other)
    return tuple(
        Part(name, _as_written(name, mine[name], words), _as_written(name, yours[name], others))
        for name in mine
        if mine[name] != yours[name]
    )


def _words(statement: Statement) -> dict[str, str]:
    """Every text of a statement as its author wrote it, by what it is in lower case."""
    return {word.lower(): word for word in _TEXT.findall(statement.source)}


_TEXT = re.compile(r'"([^"\\]*)"')


def _as_written(name: str, values: tuple[str, ...], words: dict[str, str]) -> tuple[str, ...]:
    """Actions, operators and keys in the author's letters; their case means nothing, and is easier to read."""
    if name in ("Action", "NotAction"):
        return tuple(words.get(value, value) for value in values)
    if name == "Condition":
        split = [value.split(" ", 2) for value in values]
        return tuple(
            " ".join([words.get(operator, operator), words.get(key, key), *rest])
            for operator, key, *rest in split
        )
    return values


def _elements(statement: Statement) -> dict[str, tuple[str, ...]]:
    meaning = statement.meaning
    return {
        "Effect": (meaning.effect,),
        "Principal": _principals(meaning.principals),
        "NotPrincipal": _principals(meaning.not_principals),
        "Action": meaning.actions or (),
        "NotAction": meaning.not_actions or (),
        "Resource": meaning.resources or (),
        "NotResource": meaning.not_resources or (),
        "Condition": tuple(f"{name} {key} {', '.join(values)}" for name, key, values in meaning.conditions),
    }


def _principals(elements: tuple[PrincipalElement, ...] | None) -> tuple[str, ...]:
    """As people write them; an account's id stands for all of the account."""
    return tuple(
        "*" if kind == "*" else f"{kind} account {value}" if is_account_id(value) else f"{kind} {value}"
        for kind, value in elements or ()
    )
