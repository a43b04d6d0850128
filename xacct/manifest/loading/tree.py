"""YAML as a tree in which every key and value knows its file, line and column.

Only PyYAML's parser of events is used; what the values are is decided here: ``true`` and ``false``, ``null``,
short integers and decimals are what they look like, everything else is text. So ``no``, dates and account
ids stay what the author wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from xacct.problem import Place, Problem

DEEPEST = 40
MOST_NODES = 500_000
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,8})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,8})\.[0-9]{1,9}")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value; ``quoted`` tells whether the author put it in quotes."""

    value: str | int | float | bool | None
    place: Place
    text: str = ""
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping, in the order of the file; each key with its own place."""

    members: dict[str, Node]
    place: Place
    keys: dict[str, Place] = field(default_factory=dict)


Node: TypeAlias = Scalar | Items | Table


def plain(node: Node) -> Any:
    """The values alone, for the schema."""
    match node:
        case Scalar(value=value):
            return value
        case Items(items=items):
            return [plain(item) for item in items]
        case Table(members=members):
            return {key: plain(value) for key, value in members.items()}


def parse_tree(text: str, file: str) -> tuple[Node | None, list[Problem]]:
    """The one document of a YAML text and what is wrong with it; no document where that cannot be read."""
    problems: list[Problem] = []
    odd = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]", text)
    if odd:
        return None, [_unreadable(text, odd.start(), file, "It holds a control character.")]
    depth = _too_deep(text)
    if depth is not None:
        return None, [_unreadable(text, depth, file, f"It is nested more than {DEEPEST} levels deep.")]
    builder = _Builder(file, problems)
    try:
        node = builder.document(iter(yaml.parse(text, Loader=yaml.CSafeLoader)))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        why = getattr(error, "problem", None) or "it cannot be read"
        problems.append(
            Problem(
                summary="Not YAML",
                detail=f"The file is no YAML: {why}.",
                fix="Correct it at this place, or just before.",
                place=place,
            )
        )
        return None, problems
    except _Stop:
        return None, problems
    return node, problems


def _too_deep(text: str) -> int | None:
    """Where brackets are nested too deep; the C parser would take the process down with it."""
    depth = 0
    for found in re.finditer(r"[\[\]{}]", text):
        depth += 1 if found.group() in "[{" else -1
        depth = max(depth, 0)
        if depth > DEEPEST * 5:
            return found.start()
    return None


def _unreadable(text: str, at: int, file: str, detail: str) -> Problem:
    line = text.count("\n", 0, at) + 1
    return Problem(
        summary="Not a manifest",
        detail=detail,
        fix="Write plain YAML.",
        place=Place(file, line, at - (text.rfind("\n", 0, at) + 1) + 1),
    )


class _Stop(Exception):
    """The rest of the document makes no sense any more; the problem is noted."""


class _Builder:
    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems
        self.anchors: dict[str, Node] = {}
        self.count = 0

    def document(self, events: Iterator[yaml.Event]) -> Node | None:
        """The first document; a second one is a problem."""
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._wrong(
                        event,
                        "A second document",
                        "A manifest is one YAML document; what follows would be ignored.",
                        "Take out the line with ---, or put the second part into a file of its own.",
                    )
                    raise _Stop
            elif isinstance(event, yaml.NodeEvent):
                root = self.node(event, events, 0)
        return root

    def node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
        """The node that begins with this event."""
        self._limit(event, depth)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            self._wrong(event, "A tag", f"The tag {tag} has no meaning in a manifest.", "Take it out.")
        made: Node
        if isinstance(event, yaml.ScalarEvent):
            made = _scalar(event, self._place(event))
        elif isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(inner := next(events), yaml.SequenceEndEvent):
                items.append(self.node(inner, events, depth + 1))
            made = Items(tuple(items), self._place(event))
        else:
            made = self._table(event, events, depth)
        if getattr(event, "anchor", None):
            self.anchors[str(event.anchor)] = made  # type: ignore[attr-defined]  # checked just above
        return made

    def _table(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Table:
        table = Table({}, self._place(event))
        while not isinstance(inner := next(events), yaml.MappingEndEvent):
            key = self.node(inner, events, depth + 1)
            value = self.node(next(events), events, depth + 1)
            if not isinstance(key, Scalar):
                self._wrong(inner, "A key that is no text", "A key must be a plain text.", "Write a name.")
                continue
            name = key.text
            if name == "<<":
                self._wrong(inner, "A merge key", "<< is not supported here.", "Write the keys out.")
            elif name in table.members:
                self._wrong(
                    inner,
                    "The same key twice",
                    f'"{name}" stands here and at {table.keys[name]}; only one of them would count.',
                    "Take one out, or give it another name.",
                )
            else:
                table.members[name] = value
                table.keys[name] = key.place
        return table

    def _alias(self, event: yaml.AliasEvent) -> Node:
        found = self.anchors.get(str(event.anchor))
        if found is None:
            self._wrong(event, "Unknown anchor", f"*{event.anchor} refers to nothing.", "Define it before.")
            raise _Stop
        self.count += _size(found)
        self._limit(event, 0)
        return found

    def _limit(self, event: yaml.Event, depth: int) -> None:
        self.count += 1
        if depth > DEEPEST:
            self._wrong(event, "Nested too deep", f"More than {DEEPEST} levels.", "Write it flatter.")
            raise _Stop
        if self.count > MOST_NODES:
            self._wrong(
                event,
                "Too large",
                f"The file expands to more than {MOST_NODES:,} values.",
                "Use fewer aliases, or several files.",
            )
            raise _Stop

    def _place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return Place(self.file, mark.line + 1, mark.column + 1) if mark else Place(self.file)

    def _wrong(self, event: yaml.Event, summary: str, detail: str, fix: str) -> None:
        self.problems.append(Problem(summary=summary, detail=detail, fix=fix, place=self._place(event)))


def _scalar(event: yaml.ScalarEvent, place: Place) -> Scalar:
    text: str = event.value
    if event.style:  # the C parser says "" of a plain one
        return Scalar(text, place, text, quoted=True)
    if text in _WORDS:
        return Scalar(_WORDS[text], place, text)
    if _INTEGER.fullmatch(text):
        return Scalar(int(text), place, text)
    if _DECIMAL.fullmatch(text):
        return Scalar(float(text), place, text)
    return Scalar(text, place, text)


def _size(node: Node) -> int:
    match node:
        case Scalar():
            return 1
        case Items(items=items):
            return 1 + sum(map(_size, items))
        case Table(members=members):
            return 1 + sum(map(_size, members.values()))
