"""Checksums that S3 clients send with a body, in headers or trailers: verified, whatever the algorithm."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable, Mapping
from functools import cache

PREFIX = "x-amz-checksum-"


class WrongChecksum(Exception):
    """The body is not the one the checksum was made of, or the checksum is none."""


def verify(body: bytes, headers: Mapping[str, str]) -> None:
    """Raises ``WrongChecksum`` for the first checksum in the headers that is not the body's.

    ``x-amz-checksum-type`` and ``-algorithm`` are not checksums and are passed over.
    """
    if "content-md5" in headers:
        _compare("content-md5", headers["content-md5"], hashlib.md5(body, usedforsecurity=False).digest())
    for name, value in headers.items():
        digest = _DIGESTS.get(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None
        if digest is not None:
            _compare(name, value, digest(body))


def known(name: str) -> bool:
    """Whether a header name is a checksum that ``verify`` can compute."""
    return name.startswith(PREFIX) and name.removeprefix(PREFIX) in _DIGESTS


def _compare(name: str, value: str, expected: bytes) -> None:
    try:
        given = base64.b64decode(value, validate=True)
    except binascii.Error:
        raise WrongChecksum(f"Value for {name} header is invalid.") from None
    if given != expected:
        raise WrongChecksum(f"The {name} you specified did not match what we received.")


def _crc(polynomial: int, bits: int) -> Callable[[bytes], bytes]:
    """A reflected CRC with all bits set before and after, as CRC-32C and CRC-64/NVME are."""
    mask = (1 << bits) - 1

    @cache
    def table() -> tuple[int, ...]:
        rows = []
        for byte in range(256):
            value = byte
            for _ in range(8):
                value = (value >> 1) ^ polynomial if value & 1 else value >> 1
            rows.append(value)
        return tuple(rows)

    def digest(data: bytes) -> bytes:
        rows, value = table(), mask
        for byte in data:
            value = rows[(value ^ byte) & 0xFF] ^ (value >> 8)
        return (value ^ mask).to_bytes(bits // 8, "big")

    return digest


_DIGESTS: Mapping[str, Callable[[bytes], bytes]] = {
    "crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "crc32c": _crc(0x82F63B78, 32),
    "crc64nvme": _crc(0x9A6C9329AC4BC9B5, 64),
    "sha1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "sha256": lambda body: hashlib.sha256(body).digest(),
}
