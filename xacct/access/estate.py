"""Several accounts as the evaluator sees them: every principal with its documents, every resource with its own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from xacct.account import Account
from xacct.platform import platform_named
from xacct.policy.arn import Arn, account_of
from xacct.policy.document import Document
from xacct.policy.evaluate import Named, Policies
from xacct.policy.principal import Principal, Role, Session, User, parse_principal
from xacct.policy.request import Request
from xacct.snapshot import BucketRecord, Entity, LiveDocument, RoleRecord, Snapshot, UserRecord

_ANYTHING = Document.of({"Effect": "Allow", "Action": "*", "Resource": "*"})

SESSION = "xacct"
"""The name of a session in a question: any name would do."""

NOBODY_KNOWS = "?"
"""The account of a resource that none of the accounts holds."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A layer of a decision that could not be read, and why."""

    layer: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """Accounts by their id. ``assumed`` are sentences on what is taken for granted, for people."""

    snapshots: Mapping[str, Snapshot]
    assumed: tuple[str, ...] = ()
    entrants: dict[tuple[str, str], Any] = field(default_factory=dict, compare=False, repr=False)
    """Who may enter which role, as far as it was asked before; an estate never changes."""
    _owners: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, snapshots: Iterable[Snapshot], assumed: tuple[str, ...] = ()) -> Estate:
        """An estate of these accounts."""
        read = list(snapshots)
        owners = {
            bucket.name: snapshot.account.id
            for snapshot in read
            for bucket in snapshot.buckets.values()
            if bucket.exists
        }
        return cls(snapshots={one.account.id: one for one in read}, assumed=assumed, _owners=owners)

    def accounts(self) -> Iterator[Account]:
        """The accounts, by name."""
        yield from sorted(snapshot.account for snapshot in self.snapshots.values())

    def user(self, record: UserRecord) -> User:
        """A user as one who asks."""
        return User(record.arn, record.id)

    def session(self, record: RoleRecord) -> Session:
        """A session of a role as one who asks."""
        return Session(record.arn, SESSION, record.id)

    def roles(self) -> Iterator[RoleRecord]:
        """Every role of every account."""
        for snapshot in self.snapshots.values():
            yield from snapshot.roles.values()

    def users(self) -> Iterator[UserRecord]:
        """Every user of every account."""
        for snapshot in self.snapshots.values():
            yield from snapshot.users.values()

    def principal(self, arn: str) -> Principal:
        """Who an ARN names, with the unique id where it is known; a role stands for a session of it.

        Raises:
            ValueError: it names no principal.
        """
        found = parse_principal(arn)
        record = self._entity(found)
        match found, record:
            case User(), UserRecord():
                return self.user(record)
            case Role() | Session(), RoleRecord():
                name = found.name if isinstance(found, Session) else SESSION
                return Session(record.arn, name, record.id)
            case Role(), _:
                return Session(found.arn, SESSION)
        return found

    def nobody(self, principal: Principal) -> bool:
        """Whether a user or role is not there, of an account that was read."""
        snapshot = self.snapshots.get(principal.account)
        if snapshot is None or not isinstance(principal, User | Role | Session):
            return False
        kind = "user" if isinstance(principal, User) else "role"
        name = getattr(principal, "role_arn", principal.arn).rpartition("/")[2]
        return self._entity(principal) is None and snapshot.why_unread(f"{kind}s", f"{kind}/{name}") is None

    def tags(self, principal: Principal) -> Mapping[str, str]:
        """The tags of a user or of a session's role, as far as they are known."""
        record = self._entity(principal)
        return record.tags if isinstance(record, UserRecord | RoleRecord) else {}

    def owner(self, resource: str) -> str:
        """The account of a resource, by its ARN; ``?`` where none of the accounts holds it."""
        arn = Arn.parse(resource)
        if arn is None:
            return ""
        if arn.service == "s3" and not arn.account:
            return self._owners.get(arn.resource.partition("/")[0], NOBODY_KNOWS)
        return arn.account

    def bucket(self, resource: str) -> BucketRecord | None:
        """The bucket of an S3 resource, where one of the accounts holds it."""
        arn = Arn.parse(resource)
        snapshot = self.snapshots.get(self.owner(resource))
        if arn is None or arn.service != "s3" or snapshot is None:
            return None
        return snapshot.buckets.get(arn.resource.partition("/")[0])

    def policies(self, request: Request) -> tuple[Policies, tuple[Gap, ...]]:
        """Every document that has a say in a request, with what could not be read."""
        gaps: list[Gap] = []
        resource = self._resource(request, gaps)
        identity: tuple[Named, ...] = ()
        boundary: Document | None = None
        if self.grants_not_judged(request):
            identity = (Named("own policies, which the service does not ask", _ANYTHING),)
        elif isinstance(request.principal, User | Session):
            identity, boundary = self._own(request.principal, gaps)
            identity += self._by_account(request, resource)
        policies = Policies(
            identity=identity,
            resource=resource,
            boundary=boundary,
            unknown=frozenset(gap.layer for gap in gaps),
        )
        return policies, tuple(gaps)

    def _by_account(self, request: Request, resource: Document | None) -> tuple[Named, ...]:
        """What a bucket policy gives to its own account by name, where that is everybody in it.

        Elsewhere naming the account only delegates, and a policy of one's own is needed.
        """
        owner = self.snapshots.get(request.resource_account)
        if owner is None or resource is None or not request.verb.startswith("s3:") or request.across:
            return ()
        if platform_named(owner.platform).account_delegates:
            return ()
        given = tuple(_to_account(resource, owner.account))
        return (_named(resource, given),) if given else ()

    def grants_not_judged(self, request: Request) -> bool:
        """Whether the service that is asked looks at the trust policy alone."""
        owner = self.snapshots.get(request.resource_account)
        entering = request.verb == "sts:assumerole"
        return entering and owner is not None and not platform_named(owner.platform).grants_judged

    def _entity(self, principal: Principal) -> Entity | None:
        snapshot = self.snapshots.get(principal.account)
        if snapshot is None:
            return None
        match principal:
            case User(arn):
                found = snapshot.users.get(arn.rpartition("/")[2])
                return found if found and found.arn == arn else None
            case Role(arn):
                return snapshot.roles.get(arn.rpartition("/")[2])
            case Session(role_arn):
                return snapshot.roles.get(role_arn.rpartition("/")[2])
        return None

    def _own(self, principal: User | Session, gaps: list[Gap]) -> tuple[tuple[Named, ...], Document | None]:
        """The documents of a user with those of its groups, or of a role; and the boundary."""
        snapshot = self.snapshots.get(principal.account)
        if snapshot is None:
            gaps.append(Gap("identity", f"account {principal.account} is none of those that were read"))
            return (), None
        kind = "user" if isinstance(principal, User) else "role"
        arn = principal.arn if isinstance(principal, User) else principal.role_arn
        name = arn.rpartition("/")[2]
        record = self._entity(principal)
        why = snapshot.why_unread(f"{kind}s", f"{kind}/{name}")
        if why:
            gaps.append(Gap("identity", f"{snapshot.account.name}/{kind}/{name} could not be read: {why}"))
        elif record is None:
            gaps.append(Gap("identity", f"{snapshot.account.name} has no {kind} {name}"))
        if record is None:
            return (), None
        holders: list[Entity] = [record]
        if isinstance(record, UserRecord):
            for group in sorted(record.groups):
                if group in snapshot.groups:
                    holders.append(snapshot.groups[group])
                elif why := snapshot.why_unread("groups", f"group/{group}"):
                    gaps.append(Gap("identity", f"group {group} could not be read: {why}"))
        found = tuple(one for holder in holders for one in _documents(snapshot, holder, gaps))
        limit = record.boundary if isinstance(record, UserRecord | RoleRecord) else ""
        return found, _managed(snapshot, limit, "boundary", gaps) if limit else None

    def _resource(self, request: Request, gaps: list[Gap]) -> Document | None:
        """The bucket's policy for what S3 is asked, the trust policy for STS, the key's for KMS."""
        service = request.verb.partition(":")[0]
        owner = self.snapshots.get(request.resource_account)
        if service == "kms":
            return self._key_policy(request.resource, gaps)
        if service not in ("s3", "sts") or request.resource == "*":
            return None
        if owner is None:
            gaps.append(Gap("resource", f"{request.resource} is in none of the accounts that were read"))
            return None
        name = request.resource.rpartition(":")[2].partition("/")[0]
        if service == "sts":
            name = request.resource.rpartition("/")[2]
            role = owner.roles.get(name)
            if role is None:
                why = owner.why_unread("roles", f"role/{name}")
                if why:
                    gaps.append(Gap("resource", f"role {name} could not be read: {why}"))
                return None
            return _readable(role.trust, "resource", f"the trust policy of {name}", gaps)
        if why := owner.why_unread("buckets", f"bucket/{name}"):
            gaps.append(Gap("resource", f"the policy of bucket {name} could not be read: {why}"))
            return None
        bucket = owner.buckets.get(name)
        if bucket is None or bucket.policy is None:
            return None
        return _readable(bucket.policy, "resource", f"the policy of bucket {name}", gaps)

    def _key_policy(self, arn: str, gaps: list[Gap]) -> Document | None:
        owner = self.snapshots.get(account_of(arn))
        found = next((one for one in owner.keys.values() if one.arn == arn), None) if owner else None
        if found is None or found.policy is None:
            gaps.append(Gap("resource", f"the policy of the key {arn} was not read"))
            return None
        return _readable(found.policy, "resource", f"the policy of the key {arn}", gaps)


def _documents(snapshot: Snapshot, holder: Entity, gaps: list[Gap]) -> Iterator[Named]:
    kind = holder.arn.rpartition(":")[2].partition("/")[0]
    for name, document in holder.inline.items():
        title = f"{name} of {kind} {holder.name}"
        read = _readable(document, "identity", title, gaps)
        if read is not None:
            yield Named(title, read)
    for arn in sorted(holder.attached):
        read = _managed(snapshot, arn, "identity", gaps)
        if read is not None:
            yield Named(f"{arn.rpartition('/')[2]} attached to {kind} {holder.name}", read)


def _managed(snapshot: Snapshot, arn: str, layer: str, gaps: list[Gap]) -> Document | None:
    found = snapshot.policies.get(arn.rpartition("/")[2])
    if found is None or found.arn != arn:
        gaps.append(Gap(layer, f"the managed policy {arn} was not read"))
        return None
    return _readable(found.document, layer, f"the managed policy {arn}", gaps)


def _named(document: Document, statements: tuple[dict[str, Any], ...]) -> Named:
    name = "bucket policy, which names the account"
    return Named(name, Document.of(*statements, version=document.version))


def _to_account(document: Document, account: Account) -> Iterator[dict[str, Any]]:
    """The Allow statements that name the account itself, as a policy of one's own would have them."""
    for statement in document.statements:
        named = {one.value for one in statement.principals or () if one.type == "AWS"}
        if statement.effect == "Allow" and named & {account.id, account.root}:
            body = json.loads(statement.source)
            yield {key: value for key, value in body.items() if key not in ("Principal", "Sid")}


def _readable(document: LiveDocument, layer: str, title: str, gaps: list[Gap]) -> Document | None:
    if isinstance(document, Document):
        return document
    why = "is no policy that can be understood" if document.text else "is not known"
    gaps.append(Gap(layer, f"{title} {why}: {document.reason}"))
    return None
