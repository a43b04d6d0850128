"""What moto gets is what was read: one form for every request, nothing hidden beside it."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from xacct.sandbox import normal
from xacct.sandbox.faults import ServiceFault
from xacct.sandbox.forward import passed
from xacct.sandbox.request import Incoming, Operation


def incoming(
    method: str = "GET", path: str = "/", query: str = "", body: bytes = b"", **headers: str
) -> Incoming:
    return Incoming(
        method=method,
        host="localhost",
        path=path,
        query=query,
        headers=headers,
        body=body,
        source_ip="127.0.0.1",
    )


def test_a_call_by_get_becomes_a_posted_form() -> None:
    found = normal.before_reading(
        incoming(query="Action=ListUsers&Version=2010-05-08&X-Amz-Signature=x"), "iam"
    )
    assert (found.method, found.query, found.body) == ("POST", "", b"Action=ListUsers&Version=2010-05-08")


@pytest.mark.parametrize(
    "request_",
    [
        incoming("POST", query="Action=DeleteUser", body=b"Action=ListUsers"),
        incoming("POST", body=b"Action=ListUsers&Action=DeleteUser"),
        incoming("GET", query="UserName=a&UserName=b&Action=DeleteUser"),
        incoming("PUT", body=b"Action=ListUsers"),
        incoming("POST", path="/bucket", body=b"Action=ListUsers"),
    ],
    ids=["in both places", "twice in the body", "twice in the query", "another method", "a path"],
)
def test_a_call_that_can_be_read_in_two_ways_is_refused(request_: Incoming) -> None:
    with pytest.raises(ServiceFault):
        normal.before_reading(request_, "iam")


def test_the_query_of_s3_comes_in_one_encoding_without_the_signature() -> None:
    found = normal.before_reading(incoming(query="prefix=a/b+c&policy=&X-Amz-Expires=1&x=%7e"), "s3")
    assert found.query == "prefix=a%2Fb%2Bc&policy&x=~"


def test_rewritten_parameters_replace_what_was_sent_lists_too() -> None:
    sent = incoming(
        "POST", body=b"Action=CreateRole&RoleName=r&Tags.member.1.Key=a&Tags.member.1.Value=b&X=1"
    )
    before = Operation(
        service="iam",
        name="CreateRole",
        params={"RoleName": "r", "Tags": [{"Key": "a", "Value": "b"}], "X": "1"},
    )
    after = Operation(
        service="iam",
        name="CreateRole",
        params={"RoleName": "r", "Tags": [{"Key": "c", "Value": "d"}, {"Key": "e", "Value": ""}], "P": "{}"},
    )
    form = parse_qs(normal.query_call(sent, before, after).body.decode(), keep_blank_values=True)
    assert form == {
        "Action": ["CreateRole"],
        "RoleName": ["r"],
        "Tags.member.1.Key": ["c"],
        "Tags.member.1.Value": ["d"],
        "Tags.member.2.Key": ["e"],
        "Tags.member.2.Value": [""],
        "P": ["{}"],
    }


def test_a_list_that_became_shorter_leaves_nothing_behind() -> None:
    sent = incoming("POST", body=b"Action=TagRole&Keys.member.1=a&Keys.member.2=b")
    before = Operation(service="iam", name="TagRole", params={"Keys": ["a", "b"]})
    after = Operation(service="iam", name="TagRole", params={"Keys": ["a "]})
    assert normal.query_call(sent, before, after).body == b"Action=TagRole&Keys.member.1=a+"


def test_what_was_not_rewritten_goes_on_as_it_came() -> None:
    sent = incoming("POST", body=b"Action=GetRole&RoleName=r")
    same = Operation(service="iam", name="GetRole", params={"RoleName": "r"})
    assert normal.query_call(sent, same, same) is sent


def s3(name: str, **params: str) -> Operation:
    return Operation(service="s3", name=name, params=params)


@pytest.mark.parametrize(
    ("path", "params", "expected"),
    [
        ("/b/k", {"Bucket": "b", "Key": "k"}, "/b/k"),
        ("/b/a%20b/c%2Bd", {"Bucket": "b", "Key": "a b/c+d"}, "/b/a%20b/c%2Bd"),
        ("/k", {"Bucket": "b", "Key": "k"}, "/b/k"),
        ("/b/", {"Bucket": "b"}, "/b"),
        ("/", {"Bucket": "b"}, "/b"),
        ("/b/dir/", {"Bucket": "b", "Key": "dir/"}, "/b/dir/"),
        ("/", {}, "/"),
    ],
)
def test_paths_come_in_path_style(path: str, params: dict[str, str], expected: str) -> None:
    operation = s3("GetObject", **params)
    assert normal.bucket_call(incoming(path=path), operation, operation).path == expected


def test_what_has_no_bucket_is_the_root_only() -> None:
    with pytest.raises(ServiceFault):
        normal.bucket_call(incoming(path="/b"), s3("ListBuckets"), s3("ListBuckets"))


@pytest.mark.parametrize("path", ["/other/k", "/b/other", "/b/k/more", "/b//k"])
def test_a_path_that_is_not_the_one_that_was_decided_is_refused(path: str) -> None:
    operation = s3("GetObject", Bucket="b", Key="k")
    with pytest.raises(ServiceFault):
        normal.bucket_call(incoming(path=path), operation, operation)


def test_a_rewritten_policy_goes_without_the_old_digest() -> None:
    sent = incoming("PUT", "/b", "policy", b"{}", **{"content-md5": "x", "content-type": "text/plain"})
    found = normal.bucket_call(
        sent, s3("PutBucketPolicy", Bucket="b"), s3("PutBucketPolicy", Bucket="b", Policy='{"a":1}')
    )
    assert (found.body, dict(found.headers)) == (b'{"a":1}', {"content-type": "text/plain"})


def test_what_the_operation_does_not_have_is_left_out() -> None:
    """Moto would take a PUT with a copy source for a copy, and ``uploadId`` for a part."""
    sent = incoming(
        "PUT",
        "/b/k",
        "uploadId=1&x-id=PutObject&partNumber=2",
        **{"x-amz-copy-source": "/v/k", "x-amz-meta-a": "1", "x-amz-storage-class": "STANDARD"},
    )
    operation = s3("PutObject", Bucket="b", Key="k")
    found = normal.bucket_call(sent, operation, operation)
    assert (found.query, set(found.headers)) == ("", {"x-amz-meta-a", "x-amz-storage-class"})


@pytest.mark.parametrize(
    ("given", "sent_on"),
    [
        ("v/k", "/v/k"),
        ("/v/a%20b/c", "/v/a%20b/c"),
        ("//v/victim/k", "/v/victim/k"),
        ("/v/k?versionId=a%2Fb", "/v/k?versionId=a%2Fb"),
        ("/v/k#f;p", "/v/k%23f%3Bp"),
    ],
)
def test_a_copy_source_is_written_anew_as_it_was_decided(given: str, sent_on: str) -> None:
    """Moto reads ``//v/victim/k`` as a URL with a host, and would copy from the bucket ``victim``."""
    sent = incoming("PUT", "/b/k", **{"x-amz-copy-source": given})
    operation = s3("CopyObject", Bucket="b", Key="k", CopySource=given)
    assert normal.bucket_call(sent, operation, operation).headers["x-amz-copy-source"] == sent_on


@pytest.mark.parametrize(
    "given", ["", "v", "/v/", "v/k?versionId=", "v/k?x=1", "v/k?versionId=1&versionId=2"]
)
def test_a_copy_source_that_is_none_is_refused(given: str) -> None:
    operation = s3("CopyObject", Bucket="b", Key="k", CopySource=given)
    with pytest.raises(ServiceFault):
        normal.bucket_call(incoming("PUT", "/b/k"), operation, operation)


def test_the_switches_of_moto_are_not_passed_on() -> None:
    headers = {
        "x-moto-account-id": "1",
        "x-amz-target": "DeleteUser",
        "authorization": "AWS4",
        "x-amz-security-token": "secret",
        "x_amz_acl": "public-read",
        "x-amz-storage_class": "GLACIER",
        "policy": "",
        "host": "s3.amazonaws.com",
        "user-agent": "region/eu-west-1",
        "x-amz-acl": "private",
        "x-amz-meta-a_b": "1",
        "content-type": "text/plain",
        "if-match": "e",
        "range": "bytes=0-1",
    }
    assert set(passed(headers)) == {"x-amz-acl", "x-amz-meta-a_b", "content-type", "if-match", "range"}
