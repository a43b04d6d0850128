"""What verify found, as JUnit XML for CI: a suite for each link, a case for each check."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from xacct.check import Finding, Outcome
from xacct.errors import ExitCode
from xacct.render.findings import Report

_BROKEN = frozenset({Outcome.MISSING, Outcome.TOO_WIDE})
_SKIPPED = frozenset({Outcome.NOT_TRIED, Outcome.NOT_ENFORCED})
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped."""


def findings_junit(report: Report) -> str:
    """The whole report. Missing and too wide are failures, unknown is an error, what was not tried is skipped.

    Where strict judgement makes an exit code of what is not enforced, those are failures too.
    """
    broken = _broken(report)
    root = ElementTree.Element(
        "testsuites", _counts(report.findings, broken, f"xacct verify {report.manifest}")
    )
    for link in dict.fromkeys(finding.check.link for finding in report.findings):
        mine = tuple(finding for finding in report.findings if finding.check.link == link)
        suite = ElementTree.SubElement(root, "testsuite", _counts(mine, broken, link))
        for finding in mine:
            _case(suite, finding, broken)
    if report.notes:
        output = ElementTree.SubElement(root, "system-out")
        output.text = _clean("\n".join(report.notes))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _broken(report: Report) -> frozenset[Outcome]:
    strict = report.code is ExitCode.TOO_WIDE and not any(
        finding.outcome is Outcome.TOO_WIDE for finding in report.findings
    )
    return _BROKEN | {Outcome.NOT_ENFORCED} if strict else _BROKEN


def _counts(findings: tuple[Finding, ...], broken: frozenset[Outcome], name: str) -> dict[str, str]:
    outcomes = [finding.outcome for finding in findings]
    return {
        "name": _clean(name),
        "tests": str(len(outcomes)),
        "failures": str(sum(one in broken for one in outcomes)),
        "errors": str(outcomes.count(Outcome.UNKNOWN)),
        "skipped": str(sum(one in _SKIPPED - broken for one in outcomes)),
    }


def _case(suite: ElementTree.Element, finding: Finding, broken: frozenset[Outcome]) -> None:
    names = {"classname": _clean(finding.check.link), "name": _clean(finding.check.name)}
    case = ElementTree.SubElement(suite, "testcase", names)
    if finding.outcome is Outcome.AS_DECLARED:
        return
    if finding.outcome in broken:
        tag = "failure"
    elif finding.outcome is Outcome.UNKNOWN:
        tag = "error"
    else:
        tag = "skipped"
    layer = finding.why.layer.value if finding.why else "unknown"
    part = ElementTree.SubElement(case, tag, {"message": _clean(finding.detail)})
    if tag != "skipped":
        part.set("type", f"{finding.outcome.value}: {layer}")
    part.text = _clean(_body(finding)) or None


def _body(finding: Finding) -> str:
    why = finding.why
    parts = [
        f"Decided by the documents, not tried: {finding.decided.value}." if finding.decided else "",
        why.text if why and why.text != finding.detail else "",
        f"The service says: {finding.said}" if finding.said else "",
        finding.fix,
        why.paste if why else "",
        *finding.notes,
    ]
    return "\n".join(part for part in parts if part)


def _clean(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
