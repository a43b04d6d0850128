"""What each change takes away and what it gives, as parts of documents, and whom it reaches; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal, TypeAlias

from xacct.account import Account
from xacct.kinds.attachment import Attachment
from xacct.kinds.bucket_policy import BucketPolicy
from xacct.kinds.inline import InlinePolicy
from xacct.kinds.key_policy import KeyPolicy
from xacct.kinds.managed_policy import ManagedPolicy
from xacct.kinds.membership import Membership
from xacct.kinds.role import Role
from xacct.kinds.role_trust import RoleTrust
from xacct.plan.plan import Change, Create, Delete, Update, ends, requests
from xacct.plan.reach import anchor
from xacct.policy.document import Document
from xacct.policy.shared import Part, beyond, parts
from xacct.resource import Address, Resource, Splice

Holder: TypeAlias = tuple[Account, str, str]
"""Who has permissions: account, ``role``, ``user`` or ``group``, and the name."""

Table: TypeAlias = Mapping[Address, Resource]

ANYTHING = Document.of({"Effect": "Allow", "Action": "*", "Resource": "*"})
"""Stands for a managed policy that was not read, and for what a boundary leaves."""


ANYBODY = Document.of({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
"""Stands for a trust that was not read."""


class Half(Enum):
    """The two things that a change may do to what people may do."""

    value: Literal["narrow", "widen"]
    LESS = "narrow"
    MORE = "widen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one change does in one layer.

    ``out`` and ``into`` are the parts that leave and enter the document itself. ``less`` and ``more`` are
    those that count: an Allow that nothing else of the same holder gives, a Deny that nothing else says. A
    Deny that comes is less, one that goes is more. ``people`` are who is reached, by ARN without path or by
    account id.
    """

    address: Address
    layer: Literal["trust", "identity", "boundary", "bucket", "key"]
    holders: frozenset[Holder] = frozenset()
    people: frozenset[str] = frozenset()
    out: tuple[Part, ...] = ()
    into: tuple[Part, ...] = ()
    less: tuple[Part, ...] = ()
    more: tuple[Part, ...] = ()


class World:
    """Live and planned side by side, with an index of who holds which documents."""

    def __init__(self, changes: Mapping[Address, Change], live: Table) -> None:
        self.changes = changes
        self.before: dict[Address, Resource] = {**live, **dict(_befores(changes))}
        self.after: dict[Address, Resource] = {
            address: one
            for address, one in self.before.items()
            if not isinstance(changes.get(address), Delete)
        } | dict(_afters(changes))
        self._held = [_held(table) for table in (self.before, self.after)]
        self._members = _members(self.before, self.after)

    def effects(self) -> tuple[Effect, ...]:
        """Of all changes, by address; those that touch nobody's permissions have none."""
        return tuple(one for address in sorted(self.changes) for one in self._of(address))

    def roles(self) -> dict[str, tuple[Role | None, Role | None]]:
        """Every role that lives or is planned, by its ARN without path: before and after."""
        found = {
            anchor(one.arn): (_role(self.before.get(address)), self._planned(address))
            for address, one in sorted({**self.before, **self.after}.items())
            if isinstance(one, Role)
        }
        for address in self.changes:
            one = self.after.get(address) or self.before.get(address)
            if isinstance(one, RoleTrust):
                # A role of which nothing was read but what is ours in its trust.
                stands = Role(account=one.account, name=one.owner, trust=ANYBODY)
                found.setdefault(anchor(stands.arn), (stands, stands))
        return found

    def _planned(self, address: Address) -> Role | None:
        """A role as it will be, with our statements in the trust of one that is not ours."""
        role = _role(self.after.get(address))
        for other, change in sorted(self.changes.items()):
            if role is None or (other.account, other.kind) != (role.account, RoleTrust.kind):
                continue
            for request in requests(change) if other.parts[0] == role.name else ():
                assert isinstance(request, Splice)
                merged = request.merged(role.trust.source).params[RoleTrust.document]
                role = replace(role, trust=Document.parse(str(merged)))
        return role

    def documents(self, holder: Holder) -> tuple[Document, ...]:
        """All that a role, user or group holds, before or after."""
        return tuple(one for held in self._held for one in held.get(holder, ()))

    def people(self, holder: Holder) -> frozenset[str]:
        """Who has what a holder has: itself, or the users of a group; the account where nobody is known."""
        account, kind, name = holder
        if kind != "group":
            return frozenset({account.iam_arn(f"{kind}/{name}")})
        users = self._members.get(holder, ())
        return frozenset(account.iam_arn(f"user/{one}") for one in users) or frozenset({account.id})

    def _of(self, address: Address) -> Iterator[Effect]:
        before, after = ends(self.changes[address])
        match before or after:
            case Role() as role:
                yield from self._of_role(address, role, _role(before), _role(after))
            case RoleTrust() as ours:
                yield self._trust(address, ours.owner, document(before), document(after))
            case BucketPolicy() | KeyPolicy() as ours:
                old, new = document(before), document(after)
                out, into = beyond(old, _some(new)), beyond(new, _some(old))
                layer: Literal["bucket", "key"] = "key" if isinstance(ours, KeyPolicy) else "bucket"
                yield _effect(Effect(address=address, layer=layer, out=out, into=into), out, into)
            case InlinePolicy():
                holder = (address.account, address.kind.partition("-")[0], address.parts[0])
                yield self._identity(
                    address, frozenset({holder}), _some(document(before)), _some(document(after))
                )
            case ManagedPolicy() as policy:
                old, new = document(before), document(after)
                if old is None or new is None:
                    return  # one that is made or goes is nobody's at that moment
                if holders := self._attached(policy.arn):
                    yield self._identity(address, holders, (old,), (new,))
                if limited := self._limited(policy.arn):
                    yield self._boundary(address, limited, beyond(old, (new,)), beyond(new, (old,)))
            case Attachment() as one:
                holder = (address.account, address.kind.partition("-")[0], one.owner)
                documents = tuple(self._managed(one.policy)) or (ANYTHING,)
                yield self._identity(
                    address,
                    frozenset({holder}),
                    documents if before else (),
                    documents if after else (),
                )
            case Membership() as member:
                user = (address.account, "user", member.user)
                documents = self.documents((address.account, "group", member.group))
                yield self._identity(
                    address, frozenset({user}), documents if before else (), documents if after else ()
                )

    def _of_role(
        self, address: Address, role: Role, before: Role | None, after: Role | None
    ) -> Iterator[Effect]:
        holder: Holder = (address.account, "role", role.name)
        yield self._trust(address, role.name, document(before), document(after))
        if before is not None and after is not None and before.boundary != after.boundary:
            less = parts(ANYTHING) if after.boundary else ()
            more = parts(ANYTHING) if before.boundary else ()
            yield self._boundary(address, frozenset({holder}), less, more)

    def _boundary(
        self, address: Address, holders: frozenset[Holder], gone: tuple[Part, ...], come: tuple[Part, ...]
    ) -> Effect:
        """What a boundary lets through no more and newly; that the holder has the same elsewhere makes no odds."""
        people = frozenset().union(*(self.people(one) for one in holders))
        return _effect(Effect(address=address, layer="boundary", holders=holders, people=people), gone, come)

    def _trust(self, address: Address, role: str, old: Document | None, new: Document | None) -> Effect:
        holders: frozenset[Holder] = frozenset({(address.account, "role", role)})
        out, into = beyond(old, _some(new)), beyond(new, _some(old))
        return _effect(Effect(address=address, layer="trust", holders=holders, out=out, into=into), out, into)

    def _identity(
        self,
        address: Address,
        holders: frozenset[Holder],
        old: tuple[Document, ...],
        new: tuple[Document, ...],
    ) -> Effect:
        """The change of documents that some hold.

        An Allow that the holder has elsewhere, before or after, gives nothing new and takes nothing away; a
        Deny that only moves to another document could be missed in between, so it counts.
        """
        effect = Effect(
            address=address,
            layer="identity",
            holders=holders,
            people=frozenset().union(*(self.people(one) for one in holders)),
            out=tuple(part for one in old for part in beyond(one, new)),
            into=tuple(part for one in new for part in beyond(one, old)),
        )
        gone: list[Part] = []
        come: list[Part] = []
        for holder in sorted(holders):
            had, has = (self._all(held, holder) for held in self._held)
            gone += [part for one in old for part in beyond(one, has) if not part.denies]
            come += [part for one in new for part in beyond(one, had) if not part.denies]
        gone += [part for part in effect.out if part.denies]
        come += [part for part in effect.into if part.denies]
        return _effect(effect, tuple(dict.fromkeys(gone)), tuple(dict.fromkeys(come)))

    def _all(self, held: Mapping[Holder, list[Document]], holder: Holder) -> tuple[Document, ...]:
        """The documents of a holder, for a user with those of the groups."""
        account, kind, name = holder
        table = self.before if held is self._held[0] else self.after
        found = list(held.get(holder, ()))
        if kind == "user":
            for group, users in self._members.items():
                if group[0] == account and name in users:
                    there = Address(account, Membership.kind, (group[2], name)) in table
                    found += held.get(group, ()) if there else ()
        return tuple(found)

    def _managed(self, arn: str) -> Iterator[Document]:
        for table in (self.before, self.after):
            for one in table.values():
                if isinstance(one, ManagedPolicy) and one.arn == arn:
                    yield one.document

    def _attached(self, arn: str) -> frozenset[Holder]:
        """Who has a managed policy as a permission."""
        return frozenset(
            (address.account, address.kind.partition("-")[0], address.parts[0])
            for table in (self.before, self.after)
            for address, one in table.items()
            if isinstance(one, Attachment) and one.policy == arn
        )

    def _limited(self, arn: str) -> frozenset[Holder]:
        """Which roles have it as their boundary."""
        return frozenset(
            (one.account, "role", one.name)
            for table in (self.before, self.after)
            for one in table.values()
            if isinstance(one, Role) and one.boundary == arn
        )


def halves(change: Change) -> frozenset[Half]:
    """Which halves a change has: taking away, giving, or both; one that touches no document has one."""
    match change:
        case Create(after):
            found = _halves(None, document(after))
        case Update(before, after):
            found = _halves(document(before), document(after))
            if isinstance(before, Role) and isinstance(after, Role) and before.boundary != after.boundary:
                found |= {Half.LESS} if after.boundary else set()
                found |= {Half.MORE} if before.boundary else set()
        case Delete(before):
            found = _halves(document(before), None)
    return found or frozenset({Half.LESS if isinstance(change, Delete) else Half.MORE})


def _halves(before: Document | None, after: Document | None) -> frozenset[Half]:
    gone, come = beyond(before, _some(after)), beyond(after, _some(before))
    less = any(not part.denies for part in gone) or any(part.denies for part in come)
    more = any(not part.denies for part in come) or any(part.denies for part in gone)
    return frozenset({Half.LESS} if less else ()) | frozenset({Half.MORE} if more else ())


def document(resource: Resource | None) -> Document | None:
    """The document of a resource; None where it has none."""
    shown = resource.shown() if resource else ()
    return next((value for _, value in shown if isinstance(value, Document)), None)


def _effect(effect: Effect, gone: tuple[Part, ...], come: tuple[Part, ...]) -> Effect:
    """With what counts: the Allows gone and the Denies come are less, the others more."""
    less = (*(one for one in gone if not one.denies), *(one for one in come if one.denies))
    more = (*(one for one in come if not one.denies), *(one for one in gone if one.denies))
    return Effect(
        address=effect.address,
        layer=effect.layer,
        holders=effect.holders,
        people=effect.people,
        out=effect.out,
        into=effect.into,
        less=less,
        more=more,
    )


def _some(one: Document | None) -> tuple[Document, ...]:
    return () if one is None else (one,)


def _role(resource: Resource | None) -> Role | None:
    return resource if isinstance(resource, Role) else None


def _befores(changes: Mapping[Address, Change]) -> Iterator[tuple[Address, Resource]]:
    for address, change in changes.items():
        if not isinstance(change, Create):
            yield address, change.before


def _afters(changes: Mapping[Address, Change]) -> Iterator[tuple[Address, Resource]]:
    for address, change in changes.items():
        if not isinstance(change, Delete):
            yield address, change.after


def _held(table: Table) -> dict[Holder, list[Document]]:
    """The documents that each role, user and group has of its own, as far as they are known."""
    managed = {one.arn: one.document for one in table.values() if isinstance(one, ManagedPolicy)}
    found: dict[Holder, list[Document]] = {}
    for address, one in sorted(table.items()):
        holder = (address.account, address.kind.partition("-")[0], address.parts[0])
        if isinstance(one, InlinePolicy):
            found.setdefault(holder, []).append(one.document)
        elif isinstance(one, Attachment) and one.policy in managed:
            found.setdefault(holder, []).append(managed[one.policy])
    return found


def _members(*tables: Table) -> dict[Holder, frozenset[str]]:
    found: dict[Holder, frozenset[str]] = {}
    for one in _every(tables):
        if isinstance(one, Membership):
            group: Holder = (one.account, "group", one.group)
            found[group] = found.get(group, frozenset()) | {one.user}
    return found


def _every(tables: Iterable[Table]) -> Iterator[Resource]:
    for table in tables:
        yield from table.values()
