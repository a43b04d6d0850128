"""Everyone who gets there: by name, by group, through roles, as a whole account, as anyone."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.access.accounts import (
    ANNA,
    BUCKET,
    DATA,
    PEOPLE,
    READER,
    allow,
    estate,
    group,
    role,
    trusting,
    user,
)
from xacct.access.estate import Estate
from xacct.access.explain import explain
from xacct.access.who import who_can
from xacct.policy.document import Document
from xacct.policy.evaluate import Outcome
from xacct.policy.principal import Anonymous, Root

GRANT = allow("sts:AssumeRole", READER)
READ = allow("s3:GetObject", f"{BUCKET}/*")
STRANGER = "arn:aws:iam::999988887777:root"


def ways(where: Estate, action: str = "s3:GetObject") -> set[tuple[str, tuple[str, ...]]]:
    return {
        (getattr(one.principal, "role_arn", "") or one.principal.arn, one.roles)
        for one in who_can(where, action, f"{BUCKET}/a")
    }


def test_members_of_the_group_whom_the_trust_names_get_there() -> None:
    where = estate(
        role("reader", trusting(ANNA), path="/app/", access=READ),
        group("Testers", grant=GRANT),
        user("anna", "Testers"),
        user("bob", "Testers"),
    )
    assert ways(where) == {(READER, ()), (ANNA, (READER,))}
    assert ways(where, "s3:PutObject") == set()


def test_a_trusted_account_lets_in_whoever_holds_the_grant_there() -> None:
    where = estate(
        role("reader", trusting(PEOPLE.root), path="/app/", access=READ),
        user("anna", grant=GRANT),
        user("bob"),
        user("carl", all=allow("*")),
    )
    assert {who for who, roles in ways(where) if roles} == {ANNA, PEOPLE.iam_arn("user/carl")}


def test_a_strangers_account_in_the_bucket_policy_is_found_and_marked() -> None:
    """Foreign statements are always counted when access is judged."""
    where = estate(user("anna"), policy=Document.of({**READ, "Principal": {"AWS": STRANGER}}))
    (found,) = who_can(where, "s3:GetObject", f"{BUCKET}/a")
    assert isinstance(found.principal, Root)
    assert found.outside


def test_a_strangers_account_in_a_trust_is_found_behind_the_role() -> None:
    where = estate(role("reader", trusting(STRANGER), path="/app/", access=READ))
    outside = [one for one in who_can(where, "s3:GetObject", f"{BUCKET}/a") if one.outside]
    assert [(one.principal.account, one.roles) for one in outside] == [("999988887777", (READER,))]


def test_a_public_bucket_is_open_to_anyone() -> None:
    where = estate(policy=Document.of({**READ, "Principal": "*"}))
    assert [type(one.principal) for one in who_can(where, "s3:GetObject", f"{BUCKET}/a")] == [Anonymous]


def test_an_allow_for_all_but_one_is_open_to_anyone() -> None:
    where = estate(policy=Document.of({**READ, "NotPrincipal": {"AWS": ANNA}}))
    assert [type(one.principal) for one in who_can(where, "s3:GetObject", f"{BUCKET}/a")] == [Anonymous]


def test_a_way_through_two_roles_is_found_from_its_beginning() -> None:
    runner = PEOPLE.iam_arn("role/runner")
    where = estate(
        role("reader", trusting(runner), path="/app/", access=READ),
        role("runner", trusting(ANNA), account=PEOPLE, grant=GRANT),
        user("anna"),
    )
    assert ways(where) == {(READER, ()), (runner, (READER,)), (ANNA, (runner, READER))}


def test_what_a_way_hangs_on_is_told() -> None:
    where = estate(
        role(
            "reader",
            trusting(ANNA, Condition={"StringEquals": {"sts:ExternalId": "acme-1"}}),
            path="/app/",
            access=READ,
        ),
        user("anna", grant=GRANT),
    )
    (found,) = (one for one in who_can(where, "s3:GetObject", f"{BUCKET}/a") if one.roles)
    assert found.when == (("sts:externalid", "acme-1"),)
    assert found.outcome is Outcome.ALLOWED


def test_where_grants_are_not_judged_a_trusted_account_lets_in_everyone_of_it() -> None:
    """Ceph asks the trust policy only: seen on 20.2.4, whatever the caller's own policies say."""
    plain = estate(
        role("reader", trusting(PEOPLE.root), path="/app/", access=READ), user("anna"), user("bob")
    )
    assert {who for who, roles in ways(plain) if roles} == set()
    ceph = Estate.of(replace(one, platform="ceph") for one in plain.snapshots.values())
    assert {who for who, roles in ways(ceph) if roles} == {ANNA, PEOPLE.iam_arn("user/bob")}


def test_a_stranger_whom_a_trust_names_can_assume_the_role() -> None:
    where = estate(role("reader", trusting(ANNA, STRANGER), path="/app/"), user("anna", grant=GRANT))
    found = who_can(where, "sts:AssumeRole", READER)
    assert [(one.principal.arn, one.outside) for one in found] == [(ANNA, False), (STRANGER, True)]


def test_three_roles_are_entered_one_after_the_other_as_explain_does() -> None:
    chain = estate(
        role("r1", trusting(ANNA), p=allow("sts:AssumeRole", DATA.iam_arn("role/r2"))),
        role("r2", trusting(DATA.iam_arn("role/r1")), p=allow("sts:AssumeRole", DATA.iam_arn("role/r3"))),
        role("r3", trusting(DATA.iam_arn("role/r2")), p=allow("s3:GetObject", f"{BUCKET}/*")),
        user("anna", p=allow("sts:AssumeRole", DATA.iam_arn("role/r1"))),
    )
    found = [one for one in who_can(chain, "s3:GetObject", f"{BUCKET}/k") if one.principal.arn == ANNA]
    assert [len(one.roles) for one in found] == [3]
    told = explain(chain, chain.principal(ANNA), "s3:GetObject", f"{BUCKET}/k")
    assert [len(route.roles) for route in told.routes] == [3]


def test_who_gets_in_is_answered_for_what_the_requests_carry() -> None:
    needed = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    where = estate(
        role("reader", trusting(ANNA, Condition=needed), path="/app/", access=READ), user("anna", grant=GRANT)
    )

    def gets_in(present: str) -> bool:
        found = who_can(where, "s3:GetObject", f"{BUCKET}/a", {"aws:MultiFactorAuthPresent": present})
        return ANNA in {one.principal.arn for one in found}

    assert [gets_in(present) for present in ("true", "false", "true")] == [True, False, True]


def test_roles_that_let_each_other_in_are_asked_one_after_the_other() -> None:
    one, other = DATA.iam_arn("role/one"), DATA.iam_arn("role/other")
    enter = allow("sts:AssumeRole", "*")
    where = estate(
        role("one", trusting(ANNA, other), read=READ, enter=enter),
        role("other", trusting(one), write=allow("s3:PutObject", f"{BUCKET}/*"), enter=enter),
        user("anna", grant=enter),
    )
    assert ways(where) == {(one, ()), (other, (one,)), (ANNA, (one,))}
    assert ways(where, "s3:PutObject") == {(other, ()), (one, (other,)), (ANNA, (one, other))}
