"""The security token service, played by ourselves: moto's own issues credentials that nobody has to earn."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from xacct.policy.document import Document, MalformedDocument
from xacct.sandbox import tokens, web_identity
from xacct.sandbox.answer import text
from xacct.sandbox.authenticate import Authenticated
from xacct.sandbox.credentials import Origin, Session, Vault, new_access_key_id, new_secret, new_token
from xacct.sandbox.faults import ServiceFault
from xacct.sandbox.request import Operation
from xacct.sandbox.store import Entity, Store

SHORTEST = 900
DEFAULT_ROLE_SESSION = 3600
CHAINED = 3600
DEFAULT_USER_SESSION = 43200
LONGEST_USER_SESSION = 129600
LONGEST_POLICY = 2048
MOST_POLICIES = 10
OPERATIONS = frozenset(
    {
        "AssumeRole",
        web_identity.NAME,
        "GetSessionToken",
        "GetFederationToken",
        "GetCallerIdentity",
        "GetAccessKeyInfo",
    }
)
"""What the embedded cloud does of STS; the rest is refused as not mapped."""

_WORD = r"[\w+=,.@-]"
_SHAPES: Mapping[str, Mapping[str, str]] = {
    "AssumeRole": {
        "RoleArn": r"arn:[\w-]+:iam::[0-9]{12}:role/[\x21-\x7e]{1,511}",
        "RoleSessionName": _WORD + "{2,64}",
        "ExternalId": r"[\w+=,.@:/-]{2,1224}",
        "SerialNumber": r"[\w+=/:,.@-]{9,256}",
        "TokenCode": "[0-9]{6}",
        "SourceIdentity": _WORD + "{2,64}",
    },
    web_identity.NAME: {
        "RoleArn": r"arn:[\w-]+:iam::[0-9]{12}:role/[\x21-\x7e]{1,511}",
        "RoleSessionName": _WORD + "{2,64}",
    },
    "GetSessionToken": {"SerialNumber": r"[\w+=/:,.@-]{9,256}", "TokenCode": "[0-9]{6}"},
    "GetFederationToken": {"Name": _WORD + "{2,32}"},
    "GetAccessKeyInfo": {"AccessKeyId": r"\w{16,128}"},
}
_REQUIRED = {
    "AssumeRole": ("RoleArn", "RoleSessionName"),
    web_identity.NAME: ("RoleArn", "RoleSessionName", "WebIdentityToken"),
    "GetFederationToken": ("Name",),
    "GetAccessKeyInfo": ("AccessKeyId",),
}


@dataclass(frozen=True, slots=True)
class Issued:
    """The XML of a result, and whether the vault changed."""

    inner: str
    changed: bool = False


def check(operation: Operation) -> None:
    """Refuses parameters that STS refuses before it looks at any right."""
    params = operation.params
    for name in _REQUIRED.get(operation.name, ()):
        if not params.get(name):
            raise _invalid(
                f"Value null at '{_camel(name)}' failed to satisfy constraint: Member must not be null"
            )
    for name, shape in _SHAPES.get(operation.name, {}).items():
        value = params.get(name)
        if value is not None and not re.fullmatch(shape, str(value), re.ASCII):
            raise _invalid(
                f"Value '{value if name != 'TokenCode' else '******'}' at '{_camel(name)}' failed to satisfy "
                f"constraint: Member must satisfy regular expression pattern: {shape}"
            )
    if operation.name != "GetCallerIdentity" and params.get("DurationSeconds") is not None:
        longest = 43200 if operation.name.startswith("AssumeRole") else LONGEST_USER_SESSION
        _duration(params, DEFAULT_ROLE_SESSION, longest)


def check_policies(operation: Operation, account: str, store: Store) -> None:
    """Refuses session policies that are none; ``account`` is whose managed policies may be named."""
    given = operation.params.get("Policy")
    arns = [str(item["arn"]) for item in operation.params.get("PolicyArns", ())]
    if given is not None:
        try:
            document = Document.parse(str(given))
        except MalformedDocument:
            raise _malformed_policy("The policy is not in the valid JSON format.") from None
        if any(one.principals is not None or one.not_principals is not None for one in document.statements):
            raise _malformed_policy("A session policy must not have a principal.")
    if len(str(given or "")) > LONGEST_POLICY or len(arns) > MOST_POLICIES:
        raise ServiceFault(
            status=400, code="PackedPolicyTooLarge", message="The session policies are too large together."
        )
    for arn in arns:
        store.add_aws_policy(account, arn)
        if store.managed_policy(account, arn) is None:
            raise _invalid(
                f"The managed policy {arn} does not exist in the account of the session.", plain=True
            )


def _malformed_policy(message: str) -> ServiceFault:
    return ServiceFault(status=400, code="MalformedPolicyDocument", message=message)


def perform(
    operation: Operation, signed: Authenticated, store: Store, vault: Vault, now: datetime, *, mfa: bool
) -> Issued:
    """Does what was decided; the role, the caller and the code are known to be right."""
    match operation.name:
        case "AssumeRole":
            return _assume_role(operation, signed, store, vault, now, mfa=mfa)
        case web_identity.NAME:
            return _web_identity(operation, signed, store, vault, now)
        case "GetSessionToken":
            return _user_session(operation, signed, vault, now, mfa=mfa)
        case "GetFederationToken":
            check_policies(operation, signed.caller.account, store)
            return _user_session(operation, signed, vault, now, mfa=False)
        case "GetCallerIdentity":
            return Issued(_identity(signed))
        case "GetAccessKeyInfo":
            return Issued(_key_info(str(operation.params["AccessKeyId"]), store, vault))
    raise AssertionError(operation.name)


def role_of(role_arn: str, store: Store) -> Entity | None:
    """The role with exactly this ARN, path included; None where there is none."""
    account = role_arn.split(":")[4]
    role = store.role(account, role_arn.rsplit("/", 1)[-1])
    return role if role is not None and role.arn == role_arn else None


def _assume_role(
    operation: Operation, signed: Authenticated, store: Store, vault: Vault, now: datetime, *, mfa: bool
) -> Issued:
    params = operation.params
    role = role_of(str(params["RoleArn"]), store)
    assert role is not None
    check_policies(operation, role.account, store)
    before = signed.session
    seconds = _role_session(params, role, store, chained=before is not None and before.origin is Origin.ROLE)
    tags = {str(tag["Key"]): str(tag.get("Value", "")) for tag in params.get("Tags", ())}
    handed_on: Mapping[str, str] = {}
    if before is not None and before.origin is Origin.ROLE:
        handed_on = {key: value for key, value in before.tags if key in before.transitive}
        if clash := {key.lower() for key in tags} & {key.lower() for key in handed_on}:
            raise _invalid(f"One of the specified transitive tag keys can't be set: {min(clash)}", plain=True)
    session = _session(
        Origin.ROLE,
        params,
        entity=role,
        name=str(params["RoleSessionName"]),
        now=now,
        seconds=seconds,
        mfa=mfa,
        source_identity=_source_identity(params, before),
        tags=tuple(sorted((tags | dict(handed_on)).items())),
        transitive=frozenset(map(str, params.get("TransitiveTagKeys", ()))) | handed_on.keys(),
    )
    vault.keep(session)
    inner = (
        _credentials(session)
        + f"<AssumedRoleUser><AssumedRoleId>{role.id}:{text(session.name)}</AssumedRoleId>"
        f"<Arn>{text(session.arn)}</Arn></AssumedRoleUser>"
    )
    if session.source_identity:
        inner += f"<SourceIdentity>{text(session.source_identity)}</SourceIdentity>"
    return Issued(inner, changed=True)


def _role_session(params: Mapping[str, Any], role: Entity, store: Store, *, chained: bool) -> int:
    """How long a session of a role lasts; asking for more than it may is refused."""
    seconds = _duration(params, DEFAULT_ROLE_SESSION, 43200)
    if chained and seconds > CHAINED:
        raise _invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles "
            "assumed by role chaining",
            plain=True,
        )
    if seconds > store.max_session_duration(role):
        raise _invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", plain=True
        )
    return seconds


def _web_identity(
    operation: Operation, signed: Authenticated, store: Store, vault: Vault, now: datetime
) -> Issued:
    """A session for whoever the token speaks for, which has been believed by now."""
    params = operation.params
    role = role_of(str(params["RoleArn"]), store)
    assert role is not None
    check_policies(operation, role.account, store)
    token = tokens.read(str(params["WebIdentityToken"]))
    session = _session(
        Origin.ROLE,
        params,
        entity=role,
        name=str(params["RoleSessionName"]),
        now=now,
        seconds=_role_session(params, role, store, chained=False),
        mfa=False,
        tags=tuple(sorted(web_identity.tags_of(token).items())),
        transitive=web_identity.transitive_of(token),
    )
    vault.keep(session)
    provider = signed.caller.principal.arn
    inner = _credentials(session) + web_identity.answer(session, role.id, token, provider)
    return Issued(inner, changed=True)


def _source_identity(params: Mapping[str, Any], before: Session | None) -> str:
    """A source identity sticks: whoever assumes on from a session keeps it."""
    wanted = str(params.get("SourceIdentity") or "")
    kept = before.source_identity if before is not None else ""
    if kept and wanted and wanted != kept:
        raise ServiceFault(
            status=403, code="AccessDenied", message="The source identity of a session cannot be changed."
        )
    return kept or wanted


def _user_session(
    operation: Operation, signed: Authenticated, vault: Vault, now: datetime, *, mfa: bool
) -> Issued:
    user = signed.entity
    if signed.session is not None or user is None:
        raise ServiceFault(
            status=403,
            code="AccessDenied",
            message=f"Cannot call {operation.name} with session credentials",
        )
    federated = operation.name == "GetFederationToken"
    session = _session(
        Origin.FEDERATED if federated else Origin.USER,
        operation.params,
        entity=user,
        name=str(operation.params["Name"]) if federated else user.name,
        now=now,
        seconds=_duration(operation.params, DEFAULT_USER_SESSION, LONGEST_USER_SESSION),
        mfa=mfa,
        tags=tuple(
            sorted((str(tag["Key"]), str(tag.get("Value", ""))) for tag in operation.params.get("Tags", ()))
        ),
    )
    vault.keep(session)
    inner = _credentials(session)
    if federated:
        inner += (
            f"<FederatedUser><FederatedUserId>{user.account}:{text(session.name)}</FederatedUserId>"
            f"<Arn>{text(session.arn)}</Arn></FederatedUser>"
        )
    return Issued(inner, changed=True)


def _session(
    origin: Origin,
    params: Mapping[str, Any],
    *,
    entity: Entity,
    name: str,
    now: datetime,
    seconds: int,
    mfa: bool,
    source_identity: str = "",
    tags: tuple[tuple[str, str], ...] = (),
    transitive: frozenset[str] = frozenset(),
) -> Session:
    arns = tuple(str(item["arn"]) for item in params.get("PolicyArns", ()))
    inline = (str(params["Policy"]),) if params.get("Policy") else ()
    limited = bool(arns or inline) or origin is Origin.FEDERATED
    return Session(
        access_key_id=new_access_key_id(),
        secret_access_key=new_secret(),
        token=new_token(),
        origin=origin,
        account=entity.account,
        entity_id=entity.id,
        entity_arn=entity.arn,
        name=name,
        issued=now.replace(microsecond=0),
        expires=now.replace(microsecond=0) + timedelta(seconds=seconds),
        policies=inline if limited else None,
        policy_arns=arns,
        mfa=mfa,
        source_identity=source_identity,
        tags=tags,
        transitive=transitive,
    )


def _credentials(session: Session) -> str:
    return (
        f"<Credentials><AccessKeyId>{session.access_key_id}</AccessKeyId>"
        f"<SecretAccessKey>{session.secret_access_key}</SecretAccessKey>"
        f"<SessionToken>{session.token}</SessionToken>"
        f"<Expiration>{session.expires.strftime('%Y-%m-%dT%H:%M:%SZ')}</Expiration></Credentials>"
    )


def _identity(signed: Authenticated) -> str:
    session, entity = signed.session, signed.entity
    if session is not None and session.origin is Origin.ROLE:
        arn, user_id = session.arn, f"{session.entity_id}:{session.name}"
    elif session is not None and session.origin is Origin.FEDERATED:
        arn, user_id = session.arn, f"{session.account}:{session.name}"
    else:
        assert entity is not None
        arn, user_id = entity.arn, entity.id
    return f"<Arn>{text(arn)}</Arn><UserId>{text(user_id)}</UserId><Account>{signed.caller.account}</Account>"


def _key_info(access_key_id: str, store: Store, vault: Vault) -> str:
    session, key = vault.find(access_key_id), store.access_key(access_key_id)
    account = session.account if session is not None else key[0].account if key is not None else ""
    if not account:
        raise _invalid(f"Invalid value for parameter AccessKeyId: {access_key_id}", plain=True)
    return f"<Account>{account}</Account>"


def _duration(params: Mapping[str, Any], default: int, longest: int) -> int:
    value = params.get("DurationSeconds")
    if value is None:
        return default
    try:
        seconds = int(value)
    except ValueError:
        raise _invalid(f"Value '{value}' at 'durationSeconds' is not a number") from None
    if seconds < SHORTEST:
        limit = f"Member must have value greater than or equal to {SHORTEST}"
    elif seconds > longest:
        limit = f"Member must have value less than or equal to {longest}"
    else:
        return seconds
    raise _invalid(f"Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: {limit}")


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]


def _invalid(message: str, *, plain: bool = False) -> ServiceFault:
    whole = message if plain else f"1 validation error detected: {message}"
    return ServiceFault(status=400, code="ValidationError", message=whole)
