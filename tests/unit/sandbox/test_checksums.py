"""Checksums of bodies: the check values of the published CRC catalogue, and bodies that are not theirs."""

from __future__ import annotations

import base64

import pytest

from xacct.sandbox import checksums

# The check value of a CRC is by definition the CRC of the nine digits "123456789".
CHECK_VALUES = {
    "x-amz-checksum-crc32": "cbf43926",
    "x-amz-checksum-crc32c": "e3069283",
    "x-amz-checksum-crc64nvme": "ae8b14860a799888",
    "x-amz-checksum-sha1": "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    "x-amz-checksum-sha256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
    "content-md5": "25f9e794323b453885f5181f1b624d0b",
}


def encoded(name: str) -> str:
    return base64.b64encode(bytes.fromhex(CHECK_VALUES[name])).decode()


@pytest.mark.parametrize("name", CHECK_VALUES)
def test_the_published_check_value_is_taken(name: str) -> None:
    checksums.verify(b"123456789", {name: encoded(name)})


@pytest.mark.parametrize("name", CHECK_VALUES)
def test_another_body_is_refused(name: str) -> None:
    with pytest.raises(checksums.WrongChecksum):
        checksums.verify(b"123456780", {name: encoded(name)})


def test_a_checksum_that_is_no_base64_is_refused() -> None:
    with pytest.raises(checksums.WrongChecksum):
        checksums.verify(b"", {"content-md5": "?"})


def test_headers_that_are_no_checksums_are_passed_over() -> None:
    checksums.verify(b"x", {"x-amz-checksum-type": "FULL_OBJECT", "x-amz-checksum-mode": "ENABLED"})
