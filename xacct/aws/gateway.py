"""The only sender: one gateway for each account, which asks or tells its services."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any
from xml.etree.ElementTree import ParseError

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from xacct.account import Account
from xacct.aws.caller import Caller, identify
from xacct.aws.dated import answered_at
from xacct.aws.faults import NO_CREDENTIALS, no_credentials, not_entered, service_error
from xacct.aws.platform import answering
from xacct.errors import ServiceError
from xacct.platform import PRIVATE, Platform
from xacct.resource import Call

_UNREADABLE = (ResponseParserError, ParseError, KeyError, ValueError)
"""What the SDK's parsers raise at an answer that lacks its frame, or holds a date or number that is none."""
_FAULTS = (ClientError, BotoCoreError, *_UNREADABLE)
_IN_STEP = timedelta(seconds=2)
"""Clocks that are no further apart than an answer takes, and the whole seconds that it is dated in."""
_ASKING = ("Get", "Head", "List", "Describe", "AssumeRole")


class Gateway:
    """An account's services. Safe to use from several threads.

    ``client`` gives the SDK's client of a service; it may raise ``NoCredentials``, and then every method
    does. ``once`` gives one that never sends a request twice (``client`` where it is left out). ``origin`` says
    in words where the credentials come from. ``platform`` becomes more exact where a private service says in an
    answer what it is.
    """

    def __init__(
        self,
        account: Account,
        *,
        platform: Platform,
        client: Callable[[str], Any],
        once: Callable[[str], Any] | None = None,
        endpoints: Mapping[str, str],
        origin: str = "the environment",
    ) -> None:
        self.account = account
        self.platform = platform
        self.endpoints: Mapping[str, str] = dict(endpoints)
        self._client = client
        self._once = once or client
        self._origin = origin
        self._counts: Counter[str] = Counter()
        self._lock = Lock()
        self._caller: Caller | None = None
        self._ahead = timedelta(0)

    def __repr__(self) -> str:
        """Name and id of the account, nothing of its credentials."""
        return f"Gateway({self.account.name}, {self.account.id}, {self.platform.name})"

    @property
    def counts(self) -> dict[str, int]:
        """Requests sent so far, by ``service:Operation``; what the SDK repeated by itself counts once."""
        with self._lock:
            return dict(self._counts)

    @property
    def ahead(self) -> timedelta:
        """How far the service's clock is ahead of ours, as its last answer was dated; rather a second too much
        than too little, and nothing where the clocks go together.
        """
        return self._ahead

    def caller(self) -> Caller | None:
        """Who the service takes us for; None where it has no way to tell. Asked once, then remembered.

        Raises:
            NoCredentials: there are none.
            ServiceError: they are not accepted, or the service cannot be reached.
        """
        if self._caller is None:
            self._caller = identify(self.ask, self.platform)
        return self._caller

    def ask(self, call: Call) -> dict[str, Any] | None:
        """The answer to a call that reads; None for what is absent.

        Raises:
            ServiceError: nothing is known; absence is never raised.
            ValueError: the operation is not one that only reads.
        """
        _only_reads(call)
        try:
            return self._send(call)
        except ServiceError as error:
            if error.absent:
                return None
            raise

    def pages(self, call: Call) -> Iterator[dict[str, Any]]:
        """Every page of a listing. Here absence is an error: the thing whose parts were listed is gone."""
        _only_reads(call)
        client = self._client(_served(call))
        name = xform_name(call.operation)
        if not client.can_paginate(name):
            yield self._send(call)
            return
        size = {"PageSize": self.platform.page_size} if self.platform.page_size else {}
        pages = iter(client.get_paginator(name).paginate(**call.arguments(), PaginationConfig=size))
        while True:
            try:
                page = next(pages, None)
            except _FAULTS as error:
                self._count(call)
                raise self._error(call, error) from None
            if page is None:
                return
            self._count(call)
            yield page

    def tell(self, call: Call) -> dict[str, Any]:
        """The answer to a call that changes something; absence is an error like any other."""
        return self._send(call)

    def tell_once(self, call: Call) -> dict[str, Any]:
        """As ``tell``, but the SDK does not repeat it by itself: for what must not come late."""
        return self._send(call, self._once)

    def _send(self, call: Call, client: Callable[[str], Any] | None = None) -> dict[str, Any]:
        method = getattr((client or self._client)(_served(call)), xform_name(call.operation))
        self._count(call)
        try:
            answer: dict[str, Any] = method(**call.arguments())
        except _FAULTS as error:
            if isinstance(error, ClientError):
                self._hear(error.response)
            raise self._error(call, error) from None
        self._hear(answer)
        return answer

    def _hear(self, answer: Mapping[str, Any]) -> None:
        """What an answer says about the service: its time, and what it is where nothing else tells."""
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        self._ahead = _ahead(answered_at(answer), datetime.now(UTC), self._ahead)
        if self.platform == PRIVATE:
            self.platform = answering(headers) or self.platform

    def _error(self, call: Call, error: Exception) -> Exception:
        if isinstance(error, NO_CREDENTIALS):
            return no_credentials(self.account.name, error, self._origin)
        if isinstance(error, ClientError) and error.operation_name not in ("", call.operation):
            return not_entered(self.account.name, error, self._origin)
        if isinstance(error, _UNREADABLE) and not isinstance(error, BotoCoreError):
            error = UnreadableAnswer()
        if not isinstance(error, ClientError | BotoCoreError):
            return error
        return service_error(
            error,
            account=self.account,
            caller=self._caller.arn if self._caller else "",
            service=call.service,
            operation=call.operation,
            params=call.arguments(),
            endpoint=self.endpoints.get(call.service, ""),
        )

    def _count(self, call: Call) -> None:
        with self._lock:
            self._counts[f"{call.service}:{call.operation}"] += 1


class UnreadableAnswer(BotoCoreError):
    """The service answered with something that is not in its own language."""

    fmt = "the answer could not be read"


def _only_reads(call: Call) -> None:
    if not call.operation.startswith(_ASKING):
        raise ValueError(f"{call.operation} is nothing to ask: it may change something")


def _ahead(date: datetime | None, now: datetime, before: timedelta) -> timedelta:
    """How far a date of whole seconds is ahead; as before where it is none."""
    if date is None:
        return before
    apart = date - now
    return timedelta(0) if abs(apart) <= _IN_STEP else apart + timedelta(seconds=1)


def _served(call: Call) -> str:
    """The service, with its region where the call names a key, which is known in its own region only."""
    if call.service == "kms":
        arn = str(call.params.get("KeyId", "")).split(":")
        if len(arn) == 6 and arn[3]:
            return f"kms/{arn[3]}"
    return call.service
