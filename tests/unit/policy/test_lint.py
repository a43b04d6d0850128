"""Remarks on documents: what must be found and where, and what must be left in peace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xacct.policy.lint import lint
from xacct.policy.lint.finding import Finding
from xacct.policy.malformed import MalformedDocument
from xacct.problem import Severity

TABLES = Path(__file__).parent / "tables"


def rows(name: str) -> dict[str, str]:
    return {json.loads(line)["name"]: line for line in (TABLES / name).read_text().splitlines()}


BAD, CLEAN = rows("lint.jsonl"), rows("clean.jsonl")


def findings(line: str) -> tuple[Finding, ...]:
    row = json.loads(line)
    text = row.get("text") or json.dumps(row["policy"], indent=1)
    return lint(text, row.get("kind"), own=frozenset(row.get("own", ())))


def test_there_are_enough_documents_and_no_two_of_one_name() -> None:
    lines = [
        line for name in ("lint.jsonl", "clean.jsonl") for line in (TABLES / name).read_text().splitlines()
    ]
    assert len(BAD) + len(CLEAN) == len(lines)
    assert len(BAD) >= 200


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_found_at_its_place_and_nothing_else(name: str) -> None:
    found = [f"{one.rule} {one.severity.value} {one.path}" for one in findings(BAD[name])]
    assert sorted(found) == sorted(json.loads(BAD[name])["findings"])


@pytest.mark.parametrize("name", CLEAN)
def test_a_document_in_the_style_of_the_public_examples_has_no_error_and_no_warning(name: str) -> None:
    assert [one for one in findings(CLEAN[name]) if one.severity is not Severity.INFO] == []


def test_a_finding_knows_its_line_and_column() -> None:
    text = (
        '{"Version": "2012-10-17", "Statement": [\n  {"Effect": "Allow",\n   "Action": ["s3:GetObject",\n'
        + ('              "s3:Nothing"], "Resource": "arn:aws:s3:::b/*"}]}')
    )
    (found,) = lint(text)
    assert (found.place.line, found.place.column) == (4, 15)


def test_a_misspelt_action_gets_the_one_that_was_meant() -> None:
    (found,) = findings(BAD["an action that does not exist"])
    assert "s3:GetObject" in f"s3:{found.fix.partition('mean ')[2]}"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Version": "2012-10-17"}', "not json", '{"Statement": '])
def test_what_is_no_policy_at_all_is_no_document_to_remark_on(text: str) -> None:
    with pytest.raises(MalformedDocument):
        lint(text)


@pytest.mark.parametrize(
    ("kind", "limit", "counts_space"),
    [("trust", 2_048, False), ("identity", 10_240, False), ("resource", 20_480, True), ("scp", 5_120, False)],
)
def test_the_size_is_counted_as_the_service_counts_it(kind: str, limit: int, counts_space: bool) -> None:
    """Traps 23, 24, 25: IAM does not count white space; a bucket policy is counted in bytes."""
    body = {"Effect": "Deny", "Action": "s3:GetObject"}
    if kind in ("resource", "trust"):
        body["Principal"] = "*"
    if kind == "trust":
        body["Action"] = "sts:AssumeRole"
    else:
        body["Resource"] = "arn:aws:s3:::b/*"
    bare = json.dumps({"Version": "2012-10-17", "Id": "", "Statement": [body]}, separators=(",", ":"))
    exact = bare.replace('"Id":""', f'"Id":"{"x" * (limit - len(bare))}"')
    assert len(exact) == limit
    rules = [one.rule for one in lint(exact, kind)]  # type: ignore[arg-type]
    assert "too-large" not in rules
    over = exact.replace("xx", "xxx", 1)
    (found,) = [one for one in lint(over, kind) if one.rule == "too-large"]  # type: ignore[arg-type]
    assert f"{limit + 1:,}" in found.message
    spaced = exact.replace("{", "{ ", 1)
    assert ("too-large" in [one.rule for one in lint(spaced, kind)]) is counts_space  # type: ignore[arg-type]


def test_a_sid_with_spaces_is_good_in_a_bucket_policy() -> None:
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Read it",
                    "Effect": "Allow",
                    "Principal": {"AWS": "111122223333"},
                    "Action": "s3:GetObject",
                    "Resource": "arn:aws:s3:::b/*",
                }
            ],
        }
    )
    assert lint(text) == ()
