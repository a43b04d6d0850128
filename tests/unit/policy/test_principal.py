"""Who an ARN, an id or a name stands for."""

from __future__ import annotations

from typing import Any

import pytest

from xacct.policy.arn import Arn, account_of, is_account_id, root_arn
from xacct.policy.principal import (
    Anonymous,
    Federated,
    FederatedUser,
    Role,
    Root,
    Service,
    Session,
    User,
    is_unique_id,
    parse_principal,
)

A = "111122223333"


@pytest.mark.parametrize(
    ("given", "principal"),
    [
        (A, Root(A)),
        (f"arn:aws:iam::{A}:root", Root(A)),
        (f"arn:aws-cn:iam::{A}:root", Root(A, "aws-cn")),
        (f"arn:aws:iam::{A}:user/p/anna", User(f"arn:aws:iam::{A}:user/p/anna")),
        (f"arn:aws:iam::{A}:role/p/r", Role(f"arn:aws:iam::{A}:role/p/r")),
        (f"arn:aws:sts::{A}:assumed-role/r/s", Session(f"arn:aws:iam::{A}:role/r", "s")),
        (f"arn:aws-cn:sts::{A}:assumed-role/r/s", Session(f"arn:aws-cn:iam::{A}:role/r", "s")),
        (f"arn:aws:sts::{A}:federated-user/f", FederatedUser(f"arn:aws:sts::{A}:federated-user/f")),
        (f"arn:aws:iam::{A}:saml-provider/x", Federated(f"arn:aws:iam::{A}:saml-provider/x")),
        (f"arn:aws:iam::{A}:oidc-provider/x", Federated(f"arn:aws:iam::{A}:oidc-provider/x")),
        ("ec2.amazonaws.com", Service("ec2.amazonaws.com")),
        ({"type": "Anonymous"}, Anonymous()),
        (
            {"type": "Federated", "arn": "cognito-identity.amazonaws.com"},
            Federated("cognito-identity.amazonaws.com"),
        ),
        ({"arn": A, "id": "x"}, Root(A)),
        ({"arn": f"arn:aws:iam::{A}:role/r", "id": "AROA1"}, Role(f"arn:aws:iam::{A}:role/r", "AROA1")),
        ("RGW00000000000000001", Root("RGW00000000000000001")),
    ],
)
def test_a_text_stands_for_someone(given: Any, principal: Any) -> None:
    assert parse_principal(given) == principal


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("anna", "anna is no principal"),
        ("arn:aws", "arn:aws is no ARN"),
        (f"arn:aws:iam::{A}:group/g", "is no principal"),
        ("arn:aws:s3:::b", "is no principal"),
        (f"arn:aws:sts::{A}:user/anna", "is no principal"),
    ],
)
def test_a_text_that_stands_for_nobody_says_so(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_principal(text)


def test_a_session_has_the_account_of_its_role_and_an_arn_without_the_path() -> None:
    session = Session(f"arn:aws-cn:iam::{A}:role/p/q/r", "s")
    assert session.account == A
    assert session.arn == f"arn:aws-cn:sts::{A}:assumed-role/r/s"


@pytest.mark.parametrize(
    ("principal", "account", "arn"),
    [
        (User(f"arn:aws:iam::{A}:user/a"), A, f"arn:aws:iam::{A}:user/a"),
        (Role(f"arn:aws:iam::{A}:role/a"), A, f"arn:aws:iam::{A}:role/a"),
        (FederatedUser(f"arn:aws:sts::{A}:federated-user/f"), A, f"arn:aws:sts::{A}:federated-user/f"),
        (Root(A, "aws-us-gov"), A, f"arn:aws-us-gov:iam::{A}:root"),
        (Federated("x"), "", "x"),
        (Service("s.amazonaws.com"), "", "s.amazonaws.com"),
        (Anonymous(), "", ""),
    ],
)
def test_everyone_has_an_account_and_an_arn_or_none(principal: Any, account: str, arn: str) -> None:
    assert principal.account == account
    assert principal.arn == arn


@pytest.mark.parametrize("text", ["AIDAJQABLZS4A3QDU576Q", "AROADBQP57FF2AEXAMPLE", "AGPA1234567890123456"])
def test_a_unique_id_is_known_by_its_form(text: str) -> None:
    assert is_unique_id(text)


@pytest.mark.parametrize(
    "text", ["AIDA", "anna", "ABCDJQABLZS4A3QDU576Q", "AIDAjqablzs4a3qdu576q", "xAIDAJQABLZS4A3QDU576Q"]
)
def test_other_texts_are_no_unique_ids(text: str) -> None:
    assert not is_unique_id(text)


def test_the_parts_of_an_arn() -> None:
    found = Arn.parse("arn:aws-cn:s3:region:account:bucket/a:b")
    assert found == Arn(
        partition="aws-cn", service="s3", region="region", account="account", resource="bucket/a:b"
    )
    assert Arn.parse("arn:aws:s3:::b") is not None
    assert Arn.parse("arn:aws:s3::b") is None
    assert Arn.parse("xrn:aws:s3:::b") is None
    assert account_of("nothing") == ""
    assert account_of(f"arn:aws:iam::{A}:root") == A
    assert root_arn(A) == f"arn:aws:iam::{A}:root"


@pytest.mark.parametrize(
    ("text", "one"),
    [
        (A, True),
        ("RGW00000000000000001", True),
        ("11112222333", False),
        ("1111222233334", False),
        ("RGW1", False),
        (f"{A}\n", False),
    ],
)
def test_an_account_id(text: str, one: bool) -> None:
    assert is_account_id(text) is one


def test_who_opened_a_federated_session_is_the_user_of_its_name_unless_told_otherwise() -> None:
    arn = f"arn:aws-cn:sts::{A}:federated-user/f"
    assert FederatedUser(arn).opener == f"arn:aws-cn:iam::{A}:user/f"
    told = parse_principal({"arn": arn, "user": f"arn:aws-cn:iam::{A}:user/x/anna"})
    assert told == FederatedUser(arn, f"arn:aws-cn:iam::{A}:user/x/anna")
    assert told.opener == f"arn:aws-cn:iam::{A}:user/x/anna"


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{A}:user/anna",
        f"arn:aws:iam::{A}:role/r",
        f"arn:aws:sts::{A}:assumed-role/r/s",
        f"arn:aws:sts::{A}:federated-user/f",
    ],
)
def test_an_object_that_says_no_more_than_the_arn_is_the_arn(arn: str) -> None:
    assert parse_principal({"arn": arn}) == parse_principal(arn)


@pytest.mark.parametrize(
    ("principal", "called"),
    [
        (Federated("accounts.example"), "accounts.example"),
        (Federated("idp", (("idp:aud", "a"), ("idp:sub", "anna"))), "idp as anna"),
        (Federated("idp", (("idp:aud", "a"),)), "idp"),
        (Service("s.amazonaws.com"), "s.amazonaws.com"),
        (Service("s.amazonaws.com", (("aws:sourceaccount", A),)), f"s.amazonaws.com for {A}"),
        (
            Service("s.amazonaws.com", (("aws:sourceaccount", A), ("aws:sourcearn", "arn:aws:s3:::b"))),
            "s.amazonaws.com for arn:aws:s3:::b",
        ),
        (
            Service("s.amazonaws.com", (("aws:sourcearn", "arn:aws:s3:::b"),)),
            "s.amazonaws.com for arn:aws:s3:::b",
        ),
    ],
)
def test_who_comes_from_elsewhere_is_called_by_what_is_known_of_him(principal: Any, called: str) -> None:
    assert principal.called == called
