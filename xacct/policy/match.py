"""Wildcards and policy variables: what a pattern of a policy matches.

Sources: IAM User Guide, "IAM JSON policy elements: Resource" (each of the six segments of an ARN by itself,
missing segments are ``*``) and "IAM policy elements: Variables and tags" (a variable without a value and
without a default matches nothing; in its value ``*`` and ``?`` are plain characters).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from re import Pattern
from typing import TypeAlias

Context: TypeAlias = Mapping[str, tuple[str, ...]]
"""Condition keys in lower case with their values; a key that is not there is absent."""

Truth: TypeAlias = bool | None
"""True, False, or None for not decided."""

Match: TypeAlias = Callable[[str, Context, Collection[str]], Truth]
"""A text, the request's keys, and the keys of which nothing is known: whether the text is matched."""

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_DEFAULT = re.compile(r"\s*([^,\s]+)\s*,\s*'([^']*)'\s*")
_LITERALS = frozenset("*?$")
_SEGMENTS = 6
_ANY, _WITHIN = ".*", "[^:]*"


@dataclass(frozen=True, slots=True)
class Variable:
    """A policy variable: its key in lower case, and its default where it has one."""

    key: str
    default: str | None = None

    def value(self, context: Context) -> str | None:
        """The one value of its key, else the default; a key with several values has none to give."""
        values = context.get(self.key, ())
        return values[0] if len(values) == 1 else self.default


@dataclass(frozen=True, slots=True)
class Literal:
    """A character that stands for itself: ``${*}``, ``${?}`` or ``${$}``."""

    text: str


Piece: TypeAlias = str | Variable | Literal


@lru_cache(maxsize=65536)
def glob(pattern: str) -> Pattern[str]:
    """The pattern as a regular expression: ``*`` is any text, ``?`` any one character."""
    return re.compile(_expression([pattern], {}), re.DOTALL)


@lru_cache(maxsize=65536)
def pieces(pattern: str) -> tuple[Piece, ...]:
    """A pattern taken apart: plain text with its wildcards, and variables."""
    found: list[Piece] = []
    end = 0
    for variable in _VARIABLE.finditer(pattern):
        if variable.start() > end:
            found.append(pattern[end : variable.start()])
        end = variable.end()
        name = variable.group(1)
        if name in _LITERALS:
            found.append(Literal(name))
            continue
        default = _DEFAULT.fullmatch(name)
        found.append(
            Variable(default.group(1).lower(), default.group(2))
            if default
            else Variable(name.strip().lower())
        )
    if end < len(pattern):
        found.append(pattern[end:])
    return tuple(found)


def any_of(patterns: Iterable[str], *, variables: bool) -> Match:
    """Whether one of these patterns matches a whole text; ``variables`` is False before Version 2012-10-17."""
    return _matcher([_split(pattern, variables, segments=1) for pattern in patterns])


def any_resource(patterns: Iterable[str], *, variables: bool) -> Match:
    """Whether one of these patterns of a Resource element matches, segment by segment where it is an ARN."""
    return _matcher(
        [
            _split(pattern, variables, segments=_SEGMENTS if pattern.startswith("arn:") else 1)
            for pattern in patterns
        ]
    )


def any_arn(patterns: Iterable[str], *, variables: bool) -> Match:
    """Whether one of these patterns matches an ARN in a condition, segment by segment where it has all six."""
    return _matcher(
        [
            _split(pattern, variables, segments=_SEGMENTS)
            if len(_split(pattern, variables, segments=_SEGMENTS, fill=False)) == _SEGMENTS
            else _split(pattern, variables, segments=1)
            for pattern in patterns
        ]
    )


def any_text(texts: Iterable[str], *, variables: bool, fold: bool) -> Match:
    """Whether a text equals one of these, in which wildcards stand for themselves; ``fold`` ignores case."""
    parsed = [pieces(text) if variables else (text,) for text in texts]
    plain = frozenset(
        text.lower() if fold else text for text in (_plain(one) for one in parsed) if text is not None
    )
    moving = [one for one in parsed if _plain(one) is None]

    def match(text: str, context: Context, unknown: Collection[str]) -> Truth:
        text = text.lower() if fold else text
        if text in plain:
            return True
        truth: Truth = False
        for one in moving:
            value = _resolved(one, context, unknown)
            if value is None:
                truth = None
            elif value and (value[0].lower() if fold else value[0]) == text:
                return True
        return truth

    return match


def _plain(parsed: Sequence[Piece]) -> str | None:
    """The text of pieces without a variable."""
    if any(isinstance(piece, Variable) for piece in parsed):
        return None
    return "".join(piece.text if isinstance(piece, Literal) else str(piece) for piece in parsed)


def _resolved(
    parsed: Sequence[Piece], context: Context, unknown: Collection[str]
) -> tuple[str] | tuple[()] | None:
    """The text with its variables replaced; empty where one has no value, None where one is unknown."""
    text = ""
    for piece in parsed:
        match piece:
            case Variable(key):
                if key in unknown:
                    return None
                value = piece.value(context)
                if value is None:
                    return ()
                text += value
            case Literal(character):
                text += character
            case _:
                text += piece
    return (text,)


def _matcher(patterns: Sequence[Sequence[Sequence[Piece]]]) -> Match:
    """One matcher of patterns, each a list of segments: plain texts as a set, wildcards as one expression."""
    moving = [pattern for pattern in patterns if _variables(pattern)]
    plain = _Plain([pattern for pattern in patterns if not _variables(pattern)]).match
    if not moving:
        return plain

    def resolving(text: str, context: Context, unknown: Collection[str]) -> Truth:
        if plain(text, context, unknown):
            return True
        truth: Truth = False
        for pattern in moving:
            one = _fits(pattern, text, context, unknown)
            if one:
                return True
            truth = None if one is None else truth
        return truth

    return resolving


class _Plain:
    """Patterns without variables; the expression is made when the first text begins as one of them does."""

    __slots__ = ("_beginnings", "_full", "_texts", "_wild")

    def __init__(self, patterns: Sequence[Sequence[Sequence[Piece]]]) -> None:
        texts: list[str] = []
        self._wild: list[Sequence[Sequence[Piece]]] = []
        beginnings: list[str] = []
        for pattern in patterns:
            text = ":".join(_written(segment) for segment in pattern)
            if "\0" in text:
                self._wild.append(pattern)
                beginnings.append(text.partition("\0")[0])
            else:
                texts.append(text)
        self._texts = frozenset(texts)
        self._beginnings = tuple(beginnings)
        self._full: Callable[[str], object] | None = None

    def match(self, text: str, context: Context, unknown: Collection[str]) -> Truth:
        """Whether one of them matches."""
        if text in self._texts:
            return True
        if not text.startswith(self._beginnings):
            return False
        if self._full is None:
            expressions = [_segmented(pattern, {}) for pattern in self._wild]
            self._full = re.compile("|".join(expressions), re.DOTALL).fullmatch
        return self._full(text) is not None


def _written(segment: Sequence[Piece]) -> str:
    """A segment as text, with a NUL for every wildcard."""
    return "".join(
        piece.text if isinstance(piece, Literal) else str(piece).replace("*", "\0").replace("?", "\0")
        for piece in segment
    )


def _variables(pattern: Sequence[Sequence[Piece]]) -> list[Variable]:
    return [piece for segment in pattern for piece in segment if isinstance(piece, Variable)]


def _fits(pattern: Sequence[Sequence[Piece]], text: str, context: Context, unknown: Collection[str]) -> Truth:
    values: dict[Variable, str] = {}
    for variable in _variables(pattern):
        if variable.key in unknown:
            return None
        value = variable.value(context)
        if value is None:
            return False
        values[variable] = value
    for segment in pattern[:-1]:
        # A value with a colon would reach into the next segment.
        if any(isinstance(piece, Variable) and ":" in values[piece] for piece in segment):
            return False
    return re.fullmatch(_segmented(pattern, values), text, re.DOTALL) is not None


def _split(pattern: str, variables: bool, *, segments: int, fill: bool = True) -> list[list[Piece]]:
    """The segments of a pattern, split at the colons that stand outside of variables."""
    found: list[list[Piece]] = [[]]
    for piece in pieces(pattern) if variables else (pattern,):
        if not isinstance(piece, str):
            found[-1].append(piece)
            continue
        first, *rest = piece.split(":", segments - len(found)) if len(found) < segments else [piece]
        found[-1].append(first)
        found += [[part] for part in rest]
    if fill:
        found += [["*"] for _ in range(segments - len(found))]
    return found


def _segmented(pattern: Sequence[Sequence[Piece]], values: Mapping[Variable, str]) -> str:
    """The expression of a pattern: a wildcard in any but the last segment does not cross a colon."""
    *heads, tail = pattern
    return ":".join([*(_expression(head, values, _WITHIN) for head in heads), _expression(tail, values)])


def _expression(parsed: Iterable[Piece], values: Mapping[Variable, str], star: str = _ANY) -> str:
    one = "." if star == _ANY else "[^:]"
    text = ""
    for piece in parsed:
        match piece:
            case Variable():
                text += re.escape(values[piece])
            case Literal(character):
                text += re.escape(character)
            case _:
                text += "".join(
                    star if character == "*" else one if character == "?" else re.escape(character)
                    for character in piece
                )
    return text
