"""The texts that patterns stand for, as sets: whether some text is in these and not in those, and which.

A pattern is a row of tokens; a union of patterns is a small automaton, made as far as it is walked.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from typing import TypeAlias

MOST_STATES = 20_000


class TooLarge(Exception):
    """A search that was given up; nothing follows from it."""


@dataclass(frozen=True, slots=True)
class Token:
    """One place of a pattern: one of ``chars`` (any, where empty), none of ``but``; a star repeats it."""

    chars: str = ""
    but: str = ""
    star: bool = False

    def takes(self, character: str) -> bool:
        """Whether a character can stand at this place."""
        return character not in self.but and (not self.chars or character in self.chars)


Pattern: TypeAlias = tuple[Token, ...]
ANY = Token(star=True)
ONE = Token()


def tokens(text: str, *, wild: bool = True, but: str = "", fold: bool = False) -> Pattern:
    """A text as tokens: ``*`` and ``?`` are wildcards where ``wild``; they do not take the characters ``but``."""
    found: list[Token] = []
    for character in text:
        if wild and character in "*?":
            found.append(Token(but=but, star=character == "*"))
        else:
            both = (
                f"{character.lower()}{character.upper()}"
                if fold and character.lower() != character.upper()
                else ""
            )
            found.append(Token(chars=both or character))
    return tuple(found)


def segmented(segments: Sequence[Pattern]) -> Pattern:
    """Segments of an ARN, joined by colons."""
    found: list[Token] = []
    for number, segment in enumerate(segments):
        if number:
            found.append(Token(chars=":"))
        found += segment
    return tuple(found)


def meet(one: Pattern, other: Pattern) -> bool:
    """Whether some text fits both patterns; in no more steps than the product of their lengths."""
    places = [(0, 0)]
    seen = set(places)
    while places:
        here, there = places.pop()
        a = one[here] if here < len(one) else None
        b = other[there] if there < len(other) else None
        if a is None and b is None:
            return True
        after = []
        if a is not None and a.star:
            after.append((here + 1, there))
        if b is not None and b.star:
            after.append((here, there + 1))
        if a is not None and b is not None and _share(a, b):
            after.append((here + (not a.star), there + (not b.star)))
        for place in after:
            if place not in seen:
                seen.add(place)
                places.append(place)
    return False


def _share(one: Token, other: Token) -> bool:
    """Whether some character can stand at both places; beside the excluded ones there are always more."""
    if one.chars:
        return any(one.takes(character) and other.takes(character) for character in one.chars)
    return not other.chars or _share(other, one)


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """A union of patterns."""

    patterns: tuple[Pattern, ...]
    literal: tuple[str, ...] | None
    beginnings: tuple[str, ...]
    symbols: tuple[str, ...]
    samples: tuple[str, ...]
    _compiled: dict[Callable[[Token], str], re.Pattern[str]] = field(default_factory=dict)
    _steps: dict[tuple[frozenset[int], str], frozenset[int]] = field(default_factory=dict)
    _places: tuple[Token | None, ...] = ()

    @classmethod
    def of(cls, patterns: Iterable[Pattern]) -> Language:
        """The language of these patterns; the same patterns give the same object."""
        return _language(tuple(dict.fromkeys(patterns)))

    def has(self, text: str) -> bool:
        """Whether a text is one of them."""
        if self.literal is not None:
            return text in self.literal
        return self._made(_expression).fullmatch(text) is not None

    def covers(self, symbols: str) -> bool:
        """Whether a pattern, given as symbols, lies within one of these; False says nothing."""
        return self._made(_covering).fullmatch(symbols) is not None

    def meets(self, pattern: Pattern) -> bool:
        """Whether a text of a pattern is one of them."""
        start = _beginning(pattern)
        for mine, beginning in zip(self.patterns, self.beginnings, strict=True):
            common = min(len(start), len(beginning))
            if start[:common] == beginning[:common] and meet(mine[common:], pattern[common:]):
                return True
        return False

    def _made(self, of_token: Callable[[Token], str]) -> re.Pattern[str]:
        """The patterns as one expression, token by token, made once."""
        found = self._compiled.get(of_token)
        if found is None:
            each = ("".join(map(of_token, pattern)) for pattern in self.patterns)
            found = re.compile("|".join(each) if self.patterns else r"(?!)", re.DOTALL)
            self._compiled[of_token] = found
        return found

    def start(self) -> frozenset[int]:
        """The state before the first character."""
        places: set[int] = set()
        at = 0
        for pattern in self.patterns:
            places.add(at)
            at += len(pattern) + 1
        return self._closed(places)

    def step(self, state: frozenset[int], character: str) -> frozenset[int]:
        """The state after one more character; empty where nothing can follow."""
        known = self._steps.get((state, character))
        if known is None:
            after: set[int] = set()
            for place in state:
                token = self._places[place]
                if token is not None and token.takes(character):
                    after.add(place if token.star else place + 1)
            known = self._closed(after)
            self._steps[state, character] = known
        return known

    def ends(self, state: frozenset[int]) -> bool:
        """Whether a text may end here."""
        return any(self._places[place] is None for place in state)

    def _closed(self, places: set[int]) -> frozenset[int]:
        closed = set(places)
        for place in places:
            while (token := self._places[place]) is not None and token.star:
                place += 1
                closed.add(place)
        return frozenset(closed)


@lru_cache(maxsize=65536)
def _language(patterns: tuple[Pattern, ...]) -> Language:
    places: list[Token | None] = []
    for pattern in patterns:
        places += [*pattern, None]
    literal = None
    if all(not token.star and len(token.chars) == 1 for pattern in patterns for token in pattern):
        literal = tuple("".join(token.chars for token in pattern) for pattern in patterns)
    return Language(
        patterns=patterns,
        literal=literal,
        beginnings=tuple(map(_beginning, patterns)),
        symbols=tuple("".join(map(_symbol, pattern)) for pattern in patterns),
        samples=tuple(_sample(pattern, star) for star in ("x", "") for pattern in patterns),
        _places=tuple(places),
    )


def _beginning(pattern: Pattern) -> str:
    """What every text of a pattern begins with."""
    text = ""
    for token in pattern:
        if token.star or len(token.chars) != 1:
            break
        text += token.chars
    return text


def _sample(pattern: Pattern, star: str) -> str:
    """One text of a pattern, as a person would make one up."""
    return "".join(star if token.star else token.chars[:1] or "x" for token in pattern)


_ANY_TEXT, _TEXT_WITHIN, _ANY_ONE, _ONE_WITHIN = "\1", "\2", "\3", "\4"
"""Symbols for a star and for one character, with and without characters that they do not take."""


def _symbol(token: Token) -> str:
    """A token as a symbol that only a token that takes at least as much can match."""
    if len(token.chars) == 1 and not token.star:
        return token.chars
    if token.chars or (token.but and ":" not in token.but):
        return "\5"  # matched by nothing but a star without exceptions
    if token.star:
        return _TEXT_WITHIN if token.but else _ANY_TEXT
    return _ONE_WITHIN if token.but else _ANY_ONE


def _covering(token: Token) -> str:
    """An expression that matches the symbols of what a token takes."""
    if token.chars:
        return _expression(token) if not token.star else re.escape("\6")
    if token.star:
        return (
            f"[^{re.escape(token.but)}{_ANY_TEXT}{_ANY_ONE}\5]*"
            if token.but == ":"
            else "\6"
            if token.but
            else ".*"
        )
    if token.but:
        return f"[^{re.escape(token.but)}{_ANY_TEXT}{_TEXT_WITHIN}{_ANY_ONE}\5]" if token.but == ":" else "\6"
    return f"[^{_ANY_TEXT}{_TEXT_WITHIN}\5]"


def _expression(token: Token) -> str:
    if token.chars:
        one = re.escape(token.chars) if len(token.chars) == 1 else f"[{re.escape(token.chars)}]"
    else:
        one = f"[^{re.escape(token.but)}]" if token.but else "."
    return f"{one}*" if token.star else one


@lru_cache(maxsize=262144)
def witness(inside: tuple[Language, ...], outside: tuple[Language, ...]) -> str | None:
    """A short text that is in all of ``inside`` and in none of ``outside``; None where there is none.

    Raises:
        TooLarge: more states than anybody would wait for.
    """
    for language in inside:
        if language.literal is not None:
            for text in language.literal:
                if all(one.has(text) for one in inside) and not any(one.has(text) for one in outside):
                    return text
            return None
    if any(_apart(one, other) for one, other in combinations(inside, 2)):
        return None
    near = tuple(one for one in outside if not any(_apart(one, other) for other in inside))
    if any(_covered(one, near) for one in inside):
        return None
    for language in inside:
        for text in language.samples:
            if all(one.has(text) for one in inside) and not any(one.has(text) for one in near):
                return text
    return _search(inside, near)


def _apart(one: Language, other: Language) -> bool:
    """Whether no text is in both because they begin differently; False says nothing."""
    return not any(a.startswith(b) or b.startswith(a) for a in one.beginnings for b in other.beginnings)


def _covered(one: Language, languages: tuple[Language, ...]) -> bool:
    """Whether each pattern lies within a single pattern of these; False says nothing."""
    return all(any(language.covers(text) for language in languages) for text in one.symbols)


def _search(inside: tuple[Language, ...], outside: tuple[Language, ...]) -> str | None:
    everything = (*inside, *outside)
    alphabet = _alphabet(everything)
    start = tuple(one.start() for one in everything)
    seen = {start}
    queue: deque[tuple[tuple[frozenset[int], ...], str]] = deque([(start, "")])
    while queue:
        states, text = queue.popleft()
        if all(one.ends(state) for one, state in zip(inside, states, strict=False)) and not any(
            one.ends(state) for one, state in zip(outside, states[len(inside) :], strict=True)
        ):
            return text
        for character in alphabet:
            after = tuple(one.step(state, character) for one, state in zip(everything, states, strict=True))
            if not all(after[: len(inside)]) or after in seen:
                continue
            seen.add(after)
            if len(seen) > MOST_STATES:
                raise TooLarge
            queue.append((after, text + character))
    return None


def _alphabet(languages: Iterable[Language]) -> tuple[str, ...]:
    """Every character that a pattern tells apart, and one that none does: all others behave as that one."""
    told: set[str] = set()
    for language in languages:
        for pattern in language.patterns:
            for token in pattern:
                told.update(token.chars, token.but)
    fresh = next(
        one
        for one in (*"xyzabcdefghijklmnopqrstuvw0123456789", *map(chr, range(0x100, 0x300)))
        if one not in told
    )
    return (fresh, *sorted(told))
