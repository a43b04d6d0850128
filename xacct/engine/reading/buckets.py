"""One bucket as it is: whether the account has it, its policy, and what decides how policies work on it."""

from __future__ import annotations

from typing import Any

from xacct.aws.documents import document_in
from xacct.engine.gateway import Gateway
from xacct.engine.reading.piecemeal import reason
from xacct.engine.reading.records import live_document
from xacct.errors import ServiceError
from xacct.resource import Call
from xacct.snapshot import BucketRecord, Unread

SWITCHES = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def read_bucket(gateway: Gateway, name: str) -> BucketRecord | Unread:
    """The bucket of this account with that name, or why nothing is known of it.

    Every call names the expected owner: bucket names are global, and somebody else's bucket is not ours.
    What is told beside the policy is None where the service does not say, and empty where there is none.
    """
    try:
        if not _exists(gateway, name):
            return BucketRecord(name=name, exists=False)
        answer = gateway.ask(_call(gateway, "GetBucketPolicy", name))
    except ServiceError as error:
        why = _owned_by_another(gateway, name) if error.status == 403 else ""
        return Unread(account=gateway.account.name, what=f"bucket/{name}", reason=why or reason(error))
    text = document_in("GetBucketPolicy", answer) if answer else None
    denied: set[str] = set()
    encryption = _tell(gateway, "GetBucketEncryption", name, denied)
    rules = _inside(encryption, "ServerSideEncryptionConfiguration", "Rules") or [{}]
    default = rules[0].get("ApplyServerSideEncryptionByDefault") or {}
    ownership = _tell(gateway, "GetBucketOwnershipControls", name, denied)
    owned = _inside(ownership, "OwnershipControls", "Rules") or [{}]
    block = _tell(gateway, "GetPublicAccessBlock", name, denied)
    switches = _inside(block, "PublicAccessBlockConfiguration") or {}
    region = _region(gateway, name, denied)
    return BucketRecord(
        name=name,
        policy=live_document(text) if text is not None else None,
        region=region,
        encryption=None if encryption is None else str(default.get("SSEAlgorithm") or ""),
        key=None if encryption is None else str(default.get("KMSMasterKeyID") or ""),
        ownership=None if ownership is None else str(owned[0].get("ObjectOwnership") or ""),
        public_access_block=(
            None if block is None else frozenset(name for name in SWITCHES if switches.get(name))
        ),
        untold=frozenset(denied),
    )


def _exists(gateway: Gateway, name: str) -> bool:
    """Whether the account has the bucket; raises what keeps that from being known.

    HeadBucket needs s3:ListBucket, which the bucket's own policy may deny to everybody. Where the expected
    owner is honoured, a policy that can be read is proof enough.
    """
    try:
        return gateway.ask(_call(gateway, "HeadBucket", name)) is not None
    except ServiceError as error:
        if error.status != 403 or not gateway.platform.owner_on_writes:
            raise
        try:
            if gateway.ask(_call(gateway, "GetBucketPolicy", name)):
                return True
        except ServiceError:
            pass
        raise


def _call(gateway: Gateway, operation: str, bucket: str) -> Call:
    return Call.of("s3", operation, Bucket=bucket, ExpectedBucketOwner=gateway.account.id)


def _owned_by_another(gateway: Gateway, bucket: str) -> str:
    """Whether it was the expected owner that the refusal was about: without one the bucket answers."""
    try:
        answer = gateway.ask(Call.of("s3", "HeadBucket", Bucket=bucket))
    except ServiceError:
        return ""
    if answer is None:
        return ""
    try:
        gateway.ask(_call(gateway, "HeadBucket", bucket))
    except ServiceError as error:
        if error.status == 403:
            return (
                f"bucket {bucket} belongs to another account than {gateway.account.id}. "
                "Correct the name or the account; bucket names are shared by all accounts."
            )
    return ""


def _tell(gateway: Gateway, operation: str, bucket: str, denied: set[str]) -> dict[str, Any] | None:
    """The answer, empty where there is nothing of the kind; None where the service does not say."""
    try:
        return gateway.ask(_call(gateway, operation, bucket)) or {}
    except ServiceError as error:
        if error.denied:
            denied.add(operation)
        return None


def _region(gateway: Gateway, bucket: str, denied: set[str]) -> str | None:
    answer = _tell(gateway, "GetBucketLocation", bucket, denied)
    if answer is None:
        return None
    told = str(answer.get("LocationConstraint") or "")
    if told == "EU":
        return "eu-west-1"
    return told or ("" if gateway.platform.private else "us-east-1")


def _inside(answer: dict[str, Any] | None, *keys: str) -> Any:
    found: Any = answer or {}
    for key in keys:
        found = found.get(key) or {}
    return found
