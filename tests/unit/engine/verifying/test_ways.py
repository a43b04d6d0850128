"""Ways of a link's people past the link: other roles, sessions of its role in others, the bucket's own policy."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.access.accounts import (
    ANNA,
    BOB,
    BUCKET,
    DATA,
    PEOPLE,
    READER,
    allow,
    estate,
    role,
    trusting,
    user,
)
from tests.unit.engine.verifying.test_neighbours import GRANT, RIGHTS, TEXT
from xacct.access.estate import Estate
from xacct.check import Decision, Finding, Layer, Outcome
from xacct.engine.verifying.declared import Declared
from xacct.engine.verifying.ways import ways
from xacct.kinds.mark import marked_statement
from xacct.kinds.role import Role
from xacct.manifest.expected.asked import asked
from xacct.manifest.loading.load import load_manifest
from xacct.policy.document import Document
from xacct.snapshot import BucketRecord, PolicyRecord, RoleRecord, Unread, UserRecord

EVERYWHERE = allow("sts:AssumeRole")
ROOM = [BUCKET, f"{BUCKET}/*"]
SECOND, PEOPLES, DATAS = DATA.iam_arn("role/second"), PEOPLE.iam_arn("root"), DATA.iam_arn("root")
TOO_WIDE = (Outcome.TOO_WIDE, Decision.ALLOWED)
OPEN = (Outcome.NOT_TRIED, Decision.OPEN)
READS = allow(["s3:ListBucket", "s3:GetObject"], ROOM)
WRITES = allow("s3:PutObject", f"{BUCKET}/*")


def reader(**more: Any) -> RoleRecord:
    return role("reader", trusting(ANNA), path="/app/", **{**RIGHTS, **more})


def anna(**more: Any) -> UserRecord:
    return user("anna", **{"grant": EVERYWHERE, **more})


def second(*trusted: str, name: str = "second", **policies: Any) -> RoleRecord:
    return role(name, trusting(*trusted), **(policies or {"p": allow("s3:*")}))


def found(folder: Path, accounts: Estate, more: str = "", text: str = TEXT, now: str = "") -> list[Finding]:
    path = folder / "xacct.yaml"
    path.write_text(text + more)
    manifest = load_manifest([path])
    got = ways(Declared(manifest, accounts), asked(manifest, {}), now)
    assert not any(one.tried or one.outcome is Outcome.AS_DECLARED for one in got)
    return list(got)


def one_of(got: list[Finding], outcome: tuple[Outcome, Decision] = TOO_WIDE) -> Finding:
    (one,) = got
    assert (one.outcome, one.decided) == outcome
    return one


def why(one: Finding) -> str:
    assert one.why is not None
    return one.why.text


# ---- other roles


def test_where_there_is_only_the_link_there_is_no_other_way(tmp_path: Path) -> None:
    assert found(tmp_path, estate(reader(), anna())) == []


def test_another_role_that_trusts_one_of_the_people_and_gives_more_is_a_way(tmp_path: Path) -> None:
    one = one_of(found(tmp_path, estate(reader(), anna(), second(ANNA))))
    assert (
        one.check.name
        == "people/user/anna gets nothing on logs that is not declared: through data/role/second"
    )
    assert one.why is not None
    assert one.why.layer is Layer.TRUST
    assert "Statement 1 of the trust" in why(one)
    assert "Statement 1 of p of role second" in why(one)
    assert one.check.action == "s3:PutObject"


@pytest.mark.parametrize(
    "policies",
    [
        {"p": READS},
        {"p": allow("s3:GetObject", f"{BUCKET}/only/this/*")},
        {"p": allow("s3:*", ["arn:aws:s3:::elsewhere", "arn:aws:s3:::elsewhere/*"])},
        {"p": allow("ec2:*")},
        {"p": {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}},
        {"p": allow("s3:PutObject", BUCKET)},
        {
            "p": allow("s3:*"),
            "q": {"Effect": "Deny", "NotAction": "s3:Get*", "Resource": "*"},
            "r": {"Effect": "Deny", "NotAction": "s3:GetObject", "Resource": "*"},
        },
    ],
)
def test_a_role_that_gives_nothing_more_on_the_bucket_is_none(
    tmp_path: Path, policies: dict[str, Any]
) -> None:
    assert found(tmp_path, estate(reader(), anna(), second(ANNA, **policies))) == []


def test_who_has_no_grant_for_it_does_not_get_in(tmp_path: Path) -> None:
    """Trap 41: across accounts both sides must allow."""
    assert found(tmp_path, estate(reader(), user("anna", grant=GRANT), second(ANNA))) == []


def test_an_administrators_role_that_trusts_its_own_account_is_no_way_for_the_people_of_another(
    tmp_path: Path,
) -> None:
    everything = {"p": allow("*")}
    assert found(tmp_path, estate(reader(), anna(), second(DATAS, **everything))) == []
    assert found(tmp_path, estate(reader(), user("anna", all=allow("*")), second(DATAS, **everything))) == []


def test_one_that_trusts_their_whole_account_is_a_way_for_whoever_has_the_grant(tmp_path: Path) -> None:
    one_of(found(tmp_path, estate(reader(), anna(), second(PEOPLES))))
    assert found(tmp_path, estate(reader(), user("anna", grant=GRANT), second(PEOPLES))) == []


def test_who_is_not_of_the_link_may_have_what_roles_there_are(tmp_path: Path) -> None:
    assert found(tmp_path, estate(reader(), anna(), user("bob", grant=EVERYWHERE), second(BOB))) == []


def test_a_role_that_trusts_the_links_role_is_a_way(tmp_path: Path) -> None:
    """Within one account the trust that names a role is enough."""
    one = one_of(found(tmp_path, estate(reader(), user("anna", grant=GRANT), second(READER))))
    assert "data/role/second is entered from data/role/app/reader by" in why(one)


def test_a_way_through_three_roles_is_found_and_a_longer_one_is_not(tmp_path: Path) -> None:
    nothing = {"p": allow("ec2:Run*")}
    third, fourth = DATA.iam_arn("role/third"), DATA.iam_arn("role/fourth")
    chain = [second(READER, **nothing), second(SECOND, name="third", **nothing)]
    friend = user("anna", grant=GRANT)
    assert found(tmp_path, estate(reader(), friend, chain[0], second(SECOND, name="third")))
    assert not found(tmp_path, estate(reader(), friend, *chain, second(third, name="fourth")))
    assert fourth


def test_roles_that_trust_each_other_are_walked_once(tmp_path: Path) -> None:
    both = [second(READER, SECOND), second(READER, SECOND, name="third", p=READS)]
    one_of(found(tmp_path, estate(reader(), user("anna", grant=GRANT), *both)))


def test_a_role_of_the_manifest_itself_is_looked_at_elsewhere(tmp_path: Path) -> None:
    more = "  - {role: data/role/second, trust: [people/user/bob], bucket: logs, access: [write]}\n"
    assert found(tmp_path, estate(reader(), anna(), second(ANNA, p=WRITES)), more) == []


def test_a_declared_chain_gives_what_its_roles_give(tmp_path: Path) -> None:
    more = "  - {role: data/role/second, trust: [data/role/app/reader], bucket: logs, access: [write]}\n"
    third = second(SECOND, name="third", p=WRITES)
    assert found(tmp_path, estate(reader(), anna(), second(READER, p=WRITES), third), more) == []
    third = second(SECOND, name="third", p=allow("s3:DeleteObject"))
    got = found(tmp_path, estate(reader(), anna(), second(READER, p=WRITES), third), more)
    assert {one.check.action for one in got} == {"s3:DeleteObject"}


def test_what_another_manifest_made_is_declared_there_until_somebody_edits_it(tmp_path: Path) -> None:
    made = Role(account=DATA, name="second", trust=trusting(ANNA), manifest="another")
    tags = {"xacct:manifest": "another", "xacct:fingerprint": made.stamp}
    marked = replace(second(ANNA), tags=type(second(ANNA).tags)(tags))
    assert found(tmp_path, estate(reader(), anna(), marked)) == []
    one_of(found(tmp_path, estate(reader(), anna(), replace(marked, trust=trusting(ANNA, BOB)))))


def test_what_a_check_asks_for_is_declared(tmp_path: Path) -> None:
    check = "{who: people/user/anna, access: [assume], where: data/role/second, expect: allowed}"
    more = f"checks:\n  more:\n    - {check}\n"
    assert found(tmp_path, estate(reader(), anna(), second(ANNA)), more) == []


def test_a_role_that_the_manifest_only_names_may_do_what_its_owner_likes(tmp_path: Path) -> None:
    more = "roles:\n  data/role/app/reader: {existing: true}\n"
    assert found(tmp_path, estate(reader(), anna(), second(READER)), more) == []


def test_a_deny_of_the_bucket_or_of_the_role_counts(tmp_path: Path) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "NotAction": ["s3:GetObject"], "Resource": ROOM}
    spared = {"Condition": {"ArnNotLike": {"aws:PrincipalArn": SECOND}}}
    assert found(tmp_path, estate(reader(), anna(), second(ANNA), policy=Document.of(deny))) == []
    one_of(found(tmp_path, estate(reader(), anna(), second(ANNA), policy=Document.of({**deny, **spared}))))


def test_a_boundary_counts(tmp_path: Path) -> None:
    arn = DATA.iam_arn("policy/bound")

    def bounded(action: str) -> Estate:
        accounts = estate(reader(), anna(), replace(second(ANNA), boundary=arn))
        policy = PolicyRecord(name="bound", path="/", arn=arn, document=Document.of(allow(action)))
        held = accounts.snapshots[DATA.id].holding("policies", policy)
        return Estate.of([held, accounts.snapshots[PEOPLE.id]])

    assert found(tmp_path, bounded("s3:GetObject")) == []
    assert one_of(found(tmp_path, bounded("s3:DeleteBucket"))).check.action == "s3:DeleteBucket"


def test_what_ended_or_needs_a_second_factor_in_a_session_is_no_right(tmp_path: Path) -> None:
    ended = allow("s3:*", Condition={"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}})
    factor = allow("s3:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    for policy in (ended, factor):
        accounts = estate(reader(), anna(), second(ANNA, p=policy))
        assert found(tmp_path, accounts, now="2026-01-01T00:00:00Z") == []


def test_what_a_condition_asks_is_told(tmp_path: Path) -> None:
    policy = allow("s3:*", Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})
    assert "aws:sourceip = 192.0.2" in why(
        one_of(found(tmp_path, estate(reader(), anna(), second(ANNA, p=policy))))
    )


def test_whose_own_side_could_not_be_read_is_not_decided_where_a_trust_names_him(tmp_path: Path) -> None:
    gap = Unread(account="people", what="user/anna", reason="refused")
    accounts = estate(reader(), user("anna"), second(ANNA), unread=(gap,))
    assert "refused" in one_of(found(tmp_path, accounts), OPEN).detail
    assert found(tmp_path, estate(reader(), user("anna"), second(PEOPLES), unread=(gap,))) == []


def test_a_policy_that_could_not_be_read_is_not_decided(tmp_path: Path) -> None:
    attached = replace(second(ANNA, p=READS), attached=frozenset({"arn:aws:iam::aws:policy/PowerUserAccess"}))
    one = one_of(found(tmp_path, estate(reader(), anna(), attached)), OPEN)
    assert "PowerUserAccess" in one.detail


def test_several_people_are_one_finding(tmp_path: Path) -> None:
    text = TEXT.replace("trust: [people/user/anna]", "trust: [people/user/anna, people/user/bob]")
    accounts = estate(reader(), anna(), user("bob", grant=EVERYWHERE), second(ANNA, BOB))
    assert one_of(found(tmp_path, accounts, text=text)).notes == ("The same goes for people/user/bob.",)


# ---- within the bucket's own account


HOME = TEXT.replace("people/user/anna", "data/user/carl")
CARL = DATA.iam_arn("user/carl")


def carl(**policies: Any) -> UserRecord:
    return replace(user("carl", **policies), arn=CARL, id="AIDACARL")


def test_an_administrator_of_the_buckets_account_needs_no_way(tmp_path: Path) -> None:
    accounts = estate(reader(), carl(all=allow("*")), second(DATAS))
    assert found(tmp_path, accounts, text=HOME) == []


def test_somebody_of_the_buckets_account_who_gets_more_by_a_role_has_one(tmp_path: Path) -> None:
    one_of(found(tmp_path, estate(reader(), carl(grant=EVERYWHERE), second(DATAS)), text=HOME))
    assert found(tmp_path, estate(reader(), carl(grant=GRANT), second(DATAS)), text=HOME) == []


# ---- the bucket's policy


def by_policy(who: Any, action: str | list[str], resource: Any = BUCKET, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": who, "Action": action, "Resource": resource, **more}


@pytest.mark.parametrize("who", [{"AWS": ANNA}, {"AWS": PEOPLES}, {"AWS": "*"}])
def test_more_than_the_four_given_to_one_of_the_people_is_found(who: Any, tmp_path: Path) -> None:
    policy = Document.of(by_policy(who, "s3:DeleteBucket"))
    got = [
        one
        for one in found(tmp_path, estate(reader(), anna(s3=allow("s3:*")), policy=policy))
        if not one.check.role
    ]
    one = one_of(got)
    assert one.check.name == "people/user/anna gets nothing on logs that is not declared: without the role"
    assert one.why is not None
    assert one.why.layer is Layer.BUCKET_POLICY
    assert "s3:DeleteBucket" in why(one)
    got = found(tmp_path, estate(reader(), anna(), policy=policy))
    assert [one for one in got if not one.check.role] == []


@pytest.mark.parametrize(("who", "is_way"), [({"AWS": READER}, True), ("*", True), ({"AWS": DATAS}, False)])
def test_more_given_to_sessions_of_the_links_role_is_found(who: Any, is_way: bool, tmp_path: Path) -> None:
    """One that names the account only delegates (trap 5)."""
    policy = Document.of(by_policy(who, ["s3:PutBucketPolicy", "s3:ListBucket"]))
    got = found(tmp_path, estate(reader(), user("anna", grant=GRANT), policy=policy))
    assert [one.check.name for one in got] == (
        ["data/role/app/reader gets nothing on logs that is not declared: by the bucket's policy"]
        if is_way
        else []
    )
    assert all(one.check.action == "s3:PutBucketPolicy" for one in got)


def test_on_ceph_one_that_names_the_account_lets_its_roles_in(tmp_path: Path) -> None:
    policy = Document.of(by_policy({"AWS": DATAS}, "s3:GetBucketVersioning"))
    accounts = estate(reader(), user("anna", grant=GRANT), policy=policy)
    ceph = Estate.of(replace(one, platform="ceph") for one in accounts.snapshots.values())
    assert one_of(found(tmp_path, ceph)).check.action == "s3:GetBucketVersioning"
    assert found(tmp_path, accounts) == []


@pytest.mark.parametrize(
    "statement",
    [
        by_policy({"AWS": READER}, "s3:GetObject", f"{BUCKET}/*"),
        by_policy("*", "s3:*", ROOM, Condition={"StringEquals": {"aws:PrincipalArn": BOB}}),
        by_policy("*", "s3:*", ROOM, Condition={"Bool": {"aws:SecureTransport": "false"}}),
        by_policy({"AWS": BOB}, "s3:*", ROOM),
        by_policy({"Service": "logging.s3.amazonaws.com"}, "s3:PutObject", f"{BUCKET}/*"),
        {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": BUCKET},
    ],
)
def test_a_statement_that_gives_the_link_nothing_more_is_none(
    statement: dict[str, Any], tmp_path: Path
) -> None:
    accounts = estate(reader(), anna(s3=allow("s3:*")), policy=Document.of(statement))
    assert found(tmp_path, accounts) == []


def test_a_statement_that_this_manifest_declares_is_declared_and_its_copy_is_not(tmp_path: Path) -> None:
    bare = by_policy({"AWS": READER}, "s3:PutBucketPolicy")
    more = (
        "buckets:\n  data/bucket/logs: {policy: "
        + json.dumps({"Version": "2012-10-17", "Statement": bare})
        + "}\n"
    )
    ours = marked_statement("demo", Document.of(bare).statements[0])
    live = Document.parse('{"Version": "2012-10-17", "Statement": [' + ours + "]}")
    accounts = estate(reader(), user("anna", grant=GRANT), policy=live)
    assert found(tmp_path, accounts, more) == []
    one_of(found(tmp_path, accounts))
    elsewhere = marked_statement("other", Document.of(bare).statements[0])
    live = Document.parse('{"Version": "2012-10-17", "Statement": [' + elsewhere + "]}")
    assert found(tmp_path, estate(reader(), user("anna", grant=GRANT), policy=live)) == []
    faked = elsewhere.replace("PutBucketPolicy", "DeleteBucket")
    live = Document.parse('{"Version": "2012-10-17", "Statement": [' + faked + "]}")
    one_of(found(tmp_path, estate(reader(), user("anna", grant=GRANT), policy=live)))


def test_a_bucket_that_was_not_read_is_nobodys(tmp_path: Path) -> None:
    missing = BucketRecord(name="logs", exists=False)
    assert found(tmp_path, estate(reader(), anna(), second(ANNA), bucket=missing)) == []
