"""Who gains and who loses what between two estates."""

from __future__ import annotations

import json

import pytest

from tests.unit.access.accounts import (
    ANNA,
    BOB,
    BUCKET,
    PEOPLE,
    READER,
    allow,
    estate,
    group,
    role,
    trusting,
    user,
)
from xacct.access.delta import Access, delta
from xacct.access.estate import Estate
from xacct.access.questions import questions_about
from xacct.policy.document import Document

GRANT = allow("sts:AssumeRole", READER)
READ = allow("s3:GetObject", f"{BUCKET}/*")


def world(*trusted: str, access: dict[str, object] = READ, bucket: Document | None = None) -> Estate:
    return estate(
        role("reader", trusting(*trusted), path="/app/", access=access),
        group("Testers", grant=GRANT),
        user("anna", "Testers"),
        user("bob", "Testers"),
        policy=bucket,
    )


def told(some: tuple[Access, ...]) -> set[tuple[str, tuple[str, ...], str]]:
    return {(one.who, one.actions, one.resource) for one in some}


def test_who_is_added_to_the_trust_gains_what_the_role_may() -> None:
    found = delta(world(ANNA), world(ANNA, BOB), [READER], [])
    assert told(found.gained) == {(BOB, ("s3:GetObject",), f"{BUCKET}/*")}
    assert found.lost == ()
    assert found.gained[0].roles == (READER,)


def test_who_is_taken_out_of_the_trust_loses_it() -> None:
    found = delta(world(ANNA, BOB), world(ANNA), [READER], [])
    assert found.gained == ()
    assert told(found.lost) == {(BOB, ("s3:GetObject",), f"{BUCKET}/*")}


def test_everyone_behind_a_role_gains_what_the_role_gains() -> None:
    wider = allow(["s3:GetObject", "s3:PutObject"], f"{BUCKET}/*")
    found = delta(world(ANNA), world(ANNA, access=wider), [READER], [])
    assert told(found.gained) == {(ANNA, ("s3:PutObject",), f"{BUCKET}/*")}


def test_of_a_wildcard_the_actions_that_matter_are_told_by_name_and_the_others_with_them() -> None:
    found = delta(world(ANNA), world(ANNA, access=allow("s3:*", f"{BUCKET}/*")), [READER], [])
    assert told(found.gained) == {(ANNA, ("s3:DeleteObject", "s3:PutObject"), f"{BUCKET}/*")}
    others = found.gained[0].others
    assert {"s3:PutObjectAcl", "s3:GetObjectVersion", "s3:DeleteObjectVersion"} < {*others}
    assert not {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:PutBucketPolicy"} & {*others}


def test_what_others_than_the_role_hold_tells_the_actions_of_a_wildcard_apart() -> None:
    """The bucket's policy gives Bob one action before and after, and Anna all of them only after."""
    own = Document.of({**allow("s3:PutObjectAcl", f"{BUCKET}/*"), "Principal": {"AWS": BOB}})
    before, after = (
        estate(user("bob", own=allow("s3:*", f"{BUCKET}/*")), policy=policy)
        for policy in (own, Document.of({**json.loads(own.statements[0].source), "Action": "s3:*"}))
    )
    (gained,) = delta(before, after, [], ["logs"]).gained
    assert gained.who == BOB
    assert "s3:PutObjectVersionAcl" in gained.others
    assert "s3:PutObjectAcl" not in (*gained.others, *gained.actions)


@pytest.mark.parametrize("before", ["s3:GetObjectAcl", "s3:GetObject*", "s3:*Acl"])
def test_what_was_held_before_is_not_gained_by_a_wildcard(before: str) -> None:
    found = delta(
        world(ANNA, access=allow(before, f"{BUCKET}/*")),
        world(ANNA, access=allow("s3:*", f"{BUCKET}/*")),
        [READER],
        [],
    )
    assert "s3:GetObjectAcl" not in found.gained[0].others
    assert "s3:PutObjectTagging" in found.gained[0].others


def test_what_is_named_beside_a_wildcard_is_told_once() -> None:
    both = [allow("s3:Get*", f"{BUCKET}/*"), allow(["s3:GetObjectAcl", "s3:Get*"], f"{BUCKET}/*")]
    for statements in (both[1:], both):
        reader = role(
            "reader",
            trusting(ANNA),
            path="/app/",
            **{str(number): one for number, one in enumerate(statements)},
        )
        after = estate(reader, user("anna", grant=GRANT))
        (gained,) = delta(estate(user("anna", grant=GRANT)), after, [READER], []).gained
        assert gained.actions == ("s3:GetObject", "s3:GetObjectAcl")
        assert "s3:GetObjectTagging" in gained.others
        assert "s3:GetObjectAcl" not in gained.others


def test_of_everything_it_is_told_what_is_about_no_bucket() -> None:
    found = delta(world(ANNA), world(ANNA, access=allow("s3:*")), [READER], [])
    others = {one.resource: one.others for one in found.gained}
    assert others.keys() == {"*", BUCKET, f"{BUCKET}/*"}
    assert {"s3:PutAccountPublicAccessBlock", "s3:CreateJob"} < {*others["*"]}
    assert "s3:PutBucketPolicy" in others[BUCKET]
    assert "s3:PutBucketPolicy" not in others["*"]


def test_two_documents_that_mean_the_same_are_no_change() -> None:
    twice = allow(["S3:GETOBJECT"], [f"{BUCKET}/*", f"{BUCKET}/in/*"])
    found = delta(world(ANNA), world(ANNA, access=twice), [READER], [])
    assert told(found.gained) <= {(ANNA, ("s3:GetObject",), f"{BUCKET}/in/*")}
    assert found.lost == ()


@pytest.mark.parametrize("who", [BOB, PEOPLE.iam_arn("group/Readers"), PEOPLE.iam_arn("user/path/bob")])
def test_who_comes_into_a_group_gains_what_it_holds(who: str) -> None:
    """The bucket lets everybody of the people's account in who has a policy of their own."""
    policy = Document.of({**READ, "Principal": {"AWS": PEOPLE.id}})
    before, after = (
        estate(group("Readers", read=READ), user("bob", *groups), policy=policy)
        for groups in ((), ("Readers",))
    )
    assert told(delta(before, after, [who], []).gained) == {(BOB, ("s3:GetObject",), f"{BUCKET}/*")}
    assert told(delta(after, before, [who], []).lost) == {(BOB, ("s3:GetObject",), f"{BUCKET}/*")}


def test_a_public_statement_and_a_strangers_account_stand_out() -> None:
    public = Document.of({**READ, "Principal": "*"})
    stranger = Document.of({**READ, "Principal": {"AWS": "999988887777"}})
    (anyone,) = (one for one in delta(world(), world(bucket=public), [], ["logs"]).gained if one.outside)
    assert anyone.public
    (other,) = delta(world(), world(bucket=stranger), [], ["logs"]).gained
    assert other.outside
    assert not other.public
    assert "999988887777" in other.who


def test_questions_beyond_the_cap_are_counted_and_not_passed_over_in_silence() -> None:
    many = allow("s3:GetObject", [f"{BUCKET}/{number}/*" for number in range(260)])
    found = delta(world(ANNA), world(ANNA, access=many), [READER], [])
    assert found.left_out == 261 - 200


@pytest.mark.parametrize("who", ["*", {"AWS": "999988887777"}])
def test_what_the_world_or_a_stranger_is_given_is_asked_first(who: object) -> None:
    """Before two hundred questions on what the account's own people get."""
    own = {
        **allow("s3:GetObject", [f"{BUCKET}/{number}/*" for number in range(260)]),
        "Principal": {"AWS": BOB},
    }
    open_to = {**allow("s3:PutObject", f"{BUCKET}/*"), "Principal": who}
    found = delta(world(), world(bucket=Document.of(own, open_to)), [], ["logs"])
    assert found.left_out
    assert (("s3:PutObject",), f"{BUCKET}/*") in {
        (one.actions, one.resource) for one in found.gained if one.outside
    }


def test_of_wildcards_what_weighs_most_is_asked_first() -> None:
    """Permissions on objects (s3:PutObjectAcl) before hundreds of classes that only read."""
    reads = allow("s3:Get*", [f"{BUCKET}/{number}/*" for number in range(260)])
    after = estate(
        role("reader", trusting(ANNA), path="/app/", reads=reads, acls=allow("s3:*Acl", f"{BUCKET}/*")),
        group("Testers", grant=GRANT),
        user("anna", "Testers"),
    )
    found = delta(world(ANNA), after, [READER], [])
    assert found.left_out
    assert any("s3:PutObjectAcl" in one.others for one in found.gained)


def test_what_wildcards_ask_further_takes_no_place_of_what_is_asked_by_name() -> None:
    many = allow("s3:Get*", [f"{BUCKET}/{number}/*" for number in range(260)])
    found = delta(world(ANNA), world(ANNA, access=many), [READER], [])
    assert found.left_out == (261 - 200) + (260 - 200)


@pytest.mark.parametrize(
    ("action", "about", "gained"),
    [
        ("s3:GetObject", "arn:aws:s3:::*", {f"{BUCKET}/*"}),
        ("s3:GetObject", "arn:aws:s3:::lo*", {f"{BUCKET}/*"}),
        ("s3:GetObject", "arn:aws:s3:::lo*/in/*", {f"{BUCKET}/in/*"}),
        ("s3:GetObject", "arn:aws:s3:::log?/*", {f"{BUCKET}/*"}),
        ("s3:GetObject", "arn:aws:s3:::log?", set()),
        ("s3:GetObject", "arn:aws:s3:::other*", set()),
        ("s3:GetObject", "arn:aws:s3:::*s", {f"{BUCKET}/*s"}),
        ("s3:GetObject", f"{BUCKET}*.csv", {f"{BUCKET}/*.csv"}),
        ("s3:GetObject", "arn:aws:s3:::l*.csv", {f"{BUCKET}/*.csv"}),
        ("s3:PutBucketPolicy", "arn:aws:s3:::*s", {BUCKET}),
        ("s3:PutBucketPolicy", "arn:aws:s3:::log?", {BUCKET}),
        ("s3:PutBucketPolicy", "arn:aws:s3:::*", {BUCKET}),
        ("s3:PutBucketPolicy", "arn:aws:s3:::*/*", set()),
    ],
)
def test_a_bucket_that_is_reached_without_its_name_is_told_by_name(
    action: str, about: str, gained: set[str]
) -> None:
    found = delta(world(ANNA, access=allow("sqs:*")), world(ANNA, access=allow(action, about)), [READER], [])
    assert {one.resource for one in found.gained if one.sure} == gained
    assert all(one.actions == (action,) for one in found.gained)


@pytest.mark.parametrize(
    ("about", "asked"),
    [
        (f"{BUCKET}/in/*", set()),
        ("arn:aws:s3:::other*", set()),
        ("arn:aws:s3:::log?", {BUCKET}),
        ("arn:aws:s3:::lo*", {BUCKET, f"{BUCKET}/*"}),
        ("arn:aws:s3:::lo*/in/*", {f"{BUCKET}/in/*"}),
        ("*", {BUCKET, f"{BUCKET}/*"}),
    ],
)
def test_no_more_is_asked_than_a_pattern_reaches(about: str, asked: set[str]) -> None:
    where = world(ANNA, access=allow("s3:*", about))
    assert {one.shown for one in questions_about([where], [READER], [])} == {about, *asked}


def test_what_a_statement_leaves_out_is_asked_as_what_it_names() -> None:
    def all_but(key: str) -> dict[str, object]:
        return {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": f"{BUCKET}/{key}/*"}

    first = delta(world(ANNA, access=allow("sqs:*")), world(ANNA, access=all_but("in")), [READER], [])
    assert {one.resource for one in first.gained} == {f"{BUCKET}/*"}
    then = delta(world(ANNA, access=all_but("in")), world(ANNA, access=all_but("out")), [READER], [])
    assert {one.resource for one in then.gained} == {f"{BUCKET}/in/*"}
    assert {one.resource for one in then.lost} == {f"{BUCKET}/out/*"}


def listing(*prefixes: str, operator: str = "StringLike") -> dict[str, object]:
    condition = {"Condition": {operator: {"s3:prefix": list(prefixes)}}} if prefixes else {}
    return {**allow("s3:ListBucket", BUCKET), **condition}


@pytest.mark.parametrize(
    ("before", "after", "gained", "lost"),
    [
        (listing("in/", "in/*"), listing("in/", "in/*"), [], []),
        (listing("in/a/*"), listing("in/*"), ["in/*"], []),
        (listing("in/*"), listing("in/a/*"), [], ["in/*"]),
        (listing("in/*"), listing("out/*"), ["out/*"], ["in/*"]),
        (listing("in/*"), listing(), [""], []),
        (listing(), listing("in/*"), [], [""]),
        (listing("in", operator="StringEquals"), listing("in*"), ["in*"], []),
        (listing("in/*"), listing("in/*", operator="StringLikeIfExists"), [""], []),
        (listing("in/*"), listing("in/*", operator="StringNotLike"), [""], ["in/*"]),
    ],
)
def test_whoever_may_list_another_prefix_gains_or_loses_it(
    before: dict[str, object], after: dict[str, object], gained: list[str], lost: list[str]
) -> None:
    def told(some: tuple[Access, ...]) -> list[str]:
        assert all(one.sure and one.actions == ("s3:ListBucket",) for one in some)
        return [one.resource.removeprefix(BUCKET).removeprefix(" (prefix ").removesuffix(")") for one in some]

    found = delta(world(ANNA, access=before), world(ANNA, access=after), [READER], [])
    assert (told(found.gained), told(found.lost)) == (gained, lost)
