"""A document: what it is equal by, what it keeps, what it is remembered by."""

from __future__ import annotations

import json

import pytest

from xacct.policy.document import Document, MalformedDocument
from xacct.policy.jsontext import JsonFault, parse_json
from xacct.policy.normal import account_form, meaning

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
MOVING = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${aws:username}"}


def test_the_version_is_part_of_the_meaning_where_a_variable_stands_and_not_else() -> None:
    assert Document.of(READ, version="2008-10-17") == Document.of(READ)
    assert Document.of(MOVING, version="2008-10-17") != Document.of(MOVING)
    assert Document.of(MOVING) == Document.of(MOVING)


def test_a_variable_behind_an_escape_is_one() -> None:
    escaped = '{"Version":"VERSION","Statement":[{"Effect":"Allow","Action":"a:b","Resource":"\\u0024{aws:username}"}]}'
    old, new = (
        Document.parse(escaped.replace("VERSION", version)) for version in ("2008-10-17", "2012-10-17")
    )
    assert old != new


def test_an_escape_without_a_variable_leaves_the_version_out() -> None:
    text = '{"Version":"VERSION","Statement":[{"Effect":"Allow","Action":"a:b","Resource":"a\\/b"}]}'
    old, new = (Document.parse(text.replace("VERSION", version)) for version in ("2008-10-17", "2012-10-17"))
    assert old == new


def test_the_text_that_fingerprints_are_made_of_never_changes() -> None:
    """What was written last year must still be known as ours: the form is fixed, element by element."""
    assert Document.of({"Sid": "A", **READ}).canonical == json.dumps(
        [
            "",
            [
                '{"effect":"Allow","principals":null,"not_principals":null,"actions":["s3:getobject"],'
                '"not_actions":null,"resources":["arn:aws:s3:::b/*"],"not_resources":null,"conditions":[]}'
            ],
        ]
    )
    assert json.loads(Document.of(MOVING).canonical)[0] == "2012-10-17"
    (statement,) = Document.of({"Sid": "A", **READ}).statements
    assert statement.canonical == json.loads(Document.of(READ).canonical)[1][0]


def test_a_document_is_written_indented_and_kept_as_it_was_written() -> None:
    assert Document.of(READ).source.startswith('{\n  "Version": "2012-10-17",\n  "Statement": [\n    {\n')
    odd = '{ "Statement" : [ {"Effect":"Allow",  "Action":"a:b"} ] }'
    assert Document.parse(odd).source == odd
    assert Document.parse(odd).statements[0].source == '{"Effect":"Allow",  "Action":"a:b"}'


def test_bytes_may_begin_with_a_byte_order_mark() -> None:
    assert Document.parse(b"\xef\xbb\xbf" + Document.of(READ).source.encode()) == Document.of(READ)


@pytest.mark.parametrize(
    ("text", "at", "why"),
    [
        ("", 0, "the text ends too early"),
        ("[", 1, "the text ends too early"),
        ("[1", 2, "the text ends too early"),
        ("[1 2]", 3, "a comma or ] is expected here"),
        ('{"a":1 "b":2}', 7, "a comma or } is expected here"),
        ('{"a":1', 6, "the text ends too early"),
        ("?", 0, "a value is expected here"),
        ("-", 0, "a value is expected here"),
        ("{a:1}", 1, "a key in double quotes is expected here"),
        ('{"a" 1}', 5, "a colon is expected after a key"),
        ('"a', 0, "this string is not closed, or holds a character that must be escaped"),
        ('"a\tb"', 0, "this string is not closed, or holds a character that must be escaped"),
        ("1 2", 2, "something follows after the end of the document"),
        ("1" * 4001, 0, "a number of more than 4000 characters"),
        ('{"a":' * 51 + "1" + "}" * 51, 255, "it is nested more than 50 levels deep"),
        ("[" * 51 + "1" + "]" * 51, 51, "it is nested more than 50 levels deep"),
    ],
)
def test_what_is_no_json_says_where_it_stops_being_so(text: str, at: int, why: str) -> None:
    with pytest.raises(JsonFault) as caught:
        parse_json(text)
    assert (caught.value.at, caught.value.why) == (at, why)


@pytest.mark.parametrize(
    "text", ["1" * 4000, "[" * 50 + "1" + "]" * 50, '{"a":' * 50 + "1" + "}" * 50, " [1 , 2 ] ", "-1.5e3"]
)
def test_what_is_json_is_read_to_its_end(text: str) -> None:
    node = parse_json(text)
    assert text[node.start : node.end] == text.strip()


def test_a_malformed_document_lists_its_problems_one_under_the_other() -> None:
    with pytest.raises(MalformedDocument) as caught:
        Document.parse('{"Statement":[{"Effect":"allow","Action":null}]}')
    assert str(caught.value).count("\n  ") >= 2
    assert len(caught.value.problems) == 2
    assert "Statement[0].Action must be a text" in str(caught.value)


def test_documents_that_differ_are_not_equal_in_both_ways_of_asking() -> None:
    one, other = meaning('{"Statement":[]}'), meaning('{"Statement":{"Effect":"Allow","Action":"a:b"}}')
    assert (one == other, one != other) == (False, True)
    same = meaning('{"Statement":[ ]}')
    assert (one == same, one != same) == (True, False)


@pytest.mark.parametrize("space", [" ", "\n", "\t", "\r"])
def test_a_key_that_stands_twice_is_seen_whatever_space_is_around_it(space: str) -> None:
    doubled = f'{{"Statement":[],"Statement"{space}:[]}}'
    with pytest.raises(MalformedDocument):
        Document.parse(doubled)
    escaped = f'{{"Statement":[],"\\u0053tatement"{space}:[]}}'
    with pytest.raises(MalformedDocument):
        Document.parse(escaped)
    in_a_text = (
        f'{{"Statement":[{{"Effect":"Allow","Action":"a:b","Resource":"x{space.strip() or ""}:y\\":z"}}]}}'
    )
    assert Document.parse(in_a_text).statements[0].resources


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("arn:aws:iam::111122223333:root", "111122223333"),
        ("arn:aws:iam:::root", "arn:aws:iam:::root"),
        ("arn:aws:iam::1:2:root", "arn:aws:iam::1:2:root"),
        ("arn:aws:iam::111122223333:user/root", "arn:aws:iam::111122223333:user/root"),
    ],
)
def test_an_account_has_one_form(text: str, form: str) -> None:
    assert account_form(text) == form
