"""An inline policy on a user."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from xacct.kinds.inline import InlinePolicy
from xacct.snapshot import LiveDocument, Section, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPolicy(InlinePolicy):
    """An inline policy on a user."""

    kind: ClassVar[str] = "user-policy"
    entity: ClassVar[str] = "User"
    section: ClassVar[Section] = "users"

    @classmethod
    def entities(cls, snapshot: Snapshot) -> Iterator[tuple[str, Mapping[str, LiveDocument]]]:
        """The users."""
        for user in snapshot.users.values():
            yield user.name, user.inline
