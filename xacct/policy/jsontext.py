"""JSON with the place of every value: a tree of nodes that know where in the text they stand."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
DEEPEST = 50
LONGEST = 4000


class JsonFault(ValueError):
    """Text that is no JSON; ``at`` is the offset where it stops being so."""

    def __init__(self, at: int, why: str) -> None:
        super().__init__(why)
        self.at = at
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value and its place: a ``JsonObject``, a ``JsonList``, or the plain value itself."""

    value: Any
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class JsonObject:
    """The members in their order, equal keys included."""

    members: list[tuple[str, int, Node]]


@dataclass(frozen=True, slots=True)
class JsonList:
    """The items in their order."""

    items: list[Node]


def parse_json(text: str) -> Node:
    """The tree of a JSON text.

    Raises:
        JsonFault: it is none, or is nested deeper than any policy.
    """
    node = _value(text, _skip(text, 0), 0)
    end = _skip(text, node.end)
    if end != len(text):
        raise JsonFault(end, "something follows after the end of the document")
    return node


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _value(text: str, at: int, depth: int) -> Node:
    if depth > DEEPEST:
        raise JsonFault(at, f"it is nested more than {DEEPEST} levels deep")
    first = text[at : at + 1]
    if first == "{":
        return _object(text, at, depth)
    if first == "[":
        return _list(text, at, depth)
    if first == '"':
        return _string(text, at)
    for word, meaning in _WORDS.items():
        if text.startswith(word, at):
            return Node(value=meaning, start=at, end=at + len(word))
    number = _NUMBER.match(text, at)
    if number and number.end() > at:
        if len(number.group()) > LONGEST:
            raise JsonFault(at, f"a number of more than {LONGEST} characters")
        return Node(value=json.loads(number.group()), start=at, end=number.end())
    raise JsonFault(at, "a value is expected here" if first else "the text ends too early")


def _string(text: str, at: int) -> Node:
    found = _STRING.match(text, at)
    if not found:
        raise JsonFault(at, "this string is not closed, or holds a character that must be escaped")
    return Node(value=json.loads(found.group()), start=at, end=found.end())


def _object(text: str, at: int, depth: int) -> Node:
    members: list[tuple[str, int, Node]] = []
    here = _skip(text, at + 1)
    while text[here : here + 1] != "}":
        if members:
            here = _comma(text, here, "}")
        if text[here : here + 1] != '"':
            raise JsonFault(here, "a key in double quotes is expected here")
        key = _string(text, here)
        colon = _skip(text, key.end)
        if text[colon : colon + 1] != ":":
            raise JsonFault(colon, "a colon is expected after a key")
        value = _value(text, _skip(text, colon + 1), depth + 1)
        members.append((key.value, key.start, value))
        here = _skip(text, value.end)
    return Node(value=JsonObject(members), start=at, end=here + 1)


def _list(text: str, at: int, depth: int) -> Node:
    items: list[Node] = []
    here = _skip(text, at + 1)
    while text[here : here + 1] != "]":
        if items:
            here = _comma(text, here, "]")
        item = _value(text, here, depth + 1)
        items.append(item)
        here = _skip(text, item.end)
    return Node(value=JsonList(items), start=at, end=here + 1)


def _comma(text: str, at: int, closing: str) -> int:
    if text[at : at + 1] != ",":
        raise JsonFault(
            at, f"a comma or {closing} is expected here" if at < len(text) else "the text ends too early"
        )
    return _skip(text, at + 1)
