"""What goes back to a client: an answer as a value, and faults in each protocol's own XML."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from uuid import uuid4
from xml.sax.saxutils import escape

from xacct.sandbox.faults import ServiceFault

NAMESPACES = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status, headers and body of a response.

    Lengths are the server's business; only the answer to a HEAD request brings its own.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)

    @property
    def ok(self) -> bool:
        """Whether the request was done."""
        return self.status < 400


def new_request_id() -> str:
    """An id as IAM and STS give them."""
    return str(uuid4())


def text(value: str) -> str:
    """Text inside an XML element; what XML cannot hold becomes a question mark."""
    return escape(_NOT_XML.sub("?", value))


def fault(refusal: ServiceFault, *, service: str, request_id: str, head: bool = False) -> Answer:
    """A fault in the service's protocol; a HEAD request gets no body, as HTTP says."""
    headers = [("x-amzn-requestid" if service != "s3" else "x-amz-request-id", request_id)]
    if head:
        return Answer(status=refusal.status, headers=tuple(headers))
    if service == "kms":
        code = "AccessDeniedException" if refusal.code == "AccessDenied" else refusal.code
        status = 400 if code == "AccessDeniedException" else refusal.status
        said = json.dumps({"__type": code, "message": refusal.message})
        kind = "application/x-amz-json-1.1"
        return Answer(status=status, headers=(*headers, ("content-type", kind)), body=said.encode())
    body = _s3(refusal, request_id) if service == "s3" else _query(refusal, service, request_id)
    kind = "application/xml" if service == "s3" else "text/xml"
    return Answer(status=refusal.status, headers=(*headers, ("content-type", kind)), body=body.encode())


def result(service: str, operation: str, inner: str, request_id: str) -> Answer:
    """The answer of a query-protocol operation; ``inner`` is the XML of its result element."""
    body = (
        f'<{operation}Response xmlns="{NAMESPACES[service]}"><{operation}Result>{inner}</{operation}Result>'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    )
    headers = (("x-amzn-requestid", request_id), ("content-type", "text/xml"))
    return Answer(status=200, headers=headers, body=body.encode())


def _query(refusal: ServiceFault, service: str, request_id: str) -> str:
    kind = "Receiver" if refusal.status >= 500 else "Sender"
    return (
        f'<ErrorResponse xmlns="{NAMESPACES.get(service, NAMESPACES["sts"])}"><Error><Type>{kind}</Type>'
        f"<Code>{text(refusal.code)}</Code><Message>{text(refusal.message)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )


def _s3(refusal: ServiceFault, request_id: str) -> str:
    extra = "".join(f"<{name}>{text(value)}</{name}>" for name, value in refusal.extra)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{text(refusal.code)}</Code><Message>{text(refusal.message)}</Message>{extra}"
        f"<RequestId>{request_id}</RequestId><HostId>sandbox</HostId></Error>"
    )
