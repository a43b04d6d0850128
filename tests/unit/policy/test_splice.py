"""Own statements in and out, dead principals out, and every other byte as it was (traps 3, 28)."""

from __future__ import annotations

import json

import pytest

from xacct.policy.splice import splice

DEAD, OTHER = "AIDAQQQQQQQQQQQQQQQQ", "AROAZZZZZZZZZZZZZZZZ"
LIVING = '"arn:aws:iam::111122223333:user/anna"'


def foreign(principal: str, element: str = "Principal") -> str:
    return f'{{ "Effect":"Allow", "{element}" : {principal},  "Action":"s3:Get*","Resource":"*" }}'


def document(*statements: str) -> str:
    return f'{{"Version":"2012-10-17", "Statement": [{" , ".join(statements)}] }}'


KEPT = foreign(f'{{"AWS":{LIVING}}}')


@pytest.mark.parametrize(
    ("principal", "left"),
    [
        (f'{{"AWS":[{LIVING}, "{DEAD}"]}}', f'{{"AWS":[{LIVING}]}}'),
        (f'{{"AWS":["{DEAD}",{LIVING},"{OTHER}"]}}', f'{{"AWS":[{LIVING}]}}'),
        (
            f'{{"AWS":"{DEAD}","Service":"logging.s3.amazonaws.com"}}',
            '{"Service":"logging.s3.amazonaws.com"}',
        ),
    ],
)
def test_dead_leave_and_the_rest_of_the_statement_is_the_same_bytes(principal, left):
    text = splice(document(KEPT, foreign(principal)), (), (), {DEAD, OTHER})
    assert text is not None
    assert text.startswith('{"Version":"2012-10-17", "Statement": [')
    assert KEPT in text
    assert foreign(left) in text


@pytest.mark.parametrize("principal", [f'{{"AWS":"{DEAD}"}}', f'{{"AWS":["{DEAD}","{OTHER}"]}}'])
def test_statement_that_named_nobody_else_goes(principal):
    text = splice(document(KEPT, foreign(principal)), (), (), {DEAD, OTHER})
    assert text is not None
    assert [json.dumps(one) for one in json.loads(text)["Statement"]] == [json.dumps(json.loads(KEPT))]


def test_nothing_is_taken_out_of_a_not_principal():
    """A Deny that spares one principal less hits more; an Allow that leaves out one less gives more."""
    given = foreign(f'{{"AWS":["{DEAD}",{LIVING}]}}', "NotPrincipal")
    assert given in str(splice(document(given), (), (), {DEAD}))


def test_only_the_dead_that_are_named_leave():
    given = foreign(f'{{"AWS":["{DEAD}","{OTHER}"]}}')
    assert OTHER in str(splice(document(given), (), (), {DEAD}))


@pytest.mark.parametrize("principal", ['"*"', '{"AWS":"*"}', '{"Service":"x.amazonaws.com"}'])
def test_other_principals_are_the_same_bytes(principal):
    text = document(KEPT, foreign(principal))
    assert foreign(principal) in str(splice(text, (), (), {DEAD}))


def own(sid: str, action: str = "s3:PutObject") -> str:
    return f'{{"Sid":"{sid}","Effect":"Allow","Action":"{action}","Resource":"*"}}'


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_without_a_document_there_is_one_of_our_statements_or_none(text: str | None) -> None:
    made = splice(text, [own("A"), own("B")], [])
    assert made == f'{{"Version":"2012-10-17","Statement":[{own("A")},{own("B")}]}}'
    assert splice(text, [], ["A"]) is None


def test_ours_take_the_place_of_those_of_the_same_sid_and_new_ones_come_last() -> None:
    live = document(own("A"), KEPT, own("B"))
    made = splice(live, [own("C"), own("A", "s3:GetObject")], ["B"])
    assert made == f'{{"Version":"2012-10-17", "Statement": [{own("A", "s3:GetObject")},{KEPT},{own("C")}] }}'


def test_what_has_no_sid_of_ours_stays() -> None:
    live = document(KEPT, own("Theirs"))
    assert (
        splice(live, [], ["", "A"]) == f'{{"Version":"2012-10-17", "Statement": [{KEPT},{own("Theirs")}] }}'
    )
    assert splice(document(own("A")), [], ["A"]) is None


def test_a_statement_without_a_sid_is_no_ones_place() -> None:
    without = '{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}'
    made = splice(document(KEPT), [without], [])
    assert made == f'{{"Version":"2012-10-17", "Statement": [{KEPT},{without}] }}'


def test_several_living_principals_stay_in_one_list_and_other_kinds_beside_them() -> None:
    bob = '"arn:aws:iam::111122223333:user/bob"'
    live = document(foreign(f'{{"AWS":[{LIVING},"{DEAD}",{bob}],"Service":"ec2.amazonaws.com"}}'))
    made = splice(live, [], [], [DEAD])
    assert made == document(foreign(f'{{"AWS":[{LIVING},{bob}],"Service":"ec2.amazonaws.com"}}'))


@pytest.mark.parametrize("order", [1, -1])
def test_a_sid_that_stands_twice_is_put_once(order):
    """A statement that somebody copied with its Sid would otherwise stay behind the one that is put."""
    twice = [f'{{"Sid":"Mine","Effect":"Allow","Principal":"*","Action":"{one}"}}' for one in ("a:b", "a:c")]
    put = '{"Sid":"Mine","Effect":"Deny","Principal":"*","Action":"a:b"}'
    text = splice(document(*twice[::order], KEPT), (put,), ())
    assert text is not None
    assert json.loads(text)["Statement"] == [json.loads(put), json.loads(KEPT)]
