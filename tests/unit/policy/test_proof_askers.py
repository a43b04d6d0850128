"""Whom documents can tell apart, one for each; what follows from who it is, and what is true of all it stands for."""

from __future__ import annotations

from typing import Any

import pytest

from xacct.policy.document import Document
from xacct.policy.principal import Anonymous, Federated, Principal, Role, Root, Service, Session, User
from xacct.policy.proof.askers import SESSION, SOMEONE, STRANGER, Asker, askers

A, B = "111122223333", "444455556666"
ANNA = f"arn:aws:iam::{A}:user/anna"
ROLE = f"arn:aws:iam::{A}:role/app/r"


def everyone(*statements: dict[str, Any]) -> dict[Principal, Asker]:
    bodies = ({"Effect": "Allow", "Action": "s3:*", "Resource": "*", **one} for one in statements)
    return {one.principal: one for one in askers([Document.of(*bodies)])}


def someone(account: str, unique: str = "") -> User:
    return User(f"arn:aws:iam::{account}:user/{SOMEONE}", unique)


def some_session(account: str, unique: str = "") -> Session:
    return Session(f"arn:aws:iam::{account}:role/{SOMEONE}", SESSION, unique)


def test_of_someone_in_an_account_the_arn_is_of_that_account_and_of_his_kind() -> None:
    found = everyone(
        {"Principal": {"AWS": A}, "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/x*"}}}
    )
    assert found[someone(A)].given == (("arnlike", "aws:principalarn", (f"arn:*:iam::{A}:user/?*",)),)
    assert found[some_session(A)].given == (("arnlike", "aws:principalarn", (f"arn:*:iam::{A}:role/?*",)),)


def test_of_a_stranger_the_arn_is_of_none_of_the_accounts_that_are_named() -> None:
    asked = {"Condition": {"ArnLike": {"aws:PrincipalArn": "*"}}}
    found = everyone({"Principal": {"AWS": [A, B]}, **asked})
    assert found[someone(STRANGER)].given == (
        ("arnlike", "aws:principalarn", ("arn:*:iam::*:user/?*",)),
        ("arnnotlike", "aws:principalarn", (f"arn:*:iam::{A}:*", f"arn:*:iam::{B}:*")),
    )
    assert found[some_session(STRANGER)].given[0] == (
        "arnlike",
        "aws:principalarn",
        ("arn:*:iam::*:role/?*",),
    )
    nobody_named = everyone({"Principal": "*", **asked})
    assert nobody_named[someone(STRANGER)].given == (
        ("arnlike", "aws:principalarn", ("arn:*:iam::*:user/?*",)),
    )


def test_of_a_stranger_the_account_has_the_form_of_one_and_is_none_of_those_that_are_named() -> None:
    asked = {"Condition": {"StringLike": {"aws:PrincipalAccount": "*"}}}
    found = everyone({"Principal": {"AWS": A}, **asked})
    assert found[someone(STRANGER)].given == (
        ("stringlike", "aws:principalaccount", ("????????????",)),
        ("stringnotequals", "aws:principalaccount", (A,)),
    )
    assert found[someone(A)].given == ()
    assert found[someone(A)].fixed == {"aws:principalaccount": (A,)}
    alone = everyone({"Principal": "*", **asked})
    assert alone[someone(STRANGER)].given == (("stringlike", "aws:principalaccount", ("????????????",)),)


def test_nothing_is_given_of_someone_of_whom_nothing_is_asked() -> None:
    found = everyone({"Principal": {"AWS": A}, "Condition": {"StringLike": {"s3:prefix": "a"}}})
    assert all(one.given == () and one.fixed == {} for one in found.values())


def test_what_is_asked_of_anonymous_is_not_there_whatever_it_is_of_a_principal() -> None:
    asked = {"aws:PrincipalTag/team": "a", "aws:PrincipalOrgID": "o", "s3:prefix": "p", "aws:userid": "u"}
    found = everyone({"Principal": "*", "Condition": {"StringEquals": asked}})
    assert found[Anonymous()].fixed == {
        "aws:principaltag/team": (),
        "aws:principalorgid": (),
        "aws:userid": ("anonymous",),
    }


def test_the_unique_id_of_a_named_user_is_open_where_it_is_not_known() -> None:
    asked = {"Condition": {"StringLike": {"aws:userid": "A*", "aws:username": "a*"}}}
    found = everyone({"Principal": {"AWS": [ANNA, ROLE]}, **asked})
    assert found[User(ANNA)].fixed == {"aws:username": ("anna",)}
    assert found[Session(ROLE, SESSION)].fixed == {"aws:username": ()}
    plain = everyone({"Principal": {"Service": "ec2.amazonaws.com"}, **asked})
    assert plain[Service("ec2.amazonaws.com")].fixed == {"aws:userid": (), "aws:username": ()}


@pytest.mark.parametrize("unique", ["AIDAABCDEFGHIJKLMNOPQ", "AROAABCDEFGHIJKLMNOPQ"])
def test_a_unique_id_may_be_anybodys(unique: str) -> None:
    found = everyone({"Principal": {"AWS": unique}})
    assert someone(STRANGER, unique) in found or some_session(STRANGER, unique) in found
    assert not any(one.account not in ("", STRANGER) for one in found)


@pytest.mark.parametrize(
    "principal",
    [{"CanonicalUser": "abc.def"}, {"Federated": "*"}, {"AWS": "nonsense"}, {"AWS": "*"}, {"Service": "*"}],
)
def test_who_names_nobody_in_particular_adds_nobody(principal: dict[str, str]) -> None:
    assert everyone({"Principal": principal}).keys() <= {
        someone(STRANGER),
        some_session(STRANGER),
        Anonymous(),
        Service("unnamed.amazonaws.com"),
    }


def test_a_service_under_aws_is_of_no_account() -> None:
    found = everyone({"Principal": {"AWS": "ec2.amazonaws.com"}})
    assert all(one.account in ("", STRANGER) for one in found)
    assert not [one for one in found if isinstance(one, User | Session) and not one.account]


def test_a_role_is_named_for_its_sessions_and_for_itself() -> None:
    found = everyone({"Principal": {"AWS": ROLE}}, {"Effect": "Deny", "Principal": {"AWS": B}})
    assert Session(ROLE, SESSION) in found
    assert Federated(ROLE) not in found
    assert not {Role(ANNA), User(ROLE)} & found.keys()
    assert {one.account for one in found if one.account} == {
        A,
        B,
    }  # a stranger is spoken of like someone of A


def test_deny_for_all_but_one_tells_that_one_from_the_rest_of_the_account() -> None:
    found = everyone({"Principal": "*"}, {"Effect": "Deny", "NotPrincipal": {"AWS": [ANNA, A]}})
    assert {User(ANNA), Root(A)} & found.keys()
    assert someone(A) in found


def test_those_who_cannot_be_told_apart_come_once() -> None:
    bob = f"arn:aws:iam::{A}:user/bob"
    found = everyone({"Principal": {"AWS": [ANNA, bob]}})
    assert len({User(ANNA), User(bob)} & found.keys()) == 1
    told = everyone({"Principal": {"AWS": [ANNA, bob]}}, {"Effect": "Deny", "Principal": {"AWS": bob}})
    assert {User(ANNA), User(bob)} <= told.keys()


@pytest.mark.parametrize("kind", ["user", "role"])
def test_someone_becomes_whom_a_request_asks_for_by_arn_or_by_account(kind: str) -> None:
    asker = Asker(someone(STRANGER) if kind == "user" else some_session(STRANGER))
    wanted = f"arn:aws:iam::{B}:{kind}/x"
    by_arn = asker.as_asked({"aws:principalarn": (wanted,), "aws:principalaccount": (A,)})
    assert by_arn == (User(wanted) if kind == "user" else Session(wanted, SESSION))
    by_account = asker.as_asked({"aws:principalaccount": (B,)})
    assert by_account == (someone(B) if kind == "user" else some_session(B))
    assert Asker(User(ANNA)).as_asked({"aws:principalarn": (wanted,)}) == User(ANNA)


@pytest.mark.parametrize(
    "provider", [f"arn:aws:iam::{A}:saml-provider/idp", "cognito-identity.amazonaws.com"]
)
def test_a_provider_that_a_document_names_is_asked_as_one(provider: str) -> None:
    assert Federated(provider) in everyone({"Principal": {"Federated": provider}})
    assert User(ANNA) in everyone({"Principal": {"AWS": ANNA}})
