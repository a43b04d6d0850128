"""What is wrong with an input, as a value that knows its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from xacct.errors import ExitCode, Refused, XacctError


class Severity(Enum):
    """How bad a problem is; only errors stop a run."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file; lines and columns count from 1, and 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """``file:line:column``, as compilers and editors write it."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with the input, or with what the input says of the live accounts.

    ``summary`` is a fixed phrase without names, so that tools can group by it; ``detail`` says what is wrong
    here and why it matters; ``fix`` what to do. ``detail`` and ``fix`` are full sentences.
    """

    summary: str
    detail: str
    fix: str
    place: Place | None = None
    severity: Severity = Severity.ERROR

    def as_dict(self) -> dict[str, str | None]:
        """The same for programs."""
        return {
            "severity": self.severity.value,
            "summary": self.summary,
            "detail": self.detail,
            "fix": self.fix,
            "place": str(self.place) if self.place else None,
        }

    def __str__(self) -> str:
        """The three or four lines that a person reads."""
        place = f"{self.place}: " if self.place else ""
        lines = [f"{place}{self.severity.value}: {self.summary}"]
        lines += [f"  {text}" for text in (self.detail, self.fix) if text]
        return "\n".join(lines)


class BadInput(XacctError):
    """Everything that is wrong with an input, at once; nothing was sent."""

    exit_code = ExitCode.PROBLEM

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Guarded(Refused):
    """Every guard that said no, at once; nothing was sent."""

    def __init__(self, guards: Iterable[Problem]) -> None:
        self.problems = tuple(guards)
        super().__init__("\n".join(str(guard) for guard in self.problems), fix="Nothing was sent.")


def errors(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Only those that stop a run."""
    return tuple(problem for problem in problems if problem.severity is Severity.ERROR)
