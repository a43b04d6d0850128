"""Everyone who may do something, however they get there: by name, through roles, by a whole account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

from xacct.access.estate import Estate
from xacct.access.explain import ASSUME, LONGEST, Hop, ask, ending
from xacct.access.hope import may_be_allowed
from xacct.platform import platform_named
from xacct.policy.arn import account_of
from xacct.policy.document import Document
from xacct.policy.evaluate import Outcome
from xacct.policy.principal import (
    Anonymous,
    Federated,
    Principal,
    Root,
    Service,
    Session,
    parse_principal,
)
from xacct.policy.request import named
from xacct.snapshot import RoleRecord

_POSITIVE = frozenset({"stringequals", "stringlike", "arnequals", "arnlike"})
_POSSIBLE = (Outcome.ALLOWED, Outcome.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacher:
    """Someone who gets there: who asks first, the roles entered on the way, and every hop.

    ``outside`` tells that the principal is of none of the accounts that were read, so that its own side is
    not known.
    """

    principal: Principal
    roles: tuple[str, ...]
    hops: tuple[Hop, ...]
    outside: bool = False

    @property
    def outcome(self) -> Outcome:
        """Allowed where every hop is, else unknown."""
        allowed = all(hop.outcome is Outcome.ALLOWED for hop in self.hops)
        return Outcome.ALLOWED if allowed else Outcome.UNKNOWN

    @property
    def when(self) -> tuple[tuple[str, str], ...]:
        """The keys and values that the hops ask for."""
        return tuple(dict.fromkeys(pair for hop in self.hops for pair in hop.settled.when))


def who_can(
    estate: Estate, action: str, resource: str, context: Mapping[str, object] | None = None
) -> tuple[Reacher, ...]:
    """Everyone who may do an action, and everyone of whom it cannot be ruled out; sorted.

    Roles stand for whoever is in a session of them; those who can enter them follow, up to three roles deep.
    """
    given = dict(context or {})
    found: list[Reacher] = []
    for principal, outside in _candidates(estate, _policy(estate, action, resource), action, resource):
        hops = tuple(ending(estate, principal, action, resource, given))
        if all(hop.outcome in _POSSIBLE for hop in hops):
            reacher = Reacher(principal=principal, roles=(), hops=hops, outside=outside)
            found.append(reacher)
            if isinstance(principal, Session):
                found += _entering(estate, reacher, principal.role_arn, given, LONGEST)
    return tuple(sorted(found, key=lambda one: (one.outside, len(one.roles), one.roles, one.principal.arn)))


def doubtful(estate: Estate, found: Iterable[Reacher], action: str, resource: str) -> tuple[str, ...]:
    """The roles that lead there though it is not known whom they trust: who enters them is missing from ``found``."""
    through = {one.principal.role_arn for one in found if isinstance(one.principal, Session)}
    if action.lower() == ASSUME.lower():
        through.add(resource)
    return tuple(
        sorted(
            role.arn
            for role in estate.roles()
            if role.arn in through and not isinstance(role.trust, Document)
        )
    )


def _policy(estate: Estate, action: str, resource: str) -> Document | None:
    """The bucket's own policy, or the role's trust for those who would enter it."""
    bucket = estate.bucket(resource)
    found = bucket.policy if bucket is not None else None
    if action.lower() == ASSUME.lower():
        snapshot = estate.snapshots.get(account_of(resource))
        role = snapshot.roles.get(resource.rpartition("/")[2]) if snapshot else None
        found = role.trust if role is not None else None
    return found if isinstance(found, Document) else None


def _entering(
    estate: Estate, then: Reacher, role_arn: str, context: Mapping[str, object], left: int
) -> Iterator[Reacher]:
    """Whoever can enter the role that stands at the beginning of a way."""
    snapshot = estate.snapshots.get(account_of(role_arn))
    role = snapshot.roles.get(role_arn.rpartition("/")[2]) if snapshot else None
    if role is None or not isinstance(role.trust, Document):
        return
    for hop, outside in _entrants(estate, role.trust, role_arn, context):
        principal = hop.request.principal
        entered = principal.role_arn if isinstance(principal, Session) else ""
        if entered in (role_arn, *then.roles):
            continue
        reacher = Reacher(
            principal=principal,
            roles=(role_arn, *then.roles),
            hops=(hop, *then.hops),
            outside=outside,
        )
        yield reacher
        if entered and left > 1:
            yield from _entering(estate, reacher, entered, context, left - 1)


def _entrants(
    estate: Estate, trust: Document, role_arn: str, context: Mapping[str, object]
) -> tuple[tuple[Hop, bool], ...]:
    """Who may enter a role, with the hop; asked once of an estate, whatever is to be done in the role."""
    key = (role_arn, repr(sorted(context.items())))
    found = estate.entrants.get(key)
    if found is None:
        hops = (
            (ask(estate, principal, ASSUME, role_arn, context), outside)
            for principal, outside in _candidates(estate, trust, ASSUME, role_arn)
        )
        found = tuple((hop, outside) for hop, outside in hops if hop.outcome in _POSSIBLE)
        estate.entrants[key] = found
    return found


def _candidates(
    estate: Estate, document: Document | None, action: str, resource: str
) -> Iterator[tuple[Principal, bool]]:
    """Every user and role of whom a document of theirs, or the resource's, may speak; then who is outside."""
    named = frozenset(_named(document)) if document is not None else frozenset()
    owner, verb = estate.owner(resource), action.lower()
    holder = estate.snapshots.get(owner)
    unasked = (
        verb == ASSUME.lower() and holder is not None and not platform_named(holder.platform).grants_judged
    )
    for account in estate.accounts():
        snapshot = estate.snapshots[account.id]
        at_home = account.id == owner
        everyone = at_home and not named.isdisjoint(("*", account.id))
        for user in sorted(snapshot.users.values(), key=lambda one: one.arn):
            by_name = everyone or (at_home and not named.isdisjoint((user.arn, user.id)))
            if by_name or unasked or may_be_allowed(snapshot, user, verb, resource):
                yield estate.user(user), False
        for role in sorted(snapshot.roles.values(), key=lambda one: one.arn):
            by_name = everyone or (at_home and _names_role(named, role))
            if by_name or unasked or may_be_allowed(snapshot, role, verb, resource):
                yield estate.session(role), False
    if document is not None:
        yield from _strangers(estate, document, trust=verb == ASSUME.lower())


def _names_role(named: frozenset[str], role: RoleRecord) -> bool:
    session = f":assumed-role/{role.name}/"
    return not named.isdisjoint((role.arn, role.id)) or any(session in one for one in named)


def _strangers(estate: Estate, document: Document, *, trust: bool) -> Iterator[tuple[Principal, bool]]:
    known = {user.arn for user in estate.users()} | {role.arn for role in estate.roles()}
    seen: set[str] = set()
    for element in _named(document):
        if element in seen or element in known:
            continue
        seen.add(element)
        if element == "*":
            yield Anonymous(), True
            continue
        try:
            principal = parse_principal(element)
        except ValueError:
            continue
        if isinstance(principal, Root):
            if principal.account not in estate.snapshots:
                yield replace(principal, delegated=True), True
        elif not isinstance(principal, Service | Federated):
            yield estate.principal(element), principal.account not in estate.snapshots
    if trust:
        for vouched in _vouched(document):
            outside = isinstance(vouched, Federated) and account_of(vouched.provider) not in estate.snapshots
            yield vouched, outside


def _vouched(document: Document) -> Iterator[Federated | Service]:
    """Those who come by a provider, and services: one for each subject, or source, that a statement names."""
    found: dict[Federated | Service, None] = {}
    for statement in document.statements:
        for element in statement.principals or () if statement.effect == "Allow" else ():
            if element.type in ("Federated", "Service"):
                make = Federated if element.type == "Federated" else Service
                asked = {
                    key: values for operator, key, values in statement.conditions if operator in _POSITIVE
                }
                for values in product(*asked.values()):
                    found[make(element.value, tuple(zip(asked, values, strict=True)))] = None
    yield from found


def _named(document: Document) -> Iterable[str]:
    for statement in document.statements:
        for element in statement.principals or ():
            if statement.effect == "Allow":
                yield "*" if named(element.type, element.value) == "*" else element.value
        if statement.not_principals is not None and statement.effect == "Allow":
            yield "*"
