"""In which order changes are made: what a service insists on, then that nobody gets too much, then the owner."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from xacct.errors import XacctError
from xacct.kinds.role import Role
from xacct.plan.effect import Half, Table, World, document
from xacct.plan.plan import Change, Create, Delete, Update
from xacct.plan.reach import anchor
from xacct.plan.rules import safety
from xacct.plan.scene import Edge, Move, Scene
from xacct.plan.wishes import wishes
from xacct.policy.shared import both
from xacct.resource import Address

_RANK = {Create: 0, Update: 1, Delete: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """A change in one go, or one half of it; ``half`` is None for the whole."""

    address: Address
    half: Half | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The puts in the order of work, each with those that must be done before it.

    ``unsafe`` are pairs of which no order is safe, because a change among them cannot be split.
    """

    puts: tuple[tuple[Put, frozenset[Put]], ...]
    unsafe: tuple[tuple[Address, Address], ...] = ()


def order(changes: Mapping[Address, Change], owners: frozenset[str], live: Table | None = None) -> Order:
    """The changes as puts, in the order of work.

    A thing is made before what needs it and removed after it. What takes away comes before what gives,
    wherever both together could give somebody what neither state does; a change that does both is split only
    where that asks for it. Another way to the same access is made before the old one is broken, where that is
    safe. Where this leaves a choice, the owners of the data go first, for additions and for removals; then
    additions, changes, removals; then the address.

    Raises:
        XacctError: the needs go round in a circle; the text names it.
    """
    scene = Scene(World(changes, live or {}))
    graph = _Graph(changes, scene.halves)
    graph.add_needs()
    unsafe = graph.add_safety(safety(scene))
    graph.add_trusts()
    for group in wishes(scene):
        graph.add_if_possible(group)
    return Order(puts=tuple(_sorted(graph.puts(), changes, owners)), unsafe=unsafe)


class _Graph:
    """Halves of changes with what comes before each; a change in one go is a circle of its halves' names."""

    def __init__(self, changes: Mapping[Address, Change], some: Mapping[Address, frozenset[Half]]) -> None:
        self._changes = changes
        self._halves = {
            address: frozenset(Half) if _opens_last(changes[address]) else found
            for address, found in some.items()
        }
        self._before: dict[Move, set[Move]] = {
            (address, half): set() for address, some in self._halves.items() for half in some
        }
        self._whole = {
            address
            for address, some in self._halves.items()
            if len(some) == 1 or not _divisible(changes[address])
        }
        for address, change in changes.items():
            if address not in self._whole and not _widens_first(change):
                self._before[address, Half.MORE].add((address, Half.LESS))

    def add_needs(self) -> None:
        """What a service insists on: things before what needs them, and gone after it."""
        made = _by_name(self._changes, Create)
        removed = _by_name(self._changes, Delete)
        for address, change in self._changes.items():
            if isinstance(change, Create | Update):
                for arns, moves in (
                    (change.after.needs(), self._giving(address, change)),
                    (change.after.principals(), self._naming(address, change)),
                ):
                    for maker in {made[anchor(arn)] for arn in arns if anchor(arn) in made} - {address}:
                        self._link([self._first(maker)], moves)
            if isinstance(change, Update | Delete):
                for arn in change.before.needs():
                    gone = removed.get(anchor(arn))
                    if gone is not None and gone != address:
                        self._link(self._taking(address, change), [self._last(gone)])
        self._check()

    def add_safety(self, edges: Iterable[Edge]) -> tuple[tuple[Address, Address], ...]:
        """What must be so; the pairs of which that cannot be are returned."""
        refused = []
        for first, then in sorted(edges, key=_by_text):
            if not self.add_if_possible([(first, then)]):
                refused.append((first[0], then[0]))
        return tuple(dict.fromkeys(refused))

    def add_trusts(self) -> None:
        """What trusts a role that goes lets go of it first, where that does not close a circle.

        Otherwise the service puts a bare id in the place of the name, and if the plan breaks off then, what is
        left is no longer what was written: it would count as edited by hand.
        """
        removed = _by_name(self._changes, Delete)
        for address, change in sorted(self._changes.items(), key=lambda pair: pair[0]):
            if isinstance(change, Update | Delete):
                for arn in sorted(change.before.principals()):
                    gone = removed.get(anchor(arn))
                    if gone is not None and gone != address:
                        self.add_if_possible((one, self._last(gone)) for one in self._taking(address, change))

    def add_if_possible(self, edges: Iterable[Edge]) -> bool:
        """All of these, or none where one would close a circle."""
        added: list[Edge] = []
        for first, then in edges:
            if first not in self._before or then not in self._before:
                continue
            if self._comes_after(first, then):
                for one, other in added:
                    self._before[other].discard(one)
                return False
            if first not in self._before[then]:
                self._before[then].add(first)
                added.append((first, then))
        return True

    def puts(self) -> dict[Put, set[Put]]:
        """Every change as one put where the halves can be done in one, else as two."""
        for address in sorted(self._halves, key=_trusts_last):
            one, other = (address, Half.LESS), (address, Half.MORE)
            if address not in self._whole:
                direct = {(one, other), (other, one)}
                if not self._comes_after(one, other, direct) and not self._comes_after(other, one, direct):
                    self._whole.add(address)
        found: dict[Put, set[Put]] = {}
        for move, before in self._before.items():
            put = self._put(move)
            found.setdefault(put, set()).update(self._put(one) for one in before)
        for address in self._halves:
            if address not in self._whole:
                less, more = (Put(address=address, half=half) for half in (Half.LESS, Half.MORE))
                if not self._comes_after((address, Half.LESS), (address, Half.MORE)):
                    found[more].add(less)
        return {put: before - {put} for put, before in found.items()}

    def _put(self, move: Move) -> Put:
        return Put(address=move[0], half=None if move[0] in self._whole else move[1])

    def _all(self, address: Address) -> list[Move]:
        return [(address, half) for half in self._halves[address]]

    def _first(self, address: Address) -> Move:
        """The half after which a thing that is made is there."""
        return min(self._all(address), key=lambda move: move[1] is Half.MORE)

    def _last(self, address: Address) -> Move:
        """The half after which a thing that goes is gone."""
        return max(self._all(address), key=lambda move: move[1] is Half.MORE)

    def _giving(self, address: Address, change: Change) -> list[Move]:
        if isinstance(change, Create) or len(self._halves[address]) == 1:
            return self._all(address)
        return [(address, Half.MORE)]

    def _naming(self, address: Address, change: Change) -> list[Move]:
        """The halves that name principals: a role may be made before those that it will let in."""
        return [(address, Half.MORE)] if _opens_last(change) else self._giving(address, change)

    def _taking(self, address: Address, change: Change) -> list[Move]:
        if isinstance(change, Delete) or len(self._halves[address]) == 1:
            return self._all(address)
        return [(address, Half.LESS)]

    def _link(self, firsts: list[Move], thens: list[Move]) -> None:
        for then in thens:
            self._before[then].update(firsts)

    def _comes_after(
        self, move: Move, other: Move, without: frozenset[Edge] | set[Edge] = frozenset()
    ) -> bool:
        """Whether the one waits for the other, through whatever lies between; a whole change is one point."""
        goal = self._points(other)
        seen: set[Move] = set()
        waiting = list(self._points(move))
        while waiting:
            one = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            for before in self._before[one]:
                if (before, one) in without:
                    continue
                if before in goal:
                    return True
                waiting += self._points(before)
        return move[0] == other[0] and move[0] in self._whole and move != other

    def _points(self, move: Move) -> list[Move]:
        return self._all(move[0]) if move[0] in self._whole else [move]

    def _check(self) -> None:
        nodes: dict[Put, set[Put]] = {}
        for move, before in self._before.items():
            put = self._put(move)
            nodes.setdefault(put, set()).update({self._put(one) for one in before} - {put})
        try:
            TopologicalSorter(nodes).prepare()
        except CycleError as error:
            loop = " -> ".join(str(put.address) for put in error.args[1])
            raise XacctError(f"the plan's steps need each other in a circle: {loop}") from None


def _sorted(
    needs: Mapping[Put, set[Put]], changes: Mapping[Address, Change], owners: frozenset[str]
) -> list[tuple[Put, frozenset[Put]]]:
    sorter: TopologicalSorter[Put] = TopologicalSorter(needs)
    sorter.prepare()
    ready: list[tuple[tuple[bool, int, str, str], Put]] = []
    done: list[tuple[Put, frozenset[Put]]] = []
    while sorter.is_active():
        for put in sorter.get_ready():
            heapq.heappush(ready, (_priority(put, changes[put.address], owners), put))
        _, first = heapq.heappop(ready)
        done.append((first, frozenset(needs[first])))
        sorter.done(first)
    return done


def _priority(put: Put, change: Change, owners: frozenset[str]) -> tuple[bool, int, str, str]:
    rank = _RANK[Update if put.half else type(change)]
    return put.address.account.name not in owners, rank, str(put.address), put.half.value if put.half else ""


def _opens_last(change: Change) -> bool:
    """A role may be made with a trust that lets nobody in, and be shut before it goes."""
    match change:
        case Create(Role()) | Delete(Role()):
            return True
    return False


def _divisible(change: Change) -> bool:
    """Whether a change can be made in two puts."""
    match change:
        case Create(after):
            return after.halfway(None, []) is not None
        case Update(before, after):
            return after.halfway(before, []) is not None
        case Delete(before):
            return before.halfway(before, []) is not None


def _widens_first(change: Change) -> bool:
    """Whether what is given may be put before what is taken: both documents at once are one that can be said."""
    if not isinstance(change, Update):
        return False
    match change.before, change.after:
        case Role(boundary=one), Role(boundary=other) if one != other:
            return False
    before, after = document(change.before), document(change.after)
    return before is not None and after is not None and both(before, after) is not None


def _trusts_last(address: Address) -> tuple[bool, str]:
    """A trust is the one to be split, where one of several must be: its half is the cheapest."""
    return address.kind == "role", str(address)


def _by_text(edge: Edge) -> tuple[str, str, str, str]:
    (first, half), (then, other) = edge
    return str(first), half.value, str(then), other.value


def _by_name(changes: Mapping[Address, Change], kind: type[Create] | type[Delete]) -> dict[str, Address]:
    found: dict[str, Address] = {}
    for address, change in changes.items():
        if isinstance(change, kind):
            resource = change.before if isinstance(change, Delete) else change.after
            if resource.arn is not None:
                found[anchor(resource.arn)] = address
    return found
