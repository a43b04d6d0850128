"""A decision that hangs on what a request will carry: with which values it is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from itertools import product
from types import MappingProxyType

from xacct.policy.document import Condition, Document
from xacct.policy.evaluate import Decision, Outcome, Policies, decide
from xacct.policy.request import Request
from xacct.policy.statement import prepared

MOST_TRIED = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A decision, and the keys and values with which it holds; empty where it hangs on none."""

    decision: Decision
    when: tuple[tuple[str, str], ...] = ()


def settle(request: Request, policies: Policies, *, absent: tuple[str, ...] = ()) -> Settled:
    """The decision for what the request does not say: allowed with some values, denied with all, or not decided.

    The values tried come from the documents themselves. That one of them is let in is certain; that none is
    found says nothing, and the decision then stays unknown. Keys that begin with one of ``absent`` are known
    not to be there where the request does not hold them.
    """
    keys = {key: values for key, values in _asked(request, policies).items() if not key.startswith(absent)}
    open_request = replace(request, unknown_keys=request.unknown_keys | frozenset(keys))
    first = decide(open_request, policies)
    if first.outcome is not Outcome.UNKNOWN or not keys:
        return Settled(decision=first)
    for tried, values in enumerate(product(*(sorted(keys[key], key=_rank) for key in sorted(keys)))):
        if tried >= MOST_TRIED:
            break
        given = {key: (value,) for key, value in zip(sorted(keys), values, strict=True) if value is not None}
        one = replace(request, context=MappingProxyType({**request.context, **given}))
        found = decide(one, policies)
        if found.outcome is Outcome.ALLOWED:
            return Settled(decision=found, when=tuple((key, value[0]) for key, value in given.items()))
    return Settled(decision=first)


def _rank(value: str | None) -> tuple[bool, str]:
    """Absent first, so that the fewest keys are asked for."""
    return value is not None, value or ""


def _asked(request: Request, policies: Policies) -> dict[str, set[str | None]]:
    """The keys that statements on this action ask for and the request does not say, with values to try."""
    found: dict[str, set[str | None]] = {}
    for document in _documents(policies):
        for clause in prepared(document).about(request.verb):
            for condition in clause.statement.conditions:
                if condition[1] not in request.context:
                    found.setdefault(condition[1], {None}).update(_values(condition))
    return found


def _documents(policies: Policies) -> Iterator[Document]:
    yield from (named.document for named in policies.identity)
    if policies.resource is not None:
        yield policies.resource
    for some in (policies.boundary, policies.session):
        if isinstance(some, Document):
            yield some
        else:
            yield from some or ()


def _values(condition: Condition) -> Iterable[str]:
    """Values on both sides of what a condition asks."""
    name, _, values = condition
    operator = name.rpartition(":")[2].removesuffix("ifexists")
    for value in values:
        match operator:
            case "null" | "bool":
                yield from ("true", "false")
            case "ipaddress" | "notipaddress":
                yield from _addresses(value)
            case _ if operator.startswith("numeric"):
                yield from _numbers(value)
            case _ if operator.startswith("date"):
                yield from ("1970-01-02T00:00:00Z", value, "2999-12-31T00:00:00Z")
            case _:
                yield value.replace("*", "").replace("?", "x")
                yield "other"


def _addresses(block: str) -> Iterable[str]:
    try:
        yield str(ip_network(block, strict=False)[0])
    except ValueError:
        return
    yield "203.0.113.250"


def _numbers(value: str) -> Iterable[str]:
    yield value
    try:
        number = int(value)
    except ValueError:
        return
    yield from (str(number - 1), str(number + 1))
