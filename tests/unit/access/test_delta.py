"""Who gains and who loses what between two estates."""

from __future__ import annotations

import pytest

from tests.unit.access.accounts import ANNA, BOB, BUCKET, READER, allow, estate, group, role, trusting, user
from xacct.access.delta import Access, delta
from xacct.access.estate import Estate
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


def test_a_wildcard_is_asked_by_the_actions_that_matter() -> None:
    found = delta(world(ANNA), world(ANNA, access=allow("s3:*", f"{BUCKET}/*")), [READER], [])
    assert told(found.gained) == {(ANNA, ("s3:DeleteObject", "s3:PutObject"), f"{BUCKET}/*")}


def test_two_documents_that_mean_the_same_are_no_change() -> None:
    twice = allow(["S3:GETOBJECT"], [f"{BUCKET}/*", f"{BUCKET}/in/*"])
    found = delta(world(ANNA), world(ANNA, access=twice), [READER], [])
    assert told(found.gained) <= {(ANNA, ("s3:GetObject",), f"{BUCKET}/in/*")}
    assert found.lost == ()


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
