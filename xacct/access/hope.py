"""Who can be left out of a question without a decision: no document of theirs speaks of what is asked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from xacct.policy.document import Document
from xacct.policy.match import glob
from xacct.snapshot import Entity, LiveDocument, Snapshot, UserRecord


def may_be_allowed(snapshot: Snapshot, record: Entity, verb: str, resource: str) -> bool:
    """Whether a document of a user (with its groups) or role may allow an action, in lower case, on a resource.

    True where something could not be read; False only where no statement can fit, whatever the request holds.
    """
    if snapshot.unread:
        return True
    return any(
        not isinstance(document, Document) or _speaks(document, verb, resource)
        for document in _documents(snapshot, record)
    )


def _documents(snapshot: Snapshot, record: Entity) -> Iterator[LiveDocument | None]:
    """All documents; None for one that was not read."""
    holders = [record]
    if isinstance(record, UserRecord):
        holders += [snapshot.groups[name] for name in record.groups if name in snapshot.groups]
    for holder in holders:
        yield from holder.inline.values()
        for arn in holder.attached:
            found = snapshot.policies.get(arn.rpartition("/")[2])
            yield found.document if found is not None and found.arn == arn else None


def _speaks(document: Document, verb: str, resource: str) -> bool:
    for statement in document.statements:
        meaning = statement.meaning
        if meaning.effect != "Allow":
            continue
        if meaning.actions is not None and not any(_fits(one, verb) for one in meaning.actions):
            continue
        if meaning.resources is None or resource.startswith(beginnings(meaning.resources)):
            return True
    return False


@lru_cache(maxsize=65536)
def _fits(pattern: str, verb: str) -> bool:
    return glob(pattern).fullmatch(verb) is not None


@lru_cache(maxsize=65536)
def beginnings(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Patterns of resources as far as they are plain text: what none of these begins does not fit."""
    return tuple(_beginning(one) for one in patterns)


def _beginning(pattern: str) -> str:
    """A pattern as far as it is plain text; a short ARN stands for everything below it."""
    end = len(pattern)
    for mark in ("*", "?", "${"):
        found = pattern.find(mark, 0, end)
        end = found if found >= 0 else end
    return pattern[:end]
