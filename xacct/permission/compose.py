"""From single permissions to policies that give exactly these, as tight as IAM can say it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from xacct.permission.permission import Permission
from xacct.policy.document import Document
from xacct.policy.size import without_space

MOST = 6144
"""What a managed policy may hold, white space aside (IAM User Guide, "IAM and AWS STS quotas")."""

_Condition: TypeAlias = tuple[tuple[str, str, tuple[str, ...]], ...]

# Keys that narrow an action in a way that fits every call of ours, and the operators that say so.
_NARROWING = {
    "iam:PolicyARN": "ArnEquals",
    "iam:PermissionsBoundary": "ArnEquals",
    "aws:TagKeys": "ForAllValues:StringEquals",
}


def compose(permissions: Iterable[Permission]) -> tuple[Document, ...]:
    """Policies that allow these requests and no others that IAM can tell from them.

    More than one where a single managed policy could not hold them.
    """
    statements = list(_statements(list(permissions)))
    documents: list[list[dict[str, Any]]] = [[]]
    for statement in statements:
        if documents[-1] and without_space(_text([*documents[-1], statement])) > MOST:
            documents.append([])
        documents[-1].append(statement)
    return tuple(Document.of(*some) for some in documents if some)


def _statements(permissions: list[Permission]) -> Iterator[dict[str, Any]]:
    """One statement for each set of resources and conditions, with all its actions."""
    places: dict[tuple[str, _Condition], set[str]] = {}
    for action in {one.action for one in permissions}:
        mine = [one for one in permissions if one.action == action]
        for condition, resources in _conditions(mine):
            places.setdefault((action, condition), set()).update(resources)
    grouped: dict[tuple[tuple[str, ...], _Condition], list[str]] = {}
    for (action, condition), resources in sorted(places.items()):
        grouped.setdefault((tuple(sorted(resources)), condition), []).append(action)
    for (resources_of, condition), actions in sorted(grouped.items(), key=lambda pair: (pair[1], pair[0])):
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Action": _scalar(actions),
            "Resource": _scalar(resources_of),
        }
        for operator, key, values in condition:
            statement.setdefault("Condition", {}).setdefault(operator, {})[key] = _scalar(values)
        yield statement


def _conditions(permissions: list[Permission]) -> Iterator[tuple[_Condition, set[str]]]:
    """The resources of one action by the condition that all requests on them meet."""
    by_resource: dict[str, list[Permission]] = {}
    for one in permissions:
        by_resource.setdefault(one.resource, []).append(one)
    for resource, mine in by_resource.items():
        found: list[tuple[str, str, tuple[str, ...]]] = []
        for key, operator in _NARROWING.items():
            values = [one.context.get(key) for one in mine]
            if all(value is not None for value in values):
                texts = {
                    text for value in values for text in ((value,) if isinstance(value, str) else value or ())
                }
                found.append((operator, key, tuple(sorted(texts))))
        yield tuple(found), {resource}


def _scalar(values: Iterable[str]) -> str | list[str]:
    listed = list(values)
    return listed[0] if len(listed) == 1 else listed


def _text(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
