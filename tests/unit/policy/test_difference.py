"""What changed between two documents, statement by statement, for people."""

from __future__ import annotations

from typing import Any

import pytest

from xacct.policy.difference import Added, Changed, Part, Removed, Reworded, differences
from xacct.policy.document import Document


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


READ = allow("s3:GetObject", "arn:aws:s3:::b/*")
LIST = allow("s3:ListBucket", "arn:aws:s3:::b")


def test_no_document_and_a_document() -> None:
    document = Document.of(READ, LIST)
    assert [type(one) for one in differences(None, document)] == [Added, Added]
    assert [type(one) for one in differences(document, None)] == [Removed, Removed]
    assert differences(None, None) == ()
    assert differences(document, document) == ()


def test_a_statement_more_and_a_statement_less() -> None:
    (added,) = differences(Document.of(READ), Document.of(LIST, READ))
    assert isinstance(added, Added)
    assert added.statement.actions == ("s3:listbucket",)
    (removed,) = differences(Document.of(LIST, READ), Document.of(READ))
    assert isinstance(removed, Removed)
    assert removed.statement.actions == ("s3:listbucket",)


def test_a_statement_of_the_same_sid_is_changed_whatever_else_it_says() -> None:
    old = Document.of({"Sid": "A", **READ})
    new = Document.of({"Sid": "A", "Effect": "Deny", "Action": "iam:*", "Resource": "x"})
    (changed,) = differences(old, new)
    assert isinstance(changed, Changed)
    assert {part.name for part in changed.parts} == {"Effect", "Action", "Resource"}
    assert Part("Effect", ("Allow",), ("Deny",)) in changed.parts


def test_statements_without_sids_are_paired_by_what_they_have_in_common() -> None:
    old = Document.of(READ, LIST)
    new = Document.of(allow("s3:ListBucket", ["arn:aws:s3:::b", "arn:aws:s3:::c"]), READ)
    (changed,) = differences(old, new)
    assert isinstance(changed, Changed)
    assert changed.before.actions == changed.after.actions == ("s3:listbucket",)
    assert changed.parts == (Part("Resource", ("arn:aws:s3:::b",), ("arn:aws:s3:::b", "arn:aws:s3:::c")),)


def test_the_more_alike_are_paired_first() -> None:
    condition = {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    old = Document.of(allow("s3:GetObject", "x", **condition))
    new = Document.of(allow("s3:PutObject", "x"), allow("s3:PutObject", "x", **condition))
    changed = next(one for one in differences(old, new) if isinstance(one, Changed))
    assert changed.after.index == 1
    assert [part.name for part in changed.parts] == ["Action"]


def test_an_allow_and_a_deny_are_never_taken_for_one_changed_statement() -> None:
    found = differences(Document.of(READ), Document.of({**READ, "Effect": "Deny"}))
    assert [type(one) for one in found] == [Removed, Added]


def test_statements_with_nothing_in_common_are_two() -> None:
    found = differences(Document.of(READ), Document.of(allow("iam:PassRole", "y")))
    assert [type(one) for one in found] == [Removed, Added]


def test_what_is_only_worded_otherwise_comes_last() -> None:
    old = Document.of({"Sid": "A", **READ}, version="2008-10-17")
    new = Document.of({"Sid": "B", **READ}, LIST)
    added, sid, version = differences(old, new)
    assert isinstance(added, Added)
    assert sid == Reworded("Sid", "A", "B")
    assert version == Reworded("Version", "2008-10-17", "2012-10-17")


@pytest.mark.parametrize(
    ("element", "value", "shown"),
    [
        ("Principal", "*", ("*",)),
        ("Principal", {"AWS": "111122223333"}, ("AWS account 111122223333",)),
        ("Principal", {"AWS": "arn:aws:iam::111122223333:user/a"}, ("AWS arn:aws:iam::111122223333:user/a",)),
        ("Principal", {"Service": "ec2.amazonaws.com"}, ("Service ec2.amazonaws.com",)),
        ("NotPrincipal", {"AWS": "111122223333"}, ("AWS account 111122223333",)),
        ("Condition", {"Bool": {"aws:SecureTransport": True}}, ("Bool aws:SecureTransport true",)),
        ("Condition", {"StringLike": {"s3:prefix": ["b", "a"]}}, ("StringLike s3:prefix a, b",)),
    ],
)
def test_elements_are_shown_as_people_write_them(element: str, value: Any, shown: tuple[str, ...]) -> None:
    (changed,) = differences(Document.of(READ), Document.of({**READ, element: value}))
    assert isinstance(changed, Changed)
    assert changed.parts == (Part(element, (), shown),)


def test_actions_are_shown_in_the_letters_of_their_authors() -> None:
    old, new = Document.of(allow("S3:GetObject")), Document.of(allow(["s3:getobject", "s3:PutObject"]))
    (changed,) = differences(old, new)
    assert isinstance(changed, Changed)
    assert changed.parts == (Part("Action", ("S3:GetObject",), ("s3:getobject", "s3:PutObject")),)


def test_not_elements_are_parts_of_their_own() -> None:
    old = Document.of({"Sid": "A", "Effect": "Allow", "NotAction": "iam:*", "NotResource": "x"})
    new = Document.of({"Sid": "A", "Effect": "Allow", "NotAction": "sts:*", "NotResource": "y"})
    (changed,) = differences(old, new)
    assert isinstance(changed, Changed)
    assert changed.parts == (
        Part("NotAction", ("iam:*",), ("sts:*",)),
        Part("NotResource", ("x",), ("y",)),
    )


def test_changes_come_in_the_order_of_the_new_document() -> None:
    old = Document.of({"Sid": "A", **READ}, {"Sid": "B", **LIST})
    new = Document.of({"Sid": "B", **LIST, "Resource": "x"}, {"Sid": "A", **READ, "Resource": "y"})
    found = differences(old, new)
    assert [one.after.sid for one in found if isinstance(one, Changed)] == ["B", "A"]


def test_what_is_left_out_is_shown_in_the_letters_of_its_author() -> None:
    (changed,) = differences(
        Document.of({"Sid": "A", "Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "*"}),
        Document.of({"Sid": "A", "Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "*"}),
    )
    assert isinstance(changed, Changed)
    assert changed.parts == (Part("NotAction", ("s3:GetObject",), ("iam:PassRole",)),)
