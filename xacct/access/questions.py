"""What is asked to know what documents give: the actions, resources and prefixes that they speak of; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

from xacct.access.alike import EVERYTHING_ELSE, PREFIX, Alike, matched, spoken_of, weight
from xacct.access.estate import Estate
from xacct.policy.arn import account_of
from xacct.policy.catalogue import actions, has_key, numbers, resource_patterns
from xacct.policy.document import Document, Statement
from xacct.policy.match import glob
from xacct.snapshot import Entity, Snapshot, UserRecord

ACTIONS = ("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject")
"""What is asked by its own name where a statement speaks of it by a wildcard."""

_POSITIVE = ("stringequals", "stringlike")
Context: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """One action on one resource of a pattern; ``shown`` is the pattern as it is written.

    ``context`` are condition keys with their values, none for a key that the request does not have; of keys that
    are not in it nothing is said. ``alike`` are the actions that this one stands for, itself among them: a
    wildcard speaks of them, and no document tells them apart; none where it is asked for its own name.
    """

    action: str
    resource: str
    shown: str
    context: Context = ()
    alike: tuple[str, ...] = ()


def questions_about(
    estates: Iterable[Estate], holders: Iterable[str], buckets: Iterable[str]
) -> list[Question]:
    """The actions and resources of what these roles, groups and users (ARNs) hold, and of these buckets' policies.

    First what everybody, or somebody of an account that was not read, is spoken of; of wildcards what weighs most.
    """
    asked = list(estates)
    known = sorted({arn for estate in asked for arn in _buckets(estate)})
    statements = {
        statement
        for estate in asked
        for document in (
            *_of_holders(estate, sorted(set(holders))),
            *_of_buckets(estate, sorted(set(buckets))),
        )
        for statement in document.statements
    }
    read = {number for estate in asked for number in estate.snapshots}
    named: dict[Question, bool] = {}
    beyond: dict[Question, bool] = {}
    alike = Alike(asked)
    for one in statements:
        shut = not _open(one, read)
        for question in _by_name(one, known):
            named[question] = shut and named.get(question, True)
        for question in _by_wildcard(one, known, alike):
            beyond[question] = shut and beyond.get(question, True)
    return [
        *sorted(named, key=lambda one: (named[one], one)),
        *_without(named.keys(), sorted(beyond, key=lambda one: (beyond[one], _weight(one), one))),
    ]


def _open(statement: Statement, read: Set[str]) -> bool:
    """Whether it speaks of everybody, or of somebody of an account that was not read."""
    return statement.not_principals is not None or any(
        one.value == "*" or (one.type == "AWS" and (account_of(one.value) or one.value) not in read)
        for one in statement.principals or ()
    )


def _weight(question: Question) -> tuple[bool, int]:
    return question.resource == EVERYTHING_ELSE, min(weight(action) for action in question.alike)


def _without(named: Set[Question], beyond: Iterable[Question]) -> Iterator[Question]:
    """Questions of actions that are alike, without those that are asked by name of the same thing."""
    for one in beyond:
        left = tuple(action for action in one.alike if replace(one, action=action, alike=()) not in named)
        if left:
            yield replace(one, action=left[0], alike=left)


def _of_holders(estate: Estate, holders: Iterable[str]) -> Iterator[Document]:
    for arn in holders:
        snapshot = estate.snapshots.get(account_of(arn))
        if snapshot is not None:
            for entity in _entities(snapshot, arn):
                yield from _held(snapshot, entity)


def _entities(snapshot: Snapshot, arn: str) -> Iterator[Entity]:
    """Who holds documents that count for a role, a group or a user: a user's groups, too."""
    kind, name = arn.split(":", 5)[5].partition("/")[0], arn.rpartition("/")[2]
    found: Entity | None = None
    match kind:
        case "role":
            found = snapshot.roles.get(name)
        case "group":
            found = snapshot.groups.get(name)
        case "user":
            found = snapshot.users.get(name)
    if found is not None:
        yield found
    if isinstance(found, UserRecord):
        yield from (snapshot.groups[one] for one in found.groups if one in snapshot.groups)


def _held(snapshot: Snapshot, entity: Entity) -> Iterator[Document]:
    documents = [*entity.inline.values()]
    documents += [policy.document for policy in snapshot.policies.values() if policy.arn in entity.attached]
    yield from (document for document in documents if isinstance(document, Document))


def _of_buckets(estate: Estate, buckets: Iterable[str]) -> Iterator[Document]:
    for name in buckets:
        for snapshot in estate.snapshots.values():
            bucket = snapshot.buckets.get(name)
            if bucket is not None and isinstance(bucket.policy, Document):
                yield bucket.policy


def _buckets(estate: Estate) -> Iterator[str]:
    for snapshot in estate.snapshots.values():
        for bucket in snapshot.buckets.values():
            if bucket.exists:
                yield f"arn:{snapshot.account.partition}:s3:::{bucket.name}"


def _by_name(statement: Statement, buckets: Sequence[str]) -> Iterator[Question]:
    patterns = _resources(statement, buckets)
    for action in _actions(statement):
        for pattern in patterns:
            if _fits(action, pattern):
                for context, told in _prefixes(statement, action):
                    yield Question(action, _resource(pattern), f"{pattern}{told}", context)


def _by_wildcard(statement: Statement, buckets: Sequence[str], alike: Alike) -> Iterator[Question]:
    """What a statement speaks of by wildcards, class by class."""
    mask = _wild(statement)
    for pattern in _resources(statement, buckets) if mask else ():
        resource = _resource(pattern)
        for some in alike.classes(mask, resource):
            for context, told in _prefixes(statement, some[0]):
                yield Question(some[0], resource, f"{pattern}{told}", context, some)


def _wild(statement: Statement) -> int:
    """The actions that a statement speaks of without their names, as a set of the catalogue."""
    if statement.actions is None:
        return spoken_of(statement)
    return matched(tuple(one for one in statement.actions if _has_wildcard(one)))


def _resources(statement: Statement, buckets: Sequence[str]) -> tuple[str, ...]:
    """The patterns that a statement lists; and what it reaches of the buckets that were read without their names."""
    patterns = statement.resources
    if patterns is None:
        patterns = ("*", *(statement.not_resources or ()))
    reached = (text for pattern in patterns for arn in buckets for text in _reached(pattern, arn))
    return tuple(dict.fromkeys((*patterns, *reached)))


def _reached(pattern: str, bucket: str) -> Iterator[str]:
    """A bucket and its objects, by ARN, as far as a pattern with a wildcard for the bucket's name fits them."""
    name, slash, key = pattern.partition("/")
    if not _has_wildcard(name):
        return
    if glob(name).fullmatch(bucket):
        yield f"{bucket}/{key}" if slash else bucket
    if not slash:
        yield from _below(name, bucket)


def _below(name: str, bucket: str) -> Iterator[str]:
    """The objects of a bucket that a pattern without a slash goes on to: its wildcard fits the slash too."""
    for place, sign in enumerate(name):
        if sign == "*" and glob(name[: place + 1]).fullmatch(f"{bucket}/"):
            yield f"{bucket}/*{name[place + 1 :]}"
            return


def _prefixes(statement: Statement, action: str) -> Iterator[tuple[Context, str]]:
    """The prefixes that a statement on a listing speaks of, and what to say of them; none where it takes any."""
    if not has_key(action, PREFIX):
        yield (), ""
        return
    values: dict[str, None] = {}
    any_other = True
    for name, key, some in statement.conditions:
        if key == PREFIX:
            values |= dict.fromkeys(some)
            any_other = any_other and name.lower().rpartition(":")[2] not in _POSITIVE
    if any_other:
        yield ((PREFIX, ()),), ""
    for value in values:
        if "${" in value:
            yield (), f" (prefix {value})"  # whose it is depends on who asks
        elif value.endswith("*") or f"{value}*" not in values:
            yield ((PREFIX, (_sample(value),)),), f" (prefix {value})"


def _resource(pattern: str) -> str:
    return EVERYTHING_ELSE if pattern == EVERYTHING_ELSE else _sample(pattern)


def _sample(pattern: str) -> str:
    return pattern.replace("*", "xacct-sample").replace("?", "x").replace("${", "").replace("}", "")


def _actions(statement: Statement) -> Iterator[str]:
    """The S3 actions that a statement names; where it has wildcards, those that matter most."""
    wild = _wild(statement)
    names = {name.lower(): name for name in ACTIONS}
    yield from (name for lowered, name in names.items() if wild >> numbers()[lowered] & 1)
    for pattern in statement.actions or ():
        if not _has_wildcard(pattern) and pattern.startswith("s3:"):
            yield names.get(pattern, _written(pattern))


def _has_wildcard(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


@lru_cache(maxsize=1024)
def _written(action: str) -> str:
    """An action in the case of the reference."""
    number = numbers().get(action)
    return action if number is None else actions()[number]


def _fits(action: str, pattern: str) -> bool:
    """Whether an S3 action is asked of what a pattern names: buckets have no slash, objects have one."""
    if action.lower() not in numbers():
        return False
    if pattern == EVERYTHING_ELSE:
        return resource_patterns(action) == (EVERYTHING_ELSE,)
    about = "${ObjectName}" if "/" in pattern else ":::${BucketName}"
    return pattern.startswith("arn:") and any(shape.endswith(about) for shape in resource_patterns(action))
