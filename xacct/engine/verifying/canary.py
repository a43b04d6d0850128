"""Objects of our own in somebody's bucket: made only when asked for, under names nobody has, and taken away again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from xacct.account import Account
from xacct.check import Check
from xacct.engine.gateway import Gateway
from xacct.engine.verifying.tried import Answer, Tried, bucket_of, call
from xacct.engine.verifying.writing import ANY, IMPOSSIBLE, own_key
from xacct.errors import ServiceError, XacctError


@dataclass(slots=True)
class _Own:
    """One object: where it is, who made it (and may take it away), the versions that were made of it."""

    check: Check
    key: str
    makers: list[Gateway]
    versions: list[str] = field(default_factory=list)
    standing: bool = True


class OwnObjects:
    """Every object that one run made.

    ``owner`` gives the credentials of the account that owns a bucket; it raises ``XacctError`` where there are
    none, and then objects can only be made, and taken away, by the sessions that are tried.
    """

    def __init__(self, owner: Callable[[Account], Gateway]) -> None:
        self._owner = owner
        self._objects: list[_Own] = []
        self._proved: dict[str, bool] = {}

    def fresh(self, check: Check) -> str:
        """A key in the check's place that nothing has."""
        return own_key(check.prefix)

    def made(self, check: Check, key: str, gateway: Gateway, version: str) -> None:
        """An object of ours is there now."""
        self._objects.append(_Own(check, key, [gateway], [version] if version else []))

    def standing(self, check: Check) -> str | Tried:
        """The key of an object of ours in the check's place, made by the owner if need be; or why there is none."""
        for one in self._objects:
            same = bucket_of(one.check) == bucket_of(check) and one.check.prefix == check.prefix
            if same and one.standing:
                return one.key
        try:
            gateway = self._owner(check.owner)
            if not gateway.platform.owner_on_writes and gateway.ask(call("HeadBucket", check)) is None:
                return Tried(Answer.NOT_TRIED, f"The bucket {bucket_of(check)} does not exist.")
            key = self.fresh(check)
            answer = gateway.tell(call("PutObject", check, Key=key, Body="xacct canary", IfNoneMatch=ANY))
        except XacctError as error:
            return Tried(Answer.NOT_TRIED, f"Nobody could make an own object to try it on: {error}")
        self.made(check, key, gateway, str(answer.get("VersionId") or ""))
        return key

    def gone(self, check: Check, key: str, version: str) -> None:
        """An object of ours was deleted by what was tried; in a bucket with versions a marker is left."""
        for one in self._objects:
            if one.key == key and bucket_of(one.check) == bucket_of(check):
                one.standing = False
                one.versions += [version] if version else []

    def proved(self, gateway: Gateway) -> bool:
        """Whether an object of ours showed that the service honours conditions on writes and deletes.

        Asked of the service once, with an object that these credentials, or the owner's, made: only that one
        is at risk.
        """
        endpoint = gateway.endpoints.get("s3", "")
        if endpoint not in self._proved:
            one = next((one for one in self._objects if one.standing and _at(one, endpoint)), None)
            if one is None:
                return False
            self._proved[endpoint] = self._prove(one)
        return self._proved[endpoint]

    def _prove(self, one: _Own) -> bool:
        gateway = one.makers[0]
        for operation, body in (("PutObject", "overwritten"), ("DeleteObject", None)):
            try:
                answer = gateway.tell(call(operation, one.check, Key=one.key, IfMatch=IMPOSSIBLE, Body=body))
            except ServiceError as error:
                if error.status != 412:
                    return False
                continue
            except XacctError:
                return False
            if version := str(answer.get("VersionId") or ""):
                one.versions.append(version)
            one.standing = operation == "PutObject"
            return False
        return True

    def clean(self) -> tuple[str, ...]:
        """Take away every object that was made, with its versions; a sentence on each that could not be."""
        left: list[str] = []
        for one in self._objects:
            why = self._remove(one)
            if why:
                left.append(
                    f"LEFT BEHIND: {bucket_of(one.check)}/{one.key} of our own could not be taken away: {why} "
                    "Delete it by hand, with its versions."
                )
        self._objects.clear()
        return tuple(left)

    def _remove(self, one: _Own) -> str:
        """Try it as the owner first, who may delete versions, then as whoever made it; "" once it is gone."""
        cleaners = list(one.makers)
        with suppress(XacctError):  # then the makers are tried, and what stays is reported
            cleaners.insert(0, self._owner(one.check.owner))
        why = ""
        for gateway in cleaners:
            why = _removed_by(gateway, one)
            if not why:
                return ""
        return why


def _at(one: _Own, endpoint: str) -> bool:
    return any(maker.endpoints.get("s3", "") == endpoint for maker in one.makers)


def _removed_by(gateway: Gateway, one: _Own) -> str:
    """Delete with one set of credentials; "" where nothing is left, else why something is."""
    versions = _versions(gateway, one)
    if versions is None:
        versions = [*one.versions, *(["null"] if one.standing and not one.versions else [])]
    try:
        for version in versions:
            if version != "null":
                gateway.tell(call("DeleteObject", one.check, Key=one.key, VersionId=version))
                continue
            # Without versions a plain delete is enough, and asks for less than that of a version.
            answer = gateway.tell(call("DeleteObject", one.check, Key=one.key))
            if marker := answer.get("VersionId"):
                gateway.tell(call("DeleteObject", one.check, Key=one.key, VersionId=marker))
    except XacctError as error:
        return f"{str(error).rstrip('.')}."
    return ""


def _versions(gateway: Gateway, one: _Own) -> list[str] | None:
    """Every version and delete marker of the object, None where they cannot be listed."""
    try:
        answer = gateway.ask(call("ListObjectVersions", one.check, Prefix=one.key))
    except XacctError:
        return None
    if answer is None:
        return None
    found = [*answer.get("Versions", ()), *answer.get("DeleteMarkers", ())]
    return [str(each["VersionId"]) for each in found if each["Key"] == one.key]
