"""Trying one action on a bucket without changing anything that xacct did not make."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from xacct.account import Account
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
    """The answer, a sentence on it or the service's own words, and the keys that a listing showed.

    ``whose`` is the principal that the credentials turned out to be, where it is not the declared one;
    ``network`` tells that nothing answered at all.
    """

    answer: Answer
    detail: str = ""
    seen: tuple[str, ...] = ()
    whose: str = ""
    network: bool = False


@dataclass(frozen=True, slots=True)
class Door:
    """Credentials in use; ``conditional`` tells that the service surely honours conditions on writes."""

    gateway: Gateway
    conditional: bool = False


class Canaries(Protocol):
    """Objects of our own, for what may really be written and deleted; see ``xacct.engine.verifying.canary``."""

    def fresh(self, check: Check) -> str:
        """A key in the check's place that nothing has."""

    def made(self, check: Check, key: str, gateway: Gateway, version: str) -> None:
        """An object of ours is there now."""

    def standing(self, check: Check) -> str | Tried:
        """The key of an object of ours in the check's place, made if need be; or why there is none."""

    def gone(self, check: Check, key: str, version: str) -> None:
        """An object of ours was deleted by what was tried, which may have left a delete marker."""

    def proved(self, gateway: Gateway) -> bool:
        """Whether an object of ours showed that the service honours conditions on writes and deletes."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a probe may use: own objects where they were asked for, and what was seen in this run.

    ``owner`` gives the credentials of the account that owns a bucket; it raises ``XacctError`` where there are
    none. ``owned`` are buckets, each with its endpoint, that were seen to belong to the declared account.
    """

    canaries: Canaries | None = None
    owner: Callable[[Account], Gateway] | None = None
    keys: dict[str, list[str]] = field(default_factory=dict)
    owned: set[tuple[str, str]] = field(default_factory=set)

    def saw(self, bucket: str, keys: tuple[str, ...]) -> None:
        """Keys of a bucket that surely exist."""
        known = self.keys.setdefault(bucket, [])
        known += [key for key in keys if key not in known]

    def key_below(self, bucket: str, prefix: str) -> str:
        """A key that was seen below a prefix; "" where there is none."""
        return next((one for one in self.keys.get(bucket, ()) if one.startswith(prefix)), "")


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


def refusal(error: ServiceError) -> Tried:
    """A refusal, in the service's own words; everything else that is no answer is unknown."""
    if error.denied:
        return Tried(Answer.DENIED, error.message)
    return Tried(Answer.UNKNOWN, str(error), network=error.status == 0)


def bucket_of(check: Check) -> str:
    """The bucket's name."""
    return check.resource.rpartition(":")[2]


def call(operation: str, check: Check, **params: str | int | None) -> Call:
    """A call on the check's bucket, which must belong to the declared account."""
    return Call.of("s3", operation, Bucket=bucket_of(check), ExpectedBucketOwner=check.owner.id, **params)


def where(check: Check) -> str:
    """The place of a check as people write it: bucket, and prefix or key."""
    return (
        f"{bucket_of(check)}/{check.key or check.prefix}" if check.key or check.prefix else bucket_of(check)
    )


def _list(door: Door, check: Check, means: Means) -> Tried:
    answer = door.gateway.ask(_listing(check, LONGEST_LISTING))
    if answer is None:
        return _no_bucket(check)
    means.owned.add(_place(door, check))
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
        return _no_bucket(check)
    keys = [found["Key"] for found in answer.get("Contents", ()) if not found["Key"].endswith("/")]
    if not keys:
        return Tried(Answer.NOT_TRIED, f"There is no object in {where(check)} to try it on.")
    return str(keys[0])


def _write(door: Door, check: Check, means: Means) -> Tried:
    canaries = means.canaries
    if canaries is None and not door.conditional:
        return _unsafe(door, "Writing")
    if doubt := _not_owned(door, check, means):
        return doubt
    if canaries is not None:
        key = canaries.fresh(check)
        answer = door.gateway.tell(call("PutObject", check, Key=key, Body="xacct canary", IfNoneMatch=ANY))
        canaries.made(check, key, door.gateway, str(answer.get("VersionId") or ""))
        return Tried(Answer.ALLOWED, f"{key} of our own was written.")
    key = own_key(check.prefix)
    try:
        answer = door.gateway.tell(call("PutObject", check, Key=key, Body="", IfMatch=IMPOSSIBLE))
    except ServiceError as error:
        return _conditional(error, check, "Writing is allowed; nothing was written.")
    return _undo(door, check, key, str(answer.get("VersionId") or ""))


def _undo(door: Door, check: Check, key: str, version: str) -> Tried:
    """The service ignored the condition: an empty object of our own was made, and goes again."""
    try:
        door.gateway.tell(call("DeleteObject", check, Key=key, VersionId=version or None))
    except ServiceError:
        return Tried(
            Answer.ALLOWED,
            f"ATTENTION: the service ignored the condition and made the empty object {bucket_of(check)}/{key}, "
            "which this session cannot delete; remove it by hand.",
        )
    return Tried(
        Answer.ALLOWED,
        f"ATTENTION: the service ignored the condition and made the empty object {bucket_of(check)}/{key}; "
        "it is deleted again.",
    )


def _delete(door: Door, check: Check, means: Means) -> Tried:
    canaries = means.canaries
    key: str | Tried = Tried(Answer.NOT_TRIED)
    if canaries is not None:
        key = canaries.standing(check)
    if isinstance(key, Tried):
        proved = door.conditional or (canaries is not None and canaries.proved(door.gateway))
        if not proved:
            return key if key.detail else _unsafe(door, "Deleting")
    if doubt := _not_owned(door, check, means):
        return doubt
    if canaries is not None and isinstance(key, str):
        answer = door.gateway.tell(call("DeleteObject", check, Key=key))
        canaries.gone(check, key, str(answer.get("VersionId") or ""))
        return Tried(Answer.ALLOWED, f"{key} of our own was deleted.")
    return _delete_nothing(door, check)


def _delete_nothing(door: Door, check: Check) -> Tried:
    key = own_key(check.prefix)
    try:
        answer = door.gateway.tell(call("DeleteObject", check, Key=key, IfMatch=ANY))
    except ServiceError as error:
        return _conditional(error, check, "Deleting is allowed; nothing was deleted.")
    if answer.get("DeleteMarker"):
        return Tried(
            Answer.ALLOWED,
            f"ATTENTION: the service ignored the condition and left a delete marker at {bucket_of(check)}/{key}.",
        )
    return Tried(Answer.ALLOWED, "Deleting is allowed; nothing was deleted.")


def _unsafe(door: Door, what: str) -> Tried:
    return Tried(
        Answer.NOT_TRIED,
        f"{what} cannot be tried without changing data: no own object showed that {door.gateway.platform.name} "
        "honours a condition on it.",
    )


def _not_owned(door: Door, check: Check, means: Means) -> Tried | None:
    """Where the service ignores the expected owner on a write, the bucket is asked for its owner first.

    A listing that named the owner has shown it; else these credentials ask, and then those of the owner.
    """
    gateway, place = door.gateway, _place(door, check)
    if gateway.platform.owner_on_writes or place in means.owned:
        return None
    try:
        answer = gateway.ask(call("HeadBucket", check))
    except ServiceError as error:
        if not error.denied:
            raise
        if not _owner_sees(gateway, check, means):
            detail = f"Nobody could see that {bucket_of(check)} belongs to account {check.owner.name}."
            return Tried(Answer.NOT_TRIED, detail)
    else:
        if answer is None:
            return _no_bucket(check)
    means.owned.add(place)
    return None


def _owner_sees(gateway: Gateway, check: Check, means: Means) -> bool:
    if means.owner is None:
        return False
    try:
        owner = means.owner(check.owner)
        same = owner.endpoints.get("s3") == gateway.endpoints.get("s3")
        return same and owner.ask(call("HeadBucket", check)) is not None
    except XacctError:
        return False


def _place(door: Door, check: Check) -> tuple[str, str]:
    return door.gateway.endpoints.get("s3", ""), bucket_of(check)


def _conditional(error: ServiceError, check: Check, said: str) -> Tried:
    """412, or 404 for the key: answers that come after the permission was judged.

    AWS wants s3:GetObject as well for a write that is conditioned on an entity tag (S3 User Guide,
    "Conditional requests"), and s3:ListBucket before it says that a key is missing: where the refusal names
    one of these, it says nothing of the write.
    """
    if error.status == 412 or error.code in ("PreconditionFailed", "NoSuchKey"):
        return Tried(Answer.ALLOWED, said)
    if error.denied:
        named = _NAMED.search(error.message)
        if named and named.group(1).lower() in _FIRST:
            return Tried(
                Answer.NOT_TRIED,
                f"The service wants {named.group(1)} allowed before it tells, so {check.action} cannot be "
                "tried without changing data.",
            )
    return refusal(error)


def _location(door: Door, check: Check, means: Means) -> Tried:
    if door.gateway.ask(call("GetBucketLocation", check)) is None:
        return _no_bucket(check)
    return Tried(Answer.ALLOWED, "The location can be read.")


def _versions(door: Door, check: Check, means: Means) -> Tried:
    if door.gateway.ask(call("ListObjectVersions", check, Prefix=check.prefix, MaxKeys=1)) is None:
        return _no_bucket(check)
    return Tried(Answer.ALLOWED, "The versions can be listed.")


def _no_bucket(check: Check) -> Tried:
    return Tried(Answer.UNKNOWN, f"The bucket {bucket_of(check)} does not exist.")


def _listing(check: Check, most: int) -> Call:
    return call("ListObjectsV2", check, Prefix=check.prefix, MaxKeys=most)


def own_key(prefix: str | None) -> str:
    """A key that is ours: 128 random bits in its name."""
    return f"{prefix or ''}.xacct-probe-{secrets.token_hex(16)}"


_PROBES: dict[str, Callable[[Door, Check, Means], Tried]] = {
    "s3:ListBucket": _list,
    "s3:GetObject": _read,
    "s3:PutObject": _write,
    "s3:DeleteObject": _delete,
    "s3:GetObjectTagging": _tags,
    "s3:GetBucketLocation": _location,
    "s3:ListBucketVersions": _versions,
}
