"""Who we are, also where no call says so."""

import pytest

from tests.fakes import FakeGateway, no_answer, refusal
from xacct.account import Account
from xacct.aws.caller import Caller, identify
from xacct.errors import ServiceError
from xacct.platform import AWS, CEPH, PRIVATE

ACCOUNT = Account(name="data", id="RGW22222222222222222")
ROOT = {"User": {"Arn": "arn:aws:iam::RGW22222222222222222:root"}}
USERS = {"Users": [{"Arn": "arn:aws:iam::RGW22222222222222222:user/app/anna"}]}


def test_get_caller_identity_is_believed_where_it_works():
    gateway = FakeGateway(
        ACCOUNT, {"sts:GetCallerIdentity": {"Account": "1", "Arn": "arn:aws:sts::1:assumed-role/r/s"}}
    )
    assert identify(gateway.ask, AWS) == Caller("1", "arn:aws:sts::1:assumed-role/r/s")
    assert [call.operation for call in gateway.asked] == ["GetCallerIdentity"]


def test_ceph_is_not_asked_what_it_does_not_offer():
    gateway = FakeGateway(ACCOUNT, {"iam:GetUser": ROOT})
    assert identify(gateway.ask, CEPH) == Caller(ACCOUNT.id, "arn:aws:iam::RGW22222222222222222:root")
    assert [call.operation for call in gateway.asked] == ["GetUser"]


def test_an_unknown_cloud_is_asked_and_may_say_405():
    gateway = FakeGateway(
        ACCOUNT,
        {"sts:GetCallerIdentity": refusal("", 405), "iam:GetUser": refusal("", 405), "iam:ListUsers": USERS},
    )
    assert identify(gateway.ask, PRIVATE) == Caller(ACCOUNT.id, "")


def test_account_is_told_by_a_role_where_there_are_no_users():
    roles = {"Roles": [{"Arn": "arn:aws:iam::RGW22222222222222222:role/r"}]}
    gateway = FakeGateway(
        ACCOUNT, {"iam:GetUser": refusal(), "iam:ListUsers": {"Users": []}, "iam:ListRoles": roles}
    )
    assert identify(gateway.ask, CEPH) == Caller(ACCOUNT.id, "")


def test_arn_without_an_account_tells_nothing():
    """Set-ups of Ceph older than its accounts have ``arn:aws:iam:::user/anna``."""
    gateway = FakeGateway(ACCOUNT, {"iam:GetUser": {"User": {"Arn": "arn:aws:iam:::user/anna"}}})
    assert identify(gateway.ask, CEPH) is None


def test_refusals_everywhere_are_an_error_and_not_a_guess():
    gateway = FakeGateway(
        ACCOUNT, {name: refusal() for name in ("iam:GetUser", "iam:ListUsers", "iam:ListRoles")}
    )
    with pytest.raises(ServiceError, match="AccessDenied"):
        identify(gateway.ask, CEPH)


@pytest.mark.parametrize("platform", [AWS, CEPH], ids=lambda platform: platform.name)
def test_no_answer_is_an_error_at_once(platform):
    gateway = FakeGateway(ACCOUNT, {"sts:GetCallerIdentity": no_answer(), "iam:GetUser": no_answer()})
    with pytest.raises(ServiceError, match="no answer"):
        identify(gateway.ask, platform)
    assert len(gateway.asked) == 1
