"""DeleteObjects with some keys denied: those are left out, and named in the answer."""

from __future__ import annotations

import pytest

from xacct.sandbox import multidelete
from xacct.sandbox.answer import Answer
from xacct.sandbox.faults import ServiceFault
from xacct.sandbox.request import Demand, Incoming

REFUSED = ServiceFault(status=403, code="AccessDenied", message="no & no")
BODY = (
    b'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a</Key></Object>'
    b"<Object><Key>b&amp;c</Key></Object><Object><Key>a</Key><VersionId>7</VersionId></Object></Delete>"
)


def incoming(body: bytes = BODY) -> Incoming:
    return Incoming(
        method="POST",
        host="localhost",
        path="/b",
        query="delete",
        headers={"content-md5": "x", "x-amz-checksum-crc32": "y", "content-type": "text/xml"},
        body=body,
        source_ip="127.0.0.1",
    )


def test_a_demand_is_known_by_its_action_and_key() -> None:
    demand = Demand(action="s3:DeleteObject", resource="arn:aws:s3:::b/dir/key", account="1")
    assert multidelete.named(demand) == ("s3:deleteobject", "dir/key")


def test_a_denied_key_is_taken_out_with_the_digests_of_the_old_body() -> None:
    left = multidelete.without(incoming(), {("s3:deleteobject", "b&c"): REFUSED})
    assert left is not None
    assert (left.body.count(b"Object>"), b"b&amp;c" in left.body) == (4, False)
    assert dict(left.headers) == {"content-type": "text/xml"}


def test_a_version_has_a_permission_of_its_own() -> None:
    left = multidelete.without(incoming(), {("s3:deleteobjectversion", "a"): REFUSED})
    assert left is not None
    assert (left.body.count(b"Object>"), b"VersionId" in left.body) == (4, False)


def test_a_denied_bypass_of_retention_is_a_denied_key() -> None:
    left = multidelete.without(incoming(), {("s3:bypassgovernanceretention", "a"): REFUSED})
    assert left is not None
    assert (left.body.count(b"Object>"), b"b&amp;c" in left.body) == (2, True)


def test_a_second_key_in_one_object_is_not_passed_on() -> None:
    body = b"<Delete><Quiet>true</Quiet><Object><Key>a</Key><Key>b</Key></Object></Delete>"
    left = multidelete.without(incoming(body), {})
    assert left is not None
    assert (b">a<" in left.body, b">b<" in left.body, b"Quiet>true<" in left.body) == (True, False, True)


def test_a_condition_on_a_key_is_refused_not_forgotten() -> None:
    body = b"<Delete><Object><Key>a</Key><ETag>e</ETag></Object></Delete>"
    with pytest.raises(ServiceFault) as caught:
        multidelete.without(incoming(body), {})
    assert caught.value.status == 501


def test_nothing_left_is_nothing_sent() -> None:
    denied = {("s3:deleteobject", "a"): REFUSED, ("s3:deleteobject", "b&c"): REFUSED}
    assert multidelete.without(incoming(), denied | {("s3:deleteobjectversion", "a"): REFUSED}) is None


def test_each_denied_key_has_an_error_in_the_answer() -> None:
    given = Answer(status=200, body=b"<DeleteResult><Deleted><Key>a</Key></Deleted></DeleteResult>")
    found = multidelete.with_errors(given, BODY, {("s3:deleteobject", "b&c"): REFUSED}).body
    assert found == (
        b"<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b&amp;c</Key><Code>AccessDenied</Code>"
        b"<Message>no &amp; no</Message></Error></DeleteResult>"
    )


def test_an_answer_without_anything_takes_the_errors_too() -> None:
    given = multidelete.nothing_deleted()
    found = multidelete.with_errors(given, BODY, {("s3:deleteobject", "a"): REFUSED}).body
    assert found.count(b"<Error>") == 1
    assert found.endswith(b"</Error></DeleteResult>")


@pytest.mark.parametrize("body", [b"", b"<Delete>", b"<!DOCTYPE x><Delete></Delete>"])
def test_what_is_no_xml_is_refused(body: bytes) -> None:
    with pytest.raises(ServiceFault) as caught:
        multidelete.without(incoming(body), {("s3:deleteobject", "a"): REFUSED})
    assert caught.value.code == "MalformedXML"
