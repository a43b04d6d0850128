"""What IAM refuses about users, roles, groups and policies, and moto does not."""

from __future__ import annotations

from xacct.permission.permission import Unmapped
from xacct.sandbox.faults import ServiceFault
from xacct.sandbox.identity_center import check_protected
from xacct.sandbox.request import Operation
from xacct.sandbox.store import Entity, Store

AWS_POLICY = "arn:aws:iam::aws:policy/"

_NEW_NAME = {
    "CreateUser": ("UserName", "users"),
    "UpdateUser": ("NewUserName", "users"),
    "CreateRole": ("RoleName", "roles"),
    "CreateGroup": ("GroupName", "groups"),
    "UpdateGroup": ("NewGroupName", "groups"),
}
_USER_BOUNDARY = {"CreateUser": "PermissionsBoundary"}


def check(operation: Operation, account: str, store: Store) -> None:
    """Raises IAM's refusal where moto would do something that IAM never does."""
    for value in operation.params.values():
        if isinstance(value, str) and value.startswith(AWS_POLICY):
            store.add_aws_policy(account, value)
    ignored = _USER_BOUNDARY.get(operation.name, "")
    if operation.params.get(ignored):
        raise Unmapped(f"the store forgets the {ignored} of iam:{operation.name}")
    check_protected(operation, account, store)
    _check_new_name(operation, account, store)
    match operation.name:
        case "DeleteUser":
            _check_user_gone(_name(operation, "UserName"), account, store)
        case "DeleteGroup":
            _check_group_gone(_name(operation, "GroupName"), account, store)
        case "DeletePolicy":
            _check_policy_gone(_name(operation, "PolicyArn"), account, store)


def _check_new_name(operation: Operation, account: str, store: Store) -> None:
    """Names are unique without regard to case (IAM quotas, "Name requirements")."""
    parameter, kind = _NEW_NAME.get(operation.name, ("", ""))
    wanted = _name(operation, parameter)
    if not wanted:
        return
    entities: tuple[Entity, ...] = getattr(store, kind)(account)
    renamed = _name(operation, parameter.removeprefix("New")) if parameter.startswith("New") else ""
    for entity in entities:
        if entity.name.lower() == wanted.lower() and entity.name != renamed:
            what = kind.removesuffix("s").capitalize()
            raise ServiceFault(
                status=409,
                code="EntityAlreadyExists",
                message=f"{what} with name {wanted} already exists.",
            )


def _check_user_gone(name: str, account: str, store: Store) -> None:
    user = store.user(account, name)
    if user is None:
        return
    if store.groups_of(user):
        raise _conflict("must remove users from group first")
    if store.has_credentials(user):
        raise _conflict("must delete access keys, devices and the login profile first")


def _check_group_gone(name: str, account: str, store: Store) -> None:
    group = next((found for found in store.groups(account) if found.name == name), None)
    if group is None:
        return
    if store.members_of(group):
        raise _conflict("must remove users from group first")
    if store.policies(group):
        raise _conflict("must delete policies first")


def _check_policy_gone(arn: str, account: str, store: Store) -> None:
    if store.holders_of(account, arn):
        raise _conflict("must detach the policy from all entities first", of="a policy attached to entities")
    if store.versions_of(account, arn) > 1:
        raise _conflict("must delete the other versions first", of="a policy with more than one version")


def _name(operation: Operation, parameter: str) -> str:
    return str(operation.params.get(parameter) or "")


def _conflict(what: str, *, of: str = "entity") -> ServiceFault:
    return ServiceFault(status=409, code="DeleteConflict", message=f"Cannot delete {of}, {what}.")
