"""Why someone may do something or not: directly, and through every role on the way, hop by hop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from xacct.access.estate import Estate, Gap
from xacct.access.settle import Settled, settle
from xacct.kinds.key_policy import via_s3
from xacct.policy.evaluate import Outcome
from xacct.policy.federation import entry
from xacct.policy.principal import Federated, Principal, Session, User
from xacct.policy.request import Request
from xacct.snapshot import RoleRecord

ASSUME = "sts:AssumeRole"
LONGEST = 3
"""Roles entered one after the other; a longer chain is not followed, and the answer says so."""

_KEY_ACTIONS = {"s3:getobject": "kms:Decrypt", "s3:putobject": "kms:GenerateDataKey"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One request of a route with its answer, and what could not be read for it."""

    request: Request
    settled: Settled
    gaps: tuple[Gap, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The answer."""
        return self.settled.decision.outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The requests in their order: roles entered, then what was asked, then the key of an encrypted bucket."""

    roles: tuple[str, ...]
    hops: tuple[Hop, ...]

    @property
    def outcome(self) -> Outcome:
        """Allowed where every hop is; a denial of one is the route's; else unknown."""
        outcomes = [hop.outcome for hop in self.hops]
        for denied in (Outcome.EXPLICITLY_DENIED, Outcome.IMPLICITLY_DENIED, Outcome.UNKNOWN):
            if denied in outcomes:
                return denied
        return Outcome.ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Every route that leads somewhere, the best first; ``routes[0]`` decides.

    Without a route that is allowed or unknown these are the routes that fail, with the reason of each.
    """

    principal: Principal
    action: str
    resource: str
    routes: tuple[Route, ...]
    assumed: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """What the best route comes to."""
        return self.routes[0].outcome


_BEST = (Outcome.ALLOWED, Outcome.UNKNOWN, Outcome.EXPLICITLY_DENIED, Outcome.IMPLICITLY_DENIED)


def explain(
    estate: Estate,
    principal: Principal,
    action: str,
    resource: str,
    context: Mapping[str, object] | None = None,
    *,
    longest: int = LONGEST,
) -> Explanation:
    """All ways from a principal to an action: its own rights, and those of the roles it can enter.

    ``context`` are condition keys of every request; what it does not say is tried with the values that the
    documents ask for.
    """
    given = dict(context or {})
    routes = list(_routes(estate, principal, action, resource, given, (), (), longest))
    routes.sort(key=lambda route: (_BEST.index(route.outcome), len(route.roles), route.roles))
    return Explanation(
        principal=principal,
        action=action,
        resource=resource,
        routes=tuple(_worth_telling(routes)),
        assumed=estate.assumed,
    )


def _worth_telling(routes: list[Route]) -> Iterable[Route]:
    """What leads somewhere; where nothing does, the own rights and the roles that fail at one hop only."""
    good = [route for route in routes if route.outcome in (Outcome.ALLOWED, Outcome.UNKNOWN)]
    if good and good[0].outcome is Outcome.ALLOWED:
        return [route for route in good if route.outcome is Outcome.ALLOWED]
    return good or [route for route in routes if not route.roles or _nearly(route)]


def _nearly(route: Route) -> bool:
    return sum(hop.outcome in (Outcome.ALLOWED, Outcome.UNKNOWN) for hop in route.hops) == len(route.hops) - 1


def _routes(
    estate: Estate,
    principal: Principal,
    action: str,
    resource: str,
    context: Mapping[str, object],
    roles: tuple[str, ...],
    before: tuple[Hop, ...],
    left: int,
) -> Iterator[Route]:
    """The route that ends here, and those that go on through a role."""
    yield Route(roles=roles, hops=(*before, *ending(estate, principal, action, resource, context)))
    if left == 0 or action.lower() == ASSUME.lower():
        return
    for role in _enterable(estate, principal):
        if role.arn in roles or (isinstance(principal, Session) and principal.role_arn == role.arn):
            continue
        hop = ask(estate, principal, ASSUME, role.arn, context)
        barred = hop.outcome not in (Outcome.ALLOWED, Outcome.UNKNOWN)
        yield from _routes(
            estate,
            estate.session(role),
            action,
            resource,
            context,
            (*roles, role.arn),
            (*before, hop),
            0 if barred else left - 1,
        )


def _enterable(estate: Estate, principal: Principal) -> Iterator[RoleRecord]:
    """Roles in a fixed order."""
    yield from sorted(estate.roles(), key=lambda role: role.arn)


def ending(
    estate: Estate, principal: Principal, action: str, resource: str, context: Mapping[str, object]
) -> Iterator[Hop]:
    """What was asked, and the use of the key where the bucket is encrypted with one."""
    yield ask(estate, principal, action, resource, context)
    bucket = estate.bucket(resource)
    needed = _KEY_ACTIONS.get(action.lower())
    if bucket is not None and bucket.key and needed:
        through = {"kms:CallerAccount": principal.account, "aws:ViaAWSService": "true"}
        if ":key/" in bucket.key:
            through["kms:ViaService"] = via_s3(bucket.key)
        yield ask(estate, principal, needed, bucket.key, {**context, **through})


def ask(
    estate: Estate, principal: Principal, action: str, resource: str, context: Mapping[str, object]
) -> Hop:
    """One request, decided over the estate's documents; to enter a role each uses the call that it has."""
    if isinstance(principal, Federated) and action.lower() == ASSUME.lower():
        action = entry(principal.provider)
    owner = estate.owner(resource)
    keys: dict[str, object] = {
        "aws:SecureTransport": "true",
        "aws:ResourceAccount": owner,
        **{f"aws:PrincipalTag/{tag}": value for tag, value in estate.tags(principal).items()},
        **context,
    }
    if isinstance(principal, Session):
        # A session carries no sign of MFA; IAM User Guide, "MFA-protected API access".
        keys |= dict.fromkeys(("aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"), ())
    request = Request.of(principal, action, resource, resource_account=owner, context=keys)
    policies, gaps = estate.policies(request)
    absent: tuple[str, ...] = ("aws:principaltag/",) if isinstance(principal, User) and not gaps else ()
    if not request.verb.startswith("sts:"):
        absent += ("sts:",)
    return Hop(request=request, settled=settle(request, policies, absent=absent), gaps=gaps)
