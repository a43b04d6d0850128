"""Statements of a document that others write too: ours in and out, theirs kept byte for byte."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache

from xacct.policy.jsontext import JsonList, JsonObject, Node, parse_json
from xacct.policy.malformed import MalformedDocument, problems_of
from xacct.policy.normal import NEW


@lru_cache(maxsize=4096)
def statement_texts(text: str) -> tuple[str, ...]:
    """The own text of each statement of a document that is none the worse."""
    return tuple(text[item.start : item.end] for item in _items(_statements(text)))


def splice(
    text: str | None, put: Sequence[str], drop: Collection[str], dead: Collection[str] = ()
) -> str | None:
    """Own statements in and out of a document that others write too; foreign text is kept byte for byte.

    A statement in ``put`` takes the place of the one with the same Sid, and of every further one, which a Sid
    that somebody copied would be; else it is added at the end. ``dead``
    are unique ids of deleted principals that leave the foreign statements too, and a statement that named
    nobody else goes with them; of a NotPrincipal nothing is taken, which would widen it. None is returned
    where no statement is left; None or an empty text stands for no document yet.

    Raises:
        MalformedDocument: the text is no policy document.
    """
    new = {_sid(parse_json(one)): one for one in put}
    if not text or not text.strip():
        body = ",".join(new.values())
        return f'{{"Version":"{NEW}","Statement":[{body}]}}' if new else None
    if problems := problems_of(text):
        raise MalformedDocument(problems)
    node = _statements(text)
    gone = {*drop, *new}
    kept: list[str] = []
    for item in _items(node):
        sid = _sid(item)
        if sid and sid in new:
            kept.append(new.pop(sid))
        elif not (sid and sid in gone):
            kept += _without(text, item, dead)
    kept += new.values()
    if not kept:
        return None
    return f"{text[: node.start]}[{','.join(kept)}]{text[node.end :]}"


def _without(text: str, item: Node, dead: Collection[str]) -> list[str]:
    """The text of a statement without these principals; none where it named nobody else."""
    own = text[item.start : item.end]
    principal = _member(item, "Principal")
    named = _member(principal, "AWS") if principal is not None else None
    if principal is None or named is None:
        return [own]
    values = named.value.items if isinstance(named.value, JsonList) else [named]
    living = [text[one.start : one.end] for one in values if one.value not in dead]
    if len(living) == len(values):
        return [own]
    assert isinstance(principal.value, JsonObject)
    others = [
        f'"{key}":{text[node.start : node.end]}' for key, _, node in principal.value.members if key != "AWS"
    ]
    members = [f'"AWS":[{",".join(living)}]', *others] if living else others
    if not members:
        return []
    return [f"{text[item.start : principal.start]}{{{','.join(members)}}}{text[principal.end : item.end]}"]


def _member(node: Node, name: str) -> Node | None:
    if not isinstance(node.value, JsonObject):
        return None
    return next((value for key, _, value in node.value.members if key == name), None)


def _statements(text: str) -> Node:
    top = parse_json(text)
    assert isinstance(top.value, JsonObject)
    return next(value for key, _, value in top.value.members if key == "Statement")


def _items(node: Node) -> list[Node]:
    return node.value.items if isinstance(node.value, JsonList) else [node]


def _sid(item: Node) -> str:
    assert isinstance(item.value, JsonObject)
    return next((str(value.value) for key, _, value in item.value.members if key == "Sid"), "")
