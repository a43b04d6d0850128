"""Signatures: the examples that AWS publishes, what botocore signs, and what must not be taken."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from xacct.sandbox import sigv4
from xacct.sandbox.request import Incoming
from xacct.sandbox.sigv4 import EMPTY_SHA256, Claim, Flaw, Unverified

S3_KEY = "AKIAIOSFODNN7EXAMPLE"
S3_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
IAM_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
S3_SCOPE = f"{S3_KEY}/20130524/us-east-1/s3/aws4_request"


def incoming(
    method: str, url: str, headers: dict[str, str], body: bytes = b"", host: str = "localhost:1"
) -> Incoming:
    path, _, query = url.partition("?")
    return Incoming(
        method=method,
        host=host,
        path=path,
        query=query,
        headers={"host": host, **headers},
        body=body,
        source_ip="127.0.0.1",
    )


def published(method: str, url: str, headers: dict[str, str], signature: str, body: bytes = b"") -> Incoming:
    """An example of the S3 documentation, all its headers signed."""
    headers = {
        "x-amz-date": "20130524T000000Z",
        "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
        **headers,
    }
    signed = ";".join(sorted({"host", *headers}))
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={S3_SCOPE},SignedHeaders={signed},Signature={signature}"
    )
    return incoming(method, url, headers, body, host="examplebucket.s3.amazonaws.com")


PUBLISHED_S3 = {
    "get with a range": published(
        "GET",
        "/test.txt",
        {"range": "bytes=0-9"},
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    "put of a key that needs encoding": published(
        "PUT",
        "/test%24file.text",
        {
            "date": "Fri, 24 May 2013 00:00:00 GMT",
            "x-amz-storage-class": "REDUCED_REDUNDANCY",
        },
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        b"Welcome to Amazon S3.",
    ),
    "get of a subresource without value": published(
        "GET", "/?lifecycle", {}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
    ),
    "listing with two parameters": published(
        "GET",
        "/?max-keys=2&prefix=J",
        {},
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
}


@pytest.mark.parametrize("name", PUBLISHED_S3)
def test_the_examples_of_the_s3_documentation_verify(name: str) -> None:
    request = PUBLISHED_S3[name]
    claim = sigv4.read_claim(request)
    assert claim is not None
    sigv4.verify(request, claim, S3_SECRET)


def test_the_presigned_example_of_the_s3_documentation_verifies() -> None:
    request = incoming(
        "GET",
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
        {},
        host="examplebucket.s3.amazonaws.com",
    )
    claim = sigv4.read_claim(request)
    assert claim is not None
    assert claim.expires == 86400
    sigv4.verify(request, claim, S3_SECRET)


def test_the_list_users_example_of_the_iam_documentation_verifies() -> None:
    request = incoming(
        "GET",
        "/?Action=ListUsers&Version=2010-05-08",
        {
            "content-type": "application/x-www-form-urlencoded; charset=utf-8",
            "x-amz-date": "20150830T123600Z",
            "authorization": "AWS4-HMAC-SHA256 "
            "Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        },
        host="iam.amazonaws.com",
    )
    claim = sigv4.read_claim(request)
    assert claim is not None
    sigv4.verify(request, claim, IAM_SECRET)


def test_the_plainest_case_of_the_signature_test_suite_verifies() -> None:
    request = incoming(
        "GET",
        "/",
        {
            "x-amz-date": "20150830T123600Z",
            "authorization": "AWS4-HMAC-SHA256 "
            "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, "
            "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        },
        host="example.amazonaws.com",
    )
    claim = sigv4.read_claim(request)
    assert claim is not None
    sigv4.verify(request, claim, IAM_SECRET)


CREDENTIALS = Credentials("AKIDEXAMPLE", IAM_SECRET, "a-token")
URLS = {
    "plain": "/bucket/key",
    "root": "/",
    "encoded slash and space": "/bucket/a%20b%2Fc",
    "double slash": "/bucket//a",
    "unicode": "/bucket/%C3%BC",
    "tilde and star": "/bucket/~a%2Ab",
    "dots": "/bucket/a/../b",
    "query": "/bucket?list-type=2&prefix=a%2Fb%20c&delimiter=%2F",
    "subresource": "/bucket?policy",
    "plus in the query": "/bucket?prefix=a%2Bb",
    "order of names": "/bucket?b=1&a=2&a=1&B=3",
}


def signed_by_botocore(url: str, auth: type, service: str, method: str = "PUT") -> Incoming:
    request = AWSRequest(
        method=method,
        url=f"http://localhost:4566{url}",
        data=b"a body" if method == "PUT" else b"",
        headers={"Content-Type": "text/plain", "X-Amz-Meta-Two": "a   b"},
    )
    if method == "GET":
        del request.headers["Content-Type"]
    auth(CREDENTIALS, service, "eu-west-1").add_auth(request)
    prepared = request.prepare()
    headers = {name.lower(): value for name, value in prepared.headers.items()}
    _, _, target = prepared.url.partition("localhost:4566")
    path, _, query = target.partition("?")
    return Incoming(
        method=method,
        host="localhost:4566",
        path=path,
        query=query,
        headers={"host": "localhost:4566", **headers},
        body=b"a body" if method == "PUT" else b"",
        source_ip="127.0.0.1",
    )


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize(
    ("auth", "service"),
    [
        (S3SigV4Auth, "s3"),
        (S3SigV4QueryAuth, "s3"),
        (SigV4Auth, "iam"),
        (SigV4QueryAuth, "sts"),
    ],
)
def test_what_botocore_signs_verifies(auth: type, service: str, name: str) -> None:
    method = "GET" if issubclass(auth, SigV4QueryAuth) else "PUT"
    request = signed_by_botocore(URLS[name], auth, service, method)
    claim = sigv4.read_claim(request)
    assert claim is not None
    assert (claim.access_key_id, claim.service, claim.token) == ("AKIDEXAMPLE", service, "a-token")
    sigv4.verify(request, claim, IAM_SECRET)


def flaw_of(request: Incoming, secret: str = IAM_SECRET) -> Flaw:
    try:
        claim = sigv4.read_claim(request)
        assert claim is not None
        sigv4.verify(request, claim, secret)
    except Unverified as refusal:
        return refusal.flaw
    pytest.fail("it verified")


SIGNED = signed_by_botocore("/bucket/key?a=1", S3SigV4Auth, "s3")


def without_header(request: Incoming, name: str) -> Incoming:
    return replace(request, headers={n: v for n, v in request.headers.items() if n != name})


def with_header(request: Incoming, name: str, value: str) -> Incoming:
    return replace(request, headers={**request.headers, name: value})


TAMPERED = {
    "another method": (replace(SIGNED, method="DELETE"), Flaw.MISMATCH),
    "another path": (replace(SIGNED, path="/bucket/other"), Flaw.MISMATCH),
    "another query": (replace(SIGNED, query="a=2"), Flaw.MISMATCH),
    "another body": (replace(SIGNED, body=b"b body"), Flaw.PAYLOAD),
    "another host": (with_header(SIGNED, "host", "elsewhere"), Flaw.MISMATCH),
    "another session token": (with_header(SIGNED, "x-amz-security-token", "b-token"), Flaw.MISMATCH),
    "a header slipped in": (with_header(SIGNED, "x-amz-acl", "public-read"), Flaw.UNSIGNED_HEADER),
    "a signed header taken out": (without_header(SIGNED, "x-amz-meta-two"), Flaw.MISMATCH),
    "no payload hash": (without_header(SIGNED, "x-amz-content-sha256"), Flaw.NO_PAYLOAD_HASH),
    "no date": (without_header(SIGNED, "x-amz-date"), Flaw.HEADER),
    "a date of another day": (with_header(SIGNED, "x-amz-date", "20010101T000000Z"), Flaw.HEADER),
    "signature version 2": (with_header(SIGNED, "authorization", "AWS AKIDEXAMPLE:c2ln"), Flaw.OLD),
    "signature version 2 in the query": (
        replace(
            without_header(SIGNED, "authorization"), query="AWSAccessKeyId=AKIDEXAMPLE&Signature=x&Expires=1"
        ),
        Flaw.OLD,
    ),
    "header and query at once": (replace(SIGNED, query="X-Amz-Signature=x"), Flaw.BOTH),
    "no scope": (
        with_header(
            SIGNED, "authorization", "AWS4-HMAC-SHA256 Credential=A, SignedHeaders=host, Signature=0"
        ),
        Flaw.HEADER,
    ),
    "not even fields": (with_header(SIGNED, "authorization", "AWS4-HMAC-SHA256 nonsense"), Flaw.HEADER),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_changed_request_does_not_verify(name: str) -> None:
    request, flaw = TAMPERED[name]
    assert flaw_of(request) is flaw


def test_a_wrong_secret_does_not_verify() -> None:
    assert flaw_of(SIGNED, secret="another") is Flaw.MISMATCH


def test_an_unsigned_host_is_refused_although_the_signature_is_right() -> None:
    claim = Claim(
        access_key_id="K",
        date="20130524",
        region="r",
        service="iam",
        stamp="20130524T000000Z",
        signed_headers=("x-amz-date",),
        signature="",
    )
    request = incoming("GET", "/", {"x-amz-date": "20130524T000000Z"})
    text = sigv4.string_to_sign(claim, sigv4.canonical_request(request, claim, EMPTY_SHA256))
    signature = sigv4.hmac_sha256(sigv4.signing_key("s", claim), text).hex()
    with pytest.raises(Unverified) as caught:
        sigv4.verify(request, replace(claim, signature=signature), "s")
    assert caught.value.flaw is Flaw.UNSIGNED_HEADER


@pytest.mark.parametrize("expires", ["0", "604801", "-1", "x", "", "²"])
def test_a_presigned_url_lives_from_a_second_to_a_week(expires: str) -> None:
    query = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=K%2F20130524%2Fr%2Fs3%2Faws4_request"
        f"&X-Amz-Date=20130524T000000Z&X-Amz-Expires={expires}&X-Amz-SignedHeaders=host&X-Amz-Signature=0"
    )
    assert flaw_of(incoming("GET", f"/b?{query}", {})) is Flaw.QUERY


def test_an_unsigned_request_has_no_claim() -> None:
    assert sigv4.read_claim(incoming("GET", "/bucket?prefix=a", {})) is None
