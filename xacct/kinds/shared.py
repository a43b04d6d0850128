"""What statements of one manifest among those of others have in common, in whatever document they stand."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from xacct.account import Account
from xacct.kinds.mark import marked_statement, remarked_statement, statement_mark
from xacct.policy.document import Document, Statement
from xacct.policy.splice import splice
from xacct.resource import Address, Mark, Resource, Shown, Splice
from xacct.snapshot import LiveDocument, RawDocument, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedStatements(Resource):
    """Our part of a document: ``statements`` compare by meaning, ``marker`` says whose they are.

    ``owner`` is the name of what the document belongs to. ``texts`` are the statements as they are put,
    ``sids`` the live ones' Sids by which they are dropped, and ``foreign`` the number of statements of
    others; none of these is compared. ``document`` is the parameter of the put that holds it.
    """

    document: ClassVar[str]

    account: Account
    owner: str
    marker: str
    statements: frozenset[str]
    texts: tuple[str, ...] = field(compare=False)
    sids: frozenset[str] = field(compare=False)
    intact: bool = field(default=True, compare=False)
    foreign: int = field(default=0, compare=False)

    @classmethod
    def of(
        cls, account: Account, owner: str, manifest_marker: str, manifest: str, document: Document
    ) -> Self:
        """The desired part: the document's statements with our Sids in place of the author's."""
        texts = tuple(marked_statement(manifest, statement) for statement in document.statements)
        return cls(
            account=account,
            owner=owner,
            marker=manifest_marker,
            statements=frozenset(statement.canonical for statement in document.statements),
            texts=texts,
            sids=frozenset(statement.sid for statement in _statements(texts)),
        )

    @property
    def address(self) -> Address:
        """Account, kind, owner and marker: each manifest has an address of its own in a document."""
        return Address(self.account, self.kind, (self.owner, self.marker))

    @property
    def mark(self) -> Mark | None:
        """Out of the Sids."""
        return Mark(manifest=self.marker, intact=self.intact)

    def principals(self) -> frozenset[str]:
        """What the statements name; the service insists that it exists."""
        return frozenset(
            named.value
            for statement in _statements(self.texts)
            for named in (statement.principals or ())
            if named.type == "AWS" and named.value != "*"
        )

    def shown(self) -> tuple[tuple[str, Shown], ...]:
        """Our statements as a document."""
        return (("statements", Document.parse(_document(self.texts))),)

    def halfway(self, live: Self | None, statements: Sequence[Mapping[str, Any]]) -> Self:
        """Ours, each with its mark; never without any, because a policy is not removed and put again."""
        document = Document.of(*(statements or [self.idle()]))
        texts = tuple(remarked_statement(self.marker, statement) for statement in document.statements)
        parsed = _statements(texts)
        return replace(
            self,
            statements=frozenset(statement.canonical for statement in parsed),
            texts=texts,
            sids=frozenset(statement.sid for statement in parsed),
        )

    @abstractmethod
    def idle(self) -> dict[str, Any]:
        """A statement that has no effect, to stand where none is wanted for a moment."""

    @classmethod
    @abstractmethod
    def documents(cls, snapshot: Snapshot) -> Iterator[tuple[str, LiveDocument | None]]:
        """Every live document of this kind, by the name of its owner; None where it has none."""

    @abstractmethod
    def in_snapshot(self, snapshot: Snapshot, document: Document | None) -> Snapshot:
        """The account with this as the owner's document."""

    @abstractmethod
    def spliced(self, put: tuple[str, ...] = (), drop: frozenset[str] = frozenset()) -> Splice:
        """Statements into the live document and Sids out of it."""

    @classmethod
    def pick(cls, snapshot: Snapshot) -> Iterator[Self]:
        """One for each manifest that has statements in a document."""
        for owner, document in cls.documents(snapshot):
            if isinstance(document, Document):
                yield from cls._parts(snapshot.account, owner, document)

    @classmethod
    def _parts(cls, account: Account, owner: str, document: Document) -> Iterator[Self]:
        ours: dict[str, list[tuple[Statement, Mark]]] = {}
        for statement in document.statements:
            mark = statement_mark(statement)
            if mark is not None:
                ours.setdefault(mark.manifest, []).append((statement, mark))
        for manifest, found in sorted(ours.items()):
            yield cls(
                account=account,
                owner=owner,
                marker=manifest,
                statements=frozenset(statement.canonical for statement, _ in found),
                texts=tuple(statement.source for statement, _ in found),
                sids=frozenset(statement.sid for statement, _ in found),
                intact=all(mark.intact for _, mark in found),
                foreign=len(document.statements) - len(found),
            )

    def within(self, document: Document) -> Self | None:
        """This manifest's part of a live document; None where it has none."""
        parts = self._parts(self.account, self.owner, document)
        return next((part for part in parts if part.marker == self.marker), None)

    def added_to(self, snapshot: Snapshot) -> Snapshot:
        """With our statements as they are here, and those of others as they are."""
        mine = next((one for one in self.pick(snapshot) if one.address == self.address), None)
        drop = mine.sids - self.sids if mine else frozenset()
        return self._changed(snapshot, self.spliced(put=self.texts, drop=drop))

    def removed_from(self, snapshot: Snapshot) -> Snapshot:
        """Without ours."""
        return self._changed(snapshot, self.spliced(drop=self.sids))

    def _changed(self, snapshot: Snapshot, change: Splice) -> Snapshot:
        live = dict(self.documents(snapshot)).get(self.owner)
        if isinstance(live, RawDocument):
            return snapshot
        text = splice(live.source if live else None, change.put, change.drop)
        return self.in_snapshot(snapshot, None if text is None else Document.parse(text))

    def sparing(self, live: Self, earlier: Self | None) -> tuple[Self, tuple[str, ...]]:
        """With the live statements whose Sid is another than ours here, and does not fit what they say.

        A statement under one of our Sids is the declared one, whatever somebody made of it.
        """
        known = self.statements | (earlier.statements if earlier else frozenset())
        theirs = [
            (text, statement)
            for text, statement in zip(live.texts, _statements(live.texts), strict=True)
            if statement.sid not in self.sids and statement.canonical not in known and not _intact(statement)
        ]
        if not theirs:
            return self, ()
        kept = replace(
            self,
            statements=self.statements | {statement.canonical for _, statement in theirs},
            texts=(*self.texts, *(text for text, _ in theirs)),
            sids=self.sids | {statement.sid for _, statement in theirs},
        )
        return kept, tuple(dict.fromkeys(statement.sid for _, statement in theirs))

    def create(self) -> tuple[Splice, ...]:
        """Our statements in."""
        return (self.spliced(put=self.texts),)

    def update(self, live: Self) -> tuple[Splice, ...]:
        """Ours in, and those of ours out that are not wanted any more; one put for both."""
        if self.same(live):
            return ()
        return (self.spliced(put=self.texts, drop=live.sids - self.sids),)

    def delete(self) -> tuple[Splice, ...]:
        """Ours out; what that leaves of the document is as ``spliced`` says."""
        return (self.spliced(drop=self.sids),)


def _intact(statement: Statement) -> bool:
    mark = statement_mark(statement)
    return mark is not None and mark.intact


def _statements(texts: tuple[str, ...]) -> tuple[Statement, ...]:
    return Document.parse(_document(texts)).statements


def _document(texts: tuple[str, ...]) -> str:
    return f'{{"Statement":[{",".join(texts)}]}}'
