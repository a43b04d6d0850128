"""What verify found: for people, grouped by link, and for programs, by ``schemas/findings.v1.json``."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from xacct import __version__
from xacct.check import Decision, Finding, Outcome, Want
from xacct.errors import ExitCode

FORMAT = 1
_WIDTH = 110
_INDENT = " " * 17
_MARKS = {
    Outcome.AS_DECLARED: "ok",
    Outcome.MISSING: "MISSING",
    Outcome.TOO_WIDE: "TOO WIDE",
    Outcome.NOT_ENFORCED: "NOT ENFORCED",
    Outcome.NOT_TRIED: "not tried",
    Outcome.UNKNOWN: "UNKNOWN",
}
_RESULTS = {
    ExitCode.DONE: "Nothing is missing or too wide, as far as the platform enforces it.",
    ExitCode.MISSING: "Declared access is missing.",
    ExitCode.TOO_WIDE: "Access is wider than declared.",
    ExitCode.UNKNOWN: "Nothing wrong was seen, but not everything could be tried.",
}
_SECTIONS = {Want.ALLOWED: "What must work", Want.DENIED: "What must not"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run of verify: its findings, sentences on the run as a whole, and the exit code it comes to."""

    manifest: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    code: ExitCode


def findings_json(report: Report) -> dict[str, Any]:
    """The whole report as plain values."""
    return {
        "format": FORMAT,
        "xacct": __version__,
        "manifest": report.manifest,
        "exit_code": int(report.code),
        "counts": {outcome.value: _number(report.findings, outcome) for outcome in Outcome},
        "notes": list(report.notes),
        "findings": [_plain(finding) for finding in report.findings],
    }


def _plain(finding: Finding) -> dict[str, Any]:
    check, why = finding.check, finding.why
    return {
        "link": check.link,
        "check": check.name,
        "caller": check.caller.arn,
        "role": check.role,
        "action": check.action,
        "resource": check.resource,
        "prefix": check.prefix,
        "key": check.key,
        "want": check.want.value,
        "outcome": finding.outcome.value,
        "tried": finding.tried,
        "decided": finding.decided.value if finding.decided else None,
        "layer": why.layer.value if why else None,
        "detail": finding.detail,
        "why": why.text if why else "",
        "fix": finding.fix,
        "paste": json.loads(why.paste) if why and why.paste else None,
        "said": finding.said,
        "notes": list(finding.notes),
        "seen": list(finding.seen),
        "place": str(check.place) if check.place else None,
    }


def findings_text(report: Report, verbose: int = 0) -> str:
    """Each link with what must work and what must not, what was listed, a summary, and what to do next."""
    found = report.findings
    lines: list[str] = []
    for link in dict.fromkeys(finding.check.link for finding in found):
        lines += [f"Link {link}", ""]
        reasons: set[tuple[str, str]] = set()
        explained: set[tuple[str, ...]] = set()
        for want, title in _SECTIONS.items():
            mine = [one for one in found if one.check.link == link and one.check.want is want]
            if mine:
                lines.append(f"  {title}:")
                for finding in mine:
                    reason = (finding.detail, finding.fix)
                    again = finding.outcome is Outcome.NOT_TRIED and not finding.notes and reason in reasons
                    lines += [_again(finding)] if again else _lines(finding, verbose, explained)
                    reasons.add(reason)
                lines.append("")
    lines += _listings(found)
    lines += report.notes
    lines += [""] if report.notes else []
    lines += _summary(report)
    return "\n".join(lines) + "\n"


def _lines(finding: Finding, verbose: int, explained: set[tuple[str, ...]]) -> Iterator[str]:
    """A finding; what explains it stands once, and ``explained`` keeps what stands already."""
    fine = finding.outcome is Outcome.AS_DECLARED
    brief = finding.detail.rstrip(".") if fine and finding.check.want is Want.ALLOWED else ""
    yield f"    {_MARKS[finding.outcome]:<12} {finding.check.name}{f': {brief}' if brief else ''}"
    if fine:
        if verbose and finding.said:
            yield from _part("service", finding.said)
    else:
        yield from _part("", finding.detail)
        reasons = tuple(_explained(finding))
        given = finding.why is not None and finding.why.text != finding.detail
        yield from _part("why", "as above") if given and reasons in explained else reasons
        explained.add(reasons)
    for note in finding.notes:
        yield from _part("note", note)


def _again(finding: Finding) -> str:
    """One line for what was not tried for a reason that stands above already."""
    decided = f", {_decided(finding.decided)}" if finding.decided is not None else ""
    return f"    {_MARKS[finding.outcome]:<12} {finding.check.name}: as above{decided}"


def _decided(decision: Decision) -> str:
    return f"{'not decided' if decision is Decision.OPEN else decision.value} by the documents"


def _explained(finding: Finding) -> Iterator[str]:
    why = finding.why
    if finding.decided is not None:
        tried = "" if finding.decided is Decision.OPEN else ", not tried"
        yield from _part("decided", f"{_decided(finding.decided)}{tried}")
    if why is not None and why.layer.value != "unknown":
        yield from _part("layer", why.layer.value)
    if why is not None and why.text != finding.detail:
        yield from _part("why", why.text)
    if finding.said:
        yield from _part("service", finding.said)
    if why is not None and why.fix:
        yield from _part("do", why.fix)
    if why is not None and why.paste:
        yield f"{_INDENT}{'paste':<8} {why.paste}"


def _part(title: str, text: str) -> Iterator[str]:
    first = f"{_INDENT}{title:<8} " if title else _INDENT
    wrapped = textwrap.wrap(
        text,
        width=_WIDTH,
        initial_indent=first,
        subsequent_indent=_INDENT + (" " * 9 if title else ""),
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield from wrapped or [first.rstrip()]


def _listings(findings: Sequence[Finding]) -> Iterator[str]:
    for finding in findings:
        if finding.seen:
            bucket = finding.check.resource.rpartition(":")[2]
            where = f"{bucket}/{finding.check.prefix}" if finding.check.prefix else bucket
            yield f"Bucket Information [{where}]:"
            yield "-" * 60
            yield from (f"\t{key}" for key in finding.seen)
            yield ""


def _summary(report: Report) -> Iterator[str]:
    found = report.findings
    if not found:
        yield "Nothing to check."
        return
    tally = [f"{number} {outcome.value}" for outcome in Outcome if (number := _number(found, outcome))]
    counted = "1 check" if len(found) == 1 else f"{len(found)} checks"
    plain = report.code is ExitCode.DONE and len(tally) == 1
    yield f"{counted}: {', '.join(tally)}. {'' if plain else _RESULTS.get(report.code, '')}".rstrip()
    steps = list(_next(found))
    if steps:
        yield ""
        yield "Next:"
        for step in steps:
            yield from textwrap.wrap(
                step, width=_WIDTH, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False
            )


def _next(findings: Sequence[Finding]) -> Iterator[str]:
    """What to do, the worst first, each thing once."""
    order = (Outcome.TOO_WIDE, Outcome.MISSING, Outcome.UNKNOWN, Outcome.NOT_TRIED, Outcome.NOT_ENFORCED)
    said: set[str] = set()
    for outcome in order:
        for finding in findings:
            if finding.outcome is outcome and finding.fix and finding.fix not in said:
                said.add(finding.fix)
                yield finding.fix


def _number(findings: Sequence[Finding], outcome: Outcome) -> int:
    return sum(1 for finding in findings if finding.outcome is outcome)
