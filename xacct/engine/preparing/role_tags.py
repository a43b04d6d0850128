"""What becomes of role tags where a service only appends them: what no longer fits, and what cannot go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from immutabledict import immutabledict

from xacct.kinds.mark import FINGERPRINT_TAG
from xacct.kinds.role import Role
from xacct.problem import Problem, Severity
from xacct.resource import Address, Resource, State


def dropping(desired: State, was: State | None) -> State:
    """The desired state, where each role knows which tags its earlier self had and it has not."""
    if was is None:
        return desired
    changed: dict[Address, Resource] = dict(desired.resources)
    for address, role in desired.resources.items():
        earlier = was.resources.get(address)
        if isinstance(role, Role) and isinstance(earlier, Role):
            gone = {key: value for key, value in earlier.tags.items() if key not in role.tags}
            changed[address] = replace(role, dropped=immutabledict(gone))
    return State(immutabledict(changed), desired.unread)


def tag_problems(desired: State, live: State) -> Iterator[Problem]:
    """An error for tags that do not fit, a note for what stays although it should not."""
    for address, role in sorted(desired.resources.items()):
        found = live.resources.get(address)
        if isinstance(role, Role) and isinstance(found, Role) and not role.irreplaceable(found):
            yield from _of(role, found)


def _of(role: Role, live: Role) -> Iterator[Problem]:
    room = role.room(live)
    if room is None:
        return
    if stays := sorted(role.irremovable(live)):
        yield Problem(
            summary="A tag stays",
            detail=f"{role.address} keeps {', '.join(stays)}: this platform never takes a tag away.",
            fix="Only deleting the role and making it again would.",
            severity=Severity.INFO,
        )
    wanted = role.wanted_tags(live)
    others = wanted.keys() - {FINGERPRINT_TAG}
    if len(others) > room:
        yield Problem(
            summary="No room for tags",
            detail=f"{role.address} has {live.tag_pairs} tags, old values included, and this platform takes no "
            f"more than {live.tag_pairs + room} and never takes one away: {', '.join(sorted(others))} cannot be set.",
            fix="Delete the role and apply again (its sessions end), or leave these tags out.",
        )
    elif role.update(live) and role.stamp != live.fingerprint and FINGERPRINT_TAG not in wanted:
        yield Problem(
            summary="No room for the fingerprint",
            detail=f"{role.address} has {live.tag_pairs} tags, old values included, and this platform takes no more "
            "and never takes one away: the change is made, but the role will count as edited, and its removal will "
            "ask for --prune-edited.",
            fix="Delete the role and apply again (its sessions end) when it suits.",
            severity=Severity.INFO,
        )
