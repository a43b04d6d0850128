"""The values that conditions compare beside texts: numbers, dates, addresses, truths, bytes.

A policy's value that is not of its kind makes a comparison undecided, unless another value already matches;
so does a request's value.
"""

from __future__ import annotations

import base64
import binascii
import operator
import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from ipaddress import ip_network
from typing import Any, TypeAlias, TypeVar

from xacct.policy.match import Context, Match, Truth

Value = TypeVar("Value")
Block: TypeAlias = tuple[int, int, int]
"""Addresses that follow each other: the version of IP, the first and the last as numbers."""

_TRUTHS = frozenset({"true", "false"})
_NUMBER = frozenset("0123456789+-.eE \t")
_EPOCH = re.compile(r"[0-9]{5,}(?:\.[0-9]+)?|[0-9]{1,3}")
_MONTH = re.compile(r"[0-9]{4}(?:-[0-9]{2})?")
_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def among_numbers(values: tuple[str, ...], relation: str) -> Match:
    """Whether a number stands in a relation to one of these: ``NumericLessThan`` is ``<``."""
    return _among(values, number, _RELATIONS[relation])


def among_dates(values: tuple[str, ...], relation: str) -> Match:
    """Whether a moment stands in a relation to one of these."""
    return _among(values, moment, _RELATIONS[relation])


def among_truths(values: tuple[str, ...]) -> Match:
    """Whether a truth is one of these."""
    wanted = frozenset(value.lower() for value in values)
    otherwise: Truth = None if wanted - _TRUTHS else False

    def match(text: str, context: Context, unknown: Collection[str]) -> Truth:
        text = text.lower()
        if text not in _TRUTHS:
            return None
        return True if text in wanted else otherwise

    return match


def among_bytes(values: tuple[str, ...]) -> Match:
    """Whether a text in base64 has the bytes of one of these."""
    return _among(values, _bytes, _RELATIONS["=="])


def among_addresses(values: tuple[str, ...]) -> Match:
    """Whether an address lies in one of these blocks; those of another version of IP do not hold it."""
    return _among(values, block, _within)


@lru_cache(maxsize=4096)
def number(text: str) -> Decimal | None:
    """A finite number; None where the text is none."""
    if not _NUMBER.issuperset(text):
        return None
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        return None


@lru_cache(maxsize=4096)
def moment(text: str) -> datetime | None:
    """A moment from seconds since 1970, or from a date as the W3C writes them; else None.

    Without a zone it is in UTC. A year by itself would be seconds too, and is taken for a year.
    """
    if _EPOCH.fullmatch(text):
        try:
            return datetime.fromtimestamp(float(text), UTC)
        except (ValueError, OverflowError, OSError):
            return None
    if _MONTH.fullmatch(text):
        text += "-01-01"[-3 * (2 - text.count("-")) :]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@lru_cache(maxsize=4096)
def block(text: str) -> Block | None:
    """A block of addresses, or one address as a block of its own; else None."""
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        return None
    return found.version, int(found.network_address), int(found.broadcast_address)


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _within(address: Block, block: Block) -> bool:
    return address[0] == block[0] and block[1] <= address[1] and address[2] <= block[2]


def _among(
    values: tuple[str, ...], read: Callable[[str], Value | None], holds: Callable[[Value, Value], bool]
) -> Match:
    parsed = [read(value) for value in values]
    wanted = [value for value in parsed if value is not None]
    otherwise: Truth = False if len(wanted) == len(parsed) else None

    def match(text: str, context: Context, unknown: Collection[str]) -> Truth:
        given = read(text)
        if given is None:
            return None
        for value in wanted:
            if holds(given, value):
                return True
        return otherwise

    return match
