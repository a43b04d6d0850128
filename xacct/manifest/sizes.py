"""Sizes that IAM and S3 refuse, counted as they count; found before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator

from xacct.kinds.inline import InlinePolicy
from xacct.kinds.managed_policy import ManagedPolicy
from xacct.kinds.role import Role
from xacct.policy.size import without_space
from xacct.problem import Problem, Severity
from xacct.resource import State

# IAM User Guide, "IAM and AWS STS quotas": all inline policies of one entity together, without white space.
INLINE = {"Role": 10_240, "Group": 5_120, "User": 2_048}
MANAGED = 6_144
TRUST = 2_048
TRUST_MOST = 8_192


def too_large(state: State) -> Iterator[Problem]:
    """A problem for each document, or sum of documents, that the services would refuse."""
    sums: dict[tuple[type[InlinePolicy], str, str], int] = {}
    for resource in state.resources.values():
        match resource:
            case Role():
                yield from _trust(resource)
            case ManagedPolicy():
                size = without_space(resource.document.source)
                if size > MANAGED:
                    yield _problem(str(resource.address), "A managed policy", size, MANAGED)
            case InlinePolicy():
                key = (type(resource), resource.account.name, resource.owner)
                sums[key] = sums.get(key, 0) + without_space(resource.document.source)
    for (kind, account, owner), size in sums.items():
        if size > INLINE[kind.entity]:
            where = f"{account}/{kind.entity.lower()}/{owner}"
            yield _problem(
                where, f"The inline policies of one {kind.entity.lower()}", size, INLINE[kind.entity]
            )


def _trust(role: Role) -> Iterator[Problem]:
    size = without_space(role.trust.source)
    if size > TRUST:
        sure = size > TRUST_MOST
        limit = TRUST_MOST if sure else TRUST
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
