"""Bodies in chunks: AWS's published example, and chunks that were changed on the way."""

from __future__ import annotations

import hashlib

import pytest

from xacct.sandbox import chunked, sigv4
from xacct.sandbox.request import Incoming
from xacct.sandbox.sigv4 import Claim, Unverified

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
FIRST = b"10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"
SECOND = b"400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"
LAST = b"0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n"
BODY = FIRST + b"a" * 65536 + b"\r\n" + SECOND + b"a" * 1024 + b"\r\n" + LAST + b"\r\n"


def published() -> tuple[Incoming, Claim, bytes]:
    """The example of the S3 documentation: 66,560 bytes in chunks of 64 KiB."""
    signed = (
        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length"
        ";x-amz-storage-class"
    )
    request = Incoming(
        method="PUT",
        host="s3.amazonaws.com",
        path="/examplebucket/chunkObject.txt",
        query="",
        headers={
            "host": "s3.amazonaws.com",
            "x-amz-date": "20130524T000000Z",
            "x-amz-storage-class": "REDUCED_REDUNDANCY",
            "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            "content-encoding": "aws-chunked",
            "x-amz-decoded-content-length": "66560",
            "content-length": "66824",
            "authorization": "AWS4-HMAC-SHA256 "
            "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            f"SignedHeaders={signed},Signature={SEED}",
        },
        body=BODY,
        source_ip="127.0.0.1",
    )
    claim = sigv4.read_claim(request)
    assert claim is not None
    return request, claim, sigv4.signing_key(SECRET, claim)


def test_the_published_example_decodes() -> None:
    request, claim, key = published()
    assert len(BODY) == 66824
    sigv4.verify(request, claim, SECRET)
    assert chunked.decode(BODY, kind=chunked.SIGNED, claim=claim, key=key).body == b"a" * 66560


CHANGED = {
    "a byte of the data": BODY.replace(b"a" * 100, b"a" * 99 + b"b", 1),
    "the signature of the first chunk": BODY.replace(b"ad80c7", b"bd80c7"),
    "the signature of the last chunk": BODY.replace(b"b6c6ea", b"c6c6ea"),
    "a chunk left out": SECOND + b"a" * 1024 + b"\r\n" + LAST + b"\r\n",
    "chunks without signatures": b"3\r\naaa\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_chunk_that_was_not_signed_so_is_refused(name: str) -> None:
    _, claim, key = published()
    with pytest.raises(Unverified):
        chunked.decode(CHANGED[name], kind=chunked.SIGNED, claim=claim, key=key)


BROKEN = {
    "no end": FIRST + b"a" * 65536 + b"\r\n",
    "too short": FIRST + b"a",
    "a size that is no number": b"xyz\r\n\r\n",
    "a signed number": b"-1\r\n\r\n",
    "nothing": b"",
    "data longer than said": b"1\r\nab\r\n0\r\n\r\n",
    "a trailer without colon": b"0\r\nnonsense\r\n\r\n",
    "a trailer twice": b"0\r\na:1\r\na:2\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_framing_is_refused(name: str) -> None:
    _, claim, key = published()
    kind = chunked.SIGNED if name in {"no end", "too short"} else chunked.UNSIGNED_TRAILER
    with pytest.raises(chunked.Broken):
        chunked.decode(BROKEN[name], kind=kind, claim=claim, key=key)


def test_unsigned_chunks_bring_their_trailers() -> None:
    body = b"5\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32:abc=\r\n\r\n"
    found = chunked.decode(body, kind=chunked.UNSIGNED_TRAILER, claim=None, key=b"")
    assert (found.body, found.trailers) == (b"hello!", {"x-amz-checksum-crc32": "abc="})


def signed_with_trailer(trailer: str, signature: str | None = None) -> tuple[bytes, Claim, bytes]:
    """A body of one empty last chunk and a trailer, signed by hand as the documentation describes."""
    _, claim, key = published()
    scope = "20130524/us-east-1/s3/aws4_request"
    empty = hashlib.sha256(b"").hexdigest()
    last = sigv4.hmac_sha256(
        key, f"AWS4-HMAC-SHA256-PAYLOAD\n20130524T000000Z\n{scope}\n{SEED}\n{empty}\n{empty}"
    ).hex()
    digest = hashlib.sha256(b"x-amz-checksum-crc32c:sOO8/Q==\n").hexdigest()
    right = sigv4.hmac_sha256(
        key, f"AWS4-HMAC-SHA256-TRAILER\n20130524T000000Z\n{scope}\n{last}\n{digest}"
    ).hex()
    lines = f"0;chunk-signature={last}\r\n{trailer}\r\nx-amz-trailer-signature:{signature or right}\r\n\r\n"
    return lines.encode(), claim, key


def test_a_signed_trailer_is_taken() -> None:
    body, claim, key = signed_with_trailer("x-amz-checksum-crc32c:sOO8/Q==")
    found = chunked.decode(body, kind=chunked.SIGNED_TRAILER, claim=claim, key=key)
    assert found.trailers == {"x-amz-checksum-crc32c": "sOO8/Q=="}


@pytest.mark.parametrize(
    ("trailer", "signature"),
    [("x-amz-checksum-crc32c:AAAAAA==", None), ("x-amz-checksum-crc32c:sOO8/Q==", "0" * 64)],
)
def test_a_trailer_that_was_not_signed_so_is_refused(trailer: str, signature: str | None) -> None:
    body, claim, key = signed_with_trailer(trailer, signature)
    with pytest.raises(Unverified):
        chunked.decode(body, kind=chunked.SIGNED_TRAILER, claim=claim, key=key)
