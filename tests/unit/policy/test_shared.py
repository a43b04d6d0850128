"""What one document gives beyond others, what two share, and what either gives."""

from __future__ import annotations

from typing import Any

import pytest

from xacct.policy.document import Document
from xacct.policy.shared import beyond, both, parts, pattern_covers, resource_covers, shared

A = "arn:aws:iam::444455556666:"


def allow(action: Any, resource: Any = "arn:aws:s3:::logs/*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*") -> dict[str, Any]:
    return {**allow(action, resource), "Effect": "Deny"}


def trusting(*who: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": list(who)}, "Action": "sts:AssumeRole", **more}


def all_but(action: str, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "NotAction": action, "Resource": resource}


def sealed(*but: str) -> dict[str, Any]:
    return {"Effect": "Deny", "NotPrincipal": {"AWS": list(but)}, "Action": "s3:*", "Resource": "*"}


def when(operator: str, key: str, value: str) -> dict[str, Any]:
    return {"Condition": {operator: {key: value}}}


@pytest.mark.parametrize(
    ("pattern", "other", "covered"),
    [
        ("s3:*", "s3:get*", True),
        ("s3:get*", "s3:*", False),
        ("s3:?etobject", "s3:getobject", True),
        ("s3:?etobject", "s3:*etobject", False),
        ("*", "anything*", True),
    ],
)
def test_a_pattern_covers_another(pattern: str, other: str, covered: bool) -> None:
    assert pattern_covers(pattern, other) is covered


@pytest.mark.parametrize(
    ("pattern", "other", "covered"),
    [
        ("arn:aws:s3:::logs/*", "arn:aws:s3:::logs/app/*", True),
        ("arn:aws:s3:::logs/app/*", "arn:aws:s3:::logs/*", False),
        ("arn:aws:s3:::*", "arn:aws:s3:::logs", True),
        ("arn:*:x", "arn:aws:s3:::b:x", False),
        ("*", "arn:aws:s3:::logs", True),
        ("arn:aws:logs:eu:1:log-group:*", "arn:aws:logs:eu:1:log-group:a:b", True),
        ("arn:aws:s3", "arn:aws:s3:::logs", True),
        ("arn:aws:s3:*:*:*", "arn:aws:s3", True),
        ("arn:aws:s3:*:*:*~", "arn:aws:s3", False),
    ],
)
def test_a_resource_covers_another_segment_by_segment(pattern: str, other: str, covered: bool) -> None:
    assert resource_covers(pattern, other) is covered


@pytest.mark.parametrize(
    ("before", "after", "number"),
    [
        ([allow("s3:GetObject")], [allow("s3:*")], 0),
        ([allow("s3:*")], [allow("s3:GetObject")], 1),
        ([allow(["s3:GetObject", "s3:PutObject"])], [allow("s3:GetObject")], 1),
        ([trusting(f"{A}user/anna")], [trusting(f"{A}user/anna", f"{A}user/bob")], 0),
        ([trusting(f"{A}user/anna")], [trusting(f"{A}root")], 1),
        ([trusting("444455556666")], [trusting(f"{A}root")], 0),
        (
            [allow("s3:GetObject", Condition={"Bool": {"aws:SecureTransport": "true"}})],
            [allow("s3:GetObject")],
            0,
        ),
        (
            [allow("s3:GetObject")],
            [allow("s3:GetObject", Condition={"Bool": {"aws:SecureTransport": "true"}})],
            1,
        ),
        ([deny("s3:GetObject")], [allow("s3:GetObject", "*")], 1),
        ([{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}], [allow("*", "*")], 1),
        ([all_but("s3:*")], [all_but("s3:*")], 0),
        ([all_but("s3:*")], [all_but("iam:*")], 1),
        ([sealed(f"{A}user/anna")], [sealed(f"{A}user/anna")], 0),
        ([sealed(f"{A}user/anna")], [sealed(f"{A}user/bob")], 1),
        ([allow("sts:AssumeRole")], [allow("sts:AssumeRole", Principal={"AWS": f"{A}user/anna"})], 1),
        ([trusting(f"{A}user/anna")], [trusting(f"{A}user/anna", Resource="arn:aws:s3:::b")], 1),
        ([trusting(f"{A}user/anna")], [{**trusting(), "Principal": "*"}], 0),
        ([trusting(f"{A}user/anna")], [trusting("*")], 0),
        ([{**trusting(), "Principal": {"Service": "ec2.amazonaws.com"}}], [trusting("*")], 1),
        (
            [{**trusting(), "Principal": {"Service": "ec2.amazonaws.com"}}],
            [{**trusting(), "Principal": {"Service": "*"}}],
            1,
        ),
    ],
)
def test_what_is_beyond_another_document(before: Any, after: Any, number: int) -> None:
    assert len(beyond(Document.of(*before), [Document.of(*after)])) == number


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([allow(["s3:GetObject", "s3:PutObject"])], [allow("s3:GetObject")], [allow(["s3:GetObject"])]),
        (
            [allow("s3:Get*")],
            [allow("s3:GetObject", "arn:aws:s3:::logs/app/*")],
            [allow(["s3:GetObject"], ["arn:aws:s3:::logs/app/*"])],
        ),
        ([trusting(f"{A}user/anna")], [trusting(f"{A}user/bob")], []),
        (
            [trusting(f"{A}user/anna", f"{A}user/bob")],
            [trusting(f"{A}user/bob", f"{A}user/carl")],
            [trusting(f"{A}user/bob")],
        ),
        (
            [allow("s3:GetObject"), deny("s3:PutObject")],
            [allow("s3:GetObject"), deny("s3:DeleteObject")],
            [allow("s3:GetObject"), deny("s3:DeleteObject"), deny("s3:PutObject")],
        ),
        (
            [trusting("*", Condition={"StringEquals": {"sts:ExternalId": "one"}})],
            [trusting("*", Condition={"StringEquals": {"sts:ExternalId": "two"}})],
            [],
        ),
        (
            [trusting(f"{A}user/anna")],
            [trusting(f"{A}user/anna", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})],
            [trusting(f"{A}user/anna", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})],
        ),
    ],
)
def test_what_two_documents_share_with_the_denies_of_both(before: Any, after: Any, expected: Any) -> None:
    found = shared(Document.of(*before), Document.of(*after))
    if not expected:
        assert found == []
    else:
        assert Document.of(*found) == Document.of(*expected)


def test_what_is_shared_is_beyond_neither() -> None:
    one = Document.of(allow(["s3:Get*", "s3:PutObject"]), allow("s3:ListBucket", "*"))
    other = Document.of(allow(["s3:GetObject", "s3:Put*"], "*"))
    common = Document.of(*shared(one, other))
    assert beyond(common, [one]) == ()
    assert beyond(common, [other]) == ()
    assert len(common.statements) == 1


def test_either_document_is_both_together_unless_they_deny_different_things() -> None:
    one, other = Document.of(allow("s3:GetObject")), Document.of(allow("s3:PutObject"))
    found = both(one, other)
    assert found is not None
    assert Document.of(*found) == Document.of(allow("s3:GetObject"), allow("s3:PutObject"))
    assert both(one, Document.of(allow("s3:PutObject"), deny("s3:GetObject"))) is None


def test_a_variable_is_another_thing_under_another_version() -> None:
    """Trap 22."""
    statement = allow("s3:GetObject", "arn:aws:s3:::logs/${aws:username}/*")
    old, new = Document.of(statement, version="2008-10-17"), Document.of(statement)
    assert len(beyond(new, [old])) == 1
    assert shared(old, new) == []
    same = Document.of({**statement, "Sid": "Other"})
    assert beyond(new, [same]) == ()
    assert shared(new, same) == [statement]
    plain = allow("s3:GetObject")
    assert beyond(Document.of(plain), [Document.of(plain, version="2008-10-17")]) == ()
    assert shared(Document.of(plain), Document.of(plain, version="2008-10-17")) == [plain]


def test_a_part_knows_whether_it_denies() -> None:
    assert [part.denies for part in parts(Document.of(allow("s3:GetObject"), deny("s3:*")))] == [False, True]


def test_a_deny_of_both_documents_is_shared_once_and_no_sid_is_kept() -> None:
    one = Document.of({"Sid": "A", **allow("s3:GetObject")}, {"Sid": "B", **deny("s3:PutObject")})
    other = Document.of({"Sid": "C", **allow("s3:GetObject")}, {"Sid": "D", **deny("s3:PutObject")})
    assert shared(one, other) == [allow("s3:GetObject"), deny("s3:PutObject")]
    assert both(one, other) == [allow("s3:GetObject"), deny("s3:PutObject")]


def test_what_is_shared_twice_is_said_once() -> None:
    twice = Document.of(allow("s3:GetObject"), {"Sid": "Again", **allow("s3:GetObject")})
    assert shared(twice, twice) == [allow("s3:GetObject")]


X, Y = when("StringEquals", "a:x", "1"), when("StringEquals", "a:y", "1")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (all_but("s3:*"), allow("s3:GetObject", "*"), []),
        (all_but("s3:*"), all_but("iam:*"), []),
        (all_but("s3:*"), all_but("s3:*", "arn:aws:s3:::b"), [all_but("s3:*", ["arn:aws:s3:::b"])]),  # type: ignore[arg-type]
        (trusting(f"{A}user/anna"), {"Effect": "Allow", "Action": "sts:AssumeRole"}, []),
        (
            {**trusting(), "Principal": "*", **X},
            {**trusting(), "Principal": "*"},
            [{**trusting(), "Principal": "*", "Action": ["sts:AssumeRole"], **X}],
        ),
        (
            {**trusting(), "Principal": "*"},
            trusting(f"{A}user/anna"),
            [{**trusting(f"{A}user/anna"), "Action": ["sts:AssumeRole"]}],
        ),
        (
            trusting("444455556666"),
            trusting(f"{A}root", **X),
            [{**trusting("444455556666"), "Action": ["sts:AssumeRole"], **X}],
        ),
        (
            allow("s3:GetObject", **X),
            allow("s3:GetObject", **Y),
            [
                allow(
                    ["s3:GetObject"],
                    ["arn:aws:s3:::logs/*"],
                    Condition={"StringEquals": {"a:y": "1", "a:x": "1"}},
                )
            ],
        ),
        (
            allow("s3:GetObject", **when("stringequals", "A:x", "1")),
            allow("s3:Get*", **X),
            [allow(["s3:GetObject"], ["arn:aws:s3:::logs/*"], **X)],
        ),
        (
            allow("s3:GetObject", **when("StringLike", "a:x", "1")),
            allow("s3:GetObject", **X),
            [
                allow(
                    ["s3:GetObject"],
                    ["arn:aws:s3:::logs/*"],
                    Condition={"StringEquals": {"a:x": "1"}, "StringLike": {"a:x": "1"}},
                )
            ],
        ),
    ],
)
def test_two_statements_in_one(before: Any, after: Any, expected: Any) -> None:
    """Every condition of either, an excluding element where both have it, and whom one of the two names."""
    assert shared(Document.of(before), Document.of(after)) == expected


def test_parts_are_those_of_the_very_text_though_another_means_the_same() -> None:
    """Who is told a Sid looks for it in the document that lives, whichever was read before."""
    get, put = allow("s3:GetObject"), allow("s3:PutObject")
    one = Document.of({"Sid": "first", **get}, {"Sid": "second", **put})
    same = Document.of({"Sid": "third", **put}, {"Sid": "fourth", **get}, version="2008-10-17")
    assert one == same
    assert [part.statement.sid for part in parts(one)] == ["first", "second"]
    assert [part.statement.sid for part in parts(same)] == ["third", "fourth"]
    assert {part.version for part in parts(same)} == {"2008-10-17"}
