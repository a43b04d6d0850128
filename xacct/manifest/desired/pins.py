"""The unique id that a principal is pinned to, as the live accounts have it."""

from __future__ import annotations

from collections.abc import Mapping

from xacct.policy.arn import account_of
from xacct.snapshot import Snapshot, UserRecord


def pin_of(arn: str, snapshots: Mapping[str, Snapshot]) -> tuple[str, ...] | str:
    """What ``aws:userid`` is in its requests: ``AIDA...`` of a user, ``AROA...:*`` in the sessions of a role.

    A text says why it is not known now. What does not exist has no id, and is a problem of its own.
    """
    snapshot = next((one for one in snapshots.values() if one.account.id == account_of(arn)), None)
    kind, name = ("user" if ":user/" in arn else "role"), arn.rpartition("/")[2]
    why = snapshot.why_unread(f"{kind}s", f"{kind}/{name}") if snapshot else "It was not read."
    if snapshot is None or why:
        return f"The unique id of {arn}, which is to be pinned, is not known: {why}"
    record = snapshot.users.get(name) if kind == "user" else snapshot.roles.get(name)
    if record is None:
        return f"{arn}, which is to be pinned, has no unique id before it is made; apply again then."
    return (record.id if isinstance(record, UserRecord) else f"{record.id}:*",)
