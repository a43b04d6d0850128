"""Who has the unique ids that live trusts hold; pure.

IAM keeps the user or role that a trust names by its id and shows the ARN. Of one that was deleted only the id
is left (``AIDA...``, ``AROA...``) (IAM User Guide, "IAM JSON policy elements: Principal").
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from xacct.policy.document import Document
from xacct.policy.principal import is_unique_id
from xacct.snapshot import Snapshot


def mapped(snapshots: Mapping[str, Snapshot]) -> dict[str, Snapshot]:
    """The snapshots with the ARN in each trust where an id stands whose holder one of them knows."""
    known = holders(snapshots)
    return {name: _mapped(snapshot, known) for name, snapshot in snapshots.items()}


def holders(snapshots: Mapping[str, Snapshot]) -> dict[str, str]:
    """ARNs by unique id."""
    found: dict[str, str] = {}
    for snapshot in snapshots.values():
        found |= {user.id: user.arn for user in snapshot.users.values() if is_unique_id(user.id)}
        found |= {role.id: role.arn for role in snapshot.roles.values() if is_unique_id(role.id)}
    return found


def _mapped(snapshot: Snapshot, known: Mapping[str, str]) -> Snapshot:
    for role in snapshot.roles.values():
        if isinstance(role.trust, Document) and ids_in(role.trust) & known.keys():
            snapshot = snapshot.holding("roles", replace(role, trust=with_arns(role.trust, known)))
    return snapshot


def with_arns(trust: Document, known: Mapping[str, str]) -> Document:
    """The document with ARNs for known ids where principals are named; an id in a condition stays."""
    if not ids_in(trust) & known.keys():
        return trust
    body = json.loads(trust.source)
    statements = body["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        named = statement.get("Principal")
        if isinstance(named, dict) and "AWS" in named:
            given = named["AWS"]
            values = [given] if isinstance(given, str) else given
            named["AWS"] = [known.get(value, value) for value in values]
    return Document.parse(json.dumps(body))


def ids_in(trust: Document) -> frozenset[str]:
    """The unique ids that stand where principals are named."""
    return frozenset(value for value in named_in(trust) if is_unique_id(value))


def named_in(trust: Document) -> Iterator[str]:
    """What a trust names under ``AWS``: ARNs, ids of accounts, and unique ids."""
    for statement in trust.statements:
        for element in statement.principals or ():
            if element.type == "AWS":
                yield element.value
