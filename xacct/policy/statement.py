"""Whether one statement speaks of a request, and in which way it names who asks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from xacct.policy.arn import account_of
from xacct.policy.condition import meets
from xacct.policy.document import NEW, PrincipalElement, Statement
from xacct.policy.match import Context, glob, matches_resource
from xacct.policy.principal import (
    Anonymous,
    Federated,
    FederatedUser,
    Principal,
    Role,
    Root,
    Service,
    Session,
    User,
    is_unique_id,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a statement applies; None where that is not decided, with the reason."""

    truth: bool | None
    why: str = ""


YES, NO = Answer(True), Answer(False)


class Reach(Enum):
    """How a statement's Principal element names someone."""

    NOBODY = "not at all"
    ACCOUNT = "by the account, which only delegates"
    ROLE = "by the role of the session"
    ITSELF = "by its own ARN"
    ANYONE = "as anyone"


def applies(
    statement: Statement,
    version: str,
    action: str,
    resource: str,
    context: Context,
    unknown: frozenset[str],
) -> Answer:
    """Whether action, resource and conditions fit; the principal is another question."""
    variables = context if version == NEW else None
    if not _action_fits(statement, action.lower()) or not _resource_fits(statement, resource, variables):
        return NO
    doubt = ""
    for condition in statement.conditions:
        met = meets(condition, context, unknown, variables=variables is not None)
        if met is False:
            return NO
        if met is None:
            doubt = doubt or f"the condition {condition[0]} on {condition[1]} cannot be decided"
    return Answer(None, doubt) if doubt else YES


def reach(statement: Statement, principal: Principal, *, bounded: bool) -> Reach:
    """In which way the statement names the principal: the strongest one.

    ``bounded`` tells that the principal has a permissions boundary: a Deny with NotPrincipal then always
    hits it (IAM User Guide, "IAM JSON policy elements: NotPrincipal").
    """
    if statement.not_principals is not None:
        return _beyond(statement, statement.not_principals, principal, bounded=bounded)
    best = Reach.NOBODY
    for named in statement.principals or ():
        found = _names(named, principal)
        if _STRENGTH[found] > _STRENGTH[best]:
            best = found
    return best


_STRENGTH = {Reach.NOBODY: 0, Reach.ACCOUNT: 1, Reach.ANYONE: 2, Reach.ROLE: 3, Reach.ITSELF: 4}


def _beyond(
    statement: Statement, excluded: tuple[PrincipalElement, ...], principal: Principal, *, bounded: bool
) -> Reach:
    """NotPrincipal: everyone but these. With Deny account, role and session must all be listed."""
    if bounded and statement.effect == "Deny":
        return Reach.ANYONE
    reached = {_names(named, principal) for named in excluded}
    match principal:
        case Session() if statement.effect == "Deny":
            spared = Reach.ITSELF in reached and Reach.ROLE in reached and Reach.ACCOUNT in reached
        case User() if statement.effect == "Deny":
            spared = Reach.ITSELF in reached and Reach.ACCOUNT in reached
        case _:
            spared = bool(reached - {Reach.NOBODY})
    return Reach.NOBODY if spared or Reach.ANYONE in reached else Reach.ANYONE


def _names(named: PrincipalElement, principal: Principal) -> Reach:
    if named.type == "*" or (named.type == "AWS" and named.value == "*"):
        return Reach.ANYONE
    value = named.value
    match principal:
        case Service(name):
            return Reach.ITSELF if named.type == "Service" and value == name else Reach.NOBODY
        case Federated(provider):
            return Reach.ITSELF if named.type == "Federated" and value == provider else Reach.NOBODY
        case Anonymous():
            return Reach.NOBODY
    if named.type != "AWS":
        return Reach.NOBODY
    if value == principal.account:
        return Reach.ITSELF if isinstance(principal, Root) else Reach.ACCOUNT
    match principal:
        case User(arn, unique) | Role(arn, unique):
            itself = value == arn or (unique != "" and is_unique_id(value) and value == unique)
            return Reach.ITSELF if itself else Reach.NOBODY
        case Session(role_arn, _, role_id):
            if value == principal.arn:
                return Reach.ITSELF
            by_id = role_id != "" and is_unique_id(value) and value == role_id
            return Reach.ROLE if by_id or _same_role(value, role_arn) else Reach.NOBODY
        case FederatedUser(arn):
            return Reach.ITSELF if value == arn else Reach.NOBODY
        case Root():
            return Reach.NOBODY


def _same_role(value: str, role_arn: str) -> bool:
    return value == role_arn and account_of(value) != ""


def _action_fits(statement: Statement, action: str) -> bool:
    if statement.actions is not None:
        return any(glob(pattern).fullmatch(action) for pattern in statement.actions)
    return not any(glob(pattern).fullmatch(action) for pattern in statement.not_actions or ())


def _resource_fits(statement: Statement, resource: str, variables: Context | None) -> bool:
    if statement.resources is not None:
        return any(matches_resource(pattern, resource, variables) for pattern in statement.resources)
    if statement.not_resources is not None:
        return not any(matches_resource(pattern, resource, variables) for pattern in statement.not_resources)
    return True
