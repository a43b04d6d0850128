"""What S3 refuses for reasons of its own: missing buckets and keys, other owners, public access."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import unquote

from xacct.policy.public import is_public
from xacct.sandbox.authenticate import Authenticated
from xacct.sandbox.faults import ServiceFault
from xacct.sandbox.request import Demand, Operation
from xacct.sandbox.store import Store

OWNER_ONLY = frozenset({"GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy", "GetBucketPolicyStatus"})
"""Calls that answer 405 to whoever may make them but is of another account than the bucket."""

MAKES_BUCKETS = frozenset({"CreateBucket"})
PUBLIC_ACLS = frozenset({"public-read", "public-read-write", "authenticated-read"})
PUBLIC_GRANTEES = re.compile(r"acs\.amazonaws\.com/groups/global/(AllUsers|AuthenticatedUsers)")


def check(operation: Operation, signed: Authenticated, store: Store) -> None:
    """Refuses what has to do with no bucket, or with one of another owner than the caller expects."""
    bucket = str(operation.params.get("Bucket") or "")
    if not bucket or operation.name in MAKES_BUCKETS:
        return
    owner = store.bucket_owner(bucket)
    if not owner:
        raise ServiceFault(
            status=404,
            code="NoSuchBucket",
            message="The specified bucket does not exist",
            extra=(("BucketName", bucket),),
        )
    headers = signed.incoming.headers
    expected = headers.get("x-amz-expected-bucket-owner", owner)
    source = source_of(operation)
    source_owner = store.bucket_owner(source.bucket) if source is not None else ""
    expected_source = headers.get("x-amz-source-expected-bucket-owner", source_owner)
    if expected != owner or expected_source != source_owner:
        raise access_denied()
    if source is not None and not source_owner:
        raise ServiceFault(
            status=404,
            code="NoSuchBucket",
            message="The specified bucket does not exist",
            extra=(("BucketName", source.bucket),),
        )


def check_taken(operation: Operation, account: str, store: Store) -> None:
    """Refuses a new bucket under a name that another account has; names are global."""
    owner = store.bucket_owner(str(operation.params.get("Bucket") or ""))
    if operation.name in MAKES_BUCKETS and owner and owner != account:
        raise ServiceFault(
            status=409,
            code="BucketAlreadyExists",
            message="The requested bucket name is not available.",
        )


class Source(NamedTuple):
    """What a copy reads from."""

    bucket: str
    key: str
    version: str = ""


def source_of(operation: Operation) -> Source | None:
    """Bucket, key and version that a copy reads from, None for what is no copy."""
    given = operation.params.get("CopySource")
    if given is None:
        return None
    name, _, query = str(given).partition("?")
    bucket, _, key = unquote(name).lstrip("/").partition("/")
    version = query.removeprefix("versionId=")
    if not bucket or not key or (query and (not version or version == query or "&" in version)):
        raise ServiceFault(
            status=400,
            code="InvalidArgument",
            message="Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
        )
    return Source(bucket, key, unquote(version))


def of_missing_key(operation: Operation, demand: Demand, store: Store) -> Demand | None:
    """For the reading of a key that is not there: the right to know that, which is listing it.

    Without s3:ListBucket a missing key answers 403 like a forbidden one; with it 404, whatever s3:GetObject
    says (S3 API, GetObject and HeadObject, "Permissions").
    """
    if demand.action.lower() != "s3:getobject" or operation.params.get("VersionId"):
        return None
    bucket, _, key = demand.resource.rpartition(":")[2].partition("/")
    if not key or not demand.account or store.has_key(bucket, key):
        return None
    listing = demand.resource[: -len(key) - 1]
    return replace(
        demand, action="s3:ListBucket", resource=listing, context={**demand.context, "s3:prefix": key}
    )


def no_such_key(operation: Operation) -> ServiceFault:
    """The 404 of a key."""
    key = str(operation.params.get("Key") or "")
    return ServiceFault(
        status=404, code="NoSuchKey", message="The specified key does not exist.", extra=(("Key", key),)
    )


def check_owner_only(operation: Operation, demand: Demand, signed: Authenticated) -> None:
    """405 for a policy call that was allowed to another account (S3 API, PutBucketPolicy)."""
    if operation.name in OWNER_ONLY and demand.account != signed.caller.account:
        raise ServiceFault(
            status=405,
            code="MethodNotAllowed",
            message="The specified method is not allowed against this resource.",
        )


def check_public(operation: Operation, signed: Authenticated, store: Store) -> None:
    """What the bucket's public access block forbids although the policies allow it."""
    source = source_of(operation)
    for bucket in {str(operation.params.get("Bucket") or ""), source.bucket if source else ""} - {""}:
        switches = store.public_access_block(bucket)
        foreign = signed.caller.account != store.bucket_owner(bucket)
        restricted = switches.restrict_public_buckets and foreign
        if restricted and is_public(store.bucket_policy(bucket) or "{}"):
            raise access_denied("the RestrictPublicBuckets block public access setting")
    switches = store.public_access_block(str(operation.params.get("Bucket") or ""))
    policy = operation.params.get("Policy") if operation.name == "PutBucketPolicy" else None
    if switches.block_public_policy and policy is not None and is_public(str(policy)):
        raise access_denied("public policies are prevented by the BlockPublicPolicy setting")
    if switches.block_public_acls and _has_public_acl(signed):
        raise access_denied("public ACLs are prevented by the BlockPublicAcls setting")


def _has_public_acl(signed: Authenticated) -> bool:
    headers = signed.incoming.headers
    if headers.get("x-amz-acl", "") in PUBLIC_ACLS:
        return True
    granted = "".join(value for name, value in headers.items() if name.startswith("x-amz-grant-"))
    body = (
        signed.incoming.body.decode("utf-8", "replace") if "acl" in signed.incoming.query.split("&") else ""
    )
    return PUBLIC_GRANTEES.search(granted + body) is not None


def access_denied(because: str = "") -> ServiceFault:
    """S3's 403; bare unless a reason is known that the caller may hear."""
    message = f"Access Denied because of {because}" if because else "Access Denied"
    return ServiceFault(status=403, code="AccessDenied", message=message)
