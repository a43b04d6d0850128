"""Whether one region sticks out of others, and where: a search that takes a region apart piece by piece."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from xacct.policy.catalogue import actions, exists, numbers, services, shapes
from xacct.policy.proof.keys import Wanted, values_for
from xacct.policy.proof.language import Language, Pattern, Token, TooLarge, tokens, witness
from xacct.policy.proof.region import Atom, Region

MOST_CELLS = 20_000
_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_NOT_IN_A_NAME = {"Region": ":", "Account": ":", "BucketName": "/:", "AccessPointName": "/:"}
_FIRST = ("s3", "sts", "iam", "kms")
_WELL_KNOWN = (
    "s3:GetObject",
    "s3:PutObject",
    "s3:ListBucket",
    "s3:DeleteObject",
    "sts:AssumeRole",
    "iam:PassRole",
    "kms:Decrypt",
)
_UNKNOWN_LETTER = "~"
Fixed = Mapping[str, tuple[str, ...]]
"""Keys whose values follow from who asks."""

Bound = tuple[Language, bool]
"""A set of texts, and whether a text is to be in it or out of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One request out of a region; ``real`` tells that a service has the action."""

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]]
    real: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A region on the way: what is left of the actions, and what resources and keys have to meet."""

    mask: int
    actions: tuple[Bound, ...]
    resources: tuple[Bound, ...] = ()
    keys: tuple[tuple[str, tuple[Wanted, ...]], ...] = ()


@dataclass(slots=True)
class Search:
    """One search over regions; ``real`` restricts it to actions that services have, on resources they have.

    ``partitions`` are those of the resources; a document is for one, and others do not exist for it. What is
    ``given`` holds of every request.
    """

    fixed: Fixed
    real: bool
    partitions: tuple[str, ...] = ("aws",)
    given: tuple[Atom, ...] = ()
    cells: int = 0

    def outside(self, inside: Sequence[Region], excluded: Sequence[Region]) -> Point | None:
        """A request that lies in all of the first regions and in none of the others.

        Raises:
            TooLarge: it could not be found out.
        """
        cell: Cell | None = Cell(mask=-1, actions=())
        for atom in self.given:
            cell = cell and self._with_atom(cell, atom, True)
        for one in inside:
            cell = cell and self._within(cell, one)
        if cell is None:
            return None
        return self._search(cell, excluded, 0)

    def _search(self, cell: Cell, excluded: Sequence[Region], at: int) -> Point | None:
        self.cells += 1
        if self.cells > MOST_CELLS:
            raise TooLarge
        for number in range(at, len(excluded)):
            one = excluded[number]
            if self._within(cell, one) is None:
                continue
            for rest in self._apart(cell, one):
                found = self._search(rest, excluded, number + 1)
                if found is not None:
                    return found
            return None
        return self._point(cell)

    def _apart(self, cell: Cell, one: Region) -> Iterator[Cell]:
        """The cell without a region, as cells that do not overlap."""
        away = self._with_actions(cell, one, False)
        if away is not None:
            yield away
        rest = self._with_actions(cell, one, True)
        if rest is None:
            return
        if one.resources is not None:
            language, inside = one.resources
            away = self._with_resources(rest, (language, not inside))
            if away is not None:
                yield away
            rest = self._with_resources(rest, one.resources)
            if rest is None:
                return
        for atom in one.atoms:
            away = self._with_atom(rest, atom, False)
            if away is not None:
                yield away
            rest = self._with_atom(rest, atom, True)
            if rest is None:
                return

    def _within(self, cell: Cell, one: Region) -> Cell | None:
        """The part of a cell that lies in a region; None where there is none."""
        found = self._with_actions(cell, one, True)
        if found is not None and one.resources is not None:
            found = self._with_resources(found, one.resources)
        for atom in one.atoms:
            if found is None:
                return None
            found = self._with_atom(found, atom, True)
        return found

    def _with_actions(self, cell: Cell, one: Region, inside: bool) -> Cell | None:
        language, listed = one.actions
        if self.real:
            mask = cell.mask & (one.mask if inside else ~one.mask)
            return replace(cell, mask=mask) if mask & _everything() else None
        bounds = _added(cell.actions, (language, listed is inside))
        return replace(cell, actions=bounds) if _text(bounds) is not None else None

    def _with_resources(self, cell: Cell, bound: Bound) -> Cell | None:
        bounds = _added(cell.resources, bound)
        if bounds == cell.resources:
            return cell
        return replace(cell, resources=bounds) if _text(bounds) is not None else None

    def _with_atom(self, cell: Cell, atom: Atom, hold: bool) -> Cell | None:
        keys = dict(cell.keys)
        wanted = keys.get(atom.key, ())
        if (atom, not hold) in wanted:
            return None
        if (atom, hold) in wanted:
            return cell
        keys[atom.key] = (*wanted, (atom, hold))
        if values_for(keys[atom.key], self.fixed.get(atom.key)) is None:
            return None
        return replace(cell, keys=tuple(keys.items()))

    def _point(self, cell: Cell) -> Point | None:
        context = {key: values_for(wanted, self.fixed.get(key)) for key, wanted in cell.keys}
        values = {key: found for key, found in context.items() if found is not None}
        if not self.real:
            action, resource = _text(cell.actions), _text(cell.resources)
            assert action is not None
            assert resource is not None
            return Point(action=action, resource=resource, context=values, real=False)
        for templates, mask in _best_known_first(cell.mask & _everything()):
            shaped = _text(_added(cell.resources, (shape_language(templates, self.partitions), True)))
            if shaped is not None:
                return Point(action=_best_known(mask), resource=shaped, context=values, real=True)
        return None


def unheard_of(regions: Sequence[Region]) -> Language:
    """Actions that no service has: those that a wildcard will reach one day, and those that are misspelt."""
    texts = [text for one in regions for text in one.actions[0].literal or () if not exists(text)]
    marked = (Token(star=True), Token(chars=_UNKNOWN_LETTER), Token(star=True))
    return Language.of([marked, *(tokens(text, wild=False) for text in texts)])


@lru_cache(maxsize=1)
def _everything() -> int:
    return (1 << len(actions())) - 1


def _added(bounds: tuple[Bound, ...], bound: Bound) -> tuple[Bound, ...]:
    return bounds if bound in bounds else (*bounds, bound)


def _text(bounds: tuple[Bound, ...]) -> str | None:
    return witness(
        tuple(dict.fromkeys(language for language, inside in bounds if inside)) or (_anything(),),
        tuple(dict.fromkeys(language for language, inside in bounds if not inside)),
    )


@lru_cache(maxsize=1)
def _anything() -> Language:
    return Language.of([(Token(), Token(star=True))])


def _best_known_first(mask: int) -> Iterator[tuple[tuple[str, ...], int]]:
    """The actions of a set by what their resources look like; the actions that people know come before all others."""
    known = mask & _well_known()
    yield from _by_shape(known)
    yield from _by_shape(mask & ~known)


@lru_cache(maxsize=1)
def _well_known() -> int:
    return sum(1 << numbers()[name.lower()] for name in _WELL_KNOWN)


def _by_shape(mask: int) -> Iterator[tuple[tuple[str, ...], int]]:
    """The actions of a set, those together whose resources look alike; the best known services first."""
    for service in sorted(services(), key=lambda name: (name not in _FIRST, name)):
        first, last = services()[service]
        if not (mask >> first) & ((1 << (last - first)) - 1):
            continue
        for patterns, some in shapes(service).items():
            if mask & some:
                yield patterns, mask & some


def _best_known(mask: int) -> str:
    """One action of a set, one that people know where there is one."""
    for name in _WELL_KNOWN:
        if mask >> numbers()[name.lower()] & 1:
            return name
    return actions()[(mask & -mask).bit_length() - 1]


@lru_cache(maxsize=4096)
def shape_language(templates: tuple[str, ...], partitions: tuple[str, ...]) -> Language:
    """What ARN templates of the reference stand for in these partitions; the shortest are the best examples."""
    shapes_of_all = (_shape(one, partition) for one in sorted(templates, key=len) for partition in partitions)
    return Language.of(dict.fromkeys(shapes_of_all))


def _shape(template: str, partition: str) -> Pattern:
    """An ARN template as a pattern: a placeholder is at least one character."""
    found: list[Token] = []
    end = 0
    for placeholder in _PLACEHOLDER.finditer(template):
        found += tokens(template[end : placeholder.start()], wild=False)
        name = placeholder.group(1)
        if name == "Partition":
            found += tokens(partition, wild=False)
        else:
            but = _NOT_IN_A_NAME.get(name, "")
            found += (Token(but=but), Token(but=but, star=True))
        end = placeholder.end()
    return (*found, *tokens(template[end:], wild=False))
