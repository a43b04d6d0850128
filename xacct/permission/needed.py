"""From a call to the permissions it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xacct.permission.iam import iam_permissions, sts_permissions
from xacct.permission.permission import Asker, Permission, Unmapped
from xacct.permission.s3 import MAPPED, s3_arn, s3_context, s3_names


def needed(service: str, operation: str, params: Mapping[str, Any], asker: Asker) -> tuple[Permission, ...]:
    """Everything that must be allowed for a call; nothing for what needs no permission.

    Raises:
        Unmapped: nobody said what it needs.
    """
    match service:
        case "iam":
            return iam_permissions(operation, params, asker)
        case "sts":
            return sts_permissions(operation, params, asker)
        case "s3" if operation in MAPPED - {"ListBuckets"}:
            context = s3_context(operation, params)
            bucket = str(params.get("Bucket") or "")
            return tuple(
                Permission(
                    action=f"s3:{name}", resource=s3_arn(bucket, key, asker.partition), context=context
                )
                for name, key in s3_names(operation, params)
            )
        case "kms" if params.get("KeyId"):
            return (Permission(action=f"kms:{operation}", resource=str(params["KeyId"])),)
    raise Unmapped(f"nobody said which permissions {service}:{operation} needs")
