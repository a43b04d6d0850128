"""What a service said to what verify tries, and with what it is tried: values that every probe shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from xacct.account import Account
from xacct.check import Check
from xacct.engine.gateway import Gateway
from xacct.errors import ServiceError
from xacct.resource import Call


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
    ``network`` tells that nothing answered at all, ``key`` that the key of the objects is of no use to anybody.
    """

    answer: Answer
    detail: str = ""
    seen: tuple[str, ...] = ()
    whose: str = ""
    network: bool = False
    key: bool = False


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


def refusal(error: ServiceError) -> Tried:
    """A refusal, in the service's own words; everything else that is no answer is unknown.

    What is wrong with a key itself S3 passes on under the name that KMS has for it, after ``KMS.`` (Amazon S3 API
    Reference, "Error responses").
    """
    if error.denied:
        return Tried(Answer.DENIED, error.message)
    return Tried(Answer.UNKNOWN, str(error), network=error.status == 0, key=error.code.startswith("KMS."))


def no_bucket(check: Check) -> Tried:
    """That there is no such bucket, which is no refusal."""
    return Tried(Answer.UNKNOWN, f"The bucket {bucket_of(check)} does not exist.")


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


def place_of(door: Door, check: Check) -> tuple[str, str]:
    """The bucket with the endpoint that it is asked at."""
    return door.gateway.endpoints.get("s3", ""), bucket_of(check)
