"""Questions that a person can answer, put to the proofs; dead statements; who is beyond the declared accounts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xacct.policy.document import Document
from xacct.policy.principal import parse_principal
from xacct.policy.proof import search
from xacct.policy.proof.language import Language, Token, TooLarge, tokens, witness
from xacct.policy.proof.prove import (
    Counterexample,
    NotDecided,
    Proven,
    allows,
    dead_statements,
    no_more_than,
    reaches_beyond,
)
from xacct.policy.request import Request

TABLE = Path(__file__).parent / "tables" / "proofs.jsonl"
ROWS = {json.loads(line)["name"]: line for line in TABLE.read_text().splitlines()}
ANSWERS = {"nothing new": Proven, "something new": Counterexample, "not decided": NotDecided}


def document(given: Any, version: str = "2012-10-17") -> Document:
    bodies = given if isinstance(given, list) else [given]
    return Document.of(*({"Effect": "Allow", **body} for body in bodies), version=version)


def test_there_are_enough_questions_and_no_two_of_one_name() -> None:
    assert len(ROWS) == len(TABLE.read_text().splitlines()) >= 60


@pytest.mark.parametrize("name", ROWS)
def test_a_question_has_the_answer_that_a_person_gives(name: str) -> None:
    row = json.loads(ROWS[name])
    before, after = row.get("versions", ("2012-10-17", "2012-10-17"))
    old, new = document(row["old"], before), document(row["new"], after)
    answer = no_more_than(new, old)
    assert type(answer) is ANSWERS[row["answer"]], answer
    if isinstance(answer, Counterexample):
        assert allows(new, answer.request) is True
        assert allows(old, answer.request) is False
        assert answer.real is row.get("real", True)
        if "action" in row:
            assert answer.request.action == row["action"]


def test_a_statement_that_another_covers_is_dead_and_the_other_is_not() -> None:
    wide = {"Action": "s3:*", "Resource": "*"}
    narrow = {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
    (_, first), (_, second) = dead_statements(document([wide, narrow]))
    assert isinstance(first, Counterexample)
    assert isinstance(second, Proven)


def test_a_deny_of_what_nobody_allows_is_dead() -> None:
    allow = {"Action": "s3:*", "Resource": "*"}
    (_, kept), (_, dead), (_, hits) = dead_statements(
        document(
            [
                allow,
                {"Effect": "Deny", "Action": "iam:*", "Resource": "*"},
                {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"},
            ]
        )
    )
    assert isinstance(kept, Counterexample)
    assert isinstance(dead, Proven)
    assert isinstance(hits, Counterexample)


OWN = ["111122223333"]


@pytest.mark.parametrize(
    ("trust", "beyond"),
    [
        ({"Principal": {"AWS": "111122223333"}}, False),
        ({"Principal": {"AWS": ["111122223333", "arn:aws:iam::444455556666:user/x"]}}, True),
        ({"Principal": "*"}, True),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}}, False),
        ({"Principal": {"Service": "ec2.amazonaws.com"}}, True),
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:role/r"}}, False),
        ({"NotPrincipal": {"AWS": "444455556666"}}, True),
    ],
)
def test_a_trust_reaches_beyond_the_declared_accounts_or_does_not(
    trust: dict[str, Any], beyond: bool
) -> None:
    answer = reaches_beyond(document({"Action": "sts:AssumeRole", **trust}), OWN)
    assert isinstance(answer, Counterexample if beyond else Proven)


def test_a_deny_for_everyone_else_keeps_strangers_out() -> None:
    answer = reaches_beyond(
        document(
            [
                {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", "Principal": "*"},
                {
                    "Effect": "Deny",
                    "Action": "s3:*",
                    "Resource": "*",
                    "Principal": "*",
                    "Condition": {"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}},
                },
            ]
        ),
        OWN,
    )
    assert isinstance(answer, Proven)


def language(*patterns: str) -> Language:
    return Language.of(tokens(one) for one in patterns)


@pytest.mark.parametrize(
    ("inside", "outside", "found"),
    [
        (["a*"], [], "ax"),
        (["a*"], ["a"], "ax"),
        (["a*", "*b"], [], "ab"),
        (["a?c"], ["a*"], None),
        (["*"], ["*"], None),
        (["abc"], ["a*d"], "abc"),
        (["*a*"], ["?*"], None),
    ],
)
def test_a_witness_is_in_all_of_these_and_in_none_of_those(
    inside: list[str], outside: list[str], found: str | None
) -> None:
    assert witness(tuple(language(one) for one in inside), tuple(language(one) for one in outside)) == found


def test_a_star_within_a_segment_does_not_cross_a_colon() -> None:
    segment = Language.of([(*tokens("a:"), Token(but=":", star=True), *tokens(":b"))])
    assert witness((segment, language("a:x:y:b")), ()) is None
    found = witness((segment, language("a:*:b")), ())
    assert found is not None
    assert found.count(":") == 2


def test_a_search_that_grows_too_large_is_given_up_and_not_taken_for_a_proof() -> None:
    many = tuple(
        Language.of([tokens("*" + "?" * number + letter + "?" * 12)])
        for number, letter in enumerate("abcdef")
    )
    with pytest.raises(TooLarge):
        witness(
            (*many, language("g" * 1 + "*" + "h" * 1)), tuple(language(f"*{one}?????*") for one in "ghij")
        )


ANNA = "arn:aws:iam::111122223333:user/anna"
PUBLIC = {"Action": "s3:GetObject", "Resource": "*", "Principal": "*"}
UNHEARD = {"Condition": {"StringResembles": {"k:k": "v"}}}


def asked(who: str = ANNA) -> Request:
    return Request.of(parse_principal(who), "s3:GetObject", "arn:aws:s3:::b/k", context={"k:k": "v"})


@pytest.mark.parametrize(
    ("statements", "truth"),
    [
        ([PUBLIC], True),
        ([], False),
        ([{**PUBLIC, "Principal": {"AWS": "444455556666"}}, PUBLIC], True),
        ([{**PUBLIC, "Resource": "arn:aws:s3:::c/*"}, PUBLIC], True),
        ([{**PUBLIC, **UNHEARD}], None),
        ([PUBLIC, {**PUBLIC, **UNHEARD}], True),
        ([{**PUBLIC, **UNHEARD}, PUBLIC], True),
        ([PUBLIC, {**PUBLIC, "Effect": "Deny"}], False),
        ([PUBLIC, {**PUBLIC, "Effect": "Deny", **UNHEARD}], None),
        ([PUBLIC, {**PUBLIC, "Effect": "Deny", **UNHEARD}, {**PUBLIC, "Effect": "Deny"}], False),
        ([PUBLIC, {**PUBLIC, "Effect": "Deny"}, {**PUBLIC, "Effect": "Deny", **UNHEARD}], False),
        ([{**PUBLIC, "Effect": "Deny", **UNHEARD}], False),
        ([{**PUBLIC, **UNHEARD}, {**PUBLIC, "Effect": "Deny", **UNHEARD}], None),
    ],
)
def test_a_document_by_itself_allows_or_does_not_or_perhaps(
    statements: list[dict[str, Any]], truth: bool | None
) -> None:
    assert allows(document(statements), asked()) is truth


def test_a_deny_for_all_but_someone_spares_him() -> None:
    spared = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "NotPrincipal": {"AWS": [ANNA, OWN[0]]}}
    made = document([PUBLIC, spared])
    assert allows(made, asked()) is True
    assert allows(made, asked("arn:aws:iam::111122223333:user/bob")) is False
    answer = no_more_than(made, document([PUBLIC, {**PUBLIC, "Effect": "Deny"}]))
    assert isinstance(answer, Counterexample)


def test_a_document_for_everyone_covers_one_that_names_some() -> None:
    everyone = document({"Action": "s3:*", "Resource": "*"})
    some = document({**PUBLIC, "Principal": {"AWS": ANNA}})
    assert isinstance(no_more_than(some, everyone), Proven)
    assert isinstance(no_more_than(everyone, some), Counterexample)


def test_what_the_old_document_denied_is_new_although_it_allowed_more() -> None:
    old = document(
        [
            {"Action": "s3:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/secret/*"},
        ]
    )
    answer = no_more_than(document({"Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"}), old)
    assert isinstance(answer, Counterexample)
    assert answer.request.resource.startswith("arn:aws:s3:::b/secret/")


def test_a_request_for_anything_is_of_the_public_partition_unless_another_is_named() -> None:
    answer = no_more_than(document({"Action": "s3:GetObject", "Resource": "*"}), document([]))
    assert isinstance(answer, Counterexample)
    assert answer.request.resource.startswith("arn:aws:s3:::")


def test_what_takes_too_long_is_not_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_CELLS", 0)
    answer = no_more_than(document({"Action": "s3:*", "Resource": "*"}), document([]))
    assert isinstance(answer, NotDecided)
    assert "too many" in answer.reason
