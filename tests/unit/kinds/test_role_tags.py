"""Tags of roles: how many one call carries, and what becomes of them where they only accumulate."""

from __future__ import annotations

from dataclasses import replace

import pytest
from immutabledict import immutabledict

from xacct.account import Account
from xacct.kinds.mark import FINGERPRINT_TAG, MANIFEST_TAG
from xacct.kinds.role import Role
from xacct.policy.document import Document
from xacct.resource import Call
from xacct.snapshot import RoleRecord, Snapshot

ON_AWS = Account(name="data", id="111122223333")
ON_CEPH = Account(name="data", id="RGW11111111111111111")
TRUST = Document.of({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
OTHER = Document.of({"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})


def role(account: Account, count: int = 0, **more: object) -> Role:
    tags = immutabledict({f"key{number:02}": "v" for number in range(count)})
    return Role(account=account, name="r", manifest="demo", **{"trust": TRUST, "tags": tags, **more})  # type: ignore[arg-type]


def as_it_lives(made: Role, pairs: int = 0) -> Role:
    """The role as it is read after it was made, with so many tags by the service's own count."""
    snapshot = made.added_to(Snapshot(account=made.account))
    record = replace(snapshot.roles["r"], tag_pairs=pairs)
    (found,) = Role.pick(snapshot.holding("roles", record))
    return found


def keys(call: object) -> list[str]:
    assert isinstance(call, Call)
    return [pair["Key"] for pair in call.arguments()["Tags"]]


@pytest.mark.parametrize("count", [0, 7, 8, 16, 17, 48])
def test_no_call_on_ceph_carries_ten_tags_and_the_mark_comes_with_the_role(count: int) -> None:
    calls = role(ON_CEPH, count).create()
    assert [call.operation for call in calls] == ["CreateRole"] + ["TagRole"] * (-(-(count + 2) // 9) - 1)
    assert all(0 < len(keys(call)) <= 9 for call in calls)  # ten end the gateway
    assert keys(calls[0])[0] == MANIFEST_TAG
    together = [key for call in calls for key in keys(call)]
    assert sorted(together) == sorted(
        [MANIFEST_TAG, FINGERPRINT_TAG, *(f"key{number:02}" for number in range(count))]
    )


def test_on_aws_one_call_carries_fifty() -> None:
    (call,) = role(ON_AWS, 48).create()
    assert len(keys(call)) == 50


def test_an_update_on_ceph_is_cut_as_well() -> None:
    calls = role(ON_CEPH, 20).update(as_it_lives(role(ON_CEPH), pairs=2))
    assert [len(keys(call)) for call in calls] == [9, 9, 2]


def test_a_new_fingerprint_is_appended_while_there_is_room() -> None:
    changed = role(ON_CEPH, trust=OTHER)
    with_room = changed.update(as_it_lives(role(ON_CEPH), pairs=49))
    assert [getattr(call, "operation", "") for call in with_room] == ["TagRole", "UpdateAssumeRolePolicy"]
    assert keys(with_room[0]) == [FINGERPRINT_TAG]
    # The service would refuse a fifty-first tag: the change itself must not hang on it.
    full = changed.update(as_it_lives(role(ON_CEPH), pairs=50))
    assert [getattr(call, "operation", "") for call in full] == ["UpdateAssumeRolePolicy"]


def test_old_pairs_do_not_count_where_tags_are_replaced() -> None:
    calls = role(ON_AWS, trust=OTHER).update(as_it_lives(role(ON_AWS), pairs=50))
    assert keys(calls[0]) == [FINGERPRINT_TAG]


def test_a_role_whose_fingerprint_stayed_behind_counts_as_edited_and_as_the_same() -> None:
    behind = replace(as_it_lives(role(ON_CEPH, trust=OTHER)), fingerprint=role(ON_CEPH).stamp)
    assert behind.mark is not None
    assert not behind.mark.intact
    assert role(ON_CEPH, trust=OTHER).same(behind)


def test_a_tag_that_the_earlier_manifest_had_goes_where_it_can() -> None:
    now = replace(role(ON_AWS), dropped=immutabledict({"team": "logs"}))
    live = as_it_lives(role(ON_AWS, tags=immutabledict({"team": "logs", "theirs": "x"})))
    assert not now.same(live)
    (call,) = now.update(live)
    assert call == Call.of("iam", "UntagRole", RoleName="r", TagKeys=["team"])
    assert now.added_to(Snapshot(account=ON_AWS)).roles["r"].tags.keys() == {MANIFEST_TAG, FINGERPRINT_TAG}
    # By now it has another value: somebody else wants it.
    assert now.same(as_it_lives(role(ON_AWS, tags=immutabledict({"team": "theirs"}))))


def test_a_tag_that_cannot_go_is_no_difference() -> None:
    now = replace(role(ON_CEPH), dropped=immutabledict({"team": "logs"}))
    live = as_it_lives(role(ON_CEPH, tags=immutabledict({"team": "logs"})))
    assert now.same(live)
    assert now.irremovable(live) == {"team"}


def test_what_a_snapshot_does_not_count_is_counted_by_its_keys() -> None:
    record = RoleRecord(name="r", path="/", arn="", id="", trust=TRUST, tags=immutabledict({"a": "1"}))
    (found,) = Role.pick(Snapshot(account=ON_CEPH).holding("roles", record))
    assert role(ON_CEPH).room(found) == 49
