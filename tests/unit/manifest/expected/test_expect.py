"""What follows from a manifest: what must work, what must not, and what nobody can say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from immutabledict import immutabledict

from xacct.account import Account, AccountSpec, Environment
from xacct.check import Check, Want
from xacct.manifest.expected.expect import crowds, expect, hops, names, only, places
from xacct.manifest.model import (
    BucketSpec,
    Conditions,
    Foreign,
    GroupSpec,
    LinkSpec,
    ManagedSpec,
    Manifest,
    Members,
    Name,
    RoleSpec,
    TrustList,
    UserSpec,
    WholeAccount,
    WrittenDocument,
)
from xacct.policy.document import Document
from xacct.snapshot import GroupRecord, Snapshot, Unread, UserRecord

B = Account(name="data", id="111122223333")
A = Account(name="apps", id="444455556666")
NOW = "2026-06-01T00:00:00Z"


def name(account: Account, kind: Any, text: str) -> Name:
    path, _, last = f"/{text}".rpartition("/")
    return Name(account=account, kind=kind, name=last, path=f"{path}/")


ROLE, BUCKET, ANNA = name(B, "role", "reader"), name(B, "bucket", "logs"), name(A, "user", "anna")
TESTERS = name(A, "group", "Testers")


def user(text: str, profile: str = "", grants: Mapping[str, WrittenDocument] | None = None) -> UserSpec:
    return UserSpec(name=name(A, "user", text), profile=profile, grants=immutabledict(grants or {}))


def written(*statements: dict[str, Any]) -> WrittenDocument:
    return WrittenDocument(document=Document.of(*statements), origin="test")


def link(**more: Any) -> LinkSpec:
    given: dict[str, Any] = {
        "name": "logs",
        "role": ROLE,
        "trust": (ANNA,),
        "grants": (ANNA,),
        "buckets": (BUCKET,),
        "access": ("list", "read"),
    }
    return LinkSpec(**{**given, **more})


def manifest(
    *links: LinkSpec, users: tuple[UserSpec, ...] = (user("anna", "p-anna"),), **more: Any
) -> Manifest:
    return Manifest(
        name="m",
        accounts=immutabledict(
            {one.name: AccountSpec(account=one, credentials=Environment()) for one in (A, B)}
        ),
        links=immutabledict({one.name: one for one in links}),
        users=immutabledict({str(one.name): one for one in users}),
        **{key: immutabledict({str(one.name): one for one in value}) for key, value in more.items()},
    )


def snapshot(members: Mapping[str, tuple[str, ...]], *unread: str) -> dict[str, Snapshot]:
    """Account A with these users and their groups."""
    groups = {group for found in members.values() for group in found}
    return {
        A.name: Snapshot(
            account=A,
            users=immutabledict(
                {
                    one: UserRecord(
                        name=one, path="/", arn=A.iam_arn(f"user/{one}"), id="AIDA", groups=frozenset(found)
                    )
                    for one, found in members.items()
                }
            ),
            groups=immutabledict(
                {
                    one: GroupRecord(name=one, path="/", arn=A.iam_arn(f"group/{one}"), id="AGPA")
                    for one in groups
                }
            ),
            unread=frozenset(Unread(account=A.name, what=what, reason="refused") for what in unread),
        )
    }


def shown(checks: tuple[Check, ...], want: Want) -> set[str]:
    return {check.name for check in checks if check.want is want}


def test_what_is_declared_must_work_and_everything_beside_it_must_not() -> None:
    checks = expect(manifest(link()), {})
    assert shown(checks, Want.ALLOWED) == {
        "apps/user/anna assumes reader",
        "apps/user/anna can list logs",
        "apps/user/anna can read logs",
    }
    assert shown(checks, Want.DENIED) == {
        "apps/user/anna cannot write logs",
        "apps/user/anna cannot delete logs",
        "apps/user/anna cannot list logs without the role",
        "apps/user/anna cannot read logs without the role",
    }


def test_with_a_prefix_the_next_prefix_and_the_whole_listing_are_out_of_reach() -> None:
    checks = expect(manifest(link(prefixes=("in/",), access=("list", "read", "write", "delete"))), {})
    assert shown(checks, Want.DENIED) == {
        # "in*" instead of "in/*" would let these through
        "apps/user/anna cannot list logs/in-xacct/",
        "apps/user/anna cannot write logs/in-xacct/",
        "apps/user/anna cannot delete logs/in-xacct/",
        "apps/user/anna cannot list logs",
        "apps/user/anna cannot list logs/in/ without the role",
        "apps/user/anna cannot read logs/in/ without the role",
    }
    assert {check.prefix for check in checks if check.action == "s3:GetObject"} == {"in/"}


def test_a_read_that_no_listing_can_find_a_key_for_is_not_asked_of_what_must_not_work() -> None:
    denied = shown(expect(manifest(link(access=("write",))), {}), Want.DENIED)
    assert "apps/user/anna cannot list logs" in denied
    assert "apps/user/anna cannot read logs" not in denied


def test_two_links_through_one_role_do_not_deny_each_other() -> None:
    first = link()
    second = link(name="more", access=("write",), prefixes=("in/",))
    other = link(name="other", buckets=(name(B, "bucket", "else"),))
    denied = shown(expect(manifest(first, second, other), {}), Want.DENIED)
    assert "apps/user/anna cannot write logs/in/" not in denied
    assert "apps/user/anna cannot list logs/in/" not in denied
    assert "apps/user/anna cannot write logs" in denied
    assert not [one for one in denied if one.endswith(("cannot list else", "cannot list logs"))]


def test_a_bucket_of_the_manifest_that_the_role_has_nothing_to_do_with_is_tried() -> None:
    other = link(name="other", role=name(B, "role", "else"), buckets=(name(B, "bucket", "else"),))
    checks = [check for check in expect(manifest(link(), other), {}) if check.want is Want.DENIED]
    assert {
        (check.link, check.resource) for check in checks if check.role and check.action == "s3:ListBucket"
    } == {
        ("logs", "arn:aws:s3:::else"),
        ("other", "arn:aws:s3:::logs"),
    }


ROLE_THAT_WRITES = {
    "an inline policy": RoleSpec(
        name=ROLE,
        trust=None,
        policies=immutabledict(
            {"p": written({"Effect": "Allow", "Action": "s3:Put*", "Resource": "arn:aws:s3:::logs/*"})}
        ),
    ),
    "everything but listing": RoleSpec(
        name=ROLE,
        trust=None,
        policies=immutabledict(
            {"p": written({"Effect": "Allow", "NotAction": "s3:ListBucket", "Resource": "*"})}
        ),
    ),
    "a managed policy of the manifest": RoleSpec(
        name=ROLE,
        trust=None,
        managed=(
            ManagedSpec(
                name="m",
                document=written({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::logs*"}),
            ),
        ),
    ),
    "a managed policy of whatever content": RoleSpec(
        name=ROLE, trust=None, attached=("arn:aws:iam::aws:policy/AmazonS3FullAccess",)
    ),
}


@pytest.mark.parametrize("case", ROLE_THAT_WRITES)
def test_what_other_words_of_the_manifest_may_allow_is_not_asked_to_be_refused(case: str) -> None:
    denied = shown(expect(manifest(link(), roles=(ROLE_THAT_WRITES[case],)), {}), Want.DENIED)
    assert "apps/user/anna cannot write logs" not in denied


def test_direct_access_that_a_bucket_policy_gives_is_not_asked_to_be_refused() -> None:
    policy = written(
        {"Effect": "Allow", "Principal": {"AWS": ANNA.arn}, "Action": "s3:List*", "Resource": BUCKET.arn}
    )
    checks = expect(manifest(link(), buckets=(BucketSpec(name=BUCKET, policy=policy),)), {})
    assert [check.action for check in checks if not check.role] == ["s3:GetObject"]


def test_what_a_bucket_policy_may_allow_to_the_session_is_not_asked_to_be_refused() -> None:
    policy = written(
        {
            "Effect": "Allow",
            "Principal": {"AWS": ROLE.arn},
            "Action": "s3:Put*",
            "Resource": f"{BUCKET.arn}/*",
        }
    )
    denied = shown(
        expect(manifest(link(), buckets=(BucketSpec(name=BUCKET, policy=policy),)), {}), Want.DENIED
    )
    assert "apps/user/anna cannot write logs" not in denied
    assert "apps/user/anna cannot delete logs" in denied


def test_a_second_factor_is_asked_of_everything_but_the_way_without_the_role() -> None:
    checks = expect(manifest(link(conditions=Conditions(mfa=True))), {})
    assert {(bool(check.role), check.mfa) for check in checks} == {(True, True), (False, False)}


def test_within_one_account_nothing_is_said_of_access_without_the_role() -> None:
    bert = name(B, "user", "bert")
    own = UserSpec(name=bert, profile="p-bert")
    checks = expect(manifest(link(trust=(bert,), grants=()), users=(own,)), {})
    assert not [check for check in checks if not check.role]


def test_the_external_id_is_sent_and_without_it_or_with_another_nobody_gets_in() -> None:
    """Trap 58."""
    checks = expect(manifest(link(conditions=Conditions(external_id="right-id"))), {})
    sent = {check.external_id for check in checks if check.role and check.want is Want.ALLOWED}
    assert sent == {"right-id"}
    refused = [check for check in checks if check.want is Want.DENIED and check.action == "sts:AssumeRole"]
    assert {check.external_id for check in refused} == {"", "xacct-wrong-id"}


def test_another_trust_of_the_role_without_external_id_makes_it_no_wall() -> None:
    plain = link(name="plain")
    checks = expect(manifest(link(conditions=Conditions(external_id="right-id")), plain), {})
    assert not [check for check in checks if check.want is Want.DENIED and check.action == "sts:AssumeRole"]


def test_a_user_with_a_profile_whom_no_link_lets_in_is_a_stranger() -> None:
    both = (user("anna", "p-anna"), user("mallory", "p-mallory"), user("nobody"))
    found = shown(expect(manifest(link(), users=both), {}), Want.DENIED)
    assert "apps/user/mallory, who is not declared, cannot assume reader" in found
    assert not [one for one in found if "nobody" in one]


def test_a_stranger_is_tried_once_for_each_role() -> None:
    both = (user("anna", "p-anna"), user("mallory", "p-mallory"))
    checks = expect(manifest(link(), link(name="more"), users=both), {})
    assert len([check for check in checks if "not declared" in check.name]) == 1


def test_who_another_link_lets_into_the_same_role_is_no_stranger() -> None:
    both = (user("anna", "p-anna"), user("bob", "p-bob"))
    second = link(name="more", trust=(name(A, "user", "bob"),))
    assert not [
        one
        for one in shown(expect(manifest(link(), second, users=both), {}), Want.DENIED)
        if "not declared" in one
    ]


@pytest.mark.parametrize(
    "trusted",
    [WholeAccount(account=A), Members(group=TESTERS, by="account"), Members(group=TESTERS, by="members")],
    ids=["account", "group by account", "group that was not read"],
)
def test_nobody_of_an_account_that_is_let_in_as_a_whole_or_not_known_is_a_stranger(trusted: Any) -> None:
    checks = expect(manifest(link(trust=(trusted,), grants=(TESTERS,))), {})
    assert not [check for check in checks if "not declared" in check.name]
    assert crowds(manifest(link(trust=(trusted,), grants=(TESTERS,)))) == {"apps"}


def test_the_members_of_a_group_are_read_live() -> None:
    trusting = link(trust=(Members(group=TESTERS, by="members"),), grants=(TESTERS,))
    live = snapshot({"anna": ("Testers",), "new": ("Testers",), "bob": ()})
    callers = {check.caller.arn: check.caller.profile for check in expect(manifest(trusting), live)}
    assert callers == {A.iam_arn("user/anna"): "p-anna", A.iam_arn("user/new"): ""}


def test_a_group_that_could_not_be_read_is_a_check_that_nobody_can_try() -> None:
    trusting = link(trust=(Members(group=TESTERS, by="members"),), grants=(TESTERS,))
    for known, word in ((snapshot({}, "groups"), "could not be read"), (snapshot({}), "is nobody")):
        (check,) = expect(manifest(trusting, users=()), known)
        assert not check.caller.profile
        assert word in check.why


def test_of_an_account_let_in_as_a_whole_those_with_a_grant_are_tried() -> None:
    whole = link(trust=(WholeAccount(account=A),), grants=(TESTERS,))
    users = (user("anna", "p-anna"), user("bob", "p-bob"))
    live = snapshot({"anna": ("Testers",), "bob": ()})
    tried = {check.caller.profile for check in expect(manifest(whole, users=users), live)}
    assert tried == {"p-anna"}


def test_an_account_let_in_as_a_whole_without_any_profile_is_not_passed_over() -> None:
    (check,) = expect(manifest(link(trust=(WholeAccount(account=A),)), users=()), {})
    assert (check.caller.arn, check.caller.profile, bool(check.why)) == (A.root, "", True)


def test_a_foreign_principal_has_no_profile() -> None:
    foreign = Foreign(arn="arn:aws:iam::999999999999:user/them")
    checks = expect(manifest(link(trust=(foreign,)), users=()), {})
    assert {(check.caller.arn, check.caller.profile) for check in checks} == {(foreign.arn, "")}


def test_a_session_opened_from_a_session_is_asked_for_one_hour_at_most() -> None:
    runner = name(A, "role", "jobs/runner")
    spec = RoleSpec(name=runner, trust=None, profile="p-runner", existing=True)
    chained = link(trust=(runner,), session_seconds=7200)
    checks = expect(manifest(chained, users=(), roles=(spec,)), {})
    assert {check.session_seconds for check in checks} == {3600}
    assert {check.session_seconds for check in expect(manifest(link(session_seconds=7200)), {})} == {7200}


def test_of_a_link_that_has_ended_nothing_may_work() -> None:
    ending = manifest(link(conditions=Conditions(expires="2026-01-01T00:00:00Z")))
    checks = expect(ending, {}, now=NOW)
    assert {check.want for check in checks} == {Want.DENIED}
    assert {check.action for check in checks} == {"sts:AssumeRole", "s3:ListBucket"}
    assert all(check.ended for check in checks)
    assert shown(expect(ending, {}, now="2025-12-31T23:59:59Z"), Want.ALLOWED)


def test_an_action_on_the_bucket_itself_is_tried_once_whatever_the_prefixes() -> None:
    checks = expect(manifest(link(prefixes=("a/", "b/"), actions=("s3:GetBucketLocation",))), {})
    found = [check for check in checks if check.action == "s3:GetBucketLocation"]
    assert [check.prefix for check in found] == [None]


# ---- the plain form

TRUST = {"Effect": "Allow", "Principal": {"AWS": ANNA.arn}, "Action": "sts:AssumeRole"}
LIST = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET.arn}
OBJECTS = {
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
    "Resource": f"{BUCKET.arn}/*",
}


def plain(trust: Any, *statements: dict[str, Any], **more: Any) -> Manifest:
    role = RoleSpec(
        name=ROLE,
        trust=trust if isinstance(trust, TrustList) else written(*trust),
        policies=immutabledict({"p": written(*statements)}) if statements else immutabledict(),
    )
    return manifest(roles=(role,), **more)


def test_the_plain_form_gives_the_same_checks_as_the_link() -> None:
    everything = ("list", "read", "write", "delete")
    as_link = expect(manifest(link(name="reader", access=everything)), {})
    assert expect(plain([TRUST], LIST, OBJECTS), {}) == as_link
    listed = TrustList(principals=(ANNA,))
    assert expect(plain(listed, LIST, OBJECTS), {}) == as_link


PERMISSIONS: dict[str, tuple[list[dict[str, Any]], set[tuple[str, str | None]]]] = {
    "all of s3": (
        [{"Effect": "Allow", "Action": "s3:*", "Resource": [BUCKET.arn, f"{BUCKET.arn}/*"]}],
        {("s3:ListBucket", None), ("s3:GetObject", None), ("s3:PutObject", None), ("s3:DeleteObject", None)},
    ),
    "listing a prefix": (
        [{**LIST, "Condition": {"StringLike": {"s3:prefix": ["in/", "in/*"]}}}],
        {("s3:ListBucket", "in/")},
    ),
    "reading a prefix": (
        [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKET.arn}/in/*"}],
        {("s3:GetObject", "in/")},
    ),
    "reading what starts alike is no prefix": (
        [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKET.arn}/in*"}],
        set(),
    ),
    "listing on the objects is nothing": (
        [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"{BUCKET.arn}/*"}],
        set(),
    ),
    "reading on the bucket is nothing": (
        [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": BUCKET.arn}],
        set(),
    ),
    "a condition that is not of the prefix": (
        [{**LIST, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}],
        set(),
    ),
    "a prefix and another condition": (
        [
            {
                **LIST,
                "Condition": {
                    "StringLike": {"s3:prefix": "in/"},
                    "StringNotLike": {"s3:prefix": "x"},
                },
            }
        ],
        set(),
    ),
    "reading under a condition": (
        [{**OBJECTS, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}],
        set(),
    ),
    "a bucket by wildcard": ([{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::lo*"}], set()),
    "what a Deny takes away": (
        [LIST, OBJECTS, {"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}],
        {("s3:ListBucket", None), ("s3:GetObject", None), ("s3:PutObject", None)},
    ),
}


@pytest.mark.parametrize("case", PERMISSIONS)
def test_what_a_document_surely_allows_is_what_must_work(case: str) -> None:
    statements, expected = PERMISSIONS[case]
    checks = expect(plain([TRUST], *statements), {})
    assert {
        (check.action, check.prefix)
        for check in checks
        if check.want is Want.ALLOWED and check.action.startswith("s3:")
    } == expected
    assert "apps/user/anna assumes reader" in shown(checks, Want.ALLOWED)


def test_what_a_document_may_allow_is_not_asked_to_be_refused() -> None:
    conditioned = {**OBJECTS, "Condition": {"StringEquals": {"aws:ResourceTag/x": "y"}}}
    denied = shown(expect(plain([TRUST], LIST, conditioned), {}), Want.DENIED)
    assert denied == {"apps/user/anna cannot list logs without the role"}


def test_a_role_without_permissions_is_assumed_all_the_same() -> None:
    assert shown(expect(plain([TRUST]), {}), Want.ALLOWED) == {"apps/user/anna assumes reader"}


def test_each_statement_of_a_trust_has_conditions_of_its_own() -> None:
    bob = {
        **TRUST,
        "Principal": {"AWS": A.iam_arn("user/bob")},
        "Condition": {
            "StringEquals": {"sts:ExternalId": "right-id"},
            "Bool": {"aws:MultiFactorAuthPresent": True},
            "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
        },
    }
    users = (user("anna", "p-anna"), user("bob", "p-bob"))
    checks = expect(plain([TRUST, bob], LIST, users=users), {})
    hop = {
        check.caller.profile: (check.external_id, check.mfa, check.source_ip)
        for check in checks
        if check.action == "sts:AssumeRole" and check.want is Want.ALLOWED
    }
    assert hop == {"p-anna": ("", False, ()), "p-bob": ("right-id", True, ("10.0.0.0/8",))}


@pytest.mark.parametrize("value", [A.id, A.root], ids=["account id", "root"])
def test_a_written_trust_in_the_whole_account_is_the_users_whom_documents_grant_it(value: str) -> None:
    grant = written({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE.arn})
    users = (user("anna", "p-anna"), user("bob", "p-bob", {"g": grant}))
    testers = GroupSpec(name=TESTERS, grants=immutabledict({"g": grant}), members=(ANNA,))
    trust = {**TRUST, "Principal": {"AWS": value}}
    checks = expect(plain([trust], LIST, users=users, groups=(testers,)), {})
    assert {check.caller.profile for check in checks} == {"p-anna", "p-bob"}
    only_bob = expect(plain([trust], LIST, users=users), {})
    assert {check.caller.profile for check in only_bob} == {"p-bob"}


def test_a_service_or_a_denied_principal_is_no_caller() -> None:
    service = {**TRUST, "Principal": {"Service": "ec2.amazonaws.com"}}
    denied = {**TRUST, "Effect": "Deny", "Principal": {"AWS": A.iam_arn("user/bob")}}
    checks = expect(plain([service, denied, TRUST], LIST), {})
    assert {check.caller.arn for check in checks} == {ANNA.arn}


def test_everybody_in_a_trust_leaves_no_strangers() -> None:
    trust = {**TRUST, "Principal": "*"}
    assert not [check for check in expect(plain([trust], LIST), {}) if "not declared" in check.name]


def test_everybody_but_some_leaves_no_strangers() -> None:
    trust = {"Effect": "Allow", "NotPrincipal": {"AWS": A.iam_arn("user/bob")}, "Action": "sts:AssumeRole"}
    assert not [check for check in expect(plain([trust], LIST), {}) if "not declared" in check.name]


@pytest.mark.parametrize("operator", ["StringEquals", "ArnLike"])
def test_a_condition_that_names_a_user_of_a_whole_account_names_a_caller(operator: str) -> None:
    condition = {operator: {"aws:PrincipalArn": [ANNA.arn, A.iam_arn("user/w*")]}}
    trust = {**TRUST, "Principal": {"AWS": A.root}, "Condition": condition}
    assert {check.caller.arn for check in expect(plain([trust], LIST), {})} == {ANNA.arn}
    other = {**trust, "Condition": {"ArnNotLike": {"aws:PrincipalArn": ANNA.arn}}}
    assert {check.caller.arn for check in expect(plain([other], LIST), {})} == {A.root}


UNTIL = {
    "in the manifest's form": ("2026-01-01T00:00:00Z", True),
    "still to come": ("2027-01-01T00:00:00Z", False),
    "in seconds, which are not compared": ("1767225600", False),
}


@pytest.mark.parametrize("case", UNTIL)
def test_a_written_trust_ends_when_it_says_so_in_the_usual_form(case: str) -> None:
    until, ended = UNTIL[case]
    trust = {**TRUST, "Condition": {"DateLessThan": {"aws:CurrentTime": until}}}
    checks = expect(plain([trust], LIST), {}, now=NOW)
    assert {check.ended for check in checks} == {ended}


def test_an_existing_role_is_only_named() -> None:
    spec = RoleSpec(name=ROLE, trust=None, existing=True, profile="p")
    assert expect(manifest(roles=(spec,)), {}) == ()


# ---- for use and --only


def test_use_finds_the_ways_in_without_reading_anything() -> None:
    group = link(trust=(Members(group=TESTERS, by="members"),), grants=(TESTERS,))
    assert [hop.caller.profile for hop in hops(manifest(group), "logs")] == ["p-anna", ""]
    assert [hop.caller.profile for hop in hops(manifest(link()), "logs")] == ["p-anna"]
    assert hops(manifest(link()), "else") == ()


def test_links_and_roles_of_the_plain_form_go_by_name() -> None:
    assert names(plain([TRUST], LIST)) == ("reader",)
    assert names(manifest(link(), link(name="more"))) == ("logs", "more")
    assert places(manifest(link(prefixes=("a/", "b/"))), "logs") == (("logs", "a/"), ("logs", "b/"))


def test_only_keeps_the_checks_of_these_links() -> None:
    checks = expect(manifest(link(), link(name="more")), {})
    assert {check.link for check in only(checks, frozenset({"more"}))} == {"more"}
    assert only(checks, frozenset()) == checks


def test_every_check_says_who_must_own_the_bucket() -> None:
    for check in expect(manifest(link()), {}):
        assert check.owner == B
