"""Statements as they speak to one principal: the others gone, and what is known of it settled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from xacct.policy.addressed import addressed, joined, of_effect
from xacct.policy.document import Document
from xacct.policy.principal import Session, User
from xacct.policy.request import Request, keys_of

ANNA = User("arn:aws:iam::444455556666:user/anna")
SESSION = Session("arn:aws:iam::111122223333:role/reader", "s")
ROOT = "arn:aws:iam::111122223333:root"


def statement(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "s3:*", "Resource": "*", **more}


def left(who: User | Session, *statements: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    asking = Request.of(who, "s3:GetObject", "arn:aws:s3:::logs/x", resource_account="111122223333")
    known = {**keys_of(who), "aws:currenttime": ("2026-01-01T00:00:00Z",), "aws:multifactorauthpresent": ()}
    found = addressed(Document.of(*statements), asking, known, **more)
    return list(json.loads(found.source)["Statement"])


BARE = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


@pytest.mark.parametrize(
    ("who", "principal", "speaks"),
    [
        (ANNA, {"AWS": ANNA.arn}, True),
        (ANNA, {"AWS": ["444455556666", ROOT]}, True),
        (ANNA, {"AWS": ROOT}, False),
        (ANNA, "*", True),
        (ANNA, {"Service": "s3.amazonaws.com"}, False),
        (SESSION, {"AWS": SESSION.role_arn}, True),
        (SESSION, {"AWS": ROOT}, True),
    ],
)
def test_only_what_names_who_asks_is_left(who: User | Session, principal: Any, speaks: bool) -> None:
    assert left(who, statement(principal)) == ([BARE] if speaks else [])


def test_what_only_delegates_can_be_left_out_and_a_deny_never_is() -> None:
    deny = statement({"AWS": ROOT}, Effect="Deny")
    assert left(SESSION, statement({"AWS": ROOT}), deny, delegates=True) == [{**BARE, "Effect": "Deny"}]


def test_what_is_chosen_is_among_the_allows() -> None:
    deny = statement("*", Effect="Deny")
    assert left(ANNA, statement("*"), deny, chosen=lambda _: False) == [{**BARE, "Effect": "Deny"}]


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/anna"}}, {}),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/bob"}}, None),
        ({"StringEquals": {"aws:username": "anna"}}, {}),
        ({"DateLessThan": {"aws:CurrentTime": "2025-01-01T00:00:00Z"}}, None),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, None),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, {}),
        ({"StringLike": {"s3:prefix": "a/*"}}, {"stringlike": {"s3:prefix": ["a/*"]}}),
        (
            {"StringEquals": {"aws:username": "anna"}, "StringLike": {"s3:prefix": "a/*"}},
            {"stringlike": {"s3:prefix": ["a/*"]}},
        ),
        ({"Frobs": {"aws:username": "anna"}}, {"frobs": {"aws:username": ["anna"]}}),
        (
            {"StringLike": {"aws:username": "${aws:PrincipalTag/x}"}},
            {"stringlike": {"aws:username": ["${aws:PrincipalTag/x}"]}},
        ),
    ],
)
def test_conditions_on_what_is_known_are_settled_and_the_others_stay(
    condition: dict[str, Any], kept: dict[str, Any] | None
) -> None:
    wanted = [] if kept is None else [{**BARE, "Condition": kept} if kept else BARE]
    assert left(ANNA, statement("*", Condition=condition)) == wanted


def test_a_statement_for_all_but_some_speaks_to_the_others() -> None:
    but = {
        "Sid": "Theirs",
        "Effect": "Allow",
        "NotPrincipal": {"AWS": ANNA.arn},
        "Action": "s3:*",
        "Resource": "*",
    }
    assert left(ANNA, but) == []
    assert left(SESSION, but) == [BARE]


def test_an_identity_policy_speaks_to_whoever_has_it() -> None:
    assert left(ANNA, BARE) == [BARE]


def test_in_an_old_document_a_variable_is_plain_text() -> None:
    own = {**BARE, "Condition": {"StringEquals": {"aws:username": "${aws:username}"}}}
    asking, known = Request.of(ANNA, "s3:GetObject", "*"), keys_of(ANNA)
    assert addressed(Document.of(own, version="2008-10-17"), asking, known).statements == ()
    assert len(addressed(Document.of(own), asking, known).statements) == 1


def test_documents_are_joined_and_taken_apart() -> None:
    deny = {**BARE, "Effect": "Deny"}
    both = joined([Document.of(BARE), Document.of(deny)])
    assert both == Document.of(BARE, deny)
    assert of_effect(both, "Allow") == Document.of(BARE)
    assert of_effect(both, "Deny") == Document.of(deny)
    other = {**BARE, "Action": "kms:*"}
    assert of_effect(Document.of(BARE, deny, other), "Allow") == Document.of(BARE, other)
