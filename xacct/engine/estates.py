"""The estates that a question can be asked of: what lives, what will live once a plan is done, what a manifest says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from immutabledict import immutabledict

from xacct.access.estate import Estate
from xacct.kinds.role import Role
from xacct.manifest.desired.desire import desire
from xacct.manifest.model import Manifest, Members, Name, TrustList
from xacct.plan.plan import Create, Delete, Plan, Step, Update
from xacct.policy.document import Document
from xacct.resource import Address
from xacct.snapshot import BucketRecord, GroupRecord, RawDocument, RoleRecord, Snapshot, UserRecord

_NOTHING = Document.parse({"Version": "2012-10-17", "Statement": []})


def live_estate(snapshots: Mapping[str, Snapshot]) -> Estate:
    """The accounts as they were read."""
    return Estate.of(snapshots.values())


def by_name(estate: Estate) -> dict[str, Snapshot]:
    """The accounts of an estate by their names."""
    return {snapshot.account.name: snapshot for snapshot in estate.snapshots.values()}


def planned_estate(snapshots: Mapping[str, Snapshot], plan: Plan) -> Estate:
    """The accounts as they will be once every step of a plan is done."""
    return Estate.of(after_steps(snapshots, plan.steps).values())


def after_steps(snapshots: Mapping[str, Snapshot], steps: Iterable[Step]) -> dict[str, Snapshot]:
    """The accounts, by name, once these steps are done."""
    after = dict(snapshots)
    for step in steps:
        name = step.address.account.name
        if name not in after:
            continue
        match step.change:
            case Create(resource) | Update(_, resource):
                after[name] = resource.added_to(after[name])
            case Delete(resource):
                after[name] = resource.removed_from(after[name])
    return after


def manifest_estate(manifest: Manifest) -> Estate:
    """The accounts as if they held nothing but what the manifest says.

    Who is in a group that the manifest does not manage is not known; the users that it names are taken for
    members, and the estate says so. A role whose trust hangs on what is not known is there with a trust that
    cannot be read: who enters it is not decided.
    """
    assumed = ["Only what the manifest says is looked at; other policies in the accounts are not."]
    snapshots = {name: Snapshot(account=spec.account) for name, spec in manifest.accounts.items()}
    for name in named(manifest):
        snapshots[name.account.name] = _with(snapshots[name.account.name], name)
    for spec in manifest.groups.values():
        snapshots[spec.name.account.name] = _with(snapshots[spec.name.account.name], spec.name)
    for account, snapshot in snapshots.items():
        managed = {
            one.name.name
            for one in manifest.groups.values()
            if one.members is not None and one.name.account.name == account
        }
        groups = frozenset(snapshot.groups) - managed
        if groups and snapshot.users:
            assumed.append(
                f"Taken for members of {', '.join(f'{account}/group/{one}' for one in sorted(groups))}: "
                f"{', '.join(f'{account}/user/{one}' for one in sorted(snapshot.users))}."
            )
        for user in snapshot.users.values():
            snapshot = snapshot.holding("users", _in_groups(user, groups))
        snapshots[account] = snapshot
    desired = desire(manifest, {})
    doubtful = {address: why for address, why in desired.unknown if address.kind == Role.kind}
    for address, why in doubtful.items():
        snapshots[address.account.name] = _doubtful(snapshots[address.account.name], manifest, address, why)
    for address, resource in sorted(desired.state.resources.items(), key=lambda pair: pair[0].kind != "role"):
        snapshots[address.account.name] = resource.added_to(snapshots[address.account.name])
    assumed += [f"Who may enter {address} is not known: {why}" for address, why in doubtful.items()]
    assumed += [
        f"{address} is left out: {why}" for address, why in desired.unknown if address not in doubtful
    ]
    return Estate.of(snapshots.values(), tuple(assumed))


def _doubtful(snapshot: Snapshot, manifest: Manifest, address: Address, why: str) -> Snapshot:
    """The snapshot with a role as the manifest has it, but for its trust."""
    spec = next((one for one in manifest.roles.values() if _at(one.name, address)), None)
    made = (link.role for link in manifest.links.values() if _at(link.role, address))
    name = spec.name if spec else next(made)
    role = RoleRecord(
        name=name.name,
        path=name.path,
        arn=name.arn,
        id="",
        trust=RawDocument(text="", reason=why),
        boundary=spec.boundary if spec else "",
        tags=spec.tags if spec else immutabledict(),
    )
    return snapshot.holding("roles", role)


def _at(name: Name, address: Address) -> bool:
    return (name.account, (name.name,)) == (address.account, address.parts)


def _in_groups(user: UserRecord, groups: frozenset[str]) -> UserRecord:
    return UserRecord(name=user.name, path=user.path, arn=user.arn, id=user.id, groups=groups)


def named(manifest: Manifest) -> Iterator[Name]:
    """Every user, group, role and bucket that the manifest speaks of."""
    for link in manifest.links.values():
        yield from (one for one in link.trust if isinstance(one, Name))
        yield from (one.group for one in link.trust if isinstance(one, Members))
        yield from link.grants
        yield from link.buckets
    for role in manifest.roles.values():
        yield role.name
        if isinstance(role.trust, TrustList):
            yield from (one for one in role.trust.principals if isinstance(one, Name))
    yield from (user.name for user in manifest.users.values())
    yield from (bucket.name for bucket in manifest.buckets.values())
    for group in manifest.groups.values():
        yield from group.members or ()


def _with(snapshot: Snapshot, name: Name) -> Snapshot:
    """The snapshot with something of this name in it, that holds nothing yet."""
    match name.kind:
        case "user":
            if name.name in snapshot.users:
                return snapshot
            user = UserRecord(name=name.name, path=name.path, arn=name.arn, id="")
            return snapshot.holding("users", user)
        case "group":
            if name.name in snapshot.groups:
                return snapshot
            group = GroupRecord(name=name.name, path=name.path, arn=name.arn, id="")
            return snapshot.holding("groups", group)
        case "role":
            if name.name in snapshot.roles:
                return snapshot
            role = RoleRecord(
                name=name.name,
                path=name.path,
                arn=name.arn,
                id="",
                trust=_NOTHING,
                inline=immutabledict(),
            )
            return snapshot.holding("roles", role)
        case "bucket":
            return snapshot.holding("buckets", BucketRecord(name=name.name))
