"""Assignments in a shell file, read and never run: what only a shell could tell is said to be unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from xacct.imported.found import malformed
from xacct.problem import Place, Problem

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNMENT = re.compile(r"(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)=")
_BLOCKS = {"if": 1, "for": 1, "while": 1, "until": 1, "case": 1, "fi": -1, "done": -1, "esac": -1}


class Unclosed(Exception):
    """A quote that does not end on its line."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One variable: its line, and its value, or None where only a shell could tell it."""

    name: str
    line: int
    value: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """The variables of a file by name (the last assignment counts), with the lines that say something else."""

    variables: Mapping[str, Assignment]
    skipped: tuple[int, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_shell(text: str, file: str) -> Shell:
    """Every ``NAME=VALUE`` and ``export NAME=VALUE`` at the top level of the file.

    Quotes, backslashes and the file's own variables are understood. Command substitution, arithmetic, and what
    stands within if, for, while or case is not: a variable that depends on it has no value.
    """
    variables: dict[str, Assignment] = {}
    skipped: list[int] = []
    problems: list[Problem] = []
    depth = 0
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        first = re.split(r"[\s;]", bare, maxsplit=1)[0]
        turn = sum(_BLOCKS.get(word, 0) for word in re.split(r"[\s;]+", bare))
        if depth or turn or first in _BLOCKS:
            depth = max(0, depth + turn)
            skipped.append(number)
            for name in re.findall(r"(?:^|[\s;])(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=", line):
                variables[name] = Assignment(name, number, None)
            continue
        if not _ASSIGNMENT.match(bare):
            skipped.append(number)
            continue
        try:
            for name, value in _assignments(bare, variables):
                variables[name] = Assignment(name, number, value)
        except Unclosed:
            problems.append(
                malformed(
                    Place(file, number, 1),
                    "A quote begins on this line and does not end on it.",
                    "Close the quote.",
                )
            )
    return Shell(variables=variables, skipped=tuple(skipped), problems=tuple(problems))


def _assignments(line: str, known: Mapping[str, Assignment]) -> Iterator[tuple[str, str | None]]:
    """The assignments of one line, as far as a comment or another command."""
    at = 0
    while found := _ASSIGNMENT.match(line, at):
        value, at = _value(line, found.end(), known)
        yield found["name"], value
        while at < len(line) and line[at] in " \t;":
            at += 1


def _value(line: str, at: int, known: Mapping[str, Assignment]) -> tuple[str | None, int]:
    """A word from ``at`` on, without its quotes; None where a part of it is unknown."""
    parts: list[str | None] = []
    while at < len(line) and line[at] not in " \t;&|<>":
        match line[at]:
            case "'":
                end = line.find("'", at + 1)
                if end < 0:
                    raise Unclosed
                parts.append(line[at + 1 : end])
                at = end + 1
            case '"':
                inside, at = _double(line, at + 1, known)
                parts += inside
            case "\\":
                parts.append(line[at + 1 : at + 2])
                at += 2
            case "$" | "`":
                part, at = _expanded(line, at, known)
                parts.append(part)
            case character:
                parts.append(character)
                at += 1
    return _joined(parts), at


def _double(line: str, at: int, known: Mapping[str, Assignment]) -> tuple[list[str | None], int]:
    parts: list[str | None] = []
    while at < len(line):
        match line[at]:
            case '"':
                return parts, at + 1
            case "\\" if line[at + 1 : at + 2] in ("$", "`", '"', "\\"):
                parts.append(line[at + 1])
                at += 2
            case "$" | "`":
                part, at = _expanded(line, at, known)
                parts.append(part)
            case character:
                parts.append(character)
                at += 1
    raise Unclosed


def _expanded(line: str, at: int, known: Mapping[str, Assignment]) -> tuple[str | None, int]:
    """What stands for a ``$`` or a backquote, and where it ends."""
    if line[at] == "`":
        end = line.find("`", at + 1)
        if end < 0:
            raise Unclosed
        return None, end + 1
    if line.startswith("$(", at):
        return None, _closing(line, at + 1, "(", ")")
    if line.startswith("${", at):
        end = _closing(line, at + 1, "{", "}")
        name = line[at + 2 : end - 1]
        return (_known(name, known) if _NAME.fullmatch(name) else None), end
    named = _NAME.match(line, at + 1)
    if named:
        return _known(named.group(), known), named.end()
    if at + 1 < len(line) and line[at + 1] in "?$!#*@-0123456789":
        return None, at + 2
    return "$", at + 1


def _closing(line: str, at: int, opened: str, closed: str) -> int:
    """Just behind the bracket that closes the one at ``at``."""
    depth = 0
    for index in range(at, len(line)):
        depth += (line[index] == opened) - (line[index] == closed)
        if depth == 0:
            return index + 1
    raise Unclosed


def _known(name: str, known: Mapping[str, Assignment]) -> str | None:
    found = known.get(name)
    return found.value if found else None


def _joined(parts: list[str | None]) -> str | None:
    if any(part is None for part in parts):
        return None
    return "".join(part for part in parts if part is not None)
