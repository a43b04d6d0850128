"""The normal form of a document: what stays of it when order, case and notation are taken away.

Equal are: the order of statements and of lists, one text and a list of one, one statement and a list of one,
the case of actions, condition keys and operators, an account's id and its root ARN, truths and numbers and
their texts, ArnEquals and ArnLike, no Version and 2008-10-17, an empty Condition or Sid and none. IAM User
Guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from xacct.platform import PARTITIONS
from xacct.policy.jsontext import LONGEST

OLD, NEW = "2008-10-17", "2012-10-17"
Condition: TypeAlias = tuple[str, str, tuple[str, ...]]
"""Operator, key and values: both names in lower case, values as text, sorted."""

TOP = frozenset({"Version", "Id", "Statement"})
PARTS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
PAIRS = (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))
PRINCIPALS = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_ROOTS = tuple(f"arn:{partition}:iam::" for partition in PARTITIONS)


class PrincipalElement(NamedTuple):
    """One principal as a document names it: its type (``AWS``, ``Service``, ``*`` ...) and its value."""

    type: str
    value: str


class StatementMeaning(NamedTuple):
    """One statement without its Sid; of each pair such as actions and not_actions one is None."""

    effect: str
    principals: tuple[PrincipalElement, ...] | None
    not_principals: tuple[PrincipalElement, ...] | None
    actions: tuple[str, ...] | None
    not_actions: tuple[str, ...] | None
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...] | None
    conditions: tuple[Condition, ...]

    def canonical(self) -> str:
        """The same as one JSON text with the elements in a fixed order."""
        return json.dumps(self._asdict(), separators=(",", ":"))

    def has_variables(self) -> bool:
        """Whether something in it looks like a policy variable, so that the Version matters."""
        return "${" in self.canonical()


class DocumentMeaning(NamedTuple):
    """A document as the service compares it: statements in any order, each with its Sid."""

    version: str
    id: str
    statements: tuple[tuple[StatementMeaning, str], ...]

    @property
    def meanings(self) -> Iterable[StatementMeaning]:
        """The statements without their Sids."""
        return (one for one, _ in self.statements)

    def __eq__(self, other: object) -> bool:
        """Whether the service takes both for the same; the order of the statements has no part in it."""
        if not isinstance(other, DocumentMeaning) or self.version != other.version or self.id != other.id:
            return False
        mine, yours = self.statements, other.statements
        return mine == yours or set(mine) == set(yours)

    def __ne__(self, other: object) -> bool:
        """The opposite."""
        return not self == other

    def __hash__(self) -> int:
        """Fits the equality."""
        return hash((self.version, self.id, frozenset(self.statements)))


class _Irregular(ValueError):
    """Something that no policy document has; another module says what and where."""


def meaning(text: str) -> DocumentMeaning | None:
    """The normal form of a text; None where it is no policy document.

    Equal keys in one object are found without a look at each: a document without escapes has as many keys as
    it has quotes before colons.
    """
    try:
        if "\\" not in text:
            found, keys = _document(_PLAIN.decode(text))
            loose = " :" in text or "\n:" in text or "\t:" in text or "\r:" in text
            if not loose and keys == text.count('":'):
                return found
        return _document(_CAREFUL.decode(text))[0]
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> None:
    raise _Irregular(constant)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Irregular
    return found


_PLAIN = json.JSONDecoder(parse_constant=_refuse)
_CAREFUL = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_once)


def _document(top: object) -> tuple[DocumentMeaning, int]:
    """The normal form, and how many keys were read."""
    if not isinstance(top, dict) or not top.keys() <= TOP or "Statement" not in top:
        raise _Irregular
    version = top.get("Version", OLD)
    if version not in (OLD, NEW):
        raise _Irregular
    bodies = top["Statement"]
    keys = len(top)
    ordered: list[tuple[StatementMeaning, str]] = []
    for body in bodies if isinstance(bodies, list) else [bodies]:
        one, sid, read = _statement(body)
        keys += read
        ordered.append((one, sid))
    name = top.get("Id", "")
    if not isinstance(name, str):
        raise _Irregular
    return DocumentMeaning(version, name, tuple(ordered)), keys


def _statement(body: object) -> tuple[StatementMeaning, str, int]:
    if not isinstance(body, dict) or not body.keys() <= PARTS:
        raise _Irregular
    part = body.get
    effect, sid = part("Effect"), part("Sid", "")
    if effect not in ("Allow", "Deny") or not isinstance(sid, str):
        raise _Irregular
    actions, not_actions = body.get("Action", body), body.get("NotAction", body)
    resources, not_resources = body.get("Resource", body), body.get("NotResource", body)
    if (actions is body) is (not_actions is body) or (resources is not body and not_resources is not body):
        raise _Irregular
    keys = len(body)
    principals = not_principals = None
    if "Principal" in body:
        principals, read = _principals(body["Principal"])
        keys += read
    if "NotPrincipal" in body:
        if principals is not None:
            raise _Irregular
        not_principals, read = _principals(body["NotPrincipal"])
        keys += read
    conditions: tuple[Condition, ...] = ()
    if "Condition" in body:
        conditions, read = _conditions(body["Condition"])
        keys += read
    one = StatementMeaning(
        effect,
        principals,
        not_principals,
        None if actions is body else _folded(actions),
        None if not_actions is body else _folded(not_actions),
        None if resources is body else _texts(resources),
        None if not_resources is body else _texts(not_resources),
        conditions,
    )
    return one, sid, keys


def _texts(value: object) -> tuple[str, ...]:
    """One value or a list of values, as a sorted set of texts."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        return (_text(value),)
    try:
        "".join(value)
    except TypeError:
        value = [_text(one) for one in value]
    return tuple(value) if len(value) == 1 else tuple(sorted(set(value)))


def _folded(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value.lower(),)
    return tuple(sorted({one.lower() for one in _texts(value)}))


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float) and len(found := str(value)) <= LONGEST:
        return found
    raise _Irregular


def _principals(value: object) -> tuple[tuple[PrincipalElement, ...], int]:
    if value == "*":
        return (PrincipalElement("*", "*"),), 0
    if not isinstance(value, dict) or not value.keys() <= PRINCIPALS:
        raise _Irregular
    found: list[PrincipalElement] = []
    for kind, values in value.items():
        texts = _texts(values)
        if kind == "AWS":
            found += [PrincipalElement(kind, account_form(text)) for text in texts]
        else:
            found += [PrincipalElement(kind, text) for text in texts]
    return tuple(found) if len(found) == 1 else tuple(sorted(set(found))), len(value)


def account_form(text: str) -> str:
    """An account's id for its root ARN, all else as it is."""
    if text.endswith(":root") and text.startswith(_ROOTS):
        account = text[text.index(":iam::") + 6 : -5]
        return account if account and ":" not in account else text
    return text


def _conditions(value: object) -> tuple[tuple[Condition, ...], int]:
    if not isinstance(value, dict):
        raise _Irregular
    found: list[Condition] = []
    keys = len(value)
    for operator, tests in value.items():
        if not isinstance(tests, dict):
            raise _Irregular
        keys += len(tests)
        name = _operator(operator)
        found += [(name, key.lower(), _texts(values)) for key, values in tests.items()]
    return tuple(found) if len(found) == 1 else tuple(sorted(found)), keys


@lru_cache(maxsize=1024)
def _operator(name: str) -> str:
    """In lower case; ArnEquals behaves as ArnLike."""
    return name.lower().replace("arnnotequals", "arnnotlike").replace("arnequals", "arnlike")
