"""S3 actions that the documents of estates treat alike on a resource, so that one stands for all of them; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, cached_property, lru_cache
from typing import TypeAlias

from xacct.access.estate import Estate
from xacct.access.hope import beginnings
from xacct.policy.arn import Arn
from xacct.policy.catalogue import action_details, actions, has_key, matching, services, shapes
from xacct.policy.document import Document, Statement
from xacct.policy.proof.search import shape_language
from xacct.snapshot import Snapshot

EVERYTHING_ELSE = "*"
"""As a resource: what actions are asked of that are about neither a bucket nor an object."""

PREFIX = "s3:prefix"
"""The key that only listings have: what is asked with it is asked by itself."""

Spoken: TypeAlias = tuple[int, tuple[str, ...]]
"""The actions that a statement speaks of, and the beginnings of the resources that it may be about."""


class Alike:
    """The S3 actions of some estates in classes: no document of theirs tells those of one class apart."""

    def __init__(self, estates: Iterable[Estate]) -> None:
        self._estates = tuple(estates)
        self._parted: dict[str, tuple[int, ...]] = {}
        self._parts: dict[tuple[int, frozenset[int]], tuple[int, ...]] = {}

    @cached_property
    def _spoken(self) -> frozenset[Spoken]:
        """Of every statement that has a say; gathered when it is first asked for."""
        return frozenset(
            _spoken(statement)
            for estate in self._estates
            for snapshot in estate.snapshots.values()
            for document in _documents(snapshot)
            for statement in document.statements
        )

    def classes(self, among: int, resource: str) -> Iterator[tuple[str, ...]]:
        """Those of some actions, as a set of the catalogue, that are asked of a resource: class by class."""
        parts = self._parted.get(resource)
        if parts is None:
            parts = self._parted[resource] = self._partition(resource)
        found = (among & part for part in parts)
        for one in sorted((part for part in found if part), key=lambda mask: mask & -mask):
            yield _names(one)

    def _partition(self, resource: str) -> tuple[int, ...]:
        """The classes of all that is asked of a resource; the same for all of which the same is said."""
        masks = frozenset(mask for mask, about in self._spoken if resource.startswith(about))
        key = asked_of(resource), masks
        if key not in self._parts:
            found = [key[0]]
            for mask in (_listings(), *sorted(masks)):
                found = [part for one in found for part in (one & mask, one & ~mask) if part]
            self._parts[key] = tuple(found)
        return self._parts[key]


def spoken_of(statement: Statement) -> int:
    """The S3 actions that a statement is about, as a set of the catalogue."""
    if statement.actions is not None:
        return matched(statement.actions)
    return _every() & ~matched(statement.not_actions or ())


@lru_cache(maxsize=4096)
def matched(patterns: tuple[str, ...]) -> int:
    """The S3 actions that one of some patterns in lower case matches, as a set of the catalogue."""
    found = 0
    for pattern in patterns:
        found |= matching(pattern)
    return found & _every()


@lru_cache(maxsize=4096)
def asked_of(resource: str) -> int:
    """The S3 actions that are asked of a resource, as a set of the catalogue."""
    if resource == EVERYTHING_ELSE:
        return _every() & ~asked_of("arn:aws:s3:::bucket") & ~asked_of("arn:aws:s3:::bucket/key")
    arn = Arn.parse(resource)
    found = 0
    for templates, mask in shapes("s3").items() if arn else ():
        if arn and shape_language(templates, (arn.partition,)).has(resource):
            found |= mask
    return found


def weightiest_first(some: Iterable[str]) -> list[str]:
    """Actions in the order in which to tell of them: what changes permissions, what writes, and the rest."""
    return sorted(some, key=lambda action: (weight(action), action))


def weight(action: str) -> int:
    """What an action weighs: 0 where it changes permissions, 1 where it writes, 2 where it does neither."""
    level = str(action_details(action)["accessLevel"])
    if "Permissions" in level:
        return 0
    return 1 if level == "Write" else 2


@cache
def _every() -> int:
    first, last = services()["s3"]
    return (1 << last) - (1 << first)


@cache
def _listings() -> int:
    first, last = services()["s3"]
    return sum(1 << number for number in range(first, last) if has_key(actions()[number], PREFIX))


@lru_cache(maxsize=4096)
def _names(mask: int) -> tuple[str, ...]:
    first, last = services()["s3"]
    return tuple(actions()[number] for number in range(first, last) if mask >> number & 1)


def _spoken(statement: Statement) -> Spoken:
    if statement.resources is None:
        return spoken_of(statement), ("",)
    return spoken_of(statement), beginnings(statement.resources)


def _documents(snapshot: Snapshot) -> Iterator[Document]:
    """All that has a say in what S3 is asked: of users, groups and roles, boundaries, and of buckets."""
    for holders in (snapshot.users, snapshot.groups, snapshot.roles):
        yield from _read(document for holder in holders.values() for document in holder.inline.values())
    yield from _read(policy.document for policy in snapshot.policies.values())
    yield from _read(bucket.policy for bucket in snapshot.buckets.values())


def _read(some: Iterable[object]) -> Iterator[Document]:
    yield from (one for one in some if isinstance(one, Document))
