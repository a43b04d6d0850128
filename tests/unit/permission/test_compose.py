"""Policies give exactly the permissions they are made from, and say by conditions what IAM lets them say."""

from __future__ import annotations

import json

from xacct.account import Account
from xacct.engine.reading.read import read_account
from xacct.engine.rehearse import Rehearsal
from xacct.permission.compose import MOST, compose
from xacct.permission.needed import needed
from xacct.permission.permission import Asker, Permission
from xacct.platform import CEPH
from xacct.policy.size import without_space
from xacct.resource import Call

ASKER = Asker(account="111122223333")


def statements(*permissions: Permission) -> list[dict[str, object]]:
    (document,) = compose(permissions)
    found: list[dict[str, object]] = json.loads(document.source)["Statement"]
    return found


def test_actions_on_the_same_resources_stand_together_and_no_action_gets_another_ones_resource() -> None:
    found = statements(
        Permission(action="s3:GetBucketPolicy", resource="arn:aws:s3:::one"),
        Permission(action="s3:ListBucket", resource="arn:aws:s3:::one"),
        Permission(action="s3:ListBucket", resource="arn:aws:s3:::two"),
    )
    assert found == [
        {"Effect": "Allow", "Action": "s3:GetBucketPolicy", "Resource": "arn:aws:s3:::one"},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": ["arn:aws:s3:::one", "arn:aws:s3:::two"]},
    ]


def test_what_is_attached_is_said_by_a_condition() -> None:
    calls = [
        ("AttachRolePolicy", {"RoleName": "a", "PolicyArn": "arn:aws:iam::aws:policy/One"}),
        ("AttachRolePolicy", {"RoleName": "a", "PolicyArn": "arn:aws:iam::aws:policy/Two"}),
        ("AttachRolePolicy", {"RoleName": "b", "PolicyArn": "arn:aws:iam::aws:policy/One"}),
    ]
    found = statements(*(one for name, params in calls for one in needed("iam", name, params, ASKER)))
    by_role = {str(one["Resource"]).rpartition("/")[2]: one["Condition"] for one in found}
    one, two = "arn:aws:iam::aws:policy/One", "arn:aws:iam::aws:policy/Two"
    assert by_role == {
        "a": {"ArnEquals": {"iam:PolicyARN": [one, two]}},
        "b": {"ArnEquals": {"iam:PolicyARN": one}},
    }


def test_a_condition_stands_only_where_every_request_fulfils_it() -> None:
    """One call without the key would be refused by it."""
    limit = {"RoleName": "a", "PermissionsBoundary": "arn:aws:iam::111122223333:policy/limit"}
    found = statements(
        *needed("iam", "CreateRole", limit, ASKER), *needed("iam", "CreateRole", {"RoleName": "a"}, ASKER)
    )
    assert [set(one) for one in found] == [{"Effect", "Action", "Resource"}]


def test_what_one_managed_policy_cannot_hold_becomes_several() -> None:
    many = [
        Permission(action=f"s3:Action{number}", resource=f"arn:aws:s3:::bucket-number-{number}")
        for number in range(200)
    ]
    documents = compose(many)
    assert len(documents) > 1
    assert all(without_space(one.source) <= MOST for one in documents)
    assert sum(len(one.statements) for one in documents) == 200


def test_reading_piece_by_piece_is_rehearsed_for_every_kind_of_entity() -> None:
    """Where a service has no bulk call, each entity is read by itself: the names stand for all of them."""
    gateway = Rehearsal(Account(name="data", id="111122223333"), CEPH)
    read_account(gateway)
    asked = {call.operation for call in gateway.calls}
    assert {"ListRoles", "GetRole", "GetRolePolicy", "GetUser", "GetUserPolicy", "GetGroupPolicy"} <= asked
    (role,) = needed("iam", "GetRole", Call.of("iam", "GetRole", RoleName="*").arguments(), ASKER)
    assert role.resource == "arn:aws:iam::111122223333:role/*"
