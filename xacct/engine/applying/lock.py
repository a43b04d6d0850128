"""The lock of a team: an object made with If-None-Match, with a holder and an expiry.

It keeps runs of xacct apart that share documents. It is judged by the service's own clock (the dates of its
answers), so that the clocks of two machines need not agree.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from xacct.aws.dated import answered_at
from xacct.aws.retry import Patience
from xacct.engine.gateway import Gateway
from xacct.errors import Refused, ServiceError
from xacct.manifest.model import LockSpec
from xacct.resource import Call

_TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412"})
_LARGEST = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Who has a lock, since when and until when (UTC, by the service's clock).

    ``tag`` is the object's entity tag, by which it is replaced or removed only if it still is this one.
    """

    holder: str
    since: datetime
    until: datetime
    now: datetime
    tag: str = field(repr=False)
    token: str = field(default="", repr=False)

    @property
    def expired(self) -> bool:
        """Whether its holder has not been heard of for too long."""
        return self.now >= self.until

    def __str__(self) -> str:
        """In words."""
        when = "held until" if not self.expired else "left behind; it ended on"
        return f"{self.holder}, since {_written(self.since)}, {when} {_written(self.until)}"


class Lock:
    """One run's way to a lock; ``take`` it, ``renew`` it while working, ``release`` it."""

    def __init__(self, gateway: Gateway, place: LockSpec, holder: str, patience: Patience) -> None:
        self._gateway = gateway
        self._place = place
        self._holder = holder
        self._patience = patience
        self._token = secrets.token_hex(8)
        self._beats = 0
        self._tag = ""
        self._renewed = 0.0

    def take(self, progress: Callable[[str], None]) -> None:
        """Take it, waiting for another holder as long as the patience's deadline allows.

        Raises:
            Refused: somebody else has it, or the service does not keep conditions, so that there is no lock.
            ServiceError: the service refuses or does not answer.
        """
        until = self._patience.clock() + self._patience.deadline
        pause = self._patience.first
        while True:
            found = look(self._gateway, self._place)
            if found is None and self._put({"IfNoneMatch": "*"}):
                break
            if found is not None and found.expired and self._put({"IfMatch": found.tag}):
                progress(f"the lock {self._place} of {found.holder} had ended and is taken over")
                break
            if found is not None and not found.expired:
                if self._patience.clock() >= until:
                    raise Refused(
                        f"the lock {self._place} is held by {found}; nothing was sent",
                        fix="Wait for it (--lock-wait SECONDS), or, if that run is dead, break it: xacct lock --break.",
                    )
                progress(f"the lock {self._place}, held by {found.holder}")
                self._patience.sleep(pause)
                pause = min(pause * 2, self._patience.longest)
        self._prove()

    def renew(self) -> None:
        """A sign of life, sent when a third of the time has passed; to be called before every write.

        Raises:
            Refused: it was broken or taken over, so that nothing more may be sent.
        """
        if self._patience.clock() - self._renewed < self._place.seconds / 3:
            return
        if not self._put({"IfMatch": self._tag}):
            raise Refused(
                f"the lock {self._place} was broken or taken over; nothing more was sent",
                fix="Find out who holds it now (xacct lock), and run again.",
            )

    def release(self) -> None:
        """Give it back; a lock that is not ours any more is left."""
        found = look(self._gateway, self._place)
        if found is not None and found.token == self._token:
            remove(self._gateway, self._place, found)

    def _put(self, condition: Mapping[str, str]) -> bool:
        self._beats += 1  # so that no two puts have one entity tag
        body = json.dumps(
            {
                "holder": self._holder,
                "seconds": self._place.seconds,
                "token": self._token,
                "beat": self._beats,
            }
        )
        call = Call.of("s3", "PutObject", **_where(self._gateway, self._place), Body=body, **condition)
        try:
            answer = self._gateway.tell_once(call)
        except ServiceError as error:
            if error.code in _TAKEN or error.status == 412:
                return False
            if error.unanswered:
                return self._mine()
            raise
        self._tag = str(answer.get("ETag", ""))
        self._renewed = self._patience.clock()
        return True

    def _mine(self) -> bool:
        """Whether a put whose answer was lost was done."""
        found = look(self._gateway, self._place)
        if found is None or found.token != self._token:
            return False
        self._tag, self._renewed = found.tag, self._patience.clock()
        return True

    def _prove(self) -> None:
        """That the service keeps the condition: the same put again has to be refused.

        Where it is ignored (an older gateway) everybody would believe to hold the lock.
        """
        if self._put({"IfNoneMatch": "*"}):
            self.release()
            raise Refused(
                f"the service of {self._place} ignores If-None-Match, so that nothing can be locked there; "
                "nothing else was sent",
                fix="Keep the lock in a bucket of a service that honours it, or take lock out of limits.",
            )


@contextmanager
def holding(
    gateway: Gateway,
    place: LockSpec,
    holder: str,
    *,
    patience: Patience,
    progress: Callable[[str], None],
) -> Iterator[Callable[[], None]]:
    """Hold the lock for a block, which gets the function to call before every write; see ``Lock``.

    A lock that cannot be given back is told to ``progress``: it ends by itself.
    """
    lock = Lock(gateway, place, holder, patience)
    lock.take(progress)
    try:
        yield lock.renew
    finally:
        try:
            lock.release()
        except (Refused, ServiceError) as error:
            progress(f"the lock {place} could not be given back and ends in {place.seconds} s: {error}")


def look(gateway: Gateway, place: LockSpec) -> Held | None:
    """Who has the lock; None where nobody does.

    Raises:
        Refused: the object is no lock.
        ServiceError: it cannot be read.
    """
    answer = gateway.ask(Call.of("s3", "GetObject", **_where(gateway, place)))
    if answer is None:
        return None
    body = answer["Body"]
    try:
        said = json.loads(body.read(_LARGEST))
        holder, seconds, token = str(said["holder"]), int(said["seconds"]), str(said["token"])
    except (ValueError, KeyError, TypeError):
        raise Refused(
            f"{place} is no lock of xacct; nothing was sent", fix="Name another key for the lock in limits."
        ) from None
    finally:
        body.close()
    since: datetime = answer["LastModified"]
    return Held(
        holder=holder,
        since=since,
        until=since + timedelta(seconds=seconds),
        now=answered_at(answer) or datetime.now(UTC),
        tag=str(answer["ETag"]),
        token=token,
    )


def remove(gateway: Gateway, place: LockSpec, held: Held) -> None:
    """Take a lock away, if it still is this one; one that has changed hands meanwhile is left.

    Raises:
        Refused: it has changed hands.
        ServiceError: it cannot be removed.
    """
    where = _where(gateway, place)
    try:
        gateway.tell(Call.of("s3", "DeleteObject", **where, IfMatch=held.tag))
    except ServiceError as error:
        if error.absent:
            return
        if error.status == 501:
            gateway.tell(Call.of("s3", "DeleteObject", **where))
            return
        if error.code in _TAKEN or error.status == 412:
            raise Refused(
                f"the lock {place} has changed hands meanwhile; it was left", fix="Look again: xacct lock."
            ) from None
        raise


def _where(gateway: Gateway, place: LockSpec) -> dict[str, str]:
    return {"Bucket": place.bucket.name, "Key": place.key, "ExpectedBucketOwner": gateway.account.id}


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
