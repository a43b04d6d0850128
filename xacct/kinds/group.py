"""A group in the account of those who use a bucket; made only where the manifest says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from xacct.account import Account
from xacct.resource import Address, Call, Resource, Shown
from xacct.snapshot import GroupRecord, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Resource):
    """A group. IAM groups have no tags, so there is no mark."""

    kind: ClassVar[str] = "group"

    account: Account
    name: str
    path: str = "/"

    @property
    def address(self) -> Address:
        """Account, kind and name."""
        return Address(self.account, self.kind, (self.name,))

    @property
    def arn(self) -> str:
        """With its path."""
        return self.account.iam_arn(f"group{self.path}{self.name}")

    def sources(self) -> tuple[str, ...]:
        """The section of the groups, and this one."""
        return ("groups", f"group/{self.name}")

    def shown(self) -> tuple[tuple[str, Shown], ...]:
        """The path."""
        return (("path", self.path),)

    @classmethod
    def pick(cls, snapshot: Snapshot) -> Iterator[Self]:
        """Every group."""
        for group in snapshot.groups.values():
            yield cls(account=snapshot.account, name=group.name, path=group.path)

    def added_to(self, snapshot: Snapshot) -> Snapshot:
        """With this group; one that is there keeps what hangs on it."""
        record = snapshot.groups.get(self.name) or GroupRecord(
            name=self.name, path=self.path, arn=self.arn, id=""
        )
        return snapshot.holding("groups", replace(record, path=self.path, arn=self.arn))

    def removed_from(self, snapshot: Snapshot) -> Snapshot:
        """Without it."""
        return snapshot.lacking("groups", self.name)

    def create(self) -> tuple[Call, ...]:
        """One call."""
        return (Call.of("iam", "CreateGroup", GroupName=self.name, Path=self.path),)

    def update(self, live: Self) -> tuple[Call, ...]:
        """The path, which for a group can be changed."""
        if self.same(live):
            return ()
        return (Call.of("iam", "UpdateGroup", GroupName=self.name, NewPath=self.path),)

    def delete(self) -> tuple[Call, ...]:
        """One call; memberships and policies are steps of their own and go first."""
        return (Call.of("iam", "DeleteGroup", GroupName=self.name),)
