"""Cases of ``policy test``: what they may say, and what is told of those that say something else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from xacct.policy.case import judge, read_case, read_cases
from xacct.policy.principal import Anonymous, Federated, Service, Session, User
from xacct.problem import BadInput, Place

ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def case(**change: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": "n",
        "request": {
            "principal": "arn:aws:iam::111122223333:user/anna",
            "action": "s3:GetObject",
            "resource": "arn:aws:s3:::b/k",
        },
        "policies": {"identity": [ALL]},
        "expected": {"decision": "Allowed"},
    }
    for key, value in change.items():
        if key in (
            "account",
            "principal",
            "action",
            "resource",
            "resource_account",
            "context",
            "unknown_keys",
        ):
            made["request"][key] = value
        else:
            made[key] = value
    return made


def problems(given: Any) -> list[str]:
    with pytest.raises(BadInput) as caught:
        read_case(given, Place("cases.jsonl", 3, 1))
    assert {str(one.place).partition(":")[0] for one in caught.value.problems} == {"cases.jsonl"}
    assert all(one.fix for one in caught.value.problems)
    return [one.detail for one in caught.value.problems]


def test_a_case_from_its_text_and_from_a_mapping_are_the_same() -> None:
    assert judge(read_case(json.dumps(case()))).passed
    assert judge(read_case(case())).passed
    assert not judge(read_case(case(expected={"decision": "ExplicitlyDenied"}))).passed
    assert read_case(case()).name == "n"
    assert read_case({key: value for key, value in case().items() if key != "name"}).name == ""


@pytest.mark.parametrize("word", ["Allowed", "ImplicitlyDenied", "ExplicitlyDenied", "Unknown"])
def test_each_decision_can_be_expected(word: str) -> None:
    assert read_case(case(expected={"decision": word})).expected.value == word
    assert read_case(case(expected=word)).expected.value == word


@pytest.mark.parametrize(
    ("given", "principal"),
    [
        ("arn:aws:iam::111122223333:user/anna", User("arn:aws:iam::111122223333:user/anna")),
        ({"arn": "arn:aws:iam::1:user/a", "id": "AIDA1"}, User("arn:aws:iam::1:user/a", "AIDA1")),
        ({"type": "Anonymous"}, Anonymous()),
        ("*", Anonymous()),
        ("ec2.amazonaws.com", Service("ec2.amazonaws.com")),
        ("arn:aws:sts::1:assumed-role/r/s", Session("arn:aws:iam::1:role/r", "s")),
        (
            {"arn": "arn:aws:sts::1:assumed-role/r/s", "role": "arn:aws:iam::1:role/p/r"},
            Session("arn:aws:iam::1:role/p/r", "s"),
        ),
    ],
)
def test_who_asks(given: Any, principal: Any) -> None:
    assert read_case(case(principal=given)).request.principal == principal


def test_the_path_of_a_sessions_role_is_taken_from_a_given_principal_arn_that_fits() -> None:
    session = "arn:aws:sts::1:assumed-role/r/s"
    fits = read_case(case(principal=session, context={"aws:PrincipalArn": "arn:aws:iam::1:role/p/r"}))
    assert fits.request.principal == Session("arn:aws:iam::1:role/p/r", "s")
    for other in ("arn:aws:iam::1:role/p/other", "arn:aws:iam::2:role/p/r", "arn:aws:iam::1:user/r", 7):
        plain = read_case(case(principal=session, context={"aws:PrincipalArn": other}))
        assert plain.request.principal == Session("arn:aws:iam::1:role/r", "s")


def test_a_key_whose_value_is_null_is_absent() -> None:
    assert "k:k" not in read_case(case(context={"k:k": None, "k:l": "v"})).request.context


def test_who_comes_by_an_identity_provider_is_whom_the_provider_vouches_for() -> None:
    given = {"principal": "accounts.google.com", "action": "sts:AssumeRoleWithWebIdentity"}
    assert read_case(case(**given)).request.principal == Federated("accounts.google.com")
    assert read_case(case(**{**given, "action": "sts:AssumeRole"})).request.principal == Service(
        "accounts.google.com"
    )


def test_documents_may_have_names_and_answers_carry_them() -> None:
    named = {"name": "the one", "policy": ALL}
    decision = judge(read_case(case(policies={"identity": [named]}))).decision
    assert [one.policy for one in decision.deciders] == ["the one"]
    assert judge(read_case(case(policies={"identity": named}))).passed
    assert judge(read_case(case(policies={"identity": ALL}))).passed


def test_levels_may_be_bare_documents_or_named() -> None:
    bare = case(policies={"identity": [ALL], "scp": [ALL, [ALL]]})
    named = case(policies={"identity": [ALL], "scp": [{"orgIdentifier": "root", "policies": [ALL]}]})
    one = case(policies={"identity": [ALL], "scp": {"orgIdentifier": "root", "policies": ALL}})
    for each in (bare, named, one):
        assert judge(read_case(each)).passed
    assert [level.name for level in read_case(named).policies.scp] == ["root"]
    assert len(read_case(bare).policies.scp) == 2


def test_no_boundary_and_an_empty_list_of_boundaries_are_no_boundary() -> None:
    assert read_case(case(policies={"boundary": []})).policies.boundary is None
    assert read_case(case(policies={"session": []})).policies.session is None
    assert read_case(case(policies={"session": ALL})).policies.session is not None


def test_what_is_unknown_is_said() -> None:
    made = read_case(case(policies={"unknown": ["scp"]}, unknown_keys=["AWS:SourceIp"]))
    assert made.policies.unknown == {"scp"}
    assert made.request.unknown_keys == {"aws:sourceip"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("[1", "Not JSON"),
        ([], "case must be an object"),
        (case(account="1"), "request.account is not known"),
        (case(request=None), "request must be an object"),
        (case(name=7), "name must be a text"),
        (case(expected={"decision": "Denied"}), "expected.decision must be one of"),
        (case(expected=None), "expected.decision must be one of"),
        (case(action=None), "request.action must be a text"),
        (case(action=""), "request.action must be a text"),
        (case(action="GetObject"), "request.action must be written as service:Action"),
        (case(resource=7), "request.resource must be a text"),
        (case(resource_account=111122223333), "request.resource_account must be a text"),
        (case(context=[]), "request.context must be an object"),
        (case(context={"k:k": [None]}), "request.context.k:k must be a text, a number"),
        (case(context={"k:k": [{}]}), "request.context.k:k must be a text, a number"),
        (case(unknown_keys="k:k"), "request.unknown_keys must be a list of texts"),
        (case(unknown_keys=[1]), "request.unknown_keys must be a list of texts"),
        (case(principal=7), "request.principal must be an ARN"),
        (case(principal="anna"), "request.principal is no principal"),
        (case(principal={"name": "anna"}), "request.principal is no principal"),
        (case(policies=[]), "policies must be an object"),
        (case(policies={"identities": []}), "policies.identities is not known"),
        (case(policies={"unknown": ["kms"]}), "policies.unknown may name"),
        (case(policies={"identity": [7]}), "policies.identity[0] must be a policy document"),
        (case(policies={"resource": 7}), "policies.resource must be a policy document"),
        (case(policies={"boundary": [7]}), "policies.boundary[0] must be a policy document"),
        (case(policies={"session": 7}), "policies.session must be a policy document"),
        (case(policies={"vpc_endpoint": [7]}), "policies.vpc_endpoint[0] must be a policy document"),
        (
            case(policies={"scp": [{"policies": [7]}]}),
            "policies.scp[0].policies[0] must be a policy document",
        ),
        (case(policies={"rcp": [7]}), "policies.rcp[0] must be a policy document"),
        (case(policies={"unknown": [7]}), "policies.unknown must be a list of texts"),
        (case(policies={"resource": [ALL, ALL]}), "policies.resource must be one document"),
        (
            case(policies={"identity": [{"name": "x", "policy": ALL, "kind": 1}]}),
            "identity[0].kind is not known",
        ),
        (case(policies={"scp": [{"name": "x", "policies": []}]}), "policies.scp[0].name is not known"),
        (
            case(policies={"identity": [{"Statement": [{"Effect": "Allow"}]}]}),
            "policies.identity[0]: Statement[0] has",
        ),
        (
            case(policies={"identity": [{"name": "x", "policy": {}}]}),
            "policies.identity[0].policy: The document has",
        ),
    ],
)
def test_a_case_that_is_none_says_why(given: Any, said: str) -> None:
    assert any(said in one for one in problems(given)), problems(given)


def test_every_problem_of_a_case_is_told_at_once() -> None:
    found = problems(case(action="x", expected="y", policies={"identity": [7], "nothing": 1}))
    assert len(found) == 4


def test_what_an_author_adds_to_a_case_is_left_alone() -> None:
    assert judge(read_case({**case(), "source": "a page", "ticket": 7})).passed


def test_a_file_of_cases_has_a_line_for_each_and_a_place_for_each_problem() -> None:
    good = json.dumps(case())
    assert [one.place for one in read_cases(f"{good}\n\n  \n{good}\n", "f")] == [
        Place("f", 1, 1),
        Place("f", 4, 1),
    ]
    with pytest.raises(BadInput) as caught:
        read_cases(f"{good}\n{{}}x\n{good}\n[]\n", "f")
    assert sorted({str(one.place) for one in caught.value.problems}) == ["f:2:3", "f:4:1"]


def test_a_case_nested_without_end_is_no_case() -> None:
    assert problems("[" * 100_000) == ["It is nested too deep."]


@pytest.mark.parametrize("number", ["1" + "0" * 5000, "NaN", "-Infinity"])
def test_a_number_that_is_none_or_without_end_is_no_case(number: str) -> None:
    assert problems(f'{{"request": {{"context": {{"s3:max-keys": {number}}}}}}}') == [
        "A number in it is none, or too long."
    ]


def test_who_has_an_arn_is_who_it_says_whatever_is_asked() -> None:
    given = case(action="sts:AssumeRoleWithWebIdentity")
    assert read_case(given).request.principal == User("arn:aws:iam::111122223333:user/anna")


def test_documents_and_levels_without_a_name_have_none() -> None:
    bare = judge(read_case(case(policies={"identity": [{"policy": ALL}]}))).decision
    assert [one.policy for one in bare.deciders] == [""]
    assert [one.policy for one in judge(read_case(case())).decision.deciders] == [""]
    assert [one.name for one in read_case(case(policies={"scp": [ALL, {"policies": ALL}]})).policies.scp] == [
        "",
        "",
    ]


def test_a_document_with_an_element_of_that_name_is_a_document() -> None:
    assert problems(case(policies={"identity": {"policy": ALL, "Statement": []}})) == [
        "policies.identity: policy is no element of a policy."
    ]
