"""A policy document: parsed with places, compared by meaning, sent as it was written."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import unquote_plus

from xacct.errors import ExitCode, XacctError
from xacct.policy.arn import PARTITIONS, is_account_id
from xacct.policy.jsontext import JsonFault, JsonList, JsonObject, Node, parse_json
from xacct.problem import Place, Problem

OLD, NEW = "2008-10-17", "2012-10-17"
Effect = Literal["Allow", "Deny"]
Condition = tuple[str, str, tuple[str, ...]]
"""Operator, key and values, normalised: both names in lower case, values as text, sorted."""

_TOP = ("Version", "Id", "Statement")
_PARTS = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
_ROOT = re.compile(rf"arn:(?:{'|'.join(PARTITIONS)}):iam::([^:]+):root")


class MalformedDocument(XacctError):
    """A text that is no policy document; ``problems`` says all that is wrong with it, each with its place."""

    exit_code = ExitCode.PROBLEM

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True, order=True)
class PrincipalElement:
    """One principal as a document names it: its type (``AWS``, ``Service``, ``*`` ...) and its value."""

    type: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement, normalised; ``source`` is its own text, exactly as the author wrote it.

    Of each pair such as ``actions`` and ``not_actions`` one is None. Equality is that of the meaning.
    """

    canonical: str
    effect: Effect = field(compare=False)
    sid: str = field(default="", compare=False)
    index: int = field(default=0, compare=False)
    principals: tuple[PrincipalElement, ...] | None = field(default=None, compare=False)
    not_principals: tuple[PrincipalElement, ...] | None = field(default=None, compare=False)
    actions: tuple[str, ...] | None = field(default=None, compare=False)
    not_actions: tuple[str, ...] | None = field(default=None, compare=False)
    resources: tuple[str, ...] | None = field(default=None, compare=False)
    not_resources: tuple[str, ...] | None = field(default=None, compare=False)
    conditions: tuple[Condition, ...] = field(default=(), compare=False)
    source: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A policy document that compares by meaning and is sent as it was written.

    ``canonical`` leaves Sids and the Id out, and the Version where no policy variable stands; ``wording``
    keeps them: it is what the service treats as the same text.
    """

    canonical: str
    wording: str = field(compare=False)
    source: str = field(compare=False, repr=False)
    version: str = field(compare=False)
    statements: tuple[Statement, ...] = field(compare=False, repr=False)

    @classmethod
    def parse(cls, source: str | bytes | Mapping[str, Any]) -> Document:
        """A document from text (URL-encoded as IAM returns it, or plain) or from a mapping.

        Raises:
            MalformedDocument: with every problem and its place.
        """
        if isinstance(source, bytes):
            try:
                source = source.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise MalformedDocument([_problem("", error.start, "Not text", "It is not UTF-8.")]) from None
        if not isinstance(source, str):
            source = json.dumps(source, separators=(",", ":"))
        if source.lstrip().startswith("%7B"):
            source = unquote_plus(source)
        return _parse(source)

    @classmethod
    def of(cls, *statements: Mapping[str, Any], version: str = NEW) -> Document:
        """A document of these statements, written indented."""
        return cls.parse(json.dumps({"Version": version, "Statement": list(statements)}, indent=2))


def splice(text: str | None, put: Sequence[str], drop: Collection[str]) -> str | None:
    """Own statements in and out of a document that others write too; foreign text is kept byte for byte.

    A statement in ``put`` takes the place of the one with the same Sid, else it is added at the end. None is
    returned where no statement is left; None or an empty text stands for no document yet.

    Raises:
        MalformedDocument: the text is no policy document.
    """
    new = {Document.parse(f'{{"Statement":[{one}]}}').statements[0].sid: one for one in put}
    if not text or not text.strip():
        body = ",".join(new.values())
        return f'{{"Version":"{NEW}","Statement":[{body}]}}' if new else None
    Document.parse(text)
    top = parse_json(text)
    assert isinstance(top.value, JsonObject)
    node = next(value for key, _, value in top.value.members if key == "Statement")
    items = node.value.items if isinstance(node.value, JsonList) else [node]
    kept: list[str] = []
    for item in items:
        sid = _sid(item)
        if sid and sid in new:
            kept.append(new.pop(sid))
        elif not (sid and sid in drop):
            kept.append(text[item.start : item.end])
    kept += new.values()
    if not kept:
        return None
    return f"{text[: node.start]}[{','.join(kept)}]{text[node.end :]}"


def _sid(item: Node) -> str:
    assert isinstance(item.value, JsonObject)
    return next((str(value.value) for key, _, value in item.value.members if key == "Sid"), "")


class _Reader:
    """Walks the tree of a document and gathers what is wrong with it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.problems: list[Problem] = []

    def wrong(self, at: int, summary: str, detail: str, fix: str = "Correct the document.") -> None:
        self.problems.append(_problem(self.text, at, summary, detail, fix))

    def members(self, node: Node, path: str, known: Sequence[str]) -> dict[str, Node]:
        """The members of an object by their name; unknown and doubled ones are problems."""
        if not isinstance(node.value, JsonObject):
            self.wrong(node.start, "Not an object", f"{path or 'The document'} must be an object.")
            return {}
        found: dict[str, Node] = {}
        for key, at, value in node.value.members:
            where = f"{path}.{key}" if path else key
            if key in found:
                self.wrong(at, "The same key twice", f"{where} stands twice; only one of them would count.")
            elif known and key not in known:
                self.wrong(at, "Unknown element", f"{where} is no element of a policy.")
            found[key] = value
        return found

    def texts(self, node: Node, path: str) -> tuple[str, ...]:
        """One value or a list of values, as a sorted set of texts."""
        several = isinstance(node.value, JsonList)
        items = node.value.items if isinstance(node.value, JsonList) else [node]
        found: set[str] = set()
        for number, item in enumerate(items):
            if isinstance(item.value, JsonObject | JsonList) or item.value is None:
                where = f"{path}[{number}]" if several else path
                self.wrong(item.start, "Not a text", f"{where} must be a text.")
                continue
            found.add(_text(item.value))
        return tuple(sorted(found))

    def statement(self, node: Node, index: int, path: str) -> Statement:
        """One statement, as far as it makes sense."""
        parts = self.members(node, path, _PARTS)
        for pair in (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource")):
            if pair[0] in parts and pair[1] in parts:
                self.wrong(
                    parts[pair[1]].start,
                    "Two that exclude each other",
                    f"{path} has {pair[0]} and {pair[1]}.",
                )
        effect = parts["Effect"].value if "Effect" in parts else None
        if effect not in ("Allow", "Deny"):
            at = parts["Effect"].start if "Effect" in parts else node.start
            self.wrong(at, "No effect", f"{path}.Effect must be Allow or Deny.")
        sid = parts["Sid"].value if "Sid" in parts else ""
        if not isinstance(sid, str):
            self.wrong(parts["Sid"].start, "Not a text", f"{path}.Sid must be a text.")
            sid = ""

        def texts(name: str) -> tuple[str, ...] | None:
            return self.texts(parts[name], f"{path}.{name}") if name in parts else None

        def principals(name: str) -> tuple[PrincipalElement, ...] | None:
            return self.principals(parts[name], f"{path}.{name}") if name in parts else None

        actions, not_actions = texts("Action"), texts("NotAction")
        if actions is None and not_actions is None and isinstance(node.value, JsonObject):
            self.wrong(node.start, "No action", f"{path} has neither Action nor NotAction.")
        made = {
            "principals": principals("Principal"),
            "not_principals": principals("NotPrincipal"),
            "actions": _lower(actions),
            "not_actions": _lower(not_actions),
            "resources": texts("Resource"),
            "not_resources": texts("NotResource"),
            "conditions": self.conditions(parts["Condition"], f"{path}.Condition")
            if "Condition" in parts
            else (),
        }
        canonical = json.dumps(
            {"effect": effect, **{name: _plain(value) for name, value in made.items()}}, separators=(",", ":")
        )
        return Statement(
            canonical=canonical,
            effect="Deny" if effect == "Deny" else "Allow",
            sid=sid,
            index=index,
            source=self.text[node.start : node.end],
            **made,  # type: ignore[arg-type]  # each value has the type of the field of its name
        )

    def principals(self, node: Node, path: str) -> tuple[PrincipalElement, ...]:
        """The principals of a statement; a bare account id and its root ARN are the same."""
        if node.value == "*":
            return (PrincipalElement("*", "*"),)
        if not isinstance(node.value, JsonObject):
            self.wrong(
                node.start, "Not a principal", f'{path} must be "*" or an object such as {{"AWS": ...}}.'
            )
            return ()
        found: set[PrincipalElement] = set()
        for kind, value in self.members(node, path, ()).items():
            if kind not in ("AWS", "Service", "Federated", "CanonicalUser"):
                self.wrong(
                    value.start, "Unknown kind of principal", f"{path}.{kind} is no kind of principal."
                )
            for text in self.texts(value, f"{path}.{kind}"):
                found.add(PrincipalElement(kind, _account_form(text) if kind == "AWS" else text))
        return tuple(sorted(found))

    def conditions(self, node: Node, path: str) -> tuple[Condition, ...]:
        """The conditions, flat and sorted."""
        found: list[Condition] = []
        for operator, keys in self.members(node, path, ()).items():
            name = operator.lower().replace("arnnotequals", "arnnotlike").replace("arnequals", "arnlike")
            for key, values in self.members(keys, f"{path}.{operator}", ()).items():
                found.append((name, key.lower(), self.texts(values, f"{path}.{operator}.{key}")))
        return tuple(sorted(found))


@lru_cache(maxsize=4096)
def _parse(text: str) -> Document:
    reader = _Reader(text)
    try:
        top = parse_json(text)
    except JsonFault as fault:
        problem = _problem(text, fault.at, "Not JSON", f"Not JSON: {fault.why}.", "Correct the JSON.")
        raise MalformedDocument([problem]) from None
    parts = reader.members(top, "", _TOP)
    version = parts["Version"].value if "Version" in parts else OLD
    if version not in (OLD, NEW):
        reader.wrong(
            parts["Version"].start, "Unknown version", f"Version must be {NEW} or {OLD}.", f'Write "{NEW}".'
        )
    statements: list[Statement] = []
    if "Statement" not in parts:
        if isinstance(top.value, JsonObject):
            reader.wrong(top.start, "No statement", "The document has no Statement.")
    else:
        node = parts["Statement"]
        items = node.value.items if isinstance(node.value, JsonList) else [node]
        for index, item in enumerate(items):
            path = f"Statement[{index}]" if isinstance(node.value, JsonList) else "Statement"
            statements.append(reader.statement(item, index, path))
    if reader.problems:
        raise MalformedDocument(reader.problems)
    variables = any("${" in statement.canonical for statement in statements)
    meaning = sorted({statement.canonical for statement in statements})
    worded = sorted({(statement.canonical, statement.sid) for statement in statements})
    name = parts["Id"].value if "Id" in parts else ""
    return Document(
        canonical=json.dumps([version if variables else "", meaning]),
        wording=json.dumps([version, str(name), worded]),
        source=text,
        version=str(version),
        statements=tuple(statements),
    )


def _problem(text: str, at: int, summary: str, detail: str, fix: str = "") -> Problem:
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    return Problem(summary=summary, detail=detail, fix=fix, place=Place("", line, column))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _account_form(text: str) -> str:
    if is_account_id(text):
        return text
    found = _ROOT.fullmatch(text)
    return found.group(1) if found else text


def _lower(texts: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if texts is None else tuple(sorted({text.lower() for text in texts}))


def _plain(value: Any) -> Any:
    if isinstance(value, PrincipalElement):
        return [value.type, value.value]
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
