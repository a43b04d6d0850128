"""A gateway that answers from a script and remembers what it was asked and told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from threading import Lock
from typing import Any

from xacct.account import Account
from xacct.aws.caller import Caller
from xacct.errors import ServiceError
from xacct.platform import AWS, Platform
from xacct.resource import Call


def refusal(code: str = "AccessDenied", status: int = 403, message: str = "", **more: Any) -> ServiceError:
    """An error as a service gives it; account, service and operation are filled in by the fake."""
    return ServiceError(
        account="?", service="?", operation="?", code=code, status=status, message=message, **more
    )


def no_answer() -> ServiceError:
    """Nothing came back."""
    return refusal(code="", status=0, message="Could not connect to the endpoint URL")


class FakeGateway:
    """Answers by ``service:Operation``, or ``service:Operation NAME`` for one role, user, group or bucket.

    A scripted value is the answer; an exception is raised; a function is called with the parameters; a list
    is taken one after another, its last again and again. What is not scripted is absent, or empty, or done.
    """

    def __init__(
        self,
        account: Account,
        script: Mapping[str, Any] | None = None,
        *,
        platform: Platform = AWS,
        caller: Caller | ServiceError | str | None = "",
        endpoints: Mapping[str, str] | None = None,
    ) -> None:
        self.account = account
        self.platform = platform
        self.endpoints: Mapping[str, str] = dict(endpoints or {"iam": "https://iam.amazonaws.com"})
        self.ahead = timedelta(0)
        self.asked: list[Call] = []
        self.told: list[Call] = []
        self._script = dict(script or {})
        self._caller = caller
        self._lock = Lock()

    def caller(self) -> Caller | None:
        if isinstance(self._caller, str):
            return Caller(self.account.id, self.account.iam_arn("user/admin"))
        if isinstance(self._caller, Exception):
            raise self._caller
        return self._caller

    def ask(self, call: Call) -> dict[str, Any] | None:
        with self._lock:
            self.asked.append(call)
        try:
            return self._answer(call, None)
        except ServiceError as error:
            if error.absent:
                return None
            raise

    def pages(self, call: Call) -> Iterator[dict[str, Any]]:
        with self._lock:
            self.asked.append(call)
        answer = self._answer(call, {})
        yield from answer if isinstance(answer, tuple) else (answer,)

    def tell(self, call: Call) -> dict[str, Any]:
        with self._lock:
            self.told.append(call)
        answer: dict[str, Any] = self._answer(call, {})
        return answer

    def tell_once(self, call: Call) -> dict[str, Any]:
        return self.tell(call)

    @property
    def operations(self) -> list[str]:
        """What was told, by the names of the operations."""
        return [call.operation for call in self.told]

    def _answer(self, call: Call, default: Any) -> Any:
        key = f"{call.service}:{call.operation}"
        names = [
            call.params.get(name) for name in ("RoleName", "UserName", "GroupName", "Bucket", "PolicyArn")
        ]
        named = next((f"{key} {name}" for name in names if name and f"{key} {name}" in self._script), key)
        with self._lock:
            found = self._script.get(named, default)
            if isinstance(found, list):
                found = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(found, Exception):
            raise found
        if callable(found):
            return found(call.arguments())
        return found


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds
