"""Trying one action on a bucket without changing anything that xacct did not make."""

from __future__ import annotations

from collections.abc import Callable

from xacct.check import Check
from xacct.engine.verifying.tried import (
    Answer,
    Door,
    Means,
    Tried,
    bucket_of,
    call,
    no_bucket,
    place_of,
    refusal,
    where,
)
from xacct.engine.verifying.writing import delete, write
from xacct.errors import ServiceError, XacctError
from xacct.resource import Call

LONGEST_LISTING = 1000


def probe(door: Door, check: Check, means: Means) -> Tried:
    """Try the check's action with these credentials.

    Reading needs an existing key: the one that the manifest names, one that a listing shows, or an own one.
    Where own objects were asked for, writing and deleting are really done, on them only. Else they are tried
    on a key of our own that does not exist, under a condition that therefore cannot hold; a service that
    finds the caller authorized refuses for the condition.
    """
    tried = _PROBES.get(check.action)
    if tried is None:
        return Tried(Answer.NOT_TRIED, f"There is no way to try {check.action} without changing data.")
    try:
        return tried(door, check, means)
    except ServiceError as error:
        return refusal(error)
    except XacctError as error:
        return Tried(Answer.UNKNOWN, str(error))


def _list(door: Door, check: Check, means: Means) -> Tried:
    answer = door.gateway.ask(_listing(check, LONGEST_LISTING))
    if answer is None:
        return no_bucket(check)
    means.owned.add(place_of(door, check))
    keys = tuple(found["Key"] for found in answer.get("Contents", ()))
    means.saw(bucket_of(check), tuple(key for key in keys if not key.endswith("/")))
    more = " and more" if answer.get("IsTruncated") else ""
    return Tried(Answer.ALLOWED, f"{len(keys)} {'key' if len(keys) == 1 else 'keys'}{more}.", keys)


def _read(door: Door, check: Check, means: Means) -> Tried:
    key = _some_key(door, check, means)
    if isinstance(key, Tried):
        return key
    try:
        answer = door.gateway.ask(call("GetObject", check, Key=key, Range="bytes=0-0"))
    except ServiceError as error:
        if error.status == 416:
            return Tried(Answer.ALLOWED, f"{key} can be read; it is empty.")
        if error.denied and "kms:" in error.message:
            return Tried(Answer.DENIED, f"{error.message.rstrip('.')}.{_sealed(door, check, key)}")
        raise
    if answer is None:
        return _no_key(check, key)
    answer["Body"].close()
    means.saw(bucket_of(check), (key,))
    return Tried(Answer.ALLOWED, f"{key} can be read.")


def _sealed(door: Door, check: Check, key: str) -> str:
    """Under which key an object is: the bucket's default encryption tells it of new objects only."""
    try:
        found = door.gateway.ask(call("HeadObject", check, Key=key)) or {}
    except XacctError:
        return ""
    sealed = str(found.get("SSEKMSKeyId") or "")
    return f" {key} is encrypted with {sealed}, whatever the bucket's default is now." if sealed else ""


def _tags(door: Door, check: Check, means: Means) -> Tried:
    key = _some_key(door, check, means)
    if isinstance(key, Tried):
        return key
    if door.gateway.ask(call("GetObjectTagging", check, Key=key)) is None:
        return _no_key(check, key)
    return Tried(Answer.ALLOWED, f"The tags of {key} can be read.")


def _no_key(check: Check, key: str) -> Tried:
    if key == check.key:
        return Tried(
            Answer.UNKNOWN,
            f"There is no object {key}, which the manifest names; put it there, or name another.",
        )
    return Tried(Answer.UNKNOWN, f"{key} went away while it was tried.")


def _some_key(door: Door, check: Check, means: Means) -> str | Tried:
    """An existing key in the check's place: named, listed, seen before, or of our own; or why there is none."""
    if check.key:
        return check.key
    listed = _listed_key(door, check)
    if isinstance(listed, str):
        return listed
    if listed.answer is not Answer.NOT_TRIED:
        return listed
    if seen := means.key_below(bucket_of(check), check.prefix or ""):
        return seen
    if means.canaries is not None:
        own = means.canaries.standing(check)
        return own if isinstance(own, str) else Tried(Answer.NOT_TRIED, f"{listed.detail} {own.detail}")
    return listed


def _listed_key(door: Door, check: Check) -> str | Tried:
    try:
        answer = door.gateway.ask(_listing(check, 20))
    except ServiceError as error:
        if error.denied:
            return Tried(Answer.NOT_TRIED, "It needs an existing key, and listing is not allowed.")
        raise
    if answer is None:
        return no_bucket(check)
    keys = [found["Key"] for found in answer.get("Contents", ()) if not found["Key"].endswith("/")]
    if not keys:
        return Tried(Answer.NOT_TRIED, f"There is no object in {where(check)} to try it on.")
    return str(keys[0])


def _location(door: Door, check: Check, means: Means) -> Tried:
    if door.gateway.ask(call("GetBucketLocation", check)) is None:
        return no_bucket(check)
    return Tried(Answer.ALLOWED, "The location can be read.")


def _versions(door: Door, check: Check, means: Means) -> Tried:
    if door.gateway.ask(call("ListObjectVersions", check, Prefix=check.prefix, MaxKeys=1)) is None:
        return no_bucket(check)
    return Tried(Answer.ALLOWED, "The versions can be listed.")


def _listing(check: Check, most: int) -> Call:
    return call("ListObjectsV2", check, Prefix=check.prefix, MaxKeys=most)


_PROBES: dict[str, Callable[[Door, Check, Means], Tried]] = {
    "s3:ListBucket": _list,
    "s3:GetObject": _read,
    "s3:PutObject": write,
    "s3:DeleteObject": delete,
    "s3:GetObjectTagging": _tags,
    "s3:GetBucketLocation": _location,
    "s3:ListBucketVersions": _versions,
}
