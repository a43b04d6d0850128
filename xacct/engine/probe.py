"""Trying one action on a bucket without changing anything that xacct did not make."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from xacct.check import Check
from xacct.engine.gateway import Gateway
from xacct.errors import ServiceError
from xacct.resource import Call

LONGEST_LISTING = 1000
IMPOSSIBLE = '"00000000000000000000000000000000"'
"""An entity tag that no object has: a request conditioned on it changes nothing."""


class Answer(Enum):
    """What a service said to a request."""

    ALLOWED = "allowed"
    DENIED = "denied"
    NOT_TRIED = "not tried"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Tried:
    """The answer, a sentence on it, and the keys that a listing showed."""

    answer: Answer
    detail: str = ""
    seen: tuple[str, ...] = ()


Probe = Callable[[Gateway, Check, str, str], Tried]


def probe(gateway: Gateway, check: Check) -> Tried:
    """Try the check's action with these credentials.

    Reading needs an existing key, found by listing: on a missing one the answer would say nothing of the
    permission. Writing and deleting are tried on a key of our own under a condition that cannot hold; a
    service that is authorized to refuses them for the condition, not for the permission.
    """
    tried = _PROBES.get(check.action)
    if tried is None:
        return Tried(Answer.NOT_TRIED, f"There is no way to try {check.action} without changing data.")
    bucket = check.resource.rpartition(":")[2]
    try:
        return tried(gateway, check, bucket, check.prefix or "")
    except ServiceError as error:
        return _refusal(error)


def _list(gateway: Gateway, check: Check, bucket: str, prefix: str) -> Tried:
    answer = gateway.ask(_listing(bucket, prefix, check.owner.id, LONGEST_LISTING))
    if answer is None:
        return Tried(Answer.UNKNOWN, f"The bucket {bucket} does not exist.")
    keys = tuple(found["Key"] for found in answer.get("Contents", ()))
    more = " and more" if answer.get("IsTruncated") else ""
    return Tried(Answer.ALLOWED, f"{len(keys)} keys{more}.", keys)


def _read(gateway: Gateway, check: Check, bucket: str, prefix: str) -> Tried:
    key = _some_key(gateway, check, bucket, prefix)
    if isinstance(key, Tried):
        return key
    call = Call.of(
        "s3", "GetObject", Bucket=bucket, Key=key, Range="bytes=0-0", ExpectedBucketOwner=check.owner.id
    )
    try:
        answer = gateway.ask(call)
    except ServiceError as error:
        if error.status == 416:
            return Tried(Answer.ALLOWED, f"{key} can be read; it is empty.")
        raise
    if answer is None:
        return Tried(Answer.UNKNOWN, f"{key} went away while it was tried.")
    answer["Body"].close()
    return Tried(Answer.ALLOWED, f"{key} can be read.")


def _tags(gateway: Gateway, check: Check, bucket: str, prefix: str) -> Tried:
    key = _some_key(gateway, check, bucket, prefix)
    if isinstance(key, Tried):
        return key
    gateway.ask(Call.of("s3", "GetObjectTagging", Bucket=bucket, Key=key, ExpectedBucketOwner=check.owner.id))
    return Tried(Answer.ALLOWED, f"The tags of {key} can be read.")


def _some_key(gateway: Gateway, check: Check, bucket: str, prefix: str) -> str | Tried:
    try:
        answer = gateway.ask(_listing(bucket, prefix, check.owner.id, 20))
    except ServiceError as error:
        if error.denied:
            return Tried(Answer.NOT_TRIED, "It needs an existing key, and listing is not allowed.")
        raise
    keys = [found["Key"] for found in (answer or {}).get("Contents", ()) if not found["Key"].endswith("/")]
    if not keys:
        return Tried(Answer.NOT_TRIED, f"There is no object under {bucket}/{prefix} to try it on.")
    return str(keys[0])


def _write(gateway: Gateway, check: Check, bucket: str, prefix: str) -> Tried:
    own = {"Bucket": bucket, "Key": _own_key(prefix), "ExpectedBucketOwner": check.owner.id}
    try:
        gateway.tell(Call.of("s3", "PutObject", **own, Body="", IfMatch=IMPOSSIBLE))
    except ServiceError as error:
        return _conditional(error, "Writing is allowed; a condition that cannot hold kept it from happening.")
    return _undo(gateway, own)


def _undo(gateway: Gateway, own: dict[str, str]) -> Tried:
    """The service ignored the condition: an empty object of our own was made, and goes again."""
    try:
        gateway.tell(Call.of("s3", "DeleteObject", **own))
    except ServiceError:
        left = f"The service ignored the condition, and {own['Key']} cannot be deleted: remove it."
        return Tried(Answer.ALLOWED, left)
    return Tried(Answer.ALLOWED, "The service ignored the condition; the empty object it made is gone again.")


def _delete(gateway: Gateway, check: Check, bucket: str, prefix: str) -> Tried:
    own = {"Bucket": bucket, "Key": _own_key(prefix), "ExpectedBucketOwner": check.owner.id}
    try:
        answer = gateway.tell(Call.of("s3", "DeleteObject", **own, IfMatch=IMPOSSIBLE))
    except ServiceError as error:
        return _conditional(
            error, "Deleting is allowed; a condition that cannot hold kept it from happening."
        )
    if answer.get("DeleteMarker"):
        return Tried(
            Answer.ALLOWED, f"The service ignored the condition and left a delete marker at {own['Key']}."
        )
    return Tried(Answer.ALLOWED, "Deleting is allowed; it was tried on a key that does not exist.")


def _location(gateway: Gateway, check: Check, bucket: str, prefix: str) -> Tried:
    gateway.ask(Call.of("s3", "GetBucketLocation", Bucket=bucket, ExpectedBucketOwner=check.owner.id))
    return Tried(Answer.ALLOWED, "The location can be read.")


def _versions(gateway: Gateway, check: Check, bucket: str, prefix: str) -> Tried:
    call = Call.of(
        "s3",
        "ListObjectVersions",
        Bucket=bucket,
        Prefix=prefix,
        MaxKeys=1,
        ExpectedBucketOwner=check.owner.id,
    )
    gateway.ask(call)
    return Tried(Answer.ALLOWED, "The versions can be listed.")


def _conditional(error: ServiceError, said: str) -> Tried:
    """412, or 404 for the key: answers that come after the permission was judged."""
    if error.status == 412 or error.code in ("PreconditionFailed", "NoSuchKey"):
        return Tried(Answer.ALLOWED, said)
    return _refusal(error)


def _refusal(error: ServiceError) -> Tried:
    if error.denied:
        return Tried(Answer.DENIED, error.message or "The service refused.")
    return Tried(Answer.UNKNOWN, str(error))


def _listing(bucket: str, prefix: str, owner: str, most: int) -> Call:
    return Call.of(
        "s3",
        "ListObjectsV2",
        Bucket=bucket,
        Prefix=prefix or None,
        MaxKeys=most,
        ExpectedBucketOwner=owner,
    )


def _own_key(prefix: str) -> str:
    return f"{prefix}.xacct-probe-{secrets.token_hex(8)}"


_PROBES: dict[str, Probe] = {
    "s3:ListBucket": _list,
    "s3:GetObject": _read,
    "s3:PutObject": _write,
    "s3:DeleteObject": _delete,
    "s3:GetObjectTagging": _tags,
    "s3:GetBucketLocation": _location,
    "s3:ListBucketVersions": _versions,
}
