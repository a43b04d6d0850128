"""What accounts hold, read with boto3 and with nothing of xacct's: to hold one moment against another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError
from botocore.handlers import json_decode_policies

Holdings = dict[str, Any]
"""By a name for each thing; documents of others, and policies of buckets, as the text that the service sent."""

THEIRS = "Theirs"
"""Stands in the name of what is another's."""
_ROLE = ("Path", "Description", "MaxSessionDuration", "AssumeRolePolicyDocument")


def held_by_iam(iam: Any, raw: Any) -> Holdings:
    """Roles, groups and users of an account; ``raw`` is a second client of it, for texts as they come.

    Unique ids and dates are left out: what is made anew gets others.
    """
    raw.meta.events.unregister("after-call.iam", json_decode_policies)
    found: Holdings = {}
    for one in iam.list_roles()["Roles"]:
        name = one["RoleName"]
        role = iam.get_role(RoleName=name)["Role"]
        found[f"role/{name}"] = {
            **{field: role.get(field) or "" for field in _ROLE},
            "tags": _tags(iam.list_role_tags(RoleName=name).get("Tags", [])),
            "attached": iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"],
        }
        found |= _inline(iam, raw, "role", name)
    for one in iam.list_groups()["Groups"]:
        members = iam.get_group(GroupName=one["GroupName"])["Users"]
        found[f"group/{one['GroupName']}"] = sorted(user["UserName"] for user in members)
        found |= _inline(iam, raw, "group", one["GroupName"])
    for one in iam.list_users()["Users"]:
        found |= _inline(iam, raw, "user", one["UserName"])
    return found


def bucket_policy(s3: Any, bucket: str) -> str | None:
    """The text of a bucket's policy; None where it has none."""
    try:
        return str(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucketPolicy":
            return None
        raise


def _inline(iam: Any, raw: Any, kind: str, name: str) -> Holdings:
    own = {f"{kind.capitalize()}Name": name}
    found = {}
    for policy in getattr(iam, f"list_{kind}_policies")(**own)["PolicyNames"]:
        client = raw if THEIRS in policy else iam
        answer = getattr(client, f"get_{kind}_policy")(**own, PolicyName=policy)
        found[f"{kind}-policy/{name}/{policy}"] = answer["PolicyDocument"]
    return found


def _tags(pairs: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Tags by key; Ceph's come with key and value apart, and the last of a key counts."""
    found, key = {}, ""
    for pair in pairs:
        key = pair.get("Key", key)
        if "Value" in pair:
            found[key] = pair["Value"]
    return found
