"""What an answer says beside its word."""

from __future__ import annotations

import pytest

from xacct.policy.document import Document
from xacct.policy.evaluate import Named, Outcome, Policies, decide
from xacct.policy.principal import Federated, FederatedUser, Role, Root, Session, User
from xacct.policy.request import Request

ALL = Document.of({"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"})
NOTHING = Document.of({"Sid": "No", "Effect": "Deny", "Action": "*", "Resource": "*"})
WHO = User("arn:aws:iam::111111111111:user/anna")


def asked(who: User | Session = WHO, **more: str) -> Request:
    return Request.of(who, "s3:GetObject", "arn:aws:s3:::b/k", **more)  # type: ignore[arg-type]


def test_allowed_is_said_of_what_is_allowed_for_certain() -> None:
    assert decide(asked(), Policies(identity=(Named("a", ALL),))).allowed is True
    assert decide(asked(), Policies()).allowed is False
    assert decide(asked(), Policies(unknown=frozenset({"identity"}))).allowed is False


def test_an_allowed_answer_names_every_statement_that_allows() -> None:
    both = Policies(identity=(Named("one", ALL), Named("two", ALL)), boundary=ALL)
    found = decide(asked(), both)
    assert [(one.layer, one.policy, one.number, one.sid) for one in found.deciders] == [
        ("identity", "one", 0, "All"),
        ("identity", "two", 0, "All"),
        ("boundary", "", 0, "All"),
    ]
    assert found.missing == ""
    assert found.unknown == ()


def test_a_denied_answer_names_every_statement_that_denies_and_no_other() -> None:
    found = decide(asked(), Policies(identity=(Named("one", ALL), Named("two", NOTHING)), boundary=NOTHING))
    assert [(one.layer, one.policy) for one in found.deciders] == [("identity", "two"), ("boundary", "")]
    assert found.reason == "with an explicit deny in an identity-based policy"


@pytest.mark.parametrize(
    ("policies", "reason"),
    [
        (Policies(), "because no identity-based policy allows the s3:GetObject action"),
        (
            Policies(identity=(Named("a", ALL),), boundary=Document.of()),
            "because no permissions boundary allows the s3:GetObject action",
        ),
        (
            Policies(identity=(Named("a", ALL),), session=(Document.of(),)),
            "because no session policy allows the s3:GetObject action",
        ),
        (
            Policies(identity=(Named("a", ALL),), vpc_endpoint=(Document.of(),)),
            "because no VPC endpoint policy allows the s3:GetObject action",
        ),
    ],
)
def test_a_denial_says_what_did_not_allow(policies: Policies, reason: str) -> None:
    assert decide(asked(), policies).reason == reason


def test_an_unknown_answer_says_what_it_hangs_on_each_once() -> None:
    doubtful = Document.of(
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Odd": {"a:b": "c"}}},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Odd": {"a:b": "c"}}},
    )
    found = decide(asked(), Policies(identity=(Named("a", doubtful),), unknown=frozenset({"scp"})))
    assert found.outcome is Outcome.UNKNOWN
    assert found.unknown == (
        "the condition odd on a:b cannot be decided",
        "a service control policy could not be read",
    )
    assert found.reason == f"not decided: {'; '.join(found.unknown)}"


def test_a_variable_with_an_unknown_value_is_named_as_the_doubt() -> None:
    document = Document.of({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${aws:userid}"})
    request = Request.of(WHO, "s3:GetObject", "arn:aws:s3:::b/k", unknown_keys=["aws:userid"])
    found = decide(request, Policies(identity=(Named("a", document),)))
    assert found.unknown == ("a policy variable in the resource has an unknown value",)


@pytest.mark.parametrize(
    ("values", "outcome"),
    [(["true", "false"], Outcome.ALLOWED), (["true"], Outcome.UNKNOWN), (["false"], Outcome.UNKNOWN)],
)
def test_null_of_a_key_that_may_or_may_not_be_there(values: list[str], outcome: Outcome) -> None:
    body = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Null": {"a:b": values}}}
    request = Request.of(WHO, "s3:GetObject", "arn:aws:s3:::b/k", unknown_keys=["a:b"])
    assert decide(request, Policies(identity=(Named("a", Document.of(body)),))).outcome is outcome


def test_no_session_policy_and_an_empty_set_of_them_differ() -> None:
    """A session that was opened with policies has only what they allow."""
    own = (Named("a", ALL),)
    assert decide(asked(), Policies(identity=own, session=None)).allowed
    assert not decide(asked(), Policies(identity=own, session=())).allowed


def test_one_of_several_boundaries_or_session_policies_must_allow() -> None:
    own = (Named("a", ALL),)
    assert decide(asked(), Policies(identity=own, boundary=(Document.of(), ALL))).allowed
    assert decide(asked(), Policies(identity=own, session=(Document.of(), ALL))).allowed


@pytest.mark.parametrize(
    ("who", "key", "value"),
    [
        (User("arn:aws:iam::1:user/p/anna", "AIDA1"), "aws:userid", "AIDA1"),
        (Session("arn:aws:iam::1:role/p/r", "s", "AROA1"), "aws:userid", "AROA1:s"),
        (Session("arn:aws:iam::1:role/p/r", "s", "AROA1"), "aws:principalarn", "arn:aws:iam::1:role/p/r"),
        (Role("arn:aws:iam::1:role/r", "AROA1"), "aws:principaltype", "AssumedRole"),
        (Role("arn:aws:iam::1:role/r", "AROA1"), "aws:userid", "AROA1"),
        (Root("111111111111"), "aws:userid", "111111111111"),
        (Root("111111111111"), "aws:principalarn", "arn:aws:iam::111111111111:root"),
        (FederatedUser("arn:aws:sts::1:federated-user/f"), "aws:userid", "1:f"),
        (FederatedUser("arn:aws:sts::1:federated-user/f"), "aws:principaltype", "FederatedUser"),
        (
            FederatedUser("arn:aws:sts::1:federated-user/f"),
            "aws:principalarn",
            "arn:aws:sts::1:federated-user/f",
        ),
        (User("arn:aws:iam::1:user/anna"), "aws:principalisawsservice", "false"),
    ],
)
def test_keys_that_follow_from_who_asks(who: User, key: str, value: str) -> None:
    assert Request.of(who, "s3:GetObject", "*").context[key] == (value,)


def test_keys_that_do_not_follow_are_not_there() -> None:
    provider = Request.of(Federated("arn:aws:iam::1:oidc-provider/x"), "sts:AssumeRoleWithWebIdentity", "*")
    assert provider.context == {}
    assert "aws:userid" not in Request.of(User("arn:aws:iam::1:user/anna"), "s3:GetObject", "*").context
    assert (
        "aws:username" not in Request.of(Session("arn:aws:iam::1:role/r", "s"), "s3:GetObject", "*").context
    )


def test_values_of_a_request_may_be_lists_numbers_and_truths() -> None:
    made = Request.of(WHO, "s3:GetObject", "*", context={"A:b": [1, True, "x"], "c:d": False})
    assert made.context["a:b"] == ("1", "true", "x")
    assert made.context["c:d"] == ("false",)


def test_a_claim_with_wildcards_is_tried_with_a_text_that_it_matches() -> None:
    claims = (("idp:sub", "repo:org/*"), ("idp:ref", "v?"))
    request = Request.of(Federated("idp", claims), "sts:AssumeRoleWithWebIdentity", "arn:aws:iam::1:role/r")
    (subject,), (ref,) = request.context["idp:sub"], request.context["idp:ref"]
    assert subject.startswith("repo:org/")
    assert "*" not in subject
    assert (len(ref), ref[0]) == (2, "v")
    assert "?" not in ref
