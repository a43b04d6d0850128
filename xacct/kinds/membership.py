"""A user's membership in a group, where the manifest manages it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from xacct.account import Account
from xacct.resource import Address, Call, Resource, Shown
from xacct.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership(Resource):
    """One user in one group. It has no mark."""

    kind: ClassVar[str] = "membership"

    account: Account
    group: str
    user: str

    @property
    def address(self) -> Address:
        """Account, kind, group and user."""
        return Address(self.account, self.kind, (self.group, self.user))

    def needs(self) -> frozenset[str]:
        """The group and the user."""
        return frozenset(
            {self.account.iam_arn(f"group/{self.group}"), self.account.iam_arn(f"user/{self.user}")}
        )

    def sources(self) -> tuple[str, ...]:
        """Members are read from the users."""
        return ("users", f"user/{self.user}")

    def shown(self) -> tuple[tuple[str, Shown], ...]:
        """The user."""
        return (("user", self.user),)

    @classmethod
    def pick(cls, snapshot: Snapshot) -> Iterator[Self]:
        """Every membership of every user."""
        for user in snapshot.users.values():
            for group in sorted(user.groups):
                yield cls(account=snapshot.account, group=group, user=user.name)

    def added_to(self, snapshot: Snapshot) -> Snapshot:
        """With the user in the group."""
        return self._changed(snapshot, frozenset({self.group}))

    def removed_from(self, snapshot: Snapshot) -> Snapshot:
        """Without."""
        return self._changed(snapshot, frozenset())

    def _changed(self, snapshot: Snapshot, put: frozenset[str]) -> Snapshot:
        found = snapshot.users.get(self.user)
        if found is None:
            return snapshot
        return snapshot.holding("users", replace(found, groups=(found.groups - {self.group}) | put))

    def create(self) -> tuple[Call, ...]:
        """One call."""
        return (self._call("AddUserToGroup"),)

    def update(self, live: Self) -> tuple[Call, ...]:
        """Nothing: a user is in a group or is not."""
        return ()

    def delete(self) -> tuple[Call, ...]:
        """One call."""
        return (self._call("RemoveUserFromGroup"),)

    def _call(self, operation: str) -> Call:
        return Call.of("iam", operation, GroupName=self.group, UserName=self.user)
