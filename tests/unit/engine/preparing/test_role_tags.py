"""What the plan says of role tags where a service only appends them."""

from __future__ import annotations

from dataclasses import replace

from immutabledict import immutabledict

from tests.unit.kinds.test_role_tags import ON_AWS, ON_CEPH, OTHER, as_it_lives, role
from xacct.engine.preparing.role_tags import dropping, tag_problems
from xacct.engine.reading.records import role_record
from xacct.kinds.role import Role
from xacct.problem import Severity
from xacct.resource import State


def said(wanted: Role, live: Role) -> list[tuple[Severity, str]]:
    found = tag_problems(State.of([wanted]), State.of([live]))
    return [(one.severity, one.summary) for one in found]


def test_author_s_tags_that_do_not_fit_are_an_error() -> None:
    live = as_it_lives(role(ON_CEPH), pairs=48)
    assert said(role(ON_CEPH, 2), live) == []
    assert said(role(ON_CEPH, 3), live) == [(Severity.ERROR, "No room for tags")]
    assert said(role(ON_AWS, 3), as_it_lives(role(ON_AWS), pairs=48)) == []


def test_a_fingerprint_that_does_not_fit_is_a_note_and_only_once() -> None:
    full = as_it_lives(role(ON_CEPH), pairs=50)
    assert said(role(ON_CEPH, trust=OTHER), full) == [(Severity.INFO, "No room for the fingerprint")]
    assert said(role(ON_CEPH), full) == []
    after = replace(as_it_lives(role(ON_CEPH, trust=OTHER), pairs=50), fingerprint=full.fingerprint)
    assert said(role(ON_CEPH, trust=OTHER), after) == []


def test_a_dropped_tag_that_stays_is_a_note() -> None:
    before, now = role(ON_CEPH, tags=immutabledict({"team": "logs"})), role(ON_CEPH)
    desired = dropping(State.of([now]), State.of([before]))
    (wanted,) = desired.resources.values()
    assert isinstance(wanted, Role)
    assert wanted.dropped == {"team": "logs"}
    assert said(wanted, as_it_lives(before)) == [(Severity.INFO, "A tag stays")]
    assert dropping(State.of([now]), None) == State.of([now])


def test_hidden_pairs_count() -> None:
    # As boto3 reads what Ceph answers: keys and values apart, old values first.
    pairs = [{"Key": "a"}, {"Value": "1"}, {"Key": "a"}, {"Value": "2"}]
    detail = {"RoleName": "r", "Arn": "", "RoleId": "", "AssumeRolePolicyDocument": "{}", "Tags": pairs}
    record = role_record(detail)
    assert record.tag_pairs == 2
    assert record.tags == {"a": "2"}
