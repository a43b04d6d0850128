"""A managed policy attached to a user."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from xacct.kinds.attachment import Attachment
from xacct.snapshot import Section, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAttachment(Attachment):
    """A managed policy attached to a user."""

    kind: ClassVar[str] = "user-attachment"
    entity: ClassVar[str] = "User"
    section: ClassVar[Section] = "users"

    @classmethod
    def entities(cls, snapshot: Snapshot) -> Iterator[tuple[str, frozenset[str]]]:
        """The users."""
        for user in snapshot.users.values():
            yield user.name, user.attached
