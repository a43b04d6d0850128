"""In which order changes are made: what a service insists on first, then the owner of the data."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from xacct.errors import XacctError
from xacct.plan.plan import Change, Create, Delete, Update
from xacct.resource import Address, Resource

_RANK = {Create: 0, Update: 1, Delete: 2}


def order(
    changes: Mapping[Address, Change], owners: frozenset[str]
) -> list[tuple[Address, frozenset[Address]]]:
    """The addresses in the order of work, each with those that must be done before it.

    A thing is made before what needs it and removed after it. Another way to the same access is made before
    the old one is broken: removals in an account follow its additions. Where that leaves a choice, the owners
    of the data go first, for additions and for removals; then additions, changes, removals; then the address.

    Raises:
        XacctError: the needs go round in a circle; the text names it.
    """
    needs = _edges(changes)
    sorter: TopologicalSorter[Address] = TopologicalSorter(needs)
    try:
        sorter.prepare()
    except CycleError as error:
        loop = " -> ".join(str(address) for address in error.args[1])
        raise XacctError(f"the plan's steps need each other in a circle: {loop}") from None
    ready: list[tuple[tuple[bool, int, str], Address]] = []
    done: list[tuple[Address, frozenset[Address]]] = []
    while sorter.is_active():
        for address in sorter.get_ready():
            heapq.heappush(ready, (_priority(address, changes[address], owners), address))
        _, first = heapq.heappop(ready)
        done.append((first, frozenset(needs[first])))
        sorter.done(first)
    return done


def _priority(address: Address, change: Change, owners: frozenset[str]) -> tuple[bool, int, str]:
    return address.account.name not in owners, _RANK[type(change)], str(address)


def _edges(changes: Mapping[Address, Change]) -> dict[Address, set[Address]]:
    """For each address, those that come before it."""
    made = _by_name(changes, Create)
    removed = _by_name(changes, Delete)
    before: dict[Address, set[Address]] = {address: set() for address in changes}
    for address, change in changes.items():
        if isinstance(change, Create | Update):
            for arn in change.after.needs() | change.after.principals():
                maker = made.get(anchor(arn))
                if maker is not None and maker != address:
                    before[address].add(maker)
        if isinstance(change, Update | Delete):
            for arn in change.before.needs():
                gone = removed.get(anchor(arn))
                if gone is not None and gone != address:
                    before[gone].add(address)
        if isinstance(change, Delete):
            before[address] |= _replacements(address, change.before, changes)
    return before


def _replacements(address: Address, gone: Resource, changes: Mapping[Address, Change]) -> set[Address]:
    """The additions on the same entity: they keep what the removal of a policy would break."""
    return {
        other
        for other, change in changes.items()
        if isinstance(change, Create)
        and other.account == address.account
        and len(other.parts) > 1
        and len(address.parts) > 1
        and other.parts[0] == address.parts[0]
        and other.kind.partition("-")[0] == address.kind.partition("-")[0]
    }


def _by_name(changes: Mapping[Address, Change], kind: type[Create] | type[Delete]) -> dict[str, Address]:
    found: dict[str, Address] = {}
    for address, change in changes.items():
        if isinstance(change, kind):
            resource = change.before if isinstance(change, Delete) else change.after
            if resource.arn is not None:
                found[anchor(resource.arn)] = address
    return found


def anchor(arn: str) -> str:
    """An IAM ARN without its path: names are unique in an account whatever their path."""
    head, _, resource = arn.rpartition(":")
    kind, slash, rest = resource.partition("/")
    return f"{head}:{kind}/{rest.rpartition('/')[2]}" if slash else arn
