"""How a document is read for its findings: every value at its place, whatever is wrong beside it.

Source: IAM User Guide, "Grammar of the IAM JSON policy language" (elements, lists of one or more, types of values).
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from xacct.policy.lint import lint
from xacct.policy.lint.reading import Sheet, Value, read

GOOD = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}


def sheet(statement: Any, kind: Any = None) -> Sheet:
    return read(json.dumps({"Version": "2012-10-17", "Statement": statement}), kind)


def found(given: Sheet) -> list[str]:
    return [f"{one.rule} {one.path}" for one in given.found]


@pytest.mark.parametrize(
    ("statements", "kind"),
    [
        ([GOOD], "identity"),
        ([{**GOOD, "Principal": "*"}], "resource"),
        ([{**GOOD, "NotPrincipal": {"AWS": "111122223333"}}], "resource"),
        ([GOOD, {**GOOD, "Principal": "*"}], "resource"),
        ([{"Principal": "*", "Action": "sts:AssumeRole"}], "trust"),
        ([{"Principal": "*", "Action": ["STS:AssumeRole", "sts:TagSession"]}], "trust"),
        ([{"Principal": "*", "NotAction": "sts:TagSession"}], "trust"),
        ([{"Principal": "*", "Action": "KMS:*"}], "kms"),
        ([{"Principal": "*", "Action": ["kms:*", "s3:*"]}], "resource"),
        ([{"Principal": "*", "Action": ["sts:AssumeRole", "kms:*"]}], "resource"),
        ([{"Principal": "*"}], "resource"),
        ([{"Action": "sts:AssumeRole"}], "identity"),
    ],
)
def test_the_kind_of_a_document_is_what_only_such_documents_have(statements: Any, kind: str) -> None:
    assert sheet(statements).kind == kind


@pytest.mark.parametrize("kind", ["identity", "trust", "resource", "kms", "scp"])
def test_a_kind_that_is_said_is_not_guessed(kind: str) -> None:
    assert sheet([{**GOOD, "Principal": "*"}], kind).kind == kind


def test_a_statement_outside_a_list_and_one_in_it() -> None:
    (alone,) = sheet(GOOD).clauses
    assert (alone.path, alone.index, alone.effect, alone.allows) == ("Statement", 0, "Allow", True)
    first, second = sheet([{**GOOD, "Sid": "A"}, {**GOOD, "Effect": "Deny"}]).clauses
    assert (first.path, first.index) == ("Statement[0]", 0)
    assert first.sid is not None
    assert (first.sid.text, first.sid.path) == ("A", "Statement[0].Sid")
    assert (second.path, second.index, second.sid, second.allows) == ("Statement[1]", 1, None, False)
    assert first.tests == ()


def test_what_is_no_statement_is_left_out_and_the_others_keep_their_numbers() -> None:
    given = sheet(["Allow", GOOD])
    assert found(given) == ["wrong-type Statement[0]"]
    assert [(one.path, one.index) for one in given.clauses] == [("Statement[1]", 1)]


@pytest.mark.parametrize("effect", [5, None, ["Allow"], {}])
def test_an_effect_that_is_no_text_is_none(effect: Any) -> None:
    (clause,) = sheet([{**GOOD, "Effect": effect, "Sid": 7}]).clauses
    assert (clause.effect, clause.sid) == ("", None)


def test_numbers_and_truths_are_their_texts_and_the_rest_is_told() -> None:
    (clause,) = sheet([{**GOOD, "Action": [7, True, False, "s3:GetObject"]}]).clauses
    assert [one.text for one in clause.of("Action")] == ["7", "true", "false", "s3:GetObject"]
    assert [one.path for one in clause.of("Action")] == [
        f"Statement[0].Action[{number}]" for number in range(4)
    ]
    given = sheet([{**GOOD, "Action": [None, {}, [], "s3:GetObject"]}])
    assert found(given) == [f"wrong-type Statement[0].Action[{number}]" for number in range(3)]
    assert [one.text for one in given.clauses[0].of("Action")] == ["s3:GetObject"]


def test_the_first_element_that_a_statement_has_is_taken() -> None:
    (clause,) = sheet([{"Effect": "Deny", "NotAction": "s3:A", "NotResource": ["r"]}]).clauses
    assert [one.text for one in clause.of("Action", "NotAction")] == ["s3:A"]
    assert [one.text for one in clause.of("Resource", "NotResource")] == ["r"]
    assert clause.of("Action", "Resource") == ()


def test_an_empty_list_is_named_by_its_element() -> None:
    given = sheet([{**GOOD, "Resource": []}])
    assert given.found[0].message == "Resource is empty, so that the statement has no effect."


def test_principals_keep_their_kind_and_place() -> None:
    (clause,) = sheet(
        [{**GOOD, "Principal": {"AWS": ["1", "2"], "Service": "s"}, "NotPrincipal": "*"}]
    ).clauses
    assert [(kind, one.text, one.path) for kind, one in clause.principals] == [
        ("AWS", "1", "Statement[0].Principal.AWS[0]"),
        ("AWS", "2", "Statement[0].Principal.AWS[1]"),
        ("Service", "s", "Statement[0].Principal.Service"),
        ("*", "*", "Statement[0].NotPrincipal"),
    ]


def test_an_operator_that_holds_no_keys_hides_none_of_the_others() -> None:
    given = sheet(
        [{**GOOD, "Condition": {"Bool": "x", "Null": {}, "StringLike": {"a:b": ["1"], "a:c": "2"}}}]
    )
    assert found(given) == [
        "wrong-type Statement[0].Condition.Bool",
        "empty-condition Statement[0].Condition.Null",
    ]
    one, other = given.clauses[0].tests
    assert (one.operator.text, one.operator.path) == ("StringLike", "Statement[0].Condition.StringLike")
    assert (one.key.text, one.key.path) == ("a:b", "Statement[0].Condition.StringLike.a:b")
    assert [(value.text, value.path) for value in one.values] == [
        ("1", "Statement[0].Condition.StringLike.a:b[0]")
    ]
    assert [(value.text, value.path) for value in other.values] == [
        ("2", "Statement[0].Condition.StringLike.a:c")
    ]


def test_a_key_that_stands_twice_is_told_with_its_whole_path() -> None:
    text = (
        '{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Effect": "Deny",'
        ' "Principal": {"AWS": "1", "AWS": "2"}, "Condition": {"Bool": {"a:b": "true"}, "Bool": {"c:d": "1",'
        ' "c:d": "2"}}}]}'
    )
    given = read(text, None)
    assert found(given) == [
        "duplicate-key Version",
        "duplicate-key Statement[0].Effect",
        "duplicate-key Statement[0].Principal.AWS",
        "duplicate-key Statement[0].Condition.Bool",
        "duplicate-key Statement[0].Condition.Bool.c:d",
    ]
    assert given.clauses[0].effect == "Deny"


@pytest.mark.parametrize(
    ("before", "line", "column"), [("", 1, 1), ("\n", 2, 1), ("\n\n", 3, 1), ("ab", 1, 3), ("a\nbc", 2, 3)]
)
def test_a_place_is_counted_from_one(before: str, line: int, column: int) -> None:
    given = Sheet(f"{before}x\nyy", "identity")
    given.error("r", Value("x", "p", len(before)), "m", "f")
    given.warn("r", ("p", len(before)), "m", "f")
    given.remark("r", ("p", len(before)), "m", "f")
    assert [(one.place.line, one.place.column, one.path) for one in given.found] == [(line, column, "p")] * 3
    assert [one.severity.value for one in given.found] == ["error", "warning", "info"]
    assert {one.place.file for one in given.found} == {""}


def test_findings_are_read_from_where_things_stand() -> None:
    text = '\n{"Version": "2012-10-17",\n "Statement": [\n  "Allow"]}'
    (one,) = lint(text)
    assert (one.place.line, one.place.column) == (4, 3)
