"""Wildcards and policy variables: what a pattern of a policy matches."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from re import Pattern
from typing import TypeAlias

Context: TypeAlias = Mapping[str, tuple[str, ...]]
"""Condition keys in lower case with their values; a key that is not there is absent."""

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_DEFAULT = re.compile(r"\s*([^,\s]+)\s*,\s*'([^']*)'\s*")
_LITERALS = {"*": re.escape("*"), "?": re.escape("?"), "$": re.escape("$")}
_SEGMENTS = 6


@lru_cache(maxsize=65536)
def glob(pattern: str) -> Pattern[str]:
    """The pattern as a regular expression: ``*`` is any text, ``?`` any one character."""
    return re.compile(_translated(pattern), re.DOTALL)


@lru_cache(maxsize=65536)
def has_variables(pattern: str) -> bool:
    """Whether a policy variable stands in it."""
    return "${" in pattern and _VARIABLE.search(pattern) is not None


def resolved(pattern: str, context: Context) -> Pattern[str] | None:
    """The pattern with its variables replaced by their values, in which ``*`` and ``?`` are plain characters.

    None where a variable has no value and no default: then the pattern matches nothing. IAM User Guide,
    "IAM policy elements: Variables and tags".
    """
    pieces: list[str] = []
    end = 0
    for found in _VARIABLE.finditer(pattern):
        pieces.append(_translated(pattern[end : found.start()]))
        end = found.end()
        value = _value(found.group(1), context)
        if value is None:
            return None
        pieces.append(value)
    pieces.append(_translated(pattern[end:]))
    return re.compile("".join(pieces), re.DOTALL)


def matches(pattern: str, text: str, context: Context | None) -> bool:
    """Whether a text matches; ``context`` is None where variables are plain text (Version 2008-10-17)."""
    if context is not None and has_variables(pattern):
        expression = resolved(pattern, context)
        return expression is not None and expression.fullmatch(text) is not None
    return glob(pattern).fullmatch(text) is not None


def matches_resource(pattern: str, resource: str, context: Context | None) -> bool:
    """Whether a resource matches a pattern, segment by segment; missing segments of a pattern are ``*``.

    IAM User Guide, "IAM JSON policy elements: Resource".
    """
    if pattern == "*":
        return True
    if not pattern.startswith("arn:") or not resource.startswith("arn:"):
        return matches(pattern, resource, context)
    return matches_segments(pattern, resource, context)


def matches_segments(pattern: str, text: str, context: Context | None) -> bool:
    """Whether two ARNs match, each of the six segments by itself."""
    wanted = pattern.split(":", _SEGMENTS - 1)
    given = text.split(":", _SEGMENTS - 1)
    if len(given) != _SEGMENTS:
        return False
    if context is not None and has_variables(pattern):
        # A variable with a default may hold a colon in its braces; then only the whole can be matched.
        if len(_VARIABLE.sub("", pattern).split(":", _SEGMENTS - 1)) == _SEGMENTS:
            wanted = _split_outside_variables(pattern)
        else:
            return matches(pattern, text, context)
    wanted += ["*"] * (_SEGMENTS - len(wanted))
    return all(matches(part, value, context) for part, value in zip(wanted, given, strict=True))


def _split_outside_variables(pattern: str) -> list[str]:
    parts: list[str] = []
    current, depth = "", 0
    for number, character in enumerate(pattern):
        if pattern.startswith("${", number):
            depth += 1
        if character == "}" and depth:
            depth -= 1
        if character == ":" and not depth and len(parts) < _SEGMENTS - 1:
            parts.append(current)
            current = ""
        else:
            current += character
    return [*parts, current]


def _translated(pattern: str) -> str:
    return "".join(
        ".*" if character == "*" else "." if character == "?" else re.escape(character)
        for character in pattern
    )


def _value(name: str, context: Context) -> str | None:
    """A variable's value, escaped; None where it has none."""
    if name in _LITERALS:
        return _LITERALS[name]
    default = _DEFAULT.fullmatch(name)
    key = (default.group(1) if default else name.strip()).lower()
    values = context.get(key, ())
    if len(values) == 1:
        return re.escape(values[0])
    return re.escape(default.group(2)) if default else None
