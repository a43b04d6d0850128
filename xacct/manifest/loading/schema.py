"""The shape of a manifest, by its JSON Schema; each fault becomes a problem with a place and a way out."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from xacct.manifest.loading.secrets import without_secret
from xacct.manifest.loading.tree import Items, Node, Scalar, Table, plain
from xacct.problem import Place, Problem

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

_SECRETS = ("secret", "password", "token", "access_key", "accesskey")
_URL = "^https?://"
_ALPHABETS = {
    "^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$": "small letters and digits, hyphens between them",
    _URL: "a URL, such as https://objects.example.com",
    "^[A-Za-z0-9+=,.@:/_-]+$": "letters, digits and +=,.@:/_-",
    "^[A-Za-z0-9][A-Za-z0-9_-]*$": "letters and digits, and after the first also _ and -",
    "^[A-Za-z0-9+=,.@_-]+$": "letters, digits and +=,.@_-",
}
"""The patterns of the schema in words; a test finds one that is missing."""
_KINDS = {
    "string": "a text",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}


def schema_text(name: str) -> str:
    """A JSON Schema of ours, ``manifest``, ``plan`` or ``findings``, from the installed package or the repository."""
    file = f"{name}.v1.json"
    packaged = resources.files("xacct") / "schemas" / file
    if packaged.is_file():
        return packaged.read_text("utf-8")
    return (Path(__file__).parents[3] / "schemas" / file).read_text("utf-8")


TreePath: TypeAlias = tuple[str | int, ...]
"""Where in a tree: section, then the entry's key or number, and so on."""


_STANDING = ("additionalProperties", "minItems", "uniqueItems")
"""What is wrong about a node as a whole, while all that is in it can be judged."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of shape; ``spoils`` tells that the node at ``path`` cannot be read any further."""

    path: TreePath
    problem: Problem
    spoils: bool


def check_shape(tree: Node) -> list[Fault]:
    """Every fault of shape in one file's tree, with the path of what is wrong."""
    if not isinstance(tree, Table):
        problem = Problem(
            summary="Not a manifest",
            detail="A manifest is a mapping with keys such as version, accounts and links.",
            fix="Begin with version: 1.",
            place=tree.place,
        )
        return [Fault((), problem, spoils=True)]
    errors = sorted(
        _validator().iter_errors(plain(tree)), key=lambda error: [str(part) for part in error.path]
    )
    return [
        Fault(tuple(error.absolute_path), problem, spoils=error.validator not in _STANDING)
        for error in errors
        for problem in _problems(error, tree)
    ]


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(schema_text("manifest")))


def _problems(error: Any, tree: Table) -> Iterator[Problem]:
    path = list(error.absolute_path)
    node = _find(tree, path)
    place = node.place
    where = _spoken(path)
    match error.validator:
        case "additionalProperties":
            yield from _unknown_keys(error, node, where)
        case "required":
            missing = next(key for key in error.validator_value if key not in error.instance)
            yield Problem(
                summary="Missing key",
                detail=f'{where} has no "{missing}". {_described(error.schema, missing)}'.rstrip(),
                fix=f"Add {missing}:.",
                place=place,
            )
        case "type":
            yield _wrong_kind(error, node, where, place)
        case "enum" | "const":
            yield _not_one_of(error, where, place)
        case "pattern" | "minLength" | "maxLength":
            yield Problem(
                summary="Malformed value",
                detail=f"{where} cannot be {_quoted(_showable(error))}. {_about(error)}".rstrip(),
                fix=_pattern_fix(path, node, error),
                place=place,
            )
        case "minItems":
            yield Problem(
                summary="Empty list",
                detail=f"{where} is an empty list, which would mean nothing.",
                fix="Name at least one, or take the key out.",
                place=place,
            )
        case "uniqueItems":
            yield Problem(
                summary="Named twice",
                detail=f"{where} names the same thing twice.",
                fix="Take one of them out.",
                place=place,
            )
        case "minimum" | "maximum":
            least, most = error.schema.get("minimum"), error.schema.get("maximum")
            span = " to ".join(str(one) for one in (least, most) if one is not None)
            yield Problem(
                summary="Malformed value",
                detail=f"{where} cannot be {error.instance}. {_about(error)}".rstrip(),
                fix=f"Write {span}." if most is not None else f"Write {span} or more.",
                place=place,
            )
        case _:
            yield Problem(
                summary="Malformed value",
                detail=f"{where}: {error.message}.",
                fix="See: xacct schema.",
                place=place,
            )


def _unknown_keys(error: Any, node: Node, where: str) -> Iterator[Problem]:
    known = list(error.schema.get("properties", {}))
    for key in error.instance:
        if key in known:
            continue
        place = node.keys.get(key) if isinstance(node, Table) else node.place
        if any(word in key.lower().replace("-", "_") for word in _SECRETS):
            yield Problem(
                summary="A secret in a manifest",
                detail=f'{where} has a key "{key}". Secrets never stand in a manifest: it is kept in Git.',
                fix="Take it out, revoke it if it was real, and name a profile instead.",
                place=place,
            )
            continue
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
        hint = f'Did you mean "{near[0]}"?' if near else f"Known here: {', '.join(known)}."
        yield Problem(
            summary="Unknown key",
            detail=f'{where} has no key "{key}"; it would be ignored.',
            fix=hint,
            place=place,
        )


def _wrong_kind(error: Any, node: Node, where: str, place: Place) -> Problem:
    kinds = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    wanted = " or ".join(_KINDS[kind] for kind in kinds)
    if isinstance(node, Scalar) and isinstance(node.value, int | float) and "string" in kinds:
        return Problem(
            summary="A number where a text is meant",
            detail=f"{where} is the number {node.text}, but {wanted} is meant; ids lose zeros that way.",
            fix=f'Put it in quotes: "{node.text}".',
            place=place,
        )
    if kinds == ["boolean"] and isinstance(node, Scalar):
        yes = node.text.lower() in ("yes", "on", "y")
        no = node.text.lower() in ("no", "off", "n")
        return Problem(
            summary="Wrong kind of value",
            detail=f"{where} must be true or false, not {_quoted(node.text)}.",
            fix="Write true." if yes else "Write false." if no else "Write true or false.",
            place=place,
        )
    return Problem(
        summary="Wrong kind of value",
        detail=f"{where} must be {wanted}, not {_kind_of(node)}.",
        fix=_described_fix(error),
        place=place,
    )


def _not_one_of(error: Any, where: str, place: Place) -> Problem:
    allowed = error.validator_value if error.validator == "enum" else [error.validator_value]
    near = difflib.get_close_matches(str(error.instance), [str(one) for one in allowed], n=1, cutoff=0.6)
    hint = f'Did you mean "{near[0]}"? ' if near else ""
    return Problem(
        summary="Not one of the known values",
        detail=f"{where} cannot be {_quoted(error.instance)}.",
        fix=f"{hint}It can be: {', '.join(json.dumps(one).strip(chr(34)) for one in allowed)}.",
        place=place,
    )


def _pattern_fix(path: Sequence[Any], node: Node, error: Any) -> str:
    if path and path[-1] == "id" and isinstance(node, Scalar):
        digits = len(node.text)
        if node.text.isdigit() and digits < 12:
            return f"It has {digits} digits, not 12: did it lose a zero? Write it in quotes."
        return 'Write 12 digits in quotes, such as "111122223333".'
    schema = error.schema
    alphabet = _ALPHABETS.get(schema.get("pattern", ""), "")
    length = (
        f"{schema.get('minLength', 1)} to {schema['maxLength']} characters" if "maxLength" in schema else ""
    )
    return f"Write {': '.join(part for part in (length, alphabet) if part) or 'one character or more'}."


def _showable(error: Any) -> Any:
    """The value that is wrong; of what should be a URL without a password that may stand in it."""
    url = error.schema.get("pattern") == _URL and isinstance(error.instance, str)
    return without_secret(error.instance) if url else error.instance


def _described(schema: Any, key: str) -> str:
    return str(schema.get("properties", {}).get(key, {}).get("description", ""))


def _about(error: Any) -> str:
    return str(error.schema.get("description", ""))


def _described_fix(error: Any) -> str:
    return _about(error) or "See: xacct schema."


def _kind_of(node: Node) -> str:
    match node:
        case Table():
            return "a mapping"
        case Items():
            return "a list"
        case Scalar(value=None):
            return "nothing"
        case Scalar(text=text):
            return _quoted(text)


def _quoted(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return f'"{text[:60]}..."' if len(text) > 60 else f'"{text}"'


def _find(tree: Node, path: Sequence[Any]) -> Node:
    """The node at a path."""
    node: Node = tree
    for part in path:
        if isinstance(node, Table):
            node = node.members[part]
        elif isinstance(node, Items):
            node = node.items[part]
    return node


def _spoken(path: Sequence[Any]) -> str:
    if not path:
        return "The manifest"
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
