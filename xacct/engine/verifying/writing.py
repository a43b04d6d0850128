"""Trying to write and to delete: really, on objects of our own, or under a condition that cannot hold."""

from __future__ import annotations

import re
import secrets

from xacct.check import Check
from xacct.engine.gateway import Gateway
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
)
from xacct.errors import ServiceError, XacctError

IMPOSSIBLE = '"00000000000000000000000000000000"'
"""An entity tag that no object has: a write conditioned on it changes nothing."""
ANY = "*"
"""The condition that there is such an object; for a delete it asks for no permission but the delete's own."""

_NAMED = re.compile(r"not authorized to perform: ([A-Za-z0-9-]+:[A-Za-z0-9]+)")
_FIRST = frozenset({"s3:getobject", "s3:listbucket"})
"""What a service may want to see allowed before it looks at the condition of a write."""


def write(door: Door, check: Check, means: Means) -> Tried:
    """An object of our own, or under a condition that cannot hold."""
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


def delete(door: Door, check: Check, means: Means) -> Tried:
    """An object of our own, or one that does not exist."""
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
    gateway, place = door.gateway, place_of(door, check)
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
            return no_bucket(check)
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


def own_key(prefix: str | None) -> str:
    """A key that is ours: 128 random bits in its name."""
    return f"{prefix or ''}.xacct-probe-{secrets.token_hex(16)}"
