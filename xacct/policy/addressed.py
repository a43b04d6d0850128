"""What documents say to one principal: their statements without whom they name and what is known of who asks; pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from xacct.policy.condition import prepare
from xacct.policy.document import NEW, Condition, Document, Effect, Statement
from xacct.policy.request import Reach, Request
from xacct.policy.statement import prepared

Known = Mapping[str, tuple[str, ...]]
"""Condition keys, in lower case, with their values; none for a key that the requests do not have."""


def addressed(
    document: Document,
    asking: Request,
    known: Known,
    *,
    bounded: bool = False,
    delegates: bool = False,
    chosen: Callable[[Statement], bool] = lambda _: True,
) -> Document:
    """The statements that speak to who asks, as a policy of its own would have them.

    A statement whose condition on a known key is not met is left out, and a condition that is met is taken out
    of it. ``delegates`` leaves out the Allows that name the account only; ``chosen`` picks among the Allows.
    """
    bodies: list[dict[str, Any]] = []
    for clause, _, _ in prepared(document).clauses:
        statement = clause.statement
        if statement.principals is not None or statement.not_principals is not None:
            reach = clause.reach(asking, bounded=bounded)
            if reach is Reach.NOBODY or (delegates and reach is Reach.ACCOUNT and not clause.denies):
                continue
        if clause.denies or chosen(statement):
            bodies += _met(statement, document.version, known)
    return Document.of(*bodies, version=document.version)


def joined(documents: Iterable[Document]) -> Document:
    """One document of all their statements."""
    sources = [one.source for document in documents for one in document.statements]
    return Document.parse(f'{{"Version":"{NEW}","Statement":[{",".join(sources)}]}}')


def of_effect(document: Document, effect: Effect) -> Document:
    """The document's Allows, or its Denies."""
    sources = [one.source for one in document.statements if one.effect == effect]
    return Document.parse(f'{{"Version":"{document.version}","Statement":[{",".join(sources)}]}}')


def _met(statement: Statement, version: str, known: Known) -> Iterator[dict[str, Any]]:
    """The statement's text without principals and without what is met; nothing where something is not met."""
    left: list[Condition] = []
    for condition in statement.conditions:
        _, key, values = condition
        variable = version == NEW and any("${" in value for value in values)
        met = None if key not in known or variable else prepare(condition, variables=False)(known, ())
        if met is False:
            return
        if met is None:
            left.append(condition)
    body = json.loads(statement.source)
    for name in ("Sid", "Principal", "NotPrincipal", "Condition"):
        body.pop(name, None)
    for operator, key, values in left:
        body.setdefault("Condition", {}).setdefault(operator, {})[key] = list(values)
    yield body
