"""What a platform does not do is a problem before anything is sent."""

from __future__ import annotations

from immutabledict import immutabledict

from tests.contract.examples import ACCOUNT
from xacct.engine.lacking import lacking
from xacct.kinds.role import Role
from xacct.policy.document import Document
from xacct.problem import Severity
from xacct.resource import State
from xacct.snapshot import Snapshot

TRUST = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::444455556666:user/anna"},
    "Action": "sts:AssumeRole",
}
WITH_ID = {**TRUST, "Condition": {"StringEquals": {"sts:ExternalId": "x-1"}}}


def found(statement: dict[str, object], platform: str, boundary: str = "") -> list[tuple[Severity, str]]:
    role = Role(account=ACCOUNT, name="reader", trust=Document.of(statement), boundary=boundary)
    snapshot = Snapshot(account=ACCOUNT, platform=platform)
    problems = lacking(State.of([role]), {ACCOUNT.name: snapshot})
    return [(one.severity, one.detail) for one in problems]


def test_an_external_id_on_ceph_is_an_error_and_elsewhere_none() -> None:
    ((severity, detail),) = found(WITH_ID, "ceph")
    assert severity is Severity.ERROR
    assert "data/role/reader" in detail
    assert "sts:ExternalId" in detail
    assert found(WITH_ID, "aws") == []
    assert found(WITH_ID, "sandbox") == []
    assert found(WITH_ID, "") == []
    assert found(TRUST, "ceph") == []


def test_a_boundary_on_ceph_is_an_error() -> None:
    ((severity, detail),) = found(TRUST, "ceph", boundary="arn:aws:iam::111122223333:policy/limit")
    assert severity is Severity.ERROR
    assert "boundary" in detail
    assert found(TRUST, "aws", boundary="arn:aws:iam::111122223333:policy/limit") == []


def test_what_is_not_enforced_is_a_warning() -> None:
    transport = {**TRUST, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    ((severity, _),) = found(transport, "ceph")
    assert severity is Severity.WARNING


def test_an_account_that_was_not_read_has_no_platform_to_lack_anything() -> None:
    role = Role(account=ACCOUNT, name="reader", trust=Document.of(WITH_ID), tags=immutabledict())
    assert lacking(State.of([role]), {}) == ()
