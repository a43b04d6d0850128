"""A policy document: compared by meaning, read with the place of every problem, sent as it was written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import unquote_plus

from xacct.policy.malformed import MalformedDocument, not_text, problems_of
from xacct.policy.normal import (
    NEW,
    Condition,
    DocumentMeaning,
    PrincipalElement,
    StatementMeaning,
    meaning,
)
from xacct.policy.splice import statement_texts

__all__ = [
    "NEW",
    "Condition",
    "Document",
    "Effect",
    "MalformedDocument",
    "PrincipalElement",
    "Statement",
    "same_text",
]

Effect = Literal["Allow", "Deny"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement, normalised. Equality is that of the meaning; the Sid and the place have no part in it.

    Of each pair such as ``actions`` and ``not_actions`` one is None.
    """

    meaning: StatementMeaning
    sid: str = field(default="", compare=False)
    index: int = field(default=0, compare=False)
    text: str = field(default="", compare=False, repr=False)
    """The text of the whole document."""

    @property
    def effect(self) -> Effect:
        """Allow or Deny."""
        return "Allow" if self.meaning.effect == "Allow" else "Deny"

    @property
    def principals(self) -> tuple[PrincipalElement, ...] | None:
        """Whom the Principal element names."""
        return self.meaning.principals

    @property
    def not_principals(self) -> tuple[PrincipalElement, ...] | None:
        """Whom the NotPrincipal element names."""
        return self.meaning.not_principals

    @property
    def actions(self) -> tuple[str, ...] | None:
        """The patterns of the Action element, in lower case."""
        return self.meaning.actions

    @property
    def not_actions(self) -> tuple[str, ...] | None:
        """The patterns of the NotAction element, in lower case."""
        return self.meaning.not_actions

    @property
    def resources(self) -> tuple[str, ...] | None:
        """The patterns of the Resource element."""
        return self.meaning.resources

    @property
    def not_resources(self) -> tuple[str, ...] | None:
        """The patterns of the NotResource element."""
        return self.meaning.not_resources

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions, all of which must be met."""
        return self.meaning.conditions

    @property
    def canonical(self) -> str:
        """The meaning as one text that stays the same between releases, for fingerprints."""
        return self.meaning.canonical()

    @property
    def source(self) -> str:
        """The statement's own text, exactly as the author wrote it."""
        return statement_texts(self.text)[self.index]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A policy document that compares by meaning and is sent as it was written.

    The meaning leaves Sids and the Id out, and the Version where no policy variable stands; ``wording`` keeps
    them: documents of equal wording are the same text to the service.
    """

    meaning: tuple[str, frozenset[StatementMeaning]]
    wording: DocumentMeaning = field(compare=False, repr=False)
    source: str = field(compare=False, repr=False)
    version: str = field(compare=False)
    statements: tuple[Statement, ...] = field(compare=False, repr=False)

    @classmethod
    def parse(cls, source: str | bytes | Mapping[str, Any]) -> Document:
        """A document from text (URL-encoded as IAM returns it, or plain) or from a mapping.

        Raises:
            MalformedDocument: with every problem and its place.
        """
        return _parse(_decoded(source))

    @classmethod
    def of(cls, *statements: Mapping[str, Any], version: str = NEW) -> Document:
        """A document of these statements, written indented."""
        return cls.parse(json.dumps({"Version": version, "Statement": list(statements)}, indent=2))

    @property
    def canonical(self) -> str:
        """The meaning as one text that stays the same between releases, for fingerprints."""
        version, statements = self.meaning
        return json.dumps([version, sorted(one.canonical() for one in statements)])


def same_text(one: str | bytes | Mapping[str, Any], other: str | bytes | Mapping[str, Any]) -> bool:
    """Whether two documents are the same text to the service: of equal wording, whatever form they come in.

    Raises:
        MalformedDocument: one of them is no policy document.
    """
    return _meaning(_decoded(one)) == _meaning(_decoded(other))


def _decoded(source: str | bytes | Mapping[str, Any]) -> str:
    if isinstance(source, bytes):
        try:
            source = source.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise not_text(error.start) from None
    if not isinstance(source, str):
        return json.dumps(source, separators=(",", ":"))
    return unquote_plus(source) if source.lstrip().startswith("%7B") else source


def _meaning(text: str) -> DocumentMeaning:
    found = meaning(text)
    if found is None:
        raise MalformedDocument(problems_of(text))
    return found


@lru_cache(maxsize=16384)
def _parse(text: str) -> Document:
    found = _meaning(text)
    return Document(
        meaning=(found.version if _variables(text, found) else "", frozenset(found.meanings)),
        wording=found,
        source=text,
        version=found.version,
        statements=tuple(
            Statement(meaning=one, sid=sid, index=index, text=text)
            for index, (one, sid) in enumerate(found.statements)
        ),
    )


def _variables(text: str, found: DocumentMeaning) -> bool:
    """Whether the Version matters, as it does only to policy variables."""
    if "${" not in text and "\\" not in text:
        return False
    return any(one.has_variables() for one in found.meanings)
