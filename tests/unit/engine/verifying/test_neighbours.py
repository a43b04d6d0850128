"""Those whom the live documents let in and nobody declares."""

from __future__ import annotations

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
from xacct.access.estate import Estate
from xacct.check import Decision, Finding, Layer, Outcome
from xacct.engine.verifying.declared import Declared
from xacct.engine.verifying.neighbours import neighbours
from xacct.kinds.mark import marked_statement
from xacct.manifest.expected.expect import expect
from xacct.manifest.loading.load import load_manifest
from xacct.policy.document import Document
from xacct.snapshot import RoleRecord, Unread

TEXT = """
version: 1
name: demo
accounts:
  data: {id: "111122223333", profile: b}
  people: {id: "444455556666", profile: a}
links:
  - role: data/role/app/reader
    trust: [people/user/anna]
    grant: [people/user/anna]
    bucket: logs
    access: [list, read]
"""
GRANT = allow("sts:AssumeRole", READER)
RIGHTS = {"p": allow(["s3:ListBucket", "s3:GetObject"], [BUCKET, f"{BUCKET}/*"])}
FRIEND, BERT = user("anna", grant=GRANT), user("bob", grant=GRANT)
ROOT = PEOPLE.iam_arn("root")
ELSEWHERE = "arn:aws:iam::999988887777:root"


def reader(*trusted: str) -> RoleRecord:
    return role("reader", trusting(*trusted), path="/app/", **RIGHTS)


def found(folder: Path, accounts: Estate, text: str = TEXT) -> dict[str, Finding]:
    path = folder / "xacct.yaml"
    path.write_text(text)
    manifest = load_manifest([path])
    by_name = {one.account.name: one for one in accounts.snapshots.values()}
    got = neighbours(Declared(manifest, accounts), expect(manifest, by_name))
    assert all(one.outcome is Outcome.TOO_WIDE and one.decided is Decision.ALLOWED for one in got)
    assert not any(one.tried for one in got)
    return {one.check.name: one for one in got}


def test_where_all_is_as_declared_there_is_nobody(tmp_path: Path) -> None:
    assert found(tmp_path, estate(reader(ANNA), FRIEND, BERT)) == {}


def test_a_neighbour_whom_the_trust_names_is_found_with_the_statement(tmp_path: Path) -> None:
    (one,) = found(tmp_path, estate(reader(ANNA, BOB), FRIEND, BERT)).values()
    assert one.check.name == "people/user/bob, who is not declared, cannot assume reader"
    assert one.why is not None
    assert one.why.layer is Layer.TRUST
    assert "Statement 1 of the trust" in one.why.text
    assert BOB in one.why.text


def test_a_trust_in_the_whole_account_lets_in_those_with_a_grant_and_no_others(tmp_path: Path) -> None:
    assert set(found(tmp_path, estate(reader(ROOT), FRIEND, BERT, user("cleo")))) == {
        "people/user/bob, who is not declared, cannot assume reader"
    }


def test_a_neighbour_who_would_be_tried_is_left_to_that(tmp_path: Path) -> None:
    text = TEXT + "users:\n  people/user/bob: {profile: bob}\n"
    assert found(tmp_path, estate(reader(ANNA, BOB), FRIEND, BERT), text) == {}


def test_who_is_declared_by_a_check_is_no_stranger(tmp_path: Path) -> None:
    text = TEXT + (
        "checks:\n  more:\n"
        "    - {who: people/user/bob, access: [assume], where: data/role/app/reader, expect: allowed}\n"
    )
    path = tmp_path / "xacct.yaml"
    path.write_text(text)
    manifest = load_manifest([path])
    from xacct.manifest.expected.asked import asked

    accounts = estate(reader(ANNA, BOB), FRIEND, BERT)
    assert neighbours(Declared(manifest, accounts), (*expect(manifest, {}), *asked(manifest, {}))) == ()


def test_a_stranger_of_an_account_that_nobody_read_is_found(tmp_path: Path) -> None:
    (one,) = found(tmp_path, estate(reader(ANNA, ELSEWHERE), FRIEND)).values()
    assert one.check.name == "anyone of account 999988887777, who is not declared, cannot assume reader"


def test_the_owner_of_the_data_is_no_stranger_to_it(tmp_path: Path) -> None:
    admin = replace(user("admin", all=allow("*")), arn=DATA.iam_arn("user/admin"), id="AIDAADMIN")
    clerk = replace(user("clerk", grant=GRANT), arn=DATA.iam_arn("user/clerk"), id="AIDACLERK")
    got = found(tmp_path, estate(reader(ANNA, DATA.iam_arn("root")), FRIEND, admin, clerk))
    assert set(got) == {"data/user/clerk, who is not declared, cannot assume reader"}


def bucket_policy(who: Any, action: str = "s3:GetObject", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": who, "Action": action, "Resource": f"{BUCKET}/*", **more}


def test_a_bucket_policy_that_lets_in_a_stranger_is_found(tmp_path: Path) -> None:
    policy = Document.of(bucket_policy({"AWS": ELSEWHERE}))
    (one,) = found(tmp_path, estate(reader(ANNA), FRIEND, policy=policy)).values()
    assert one.check.name == (
        "anyone of account 999988887777, who is not declared, cannot read logs without the role"
    )
    assert one.why is not None
    assert one.why.layer is Layer.BUCKET_POLICY


def test_a_bucket_that_is_open_to_the_world_is_found(tmp_path: Path) -> None:
    policy = Document.of(bucket_policy("*"))
    names = set(found(tmp_path, estate(reader(ANNA), FRIEND, policy=policy)))
    assert "anyone in the world, who is not declared, cannot read logs without the role" in names


def test_what_another_manifest_has_marked_is_declared_there(tmp_path: Path) -> None:
    bare = Document.of(bucket_policy({"AWS": ELSEWHERE}))
    marked = Document.parse(
        '{"Version": "2012-10-17", "Statement": [' + marked_statement("other", bare.statements[0]) + "]}"
    )
    assert found(tmp_path, estate(reader(ANNA), FRIEND, policy=marked)) == {}


@pytest.mark.parametrize("manifest", ["other", "demo"])
def test_a_mark_that_does_not_fit_or_is_not_declared_vouches_for_nothing(
    manifest: str, tmp_path: Path
) -> None:
    """Whoever may put the policy can write one of our Sids (trap 81)."""
    marked = marked_statement(manifest, Document.of(bucket_policy({"AWS": ELSEWHERE})).statements[0])
    if manifest == "other":
        marked = marked.replace("s3:GetObject", "s3:PutObject")
    policy = Document.parse('{"Version": "2012-10-17", "Statement": [' + marked + "]}")
    assert len(found(tmp_path, estate(reader(ANNA), FRIEND, policy=policy))) == 1


@pytest.mark.parametrize("allowed", [True, False])
def test_of_the_callers_own_side_both_are_needed(allowed: bool, tmp_path: Path) -> None:
    own = user("bob", **({"s3": allow("s3:*")} if allowed else {}))
    policy = Document.of(bucket_policy({"AWS": BOB}), bucket_policy({"AWS": ROOT}, "s3:PutObject"))
    names = set(found(tmp_path, estate(reader(ANNA), FRIEND, own, policy=policy)))
    assert any("user/bob" in name and "write" in name for name in names) is allowed


def test_who_may_get_in_for_all_that_was_read_is_not_said_to(tmp_path: Path) -> None:
    """A neighbour whose own documents could not be read is not decided, and that is no finding."""
    gap = Unread(account="people", what="user/bob", reason="refused")
    assert found(tmp_path, estate(reader(ANNA, BOB), FRIEND, user("bob"), unread=(gap,))) == {}
