"""A managed policy attached to a group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from xacct.kinds.attachment import Attachment
from xacct.snapshot import Section, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAttachment(Attachment):
    """A managed policy attached to a group."""

    kind: ClassVar[str] = "group-attachment"
    entity: ClassVar[str] = "Group"
    section: ClassVar[Section] = "groups"

    @classmethod
    def entities(cls, snapshot: Snapshot) -> Iterator[tuple[str, frozenset[str]]]:
        """The groups."""
        for group in snapshot.groups.values():
            yield group.name, group.attached
