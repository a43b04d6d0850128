"""Policy documents that the author wrote: JSON files, or mappings in the manifest itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from xacct.manifest.loading.files import Files
from xacct.manifest.loading.tree import Items, Node, Scalar, Table, plain
from xacct.manifest.model import WrittenDocument
from xacct.policy.document import Document, MalformedDocument
from xacct.problem import BadInput, Place, Problem, Severity


def read_document(node: Node, folder: Path, files: Files, problems: list[Problem]) -> WrittenDocument | None:
    """The document that a ``file:`` or an inline mapping stands for; what is wrong goes to ``problems``.

    A file's problems have their places in that file.
    """
    if not isinstance(node, Table):
        return None
    named = node.members.get("file")
    if named is None:
        return _inline(node, problems)
    if "Statement" in node.members:
        problems.append(
            Problem(
                summary="Two ways at once",
                detail="A document is a file or stands here, not both.",
                fix="Take one of the two out.",
                place=node.keys["Statement"],
            )
        )
        return None
    path = folder / (named.text if isinstance(named, Scalar) else "")
    try:
        text = files.text(path)
        document = Document.parse(text)
    except BadInput as found:
        problems += [replace(problem, place=named.place) for problem in found.problems]
        return None
    except MalformedDocument as found:
        problems += [replace(problem, place=_in_file(problem.place, path)) for problem in found.problems]
        return None
    _warn_version(document, Place(str(path), 1, 1), problems)
    return WrittenDocument(document=document, origin=str(path), place=named.place)


def _inline(node: Table, problems: list[Problem]) -> WrittenDocument | None:
    if "Statement" not in node.members:
        problems.append(
            Problem(
                summary="No document",
                detail="A policy document is meant here: a file, or Version and Statement.",
                fix="Write {file: PATH}, or the document itself.",
                place=node.place,
            )
        )
        return None
    body = {key: value for key, value in plain(node).items() if key in ("Version", "Id", "Statement")}
    try:
        document = Document.parse(json.dumps(body, indent=2))
    except MalformedDocument as found:
        problems += [replace(problem, place=_in_tree(node, problem)) for problem in found.problems]
        return None
    _warn_version(document, node.place, problems)
    return WrittenDocument(document=document, origin=str(node.place), place=node.place)


def _in_file(place: Place | None, path: Path) -> Place:
    return Place(str(path), place.line, place.column) if place else Place(str(path))


def _in_tree(node: Table, problem: Problem) -> Place:
    """The statement that a problem speaks of, as far as its number tells."""
    statements = node.members["Statement"]
    if isinstance(statements, Items):
        for number, item in enumerate(statements.items):
            if f"Statement[{number}]" in problem.detail:
                return item.place
    return statements.place


def _warn_version(document: Document, place: Place, problems: list[Problem]) -> None:
    if '"Version"' not in document.source:
        problems.append(
            Problem(
                summary="No version",
                detail="The document has no Version, so it counts as 2008-10-17, which knows no policy variables.",
                fix='It is sent as it is. Better add "Version": "2012-10-17".',
                place=place,
                severity=Severity.WARNING,
            )
        )
