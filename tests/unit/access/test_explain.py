"""Whole links, decided hop by hop: the principal, the role on the way, the session, the key of the bucket."""

from __future__ import annotations

from tests.unit.access.accounts import (
    ANNA,
    BOB,
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
from xacct.access.explain import Explanation, explain
from xacct.policy.document import Document
from xacct.policy.evaluate import Outcome
from xacct.policy.principal import Anonymous
from xacct.snapshot import BucketRecord, Unread

GRANT = allow("sts:AssumeRole", READER)
READ = allow("s3:GetObject", f"{BUCKET}/*")


def link(**trust_more: object) -> Estate:
    """Anna, through a grant on her group, may enter reader, which may read; bob is in no group."""
    return estate(
        role("reader", trusting(ANNA, **trust_more), path="/app/", access=READ),
        group("Testers", grant=GRANT),
        user("anna", "Testers"),
        user("bob"),
    )


def ask(
    where: Estate, who: str, action: str = "s3:GetObject", what: str = f"{BUCKET}/a", **more: object
) -> Explanation:
    return explain(where, where.principal(who), action, what, more)


def test_a_link_is_allowed_hop_by_hop_and_names_the_statements() -> None:
    found = ask(link(), ANNA)
    assert found.outcome is Outcome.ALLOWED
    (route,) = found.routes
    assert route.roles == (READER,)
    enter, read = route.hops
    assert {(one.layer, one.policy) for one in enter.settled.decision.deciders} == {
        ("identity", "grant of group Testers"),
        ("resource", ""),
    }
    assert [one.policy for one in read.settled.decision.deciders] == ["access of role reader"]


def test_without_the_grant_the_hop_is_denied_and_says_which_side() -> None:
    found = ask(estate(role("reader", trusting(ANNA, BOB), access=READ), user("bob")), BOB)
    assert found.outcome is Outcome.IMPLICITLY_DENIED
    route = next(route for route in found.routes if route.roles)
    assert "no identity-based policy" in route.hops[0].settled.decision.reason


def test_without_the_trust_the_hop_is_denied_and_says_which_side() -> None:
    where = estate(role("reader", trusting(ANNA), path="/app/", access=READ), user("bob", grant=GRANT))
    found = ask(where, BOB)
    assert found.outcome is Outcome.IMPLICITLY_DENIED
    route = next(route for route in found.routes if route.roles)
    assert "no resource-based policy" in route.hops[0].settled.decision.reason


def test_a_condition_on_the_hop_is_told_with_the_value_that_meets_it() -> None:
    found = ask(link(Condition={"StringEquals": {"sts:ExternalId": "acme-1"}}), ANNA)
    assert found.outcome is Outcome.ALLOWED
    assert found.routes[0].hops[0].settled.when == (("sts:externalid", "acme-1"),)


def test_a_given_key_decides_instead_of_the_value_that_would_meet_it() -> None:
    where = link(Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})
    assert ask(where, ANNA, **{"aws:SourceIp": "192.0.2.9"}).outcome is Outcome.ALLOWED
    assert ask(where, ANNA, **{"aws:SourceIp": "198.51.100.9"}).outcome is Outcome.IMPLICITLY_DENIED


def test_mfa_can_be_met_at_the_hop_and_never_in_the_session() -> None:
    """MFA is known at AssumeRole only; a session carries no MFA key."""
    asked = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    assert ask(link(Condition=asked), ANNA).outcome is Outcome.ALLOWED
    where = estate(
        role("reader", trusting(ANNA), path="/app/", access={**READ, "Condition": asked}),
        user("anna", grant=GRANT),
    )
    assert ask(where, ANNA).outcome is Outcome.IMPLICITLY_DENIED


def test_expiry_is_judged_at_the_given_moment() -> None:
    where = link(Condition={"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}})
    assert ask(where, ANNA, **{"aws:CurrentTime": "2026-12-31T00:00:00Z"}).outcome is Outcome.ALLOWED
    assert ask(where, ANNA, **{"aws:CurrentTime": "2027-01-02T00:00:00Z"}).outcome is not Outcome.ALLOWED


def test_roles_are_followed_one_after_the_other() -> None:
    runner = PEOPLE.iam_arn("role/runner")
    where = estate(
        role("reader", trusting(runner), path="/app/", access=READ),
        role("runner", trusting(ANNA), account=PEOPLE, grant=GRANT),
        user("anna"),
    )
    found = ask(where, ANNA)
    assert found.outcome is Outcome.ALLOWED
    assert found.routes[0].roles == (runner, READER)


def test_roles_that_trust_each_other_do_not_go_round_for_ever() -> None:
    one, other = DATA.iam_arn("role/one"), DATA.iam_arn("role/other")
    where = estate(
        role("one", trusting(other, ANNA), go=allow("sts:AssumeRole", other)),
        role("other", trusting(one), go=allow("sts:AssumeRole", one)),
        user("anna", grant=allow("sts:AssumeRole", one)),
    )
    assert ask(where, ANNA).outcome is Outcome.IMPLICITLY_DENIED


def test_direct_access_across_accounts_needs_both_sides() -> None:
    policy = Document.of({**READ, "Principal": {"AWS": ANNA}})
    assert ask(estate(user("anna"), policy=policy), ANNA).outcome is Outcome.IMPLICITLY_DENIED
    assert ask(estate(user("anna", own=READ)), ANNA).outcome is Outcome.IMPLICITLY_DENIED
    found = ask(estate(user("anna", own=READ), policy=policy), ANNA)
    assert found.outcome is Outcome.ALLOWED
    assert found.routes[0].roles == ()


def test_a_deny_in_the_bucket_policy_stops_the_session_of_a_good_link() -> None:
    """A foreign statement counts, though xacct never changes it."""
    deny = Document.of({**READ, "Effect": "Deny", "Principal": "*"})
    where = estate(
        role("reader", trusting(ANNA), path="/app/", access=READ), user("anna", grant=GRANT), policy=deny
    )
    found = ask(where, ANNA)
    assert Outcome.EXPLICITLY_DENIED in {route.outcome for route in found.routes}
    assert found.outcome is Outcome.EXPLICITLY_DENIED


def test_what_could_not_be_read_is_unknown_and_never_a_denial() -> None:
    """No taking unknown for absent: an unread user may hold the grant."""
    gap = Unread(account="people", what="users", reason="AccessDenied")
    where = estate(role("reader", trusting(ANNA), path="/app/", access=READ), unread=(gap,))
    found = ask(where, ANNA)
    assert found.outcome is Outcome.UNKNOWN
    assert "AccessDenied" in found.routes[0].hops[0].gaps[0].reason


def test_a_managed_policy_that_was_not_read_leaves_a_denial_open() -> None:
    who = user("anna")
    where = estate(
        role("reader", trusting(ANNA), access=READ),
        type(who)(
            name="anna",
            path="/",
            arn=who.arn,
            id=who.id,
            attached=frozenset({"arn:aws:iam::aws:policy/AdministratorAccess"}),
        ),
    )
    found = ask(where, ANNA)
    assert found.outcome is Outcome.UNKNOWN
    assert any("AdministratorAccess" in gap.reason for hop in found.routes[0].hops for gap in hop.gaps)


def test_a_bucket_encrypted_with_a_key_needs_the_key_too() -> None:
    """SSE-KMS: the session needs kms:Decrypt, and the key's own policy is not read."""
    key = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
    bucket = BucketRecord(name="logs", encryption="aws:kms", key=key)
    grant = user("anna", grant=GRANT)
    without = estate(role("reader", trusting(ANNA), path="/app/", access=READ), grant, bucket=bucket)
    found = ask(without, ANNA)
    assert [hop.request.action for hop in found.routes[0].hops][-1] == "kms:Decrypt"
    assert found.outcome is Outcome.UNKNOWN
    assert not any(
        hop.request.action.startswith("kms")
        for hop in ask(without, ANNA, "s3:ListBucket", BUCKET).routes[0].hops
    )


def test_anyone_reads_a_public_bucket_and_no_other() -> None:
    public = Document.of({**READ, "Principal": "*"})
    assert (
        explain(estate(policy=public), Anonymous(), "s3:GetObject", f"{BUCKET}/a").outcome is Outcome.ALLOWED
    )
    assert explain(estate(), Anonymous(), "s3:GetObject", f"{BUCKET}/a").outcome is Outcome.IMPLICITLY_DENIED


def test_tags_of_a_user_are_known_and_those_he_has_not_are_absent() -> None:
    asked = {"StringEquals": {"aws:PrincipalTag/team": "logs"}}
    assert ask(link(Condition=asked), ANNA).outcome is Outcome.IMPLICITLY_DENIED
