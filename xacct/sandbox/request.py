"""One request to the embedded cloud, as values: as it came in, who sent it, what it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xacct.policy.document import Document
    from xacct.policy.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An HTTP request as it arrived, its body complete and unchunked.

    ``path`` and ``query`` are as on the wire (still percent-encoded); header names are lower case.
    """

    method: str
    host: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    source_ip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who signed a request: the principal, its account, and what its session carries.

    ``session_policies`` is None where the credentials came without one; ``context`` holds the condition keys
    that the session fixes (``aws:TokenIssueTime``, ``aws:MultiFactorAuthPresent``; ``sts:ExternalId`` is not
    among them: it belongs to a request). An unsigned request has the principal ``Anonymous()`` and the
    account "".
    """

    principal: Principal
    account: str
    access_key_id: str = ""
    session_policies: tuple[Document, ...] | None = None
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a request asks for, by the service's own model: ``iam``/``CreateRole`` with its parameters.

    ``params`` are as botocore would name them (``RoleName``, ``Bucket``, ``Key``), documents still text.
    """

    service: str
    name: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One permission that an operation needs: all demands of an operation must be allowed.

    ``account`` owns the resource, "" where nobody does (a bucket that does not exist).
    """

    action: str
    resource: str
    account: str
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
