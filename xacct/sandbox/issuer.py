"""An issuer of tokens for trying things out: a key pair of its own, whose public half the embedded cloud is given."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

_SIZE = 32


class Issuer:
    """Signs what it is told to, as ``url``; the key is made anew and lives as long as the object."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def keys(self) -> Mapping[str, Any]:
        """The JWK set that verifies its tokens."""
        numbers = self._key.public_key().public_numbers()
        x, y = (_encoded(number.to_bytes(_SIZE, "big")) for number in (numbers.x, numbers.y))
        return {"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "1", "x": x, "y": y}]}

    def token(
        self,
        subject: str,
        audience: str,
        *,
        now: datetime | None = None,
        lasting: timedelta = timedelta(minutes=10),
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """A token of this issuer; further claims and parts of the header as they are given."""
        now = now or datetime.now(UTC)
        head = {"alg": "ES256", "typ": "JWT", "kid": "1", **(header or {})}
        body = {
            "iss": self.url,
            "sub": subject,
            "aud": audience,
            "iat": int(now.timestamp()),
            "exp": int((now + lasting).timestamp()),
            **claims,
        }
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in (head, body))
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_encoded(r.to_bytes(_SIZE, 'big') + s.to_bytes(_SIZE, 'big'))}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
