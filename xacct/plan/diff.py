"""What differs between desired and live, and what may go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xacct.plan.plan import Change, Create, Delete, Unknown, Update
from xacct.plan.revocation import is_denial
from xacct.policy.document import Document
from xacct.problem import Problem, Severity
from xacct.resource import Address, Resource, State

BY_MARK = "it carries this manifest's mark and is no longer declared"
BY_EARLIER = "the earlier manifest declared it and this one does not"
WITH_ROLE = "it ended sessions of the role, which goes"
BY_WORD = "the manifest lists it under removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The changes by address, what is unknown, and what stops or accompanies them."""

    changes: Mapping[Address, Change]
    unknown: tuple[Unknown, ...]
    guards: tuple[Problem, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What allows a removal: the manifest's marker, the earlier state, the addresses it lists."""

    marker: str
    was: State | None = None
    listed: frozenset[Address] = frozenset()
    edited_too: bool = False
    because_earlier: str = BY_EARLIER


def diff(desired: State, live: State, removal: Removal) -> Difference:
    """The changes that lead from live to desired.

    A desired thing of which nothing could be read is unknown, never absent. A live thing goes only for a
    reason: its mark, the earlier manifest, or the manifest's word; and where its content was edited since,
    only with the word for that. So does a part of a live thing, like a statement of a shared document.
    """
    changes: dict[Address, Change] = {}
    unknown: list[Unknown] = []
    guards: list[Problem] = []
    notes: list[Problem] = []
    for address, declared in sorted(desired.resources.items()):
        gap = live.unknown(declared)
        found = live.resources.get(address)
        wanted, spared = _sparing(declared, found, removal)
        guards.extend(_not_ours(address, name) for name in spared)
        if found is None and gap is not None:
            unknown.append(Unknown(address=address, reason=gap.reason))
        elif found is None:
            changes[address] = Create(wanted)
        elif not wanted.same(found):
            fixed = wanted.irreplaceable(found)
            if fixed is None:
                changes[address] = Update(found, wanted)
            else:
                guards.append(_irreplaceable(address, fixed))
        else:
            notes.extend(_reworded(address, wanted, found))
    problems = tuple(_contradictions(desired, removal))
    for address, (found, because) in sorted(_removable(desired, live, removal).items()):
        if _edited(found, removal, because) and not removal.edited_too:
            guards.append(_edited_since(address, because))
        else:
            changes[address] = Delete(found, because)
    changes |= {address: Delete(found, WITH_ROLE) for address, found in _denials(changes, live)}
    unknown += _hidden(desired, live, removal)
    return Difference(
        changes=changes, unknown=tuple(unknown), guards=tuple(guards), problems=problems, notes=tuple(notes)
    )


def _sparing(wanted: Resource, found: Resource | None, removal: Removal) -> tuple[Resource, tuple[str, ...]]:
    if found is None or removal.edited_too:
        return wanted, ()
    return wanted.sparing(found, removal.was.resources.get(wanted.address) if removal.was else None)


def _removable(desired: State, live: State, removal: Removal) -> dict[Address, tuple[Resource, str]]:
    found: dict[Address, tuple[Resource, str]] = {}
    earlier = removal.was.resources if removal.was else {}
    for address, resource in live.resources.items():
        if address in desired.resources:
            continue
        mark = resource.mark
        if address in removal.listed:
            found[address] = (resource, BY_WORD)
        elif mark is not None and mark.manifest == removal.marker:
            found[address] = (resource, BY_MARK)
        elif address in earlier:
            found[address] = (resource, removal.because_earlier)
    return found


def _denials(changes: Mapping[Address, Change], live: State) -> Iterator[tuple[Address, Resource]]:
    """What ended the sessions of roles that go now; elsewhere it stays, and is nobody's difference."""
    for address, found in sorted(live.resources.items()):
        role = Address(address.account, "role", address.parts[:1])
        if is_denial(address) and address not in changes and isinstance(changes.get(role), Delete):
            yield address, found


def _edited(found: Resource, removal: Removal, because: str) -> bool:
    """Whether a live thing is no longer what was made."""
    if because == BY_WORD:
        return False
    mark = found.mark
    if because == BY_MARK and mark is not None and mark.intact:
        return False
    earlier = removal.was.resources.get(found.address) if removal.was else None
    return earlier is None or not earlier.same(found)


def _hidden(desired: State, live: State, removal: Removal) -> Iterator[Unknown]:
    """What would have to go, but cannot be seen now."""
    earlier = removal.was.resources if removal.was else {}
    for address, resource in sorted(earlier.items()):
        gap = live.unknown(resource)
        if gap is not None and address not in desired.resources and address not in live.resources:
            yield Unknown(address=address, reason=gap.reason)


def _contradictions(desired: State, removal: Removal) -> Iterator[Problem]:
    for address in sorted(removal.listed & desired.resources.keys()):
        yield Problem(
            summary="Declared and removed",
            detail=f"{address} is declared by the manifest and listed under removed: it cannot be both.",
            fix="Take one of the two out.",
        )


def _irreplaceable(address: Address, reason: str) -> Problem:
    return Problem(
        summary="Would have to be replaced",
        detail=f"{address} cannot be changed in place. {reason}",
        fix="Declare what lives, or give the new one another name and take the old one out afterwards.",
    )


def _edited_since(address: Address, because: str) -> Problem:
    return Problem(
        summary="Edited since it was made",
        detail=f"{address} would go because {because}; but its content is not what was written then.",
        fix="Look at it. Then remove it with --prune-edited, or declare it as it is.",
    )


def _not_ours(address: Address, sid: str) -> Problem:
    return Problem(
        summary="Edited since it was made",
        detail=f"The statement {sid} in {address} carries this manifest's mark and is not declared; but its content "
        "is not what was written with that mark: somebody edited it, or wrote it with a copied Sid.",
        fix="Look at it. Then remove it with --prune-edited, or give it another Sid: then it is left alone.",
    )


def _reworded(address: Address, wanted: Resource, found: Resource) -> Iterator[Problem]:
    documents = dict(found.shown())
    for name, document in wanted.shown():
        other = documents.get(name)
        if not (isinstance(document, Document) and isinstance(other, Document)):
            continue
        if document.wording != other.wording:
            yield Problem(
                summary="Worded differently",
                detail=f"The {name} of {address} means the same, but Sids or Version are worded differently.",
                fix="Nothing is changed for that.",
                severity=Severity.INFO,
            )
