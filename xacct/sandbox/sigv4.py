"""Signature Version 4, the verifier's side: what a request claims, and the signature it should have."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from urllib.parse import quote, unquote

from xacct.sandbox.request import Incoming

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
LONGEST_PRESIGNED = 7 * 24 * 3600
QUERY_PARAMETERS = frozenset(
    {
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
        "X-Amz-Security-Token",
    }
)

_HEX64 = re.compile(r"[0-9a-f]{64}")
_STAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_SCOPE_DATE = re.compile(r"[0-9]{8}")


class Flaw(Enum):
    """Why a request's signature is not taken; each protocol has its own code for it."""

    HEADER = "the Authorization header is malformed"
    QUERY = "the query-string authentication is malformed"
    BOTH = "header and query-string authentication are both there"
    OLD = "not Signature Version 4"
    UNSIGNED_HEADER = "a header that matters is not signed"
    NO_PAYLOAD_HASH = "x-amz-content-sha256 is missing"
    MISMATCH = "the signature does not match"
    PAYLOAD = "the payload is not the one that was signed"


class Unverified(Exception):
    """The request's signature is not taken; ``detail`` may be shown to the caller."""

    def __init__(self, flaw: Flaw, detail: str = "") -> None:
        super().__init__(detail or flaw.value)
        self.flaw = flaw
        self.detail = detail or flaw.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a request says of its signature; nothing of it is verified yet.

    ``expires`` is the life of a presigned URL in seconds, None for a signed header.
    """

    access_key_id: str
    date: str
    region: str
    service: str
    stamp: str
    signed_headers: tuple[str, ...]
    signature: str
    token: str = ""
    expires: int | None = None

    @property
    def scope(self) -> str:
        """The credential scope."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"

    @property
    def time(self) -> datetime:
        """When the request was signed, by the signer's clock."""
        return datetime.strptime(self.stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def pairs(query: str) -> tuple[tuple[str, str], ...]:
    """The decoded pairs of a query string; ``+`` is a plus, as SigV4 reads it, and an empty value is kept."""
    found = []
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            found.append((decode(name), decode(value)))
    return tuple(found)


def decode(text: str) -> str:
    """Percent-decoding that loses nothing: bytes that are no UTF-8 come back the same from ``encode``."""
    return unquote(text, errors="surrogateescape")


def encode(text: str, *, slash: bool = False) -> str:
    """AWS's URI encoding: everything but unreserved characters, the slash only where asked."""
    return quote(text, safe="/~" if slash else "~", errors="surrogateescape")


def read_claim(incoming: Incoming) -> Claim | None:
    """The claim of a request, None when it is not signed at all."""
    query = dict(pairs(incoming.query))
    in_query = "X-Amz-Signature" in query or "X-Amz-Algorithm" in query or "X-Amz-Credential" in query
    header = incoming.headers.get("authorization", "")
    if header and (in_query or "AWSAccessKeyId" in query):
        raise Unverified(Flaw.BOTH)
    if header:
        return _from_header(incoming, header)
    if in_query:
        return _from_query(query)
    if "AWSAccessKeyId" in query and "Signature" in query:
        raise Unverified(Flaw.OLD)
    return None


def _from_header(incoming: Incoming, header: str) -> Claim:
    algorithm, _, rest = header.strip().partition(" ")
    if algorithm != ALGORITHM:
        raise Unverified(Flaw.OLD, f"The authorization mechanism {algorithm!r} is not supported.")
    fields: dict[str, str] = {}
    for part in rest.split(","):
        name, separator, value = part.strip().partition("=")
        if not separator or name in fields:
            raise Unverified(Flaw.HEADER)
        fields[name] = value
    missing = {"Credential", "SignedHeaders", "Signature"} - fields.keys()
    if missing:
        raise Unverified(Flaw.HEADER, f"Authorization header requires {_and(sorted(missing))}.")
    return _claim(
        credential=fields["Credential"],
        stamp=_stamp_of(incoming.headers),
        signed=fields["SignedHeaders"],
        signature=fields["Signature"],
        token=incoming.headers.get("x-amz-security-token", ""),
        expires=None,
        flaw=Flaw.HEADER,
    )


def _from_query(query: Mapping[str, str]) -> Claim:
    wanted = {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature"}
    missing = (wanted | {"X-Amz-Expires"}) - query.keys()
    if missing:
        raise Unverified(Flaw.QUERY, f"Query-string authentication requires {_and(sorted(missing))}.")
    if query["X-Amz-Algorithm"] != ALGORITHM:
        raise Unverified(Flaw.OLD, "X-Amz-Algorithm only supports AWS4-HMAC-SHA256.")
    expires = query["X-Amz-Expires"]
    if not (expires.isascii() and expires.isdigit() and 0 < int(expires) <= LONGEST_PRESIGNED):
        raise Unverified(Flaw.QUERY, "X-Amz-Expires must be a number of seconds from 1 to 604800.")
    return _claim(
        credential=query["X-Amz-Credential"],
        stamp=query["X-Amz-Date"],
        signed=query["X-Amz-SignedHeaders"],
        signature=query["X-Amz-Signature"],
        token=query.get("X-Amz-Security-Token", ""),
        expires=int(expires),
        flaw=Flaw.QUERY,
    )


def _claim(
    *, credential: str, stamp: str, signed: str, signature: str, token: str, expires: int | None, flaw: Flaw
) -> Claim:
    scope = credential.split("/")
    if len(scope) != 5 or scope[4] != "aws4_request" or not all(scope):
        raise Unverified(
            flaw, "The Credential is malformed; expecting KEY/YYYYMMDD/REGION/SERVICE/aws4_request."
        )
    key, date, region, service, _ = scope
    if not _SCOPE_DATE.fullmatch(date) or not _STAMP.fullmatch(stamp):
        raise Unverified(flaw, "The date of the signature is missing or malformed.")
    if stamp[:8] != date:
        raise Unverified(flaw, "The date in the credential scope is not the date of the request.")
    claim = Claim(
        access_key_id=key,
        date=date,
        region=region,
        service=service,
        stamp=stamp,
        signed_headers=tuple(signed.split(";")),
        signature=signature,
        token=token,
        expires=expires,
    )
    try:
        _ = claim.time
    except ValueError:
        raise Unverified(flaw, "The date of the signature is no date.") from None
    return claim


def _stamp_of(headers: Mapping[str, str]) -> str:
    if "x-amz-date" in headers:
        return headers["x-amz-date"]
    try:
        return parsedate_to_datetime(headers.get("date", "")).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    except ValueError:
        raise Unverified(Flaw.HEADER, "Authorization header requires a date: x-amz-date or date.") from None


def check_signed_headers(incoming: Incoming, claim: Claim) -> None:
    """Refuses a request whose host or ``x-amz-`` headers could be exchanged without breaking it."""
    wanted = {"host"} | {name for name in incoming.headers if name.startswith("x-amz-")}
    if claim.expires is None and "x-amz-date" not in incoming.headers:
        wanted.add("date")
    unsigned = sorted(wanted - set(claim.signed_headers))
    if unsigned:
        raise Unverified(
            Flaw.UNSIGNED_HEADER,
            f"There were headers present in the request which were not signed: {_and(unsigned)}",
        )
    absent = sorted(set(claim.signed_headers) - incoming.headers.keys())
    if absent:
        raise Unverified(Flaw.MISMATCH)


def payload_hash(incoming: Incoming, claim: Claim) -> str:
    """What stands for the body in the signature; a hash that is not the body's own is refused.

    The ``STREAMING-`` values stand for themselves: their chunks are verified one by one, elsewhere.
    """
    declared = incoming.headers.get("x-amz-content-sha256", "")
    if claim.service != "s3":
        actual = hashlib.sha256(incoming.body).hexdigest()
        if declared and declared != actual:
            raise Unverified(Flaw.PAYLOAD)
        return actual
    if not declared:
        if claim.expires is not None:
            return UNSIGNED_PAYLOAD
        raise Unverified(
            Flaw.NO_PAYLOAD_HASH, "Missing required header for this request: x-amz-content-sha256"
        )
    if declared == UNSIGNED_PAYLOAD or declared.startswith("STREAMING-"):
        return declared
    if not _HEX64.fullmatch(declared) or declared != hashlib.sha256(incoming.body).hexdigest():
        raise Unverified(Flaw.PAYLOAD)
    return declared


def canonical_request(incoming: Incoming, claim: Claim, hashed_payload: str) -> str:
    """The text both sides hash: S3 encodes the path once, the other services twice."""
    lines = [
        incoming.method,
        canonical_path(incoming.path, service=claim.service),
        canonical_query(pair for pair in pairs(incoming.query) if pair[0] != "X-Amz-Signature"),
        *(f"{name}:{' '.join(incoming.headers.get(name, '').split())}" for name in claim.signed_headers),
        "",
        ";".join(claim.signed_headers),
        hashed_payload,
    ]
    return "\n".join(lines)


def canonical_path(path: str, *, service: str) -> str:
    """The path as it is signed; only S3 keeps ``..`` and double slashes, which may be in a key."""
    if service == "s3":
        return "/".join(encode(decode(segment)) for segment in path.split("/")) or "/"
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(segment)
    normal = "/" + "/".join(kept) + ("/" if kept and path.endswith("/") else "")
    return encode(normal, slash=True)


def canonical_query(decoded: Iterable[tuple[str, str]]) -> str:
    """Pairs encoded and sorted; sorting comes after encoding."""
    return "&".join(f"{name}={value}" for name, value in sorted((encode(n), encode(v)) for n, v in decoded))


def signing_key(secret: str, claim: Claim) -> bytes:
    """The key of a day, region and service."""
    key = ("AWS4" + secret).encode()
    for part in (claim.date, claim.region, claim.service, "aws4_request"):
        key = hmac_sha256(key, part)
    return key


def string_to_sign(claim: Claim, canonical: str) -> str:
    """What the signing key signs."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return "\n".join((ALGORITHM, claim.stamp, claim.scope, digest))


def hmac_sha256(key: bytes, text: str) -> bytes:
    """HMAC-SHA256 of a text."""
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def verify(incoming: Incoming, claim: Claim, secret: str) -> None:
    """Raises ``Unverified`` unless the request is signed with the secret; times are not looked at."""
    hashed_payload = payload_hash(incoming, claim)
    check_signed_headers(incoming, claim)
    canonical = canonical_request(incoming, claim, hashed_payload)
    expected = hmac_sha256(signing_key(secret, claim), string_to_sign(claim, canonical)).hex()
    if not hmac.compare_digest(expected.encode(), claim.signature.encode("utf-8", "surrogateescape")):
        raise Unverified(Flaw.MISMATCH)


def _and(names: Iterable[str]) -> str:
    return ", ".join(names)
