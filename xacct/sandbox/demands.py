"""Which permissions an operation needs, on which resources, and the condition keys that go with each.

Source: Service Authorization Reference for S3, IAM and STS.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from xacct.policy.principal import User
from xacct.sandbox.operations import Unmapped
from xacct.sandbox.request import Caller, Demand, Incoming, Operation
from xacct.sandbox.s3_actions import s3_actions
from xacct.sandbox.store import PARTITION, Store

Context = dict[str, str | tuple[str, ...]]


def request_context(incoming: Incoming, now: datetime) -> Context:
    """The keys that every request has: where it comes from, when, and how."""
    found: Context = {
        "aws:SourceIp": incoming.source_ip,
        "aws:SecureTransport": "false",
        "aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:ViaAWSService": "false",
    }
    if "user-agent" in incoming.headers:
        found["aws:UserAgent"] = incoming.headers["user-agent"]
    if "referer" in incoming.headers:
        found["aws:Referer"] = incoming.headers["referer"]
    return found


def demands(operation: Operation, caller: Caller, store: Store) -> tuple[Demand, ...]:
    """Everything that must be allowed for the operation; nothing for what needs no permission.

    Raises:
        Unmapped: nobody said what it needs.
    """
    match operation.service:
        case "iam":
            return _iam(operation, caller, store)
        case "sts":
            return _sts(operation, caller)
        case "s3":
            return s3_actions(operation, caller, store)
    raise Unmapped(f"{operation.service}:{operation.name} is not here")


# Parameters that name the resource, in the order in which they count; the first that is there decides.
_RESOURCES = {
    "AddUserToGroup": ("GroupName",),
    "RemoveUserFromGroup": ("GroupName",),
    "AddRoleToInstanceProfile": ("InstanceProfileName",),
    "RemoveRoleFromInstanceProfile": ("InstanceProfileName",),
}
_ORDER = ("RoleName", "UserName", "GroupName", "InstanceProfileName")
_ARNS = ("PolicyArn", "SAMLProviderArn", "OpenIDConnectProviderArn", "PolicySourceArn")
_ENTITY = {
    "RoleName": "role",
    "UserName": "user",
    "GroupName": "group",
    "InstanceProfileName": "instance-profile",
}
# Operations that mean the caller when they name nobody (IAM API, each operation's UserName).
_SELF = frozenset(
    {
        "CreateAccessKey",
        "CreateLoginProfile",
        "DeleteAccessKey",
        "DeleteLoginProfile",
        "DeleteSigningCertificate",
        "GetLoginProfile",
        "GetUser",
        "ListAccessKeys",
        "ListMFADevices",
        "ListSigningCertificates",
        "UpdateAccessKey",
        "UpdateSigningCertificate",
        "UploadSigningCertificate",
    }
)


def _iam(operation: Operation, caller: Caller, store: Store) -> tuple[Demand, ...]:
    params = operation.params
    context: Context = {}
    boundary = params.get("PermissionsBoundary")
    if boundary:
        context["iam:PermissionsBoundary"] = str(boundary)
    if operation.name.startswith(("Attach", "Detach")) and params.get("PolicyArn"):
        context["iam:PolicyARN"] = str(params["PolicyArn"])
    tags = params.get("Tags") or []
    if isinstance(tags, list) and tags:
        context |= {f"aws:RequestTag/{tag['Key']}": str(tag.get("Value", "")) for tag in tags}
        context["aws:TagKeys"] = tuple(str(tag["Key"]) for tag in tags)
    elif params.get("TagKeys"):
        context["aws:TagKeys"] = tuple(map(str, params["TagKeys"]))
    resource = _iam_resource(operation, caller, store)
    context |= _resource_tags(resource, store)
    first = Demand(action=f"iam:{operation.name}", resource=resource, account=caller.account, context=context)
    more = []
    if operation.name == "AddRoleToInstanceProfile":
        role = _entity_arn("RoleName", str(params.get("RoleName")), caller.account, store, "/")
        more.append(Demand(action="iam:PassRole", resource=role, account=caller.account))
    if tags and operation.name.startswith("Create"):
        more.append(
            Demand(
                action=f"iam:Tag{operation.name.removeprefix('Create')}",
                resource=resource,
                account=caller.account,
                context=context,
            )
        )
    return (first, *more)


def _iam_resource(operation: Operation, caller: Caller, store: Store) -> str:
    params = operation.params
    for name in _RESOURCES.get(operation.name, _ORDER):
        if params.get(name):
            return _entity_arn(name, str(params[name]), caller.account, store, str(params.get("Path") or "/"))
    if operation.name in _SELF and isinstance(caller.principal, User):
        return caller.principal.arn
    if operation.name == "CreatePolicy":
        path = str(params.get("Path") or "/")
        return f"arn:{PARTITION}:iam::{caller.account}:policy{path}{params.get('PolicyName')}"
    for name in _ARNS:
        if params.get(name):
            return str(params[name])
    return "*"


def _entity_arn(parameter: str, name: str, account: str, store: Store, path: str) -> str:
    kind = _ENTITY[parameter]
    groups = {group.name: group for group in store.groups(account)} if kind == "group" else {}
    found = {"role": store.role, "user": store.user}.get(kind)
    live = found(account, name) if found is not None else groups.get(name)
    return live.arn if live is not None else f"arn:{PARTITION}:iam::{account}:{kind}{path}{name}"


def _resource_tags(resource: str, store: Store) -> Context:
    entity = store.by_arn(resource)
    if entity is None:
        return {}
    return {
        f"{prefix}:ResourceTag/{key}": value
        for key, value in entity.tags.items()
        for prefix in ("aws", "iam")
    }


def _sts(operation: Operation, caller: Caller) -> tuple[Demand, ...]:
    params = operation.params
    match operation.name:
        case "AssumeRole":
            return _assume(params)
        case "GetFederationToken":
            name = f"arn:{PARTITION}:sts::{caller.account}:federated-user/{params.get('Name')}"
            return (Demand(action="sts:GetFederationToken", resource=name, account=caller.account),)
        case "GetAccessKeyInfo":
            return (Demand(action="sts:GetAccessKeyInfo", resource="*", account=caller.account),)
        case "GetCallerIdentity" | "GetSessionToken":
            return ()
    raise Unmapped(f"sts:{operation.name} is not played here")


def _assume(params: Mapping[str, Any]) -> tuple[Demand, ...]:
    role = str(params["RoleArn"])
    account = role.split(":")[4]
    context: Context = {"sts:RoleSessionName": str(params["RoleSessionName"])}
    if params.get("ExternalId"):
        context["sts:ExternalId"] = str(params["ExternalId"])
    if params.get("SourceIdentity"):
        context["sts:SourceIdentity"] = str(params["SourceIdentity"])
    tags = params.get("Tags") or []
    context |= {f"aws:RequestTag/{tag['Key']}": str(tag.get("Value", "")) for tag in tags}
    if tags:
        context["aws:TagKeys"] = tuple(str(tag["Key"]) for tag in tags)
    actions = ["sts:AssumeRole"]
    if tags:
        actions.append("sts:TagSession")
    if params.get("SourceIdentity"):
        actions.append("sts:SetSourceIdentity")
    return tuple(Demand(action=action, resource=role, account=account, context=context) for action in actions)
