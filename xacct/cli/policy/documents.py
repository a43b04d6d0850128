"""Policy documents from files, with the file in every problem's place."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xacct.policy.document import Document
    from xacct.problem import Problem


LARGEST = 100_000
"""Characters without white space; the largest policy that AWS takes, of a KMS key, has 32,768."""


def read_text(path: str) -> str:
    """The text of a file, or of stdin for ``-``.

    Raises:
        BadInput: it is not there, or is no text.
    """
    from xacct.manifest.loading.files import Disk, decoded
    from xacct.problem import BadInput

    try:
        if path == "-":
            return decoded(Path("stdin"), sys.stdin.buffer.read())
        return Disk().text(Path(path))
    except BadInput as unreadable:  # no option -f names these files
        raise BadInput([replace(one, fix="Correct the path.") for one in unreadable.problems]) from None


def document_text(path: str) -> str:
    """The text of one document.

    Raises:
        BadInput: it cannot be read, or is far larger than any service takes.
    """
    from xacct.problem import BadInput, Place, Problem

    text = read_text(path)
    if len(text) > LARGEST and (size := len("".join(text.split()))) > LARGEST:
        detail = (
            f"{size:,} characters without white space; no service takes a policy of more than {32_768:,}."
        )
        fix = "Name a file with one policy document, or write patterns instead of lists."
        raise BadInput([Problem(summary="Too large", detail=detail, fix=fix, place=Place(path))])
    return text


def read_documents(*paths: str) -> tuple[Document, ...]:
    """A document from each file.

    Raises:
        BadInput: with every problem of every file.
    """
    from xacct.policy.document import Document, MalformedDocument
    from xacct.problem import BadInput

    found: list[Document] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            found.append(Document.parse(document_text(path)))
        except MalformedDocument as malformed:
            problems += placed(malformed.problems, path)
        except BadInput as unreadable:
            problems += unreadable.problems
    if problems:
        raise BadInput(problems)
    return tuple(found)


def placed(problems: tuple[Problem, ...], path: str) -> list[Problem]:
    """The problems of one document, with the file it came from."""
    return [
        replace(problem, place=replace(problem.place, file=path) if problem.place else None)
        for problem in problems
    ]
