"""Acting as a declared principal: its own credentials, and the sessions of roles that it opens with them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Protocol

from xacct.account import Account
from xacct.aws.caller import Caller as Identity
from xacct.aws.caller import NoCredentials, identify
from xacct.check import Caller, Check, Want
from xacct.engine.gateway import Gateway
from xacct.engine.verifying.tried import Answer, Door, Tried, refusal
from xacct.errors import ServiceError, XacctError
from xacct.policy.match import glob
from xacct.resource import Call

ASSUME = "sts:AssumeRole"
SESSION_NAME = "xacct-verify"
SHORTEST_SESSION = 900
SANDBOX = "xacct-sandbox"
TOO_LONG = "The DurationSeconds that were asked for are refused, and fewer are not."
"""Our words where the service has none."""
_INVALID = frozenset({"InvalidArgument", "ValidationError", "InvalidParameterValue"})

Key = tuple[str, str, str]
"""What tells sessions apart: profile, role, external id with the keys of tags."""


class Doors(Protocol):
    """How verify comes to credentials; the real one is in the command line, the tests have a fake."""

    def caller(self, caller: Caller) -> Gateway:
        """The principal's own credentials; raises ``XacctError`` where there are none."""

    def token(self, caller: Caller) -> str:
        """The token of whoever a provider vouches for; raises ``XacctError`` where there is none."""

    def session(self, caller: Caller, check: Check, answer: dict[str, Any]) -> Gateway:
        """The session that an answer to AssumeRole opened."""

    def owner(self, account: Account) -> Gateway:
        """The credentials of an account itself; raises ``XacctError`` where there are none."""


class Hops:
    """The credentials in use during one run. Every session that is asked for twice is opened once."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._own: dict[str, Door | Tried] = {}
        self._sessions: dict[Key, Door | Tried] = {}

    def own(self, caller: Caller) -> Door | Tried:
        """The principal's own credentials, once they were seen to be accepted and to be the principal's."""
        known = self._own.get(caller.profile)
        if known is None:
            known = self._own[caller.profile] = self._enter(caller)
        return known

    def accepted(self, caller: Caller) -> str:
        """Ask once more whether the principal's own credentials are accepted: "" or the reason why not."""
        own = self.own(caller)
        if isinstance(own, Tried):
            return own.detail
        if caller.federated:
            return ""  # a token that is not accepted is refused in other words than one that is not let in
        try:
            _identify(own.gateway)
        except XacctError as error:
            return str(error)
        return ""

    def exists(self, check: Check) -> bool:
        """Whether the account that owns the bucket sees the object that a check names."""
        call = Call.of(
            "s3",
            "HeadObject",
            Bucket=check.resource.rpartition(":")[2],
            Key=check.key,
            ExpectedBucketOwner=check.owner.id,
        )
        try:
            return self._doors.owner(check.owner).ask(call) is not None
        except XacctError:
            return False

    def open(self, check: Check) -> Door | Tried:
        """A session of the check's role; a hop that is itself what is tried is asked for anew."""
        key = key_of(check)
        known = self._sessions.get(key)
        if known is None:
            known = self._sessions[key] = self._assume(check)
        return known

    def forget(self, check: Check) -> None:
        """Open the session anew when it is needed next."""
        self._sessions.pop(key_of(check), None)

    def _enter(self, caller: Caller) -> Door | Tried:
        try:
            gateway = self._doors.caller(caller)
            seen = None if caller.federated else _identify(gateway)
        except NoCredentials as error:
            return Tried(Answer.NOT_TRIED, str(error))
        except ServiceError as error:
            return Tried(Answer.UNKNOWN, str(error), network=error.status == 0)
        except XacctError as error:
            return Tried(Answer.UNKNOWN, str(error))
        if seen is not None and not _is(seen, caller):
            whose = seen.arn or f"account {seen.account}"
            detail = f"The profile {caller.profile} belongs to {whose}, not to {caller.arn}."
            return Tried(Answer.UNKNOWN, detail, whose=whose)
        return Door(gateway, gateway.platform.conditional_writes)

    def _assume(self, check: Check) -> Door | Tried:
        own = self.own(check.caller)
        if isinstance(own, Tried):
            return own
        seconds = (
            check.session_seconds
            if check.action == ASSUME and check.want is Want.ALLOWED
            else SHORTEST_SESSION
        )
        more: dict[str, str] = {}
        if check.caller.federated:
            try:
                more = token_of(self._doors.token(check.caller), check.caller)
            except XacctError as error:
                return Tried(Answer.NOT_TRIED, f"{str(error).rstrip('.')}. {error.fix}".strip())
        try:
            answer = own.gateway.ask(assume_call(check, seconds, SESSION_NAME, **more))
            if answer is None:
                return Tried(Answer.ABSENT, f"The role {check.role} does not exist.")
            session = self._doors.session(check.caller, check, answer)
        except ServiceError as error:
            if seconds > SHORTEST_SESSION and _too_long(own.gateway, check, error, more):
                return Tried(Answer.DENIED, error.message or TOO_LONG)
            return refusal(error)
        except XacctError as error:
            return Tried(Answer.UNKNOWN, str(error))
        return Door(session, session.platform.conditional_writes or _sandbox(session, answer))


def assume_call(check: Check, seconds: int, name: str, **more: str | None) -> Call:
    """The request that opens a session of the check's role; with ``WebIdentityToken`` by the token alone."""
    return Call.of(
        "sts",
        "AssumeRoleWithWebIdentity" if more.get("WebIdentityToken") else "AssumeRole",
        RoleArn=check.role,
        RoleSessionName=name,
        DurationSeconds=seconds,
        ExternalId=check.external_id or None,
        Tags=tuple({"Key": key, "Value": SESSION_NAME} for key in check.tags) or None,
        **more,
    )


def token_of(token: str, caller: Caller) -> dict[str, str]:
    """The token as a parameter, where it speaks for the declared subject.

    Raises:
        XacctError: it is none, or speaks for somebody else, so that nothing would be learned with it.
    """
    try:
        body = token.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        subject = str(said["sub"])
    except (IndexError, ValueError, KeyError, TypeError):
        raise XacctError(
            f"the profile {caller.profile} holds no token of an identity provider", fix="Look at its file."
        ) from None
    wanted = next((value for key, value in caller.claims if key.endswith(":sub")), "*")
    if not glob(wanted).fullmatch(subject):
        raise XacctError(
            f"the token of the profile {caller.profile} speaks for {subject}, not for {wanted}",
            fix="Name the profile of a job that is meant.",
        )
    return {"WebIdentityToken": token}


def key_of(check: Check) -> Key:
    """The session that a check runs in; one with tags is another."""
    return (check.caller.profile, check.role, " ".join((check.external_id, *check.tags)))


def _too_long(gateway: Gateway, check: Check, error: ServiceError, more: Mapping[str, str]) -> bool:
    """Whether it is the length of the session that was refused.

    AWS says so; Ceph answers InvalidArgument without a word, and then the shortest session shows it.
    """
    if "MaxSessionDuration" in error.message:
        return True
    if error.status != 400 or error.unanswered or error.code not in _INVALID:
        return False
    try:
        return gateway.ask(assume_call(check, SHORTEST_SESSION, SESSION_NAME, **more)) is not None
    except XacctError:
        return False


def _identify(gateway: Gateway) -> Identity | None:
    """Who the service takes us for, asked now; None where it accepts us and does not tell.

    A refusal for want of a permission comes after the signature was found right. GetCallerIdentity needs no
    permission: where that is refused, it is the role behind the profile that could not be entered.
    """
    try:
        return identify(gateway.ask, gateway.platform)
    except ServiceError as error:
        if error.denied and error.operation != "GetCallerIdentity":
            return None
        raise


def _is(seen: Identity, declared: Caller) -> bool:
    """Whether it is the declared principal; a session's ARN has its role's name without the path.

    The role of a permission set may be declared by a pattern of its name.
    """
    if not seen.arn:
        return seen.account == declared.account.id
    if seen.arn == declared.arn:
        return True
    before, session, rest = seen.arn.partition(":assumed-role/")
    return (
        bool(session)
        and ":role/" in declared.arn
        and glob(declared.arn.rpartition("/")[2]).fullmatch(rest.partition("/")[0]) is not None
        and before.rpartition(":")[2] == declared.account.id
    )


def _sandbox(gateway: Gateway, answer: Mapping[str, Any]) -> bool:
    """Whether the embedded cloud answered, and will answer for the objects too."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    urls = {gateway.endpoints.get("sts"), gateway.endpoints.get("s3")}
    return headers.get("server") == SANDBOX and len(urls) == 1
