"""What each step of a plan has to find right before it is sent: what the plan was made from, or its own work.

A service that changes one element of a set, or that refuses to make what is there, needs no look beforehand. The
look is no lock: what others write between it and the call is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from immutabledict import immutabledict

from xacct.engine.reading import alone
from xacct.engine.reading.holders import holders
from xacct.kinds.group import Group
from xacct.kinds.managed_policy import ManagedPolicy
from xacct.kinds.role import Role
from xacct.kinds.role_trust import RoleTrust
from xacct.kinds.shared import SharedStatements
from xacct.plan.bound import Changed, Stale, between
from xacct.plan.codec import shown_json
from xacct.plan.plan import Change, Create, Delete, Plan, Step, ends
from xacct.plan.revocation import is_denial
from xacct.resource import Address, Resource
from xacct.snapshot import Snapshot

_AGAIN = "It is left as it is now. Find out who changed it, and plan again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a step finds: ``before``, or, field by field, any of ``forms``; None is absence.

    The forms are all that the plan's steps on the same thing find and leave: an answer from before our own last
    call is no change by others. ``id`` is the unique id of a role, "" where it is not known; ``holders`` are
    ARNs by unique id.
    """

    resource: Resource
    before: Resource | None
    forms: tuple[Resource | None, ...]
    id: str = ""
    holders: immutabledict[str, str] = field(default_factory=immutabledict, repr=False)

    def check(self, seen: alone.Seen) -> None:
        """That what was seen is one of these.

        Raises:
            Stale: it is another.
        """
        before, now = _shown(self.before), seen.fields
        another = bool(self.id and seen.id) and self.id != seen.id
        if not another and between(now, [_shown(form) for form in self.forms]):
            return
        if another:
            before = {**(before or {}), "unique id": self.id}
            now = {**(now or {}), "unique id": seen.id}
        address = self.resource.address
        raise Stale(
            f"{address} in account {address.account.id} was changed since the plan was made, as it shows right before "
            "the write",
            changes=[Changed(str(address), before, now)],
            fix=_AGAIN,
        )


def _shown(form: Resource | None) -> alone.Fields | None:
    return None if form is None else shown_json(form)


def expectations(plan: Plan, snapshots: Mapping[str, Snapshot]) -> dict[int, Expected]:
    """What is to be looked at, by the numbers of the steps; ``snapshots`` are what the plan was made from."""
    known = immutabledict(holders(snapshots))
    roles = dict(_roles(snapshots))
    made = frozenset(_made(plan))
    forms: dict[Address, tuple[Resource | None, ...]] = {}
    for step in plan.steps:
        forms[step.address] = (*forms.get(step.address, ()), *ends(step.change))
    found: dict[int, Expected] = {}
    for step in plan.steps:
        if not _to_be_looked_at(step, made):
            continue
        # What is planned from lacks the ids that nobody has in a trust; what lives has them.
        live = roles.get(step.address)
        found[step.number] = Expected(
            resource=_resource(step.change),
            before=ends(step.change)[0],
            forms=(*forms[step.address], *([live] if live else [])),
            id=_id(snapshots, step.address),
            holders=known,
        )
    return found


def _to_be_looked_at(step: Step, made: frozenset[Address]) -> bool:
    """Whether the services do not do it by themselves.

    What this plan makes, and what hangs on it, is nobody else's, and not seen by everybody yet. Sessions are
    ended whatever somebody else did about them.
    """
    if step.address in made or _owner(step.address) in made or not step.calls:
        return False
    if is_denial(step.address) and not isinstance(step.change, Delete):
        return False
    resource = _resource(step.change)
    return isinstance(resource, SharedStatements) or alone.question(resource) is not None


def _owner(address: Address) -> Address:
    """What an inline policy hangs on."""
    return Address(address.account, address.kind.removesuffix("-policy"), address.parts[:1])


def _made(plan: Plan) -> Iterator[Address]:
    """What a service refuses to make where it is there already."""
    for step in plan.steps:
        if isinstance(step.change, Create) and isinstance(step.change.after, Role | Group | ManagedPolicy):
            yield step.address


def _roles(snapshots: Mapping[str, Snapshot]) -> Iterator[tuple[Address, Role]]:
    """Roles as they were read."""
    for snapshot in snapshots.values():
        yield from ((role.address, role) for role in Role.pick(snapshot))


def _id(snapshots: Mapping[str, Snapshot], address: Address) -> str:
    """The unique id of the role or group that an address is about, where its look will tell it."""
    snapshot = snapshots.get(address.account.name)
    if snapshot is None:
        return ""
    match address.kind:
        case Role.kind | RoleTrust.kind:
            role = snapshot.roles.get(address.parts[0])
            return role.id if role else ""
        case Group.kind:
            group = snapshot.groups.get(address.parts[0])
            return group.id if group else ""
        case _:
            return ""


def _resource(change: Change) -> Resource:
    return change.before if isinstance(change, Delete) else change.after
