"""Every operator and every form of pattern, each put into an Allow and into a Deny: two decisions a row.

The rows are written from the IAM User Guide ("IAM JSON policy elements: Condition operators", "Set operators for
multivalued context keys", "Resource", "Variables and tags"), each with the section that says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xacct.policy.case import judge, read_case

TABLES = Path(__file__).parent / "tables"
WHO, OWNER = "arn:aws:iam::111111111111:user/anna", "111111111111"


def rows(name: str) -> list[str]:
    lines = (TABLES / name).read_text().splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


CONDITIONS, PATTERNS = rows("conditions.txt"), rows("patterns.txt")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split(" |")] if " | " in line else []


def decided(statements: list[dict[str, Any]], request: dict[str, Any]) -> str:
    return judge(
        read_case(
            {
                "name": "row",
                "request": {"principal": WHO, "action": "s3:GetObject", **request},
                "policies": {"identity": [{"Version": "2012-10-17", "Statement": statements}]},
                "expected": {"decision": "Allowed"},
            }
        )
    ).decision.outcome.value


ALL = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
ALLOWS = {"yes": "Allowed", "no": "ImplicitlyDenied", "unknown": "Unknown"}
DENIES = {"yes": "ExplicitlyDenied", "no": "Allowed", "unknown": "Unknown"}


def condition(line: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    operator, values, given, met, _ = cells(line)
    context: dict[str, Any] = {}
    if given.startswith("["):
        context["test:key"] = [one.strip() for one in given[1:-1].split(",")]
    elif given != "-":
        context["test:key"] = given
    return {operator: {"test:key": [one.strip() for one in values.split(";")]}}, context, met


@pytest.mark.parametrize("line", CONDITIONS)
def test_an_allow_holds_where_its_condition_is_met(line: str) -> None:
    block, context, met = condition(line)
    request = {"resource": "arn:aws:s3:::b/k", "resource_account": OWNER, "context": context}
    assert decided([{**ALL, "Condition": block}], request) == ALLOWS[met]


@pytest.mark.parametrize("line", CONDITIONS)
def test_a_deny_hits_where_its_condition_is_met(line: str) -> None:
    block, context, met = condition(line)
    request = {"resource": "arn:aws:s3:::b/k", "resource_account": OWNER, "context": context}
    assert decided([ALL, {**ALL, "Effect": "Deny", "Condition": block}], request) == DENIES[met]


def pattern(line: str) -> tuple[str, dict[str, Any], str]:
    written, resource, given, matched, _ = cells(line)
    request: dict[str, Any] = {"resource": resource, "resource_account": OWNER}
    key, _, value = given.partition("=")
    if value.endswith(" unknown"):
        request["unknown_keys"] = [key]
    elif key:
        request["context"] = {key: value}
    return written, request, matched


@pytest.mark.parametrize("line", PATTERNS)
def test_an_allow_holds_for_what_its_pattern_matches(line: str) -> None:
    written, request, matched = pattern(line)
    assert decided([{**ALL, "Resource": written}], request) == ALLOWS[matched]


@pytest.mark.parametrize("line", PATTERNS)
def test_a_deny_hits_what_its_pattern_matches(line: str) -> None:
    written, request, matched = pattern(line)
    assert decided([ALL, {**ALL, "Effect": "Deny", "Resource": written}], request) == DENIES[matched]


@pytest.mark.parametrize("line", PATTERNS)
def test_all_but_a_pattern_is_all_that_it_does_not_match(line: str) -> None:
    """NotResource, where the pattern's variables have their values."""
    written, request, matched = pattern(line)
    if "no value" in line:
        return
    statement = {"Effect": "Allow", "Action": "s3:*", "NotResource": written}
    opposite = {"yes": "no", "no": "yes", "unknown": "unknown"}[matched]
    assert decided([statement], request) == ALLOWS[opposite]


def test_every_row_has_five_cells_and_says_why() -> None:
    for line in (*CONDITIONS, *PATTERNS):
        assert len(cells(line)) == 5, line
        assert cells(line)[4], line
    assert len({*CONDITIONS, *PATTERNS}) == len(CONDITIONS) + len(PATTERNS)
    assert 2 * (len(CONDITIONS) + len(PATTERNS)) > 300
