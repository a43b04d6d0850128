"""Moto stores and does not judge: what the gate allowed is not refused behind it."""

from __future__ import annotations

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from xacct.sandbox.forward import no_second_opinion

SOMEBODY_ELSE = (
    '{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": {"AWS": '
    '"arn:aws:iam::111122223333:user/x"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}}'
)


def test_a_deny_of_somebody_else_is_none_for_everybody() -> None:
    bucket = FakeBucket(name="b", account_id="111122223333", region_name="us-east-1")
    bucket.policy = SOMEBODY_ELSE.encode()
    assert bucket.get_permission("s3:GetObject", "arn:aws:s3:::b/k") is PermissionResult.DENIED
    with no_second_opinion():
        assert bucket.get_permission("s3:GetObject", "arn:aws:s3:::b/k") is PermissionResult.PERMITTED
    assert bucket.get_permission("s3:GetObject", "arn:aws:s3:::b/k") is PermissionResult.DENIED
