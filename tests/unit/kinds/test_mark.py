"""Marks say whose a thing is, and whether it still is what was made."""

from __future__ import annotations

import json

from tests.contract.examples import ACCESS, ACCOUNT, SHARED, TRUST
from xacct.kinds.bucket_policy import BucketPolicy
from xacct.kinds.mark import (
    document_mark,
    marked_document,
    marked_statement,
    marker,
    policy_name,
    statement_mark,
)
from xacct.kinds.role import Role
from xacct.policy.document import Document
from xacct.resource import Mark, Splice

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}
LIST = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::logs"}


def changed(document: Document, **change: object) -> Document:
    body = json.loads(document.source)
    body["Statement"][0] |= change
    return Document.parse(json.dumps(body))


def test_a_generated_document_carries_its_manifest_and_is_intact() -> None:
    document = marked_document("demo", [READ, LIST])
    assert document_mark(document) == Mark(manifest=marker("demo"), intact=True)
    assert document == Document.of(READ, LIST)


def test_sids_are_letters_and_digits_and_differ_within_a_document() -> None:
    """Trap 27: IAM takes nothing else in a Sid, and no Sid twice."""
    sids = [statement.sid for statement in marked_document("demo", [READ, LIST]).statements]
    assert all(sid.isalnum() and sid.isascii() for sid in sids)
    assert len(set(sids)) == 2


def test_every_edit_of_a_generated_document_shows() -> None:
    document = marked_document("demo", [READ, LIST])
    body = json.loads(document.source)
    less = Document.parse(json.dumps({**body, "Statement": body["Statement"][:1]}))
    more = Document.parse(json.dumps({**body, "Statement": [*body["Statement"], {**READ, "Action": "s3:*"}]}))
    for edited in (changed(document, Action="s3:*"), changed(document, Sid="Mine"), less, more):
        mark = document_mark(edited)
        assert mark is not None
        assert not mark.intact


def test_the_order_and_the_white_space_of_a_document_are_no_edit() -> None:
    """A service may give back another order of statements and keys."""
    body = json.loads(marked_document("demo", [READ, LIST]).source)
    body["Statement"].reverse()
    mark = document_mark(Document.parse(json.dumps(body, indent=7, sort_keys=True)))
    assert mark == Mark(manifest=marker("demo"), intact=True)


def test_a_document_of_others_has_no_mark() -> None:
    assert document_mark(ACCESS) is None
    assert document_mark(changed(marked_document("demo", [READ]), Sid="XacctIsNice")) is None


def test_names_of_manifest_and_link_that_run_together_are_told_apart() -> None:
    """Manifest a with link b-c and manifest a-b with link c give the same name; the Sids differ."""
    assert policy_name("a", "b-c") == policy_name("a-b", "c")
    assert document_mark(marked_document("a", [READ])) != document_mark(marked_document("a-b", [READ]))


def test_long_names_keep_within_the_limit_and_apart() -> None:
    """Trap 26."""
    one, other = policy_name("m", "x" * 200), policy_name("m", "x" * 199 + "y")
    assert len(one) <= 128
    assert one != other


def test_a_statement_in_a_shared_document_carries_its_own_mark() -> None:
    text = marked_statement("demo", SHARED.statements[0])
    statement = Document.parse(f'{{"Version":"2012-10-17","Statement":[{text}]}}').statements[0]
    assert statement_mark(statement) == Mark(manifest=marker("demo"), intact=True)
    assert statement_mark(SHARED.statements[0]) is None


def role(**more: object) -> Role:
    return Role(account=ACCOUNT, name="r", trust=TRUST, manifest="demo", **more)  # type: ignore[arg-type]


def test_a_role_is_intact_while_its_fingerprint_fits() -> None:
    stamp = role().stamp
    assert role(fingerprint=stamp).mark == Mark(manifest=marker("demo"), intact=True)
    assert role(fingerprint=stamp, max_session=7200).mark == Mark(manifest=marker("demo"), intact=False)
    assert role(fingerprint="").mark == Mark(manifest=marker("demo"), intact=False)


def test_the_mark_is_written_before_the_change() -> None:
    """A kill between the two leaves a thing that is ours and edited, never one that is nobody's."""
    before = role(fingerprint=role().stamp)
    calls = [call.operation for call in role(max_session=7200).update(before)]
    assert calls == ["TagRole", "UpdateRole"]


def test_tags_of_a_role_fit_the_alphabet_that_iam_has() -> None:
    """Trap 26, tag values: letters, digits, space and _.:/=+-@."""
    (call,) = role().create()
    for tag in call.arguments()["Tags"]:
        assert all(one.isalnum() or one in " _.:/=+-@" for one in tag["Key"] + tag["Value"])


def test_a_bucket_policy_only_puts_ours_and_drops_ours() -> None:
    wider = Document.of({**json.loads(SHARED.statements[0].source), "Action": "s3:*"})
    old = BucketPolicy.of(ACCOUNT, "logs", marker("demo"), "demo", SHARED)
    new = BucketPolicy.of(ACCOUNT, "logs", marker("demo"), "demo", wider)
    foreign = (
        '{"Sid":"Theirs",  "Effect":"Deny","Principal":"*",'
        '"Action":"s3:DeleteBucket","Resource":"arn:aws:s3:::logs"}'
    )
    live = f'{{"Version":"2012-10-17","Statement":[{foreign},{old.texts[0]}]}}'
    (splice,) = new.update(old)
    assert isinstance(splice, Splice)
    merged = splice.merged(live).arguments()["Policy"]
    assert foreign in merged
    assert [one["Action"] for one in json.loads(merged)["Statement"]] == ["s3:DeleteBucket", "s3:*"]
    (removal,) = new.delete()
    left = removal.merged(merged).arguments()["Policy"]
    assert json.loads(left)["Statement"] == [json.loads(foreign)]


def test_every_call_on_a_bucket_names_the_owner() -> None:
    policy = BucketPolicy.of(ACCOUNT, "logs", marker("demo"), "demo", SHARED)
    (splice,) = policy.create()
    for call in (splice.read, splice.merged(None), splice.remove):
        assert call.arguments()["ExpectedBucketOwner"] == ACCOUNT.id
