"""What a platform does not do is a problem when planning, exactly that, and nothing is sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.live.cloud import Live
from xacct.errors import ExitCode

pytestmark = pytest.mark.slow

MANIFEST = """
version: 1
name: asks-much
accounts:
  data: {id: "111122223333", profile: data-admin}
  users: {id: "444455556666", profile: users-admin}
roles:
  data/role/reader:
    trust: TRUST
MORE
"""
PLAIN = "{principals: [users/user/ada]}"
CEPH = {
    # what is asked: trust, more of the role, what the one problem on Ceph says
    "an external id": (
        '{principals: [users/user/ada], external_id: "right-7f2c"}',
        "",
        'Role "data/role/reader": Ceph never fills sts:ExternalId: who asks for it is refused even where it is right.',
    ),
    "a permissions boundary": (
        PLAIN,
        'boundary: "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"',
        'Role "data/role/reader" has a boundary: Ceph refuses it, or takes it and does not enforce it.',
    ),
    "a managed policy of one's own": (
        PLAIN,
        'managed_policies:\n      - name: reading\n        Version: "2012-10-17"\n'
        '        Statement: {Effect: Allow, Action: s3:GetObject, Resource: "arn:aws:s3:::data-lake/*"}',
        '"data/role/reader" is to have the managed policy "reading", and Ceph has no managed policies of one\'s own.',
    ),
    "NotAction": (
        PLAIN,
        "policies:\n"
        "      all-but:\n"
        '        Version: "2012-10-17"\n'
        '        Statement: {Effect: Deny, NotAction: s3:GetObject, Resource: "arn:aws:s3:::data-lake/*"}',
        'The policy "all-but" of "data/role/reader": Ceph takes a statement with NotAction for one that is '
        "about nothing: it neither allows nor denies.",
    ),
    "another service's actions": (
        PLAIN,
        "policies:\n"
        "      decrypt:\n"
        '        Version: "2012-10-17"\n'
        '        Statement: {Effect: Allow, Action: kms:Decrypt, Resource: "*"}',
        'The policy "decrypt" of "data/role/reader": Ceph has no kms and refuses the whole document.',
    ),
}


@pytest.mark.parametrize("asked", CEPH)
def test_what_is_asked_is_there_or_is_a_problem(
    asked: str, live: Live, seen: Callable[[str, str, str], None]
) -> None:
    trust, more, says = CEPH[asked]
    live.stage(MANIFEST.replace("TRUST", trust).replace("MORE", f"    {more}"))
    if live.platform != "ceph":
        live.done("apply", "--yes")
        live.done("plan", "--detailed-exitcode")
        live.done("destroy", "--yes")
        seen(f"asked for: {asked}", live.platform, "made")
        return
    assert [detail for _, detail in live.problems("apply", "--yes")] == [says]
    assert live.xacct("apply", "--yes").code == ExitCode.PROBLEM
    assert live.client("iam", "data").list_roles()["Roles"] == []
    seen(f"asked for: {asked}", live.platform, "a problem when planning")
