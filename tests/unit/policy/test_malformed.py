"""What is no policy document says so with a place, and the quick reading and the careful one agree."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xacct.policy.document import Document, MalformedDocument, same_text
from xacct.policy.malformed import problems_of
from xacct.policy.normal import meaning

GOOD = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def document(*statements: object, **top: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **top})


HERE = "«"
"""Stands right before the place that the problem must name."""

MALFORMED = {
    "nothing": (HERE, "Not JSON"),
    "a list": ("«[]", "Not an object"),
    "no statement": ("«{}", "No statement"),
    "a comma too much": ('{"Statement": [],\n «}', "Not JSON"),
    "a constant that is no JSON": ('{"Statement":[{"Effect":"Allow","Action":«NaN}]}', "Not JSON"),
    "an unknown version": ('{"Version":«"2012-10-18","Statement":[]}', "Unknown version"),
    "a number as version": ('{"Version":«20121017,"Statement":[]}', "Unknown version"),
    "an unknown element": ('{"Statement":[],\n\n «"Owner":"me"}', "Unknown element"),
    "a key twice": ('{"Statement":[],\n «"Statement":[]}', "The same key twice"),
    "a key twice, one with an escape": ('{"Statement":[],\n «"\\u0053tatement":[]}', "The same key twice"),
    "a key twice in a condition": (
        '{"Statement":[{"Effect":"Allow","Action":"*",\n"Condition":{"Bool":{"a":"true",«"a":"true"}}}]}',
        "The same key twice",
    ),
    "an effect in lower case": ('{"Statement":[{"Effect":«"allow","Action":"*"}]}', "No effect"),
    "no effect": ('{"Statement":[«{"Action":"*"}]}', "No effect"),
    "no action": ('{"Statement":[«{"Effect":"Allow"}]}', "No action"),
    "an action and its opposite": (
        '{"Statement":[{"Effect":"Allow","Action":"*",\n"NotAction":«"*"}]}',
        "Two that exclude each other",
    ),
    "an action that is null": ('{"Statement":[{"Effect":"Allow","Action":«null}]}', "Not a text"),
    "a list in a list": ('{"Statement":[{"Effect":"Allow","Action":[«["a"]]}]}', "Not a text"),
    "a statement that is a text": ('{"Statement":[«"Allow"]}', "Not an object"),
    "a Sid that is a number": ('{"Statement":[{"Effect":"Allow","Action":"*","Sid":«7}]}', "Not a text"),
    "an Id that is a list": ('{"Id":«[],"Statement":[]}', "Not a text"),
    "a principal that is a text": (
        '{"Statement":[{"Effect":"Allow","Action":"*","Principal":«"me"}]}',
        "Not a principal",
    ),
    "an unknown kind of principal": (
        '{"Statement":[{"Effect":"Allow","Action":"*","Principal":{"Aws":«"1"}}]}',
        "Unknown kind of principal",
    ),
    "a condition that is a list": (
        '{"Statement":[{"Effect":"Allow","Action":"*","Condition":«[]}]}',
        "Not an object",
    ),
    "sixty levels": ("[" * 51 + "«" + "[" * 9 + "]" * 60, "Not JSON"),
    "a number without end": (
        '{"Statement":[{"Effect":"Allow","Action":«' + "1" * 5000 + "}]}",
        "Not JSON",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_document_has_a_problem_with_its_place(name: str) -> None:
    marked, summary = MALFORMED[name]
    before = marked.partition(HERE)[0]
    line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    text = marked.replace(HERE, "")
    with pytest.raises(MalformedDocument) as caught:
        Document.parse(text)
    found = [(p.summary, p.place.line, p.place.column) for p in caught.value.problems if p.place]
    assert (summary, line, column) in found
    with pytest.raises(MalformedDocument):
        same_text(document(GOOD), text)


def test_every_problem_of_a_document_is_told_at_once() -> None:
    text = document({"Effect": "allow", "Actoin": "*"}, {"Effect": "Deny", "Action": None}, Version="2020")
    summaries = sorted(problem.summary for problem in problems_of(text))
    assert summaries == ["No action", "No effect", "Not a text", "Unknown element", "Unknown version"]


def test_bytes_that_are_no_text_are_a_problem() -> None:
    with pytest.raises(MalformedDocument, match="not UTF-8"):
        Document.parse(b'{"Statement": "\xff"}')


def test_a_colon_after_a_quote_inside_a_text_is_no_key() -> None:
    """The quick count of keys must not take a text for one, nor miss one behind white space."""
    odd = '{"Statement" : [{"Effect":"Allow","Action":"s3:Get","Resource":"a\\":b"}]}'
    assert meaning(odd) is not None
    assert not problems_of(odd)
    twice = '{"Statement":[{"Effect":"Allow","Action":"*","Effect" :"Allow"}]}'
    assert meaning(twice) is None


LEAVES = st.sampled_from(
    ["*", "s3:Get", "Allow", "Deny", "", 1, True, None, "2012-10-17", "arn:aws:iam::1:root"]
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["AWS", "Service", "Bool", "aws:x", "Sid"]), inner, max_size=2)
    ),
    max_leaves=4,
)
KEYS = [
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
    "Sid",
]


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5),
    st.dictionaries(st.sampled_from(["Version", "Id", "Foreign"]), VALUES, max_size=2),
    st.booleans(),
)
def test_the_quick_reading_refuses_just_what_the_careful_one_finds_fault_with(
    statement: dict[str, object], top: dict[str, object], alone: bool
) -> None:
    body = {"Effect": "Allow", "Action": "s3:*", **statement}
    text = json.dumps({**top, "Statement": body if alone else [body]})
    assert (meaning(text) is None) == bool(problems_of(text)), text


def test_texts_cut_and_spoiled_anywhere_are_told_by_both_readings() -> None:
    good = document(
        {**GOOD, "Principal": {"AWS": ["1", "2"]}, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    )
    chance = random.Random(7)
    for _ in range(3000):
        at, size = chance.randrange(len(good)), chance.randrange(3)
        spoiled = good[:at] + chance.choice(['"', "{", "}", ",", ":", "\\", "x", ""]) + good[at + size :]
        assert (meaning(spoiled) is None) == bool(problems_of(spoiled)), spoiled


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("[]", "The document must be an object."),
        ('{"Statement":[7]}', "Statement[0] must be an object."),
        ('{"Statement":7}', "Statement must be an object."),
        ('{"Statement":[],"Owner":1}', "Owner is no element of a policy."),
        (
            '{"Statement":{"Effect":"Allow","Action":"*","Owner":1}}',
            "Statement.Owner is no element of a policy.",
        ),
        ('{"Statement":[],"Id":7}', "Id must be a text."),
        ('{"Statement":[{"Effect":"Allow","NotAction":null}]}', "Statement[0].NotAction must be a text."),
        ('{"Statement":[{"Effect":"Allow","Action":[null]}]}', "Statement[0].Action[0] must be a text."),
        (
            '{"Statement":[{"Effect":"Allow","Action":"*","Resource":["a",{}]}]}',
            "Statement[0].Resource[1] must be a text.",
        ),
        (
            '{"Statement":[{"Effect":"Allow","Action":"*","NotResource":null}]}',
            "Statement[0].NotResource must be a text.",
        ),
        (
            '{"Statement":[{"Effect":"Allow","Action":"*","NotPrincipal":"me"}]}',
            'Statement[0].NotPrincipal must be "*" or an object such as {"AWS": ...}.',
        ),
        (
            '{"Statement":[{"Effect":"Allow","Action":"*","Principal":{"AWS":[null]}}]}',
            "Statement[0].Principal.AWS[0] must be a text.",
        ),
        (
            '{"Statement":[{"Effect":"Allow","Action":"*","Condition":{"Bool":7}}]}',
            "Statement[0].Condition.Bool must be an object.",
        ),
        (
            '{"Statement":[{"Effect":"Allow","Action":"*","Condition":{"Bool":{"k":{}}}}]}',
            "Statement[0].Condition.Bool.k must be a text.",
        ),
        (
            '{"Statement":[{"Effect":"Allow","Action":"*","NotAction":"*"}]}',
            "Statement[0] has Action and NotAction.",
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_path(text: str, detail: str) -> None:
    assert [problem.detail for problem in problems_of(text)] == [detail]


def test_not_action_alone_says_what_a_statement_is_about() -> None:
    assert problems_of('{"Statement":[{"Effect":"Allow","NotAction":"*"}]}') == ()


def test_a_place_counts_lines_and_columns_from_one() -> None:
    (first,) = problems_of("[]")
    assert first.place is not None
    assert (first.place.line, first.place.column) == (1, 1)
    (third,) = problems_of('{"Statement":\n [],\n  "Owner":1}')
    assert third.place is not None
    assert (third.place.line, third.place.column) == (3, 3)


def test_all_problems_are_told_one_below_the_other() -> None:
    with pytest.raises(MalformedDocument) as caught:
        Document.parse('{"Statement":[{"Effect":"allow"}]}')
    assert len(caught.value.problems) == 2
    assert str(caught.value) == "\n".join(str(problem) for problem in caught.value.problems)
    with pytest.raises(MalformedDocument) as bytes_caught:
        Document.parse(b'{"Statement":\xff}')
    (problem,) = bytes_caught.value.problems
    assert (problem.summary, problem.detail) == ("Not text", "It is not UTF-8.")


def test_a_line_feed_at_the_very_beginning_is_counted() -> None:
    (found,) = problems_of("\n[]")
    assert found.place is not None
    assert (found.place.file, found.place.line, found.place.column) == ("", 2, 1)
