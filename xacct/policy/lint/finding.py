"""One remark on a policy document, with its place and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from xacct.problem import Place, Severity

Kind: TypeAlias = Literal["identity", "trust", "resource", "kms", "scp"]
KINDS: tuple[Kind, ...] = ("identity", "trust", "resource", "kms", "scp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule says of one place. ``rule`` is a stable id; ``path`` reads ``Statement[0].Action[1]``.

    ``message`` says what is wrong and why it matters, ``fix`` what to do; both are full sentences.
    """

    rule: str
    severity: Severity
    path: str
    message: str
    fix: str
    place: Place

    def as_dict(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "path": self.path,
            "message": self.message,
            "fix": self.fix,
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
        }

    def __str__(self) -> str:
        """As compilers write it, with the fix below."""
        where = f"{self.place}: {self.severity.value}: {self.path or 'document'}"
        return f"{where}: {self.message} [{self.rule}]\n  {self.fix}"
