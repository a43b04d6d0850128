"""Thresholds and protected names: what a plan takes away is counted, small sets too, and fails closed."""

from __future__ import annotations

import pytest

from tests.unit.plan.states import DATA, access, grant, group, marked_grant, plan, role, role_policy, trust
from xacct.engine.preparing.limits import Lifted, exceeded
from xacct.kinds.bucket_policy import BucketPolicy
from xacct.kinds.mark import marker
from xacct.manifest.model import Limits, Protected
from xacct.plan.narrow import takes_away
from xacct.plan.plan import Create, Delete, Update
from xacct.policy.document import Document
from xacct.policy.proof.prove import NotDecided, no_more_than
from xacct.problem import Place
from xacct.resource import Resource, State

PLACE = Place("xacct.yaml", 7, 3)


def refused(
    desired: list[Resource],
    living: list[Resource],
    limits: Limits,
    lifted: Lifted | None = None,
    **more: bool,
) -> list[str]:
    made = plan(desired, living, was=living)
    found = exceeded(
        made, State.of(desired), State.of(living), [limits], lifted or Lifted(), destroyed=bool(more)
    )
    assert all(one.place == PLACE or lifted for one in found)
    return [f"{one.summary}: {one.detail} {one.fix}" for one in found]


def limited(**said: object) -> Limits:
    return Limits(place=PLACE, **said)  # type: ignore[arg-type]


def test_the_only_one_of_one_is_all_of_them() -> None:
    (told,) = refused([], [marked_grant()], limited(max_delete_share=99))
    assert told.startswith("Too much at once: 1 of 1 living things")
    assert "at most 99 %" in told
    assert "--max-delete 1" in told
    assert refused([], [marked_grant()], limited(max_delete_share=100)) == []


def test_a_count_is_held_and_zero_is_a_count() -> None:
    desired: list[Resource] = [role(), role_policy()]
    living = [*desired, marked_grant()]
    assert refused(desired, living, limited(max_delete=1)) == []
    (told,) = refused(desired, living, limited(max_delete=0))
    assert "1 of 3 living things would be deleted or narrowed, at most 0 may be" in told
    assert "analytics" not in told
    assert "apps/group-policy/Testers/xacct-example-reader (deleted)" in told


def test_narrowing_counts_and_widening_does_not() -> None:
    wide, small = access("s3:*"), access()
    assert refused([role_policy(document=small)], [role_policy(document=wide)], limited(max_delete=0))
    assert not refused([role_policy(document=wide)], [role_policy(document=small)], limited(max_delete=0))


def test_the_word_stands_in_place_of_the_limits_in_both_directions() -> None:
    desired: list[Resource] = [role()]
    living = [*desired, marked_grant(), grant("other", document=access())]
    assert refused(desired, living, limited(max_delete=0), Lifted(max_delete=2)) == []
    assert refused(desired, living, limited(max_delete_share=1), Lifted(max_delete=2)) == []
    assert refused(desired, living, limited(max_delete=9), Lifted(max_delete=1))
    assert refused(desired, living, Limits(), Lifted(max_delete=0))


def test_destroying_is_not_held_to_thresholds_but_what_is_protected_stays() -> None:
    said = limited(max_delete=0, protect=(Protected("apps/group/Testers", PLACE),))
    (told,) = refused([], [marked_grant()], said, destroyed=True)
    assert told.startswith("Protected: apps/group-policy/Testers/xacct-example-reader would be deleted")
    assert "--allow-protected" in told
    assert refused([], [marked_grant()], said, Lifted(protected=True), destroyed=True) == []


@pytest.mark.parametrize(
    "pattern",
    [
        "data/role/reader",
        "data/role/team/reader",
        "data/role/*",
        "*/role/rea?er",
        "data/role-policy/reader/access",
        "data/*",
    ],
)
def test_what_hangs_on_a_protected_role_is_protected_with_it(pattern: str) -> None:
    kept = role(path="/team/")
    said = limited(protect=(Protected(pattern, PLACE),))
    (told,) = refused([kept], [kept, role_policy()], said)
    assert f"{pattern} is protected" in told


def test_what_is_not_named_is_not_protected() -> None:
    said = limited(protect=(Protected("data/role/read", PLACE), Protected("apps/*", PLACE)))
    assert refused([role()], [role(), role_policy()], said) == []


def test_a_protected_role_whose_session_gets_shorter_is_narrowed() -> None:
    said = limited(protect=(Protected("data/role/reader", PLACE),))
    assert refused([role(max_session=3600)], [role(max_session=7200)], said)
    assert not refused([role(max_session=7200)], [role(max_session=3600)], said)


def test_a_boundary_narrows_and_taking_it_away_does_not() -> None:
    limit = DATA.iam_arn("policy/limit")
    assert takes_away(Update(role(), role(boundary=limit))) == "narrowed"
    assert takes_away(Update(role(boundary=limit), role())) is None


def test_a_principal_less_narrows_the_trust_and_one_more_does_not() -> None:
    two = Document.of(
        {
            "Effect": "Allow",
            "Principal": {"AWS": [f"arn:aws:iam::444455556666:user/{name}" for name in ("anna", "ben")]},
            "Action": "sts:AssumeRole",
        }
    )
    assert takes_away(Update(role(trust=two), role(trust=trust()))) == "narrowed"
    assert takes_away(Update(role(trust=trust()), role(trust=two))) is None


def test_a_new_deny_narrows_whatever_it_hits() -> None:
    """It may hit what others allow, so that our own statements prove nothing."""
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/*"}
    made = BucketPolicy.of(DATA, "logs", marker("example"), "example", Document.of(deny))
    assert takes_away(Create(made)) == "narrowed"
    assert takes_away(Create(role_policy())) is None
    assert takes_away(Delete(group())) == "deleted"


def test_what_no_proof_decides_counts_as_narrowed() -> None:
    def asks(value: str) -> Document:
        """With an operator that nobody has heard of."""
        body = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}
        return Document.of({**body, "Condition": {"Whatever": {"aws:SourceVpc": value}}})

    old, new = asks("one"), asks("two")
    assert isinstance(no_more_than(old, new), NotDecided)
    assert takes_away(Update(role_policy(document=old), role_policy(document=new))) == "narrowed"


def test_a_deny_more_in_a_document_narrows_though_it_takes_nothing_of_our_own() -> None:
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}
    deny = {**allow, "Effect": "Deny", "Action": "s3:DeleteObject"}

    def made(*bodies: dict[str, str]) -> BucketPolicy:
        return BucketPolicy.of(DATA, "logs", marker("example"), "example", Document.of(*bodies))

    assert takes_away(Update(made(allow), made(allow, deny))) == "narrowed"
    assert takes_away(Update(made(allow, deny), made(allow))) is None
