"""What attachments of managed policies to roles, users and groups have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from xacct.account import Account
from xacct.resource import Address, Call, Resource, Shown
from xacct.snapshot import Section, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment(Resource):
    """A managed policy, by ARN, on the entity that is named ``owner``. It has no mark of its own."""

    entity: ClassVar[str]
    section: ClassVar[Section]

    account: Account
    owner: str
    policy: str

    @property
    def address(self) -> Address:
        """Account, kind, entity, and the policy's ARN."""
        return Address(self.account, self.kind, (self.owner, self.policy))

    def needs(self) -> frozenset[str]:
        """The entity and the policy."""
        return frozenset({self.account.iam_arn(f"{self.entity.lower()}/{self.owner}"), self.policy})

    def sources(self) -> tuple[str, ...]:
        """The entity's section and the entity itself."""
        return (f"{self.entity.lower()}s", f"{self.entity.lower()}/{self.owner}")

    def shown(self) -> tuple[tuple[str, Shown], ...]:
        """The policy."""
        return (("policy", self.policy),)

    @classmethod
    @abstractmethod
    def entities(cls, snapshot: Snapshot) -> Iterator[tuple[str, frozenset[str]]]:
        """Every entity of this kind by name, with the ARNs of what is attached."""

    @classmethod
    def pick(cls, snapshot: Snapshot) -> Iterator[Self]:
        """Every attachment to an entity of this kind."""
        for owner, policies in cls.entities(snapshot):
            for policy in sorted(policies):
                yield cls(account=snapshot.account, owner=owner, policy=policy)

    def added_to(self, snapshot: Snapshot) -> Snapshot:
        """With this policy attached."""
        return self._changed(snapshot, frozenset({self.policy}))

    def removed_from(self, snapshot: Snapshot) -> Snapshot:
        """Without it."""
        return self._changed(snapshot, frozenset())

    def _changed(self, snapshot: Snapshot, put: frozenset[str]) -> Snapshot:
        found = snapshot.entity(self.section, self.owner)
        if found is None:
            return snapshot
        return snapshot.holding(self.section, replace(found, attached=(found.attached - {self.policy}) | put))

    def create(self) -> tuple[Call, ...]:
        """One call."""
        return (self._call("Attach"),)

    def update(self, live: Self) -> tuple[Call, ...]:
        """Nothing: an attachment is there or it is not."""
        return ()

    def delete(self) -> tuple[Call, ...]:
        """One call."""
        return (self._call("Detach"),)

    def _call(self, verb: str) -> Call:
        names = {f"{self.entity}Name": self.owner}
        return Call.of("iam", f"{verb}{self.entity}Policy", **names, PolicyArn=self.policy)
