"""Sizes that IAM and S3 refuse, counted as they count; found before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator

from xacct.kinds.inline import InlinePolicy
from xacct.kinds.managed_policy import ManagedPolicy
from xacct.kinds.role import Role
from xacct.platform import Limits
from xacct.policy.size import without_space
from xacct.problem import Problem, Severity
from xacct.resource import State

_LIMITS = Limits()
INLINE = {"Role": _LIMITS.inline_role, "Group": _LIMITS.inline_group, "User": _LIMITS.inline_user}


def too_large(state: State) -> Iterator[Problem]:
    """A problem for each document, or sum of documents, that the services would refuse."""
    sums: dict[tuple[type[InlinePolicy], str, str], int] = {}
    for resource in state.resources.values():
        match resource:
            case Role():
                yield from _trust(resource)
            case ManagedPolicy():
                size = without_space(resource.document.source)
                if size > _LIMITS.managed:
                    yield _problem(str(resource.address), "A managed policy", size, _LIMITS.managed)
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
