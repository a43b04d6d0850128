"""Who may do what and why, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from xacct.access.estate import Estate
from xacct.access.explain import Explanation, Hop, Route
from xacct.access.sense import remarks
from xacct.access.who import Reacher
from xacct.policy.evaluate import Outcome
from xacct.policy.lint.globals import spelled
from xacct.policy.principal import Anonymous, Federated, Principal, Root, Service, Session

UNREAD = "Service and resource control policies, VPC endpoints and public access blocks are not looked at."
"""What every answer leaves out."""

_WORDS = {
    Outcome.ALLOWED: "ALLOWED",
    Outcome.IMPLICITLY_DENIED: "DENIED",
    Outcome.EXPLICITLY_DENIED: "DENIED",
    Outcome.UNKNOWN: "NOT DECIDED",
}


def explanation_text(found: Explanation, estate: Estate) -> str:
    """The answer, then every route hop by hop with the statements that decide."""
    who = called(found.principal, estate)
    lines = [f"{_WORDS[found.outcome]}: {who}: {found.action} on {found.resource}", ""]
    for route in found.routes:
        lines += [*_route(route, estate), ""]
    lines += [f"Note: {one}" for one in (*remarks(found.action, found.resource), *found.assumed, UNREAD)]
    return "\n".join(lines) + "\n"


def explanation_json(found: Explanation, estate: Estate) -> dict[str, Any]:
    """The same as plain values."""
    return {
        "principal": found.principal.arn,
        "action": found.action,
        "resource": found.resource,
        "decision": found.outcome.value,
        "routes": [
            {
                "roles": list(route.roles),
                "decision": route.outcome.value,
                "hops": [_hop_json(hop, estate) for hop in route.hops],
            }
            for route in found.routes
        ],
        "notes": [*remarks(found.action, found.resource), *found.assumed, UNREAD],
    }


def reachers_text(found: Iterable[Reacher], estate: Estate, action: str, resource: str) -> str:
    """One line for each way, the roles on it in their order; who is outside of the accounts comes last."""
    ways = list(found)
    lines = [f"{action} on {resource}:", ""]
    for inside in (True, False):
        some = [way for way in ways if way.outside is not inside]
        if some and not inside:
            lines += ["", "From outside of the accounts that were read:", ""]
        lines += [_way(way, estate) for way in some]
    if not ways:
        lines.append("  nobody")
    gaps = dict.fromkeys(gap.reason for way in ways for hop in way.hops for gap in hop.gaps)
    notes = (*remarks(action, resource), *gaps, *estate.assumed, UNREAD)
    lines += ["", *(f"Note: {one}" for one in notes)]
    return "\n".join(lines) + "\n"


def reachers_json(found: Iterable[Reacher], estate: Estate) -> list[dict[str, Any]]:
    """The same as plain values."""
    return [
        {
            "principal": _arn(way.principal),
            "roles": list(way.roles),
            "decision": way.outcome.value,
            "outside": way.outside,
            "when": dict(way.when),
            "unknown": list(dict.fromkeys(gap.reason for hop in way.hops for gap in hop.gaps)),
        }
        for way in found
    ]


def called(principal: Principal, estate: Estate) -> str:
    """A principal as people write it: ``analytics/user/anna``; an ARN where the account is not of these."""
    match principal:
        case Anonymous():
            return "ANYONE, without credentials"
        case Root(account):
            snapshot = estate.snapshots.get(account)
            name = snapshot.account.name if snapshot else account
            return f"account {name}, whoever its administrators choose"
        case Session(role_arn):
            return short(role_arn, estate)
        case Federated() | Service():
            return short(principal.called, estate)
        case _:
            return short(principal.arn, estate)


def short(arn: str, estate: Estate) -> str:
    """``data/role/reader`` for an ARN of one of the accounts."""
    parts = arn.split(":", 5)
    snapshot = estate.snapshots.get(parts[4]) if len(parts) == 6 and parts[0] == "arn" else None
    return f"{snapshot.account.name}/{parts[5]}" if snapshot else arn


def _arn(principal: Principal) -> str:
    if isinstance(principal, Anonymous):
        return "*"
    return principal.role_arn if isinstance(principal, Session) else principal.arn


def _route(route: Route, estate: Estate) -> Iterator[str]:
    through = " -> ".join(short(role, estate) for role in route.roles)
    yield (
        f"  through {through}: {_outcome(route.outcome)}"
        if through
        else f"  directly: {_outcome(route.outcome)}"
    )
    for number, hop in enumerate(route.hops, 1):
        decision = hop.settled.decision
        yield f"    {number}. {hop.request.action} on {hop.request.resource}: {_outcome(hop.outcome)}"
        if hop.outcome is not Outcome.ALLOWED:
            yield f"         {decision.reason}"
        for decider in decision.deciders:
            sid = f", {decider.sid}" if decider.sid else ""
            yield f"         {decider.layer}: {decider.policy or _whose(hop, estate)}: statement {decider.number}{sid}"
        for key, value in hop.settled.when:
            yield f"         only with a fitting {spelled(key)} such as {value}"
        for gap in hop.gaps:
            yield f"         unknown: {gap.reason}"


def _outcome(outcome: Outcome) -> str:
    return {
        Outcome.ALLOWED: "allowed",
        Outcome.IMPLICITLY_DENIED: "not allowed",
        Outcome.EXPLICITLY_DENIED: "explicitly denied",
        Outcome.UNKNOWN: "not decided",
    }[outcome]


def _whose(hop: Hop, estate: Estate) -> str:
    what = "trust policy of" if hop.request.verb.startswith("sts:") else "policy of"
    return f"{what} {short(hop.request.resource, estate)}"


def _hop_json(hop: Hop, estate: Estate) -> dict[str, Any]:
    decision = hop.settled.decision
    return {
        "principal": hop.request.principal.arn,
        "action": hop.request.action,
        "resource": hop.request.resource,
        "decision": decision.outcome.value,
        "reason": decision.reason,
        "when": dict(hop.settled.when),
        "statements": [
            {
                "layer": one.layer,
                "policy": one.policy or _whose(hop, estate),
                "number": one.number,
                "sid": one.sid,
            }
            for one in decision.deciders
        ],
        "unknown": [gap.reason for gap in hop.gaps],
    }


def _way(way: Reacher, estate: Estate) -> str:
    through = "".join(f" -> {short(role, estate)}" for role in way.roles)
    fitting = ", ".join(f"{spelled(key)} such as {value}" for key, value in way.when)
    when = f"  (only with a fitting {fitting})" if way.when else ""
    doubt = "" if way.outcome is Outcome.ALLOWED else "  (not decided)"
    return f"  {called(way.principal, estate)}{through}{when}{doubt}"
