"""What the live documents say of a check: the requests it stands for, decided one after the other; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_network

from xacct.access.estate import Estate
from xacct.access.explain import Hop, ask, ending
from xacct.check import Check, Decision
from xacct.engine.layer import ASSUME
from xacct.manifest.s3_actions import on_objects
from xacct.policy.evaluate import Outcome
from xacct.policy.principal import Federated, Principal, Role, Root, Service, Session, User

_SAMPLE = "xacct-sample"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The hops of a check in their order, and what they come to; ``doubt`` says what is not known."""

    hops: tuple[Hop, ...]
    decision: Decision
    doubt: str = ""

    @property
    def refusing(self) -> Hop | None:
        """The first hop that is denied."""
        return next((hop for hop in self.hops if denied(hop)), None)


def rule(check: Check, estate: Estate, now: str = "") -> Ruling:
    """The decision on a check over the accounts as they were read; ``now`` as in ``aws:CurrentTime``.

    A way in that is denied makes everything behind it denied, as for whoever asks there. What hangs on keys
    that the request does not say is decided by whether some value of them lets it through.
    """
    hops = tuple(_hops(check, estate, now))
    if any(denied(hop) for hop in hops):
        return Ruling(hops=hops, decision=Decision.DENIED)
    if hops and all(hop.outcome is Outcome.ALLOWED for hop in hops):
        return Ruling(hops=hops, decision=Decision.ALLOWED)
    return Ruling(hops=hops, decision=Decision.OPEN, doubt=_doubt(hops))


def asking_first(check: Check, estate: Estate) -> Principal | None:
    """Who asks in a check, with what it brings; None where that can be nobody."""
    try:
        caller = estate.principal(check.caller.arn)
    except ValueError:
        return None
    if isinstance(caller, Federated | Service):
        return replace(caller, claims=check.caller.claims)
    return caller


def denied(hop: Hop) -> bool:
    """Whether one request is denied, for certain."""
    return hop.outcome in (Outcome.EXPLICITLY_DENIED, Outcome.IMPLICITLY_DENIED)


def _hops(check: Check, estate: Estate, now: str) -> Iterator[Hop]:
    caller = asking_first(check, estate)
    if not isinstance(caller, User | Role | Session | Root | Federated | Service):
        return
    context: dict[str, object] = {"aws:CurrentTime": now} if now else {}
    if check.source_ip:
        context["aws:SourceIp"] = str(ip_network(check.source_ip[0], strict=False)[0])
    asking: Principal = caller
    if check.role:
        entering: dict[str, object] = {**context, "sts:ExternalId": check.external_id or ()}
        entering["aws:MultiFactorAuthPresent"] = "true" if check.mfa else ()
        entering["aws:TagKeys"] = check.tags
        yield ask(estate, caller, ASSUME, check.role, entering)
        asking = estate.principal(check.role)
    if check.action == ASSUME:
        return
    resource = check.resource
    if on_objects(check.action):
        resource = f"{resource}/{check.key or (check.prefix or '') + _SAMPLE}"
    else:
        context["s3:prefix"] = check.prefix or ()
    yield from ending(estate, asking, check.action, resource, context)


def _doubt(hops: tuple[Hop, ...]) -> str:
    for hop in hops:
        if hop.outcome is Outcome.UNKNOWN:
            reasons = [gap.reason for gap in hop.gaps] or list(hop.settled.decision.unknown)
            return "; ".join(dict.fromkeys(reasons)) or hop.settled.decision.reason
    return "nothing is known of who asks"
