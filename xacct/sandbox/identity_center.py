"""What Identity Center does in an account: the role of a permission set, made, replaced, and touched by nobody else."""

from __future__ import annotations

import json
import secrets

from xacct.policy.federation import PROTECTED, SSO_PATH
from xacct.sandbox.faults import ServiceFault
from xacct.sandbox.request import Operation
from xacct.sandbox.store import PARTITION, Store

PATH = f"/{SSO_PATH}/"
_NAME = "AWSReservedSSO_"
_SUFFIX = 16


def assign(store: Store, account: str, name: str, document: str, region: str) -> str:
    """Make the role of a permission set, in place of an earlier one, which had another suffix; its ARN.

    People sign in to it through Identity Center, which is not here: any user of the account that may
    sts:AssumeRole stands in for them.
    """
    iam = store.iam(account)
    for role in store.roles(account):
        if role.name.startswith(f"{_NAME}{name}_") and len(role.name) == len(_NAME) + len(name) + 1 + _SUFFIX:
            iam.delete_role_policy(role.name, "AwsSSOInlinePolicy")
            iam.delete_role(role.name)
    root = f"arn:{PARTITION}:iam::{account}:root"
    statement = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"}
    made = iam.create_role(
        role_name=f"{_NAME}{name}_{secrets.token_hex(_SUFFIX // 2)}",
        assume_role_policy_document=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        path=f"{PATH}{region}/" if region != "us-east-1" else PATH,
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="43200",
    )
    iam.put_role_policy(made.name, "AwsSSOInlinePolicy", document)
    return str(made.arn)


def check_protected(operation: Operation, account: str, store: Store) -> None:
    """Raises IAM's refusal for whoever would make or change a role that is AWS's."""
    if operation.name.startswith(("Get", "List", "Simulate")):
        return
    name = str(operation.params.get("RoleName") or "")
    if operation.name == "CreateRole" and str(operation.params.get("Path") or "/").startswith(PROTECTED):
        raise ServiceFault(
            status=400, code="InvalidInput", message=f"The path of the role {name} is reserved for AWS."
        )
    role = store.role(account, name)
    if role is not None and role.path.startswith(PROTECTED):
        raise ServiceFault(
            status=400,
            code="UnmodifiableEntity",
            message=f"Cannot perform the operation on the protected role '{name}' - this role is only "
            "modifiable by AWS",
        )
