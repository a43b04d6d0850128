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
