"""Conditions on one key: whether they can hold together, and with which values; who can be told apart."""

from __future__ import annotations

from typing import Any

import pytest

from xacct.policy.condition import prepare
from xacct.policy.document import Document
from xacct.policy.principal import Anonymous, Federated, Service, Session, User
from xacct.policy.proof.askers import SOMEONE, STRANGER, Asker, askers, named_principals
from xacct.policy.proof.keys import values_for
from xacct.policy.proof.language import TooLarge
from xacct.policy.proof.region import predicate, region

A = "111122223333"
Wanted = list[tuple[str, list[str], bool]]

POSSIBLE: dict[str, Wanted] = {
    "nothing is asked": [],
    "one text": [("stringequals", ["a"], True)],
    "one of two texts": [("stringequals", ["a", "b"], True), ("stringequals", ["a"], False)],
    "a pattern without a text": [("stringlike", ["a*"], True), ("stringequals", ["a", "ab"], False)],
    "two patterns": [("stringlike", ["a*"], True), ("stringlike", ["*b"], True)],
    "not equal and not there": [("stringnotequals", ["a"], True)],
    "not equal and there": [("stringnotequals", ["a"], True), ("null", ["false"], True)],
    "there": [("null", ["false"], True)],
    "not there": [("null", ["true"], True)],
    "not not there": [("null", ["true"], False)],
    "absent meets IfExists": [("stringequalsifexists", ["a"], True), ("null", ["true"], True)],
    "the other case": [("stringequalsignorecase", ["ab"], True), ("stringequals", ["ab"], False)],
    "between two numbers": [("numericgreaterthan", ["3"], True), ("numericlessthan", ["4"], True)],
    "just one number": [("numericgreaterthanequals", ["3"], True), ("numericlessthanequals", ["3"], True)],
    "another number": [("numericequals", ["3", "4"], False), ("null", ["false"], True)],
    "beyond every number": [("numericgreaterthan", ["3", "9"], False), ("null", ["false"], True)],
    "between two moments": [
        ("dategreaterthan", ["2026-01-01T00:00:00Z"], True),
        ("datelessthan", ["2026-01-02T00:00:00Z"], True),
    ],
    "a block without a part of it": [
        ("ipaddress", ["10.0.0.0/8"], True),
        ("ipaddress", ["10.0.0.0/9"], False),
    ],
    "outside of all blocks": [("ipaddress", ["0.0.0.0/1", "128.0.0.0/2"], False), ("null", ["false"], True)],
    "IPv6 beside IPv4": [("ipaddress", ["0.0.0.0/0"], False), ("ipaddress", ["2001:db8::/32"], True)],
    "true": [("bool", ["true"], True)],
    "neither, which is absent": [("bool", ["true"], False), ("bool", ["false"], False)],
    "bytes": [("binaryequals", ["QQ=="], True)],
    "other bytes": [("binaryequals", ["QQ=="], False), ("null", ["false"], True)],
    "an ARN of one account": [
        ("arnlike", ["arn:aws:iam::*:role/*"], True),
        ("arnlike", ["arn:aws:iam::1:*"], False),
    ],
    "all of some": [("forallvalues:stringequals", ["a", "b"], True), ("null", ["false"], True)],
    "one of some and another": [
        ("foranyvalue:stringequals", ["a"], True),
        ("foranyvalue:stringequals", ["b"], True),
    ],
    "not all of some": [("forallvalues:stringequals", ["a"], False)],
    "all of some and one of them": [
        ("forallvalues:stringequals", ["a", "b"], True),
        ("foranyvalue:stringequals", ["b"], True),
    ],
    "one that is not": [("foranyvalue:stringnotequals", ["a"], True)],
    "all of some, which are not empty": [
        ("forallvalues:stringequals", ["a"], True),
        ("stringnotequals", [""], True),
        ("null", ["false"], True),
    ],
    "an empty text and another": [
        ("foranyvalue:stringequals", [""], True),
        ("foranyvalue:stringequals", ["b"], True),
    ],
    "true in capitals": [("bool", ["True"], True)],
    "false": [("bool", ["false"], True)],
    "bytes that are none of two": [("binaryequals", ["QQ==", ""], False), ("null", ["false"], True)],
    "more than a number": [("numericgreaterthan", ["9"], True)],
    "less than a number": [("numericlessthan", ["9"], True)],
    "later than a moment": [("dategreaterthan", ["2026-01-01T00:00:00Z"], True)],
    "earlier than a moment": [("datelessthan", ["2026-01-01T00:00:00Z"], True)],
    "within a second": [
        ("dategreaterthan", ["2026-01-01T00:00:00Z"], True),
        ("datelessthan", ["2026-01-01T00:00:01Z"], True),
    ],
    "until the end of time": [("datelessthanequals", ["9999-12-31T23:59:59Z"], True)],
    "below all blocks": [
        ("ipaddress", ["64.0.0.0/2", "128.0.0.0/1", "::/0"], False),
        ("null", ["false"], True),
    ],
    "above all blocks": [
        ("ipaddress", ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3", "::/0"], False),
        ("null", ["false"], True),
    ],
    "the first address": [("ipaddress", ["0.0.0.0/31"], True), ("ipaddress", ["0.0.0.1/32"], False)],
    "the last address": [
        ("ipaddress", ["255.255.255.254/31"], True),
        ("ipaddress", ["255.255.255.254/32"], False),
    ],
    "an address of the older kind": [("ipaddress", ["::/0"], False), ("null", ["false"], True)],
    "an address of the newer kind": [("ipaddress", ["0.0.0.0/0"], False), ("null", ["false"], True)],
    "truth by text": [("bool", ["true"], True), ("stringequals", ["true"], True)],
    "a number by text": [("numericlessthan", ["10"], True), ("stringequals", ["7"], True)],
}
IMPOSSIBLE: dict[str, Wanted] = {
    "two texts": [("stringequals", ["a"], True), ("stringequals", ["b"], True)],
    "a text and not it": [("stringequals", ["a"], True), ("stringnotequals", ["a"], True)],
    "a text outside of its pattern": [("stringequals", ["ab"], True), ("stringlike", ["a*"], False)],
    "patterns apart": [("stringlike", ["a*"], True), ("stringlike", ["b*"], True)],
    "there and not there": [("null", ["true"], True), ("null", ["false"], True)],
    "a text that is not there": [("stringequals", ["a"], True), ("null", ["true"], True)],
    "absent does not meet": [("stringequals", ["a"], True), ("null", ["false"], False)],
    "less and more": [("numericgreaterthan", ["4"], True), ("numericlessthan", ["4"], True)],
    "earlier and later": [
        ("datelessthan", ["2026-01-01T00:00:00Z"], True),
        ("dategreaterthanequals", ["2026-01-01T00:00:00Z"], True),
    ],
    "a part outside of its block": [
        ("ipaddress", ["10.1.0.0/16"], True),
        ("ipaddress", ["10.0.0.0/8"], False),
    ],
    "a block without its halves": [
        ("ipaddress", ["10.0.0.0/8"], True),
        ("ipaddress", ["10.0.0.0/9", "10.128.0.0/9"], False),
    ],
    "true and false": [("bool", ["true"], True), ("bool", ["false"], True)],
    "there and neither": [("bool", ["true", "false"], False), ("null", ["false"], True)],
    "bytes and not them": [("binaryequals", ["QQ=="], True), ("binaryequals", ["QQ=="], False)],
    "all of some and one of none of them": [
        ("forallvalues:stringequals", ["a"], True),
        ("foranyvalue:stringequals", ["b"], True),
    ],
    "nothing of some and one of them": [
        ("forallvalues:stringnotequals", ["a"], True),
        ("foranyvalue:stringequals", ["a"], True),
    ],
    "one of some where none is there": [("foranyvalue:stringequals", ["a"], True), ("null", ["true"], True)],
    "all of some and all of others": [
        ("forallvalues:stringequals", ["a"], True),
        ("forallvalues:stringequals", ["b"], True),
        ("stringnotequals", [""], True),
        ("null", ["false"], True),
    ],
    "a truth in a form that none has": [("bool", ["true"], True), ("stringlike", ["f*"], True)],
    "outside of both halves": [
        ("ipaddress", ["0.0.0.0/0"], True),
        ("ipaddress", ["0.0.0.0/1", "128.0.0.0/1"], False),
    ],
    "outside of both halves of the newer kind": [
        ("ipaddress", ["::/0"], True),
        ("ipaddress", ["::/1", "8000::/1"], False),
    ],
    "truth by another text": [("bool", ["true"], True), ("stringequals", ["false"], True)],
}


def wanted(rows: Wanted) -> tuple[Any, ...]:
    return tuple((predicate((operator, "k:k", tuple(values))), hold) for operator, values, hold in rows)


@pytest.mark.parametrize("name", POSSIBLE)
def test_what_can_hold_together_holds_with_the_values_that_are_found(name: str) -> None:
    values = values_for(wanted(POSSIBLE[name]), None)
    assert values is not None
    context = {"k:k": values} if values else {}
    for operator, some, hold in POSSIBLE[name]:
        assert prepare((operator, "k:k", tuple(some)), variables=False)(context, ()) is hold


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_cannot_hold_together_has_no_values(name: str) -> None:
    assert values_for(wanted(IMPOSSIBLE[name]), None) is None


def test_a_fixed_value_meets_or_does_not() -> None:
    rows = wanted([("stringlike", ["a*"], True)])
    assert values_for(rows, ("ab",)) == ("ab",)
    assert values_for(rows, ("b",)) is None
    assert values_for(rows, ()) is None
    assert values_for(wanted([("stringnotlike", ["a*"], True)]), ()) == ()


def test_several_fixed_values_meet_one_by_one_or_all_together() -> None:
    assert values_for(wanted([("foranyvalue:stringequals", ["a"], True)]), ("a", "b")) == ("a", "b")
    assert values_for(wanted([("forallvalues:stringequals", ["a"], True)]), ("a", "b")) is None
    assert values_for(wanted([("forallvalues:stringequals", ["a", "b"], True)]), ("a", "b")) == ("a", "b")


def test_kinds_of_values_that_do_not_go_together_are_not_decided() -> None:
    rows = wanted(
        [("numericlessthan", ["10"], False), ("stringlike", ["*7*"], True), ("stringlike", ["7"], False)]
    )
    with pytest.raises(TooLarge):
        values_for(rows, None)


@pytest.mark.parametrize(
    ("condition", "over", "left"),
    [
        ({"StringResembles": {"k:k": "v"}}, True, 0),
        ({"IpAddress": {"k:k": "nowhere"}}, True, 0),
        ({"NumericEquals": {"k:k": "ten"}}, True, 0),
        ({"DateLessThan": {"k:k": "soon"}}, True, 0),
        ({"Bool": {"k:k": "yes"}}, True, 0),
        ({"Null": {"k:k": "yes"}}, True, 0),
        ({"StringEquals": {"k:k": "v"}}, True, 1),
    ],
)
def test_what_is_not_understood_is_left_out_on_the_large_side_and_leaves_nothing_on_the_small(
    condition: dict[str, Any], over: bool, left: int
) -> None:
    body = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition}
    (statement,) = Document.of(body).statements
    drawn = region(statement, variables=True, over=over)
    assert drawn is not None
    assert len(drawn.atoms) == left
    small = region(statement, variables=True, over=False)
    assert (small is None) is (left == 0)


def everyone(*statements: dict[str, Any]) -> dict[Any, Asker]:
    bodies = ({"Effect": "Allow", "Action": "s3:*", "Resource": "*", **one} for one in statements)
    return {one.principal: one for one in askers([Document.of(*bodies)])}


def test_without_names_nobody_is_told_apart() -> None:
    assert not named_principals(Document.of({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}))
    assert named_principals(Document.of({"Effect": "Deny", "NotPrincipal": "*", "Action": "s3:*"}))
    assert len(everyone({"Principal": "*"})) == 1


def test_a_named_account_has_users_and_roles_beside_strangers() -> None:
    found = everyone({"Principal": {"AWS": A}, "Condition": {"StringEquals": {"aws:PrincipalType": "User"}}})
    assert User(f"arn:aws:iam::{A}:user/{SOMEONE}") in found
    assert Session(f"arn:aws:iam::{A}:role/{SOMEONE}", "session") in found
    assert User(f"arn:aws:iam::{STRANGER}:user/{SOMEONE}") in found
    assert Anonymous() in found


def test_services_and_providers_that_are_named_are_themselves() -> None:
    found = everyone({"Principal": {"Service": "ec2.amazonaws.com"}}, {"Principal": {"Federated": "idp"}})
    assert Service("ec2.amazonaws.com") in found
    assert Federated("idp") in found


def test_a_session_and_its_role_are_told_apart() -> None:
    found = everyone(
        {"Principal": {"AWS": f"arn:aws:iam::{A}:role/r"}},
        {"Effect": "Deny", "Principal": {"AWS": f"arn:aws:sts::{A}:assumed-role/r/s"}},
    )
    named = [one for one in found if isinstance(one, Session) and one.role_arn.endswith("/r")]
    assert {one.name for one in named} == {"s", "session"}


def test_keys_that_follow_from_a_named_user_are_fixed_and_those_of_someone_open() -> None:
    asked = {
        "Condition": {"StringLike": {"aws:username": "a*", "aws:PrincipalAccount": "*", "aws:userid": "A*"}}
    }
    found = everyone({"Principal": {"AWS": [f"arn:aws:iam::{A}:user/anna", A]}, **asked})
    anna = found[User(f"arn:aws:iam::{A}:user/anna")]
    assert anna.fixed == {"aws:username": ("anna",), "aws:principalaccount": (A,)}
    someone = found[User(f"arn:aws:iam::{A}:user/{SOMEONE}")]
    assert someone.fixed == {"aws:principalaccount": (A,)}
    stranger = found[User(f"arn:aws:iam::{STRANGER}:user/{SOMEONE}")]
    assert stranger.fixed == {}
    assert ("stringnotequals", "aws:principalaccount", (A,)) in stranger.given
    assert found[Anonymous()].fixed["aws:principalaccount"] == ()
    assert found[Anonymous()].fixed["aws:username"] == ()


def test_someone_is_asked_with_the_name_that_the_keys_ask_for() -> None:
    someone = Asker(User(f"arn:aws:iam::{STRANGER}:user/{SOMEONE}"))
    assert someone.as_asked({"aws:principalarn": ("arn:aws:iam::9:user/x",)}) == User("arn:aws:iam::9:user/x")
    assert someone.as_asked({"aws:principalaccount": ("9",)}) == User(f"arn:aws:iam::9:user/{SOMEONE}")
    assert someone.as_asked({}) == someone.principal
    role = Asker(Session(f"arn:aws:iam::{STRANGER}:role/{SOMEONE}", "session"))
    assert role.as_asked({"aws:principalarn": ("arn:aws:iam::9:role/x",)}) == Session(
        "arn:aws:iam::9:role/x", "session"
    )
    assert role.as_asked({"aws:principalaccount": ("9",)}) == Session(
        f"arn:aws:iam::9:role/{SOMEONE}", "session"
    )
    anna = Asker(User(f"arn:aws:iam::{A}:user/anna"))
    assert anna.as_asked({"aws:principalarn": ("arn:aws:iam::9:user/x",)}) == anna.principal


def test_someone_by_a_unique_id_is_of_no_known_account() -> None:
    found = everyone({"Principal": {"AWS": "AIDAABCDEFGHIJKLMNOPQ"}})
    assert User(f"arn:aws:iam::{STRANGER}:user/{SOMEONE}", "AIDAABCDEFGHIJKLMNOPQ") in found
