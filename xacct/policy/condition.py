"""Whether a request meets a condition: every operator, with the rules for keys that are missing.

Sources: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued
context keys". An operator that is not known, or a value that is not of the operator's kind, is not decided:
the answer is None, never a guess.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from xacct.policy.document import Condition
from xacct.policy.match import Context, matches, matches_segments

Test = Callable[[str, str, "Context | None"], bool]
"""Policy value, request value, and the context for variables; raises ``Undecided``."""


class Undecided(ValueError):
    """A value that is not of the kind its operator compares."""


def meets(condition: Condition, context: Context, unknown: frozenset[str], *, variables: bool) -> bool | None:
    """Whether a request with these keys meets the condition; None where that is not decided.

    ``unknown`` are keys (in lower case) that may or may not be there, with whatever value.
    """
    name, key, values = condition
    quantifier, operator, if_exists = _parsed(name)
    if key in unknown:
        return None
    given = context.get(key, ())
    if operator == "null":
        return _null(values, bool(given))
    known = _OPERATORS.get(operator)
    if known is None:
        return None
    test, negated = known
    if not given or (quantifier == "forallvalues" and given == ("",)):
        if if_exists or quantifier == "forallvalues":
            return True
        return negated and quantifier == ""
    resolved = context if variables else None
    try:
        hits = [any(test(value, one, resolved) for value in values) != negated for one in given]
    except Undecided:
        return None
    if quantifier == "forallvalues" or (negated and not quantifier):
        return all(hits)
    return any(hits)


def is_known(name: str) -> bool:
    """Whether an operator, with its set prefix and its IfExists, is one that IAM has."""
    quantifier, operator, if_exists = _parsed(name.lower())
    if operator == "null":
        return not if_exists and not quantifier
    return operator in _OPERATORS


@lru_cache(maxsize=1024)
def _parsed(name: str) -> tuple[str, str, bool]:
    quantifier, colon, rest = name.partition(":")
    if not colon:
        quantifier, rest = "", name
    if_exists = rest.endswith("ifexists")
    operator = rest.removesuffix("ifexists")
    if quantifier not in ("", "forallvalues", "foranyvalue"):
        return "", name, False
    return quantifier, operator, if_exists


def _null(values: tuple[str, ...], present: bool) -> bool | None:
    wanted = {value.lower() for value in values}
    if not wanted or wanted - {"true", "false"}:
        return None
    return ("false" if present else "true") in wanted


def _equal(value: str, given: str, context: Context | None) -> bool:
    if context is not None and "${" in value:
        return matches(_without_wildcards(value), given, context)
    return value == given


def _equal_ignoring_case(value: str, given: str, context: Context | None) -> bool:
    if context is not None and "${" in value:
        lowered = {key: tuple(one.lower() for one in values) for key, values in context.items()}
        return matches(_without_wildcards(value.lower()), given.lower(), lowered)
    return value.lower() == given.lower()


def _without_wildcards(value: str) -> str:
    """A text in which ``*`` and ``?`` stand for themselves, but for those already written as ``${*}``."""
    return (
        value.replace("${*}", "\0")
        .replace("${?}", "\1")
        .replace("*", "${*}")
        .replace("?", "${?}")
        .replace("\0", "${*}")
        .replace("\1", "${?}")
    )


def _like(value: str, given: str, context: Context | None) -> bool:
    return matches(value, given, context)


def _arn(value: str, given: str, context: Context | None) -> bool:
    if value == "*":
        return True
    if not value.startswith("arn:") and not value.startswith("*"):
        raise Undecided(value)
    if value.count(":") < 5 and "${" not in value:
        return matches(value, given, context)
    return matches_segments(value, given, context)


def _bool(value: str, given: str, context: Context | None) -> bool:
    texts = value.lower(), given.lower()
    if not {"true", "false"}.issuperset(texts):
        raise Undecided(value)
    return texts[0] == texts[1]


def _binary(value: str, given: str, context: Context | None) -> bool:
    try:
        return base64.b64decode(value, validate=True) == base64.b64decode(given, validate=True)
    except binascii.Error:
        raise Undecided(value) from None


def _ip(value: str, given: str, context: Context | None) -> bool:
    block, address = _network(value), _network(given)
    if isinstance(block, IPv4Network):
        return isinstance(address, IPv4Network) and address.subnet_of(block)
    return isinstance(address, IPv6Network) and address.subnet_of(block)


@lru_cache(maxsize=4096)
def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise Undecided(text) from None


def _number(compare: Callable[[Decimal, Decimal], bool]) -> Test:
    def test(value: str, given: str, context: Context | None) -> bool:
        return compare(_decimal(given), _decimal(value))

    return test


@lru_cache(maxsize=4096)
def _decimal(text: str) -> Decimal:
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        raise Undecided(text) from None
    if not found.is_finite():
        raise Undecided(text)
    return found


def _date(compare: Callable[[datetime, datetime], bool]) -> Test:
    def test(value: str, given: str, context: Context | None) -> bool:
        return compare(_moment(given), _moment(value))

    return test


@lru_cache(maxsize=4096)
def _moment(text: str) -> datetime:
    """A moment from ISO 8601 or from seconds since 1970."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        try:
            return datetime.fromtimestamp(float(text), UTC)
        except (ValueError, OverflowError, OSError):
            raise Undecided(text) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _operators() -> dict[str, tuple[Test, bool]]:
    """The test behind each operator, and whether the operator is its negation."""
    found: dict[str, tuple[Test, bool]] = {
        "stringequals": (_equal, False),
        "stringnotequals": (_equal, True),
        "stringequalsignorecase": (_equal_ignoring_case, False),
        "stringnotequalsignorecase": (_equal_ignoring_case, True),
        "stringlike": (_like, False),
        "stringnotlike": (_like, True),
        "arnlike": (_arn, False),
        "arnnotlike": (_arn, True),
        "arnequals": (_arn, False),
        "arnnotequals": (_arn, True),
        "bool": (_bool, False),
        "binaryequals": (_binary, False),
        "ipaddress": (_ip, False),
        "notipaddress": (_ip, True),
        "numericequals": (_number(lambda one, other: one == other), False),
        "numericnotequals": (_number(lambda one, other: one == other), True),
        "numericlessthan": (_number(lambda one, other: one < other), False),
        "numericlessthanequals": (_number(lambda one, other: one <= other), False),
        "numericgreaterthan": (_number(lambda one, other: one > other), False),
        "numericgreaterthanequals": (_number(lambda one, other: one >= other), False),
        "dateequals": (_date(lambda one, other: one == other), False),
        "datenotequals": (_date(lambda one, other: one == other), True),
        "datelessthan": (_date(lambda one, other: one < other), False),
        "datelessthanequals": (_date(lambda one, other: one <= other), False),
        "dategreaterthan": (_date(lambda one, other: one > other), False),
        "dategreaterthanequals": (_date(lambda one, other: one >= other), False),
    }
    return found


_OPERATORS = _operators()
