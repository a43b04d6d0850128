"""Resources as plain values and back again, whole: what a journal keeps of what a step finds and leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, cast, get_origin, get_type_hints

from immutabledict import immutabledict

from xacct.account import Account
from xacct.kinds import KINDS
from xacct.policy.document import Document
from xacct.resource import Resource

_KINDS = {kind.kind: kind for kind in KINDS}


def image_of(resource: Resource) -> dict[str, Any]:
    """Every field, the texts of documents as they are."""
    return {
        "kind": resource.kind,
        **{name: _plain(getattr(resource, name)) for name in _types(type(resource))},
    }


def resource_of(image: Mapping[str, Any], accounts: Mapping[str, Account]) -> Resource:
    """The resource of an image; ``accounts`` are those of the run, by name.

    Raises:
        ValueError: the image is not one of a kind that this version knows.
    """
    kind = _KINDS.get(str(image.get("kind")))
    if kind is None:
        raise ValueError(f"there is no kind {image.get('kind')!r}")
    types = _types(kind)
    if image.keys() - {"kind"} != types.keys():
        raise ValueError(f"an image of a {kind.kind} has other fields")
    made: Any = kind
    return cast(Resource, made(**{name: _value(image[name], hint, accounts) for name, hint in types.items()}))


@cache
def _types(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind) if field.init}


def _plain(value: Any) -> Any:
    match value:
        case Account():
            return value.name
        case Document():
            return value.source
        case Mapping():
            return {key: _plain(item) for key, item in sorted(value.items())}
        case frozenset():
            return sorted(_plain(item) for item in value)
        case tuple():
            return [_plain(item) for item in value]
        case str() | int() | None:
            return value
    raise TypeError(f"a journal cannot hold a {type(value).__name__}")


def _value(plain: Any, hint: Any, accounts: Mapping[str, Account]) -> Any:
    if hint is Account:
        if plain not in accounts:
            raise ValueError(f"there is no account {plain!r}")
        return accounts[plain]
    if hint is Document:
        return Document.parse(plain)
    if get_origin(hint) is immutabledict:
        return immutabledict(plain)
    if get_origin(hint) in (frozenset, tuple):
        return get_origin(hint)(plain)
    return plain
