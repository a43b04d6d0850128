"""An inline policy on a group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from xacct.kinds.inline import InlinePolicy
from xacct.snapshot import LiveDocument, Section, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPolicy(InlinePolicy):
    """An inline policy on a group."""

    kind: ClassVar[str] = "group-policy"
    entity: ClassVar[str] = "Group"
    section: ClassVar[Section] = "groups"

    @classmethod
    def entities(cls, snapshot: Snapshot) -> Iterator[tuple[str, Mapping[str, LiveDocument]]]:
        """The groups."""
        for group in snapshot.groups.values():
            yield group.name, group.inline
