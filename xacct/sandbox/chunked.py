"""Bodies in AWS's own chunks (``aws-chunked``): decoded, and each chunk's signature verified."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from xacct.sandbox.sigv4 import EMPTY_SHA256, Claim, Flaw, Unverified, hmac_sha256

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
KINDS = frozenset({SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER})


class Broken(Exception):
    """The chunks do not parse, or are not as long as was said."""


@dataclass(frozen=True, slots=True)
class Unchunked:
    """The body the client meant, and the trailing headers (names in lower case)."""

    body: bytes = field(repr=False)
    trailers: Mapping[str, str]


def decode(body: bytes, *, kind: str, claim: Claim | None, key: bytes) -> Unchunked:
    """The body of chunks; ``key`` is the signing key, used where ``kind`` says that chunks are signed.

    Raises ``Broken`` for bad framing and ``Unverified`` for a chunk or trailer that was not signed so.
    """
    signed = kind != UNSIGNED_TRAILER
    if signed and claim is None:
        raise Unverified(Flaw.MISMATCH)
    chain = _Chain(claim, key) if signed and claim is not None else None
    data, position = bytearray(), 0
    while True:
        size, signature, position = _header(body, position)
        chunk = body[position : position + size]
        if len(chunk) != size:
            raise Broken("a chunk is shorter than its size says")
        if chain is not None:
            chain.chunk(chunk, signature)
        position += size
        if size == 0:
            break
        if body[position : position + 2] != b"\r\n":
            raise Broken("a chunk does not end where its size says")
        data += chunk
        position += 2
    trailers = _trailers(body[position:])
    trailer_signature = trailers.pop("x-amz-trailer-signature", "")
    if kind == SIGNED_TRAILER and chain is not None:
        chain.trailer(trailers, trailer_signature)
    elif kind == SIGNED and trailers:
        raise Broken("trailing headers that were not announced")
    return Unchunked(bytes(data), trailers)


class _Chain:
    """Each chunk's signature covers the one before; the first covers the request's."""

    def __init__(self, claim: Claim, key: bytes) -> None:
        self.claim = claim
        self.key = key
        self.previous = claim.signature

    def chunk(self, data: bytes, signature: str) -> None:
        self._check("PAYLOAD", (EMPTY_SHA256, hashlib.sha256(data).hexdigest()), signature)

    def trailer(self, trailers: Mapping[str, str], signature: str) -> None:
        text = "".join(f"{name}:{value}\n" for name, value in sorted(trailers.items()))
        self._check("TRAILER", (hashlib.sha256(text.encode()).hexdigest(),), signature)

    def _check(self, what: str, hashes: tuple[str, ...], signature: str) -> None:
        lines = (f"AWS4-HMAC-SHA256-{what}", self.claim.stamp, self.claim.scope, self.previous, *hashes)
        expected = hmac_sha256(self.key, "\n".join(lines)).hex()
        if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape")):
            raise Unverified(Flaw.MISMATCH)
        self.previous = expected


def _header(body: bytes, position: int) -> tuple[int, str, int]:
    end = body.find(b"\r\n", position, position + 200)
    if end < 0:
        raise Broken("a chunk has no header")
    size, _, extension = body[position:end].decode("latin-1").partition(";")
    if not size or not set(size) <= set("0123456789abcdefABCDEF"):
        raise Broken("a chunk's size is no hexadecimal number")
    name, _, signature = extension.partition("=")
    return int(size, 16), signature if name.strip() == "chunk-signature" else "", end + 2


def _trailers(tail: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in tail.decode("latin-1").split("\n"):
        text = line.strip("\r")
        if not text:
            continue
        name, separator, value = text.partition(":")
        if not separator or name.lower() in found:
            raise Broken("a trailing header is malformed")
        found[name.strip().lower()] = value.strip()
    return found
