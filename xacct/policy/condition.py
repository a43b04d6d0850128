"""Whether a request meets a condition: every operator, with the rules for keys that are missing.

Sources: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued
context keys". An operator that is not known, or a value that is not of the operator's kind, is not decided:
the answer is None, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache, lru_cache
from typing import TypeAlias

from xacct.policy.document import Condition
from xacct.policy.match import Context, Match, Truth, any_arn, any_of, any_text
from xacct.policy.values import (
    among_addresses,
    among_bytes,
    among_dates,
    among_numbers,
    among_truths,
)

Test: TypeAlias = Callable[[Context, Collection[str]], Truth]
"""The request's keys, and those of which nothing is known: whether the condition is met."""


def prepare(condition: Condition, *, variables: bool) -> Test:
    """A condition made ready to be asked of many requests."""
    name, key, values = condition
    quantifier, operator, if_exists = _parsed(name)
    if operator == "null" and not quantifier and not if_exists:
        return _null(key, values)
    made = _operators().get(operator)
    if made is None:
        return _undecided
    make, negated = made
    match = make(values, variables)
    for_all, for_any = quantifier == "forallvalues", quantifier == "foranyvalue"
    absent = if_exists or for_all or (negated and not for_any)
    every = for_all or (negated and not for_any)

    def test(context: Context, unknown: Collection[str]) -> Truth:
        if key in unknown:
            return None
        given = context.get(key)
        if not given or (for_all and given == ("",)):
            return absent
        truth: Truth = every
        for one in given:
            hit = match(one, context, unknown)
            if negated and hit is not None:
                hit = not hit
            if hit is None:
                truth = None
            elif hit is not every:
                return hit
        return truth

    return test


def is_known(name: str) -> bool:
    """Whether an operator, with its set prefix and its IfExists, is one that IAM has."""
    quantifier, operator, if_exists = _parsed(name.lower())
    if operator == "null":
        return not if_exists and not quantifier
    return operator in _operators()


@lru_cache(maxsize=1024)
def _parsed(name: str) -> tuple[str, str, bool]:
    """The set prefix, the operator and whether IfExists ends it; a foreign prefix stays in the operator."""
    quantifier, colon, rest = name.partition(":")
    if not colon:
        quantifier, rest = "", name
    elif quantifier not in ("forallvalues", "foranyvalue"):
        return "", name, False
    return quantifier, rest.removesuffix("ifexists"), rest.endswith("ifexists")


def _undecided(context: Context, unknown: Collection[str]) -> Truth:
    return None


def _null(key: str, values: tuple[str, ...]) -> Test:
    wanted = {value.lower() for value in values}
    if not wanted or wanted - {"true", "false"}:
        return _undecided

    def test(context: Context, unknown: Collection[str]) -> Truth:
        if key in unknown:
            return True if len(wanted) == 2 else None
        return ("false" if context.get(key) else "true") in wanted

    return test


Make: TypeAlias = Callable[[tuple[str, ...], bool], Match]
"""The values of a condition, and whether variables are replaced in them: whether a value of a request fits."""


@cache
def _operators() -> dict[str, tuple[Make, bool]]:
    """What makes the match behind each operator, and whether the operator is its negation."""

    def both(name: str, negation: str, make: Make) -> dict[str, tuple[Make, bool]]:
        return {name: (make, False), negation: (make, True)}

    def numbers(relation: str) -> Make:
        return lambda values, variables: among_numbers(values, relation)

    def dates(relation: str) -> Make:
        return lambda values, variables: among_dates(values, relation)

    found: dict[str, tuple[Make, bool]] = {
        "bool": (lambda values, variables: among_truths(values), False),
        "binaryequals": (lambda values, variables: among_bytes(values), False),
        **both(
            "stringequals",
            "stringnotequals",
            lambda values, variables: any_text(values, variables=variables, fold=False),
        ),
        **both(
            "stringequalsignorecase",
            "stringnotequalsignorecase",
            lambda values, variables: any_text(values, variables=variables, fold=True),
        ),
        **both("stringlike", "stringnotlike", lambda values, variables: any_of(values, variables=variables)),
        **both("arnlike", "arnnotlike", lambda values, variables: any_arn(values, variables=variables)),
        **both("arnequals", "arnnotequals", lambda values, variables: any_arn(values, variables=variables)),
        **both("ipaddress", "notipaddress", lambda values, variables: among_addresses(values)),
        **both("numericequals", "numericnotequals", numbers("==")),
        **both("dateequals", "datenotequals", dates("==")),
    }
    for word, relation in (
        ("lessthan", "<"),
        ("lessthanequals", "<="),
        ("greaterthan", ">"),
        ("greaterthanequals", ">="),
    ):
        found[f"numeric{word}"] = (numbers(relation), False)
        found[f"date{word}"] = (dates(relation), False)
    return found
