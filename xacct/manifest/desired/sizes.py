"""Sizes that IAM and S3 refuse, counted as they count; found before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from xacct.account import Account
from xacct.kinds.bucket_policy import BucketPolicy
from xacct.kinds.inline import InlinePolicy
from xacct.kinds.managed_policy import ManagedPolicy
from xacct.kinds.role import Role
from xacct.platform import Limits, told
from xacct.policy.document import Document
from xacct.policy.size import without_space
from xacct.problem import Problem, Severity
from xacct.resource import State
from xacct.snapshot import Snapshot

_LIMITS = Limits()
INLINE = {"Role": _LIMITS.inline_role, "Group": _LIMITS.inline_group, "User": _LIMITS.inline_user}


def too_large(state: State, snapshots: Mapping[str, Snapshot]) -> Iterator[Problem]:
    """A problem for each document, or sum of documents, that the services would refuse.

    ``snapshots`` (by the accounts' names) hold what others put into the same sums and documents.
    """
    sums: dict[tuple[type[InlinePolicy], Account, str], dict[str, int]] = {}
    for resource in state.resources.values():
        match resource:
            case Role():
                yield from _trust(resource)
            case ManagedPolicy():
                size = without_space(resource.document.source)
                if size > _LIMITS.managed:
                    yield _problem(str(resource.address), "A managed policy", size, _LIMITS.managed)
            case InlinePolicy():
                own = sums.setdefault((type(resource), resource.account, resource.owner), {})
                own[resource.name] = without_space(resource.document.source)
            case BucketPolicy():
                if snapshot := snapshots.get(resource.account.name):
                    yield from _bucket(resource, snapshot)
    for (kind, account, owner), sizes in sums.items():
        snapshot = snapshots.get(account.name)
        yield from _inline(
            kind, f"{account.name}/{kind.entity.lower()}/{owner}", sizes, _others(kind, owner, snapshot)
        )


def _others(kind: type[InlinePolicy], owner: str, snapshot: Snapshot | None) -> dict[str, int]:
    """The sizes of the live policies by name, where they can be read."""
    live = dict(kind.entities(snapshot)).get(owner, {}) if snapshot else {}
    return {name: without_space(one.source) for name, one in live.items() if isinstance(one, Document)}


def _inline(
    kind: type[InlinePolicy], where: str, sizes: dict[str, int], live: dict[str, int]
) -> Iterator[Problem]:
    """Those of this manifest by themselves are an error; with what is there besides, which may go, a warning."""
    limit, what = INLINE[kind.entity], f"The inline policies of one {kind.entity.lower()}"
    own, all_of_them = sum(sizes.values()), sum({**live, **sizes}.values())
    if own > limit:
        yield _problem(where, what, own, limit)
    elif all_of_them > limit:
        besides = ", ".join(sorted(live.keys() - sizes.keys()))
        yield replace(
            _problem(where, f"{what}, whoever made them,", all_of_them, limit),
            fix=f"Take out what is not needed any more of {besides}, or use a managed policy.",
            severity=Severity.WARNING,
        )


def _bucket(policy: BucketPolicy, snapshot: Snapshot) -> Iterator[Problem]:
    """The whole policy as it would be put, with the statements of others, in bytes.

    A warning where the service is another than S3 for sure, and its limit is not known.
    """
    record = policy.added_to(snapshot).buckets.get(policy.bucket)
    if record and isinstance(record.policy, Document):
        size = len(record.policy.source.encode())
        if size > _LIMITS.bucket_policy:
            yield Problem(
                summary="Larger than the service takes",
                detail=f"A bucket policy may have {_LIMITS.bucket_policy:,} bytes; that of "
                f"{policy.account.name}/bucket/{policy.bucket} would have {size:,}, with the statements of others.",
                fix="Let people in through a role, which has limits of its own, or name things by a common prefix.",
                severity=Severity.WARNING if told(account_id=policy.account.id) else Severity.ERROR,
            )


def _trust(role: Role) -> Iterator[Problem]:
    size = without_space(role.trust.source)
    if size > _LIMITS.trust:
        sure = size > _LIMITS.trust_raised
        limit = _LIMITS.trust_raised if sure else _LIMITS.trust
        problem = _problem(str(role.address), "A trust policy", size, limit)
        yield Problem(
            summary=problem.summary,
            detail=problem.detail + ("" if sure else " The quota of an account can be raised."),
            fix="Trust fewer principals by name, or a whole account.",
            severity=Severity.ERROR if sure else Severity.WARNING,
        )


def _problem(where: str, what: str, size: int, limit: int) -> Problem:
    return Problem(
        summary="Larger than the service takes",
        detail=f"{what} may have {limit:,} characters without white space; {where} would have {size:,}.",
        fix="Use a managed policy, or name things by a common path or prefix.",
    )
