"""What is asked to know what documents give: the actions, resources and prefixes that they speak of; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from xacct.access.estate import Estate
from xacct.policy.catalogue import actions, has_key, matching, numbers, resource_patterns
from xacct.policy.document import Document, Statement
from xacct.snapshot import RoleRecord, Snapshot

ACTIONS = ("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject")
"""What is asked where a statement allows by a wildcard."""

_PREFIX = "s3:prefix"
_POSITIVE = ("stringequals", "stringlike")
Context: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """One action on one resource of a pattern; ``shown`` is the pattern as it is written.

    ``context`` are condition keys with their values, none for a key that the request does not have; of keys that
    are not in it nothing is said.
    """

    action: str
    resource: str
    shown: str
    context: Context = ()


def questions_about(
    estates: Iterable[Estate], roles: Iterable[str], buckets: Iterable[str]
) -> list[Question]:
    """The actions and resources of what these roles (ARNs) hold and of the policies of these buckets."""
    chosen, named, asked = sorted(set(roles)), sorted(set(buckets)), list(estates)
    known = sorted({arn for estate in asked for arn in _buckets(estate)})
    return sorted(
        {
            question
            for estate in asked
            for document in (*_of_roles(estate, chosen), *_of_buckets(estate, named))
            for question in _questions(document, known)
        }
    )


def _of_roles(estate: Estate, roles: Iterable[str]) -> Iterator[Document]:
    for arn in roles:
        parts = arn.split(":", 5)
        snapshot = estate.snapshots.get(parts[4])
        record = snapshot.roles.get(arn.rpartition("/")[2]) if snapshot else None
        if snapshot is not None and record is not None:
            yield from _held(snapshot, record)


def _held(snapshot: Snapshot, role: RoleRecord) -> Iterator[Document]:
    documents = [*role.inline.values()]
    documents += [policy.document for policy in snapshot.policies.values() if policy.arn in role.attached]
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


def _questions(document: Document, buckets: Sequence[str]) -> Iterator[Question]:
    for statement in document.statements:
        yield from _of_statement(statement, buckets)


def _of_statement(statement: Statement, buckets: Sequence[str]) -> Iterator[Question]:
    """Where a statement speaks of everything, the buckets that were read are asked for."""
    patterns = statement.resources or ()
    if "*" in patterns:
        patterns = (*patterns, *(text for arn in buckets for text in (arn, f"{arn}/*")))
    for action in _actions(statement):
        for pattern in patterns:
            if _fits(action, pattern):
                for context, told in _prefixes(statement, action):
                    yield Question(action, _sample(pattern), f"{pattern}{told}", context)


def _prefixes(statement: Statement, action: str) -> Iterator[tuple[Context, str]]:
    """The prefixes that a statement on a listing speaks of, and what to say of them; none where it takes any."""
    if not has_key(action, _PREFIX):
        yield (), ""
        return
    values: dict[str, None] = {}
    any_other = True
    for name, key, some in statement.conditions:
        if key == _PREFIX:
            values |= dict.fromkeys(some)
            any_other = any_other and name.lower().rpartition(":")[2] not in _POSITIVE
    if any_other:
        yield ((_PREFIX, ()),), ""
    for value in values:
        if "${" in value:
            yield (), f" (prefix {value})"  # whose it is depends on who asks
        elif value.endswith("*") or f"{value}*" not in values:
            yield ((_PREFIX, (_sample(value),)),), f" (prefix {value})"


def _sample(pattern: str) -> str:
    return pattern.replace("*", "xacct-sample").replace("?", "x").replace("${", "").replace("}", "")


def _actions(statement: Statement) -> Iterator[str]:
    """The S3 actions that a statement names; where it has wildcards, those that matter most."""
    if statement.actions is None:
        yield from ACTIONS
        return
    names = {name.lower(): name for name in ACTIONS}
    for pattern in statement.actions:
        if "*" in pattern or "?" in pattern:
            yield from (name for name in ACTIONS if matching(pattern) >> numbers()[name.lower()] & 1)
        elif pattern.startswith("s3:"):
            yield names.get(pattern, _written(pattern))


@lru_cache(maxsize=1024)
def _written(action: str) -> str:
    """An action in the case of the reference."""
    number = numbers().get(action)
    return action if number is None else actions()[number]


def _fits(action: str, pattern: str) -> bool:
    """Whether an S3 action is asked of what a pattern names: buckets have no slash, objects have one."""
    if action.lower() not in numbers():
        return False
    on_objects = any("${ObjectName}" in shape for shape in resource_patterns(action))
    return pattern.startswith("arn:") and ("/" in pattern) is on_objects
