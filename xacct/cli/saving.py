"""Plan files on the disk: written whole, read with suspicion."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from xacct import __version__
from xacct.errors import BadUsage, Refused, XacctError
from xacct.manifest.loading.files import LARGEST
from xacct.manifest.loading.schema import schema_text
from xacct.plan.bound import checksum
from xacct.plan.codec import digest_of
from xacct.problem import BadInput, Place, Problem
from xacct.render.json import text_of

_AGAIN = "Nothing was sent. Plan again, and have the new plan approved."


def write_plan(path: str, body: Mapping[str, Any]) -> None:
    """The file, whole or not at all, to be read by its owner only: it shows who may reach what.

    What is no file, such as a pipe or a terminal, is written to and left what it is.

    Raises:
        XacctError: it cannot be written.
    """
    target = Path(path)
    if target.exists() and not target.is_file() and not target.is_dir():
        _write_through(target, text_of(body))
        return
    beside = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text_of(body))
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise _unwritten(path, error) from None


def _write_through(target: Path, text: str) -> None:
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _unwritten(str(target), error) from None


def _unwritten(path: str, error: OSError) -> XacctError:
    return XacctError(
        f"the plan cannot be written to {path}: {error.strerror}", fix="Name another file with -o."
    )


def read_plan(path: str, approved: str = "") -> dict[str, Any]:
    """A plan file that is whole, of this version, with the digest that was approved, if one was.

    That its steps are the right ones is another question, which only manifest and accounts can answer.

    Raises:
        BadUsage: there is no such file.
        BadInput: it is no plan.
        Refused: it was made by another version, or was changed since.
    """
    body = _parsed(path, _text(path))
    if not isinstance(body, dict) or "format" not in body or "steps" not in body:
        raise _no_plan(path, "It has neither format nor steps.")
    if body["format"] != 1 or body.get("xacct") != __version__:
        raise Refused(
            f"{path} was made by xacct {body.get('xacct')} (format {body['format']}), and this is "
            f"{__version__} (format 1)",
            fix="Use the version that made it, or plan again.",
        )
    problems = plan_faults(path, body)
    if problems:
        raise BadInput(problems[:20])
    if "bound" not in body:
        raise _no_plan(path, "It was printed and not saved: what it was made from is missing.")
    if body["checksum"] != checksum(body) or body["digest"] != digest_of(body):
        raise Refused(f"{path} was changed after it was made: its checksum does not fit", fix=_AGAIN)
    if approved and approved != body["digest"]:
        raise Refused(
            f"{path} has the digest {body['digest']}, and {approved} was approved",
            fix="Nothing was sent. Look at it with xacct show, and approve it if it is right.",
        )
    return body


def plan_faults(path: str, body: Any) -> list[Problem]:
    """Where a plan read from somewhere does not fit the schema of plans."""
    validator = Draft202012Validator(json.loads(schema_text("plan")))
    return [
        Problem(
            summary="Not a plan",
            detail=f"{'/'.join(map(str, error.absolute_path)) or 'The file'}: {error.message[:200]}.",
            fix="Write the plan with xacct plan -o FILE, and leave it as it is.",
            place=Place(path),
        )
        for error in sorted(
            validator.iter_errors(body), key=lambda error: list(map(str, error.absolute_path))
        )
    ]


def _text(path: str) -> str:
    try:
        with Path(path).open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError as error:
        raise BadUsage(
            f"the plan file {path} cannot be read: {error.strerror}",
            fix="Write one with: xacct plan -o FILE.",
        ) from None
    if len(data) > LARGEST:
        raise _no_plan(path, f"It is larger than {LARGEST // 1024 // 1024} MiB.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _no_plan(path, f"It is not UTF-8 text: byte {error.start} makes no sense.") from None


def _parsed(path: str, text: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a key comes twice in one object")
        return found

    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=_refuse)
    except RecursionError:
        raise _no_plan(path, "It is nested too deep.") from None
    except ValueError as error:
        raise _no_plan(path, f"It is no JSON: {error}.") from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")


def _no_plan(path: str, why: str) -> BadInput:
    return BadInput(
        [
            Problem(
                summary="Not a plan",
                detail=f"{path} is no saved plan. {why}",
                fix="Write one with: xacct plan -o FILE.",
                place=Place(path),
            )
        ]
    )
