"""Who gains and who loses what between two estates, one line each; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from xacct.access.estate import Estate
from xacct.access.who import Reacher, who_can
from xacct.policy.catalogue import actions, matching, numbers, resource_patterns
from xacct.policy.document import Document, Statement
from xacct.policy.evaluate import Outcome
from xacct.policy.federation import SSO_PATH
from xacct.policy.principal import Anonymous, Federated, Service, Session
from xacct.snapshot import RoleRecord, Snapshot

_SSO = f":role/{SSO_PATH}/"
MOST_QUESTIONS = 200
ACTIONS = ("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject")
"""What is asked where a statement allows by a wildcard."""


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """One action on one resource of a pattern; ``shown`` is the pattern as it is written."""

    action: str
    resource: str
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """That somebody may do something: who, through which roles, what on what.

    ``outside`` tells that it is none of the accounts that were read, ``sure`` that every hop is allowed for
    certain and not only possible.
    """

    who: str
    roles: tuple[str, ...]
    actions: tuple[str, ...]
    resource: str
    outside: bool = False
    public: bool = False
    sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What changes; ``left_out`` counts questions beyond those that were asked."""

    gained: tuple[Access, ...]
    lost: tuple[Access, ...]
    left_out: int = 0


def delta(before: Estate, after: Estate, roles: Iterable[str], buckets: Iterable[str]) -> Delta:
    """Who gains or loses access by what these roles (ARNs) allow and by the policies of these buckets.

    The questions are the actions and resources of their documents, before and after.
    """
    questions = questions_about((before, after), roles, buckets)
    asked = questions[:MOST_QUESTIONS]
    had, has = _told(ways(before, asked)), _told(ways(after, asked))
    return Delta(
        gained=_grouped({way: sure for way, sure in has.items() if way not in had}),
        lost=_grouped({way: sure for way, sure in had.items() if way not in has}),
        left_out=len(questions) - len(asked),
    )


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


class Way(NamedTuple):
    """Somebody's way to an answer: who, through which roles, what on what."""

    who: str
    roles: tuple[str, ...]
    action: str
    shown: str
    outside: bool
    public: bool


def ways(estate: Estate, questions: Iterable[Question]) -> dict[Way, bool]:
    """Every way to an answer, and whether it is certain."""
    found: dict[Way, bool] = {}
    for question in questions:
        for reacher in who_can(estate, question.action, question.resource):
            if isinstance(reacher.principal, Session) and not reacher.outside and not _people(reacher):
                continue  # a role is a way for somebody, not somebody
            key = Way(
                _arn(reacher),
                reacher.roles,
                question.action,
                question.shown,
                reacher.outside,
                isinstance(reacher.principal, Anonymous),
            )
            found[key] = reacher.outcome is Outcome.ALLOWED
    return found


def _told(found: Mapping[Way, bool]) -> dict[Way, bool]:
    """Without the ways through a role of Identity Center: the people with that permission set are told instead."""
    return {way: sure for way, sure in found.items() if not any(_SSO in role for role in way.roles)}


def _people(reacher: Reacher) -> bool:
    """Whether it is the role of a permission set, which stands for whoever Identity Center signs in."""
    return isinstance(reacher.principal, Session) and _SSO in reacher.principal.role_arn


def _arn(reacher: Reacher) -> str:
    if isinstance(reacher.principal, Anonymous):
        return "*"
    principal = reacher.principal
    if isinstance(principal, Federated | Service):
        return principal.called
    return principal.role_arn if isinstance(principal, Session) else principal.arn


def _grouped(ways: Mapping[Way, bool]) -> tuple[Access, ...]:
    """The same people on the same way to the same thing, with all they may do there."""
    table: dict[tuple[str, tuple[str, ...], str, bool, bool, bool], list[str]] = {}
    for (who, roles, action, shown, outside, public), sure in ways.items():
        table.setdefault((who, roles, shown, outside, public, sure), []).append(action)
    return tuple(
        Access(
            who=who,
            roles=roles,
            actions=tuple(actions),
            resource=shown,
            outside=outside,
            public=public,
            sure=sure,
        )
        for (who, roles, shown, outside, public, sure), actions in sorted(table.items())
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
                sample = (
                    pattern.replace("*", "xacct-sample").replace("?", "x").replace("${", "").replace("}", "")
                )
                yield Question(action, sample, pattern)


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
