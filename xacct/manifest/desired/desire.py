"""What the manifest asks of the accounts: the desired state, as the same values as the live one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from xacct.kinds import KINDS, marker
from xacct.kinds.attachment import Attachment
from xacct.kinds.bucket_policy import BucketPolicy
from xacct.kinds.group import Group
from xacct.kinds.inline import InlinePolicy
from xacct.kinds.managed_policy import ManagedPolicy, own_path
from xacct.kinds.mark import marked_document, policy_name
from xacct.kinds.membership import Membership
from xacct.kinds.role import Role
from xacct.kinds.role_policy import RolePolicy
from xacct.kinds.role_trust import RoleTrust
from xacct.manifest.desired.existence import missing
from xacct.manifest.desired.key_access import Keys
from xacct.manifest.desired.pins import pin_of
from xacct.manifest.desired.provided import unprovided
from xacct.manifest.desired.sizes import too_large
from xacct.manifest.documents import grant_statement, permission_statements, trust_statement
from xacct.manifest.identities import Standing
from xacct.manifest.model import (
    Conditions,
    Foreign,
    LinkSpec,
    ManagedSpec,
    Manifest,
    Members,
    Name,
    RoleSpec,
    Trusted,
    TrustList,
    WholeAccount,
    WrittenDocument,
)
from xacct.policy.document import Document
from xacct.problem import Problem, Severity
from xacct.resource import Address, Resource, State
from xacct.snapshot import Snapshot

# Which kinds there are for which entity follows from the registry.
_ATTACHMENTS = {kind.entity.lower(): kind for kind in KINDS if issubclass(kind, Attachment)}
_POLICIES = {kind.entity.lower(): kind for kind in KINDS if issubclass(kind, InlinePolicy)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """The desired state, what is wrong with it against the accounts, and what of it cannot be known now.

    ``unknown`` are addresses that hang on something that could not be read, each with the reason; they are
    not in ``state``.
    """

    state: State
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    unknown: tuple[tuple[Address, str], ...] = ()


def desire(manifest: Manifest, snapshots: Mapping[str, Snapshot]) -> Desired:
    """Every resource that the manifest asks for; links are spelled out, documents stand as written.

    ``snapshots`` (by the accounts' names) tell who is in a group, and whether what is named exists.
    """
    trusts, keys = _Trusts(manifest, snapshots), Keys(manifest.name, snapshots)
    resources = list(_resources(manifest, trusts, keys))
    state = State.of(resources)
    problems, unseen = missing(manifest, state, snapshots)
    unknown, unasked = unprovided(manifest, snapshots)
    return Desired(
        state=state,
        problems=(*trusts.problems, *problems, *unknown, *too_large(state, snapshots)),
        notes=(*trusts.notes, *keys.notes, *unseen, *unasked),
        unknown=(*trusts.unknown, *keys.unknown),
    )


def _resources(manifest: Manifest, trusts: _Trusts, keys: Keys) -> Iterator[Resource]:
    for name, spec in _roles(manifest).items():
        yield from trusts.role(spec, [link for link in manifest.links.values() if str(link.role) == name])
        yield from _policies(manifest, spec.name, spec.policies, spec.managed, spec.attached)
    for group in manifest.groups.values():
        if group.create:
            yield Group(account=group.name.account, name=group.name.name, path=group.name.path)
        for member in group.members or ():
            yield Membership(account=group.name.account, group=group.name.name, user=member.name)
        yield from _policies(manifest, group.name, group.grants, group.managed, group.attached)
    for user in manifest.users.values():
        yield from _policies(manifest, user.name, user.grants, user.managed, user.attached)
    for bucket in manifest.buckets.values():
        yield BucketPolicy.of(
            bucket.name.account,
            bucket.name.name,
            marker(manifest.name),
            manifest.name,
            bucket.policy.document,
        )
    for link in manifest.links.values():
        yield from _of_link(manifest.name, link, keys)
    yield from keys.policies()


def _roles(manifest: Manifest) -> dict[str, RoleSpec]:
    """The roles by name: those that are declared, and those that links make without further words."""
    roles = dict(manifest.roles)
    for link in manifest.links.values():
        roles.setdefault(
            str(link.role),
            RoleSpec(
                name=link.role,
                trust=None,
                description=link.description,
                session_seconds=link.session_seconds,
                place=link.place,
            ),
        )
    return roles


def _of_link(manifest: str, link: LinkSpec, keys: Keys) -> Iterator[Resource]:
    name = link.policy_name or policy_name(manifest, link.name)
    statements = [*permission_statements(link), *keys.statements(link, name)]
    keys.add(link)
    yield RolePolicy(
        account=link.role.account,
        owner=link.role.name,
        name=name,
        document=Document.of(*statements) if link.policy_name else marked_document(manifest, statements),
    )
    grant = [grant_statement(link.role.arn, link.conditions)]
    for target in link.grants:
        yield _policy(
            target,
            link.grant_name or policy_name(manifest, link.name),
            Document.of(*grant) if link.grant_name else marked_document(manifest, grant),
        )


def _policies(
    manifest: Manifest,
    entity: Name,
    inline: Mapping[str, WrittenDocument],
    managed: Iterable[ManagedSpec],
    attached: Iterable[str],
) -> Iterator[Resource]:
    for name, written in inline.items():
        yield _policy(entity, name, written.document)
    attachment = _ATTACHMENTS[entity.kind]
    for spec in managed:
        policy = ManagedPolicy(
            account=entity.account,
            name=spec.name,
            path=own_path(manifest.name),
            document=_stamped(manifest.name, spec.document.document),
        )
        yield policy
        yield attachment(account=entity.account, owner=entity.name, policy=policy.arn)
    for arn in attached:
        yield attachment(account=entity.account, owner=entity.name, policy=arn)


def _policy(entity: Name, name: str, document: Document) -> Resource:
    return _POLICIES[entity.kind](account=entity.account, owner=entity.name, name=name, document=document)


def _stamped(manifest: str, document: Document) -> Document:
    """An author's document with the Sids that mark and fingerprint it."""
    bodies = [json.loads(statement.source) for statement in document.statements]
    for body in bodies:
        body.pop("Sid", None)
    return marked_document(manifest, bodies, version=document.version)


class _Trusts:
    """Roles with their trust policies, and what came up on the way to them."""

    def __init__(self, manifest: Manifest, snapshots: Mapping[str, Snapshot]) -> None:
        self.manifest = manifest
        self.snapshots = snapshots
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []
        self.unknown: list[tuple[Address, str]] = []

    def role(self, spec: RoleSpec, links: list[LinkSpec]) -> Iterator[Resource]:
        """The role, or our part of the trust of one that is not ours, unless it cannot be known now."""
        if spec.existing:
            yield from self._among_others(spec, links)
            return
        address = Address(spec.name.account, Role.kind, (spec.name.name,))
        document = spec.trust.document if isinstance(spec.trust, WrittenDocument) else None
        if document is None or links:
            document = self._generated(address, spec, links, document)
        if document is None:
            return
        yield Role(
            account=spec.name.account,
            name=spec.name.name,
            path=spec.name.path,
            trust=document,
            description=spec.description,
            max_session=max([spec.session_seconds, *(link.session_seconds for link in links)]),
            boundary=spec.boundary,
            tags=spec.tags,
            manifest=self.manifest.name,
        )

    def _among_others(self, spec: RoleSpec, links: list[LinkSpec]) -> Iterator[RoleTrust]:
        if spec.trust is None and not links:
            return
        account, name, mark = spec.name.account, spec.name.name, marker(self.manifest.name)
        document = spec.trust.document if isinstance(spec.trust, WrittenDocument) else None
        if document is None or links:
            address = Address(account, RoleTrust.kind, (name, mark))
            document = self._generated(address, spec, links, document)
        if document is not None:
            yield RoleTrust.of(account, name, mark, self.manifest.name, document)

    def _generated(
        self, address: Address, spec: RoleSpec, links: list[LinkSpec], written: Document | None
    ) -> Document | None:
        """One statement for each set of conditions, after the written statements where there are any."""
        wanted: dict[tuple[Conditions, Standing], list[str]] = {}
        pins: dict[tuple[Conditions, Standing], list[str]] = {}
        lists: list[tuple[tuple[Trusted, ...], Conditions]] = []
        if isinstance(spec.trust, TrustList):
            lists.append((spec.trust.principals, spec.trust.conditions))
        lists += [(link.trust, link.conditions) for link in links]
        for principals, conditions in lists:
            for principal in principals:
                standings = self._standings(address, principal)
                if standings is None:
                    return None
                for one in standings:
                    key = (conditions, replace(one, value=""))
                    wanted.setdefault(key, []).append(one.value)
                    pin = pin_of(one.value, self.snapshots) if conditions.pin else ()
                    if isinstance(pin, str):
                        self.unknown.append((address, pin))
                        return None
                    pins.setdefault(key, []).extend(pin)
        statements = [
            trust_statement(named, conditions, like, pins[conditions, like])
            for (conditions, like), named in wanted.items()
        ]
        if written is not None:
            statements = [json.loads(one.source) for one in written.statements] + statements
        if not statements:
            self.problems.append(
                Problem(
                    summary="Nobody may assume the role",
                    detail=f'Role "{spec.name}" trusts nobody: no link and no trust names anyone live.',
                    fix="Name a user or a role under trust:, or put users into the group.",
                    place=spec.place,
                )
            )
            return None
        return Document.of(*statements)

    def _standings(self, address: Address, principal: Trusted) -> list[Standing] | None:
        match principal:
            case Name() | Foreign():
                arns: list[str] | None = [principal.arn]
            case WholeAccount():
                arns = [principal.account.root]
            case Members(by="members"):
                arns = self._members(address, principal)
            case Members():
                arns = self._whole(principal)
            case _:
                return [principal.standing(address.account)]
        return None if arns is None else [Standing(value=arn) for arn in arns]

    def _members(self, address: Address, principal: Members) -> list[str] | None:
        """The users of a group by ARN, with those that this very manifest puts into it."""
        group = principal.group
        declared = self.manifest.groups.get(str(group))
        planned = {member.arn for member in (declared.members or ())} if declared else set()
        snapshot = self.snapshots.get(group.account.name)
        why = (
            snapshot.why_unread("users", "groups", f"group/{group.name}") if snapshot else "It was not read."
        )
        if why is not None or snapshot is None:
            self.unknown.append((address, f'The members of group "{group}" are not known: {why}'))
            return None
        return sorted(planned | {user.arn for user in snapshot.members(group.name)})

    def _whole(self, principal: Members) -> list[str]:
        group = principal.group
        snapshot = self.snapshots.get(group.account.name)
        today = len(list(snapshot.members(group.name))) if snapshot else 0
        self.notes.append(
            Problem(
                summary="Trust in a whole account",
                detail=(
                    f'Group "{group}" cannot be a principal, so account {group.account.id} is trusted: '
                    "whoever its administrators choose may assume the role. "
                    f"The group has {today} members today."
                ),
                fix="Say by: members to trust its users one by one.",
                place=principal.place,
                severity=Severity.INFO,
            )
        )
        return [group.account.root]
