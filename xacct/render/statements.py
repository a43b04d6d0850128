"""Statements and their changes as people read them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from xacct.plan.revocation import AT_SENDING
from xacct.policy.difference import Added, Changed, Removed, Reworded, StatementChange
from xacct.policy.document import Statement


def statement_lines(sign: str, statement: Statement) -> Iterator[str]:
    """One statement, in its author's words: what it is, then an element a line."""
    yield f"{sign} {_title(statement)}"
    body = json.loads(statement.source)
    for name in ("Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource"):
        if name in body:
            yield from (f"    {name} {value}" for value in _values(body[name]))
    for operator, keys in (body.get("Condition") or {}).items():
        for key, values in keys.items():
            asked = ", ".join(_values(values)).replace(AT_SENDING, "the time of sending")
            yield f"    if {key} {operator} {asked}"


def change_lines(changes: Iterable[StatementChange], *, wording: bool = False) -> Iterator[str]:
    """What changed, statement by statement; with ``wording`` also what means the same in other words."""
    for change in changes:
        match change:
            case Added(statement):
                yield from statement_lines("+", statement)
            case Removed(statement):
                yield from statement_lines("-", statement)
            case Changed(_, statement, parts):
                yield f"~ {_title(statement)}"
                for part in parts:
                    yield from (f"    - {part.name} {value}" for value in _only(part.before, part.after))
                    yield from (f"    + {part.name} {value}" for value in _only(part.after, part.before))
            case Reworded(what, before, after):
                if wording:
                    yield f"~ {what}: {before or 'none'} -> {after or 'none'} (means the same)"


def _only(these: tuple[str, ...], those: tuple[str, ...]) -> list[str]:
    return [value for value in these if value not in those]


def _title(statement: Statement) -> str:
    return f"{statement.effect}, {statement.sid}" if statement.sid else statement.effect


def _values(value: object) -> list[str]:
    if isinstance(value, dict):
        return [f"{kind} {one}" for kind, some in value.items() for one in _values(some)]
    if isinstance(value, list):
        return [one for some in value for one in _values(some)]
    return [json.dumps(value).strip('"')]
