"""Tokens of OIDC providers: a JWT is taken only with a signature by a key that this cloud was given for the issuer.

Source: STS API Reference, "AssumeRoleWithWebIdentity", Errors; IAM User Guide, "Create an OpenID Connect (OIDC)
identity provider in IAM" (algorithms, required claims); RFC 7515, 7517 and 7518.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from xacct.sandbox.faults import ServiceFault

KeySets: TypeAlias = Mapping[str, Mapping[str, Any]]
"""The public keys of issuers (``https://...``), each a JWK set: ``{"keys": [...]}``."""

_LONGEST = 20_000
_HASHES = {"256": "SHA256", "384": "SHA384", "512": "SHA512"}
_CURVES = {"ES256": ("P-256", 32), "ES384": ("P-384", 48), "ES512": ("P-521", 66)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a token says, not yet believed."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes

    @property
    def issuer(self) -> str:
        """``iss`` as it stands there."""
        return str(self.claims.get("iss") or "")


def read(text: str) -> Token:
    """The parts of a JWT; raises ``ServiceFault`` for what is none, or lacks a claim that every token has."""
    try:
        if len(text) > _LONGEST:
            raise ValueError
        first, second, third = text.split(".")
        header, claims = json.loads(_decoded(first)), json.loads(_decoded(second))
        signature = _decoded(third)
    except (ValueError, RecursionError):
        raise _invalid("The ID Token provided is not a valid JWT.") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise _invalid("The ID Token provided is not a valid JWT.")
    for name in ("iss", "sub", "aud", "exp", "iat"):
        if not claims.get(name):
            raise _invalid(f"Missing a required claim: {name}")
    return Token(header=header, claims=claims, signed=f"{first}.{second}".encode(), signature=signature)


def believe(token: Token, keys: KeySets, now: datetime) -> None:
    """Raises ``ServiceFault`` unless the issuer signed it and it is in time."""
    known = keys.get(token.issuer)
    key = _key(token, known) if known is not None else None
    if key is None:
        raise _invalid(
            "Couldn't retrieve verification key from your identity provider, please reference "
            "AssumeRoleWithWebIdentity documentation for requirements"
        )
    if not _signed_by(key, token):
        raise _invalid("The signature of the ID Token is not valid.")
    if _moment(token, "exp") <= now:
        raise ServiceFault(
            status=400,
            code="ExpiredTokenException",
            message="Token expired: current date/time must be before the expiration date/time",
        )
    if token.claims.get("nbf") is not None and _moment(token, "nbf") > now:
        raise _invalid("The ID Token is not valid yet.")


def _key(token: Token, known: Mapping[str, Any]) -> Mapping[str, Any] | None:
    wanted = token.header.get("kid")
    found = [key for key in known.get("keys", ()) if isinstance(key, dict) and key.get("kid") == wanted]
    return found[0] if len(found) == 1 else None


def _signed_by(key: Mapping[str, Any], token: Token) -> bool:
    """Whether the signature is right; an algorithm that does not go with the kind of key never is."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    algorithm = str(token.header.get("alg") or "")
    bits = _HASHES.get(algorithm[2:])
    if bits is None:
        return False
    digest = getattr(hashes, bits)()
    try:
        if algorithm.startswith("RS") and key.get("kty") == "RSA":
            public = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
            public.verify(token.signature, token.signed, padding.PKCS1v15(), digest)
            return True
        curve, size = _CURVES.get(algorithm, ("", 0))
        if curve and key.get("kty") == "EC" and key.get("crv") == curve and len(token.signature) == 2 * size:
            kinds: dict[str, Callable[[], ec.EllipticCurve]]
            kinds = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
            point = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), kinds[curve]())
            halves = (token.signature[:size], token.signature[size:])
            signature = encode_dss_signature(*(int.from_bytes(half, "big") for half in halves))
            point.public_key().verify(signature, token.signed, ec.ECDSA(digest))
            return True
    except (InvalidSignature, KeyError, ValueError, TypeError):
        return False
    return False


def _number(text: str) -> int:
    return int.from_bytes(_decoded(text), "big")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _moment(token: Token, claim: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(token.claims[claim]), UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        raise _invalid(f"The claim {claim} of the ID Token is no time.") from None


def _invalid(message: str) -> ServiceFault:
    return ServiceFault(status=400, code="InvalidIdentityToken", message=message)
