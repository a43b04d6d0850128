"""Answers in each protocol's XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from xacct.sandbox import answer
from xacct.sandbox.faults import ServiceFault

FAULT = ServiceFault(status=403, code="AccessDenied", message="a <b> & \x00c", extra=(("Key", "<k>"),))


def test_a_fault_of_iam_is_an_error_response() -> None:
    given = answer.fault(FAULT, service="iam", request_id="r-1")
    root = ET.fromstring(given.body)
    space = "{https://iam.amazonaws.com/doc/2010-05-08/}"
    assert root.tag == f"{space}ErrorResponse"
    assert root.findtext(f"{space}Error/{space}Message") == "a <b> & ?c"
    assert root.findtext(f"{space}RequestId") == "r-1"
    assert given.status == 403


def test_a_fault_of_s3_is_an_error_with_its_details() -> None:
    root = ET.fromstring(answer.fault(FAULT, service="s3", request_id="r-1").body)
    assert (root.tag, root.findtext("Code"), root.findtext("Key")) == ("Error", "AccessDenied", "<k>")


def test_a_head_request_gets_no_body() -> None:
    given = answer.fault(FAULT, service="s3", request_id="r-1", head=True)
    assert (given.status, given.body) == (403, b"")


def test_a_server_fault_is_the_receivers() -> None:
    broken = ServiceFault(status=500, code="InternalFailure", message="")
    assert b"<Type>Receiver</Type>" in answer.fault(broken, service="sts", request_id="r").body
