"""Who a service takes us for, with a way around where it has no call that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from xacct.aws.platform import not_offered
from xacct.errors import ServiceError, XacctError
from xacct.platform import GET_CALLER_IDENTITY, Platform
from xacct.resource import Call


@dataclass(frozen=True, slots=True)
class Caller:
    """The identity behind the credentials; ``arn`` is empty where only the account could be told."""

    account: str
    arn: str = ""


class NoCredentials(XacctError):
    """There are no usable credentials for an account; nothing was sent to it."""

    def __init__(self, account: str, message: str, *, fix: str) -> None:
        super().__init__(f"no credentials for account {account}: {message}", fix=fix)
        self.account = account


Ask = Callable[[Call], "dict[str, Any] | None"]


def identify(ask: Ask, platform: Platform) -> Caller | None:
    """The caller, by what the platform offers for it; None where nothing tells.

    IAM shows only what belongs to the caller's own account, so the ARN of any user or role names it.

    Raises:
        ServiceError: the service could not be reached, or does not accept the credentials.
    """
    refused: ServiceError | None = None
    for name in platform.identity:
        service, _, operation = name.partition(":")
        asked = name == GET_CALLER_IDENTITY
        try:
            answer = ask(Call.of(service, operation)) or {}
        except ServiceError as error:
            if (asked or error.unanswered) and not not_offered(error):
                raise
            refused = refused if asked else refused or error
            continue
        if asked:
            return Caller(account=str(answer["Account"]), arn=str(answer["Arn"]))
        for arn in _arns(answer):
            account = _account(arn)
            if account:
                return Caller(account=account, arn=arn if operation == "GetUser" else "")
    if refused is not None and not not_offered(refused) and not refused.absent:
        raise refused
    return None


def _arns(answer: dict[str, Any]) -> Iterator[str]:
    for entity in (answer.get("User"), *answer.get("Users", ()), *answer.get("Roles", ())):
        if entity and entity.get("Arn"):
            yield str(entity["Arn"])


def _account(arn: str) -> str:
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""
