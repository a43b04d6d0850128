"""One request, with what follows from who asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType

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
)


class Reach(IntEnum):
    """How a statement's Principal element names someone; the greater the stronger."""

    NOBODY = 0
    ACCOUNT = 1
    """By the account, which only delegates."""
    ROLE = 2
    """By the role of the session, or by the user who opened a federated one."""
    ANYONE = 3
    ITSELF = 4
    """By its own ARN or unique id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. ``resource`` is an ARN or ``*``; ``resource_account`` "" means the principal's own.

    ``context`` holds the condition keys in lower case; ``unknown_keys`` those of which nothing is known.
    The rest follows: ``names`` are the ways in which a document can name who asks, the strongest first,
    ``verb`` is the action in lower case, ``across`` tells that the resource is another account's.
    """

    principal: Principal
    action: str
    resource: str
    resource_account: str = ""
    context: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    unknown_keys: frozenset[str] = frozenset()
    names: tuple[tuple[str, Reach], ...] = ()
    verb: str = ""
    across: bool = False

    @classmethod
    def of(
        cls,
        principal: Principal,
        action: str,
        resource: str,
        *,
        resource_account: str = "",
        context: Mapping[str, object] | None = None,
        unknown_keys: Iterable[str] = (),
    ) -> Request:
        """A request whose keys that follow from the principal are filled in; a given key wins."""
        given = {key.lower(): _values(value) for key, value in (context or {}).items()}
        return cls(
            principal=principal,
            action=action,
            resource=resource,
            resource_account=resource_account,
            context=MappingProxyType({**keys_of(principal), **given}),
            unknown_keys=frozenset(key.lower() for key in unknown_keys),
            names=names_of(principal),
            verb=action.lower(),
            across=resource_account not in ("", principal.account),
        )


def named(kind: str, value: str) -> str:
    """One principal of a document as one text: its type and its value; anyone in every form is one text."""
    return "*" if value == "*" and kind in ("*", "AWS") else f"{kind} {value}"


def names_of(principal: Principal) -> tuple[tuple[str, Reach], ...]:
    """The texts by which a document can name a principal, the strongest first.

    IAM User Guide, "IAM JSON policy elements: Principal".
    """
    anyone = (named("*", "*"), Reach.ANYONE)
    account = (named("AWS", principal.account), Reach.ACCOUNT)
    match principal:
        case Service(name, _):
            return ((named("Service", name), Reach.ITSELF), anyone)
        case Federated(provider, _):
            return ((named("Federated", provider), Reach.ITSELF), anyone)
        case Anonymous():
            return (anyone,)
        case User(arn, unique):
            ids = ((named("AWS", unique), Reach.ITSELF),) if unique else ()
            return ((named("AWS", arn), Reach.ITSELF), *ids, anyone, account)
        case Role(arn, unique):
            ids = ((named("AWS", unique), Reach.ROLE),) if unique else ()
            return (anyone, (named("AWS", arn), Reach.ROLE), *ids, account)
        case Session(role_arn, _, role_id):
            roles = ((named("AWS", role_id), Reach.ROLE),) if role_id else ()
            return (
                (named("AWS", principal.arn), Reach.ITSELF),
                anyone,
                (named("AWS", role_arn), Reach.ROLE),
                *roles,
                account,
            )
        case FederatedUser(arn):
            opener = (named("AWS", principal.opener), Reach.ROLE)
            return ((named("AWS", arn), Reach.ITSELF), anyone, opener, account)
        case Root(number):
            return ((named("AWS", number), Reach.ITSELF), anyone)


def keys_of(principal: Principal) -> dict[str, tuple[str, ...]]:
    """The condition keys that follow from who asks. IAM User Guide, "AWS global condition context keys"."""
    match principal:
        case User(arn, unique):
            keys = {
                "aws:principalarn": arn,
                "aws:principaltype": "User",
                "aws:username": arn.rpartition("/")[2],
            }
            userid = unique
        case Role(arn, unique):
            keys = {"aws:principalarn": arn, "aws:principaltype": "AssumedRole"}
            userid = unique
        case Session(role_arn, name, role_id):
            keys = {"aws:principalarn": role_arn, "aws:principaltype": "AssumedRole"}
            userid = f"{role_id}:{name}" if role_id else ""
        case Root(account):
            keys = {"aws:principalarn": principal.arn, "aws:principaltype": "Account"}
            userid = account
        case FederatedUser(arn):
            keys = {"aws:principalarn": arn, "aws:principaltype": "FederatedUser"}
            userid = f"{principal.account}:{arn.rpartition('/')[2]}"
        case Service(name, claims):
            keys = {
                "aws:principalservicename": name,
                "aws:principalisawsservice": "true",
                **_samples(claims),
            }
            userid = ""
        case Federated(_, claims):
            keys, userid = _samples(claims), ""
        case Anonymous():
            keys, userid = {"aws:principaltype": "Anonymous"}, "anonymous"
    if principal.account:
        keys["aws:principalaccount"] = principal.account
        keys["aws:principalisawsservice"] = "false"
    if userid:
        keys["aws:userid"] = userid
    return {key: (value,) for key, value in keys.items()}


def _samples(claims: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A value for each claim: any text stands for a wildcard."""
    return {key.lower(): value.replace("*", "x").replace("?", "x") for key, value in claims}


def _values(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        return tuple(_text(one) for one in value)
    return (_text(value),)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
