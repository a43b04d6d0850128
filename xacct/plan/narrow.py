"""Which changes take something away: deletions, and updates after which less is allowed than before."""

from __future__ import annotations

from collections.abc import Iterator

from xacct.kinds.role import Role
from xacct.plan.plan import Change, Create, Delete, Update
from xacct.policy.document import Document
from xacct.policy.proof.prove import Proven, no_more_than
from xacct.resource import Resource


def takes_away(change: Change) -> str | None:
    """``deleted`` or ``narrowed`` where a change takes something away, or may; None where it surely does not.

    What a proof cannot decide counts as narrowed. So does every new Deny: whom it hits depends on what others
    allow.
    """
    match change:
        case Delete():
            return "deleted"
        case Create(after):
            return "narrowed" if any(_denials(document) for document in _documents(after)) else None
        case Update(before, after):
            return "narrowed" if _narrows(before, after) else None


def _narrows(before: Resource, after: Resource) -> bool:
    if before.arn != after.arn:
        return True
    if isinstance(before, Role) and isinstance(after, Role):
        if after.max_session < before.max_session:
            return True
        if after.boundary and after.boundary != before.boundary:
            return True
    old = dict(before.shown())
    for name, new in after.shown():
        was = old.get(name)
        if not isinstance(new, Document) or not isinstance(was, Document):
            continue
        if _denials(new) - _denials(was) or not isinstance(no_more_than(was, new), Proven):
            return True
    return False


def _denials(document: Document) -> frozenset[str]:
    return frozenset(one.canonical for one in document.statements if one.effect == "Deny")


def _documents(resource: Resource) -> Iterator[Document]:
    yield from (value for _, value in resource.shown() if isinstance(value, Document))
