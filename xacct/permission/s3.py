"""The permissions that S3 asks for each operation, by the Service Authorization Reference for S3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from xacct.permission.permission import Context

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
"""The operations of S3 whose permissions are known."""


def s3_names(operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The actions of a mapped operation without their prefix, each with its key; "" is the bucket itself."""
    return _bucket_names(operation, params) if operation in _BUCKET else _object_names(operation, params)


def _bucket_names(operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield _BUCKET[operation], ""
    if operation == "CreateBucket":
        if any(params.get(header) for header in _ACL_HEADERS):
            yield "PutBucketAcl", ""
        if params.get("ObjectOwnership"):
            yield "PutBucketOwnershipControls", ""


def _object_names(operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    key = str(params.get("Key") or "")
    if operation == "DeleteObjects":
        for item in (params.get("Delete") or {}).get("Objects", ()):
            yield ("DeleteObjectVersion" if item.get("VersionId") else "DeleteObject"), str(item.get("Key"))
            if params.get("BypassGovernanceRetention"):
                yield "BypassGovernanceRetention", str(item.get("Key"))
        return
    if operation == "GetObjectAttributes":
        yield from ((name, key) for name in _ATTRIBUTES[bool(params.get("VersionId"))])
        return
    plain, versioned = _OBJECT[operation]
    yield (versioned if versioned and params.get("VersionId") else plain), key
    if plain == "PutObject" and operation not in ("UploadPart", "UploadPartCopy"):
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


def s3_arn(bucket: str, key: str, partition: str) -> str:
    """The ARN of a bucket, or of an object in it."""
    return f"arn:{partition}:s3:::{bucket}/{key}" if key else f"arn:{partition}:s3:::{bucket}"


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


def s3_context(operation: str, params: Mapping[str, Any]) -> Context:
    """The keys of S3 that the parameters fill; a parameter that is not given leaves its key absent."""
    found: Context = {key: str(params[name]) for name, key in _KEYS.items() if params.get(name) is not None}
    if operation in ("PutObject", "DeleteObject", "CompleteMultipartUpload", "CopyObject"):
        found |= {
            key: str(params[name])
            for name, key in (("IfMatch", "s3:if-match"), ("IfNoneMatch", "s3:if-none-match"))
            if params.get(name) is not None
        }
    return found
