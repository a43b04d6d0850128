"""JSON for programs: one way to write it, so that the same value gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from xacct.check import Finding


def text_of(value: Any) -> str:
    """Indented JSON with a newline at the end; keys in the order in which they were made."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def findings_to_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """The findings of verify as plain values."""
    return [
        {
            "link": finding.check.link,
            "check": finding.check.name,
            "caller": finding.check.caller.arn,
            "action": finding.check.action,
            "resource": finding.check.resource,
            "want": finding.check.want.value,
            "outcome": finding.outcome.value,
            "detail": finding.detail,
            "fix": finding.fix,
            "seen": list(finding.seen),
        }
        for finding in findings
    ]
