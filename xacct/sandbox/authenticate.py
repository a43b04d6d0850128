"""Who sent a request: signature, clock, token and body verified, the caller as a principal of today."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from xacct.policy.document import Document
from xacct.policy.principal import Anonymous, FederatedUser, Principal, User
from xacct.policy.principal import Session as SessionPrincipal
from xacct.sandbox import checksums, chunked, sigv4
from xacct.sandbox.credentials import Origin, Session, Vault
from xacct.sandbox.faults import ServiceFault
from xacct.sandbox.request import Caller, Incoming
from xacct.sandbox.sigv4 import Claim, Flaw, Unverified
from xacct.sandbox.store import Entity, Store

SKEW = timedelta(minutes=15)
DEFAULT_REGION = "us-east-1"
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]+")
"""s3cmd signs for the region "US", which makes the store think of a place far away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticated:
    """A request whose sender is known, or known to be nobody.

    ``incoming`` has its body out of AWS's chunks, and trailing checksums among its headers. ``entity`` is the
    user or role as it is today: None for nobody, and for one that was deleted since. ``protocol`` is how
    faults are worded: ``s3``, ``iam`` or ``sts``.
    """

    incoming: Incoming
    caller: Caller
    protocol: str
    region: str = DEFAULT_REGION
    entity: Entity | None = None
    session: Session | None = None


def protocol_of(incoming: Incoming) -> str:
    """Whose words a fault takes: read from the signature's scope, else from the request's shape."""
    credential = incoming.headers.get("authorization", "").partition("Credential=")[2].split(",")[0]
    credential = credential or dict(sigv4.pairs(incoming.query)).get("X-Amz-Credential", "")
    scope = credential.split("/")
    if len(scope) >= 4 and scope[3]:
        return scope[3]
    form = incoming.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    asks_by_form = form and b"Action=" in incoming.body
    return "sts" if incoming.path == "/" and (asks_by_form or "Action=" in incoming.query) else "s3"


def authenticate(incoming: Incoming, store: Store, vault: Vault, now: datetime) -> Authenticated:
    """Raises ``ServiceFault`` for whoever claims to be somebody and does not prove it."""
    protocol = protocol_of(incoming)
    try:
        claim = sigv4.read_claim(incoming)
        if claim is None:
            caller = Caller(principal=Anonymous(), account="")
            whole = _unwrapped(incoming, None, b"")
            return Authenticated(incoming=whole, caller=caller, protocol=protocol)
        found = _Credentials.find(claim.access_key_id, store, vault, protocol)
        sigv4.verify(incoming, claim, found.secret)
        _check_token(claim, found.session, protocol, now)
        _check_time(claim, protocol, now)
        whole = _unwrapped(incoming, claim, sigv4.signing_key(found.secret, claim))
    except Unverified as refusal:
        raise _fault(refusal, protocol, signed_with=_key_of(incoming)) from refusal
    return Authenticated(
        incoming=whole,
        caller=_caller(claim.access_key_id, found, store, now),
        protocol=protocol,
        region=claim.region if _REGION.fullmatch(claim.region) else DEFAULT_REGION,
        entity=found.entity,
        session=found.session,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Credentials:
    secret: str
    account: str
    entity: Entity | None
    session: Session | None

    @staticmethod
    def find(access_key_id: str, store: Store, vault: Vault, protocol: str) -> _Credentials:
        session = vault.find(access_key_id)
        if session is not None:
            entity = store.by_id(session.entity_id)
            return _Credentials(
                secret=session.secret_access_key, account=session.account, entity=entity, session=session
            )
        key = store.access_key(access_key_id)
        if key is None or not key[2]:
            raise _unknown_key(access_key_id, protocol)
        user, secret, _ = key
        return _Credentials(secret=secret, account=user.account, entity=user, session=None)


def _check_token(claim: Claim, session: Session | None, protocol: str, now: datetime) -> None:
    if claim.token != ("" if session is None else session.token):
        raise _bad_token(claim, session, protocol)
    if session is not None and now >= session.expires:
        if protocol == "s3":
            raise ServiceFault(status=400, code="ExpiredToken", message="The provided token has expired.")
        raise ServiceFault(
            status=403,
            code="ExpiredToken",
            message="The security token included in the request is expired",
        )


def _check_time(claim: Claim, protocol: str, now: datetime) -> None:
    if claim.expires is not None:
        last = claim.time + timedelta(seconds=claim.expires)
        if protocol == "s3" and now > last:
            raise ServiceFault(status=403, code="AccessDenied", message="Request has expired")
        if protocol == "s3" and claim.time > now + SKEW:
            raise ServiceFault(status=403, code="AccessDenied", message="Request is not valid yet")
    else:
        last = claim.time + SKEW
        if protocol == "s3" and abs(now - claim.time) > SKEW:
            raise ServiceFault(
                status=403,
                code="RequestTimeTooSkewed",
                message="The difference between the request time and the current time is too large.",
            )
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    if now > last:
        text = f"Signature expired: {claim.stamp} is now earlier than {stamp}"
        raise ServiceFault(status=403, code="SignatureDoesNotMatch", message=text)
    if claim.time > now + SKEW:
        text = f"Signature not yet current: {claim.stamp} is still later than {stamp}"
        raise ServiceFault(status=403, code="SignatureDoesNotMatch", message=text)


def _unwrapped(incoming: Incoming, claim: Claim | None, key: bytes) -> Incoming:
    """The body out of its chunks, its length and checksums compared with what was said of them."""
    headers = dict(incoming.headers)
    kind = headers.get("x-amz-content-sha256", "")
    body = incoming.body
    if kind.startswith("STREAMING-"):
        if kind not in chunked.KINDS:
            raise ServiceFault(
                status=501, code="NotImplemented", message=f"A body signed as {kind} is not mapped."
            )
        try:
            found = chunked.decode(body, kind=kind, claim=claim, key=key)
        except chunked.Broken as broken:
            raise ServiceFault(status=400, code="IncompleteBody", message=str(broken)) from broken
        body = found.body
        announced = {name.strip().lower() for name in headers.pop("x-amz-trailer", "").split(",")} - {""}
        if set(found.trailers) != announced or not all(map(checksums.known, announced)):
            raise ServiceFault(
                status=400, code="MalformedTrailerError", message="The trailers are not those announced."
            )
        headers |= found.trailers
        if headers.pop("x-amz-decoded-content-length", str(len(body))) != str(len(body)):
            raise ServiceFault(
                status=400,
                code="IncompleteBody",
                message="The body is not as long as x-amz-decoded-content-length says.",
            )
        _drop_coding(headers)
    try:
        checksums.verify(body, headers)
    except checksums.WrongChecksum as wrong:
        raise ServiceFault(status=400, code="BadDigest", message=str(wrong)) from wrong
    return replace(incoming, headers=headers, body=body)


def _drop_coding(headers: dict[str, str]) -> None:
    """``aws-chunked`` is a way of sending, not a property of the object."""
    codings = [coding.strip() for coding in headers.pop("content-encoding", "").split(",")]
    kept = ",".join(coding for coding in codings if coding and coding != "aws-chunked")
    if kept:
        headers["content-encoding"] = kept


def _caller(access_key_id: str, found: _Credentials, store: Store, now: datetime) -> Caller:
    session = found.session
    if session is None:
        assert found.entity is not None
        user = found.entity
        principal: Principal = User(user.arn, user.id)
        context = _context_of_user(user)
        return Caller(principal=principal, account=user.account, access_key_id=access_key_id, context=context)
    policies = None
    if session.policies is not None:
        policies = tuple(Document.parse(text) for text in session.policies)
    return Caller(
        principal=_principal_of(session, found.entity),
        account=session.account,
        access_key_id=access_key_id,
        session_policies=policies,
        context=_context_of_session(session, found.entity, now),
    )


def _principal_of(session: Session, entity: Entity | None) -> Principal:
    arn = session.entity_arn if entity is None else entity.arn
    match session.origin:
        case Origin.ROLE:
            return SessionPrincipal(role_arn=arn, name=session.name, role_id=session.entity_id)
        case Origin.FEDERATED:
            return FederatedUser(session.arn)
        case Origin.USER:
            return User(arn, session.entity_id)


def _context_of_user(user: Entity) -> dict[str, str | tuple[str, ...]]:
    context: dict[str, str | tuple[str, ...]] = {
        "aws:PrincipalArn": user.arn,
        "aws:PrincipalAccount": user.account,
        "aws:PrincipalType": "User",
        "aws:userid": user.id,
        "aws:username": user.name,
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "false",
    }
    return context | {f"aws:PrincipalTag/{key}": value for key, value in user.tags.items()}


def _context_of_session(
    session: Session, entity: Entity | None, now: datetime
) -> Mapping[str, str | tuple[str, ...]]:
    """What a session's requests carry; a role's session says nothing of MFA, that was for the trust only."""
    context: dict[str, str | tuple[str, ...]] = {
        "aws:PrincipalAccount": session.account,
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "false",
    }
    tags = dict(entity.tags) if entity is not None else {}
    match session.origin:
        case Origin.USER:
            context |= _context_of_user(entity) if entity is not None else {}
            context["aws:MultiFactorAuthPresent"] = str(session.mfa).lower()
            if session.mfa:
                context["aws:MultiFactorAuthAge"] = str(int((now - session.issued).total_seconds()))
        case Origin.FEDERATED:
            tags = {}
            context |= {
                "aws:PrincipalArn": session.arn,
                "aws:PrincipalType": "FederatedUser",
                "aws:userid": f"{session.account}:{session.name}",
            }
        case Origin.ROLE:
            context |= {
                "aws:PrincipalArn": session.entity_arn if entity is None else entity.arn,
                "aws:PrincipalType": "AssumedRole",
                "aws:userid": f"{session.entity_id}:{session.name}",
            }
    context["aws:TokenIssueTime"] = session.issued.strftime("%Y-%m-%dT%H:%M:%SZ")
    if session.source_identity:
        context["aws:SourceIdentity"] = session.source_identity
    tags |= dict(session.tags)
    return context | {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}


def _key_of(incoming: Incoming) -> str:
    credential = incoming.headers.get("authorization", "").partition("Credential=")[2]
    return credential.split("/")[0]


def _unknown_key(access_key_id: str, protocol: str) -> ServiceFault:
    if protocol == "s3":
        return ServiceFault(
            status=403,
            code="InvalidAccessKeyId",
            message="The AWS Access Key Id you provided does not exist in our records.",
            extra=(("AWSAccessKeyId", access_key_id),),
        )
    return ServiceFault(
        status=403,
        code="InvalidClientTokenId",
        message="The security token included in the request is invalid.",
    )


def _bad_token(claim: Claim, session: Session | None, protocol: str) -> ServiceFault:
    if protocol == "s3" and claim.token:
        return ServiceFault(
            status=400,
            code="InvalidToken",
            message="The provided token is malformed or otherwise invalid.",
        )
    return _unknown_key(claim.access_key_id, protocol)


def _fault(refusal: Unverified, protocol: str, *, signed_with: str) -> ServiceFault:
    s3, other = _FAULTS[refusal.flaw]
    status, code = s3 if protocol == "s3" else other
    message = refusal.detail
    extra: tuple[tuple[str, str], ...] = ()
    if code == "SignatureDoesNotMatch":
        message = (
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method."
        )
        extra = (("AWSAccessKeyId", signed_with),) if signed_with else ()
    elif code == "XAmzContentSHA256Mismatch":
        message = "The provided 'x-amz-content-sha256' header does not match what was computed."
    return ServiceFault(status=status, code=code, message=message, extra=extra)


_FAULTS: Mapping[Flaw, tuple[tuple[int, str], tuple[int, str]]] = {
    Flaw.HEADER: ((400, "AuthorizationHeaderMalformed"), (400, "IncompleteSignature")),
    Flaw.QUERY: ((400, "AuthorizationQueryParametersError"), (400, "IncompleteSignature")),
    Flaw.BOTH: ((400, "InvalidArgument"), (400, "IncompleteSignature")),
    Flaw.OLD: ((400, "InvalidRequest"), (400, "IncompleteSignature")),
    Flaw.UNSIGNED_HEADER: ((403, "AccessDenied"), (403, "SignatureDoesNotMatch")),
    Flaw.NO_PAYLOAD_HASH: ((400, "MissingSecurityHeader"), (403, "SignatureDoesNotMatch")),
    Flaw.MISMATCH: ((403, "SignatureDoesNotMatch"), (403, "SignatureDoesNotMatch")),
    Flaw.PAYLOAD: ((400, "XAmzContentSHA256Mismatch"), (403, "SignatureDoesNotMatch")),
}
