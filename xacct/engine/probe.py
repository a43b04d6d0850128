"""Trying one action on a bucket without changing anything that xacct did not make."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from xacct.check import Check
from xacct.engine.gateway import Gateway
from xacct.errors import ServiceError, XacctError
from xacct.resource import Call

LONGEST_LISTING = 1000
IMPOSSIBLE = '"00000000000000000000000000000000"'
"""An entity tag that no object has: a write conditioned on it changes nothing."""
ANY = "*"
"""The condition that there is such an object; for a delete it asks for no permission but the delete's own."""

_NAMED = re.compile(r"not authorized to perform: ([A-Za-z0-9-]+:[A-Za-z0-9]+)")
_FIRST = frozenset({"s3:getobject", "s3:listbucket"})
"""What a service may want to see allowed before it looks at the condition of a write."""


class Answer(Enum):
    """What a service said to a request. ``ABSENT`` is: what it was about does not exist."""

    ALLOWED = "allowed"
    DENIED = "denied"
    ABSENT = "absent"
    NOT_TRIED = "not tried"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Tried:
    """The answer, a sentence on it or the service's own words, and the keys that a listing showed."""

    answer: Answer
    detail: str = ""
    seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Door:
    """Credentials in use; ``conditional`` tells that the service surely honours conditions on writes."""

    gateway: Gateway
    conditional: bool = False


def probe(door: Door, check: Check) -> Tried:
    """Try the check's action with these credentials.

    Reading needs an existing key, found by listing: on a missing one the answer would say nothing of the
    permission. Writing and deleting are tried on a key of our own that does not exist, under a condition
    that therefore cannot hold; a service that finds the caller authorized refuses for the condition.
    """
    tried = _PROBES.get(check.action)
    if tried is None:
        return Tried(Answer.NOT_TRIED, f"There is no way to try {check.action} without changing data.")
    try:
        return tried(door, check)
    except ServiceError as error:
        return refusal(error)
    except XacctError as error:
        return Tried(Answer.UNKNOWN, str(error))


def refusal(error: ServiceError) -> Tried:
    """A refusal, in the service's own words; everything else that is no answer is unknown."""
    if error.denied:
        return Tried(Answer.DENIED, error.message)
    return Tried(Answer.UNKNOWN, str(error))


def _list(door: Door, check: Check) -> Tried:
    answer = door.gateway.ask(_listing(check, LONGEST_LISTING))
    if answer is None:
        return _no_bucket(check)
    keys = tuple(found["Key"] for found in answer.get("Contents", ()))
    more = " and more" if answer.get("IsTruncated") else ""
    return Tried(Answer.ALLOWED, f"{len(keys)} {'key' if len(keys) == 1 else 'keys'}{more}.", keys)


def _read(door: Door, check: Check) -> Tried:
    key = _some_key(door, check)
    if isinstance(key, Tried):
        return key
    try:
        answer = door.gateway.ask(_call("GetObject", check, Key=key, Range="bytes=0-0"))
    except ServiceError as error:
        if error.status == 416:
            return Tried(Answer.ALLOWED, f"{key} can be read; it is empty.")
        raise
    if answer is None:
        return Tried(Answer.UNKNOWN, f"{key} went away while it was tried.")
    answer["Body"].close()
    return Tried(Answer.ALLOWED, f"{key} can be read.")


def _tags(door: Door, check: Check) -> Tried:
    key = _some_key(door, check)
    if isinstance(key, Tried):
        return key
    if door.gateway.ask(_call("GetObjectTagging", check, Key=key)) is None:
        return Tried(Answer.UNKNOWN, f"{key} went away while it was tried.")
    return Tried(Answer.ALLOWED, f"The tags of {key} can be read.")


def _some_key(door: Door, check: Check) -> str | Tried:
    try:
        answer = door.gateway.ask(_listing(check, 20))
    except ServiceError as error:
        if error.denied:
            return Tried(Answer.NOT_TRIED, "It needs an existing key, and listing is not allowed.")
        raise
    if answer is None:
        return _no_bucket(check)
    keys = [found["Key"] for found in answer.get("Contents", ()) if not found["Key"].endswith("/")]
    if not keys:
        where = f"{_bucket(check)}/{check.prefix}" if check.prefix else _bucket(check)
        return Tried(Answer.NOT_TRIED, f"There is no object in {where} to try it on.")
    return str(keys[0])


def _write(door: Door, check: Check) -> Tried:
    if not door.conditional:
        return _unsafe(door, "Writing")
    key = _own_key(check)
    try:
        answer = door.gateway.tell(_call("PutObject", check, Key=key, Body="", IfMatch=IMPOSSIBLE))
    except ServiceError as error:
        return _conditional(error, check, "Writing is allowed")
    return _undo(door, check, key, str(answer.get("VersionId") or ""))


def _undo(door: Door, check: Check, key: str, version: str) -> Tried:
    """The service ignored the condition: an empty object of our own was made, and goes again."""
    try:
        door.gateway.tell(_call("DeleteObject", check, Key=key, VersionId=version or None))
    except ServiceError:
        return Tried(
            Answer.ALLOWED,
            f"ATTENTION: the service ignored the condition and made the empty object {_bucket(check)}/{key}, "
            "which this session cannot delete; remove it by hand.",
        )
    return Tried(
        Answer.ALLOWED,
        f"ATTENTION: the service ignored the condition and made the empty object {_bucket(check)}/{key}; "
        "it is deleted again.",
    )


def _delete(door: Door, check: Check) -> Tried:
    if not door.conditional:
        return _unsafe(door, "Deleting")
    key = _own_key(check)
    try:
        answer = door.gateway.tell(_call("DeleteObject", check, Key=key, IfMatch=ANY))
    except ServiceError as error:
        return _conditional(error, check, "Deleting is allowed")
    if answer.get("DeleteMarker"):
        return Tried(
            Answer.ALLOWED,
            f"ATTENTION: the service ignored the condition and left a delete marker at {_bucket(check)}/{key}.",
        )
    return Tried(Answer.ALLOWED, "Deleting is allowed; it was tried on a key that does not exist.")


def _unsafe(door: Door, what: str) -> Tried:
    return Tried(
        Answer.NOT_TRIED,
        f"{what} cannot be tried without changing data: it is not known that {door.gateway.platform.name} "
        "honours a condition on it.",
    )


def _conditional(error: ServiceError, check: Check, said: str) -> Tried:
    """412, or 404 for the key: answers that come after the permission was judged.

    AWS wants s3:GetObject as well for a write that is conditioned on an entity tag (S3 User Guide,
    "Conditional requests"), and s3:ListBucket before it says that a key is missing: where the refusal names
    one of these, it says nothing of the write.
    """
    if error.status == 412 or error.code in ("PreconditionFailed", "NoSuchKey"):
        return Tried(Answer.ALLOWED, f"{said}; a condition that cannot hold kept it from happening.")
    if error.denied:
        named = _NAMED.search(error.message)
        if named and named.group(1).lower() in _FIRST:
            return Tried(
                Answer.NOT_TRIED,
                f"The service wants {named.group(1)} allowed before it tells, so {check.action} cannot be "
                "tried without changing data.",
            )
    return refusal(error)


def _location(door: Door, check: Check) -> Tried:
    if door.gateway.ask(_call("GetBucketLocation", check)) is None:
        return _no_bucket(check)
    return Tried(Answer.ALLOWED, "The location can be read.")


def _versions(door: Door, check: Check) -> Tried:
    call = _call("ListObjectVersions", check, Prefix=check.prefix, MaxKeys=1)
    if door.gateway.ask(call) is None:
        return _no_bucket(check)
    return Tried(Answer.ALLOWED, "The versions can be listed.")


def _no_bucket(check: Check) -> Tried:
    return Tried(Answer.UNKNOWN, f"The bucket {_bucket(check)} does not exist.")


def _listing(check: Check, most: int) -> Call:
    return _call("ListObjectsV2", check, Prefix=check.prefix, MaxKeys=most)


def _call(operation: str, check: Check, **params: str | int | None) -> Call:
    """A call on the check's bucket, which must belong to the declared account."""
    return Call.of("s3", operation, Bucket=_bucket(check), ExpectedBucketOwner=check.owner.id, **params)


def _bucket(check: Check) -> str:
    return check.resource.rpartition(":")[2]


def _own_key(check: Check) -> str:
    return f"{check.prefix or ''}.xacct-probe-{secrets.token_hex(8)}"


_PROBES: dict[str, Callable[[Door, Check], Tried]] = {
    "s3:ListBucket": _list,
    "s3:GetObject": _read,
    "s3:PutObject": _write,
    "s3:DeleteObject": _delete,
    "s3:GetObjectTagging": _tags,
    "s3:GetBucketLocation": _location,
    "s3:ListBucketVersions": _versions,
}
