"""How xacct marks what it makes: tags on roles, Sids in documents, names and paths.

A mark says which manifest made a thing, and carries a fingerprint of the content: a mark alone never
authorizes a deletion.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from xacct.policy.document import NEW, Document, Statement
from xacct.resource import Mark

MANIFEST_TAG = "xacct:manifest"
FINGERPRINT_TAG = "xacct:fingerprint"
_SID = re.compile(r"Xacct([0-9a-f]{8})([0-9a-f]{12})([0-9]*)")
_LONGEST_NAME = 128


def digest(text: str, length: int) -> str:
    """The first hexadecimal digits of a text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def marker(manifest: str) -> str:
    """What stands for a manifest in every mark: eight hexadecimal digits."""
    return digest(manifest, 8)


def policy_name(manifest: str, link: str) -> str:
    """The generated name of an inline policy; names that are too long end in a hash."""
    name = f"xacct-{manifest}-{link}"
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[: _LONGEST_NAME - 9]}-{digest(name, 8)}"


def marked_document(manifest: str, statements: Sequence[Mapping[str, Any]], version: str = NEW) -> Document:
    """A generated document, each of its statements with a Sid that carries marker and fingerprint."""
    return remarked_document(marker(manifest), statements, version)


def remarked_document(
    manifest_marker: str, statements: Sequence[Mapping[str, Any]], version: str = NEW
) -> Document:
    """The same for a manifest of which only the marker is known."""
    bare = Document.of(*statements, version=version)
    stamp = digest(bare.canonical, 12)
    return Document.of(
        *(
            {"Sid": f"Xacct{manifest_marker}{stamp}{number}", **statement}
            for number, statement in enumerate(statements)
        ),
        version=version,
    )


def like(model: Document, statements: Sequence[Mapping[str, Any]], partition: str) -> Document:
    """A document of these statements that is marked where the model is; without any it says nothing."""
    some = list(statements) or [nothing(partition)]
    mark = document_mark(model)
    if mark is None:
        return Document.of(*some, version=model.version)
    return remarked_document(mark.manifest, some, model.version)


def nothing(partition: str) -> dict[str, Any]:
    """A statement that has no effect, because services refuse a document without statements."""
    return {
        "Effect": "Deny",
        "Action": "s3:GetObject",
        "Resource": f"arn:{partition}:s3:::xacct-holds-a-place/nothing",
    }


def document_mark(document: Document) -> Mark | None:
    """The mark of a generated document; None where no statement has one."""
    found = [_SID.fullmatch(statement.sid) for statement in document.statements]
    first = next((sid for sid in found if sid), None)
    if first is None:
        return None
    stamp = digest(document.canonical, 12)
    intact = all(sid and sid.group(1) == first.group(1) and sid.group(2) == stamp for sid in found)
    return Mark(manifest=first.group(1), intact=intact)


def marked_statement(manifest: str, statement: Statement) -> str:
    """A statement's text with our Sid in place of the author's, for a document that others write too."""
    return remarked_statement(marker(manifest), statement)


def remarked_statement(manifest_marker: str, statement: Statement) -> str:
    """The same for a manifest of which only the marker is known."""
    body = json.loads(statement.source)
    body.pop("Sid", None)
    return json.dumps({"Sid": f"Xacct{manifest_marker}{digest(statement.canonical, 12)}", **body})


def statement_mark(statement: Statement) -> Mark | None:
    """The mark of one statement; None where its Sid is not ours."""
    sid = _SID.fullmatch(statement.sid)
    if sid is None or sid.group(3):
        return None
    return Mark(manifest=sid.group(1), intact=sid.group(2) == digest(statement.canonical, 12))
