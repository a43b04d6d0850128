"""An inline policy on a role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from xacct.kinds.inline import InlinePolicy
from xacct.snapshot import LiveDocument, Section, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class RolePolicy(InlinePolicy):
    """An inline policy on a role."""

    kind: ClassVar[str] = "role-policy"
    entity: ClassVar[str] = "Role"
    section: ClassVar[Section] = "roles"

    @classmethod
    def entities(cls, snapshot: Snapshot) -> Iterator[tuple[str, Mapping[str, LiveDocument]]]:
        """The roles."""
        for role in snapshot.roles.values():
            yield role.name, role.inline
