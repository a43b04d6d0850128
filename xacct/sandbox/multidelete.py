"""DeleteObjects: one permission per key, and an answer that says of each key what became of it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import replace

from xacct.sandbox.answer import Answer, text
from xacct.sandbox.checksums import PREFIX
from xacct.sandbox.faults import ServiceFault
from xacct.sandbox.request import Demand, Incoming

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

BYPASS = "s3:bypassgovernanceretention"

Denied = Mapping[tuple[str, str], ServiceFault]
"""The refusals by action (lower case) and key."""


def named(demand: Demand) -> tuple[str, str]:
    """What a demand of DeleteObjects is about: its action and the key."""
    return demand.action.lower(), demand.resource.partition("/")[2]


def without(incoming: Incoming, denied: Denied) -> Incoming | None:
    """The request with nothing but the keys that are allowed, None where there is none.

    Written anew, so that moto can read no other key than those that were decided.
    """
    asked = _parsed(incoming.body)
    root = ET.Element("Delete", xmlns=NAMESPACE)
    for item in _objects(asked):
        if strange := {_local(child) for child in item} - {"Key", "VersionId"}:
            raise ServiceFault(
                status=501, code="NotImplemented", message=f"{min(strange)} of a key to delete is not mapped."
            )
        if _refusal_of(item, denied) is None:
            kept = ET.SubElement(root, "Object")
            for name in ("Key", "VersionId"):
                if value := _child(item, name):
                    ET.SubElement(kept, name).text = value
    if not len(root):
        return None
    if _child(asked, "Quiet").lower() == "true":
        ET.SubElement(root, "Quiet").text = "true"
    headers = {
        name: value
        for name, value in incoming.headers.items()
        if name != "content-md5" and not name.startswith(PREFIX)
    }
    return replace(incoming, headers=headers, body=ET.tostring(root, encoding="utf-8"))


def with_errors(given: Answer, asked: bytes, denied: Denied) -> Answer:
    """The answer with an error for each key that was asked for and denied."""
    errors = []
    for item in _objects(_parsed(asked)):
        refusal = _refusal_of(item, denied)
        if refusal is not None:
            key, version = _child(item, "Key"), _child(item, "VersionId")
            told = f"<VersionId>{text(version)}</VersionId>" if version else ""
            errors.append(
                f"<Error><Key>{text(key)}</Key>{told}<Code>{refusal.code}</Code>"
                f"<Message>{text(refusal.message)}</Message></Error>"
            )
    end = b"</DeleteResult>"
    head, found, tail = given.body.rpartition(end)
    if not found:
        head, tail = _EMPTY.removesuffix(end), b""
    return replace(given, body=head + "".join(errors).encode() + end + tail)


def nothing_deleted() -> Answer:
    """The answer to a request of which no key was allowed, still without its errors."""
    return Answer(status=200, headers=(("content-type", "application/xml"),), body=_EMPTY)


_EMPTY = f'<?xml version="1.0" encoding="UTF-8"?>\n<DeleteResult xmlns="{NAMESPACE}"></DeleteResult>'.encode()


def _parsed(body: bytes) -> ET.Element:
    try:
        if b"<!DOCTYPE" in body:
            raise ET.ParseError("a document type is not expected")
        return ET.fromstring(body)
    except ET.ParseError:
        raise ServiceFault(
            status=400,
            code="MalformedXML",
            message="The XML you provided was not well-formed.",
        ) from None


def _refusal_of(item: ET.Element, denied: Denied) -> ServiceFault | None:
    key = _child(item, "Key")
    action = "s3:deleteobjectversion" if _child(item, "VersionId") else "s3:deleteobject"
    return denied.get((action, key)) or denied.get((BYPASS, key))


def _objects(asked: ET.Element) -> list[ET.Element]:
    return [child for child in asked if _local(child) == "Object"]


def _child(item: ET.Element, name: str) -> str:
    return next((child.text or "" for child in item if _local(child) == name), "")


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
