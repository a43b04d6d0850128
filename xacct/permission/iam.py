"""The permissions that IAM and STS ask for each operation, by the Service Authorization Reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xacct.permission.permission import Asker, Context, Permission, Unmapped

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


def iam_permissions(operation: str, params: Mapping[str, Any], asker: Asker) -> tuple[Permission, ...]:
    """The operation's own action, and those that come with its parameters."""
    context: Context = {}
    boundary = params.get("PermissionsBoundary")
    if boundary:
        context["iam:PermissionsBoundary"] = str(boundary)
    if operation.startswith(("Attach", "Detach")) and params.get("PolicyArn"):
        context["iam:PolicyARN"] = str(params["PolicyArn"])
    tags = params.get("Tags") or []
    if isinstance(tags, list) and tags:
        context |= {f"aws:RequestTag/{tag['Key']}": str(tag.get("Value", "")) for tag in tags}
        context["aws:TagKeys"] = tuple(str(tag["Key"]) for tag in tags)
    elif params.get("TagKeys"):
        context["aws:TagKeys"] = tuple(map(str, params["TagKeys"]))
    resource = _iam_resource(operation, params, asker)
    found = [Permission(action=f"iam:{operation}", resource=resource, context=context)]
    if operation == "AddRoleToInstanceProfile":
        role = _entity_arn("RoleName", str(params.get("RoleName")), asker, "/")
        found.append(Permission(action="iam:PassRole", resource=role))
    if tags and operation.startswith("Create"):
        action = f"iam:Tag{operation.removeprefix('Create')}"
        found.append(Permission(action=action, resource=resource, context=context))
    return tuple(found)


def _iam_resource(operation: str, params: Mapping[str, Any], asker: Asker) -> str:
    path = str(params.get("Path") or "/")
    for name in _RESOURCES.get(operation, _ORDER):
        if params.get(name):
            return _entity_arn(name, str(params[name]), asker, path)
    if operation in _SELF and asker.own_arn:
        return asker.own_arn
    if operation == "CreatePolicy":
        return f"arn:{asker.partition}:iam::{asker.account}:policy{path}{params.get('PolicyName')}"
    for name in _ARNS:
        if params.get(name):
            return str(params[name])
    return "*"


def _entity_arn(parameter: str, name: str, asker: Asker, path: str) -> str:
    kind = _ENTITY[parameter]
    return asker.find(kind, name) or f"arn:{asker.partition}:iam::{asker.account}:{kind}{path}{name}"


def sts_permissions(operation: str, params: Mapping[str, Any], asker: Asker) -> tuple[Permission, ...]:
    """Nothing for what needs no permission.

    Raises:
        Unmapped: nobody said what it needs.
    """
    match operation:
        case "AssumeRole":
            return _assume(params, "sts:AssumeRole")
        case "AssumeRoleWithWebIdentity":
            return _assume(params, "sts:AssumeRoleWithWebIdentity")
        case "GetFederationToken":
            name = f"arn:{asker.partition}:sts::{asker.account}:federated-user/{params.get('Name')}"
            return (Permission(action="sts:GetFederationToken", resource=name),)
        case "GetAccessKeyInfo":
            return (Permission(action="sts:GetAccessKeyInfo", resource="*"),)
        case "GetCallerIdentity" | "GetSessionToken":
            return ()
    raise Unmapped(f"nobody said which permission sts:{operation} needs")


def _assume(params: Mapping[str, Any], action: str) -> tuple[Permission, ...]:
    role = str(params["RoleArn"])
    context: Context = {"sts:RoleSessionName": str(params["RoleSessionName"])}
    if params.get("ExternalId"):
        context["sts:ExternalId"] = str(params["ExternalId"])
    if params.get("SourceIdentity"):
        context["sts:SourceIdentity"] = str(params["SourceIdentity"])
    tags = params.get("Tags") or []
    context |= {f"aws:RequestTag/{tag['Key']}": str(tag.get("Value", "")) for tag in tags}
    if tags:
        context["aws:TagKeys"] = tuple(str(tag["Key"]) for tag in tags)
    actions = [action]
    if tags:
        actions.append("sts:TagSession")
    if params.get("SourceIdentity"):
        actions.append("sts:SetSourceIdentity")
    return tuple(Permission(action=action, resource=role, context=context) for action in actions)
