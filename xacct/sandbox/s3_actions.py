"""The permissions of S3's operations, by the Service Authorization Reference for S3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from xacct.sandbox.buckets import Source, source_of
from xacct.sandbox.operations import Unmapped
from xacct.sandbox.request import Caller, Demand, Operation
from xacct.sandbox.store import PARTITION, Store

Context = dict[str, str | tuple[str, ...]]

# Operations on a bucket whose action has another name, or is shared.
_BUCKET = {
    "CreateBucket": "CreateBucket",
    "DeleteBucket": "DeleteBucket",
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "GetBucketLocation": "GetBucketLocation",
    "GetBucketPolicy": "GetBucketPolicy",
    "PutBucketPolicy": "PutBucketPolicy",
    "DeleteBucketPolicy": "DeleteBucketPolicy",
    "GetBucketPolicyStatus": "GetBucketPolicyStatus",
    "GetBucketAcl": "GetBucketAcl",
    "PutBucketAcl": "PutBucketAcl",
    "GetBucketVersioning": "GetBucketVersioning",
    "PutBucketVersioning": "PutBucketVersioning",
    "GetBucketTagging": "GetBucketTagging",
    "PutBucketTagging": "PutBucketTagging",
    "DeleteBucketTagging": "PutBucketTagging",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketOwnershipControls": "GetBucketOwnershipControls",
    "PutBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "GetBucketCors": "GetBucketCORS",
    "PutBucketCors": "PutBucketCORS",
    "DeleteBucketCors": "PutBucketCORS",
    "GetBucketLogging": "GetBucketLogging",
    "PutBucketLogging": "PutBucketLogging",
    "GetBucketWebsite": "GetBucketWebsite",
    "PutBucketWebsite": "PutBucketWebsite",
    "DeleteBucketWebsite": "DeleteBucketWebsite",
    "GetBucketRequestPayment": "GetBucketRequestPayment",
    "PutBucketRequestPayment": "PutBucketRequestPayment",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetBucketReplication": "GetReplicationConfiguration",
    "PutBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "GetBucketNotification": "GetBucketNotification",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotification": "PutBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
    "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
}
# Operations on an object; with a version id the second action counts, where there is one.
_OBJECT = {
    "GetObject": ("GetObject", "GetObjectVersion"),
    "HeadObject": ("GetObject", "GetObjectVersion"),
    "PutObject": ("PutObject", ""),
    "DeleteObject": ("DeleteObject", "DeleteObjectVersion"),
    "CopyObject": ("PutObject", ""),
    "CreateMultipartUpload": ("PutObject", ""),
    "UploadPart": ("PutObject", ""),
    "UploadPartCopy": ("PutObject", ""),
    "CompleteMultipartUpload": ("PutObject", ""),
    "AbortMultipartUpload": ("AbortMultipartUpload", ""),
    "ListParts": ("ListMultipartUploadParts", ""),
    "GetObjectAcl": ("GetObjectAcl", "GetObjectVersionAcl"),
    "PutObjectAcl": ("PutObjectAcl", "PutObjectVersionAcl"),
    "GetObjectTagging": ("GetObjectTagging", "GetObjectVersionTagging"),
    "PutObjectTagging": ("PutObjectTagging", "PutObjectVersionTagging"),
    "DeleteObjectTagging": ("DeleteObjectTagging", "DeleteObjectVersionTagging"),
    "GetObjectRetention": ("GetObjectRetention", ""),
    "PutObjectRetention": ("PutObjectRetention", ""),
    "GetObjectLegalHold": ("GetObjectLegalHold", ""),
    "PutObjectLegalHold": ("PutObjectLegalHold", ""),
    "RestoreObject": ("RestoreObject", ""),
    "SelectObjectContent": ("GetObject", ""),
}
_ATTRIBUTES = {
    False: ("GetObject", "GetObjectAttributes"),
    True: ("GetObjectVersion", "GetObjectVersionAttributes"),
}
_ACL_HEADERS = ("ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")
MAPPED = frozenset({*_BUCKET, *_OBJECT, "ListBuckets", "DeleteObjects", "GetObjectAttributes"})
"""The operations of S3 that the gate knows the permissions of; all others it refuses."""


def s3_actions(operation: Operation, caller: Caller, store: Store) -> tuple[Demand, ...]:
    """Every permission the operation needs.

    Raises:
        Unmapped: it is none of those in ``MAPPED``.
    """
    if operation.name == "ListBuckets":
        return (Demand(action="s3:ListAllMyBuckets", resource="*", account=caller.account),)
    if operation.name not in MAPPED:
        raise Unmapped(f"nobody said which permissions s3:{operation.name} needs")
    bucket = str(operation.params.get("Bucket") or "")
    making = operation.name == "CreateBucket"  # of a name that another account may have taken
    owner = caller.account if making else store.bucket_owner(bucket) or caller.account
    names = _bucket_names(operation) if operation.name in _BUCKET else _object_names(operation)
    context = {**_context(operation), "s3:ResourceAccount": owner, "aws:ResourceAccount": owner}
    found = [
        Demand(action=f"s3:{name}", resource=_arn(bucket, key), account=owner, context=context)
        for name, key in names
    ]
    source = source_of(operation)
    if source is not None:
        found.append(_source(source, store))
    return tuple(found)


def _bucket_names(operation: Operation) -> Iterator[tuple[str, str]]:
    yield _BUCKET[operation.name], ""
    if operation.name == "CreateBucket":
        if any(operation.params.get(header) for header in _ACL_HEADERS):
            yield "PutBucketAcl", ""
        if operation.params.get("ObjectOwnership"):
            yield "PutBucketOwnershipControls", ""


def _object_names(operation: Operation) -> Iterator[tuple[str, str]]:
    params = operation.params
    key = str(params.get("Key") or "")
    if operation.name == "DeleteObjects":
        for item in (params.get("Delete") or {}).get("Objects", ()):
            yield ("DeleteObjectVersion" if item.get("VersionId") else "DeleteObject"), str(item.get("Key"))
            if params.get("BypassGovernanceRetention"):
                yield "BypassGovernanceRetention", str(item.get("Key"))
        return
    if operation.name == "GetObjectAttributes":
        yield from ((name, key) for name in _ATTRIBUTES[bool(params.get("VersionId"))])
        return
    plain, versioned = _OBJECT[operation.name]
    yield (versioned if versioned and params.get("VersionId") else plain), key
    if plain == "PutObject" and operation.name not in ("UploadPart", "UploadPartCopy"):
        if params.get("Tagging"):
            yield "PutObjectTagging", key
        if any(params.get(header) for header in _ACL_HEADERS):
            yield "PutObjectAcl", key
        if params.get("ObjectLockMode") or params.get("ObjectLockRetainUntilDate"):
            yield "PutObjectRetention", key
        if params.get("ObjectLockLegalHoldStatus"):
            yield "PutObjectLegalHold", key
    if params.get("BypassGovernanceRetention"):
        yield "BypassGovernanceRetention", key


def _source(source: Source, store: Store) -> Demand:
    bucket, key, version = source
    owner = store.bucket_owner(bucket)
    return Demand(
        action="s3:GetObjectVersion" if version else "s3:GetObject",
        resource=_arn(bucket, key),
        account=owner,
        context={"s3:ResourceAccount": owner, "aws:ResourceAccount": owner},
    )


def _arn(bucket: str, key: str) -> str:
    return f"arn:{PARTITION}:s3:::{bucket}/{key}" if key else f"arn:{PARTITION}:s3:::{bucket}"


_KEYS = {
    "Prefix": "s3:prefix",
    "Delimiter": "s3:delimiter",
    "MaxKeys": "s3:max-keys",
    "VersionId": "s3:VersionId",
    "ACL": "s3:x-amz-acl",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "StorageClass": "s3:x-amz-storage-class",
    "CopySource": "s3:x-amz-copy-source",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "GrantRead": "s3:x-amz-grant-read",
    "GrantFullControl": "s3:x-amz-grant-full-control",
    "ObjectOwnership": "s3:x-amz-object-ownership",
}


def _context(operation: Operation) -> Context:
    """The keys of S3 that the parameters fill; a parameter that is not given leaves its key absent."""
    params: Mapping[str, Any] = operation.params
    found: Context = {key: str(params[name]) for name, key in _KEYS.items() if params.get(name) is not None}
    if operation.name in ("PutObject", "DeleteObject", "CompleteMultipartUpload", "CopyObject"):
        found |= {
            key: str(params[name])
            for name, key in (("IfMatch", "s3:if-match"), ("IfNoneMatch", "s3:if-none-match"))
            if params.get(name) is not None
        }
    return found
