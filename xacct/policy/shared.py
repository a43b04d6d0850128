"""What a document gives beyond others, and what two documents share; statement by statement, on the safe side.

A part that is not seen to be covered counts as new: two wildcards that only overlap, or two conditions of
which one implies the other, are different things here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple, TypeAlias

from xacct.policy.document import Document, Statement
from xacct.policy.normal import PrincipalElement, account_form

Body: TypeAlias = dict[str, Any]
_SEGMENTS = 6


class Part(NamedTuple):
    """One principal, one action and one resource of a statement.

    None stands for an element that the statement does not have, or has as an exclusion.
    """

    statement: Statement
    version: str
    principal: PrincipalElement | None
    action: str | None
    resource: str | None

    @property
    def denies(self) -> bool:
        """Whether its statement is a Deny."""
        return self.statement.effect == "Deny"


def parts(document: Document) -> tuple[Part, ...]:
    """Every part of every statement, each with the statement of this very text: its Sid, place and version."""
    return _parts(document.source)


@lru_cache(maxsize=4096)
def _parts(source: str) -> tuple[Part, ...]:
    """By the text: documents that mean the same are equal, whatever their Sids and the order in them."""
    document = Document.parse(source)
    return tuple(
        Part(one, document.version, who, action, resource)
        for one in document.statements
        for who, action, resource in product(
            one.principals or (None,), one.actions or (None,), one.resources or (None,)
        )
    )


def beyond(document: Document | None, others: Iterable[Document]) -> tuple[Part, ...]:
    """The parts of a document that no statement of the same effect in the others covers."""
    known = [(one, other.version) for other in others for one in other.statements]
    return tuple(
        part
        for part in (parts(document) if document else ())
        if not any(_covers(one, version, part) for one, version in known)
    )


def shared(before: Document | None, after: Document | None) -> list[Body]:
    """Statements that allow only what both documents allow, and deny all that either denies; without Sids."""
    allowed: list[Body] = []
    for one in _of(before, "Allow"):
        for other in _of(after, "Allow"):
            common = _common(one, before, other, after)
            if common is not None:
                allowed.append(common)
    denied = [_body(one) for one in _of(after, "Deny")]
    known = {one.meaning for one in _of(after, "Deny")}
    denied += [_body(one) for one in _of(before, "Deny") if one.meaning not in known]
    return [*_without_repetition(allowed), *denied]


def both(before: Document, after: Document) -> list[Body] | None:
    """Statements that allow what either document allows; None where they do not deny the same."""
    if {one.meaning for one in _of(before, "Deny")} != {one.meaning for one in _of(after, "Deny")}:
        return None
    if before.version != after.version:
        return None
    known = {one.meaning for one in after.statements}
    older = [one for one in _of(before, "Allow") if one.meaning not in known]
    return [*(_body(one) for one in after.statements), *(_body(one) for one in older)]


def pattern_covers(pattern: str, other: str) -> bool:
    """Whether a pattern matches whatever another one does, as far as that is seen text by text."""
    return pattern == other or _cover(pattern).fullmatch(other) is not None


def resource_covers(pattern: str, other: str) -> bool:
    """The same for resources, each segment of an ARN by itself; missing segments are ``*``."""
    if pattern in ("*", other):
        return True
    ours, theirs = pattern.split(":", _SEGMENTS - 1), other.split(":", _SEGMENTS - 1)
    ours += ["*"] * (_SEGMENTS - len(ours))
    theirs += ["*"] * (_SEGMENTS - len(theirs))
    return all(pattern_covers(one, another) for one, another in zip(ours, theirs, strict=True))


@lru_cache(maxsize=16384)
def _cover(pattern: str) -> re.Pattern[str]:
    """A ``?`` of the pattern stands for one character, and never for another pattern's ``*``."""
    wild = {"*": ".*", "?": "[^*]"}
    return re.compile("".join(wild.get(one) or re.escape(one) for one in pattern), re.DOTALL)


def _covers(one: Statement, version: str, part: Part) -> bool:
    other = part.statement
    if one.effect != other.effect or (version != part.version and _variable(one, other)):
        return False
    return (
        _principal_covers(one, part)
        and _element_covers((one.actions, one.not_actions), (part.action, other.not_actions), pattern_covers)
        and _element_covers(
            (one.resources, one.not_resources), (part.resource, other.not_resources), resource_covers
        )
        and set(one.conditions) <= set(other.conditions)
    )


def _variable(*statements: Statement) -> bool:
    return any(one.meaning.has_variables() for one in statements)


def _element_covers(ours: Any, theirs: Any, covers: Any) -> bool:
    wanted, excluded = theirs
    mine, not_mine = ours
    if wanted is None:
        return bool(not_mine == excluded and (excluded is not None or mine is None))
    return mine is not None and any(covers(pattern, wanted) for pattern in mine)


def _principal_covers(one: Statement, part: Part) -> bool:
    if part.principal is None:
        theirs = part.statement.not_principals
        return one.not_principals == theirs and (theirs is not None or one.principals is None)
    return any(_names_all_of(mine, part.principal) for mine in one.principals or ())


def _names_all_of(element: PrincipalElement, other: PrincipalElement) -> bool:
    if element == other or element.type == "*":
        return True
    return element.type == other.type == "AWS" and element.value == "*"


def _of(document: Document | None, effect: str) -> list[Statement]:
    return [one for one in document.statements if one.effect == effect] if document else []


def _body(statement: Statement) -> Body:
    body: Body = json.loads(statement.source)
    body.pop("Sid", None)
    return body


def _common(one: Statement, before: Document | None, other: Statement, after: Document | None) -> Body | None:
    """What two Allow statements both allow; None where that is nothing, or cannot be said in one statement."""
    mine, yours = _body(one), _body(other)
    assert before is not None
    assert after is not None
    if before.version != after.version and _variable(one, other):
        return None
    if one.meaning == other.meaning:
        return yours
    found: Body = {"Effect": "Allow"}
    for name, meet in (
        ("Principal", _principals),
        ("Action", _actions),
        ("Resource", _resources),
    ):
        excluded = f"Not{name}"
        if excluded in mine or excluded in yours:
            if mine.get(excluded) != yours.get(excluded):
                return None
            found[excluded] = yours[excluded]
        elif name in mine or name in yours:
            common = meet(mine.get(name), yours.get(name))
            if not common:
                return None
            found[name] = common
    conditions = _conditions(mine.get("Condition") or {}, yours.get("Condition") or {})
    if conditions is None:
        return None
    return {**found, "Condition": conditions} if conditions else found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _met(mine: Sequence[str], yours: Sequence[str], covers: Any) -> list[str]:
    """Patterns of either that one of the other covers."""
    found = [one for one in yours if any(covers(other, one) for other in mine)]
    return [*found, *(one for one in mine if one not in found and any(covers(other, one) for other in yours))]


def _actions(mine: Any, yours: Any) -> list[str]:
    found = _met(_listed(mine), _listed(yours), lambda one, other: pattern_covers(one.lower(), other.lower()))
    return list({one.lower(): one for one in found}.values())


def _resources(mine: Any, yours: Any) -> list[str]:
    return _met(_listed(mine), _listed(yours), resource_covers)


def _principals(mine: Any, yours: Any) -> Any:
    ours, theirs = _elements(mine), _elements(yours)
    found = {form: text for form, text in theirs.items() if any(_names_all_of(one, form) for one in ours)}
    found |= {form: text for form, text in ours.items() if any(_names_all_of(one, form) for one in theirs)}
    if any(form.type == "*" for form in found):
        return "*"
    table: dict[str, list[str]] = {}
    for form, text in found.items():
        table.setdefault(form.type, []).append(text)
    return table


def _elements(value: Any) -> dict[PrincipalElement, str]:
    """Each principal in its normal form, with the text it was written as."""
    if not isinstance(value, Mapping):
        return {PrincipalElement("*", "*"): "*"} if value else {}
    return {
        PrincipalElement(kind, account_form(str(one)) if kind == "AWS" else str(one)): str(one)
        for kind, some in value.items()
        for one in _listed(some)
    }


def _conditions(mine: Mapping[str, Any], yours: Mapping[str, Any]) -> Body | None:
    """Both sets of conditions; None where they ask the same key for different values."""
    found: Body = {}
    seen: dict[tuple[str, str], frozenset[str]] = {}
    for block in (yours, mine):
        for operator, tests in block.items():
            for key, values in tests.items():
                place = operator.lower(), key.lower()
                asked = frozenset(json.dumps(one) for one in _listed(values))
                if seen.setdefault(place, asked) != asked:
                    return None
                if block is yours or not _said(found, *place):
                    found.setdefault(operator, {})[key] = values
    return found


def _said(found: Mapping[str, Mapping[str, Any]], operator: str, key: str) -> bool:
    return any(
        operator == name.lower() and any(key == one.lower() for one in tests) for name, tests in found.items()
    )


def _without_repetition(bodies: Sequence[Body]) -> Iterator[Body]:
    """Those that none of the others covers; one of equal ones."""
    documents = [Document.of(body) for body in bodies]
    gone: set[int] = set()
    for number, document in enumerate(documents):
        others = [one for index, one in enumerate(documents) if index != number and index not in gone]
        if beyond(document, others):
            yield bodies[number]
        else:
            gone.add(number)
