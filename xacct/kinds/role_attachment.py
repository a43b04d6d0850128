"""A managed policy attached to a role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from xacct.kinds.attachment import Attachment
from xacct.snapshot import Section, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAttachment(Attachment):
    """A managed policy attached to a role."""

    kind: ClassVar[str] = "role-attachment"
    entity: ClassVar[str] = "Role"
    section: ClassVar[Section] = "roles"

    @classmethod
    def entities(cls, snapshot: Snapshot) -> Iterator[tuple[str, frozenset[str]]]:
        """The roles."""
        for role in snapshot.roles.values():
            yield role.name, role.attached
