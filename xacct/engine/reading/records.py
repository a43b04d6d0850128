"""From what IAM answers to the records of a snapshot: one shape, whichever call the answer came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from immutabledict import immutabledict

from xacct.aws.documents import plain
from xacct.policy.document import Document, MalformedDocument
from xacct.snapshot import GroupRecord, LiveDocument, PolicyRecord, RawDocument, RoleRecord, UserRecord


def live_document(document: str | Mapping[str, Any] | None) -> LiveDocument:
    """A document as it came; what is no policy by our reading is kept as text."""
    text = plain(document) if document else ""
    try:
        return Document.parse(text)
    except MalformedDocument as error:
        return RawDocument(text=text, reason=str(error))


def tags(pairs: Iterable[Mapping[str, str]]) -> immutabledict[str, str]:
    """Tags by key, where the last of two equal keys is the newer one.

    Ceph's ListRoleTags comes out of the SDK with key and value apart: ``{"Key": "a"}, {"Value": "1"}``.
    """
    table: dict[str, str] = {}
    key = ""
    for pair in pairs:
        key = pair.get("Key", key)
        if "Value" in pair:
            table.pop(key, None)
            table[key] = pair["Value"]
    return immutabledict(sorted(table.items()))


def inline(policies: Iterable[Mapping[str, Any]]) -> immutabledict[str, LiveDocument]:
    """Inline policies by name."""
    return immutabledict(
        {
            found["PolicyName"]: live_document(found["PolicyDocument"])
            for found in sorted(policies, key=lambda found: str(found["PolicyName"]))
        }
    )


def attached(policies: Iterable[Mapping[str, str]]) -> frozenset[str]:
    """The ARNs of attached policies."""
    return frozenset(found["PolicyArn"] for found in policies)


def boundary(entity: Mapping[str, Any]) -> str:
    """The ARN of the permissions boundary; empty where there is none."""
    return str((entity.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn") or "")


def created(entity: Mapping[str, Any]) -> str:
    """The date of creation in ISO form; empty where the service does not say."""
    date = entity.get("CreateDate")
    return date.isoformat() if isinstance(date, datetime) else str(date or "")


def role_record(detail: Mapping[str, Any]) -> RoleRecord:
    """A role from its RoleDetail, with what only its Role has: description and session length."""
    return RoleRecord(
        name=detail["RoleName"],
        path=detail.get("Path") or "/",
        arn=detail["Arn"],
        id=detail["RoleId"],
        trust=live_document(detail.get("AssumeRolePolicyDocument")),
        description=detail.get("Description") or "",
        max_session=int(detail.get("MaxSessionDuration") or 3600),
        boundary=boundary(detail),
        tags=tags(detail.get("Tags", ())),
        tag_pairs=sum("Value" in pair for pair in detail.get("Tags", ())),
        inline=inline(detail.get("RolePolicyList", ())),
        attached=attached(detail.get("AttachedManagedPolicies", ())),
        instance_profiles=frozenset(
            profile["InstanceProfileName"] for profile in detail.get("InstanceProfileList", ())
        ),
        created=created(detail),
    )


def user_record(detail: Mapping[str, Any]) -> UserRecord:
    """A user from its UserDetail."""
    return UserRecord(
        name=detail["UserName"],
        path=detail.get("Path") or "/",
        arn=detail["Arn"],
        id=detail["UserId"],
        groups=frozenset(detail.get("GroupList", ())),
        boundary=boundary(detail),
        tags=tags(detail.get("Tags", ())),
        inline=inline(detail.get("UserPolicyList", ())),
        attached=attached(detail.get("AttachedManagedPolicies", ())),
        created=created(detail),
    )


def group_record(detail: Mapping[str, Any]) -> GroupRecord:
    """A group from its GroupDetail."""
    return GroupRecord(
        name=detail["GroupName"],
        path=detail.get("Path") or "/",
        arn=detail["Arn"],
        id=detail["GroupId"],
        inline=inline(detail.get("GroupPolicyList", ())),
        attached=attached(detail.get("AttachedManagedPolicies", ())),
    )


def policy_record(detail: Mapping[str, Any]) -> PolicyRecord:
    """A customer managed policy from its ManagedPolicyDetail."""
    versions = detail.get("PolicyVersionList", ())
    default = str(detail.get("DefaultVersionId") or "v1")
    document = next((found.get("Document") for found in versions if found["VersionId"] == default), None)
    return PolicyRecord(
        name=detail["Arn"].rpartition("/")[2],
        path=detail.get("Path") or "/",
        arn=detail["Arn"],
        document=live_document(document),
        default_version=default,
        versions=tuple(sorted((str(found["VersionId"]) for found in versions), key=_by_number)),
        description=detail.get("Description") or "",
    )


def _by_number(version: str) -> tuple[int, str]:
    return (int(version[1:]) if version[1:].isdigit() else 0, version)
