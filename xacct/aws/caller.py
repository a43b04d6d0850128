"""Who a service takes us for, with a way around where it has no call that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from xacct.aws.platform import Platform, not_offered
from xacct.errors import ServiceError, XacctError
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
    """The caller, by GetCallerIdentity or else by the ARNs of what IAM shows; None where nothing tells.

    IAM shows only what belongs to the caller's own account, so the ARN of any user or role names it.

    Raises:
        ServiceError: the service could not be reached, or does not accept the credentials.
    """
    if platform.caller_identity:
        try:
            answer = ask(Call.of("sts", "GetCallerIdentity")) or {}
        except ServiceError as error:
            if not not_offered(error):
                raise
        else:
            return Caller(account=str(answer["Account"]), arn=str(answer["Arn"]))
    refused: ServiceError | None = None
    for call, own in (
        (Call.of("iam", "GetUser"), True),
        (Call.of("iam", "ListUsers"), False),
        (Call.of("iam", "ListRoles"), False),
    ):
        try:
            answer = ask(call) or {}
        except ServiceError as error:
            if error.unanswered and not not_offered(error):
                raise
            refused = refused or error
            continue
        for arn in _arns(answer):
            account = _account(arn)
            if account:
                return Caller(account=account, arn=arn if own else "")
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
