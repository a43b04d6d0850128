"""What inline policies of roles, users and groups have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from immutabledict import immutabledict

from xacct.account import Account
from xacct.kinds.mark import document_mark, like
from xacct.policy.document import Document
from xacct.resource import Address, Call, Mark, Resource, Shown
from xacct.snapshot import LiveDocument, Section, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class InlinePolicy(Resource):
    """An inline policy; ``owner`` is the name of the entity that it is part of."""

    entity: ClassVar[str]
    section: ClassVar[Section]

    account: Account
    owner: str
    name: str
    document: Document

    @property
    def address(self) -> Address:
        """Account, kind, entity and policy name."""
        return Address(self.account, self.kind, (self.owner, self.name))

    @property
    def mark(self) -> Mark | None:
        """Out of the Sids of a generated document."""
        return document_mark(self.document)

    def needs(self) -> frozenset[str]:
        """The entity; its path is not known here, so it is found by name."""
        return frozenset({self.account.iam_arn(f"{self.entity.lower()}/{self.owner}")})

    def sources(self) -> tuple[str, ...]:
        """The entity's section and the entity itself."""
        return (f"{self.entity.lower()}s", f"{self.entity.lower()}/{self.owner}")

    def shown(self) -> tuple[tuple[str, Shown], ...]:
        """Nothing but the document."""
        return (("document", self.document),)

    def halfway(self, live: Self | None, statements: Sequence[Mapping[str, Any]]) -> Self:
        """The same name; marked where the whole document is."""
        return replace(self, document=like(self.document, statements, self.account.partition))

    @classmethod
    @abstractmethod
    def entities(cls, snapshot: Snapshot) -> Iterator[tuple[str, Mapping[str, LiveDocument]]]:
        """Every entity of this kind by name, with its inline policies."""

    @classmethod
    def pick(cls, snapshot: Snapshot) -> Iterator[Self]:
        """Every inline policy of every entity of this kind."""
        for owner, policies in cls.entities(snapshot):
            for name, document in policies.items():
                if isinstance(document, Document):
                    yield cls(account=snapshot.account, owner=owner, name=name, document=document)

    def added_to(self, snapshot: Snapshot) -> Snapshot:
        """With this document under its name."""
        return self._changed(snapshot, {self.name: self.document})

    def removed_from(self, snapshot: Snapshot) -> Snapshot:
        """Without the document of this name."""
        return self._changed(snapshot, {})

    def _changed(self, snapshot: Snapshot, put: Mapping[str, LiveDocument]) -> Snapshot:
        found = snapshot.entity(self.section, self.owner)
        if found is None:
            return snapshot
        kept = {name: document for name, document in found.inline.items() if name != self.name}
        return snapshot.holding(self.section, replace(found, inline=immutabledict({**kept, **put})))

    def create(self) -> tuple[Call, ...]:
        """One put, which replaces as well."""
        return (
            Call.of(
                "iam",
                f"Put{self.entity}Policy",
                **self._names(),
                PolicyDocument=self.document.source,
            ),
        )

    def update(self, live: Self) -> tuple[Call, ...]:
        """The same put."""
        return () if self.same(live) else self.create()

    def delete(self) -> tuple[Call, ...]:
        """One call."""
        return (Call.of("iam", f"Delete{self.entity}Policy", **self._names()),)

    def _names(self) -> dict[str, str]:
        return {f"{self.entity}Name": self.owner, "PolicyName": self.name}
