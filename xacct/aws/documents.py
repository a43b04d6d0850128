"""Policy documents as services hand them out, turned into the plain text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

_WHERE: dict[str, tuple[str, ...]] = {
    "GetBucketPolicy": ("Policy",),
    "GetKeyPolicy": ("Policy",),
    "GetGroupPolicy": ("PolicyDocument",),
    "GetPolicyVersion": ("PolicyVersion", "Document"),
    "GetRole": ("Role", "AssumeRolePolicyDocument"),
    "GetRolePolicy": ("PolicyDocument",),
    "GetUserPolicy": ("PolicyDocument",),
}


def plain(document: str | Mapping[str, Any]) -> str:
    """The text of a document that came percent-encoded, as plain text, or as an object.

    The text itself says which: a JSON document begins with a brace, and an encoded one with ``%7B`` or with
    encoded white space. Decoding what is not encoded would turn ``%2B`` inside a resource into ``+``, as
    the SDK's own decoder does to the documents of Ceph (the gateway therefore switches it off).
    """
    if isinstance(document, Mapping):
        return json.dumps(document, ensure_ascii=False)
    return unquote(document) if document.lstrip().startswith("%") else document


def document_in(operation: str, answer: Mapping[str, Any]) -> str | None:
    """The text of the document in the answer to ``GetBucketPolicy`` and the like; None where it has none."""
    found: Any = answer
    for key in _WHERE[operation]:
        found = found.get(key) if isinstance(found, Mapping) else None
    return plain(found) if found else None
