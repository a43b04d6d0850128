"""Whether the conditions on one key can hold together, and with which values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from itertools import pairwise
from typing import Any, TypeVar

from xacct.policy.match import Match, Truth
from xacct.policy.proof.language import Language, Token, TooLarge, witness
from xacct.policy.proof.region import Atom, Kind
from xacct.policy.values import (
    among_addresses,
    among_bytes,
    among_dates,
    among_numbers,
    among_truths,
    block,
    moment,
    number,
)

Wanted = tuple[Atom, bool]
"""A condition, and whether it is to hold or not to."""

Ordered = TypeVar("Ordered", Decimal, datetime)

_ANYTHING = Language.of([(Token(star=True),)])
_SOMETHING = Language.of([(Token(), Token(star=True))])


@dataclass(frozen=True, slots=True)
class _Test:
    """What a value must pass: to match the atom, or not to."""

    atom: Atom
    matches: bool


def values_for(wanted: tuple[Wanted, ...], fixed: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Values of a key with which every condition comes out as wanted; empty for an absent key, None for none.

    ``fixed`` are the values that the key has anyway; None leaves it open.

    Raises:
        TooLarge: it could not be found out.
    """
    return _values(wanted, fixed)


@lru_cache(maxsize=131072)
def _values(wanted: tuple[Wanted, ...], fixed: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if fixed is not None:
        return fixed if _holds(wanted, fixed) else None
    if _holds(wanted, ()):
        return ()
    everyone: list[_Test] = []
    someone: list[_Test] = []
    for atom, hold in wanted:
        if atom.kind == "null":
            if ("false" in atom.values) is not hold:
                return None
            continue
        # Not all pass: one fails. Not one passes: all fail.
        test = _Test(atom, atom.negated is not hold)
        (everyone if atom.every is hold else someone).append(test)
    if _holds(wanted, ("",)):
        return ("",)
    if not any(atom.several for atom, _ in wanted):
        value = _one((*everyone, *someone))
        return None if value is None else (value,)
    values: list[str] = []
    for test in someone:
        value = _one((*everyone, test))
        if value is None:
            return None
        values.append(value)
    if not someone:
        value = _one(tuple(everyone))
        if value is None:
            return None
        values.append(value)
    return tuple(dict.fromkeys(values))


def _holds(wanted: Sequence[Wanted], values: tuple[str, ...]) -> bool:
    """Whether every condition comes out as wanted with these values."""
    for atom, hold in wanted:
        if atom.kind == "null":
            found = ("false" if values else "true") in atom.values
        elif not values or (atom.several and atom.every and values == ("",)):
            found = atom.absent
        else:
            hits = [_match(atom, value) for value in values]
            if None in hits:
                return False
            passed = [hit is not atom.negated for hit in hits]
            found = all(passed) if atom.every else any(passed)
        if found is not hold:
            return False
    return True


def _match(atom: Atom, value: str) -> Truth:
    """Whether a value matches; a value that is not of the condition's kind is not decided, so shows nothing."""
    if atom.language is not None:
        return atom.language.has(value)
    return _matcher(atom)(value, {}, ())


@lru_cache(maxsize=65536)
def _matcher(atom: Atom) -> Match:
    match atom.kind:
        case "number":
            return among_numbers(atom.values, atom.relation)
        case "date":
            return among_dates(atom.values, atom.relation)
        case "address":
            return among_addresses(atom.values)
        case "truth":
            return among_truths(atom.values)
        case _:
            return among_bytes(atom.values)


def _one(tests: tuple[_Test, ...]) -> str | None:
    """One value that passes all tests."""
    kinds = {test.atom.kind for test in tests}
    if kinds <= {"text"}:
        inside = tuple(test.atom.language for test in tests if test.matches and test.atom.language)
        outside = tuple(test.atom.language for test in tests if not test.matches and test.atom.language)
        found = witness((_SOMETHING, *inside), outside)
        return found if found is not None else witness(inside or (_ANYTHING,), outside)
    for value in dict.fromkeys(_around([test.atom for test in tests])):
        if all(_match(test.atom, value) is test.matches for test in tests):
            return value
    if len(kinds) == 1 or any(_finite(test) for test in tests):
        return None
    raise TooLarge


def _finite(test: _Test) -> bool:
    """Whether a test leaves just the values that were tried; services send truths in lower case."""
    atom = test.atom
    return test.matches and (
        atom.kind == "truth" or (atom.language is not None and atom.language.literal is not None)
    )


def _around(atoms: Sequence[Atom]) -> Iterator[str]:
    """Values on every side of what conditions tell apart; between them nothing changes."""
    numbers = {found for value in _values_of("number", atoms) if (found := number(value)) is not None}
    yield from (str(one) for one in _between(sorted(numbers), Decimal(1)))
    moments = {at for value in _values_of("date", atoms) if (at := moment(value)) is not None}
    yield from (one.isoformat() for one in _between(sorted(moments), timedelta(seconds=1)))
    if blocks := _values_of("address", atoms):
        yield from _edges(blocks)
    kinds = {atom.kind for atom in atoms}
    if "truth" in kinds:
        yield from ("true", "false")
    if "bytes" in kinds:
        yield from (*_values_of("bytes", atoms), "eGFjY3Q=")
    for atom in atoms:
        if atom.language is not None:
            yield from atom.language.literal or ()


def _values_of(kind: Kind, atoms: Sequence[Atom]) -> tuple[str, ...]:
    return tuple(value for atom in atoms if atom.kind == kind for value in atom.values)


def _between(points: list[Ordered], step: Any) -> Iterator[Ordered]:
    """The points, one before all and one after all, and one between any two that follow each other."""
    if points:
        with suppress(OverflowError):  # before the year 1 or after 9999 there is no moment
            yield points[0] - step
        with suppress(OverflowError):
            yield points[-1] + step
    yield from points
    for one, after in pairwise(points):
        yield one + (after - one) / 2


def _edges(values: tuple[str, ...]) -> Iterator[str]:
    for value in values:
        found = block(value)
        assert found is not None
        version, first, last = found
        top = (1 << (32 if version == 4 else 128)) - 1
        for one in (first, last, first - 1, last + 1):
            if 0 <= one <= top:
                yield str(IPv4Address(one) if version == 4 else IPv6Address(one))
    yield from ("203.0.113.250", "2001:db8::250")
