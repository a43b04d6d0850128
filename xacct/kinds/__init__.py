"""One module per kind of resource, and the registry of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xacct.kinds.bucket_policy import BucketPolicy
from xacct.kinds.group import Group
from xacct.kinds.group_attachment import GroupAttachment
from xacct.kinds.group_policy import GroupPolicy
from xacct.kinds.key_policy import KeyPolicy
from xacct.kinds.managed_policy import ManagedPolicy
from xacct.kinds.mark import marker
from xacct.kinds.membership import Membership
from xacct.kinds.role import Role
from xacct.kinds.role_attachment import RoleAttachment
from xacct.kinds.role_policy import RolePolicy
from xacct.kinds.role_trust import RoleTrust
from xacct.kinds.user_attachment import UserAttachment
from xacct.kinds.user_policy import UserPolicy
from xacct.resource import Resource, State
from xacct.snapshot import Snapshot

KINDS: tuple[type[Resource], ...] = (
    BucketPolicy,
    Group,
    GroupAttachment,
    GroupPolicy,
    KeyPolicy,
    ManagedPolicy,
    Membership,
    Role,
    RoleAttachment,
    RolePolicy,
    RoleTrust,
    UserAttachment,
    UserPolicy,
)

__all__ = ["KINDS", "live", "marker"]


def live(snapshots: Iterable[Snapshot]) -> State:
    """Everything of every kind that was read of these accounts, with what could not be."""
    read = list(snapshots)
    return State.of(
        (resource for snapshot in read for resource in _picked(snapshot)),
        (gap for snapshot in read for gap in snapshot.unread),
    )


def _picked(snapshot: Snapshot) -> Iterator[Resource]:
    for kind in KINDS:
        yield from kind.pick(snapshot)
