"""What the embedded cloud holds: moto's own objects, read without moto's opinion on who may see them."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from threading import RLock
from typing import Any

from moto.iam.models import AWSManagedPolicy, aws_managed_policies_data, iam_backends
from moto.s3.models import s3_backends

PARTITION = "aws"
"""Everything the embedded cloud holds is in this partition."""
PARTITION_REGION = "us-east-1"


def new_unique_id(prefix: str) -> str:
    """A unique id of IAM: four letters that say what it is, and 17 characters."""
    return prefix + "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(17))


class Kind(Enum):
    """What an entity of IAM is."""

    USER = "user"
    ROLE = "role"
    GROUP = "group"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A user, role or group as it is now; ``id`` is its unique id (AIDA..., AROA..., AGPA...)."""

    kind: Kind
    account: str
    name: str
    id: str
    path: str
    arn: str
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class PolicyText:
    """A policy document under the name (inline) or the ARN (managed) it is known by."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicAccessBlock:
    """The four switches of a bucket or an account; all off where nothing was set."""

    block_public_acls: bool = False
    ignore_public_acls: bool = False
    block_public_policy: bool = False
    restrict_public_buckets: bool = False


class Store:
    """Reads moto's backends; hold ``lock`` (re-entrant) around every use, moto is not thread-safe."""

    def __init__(self, accounts: tuple[str, ...]) -> None:
        self.accounts = accounts
        self.lock = RLock()

    # --- moto's own objects ---------------------------------------------------------------------------

    def iam(self, account: str) -> Any:
        """Moto's ``IAMBackend`` of an account; only for accounts of this cloud."""
        return iam_backends[self._known(account)][PARTITION]

    def s3(self, account: str) -> Any:
        """Moto's ``S3Backend`` of an account; only for accounts of this cloud."""
        return s3_backends[self._known(account)][PARTITION]

    def _known(self, account: str) -> str:
        if account not in self.accounts:
            raise KeyError(account)
        return account

    # --- users, roles, groups -------------------------------------------------------------------------

    def users(self, account: str) -> tuple[Entity, ...]:
        """All users of an account, the administrator among them."""
        return tuple(self._user(account, user) for user in self.iam(account).users.values())

    def roles(self, account: str) -> tuple[Entity, ...]:
        """All roles of an account."""
        return tuple(self._role(account, role) for role in self.iam(account).roles.values())

    def groups(self, account: str) -> tuple[Entity, ...]:
        """All groups of an account."""
        return tuple(self._group(account, group) for group in self.iam(account).groups.values())

    def entities(self) -> Iterator[Entity]:
        """Every user and role of every account: what a principal's ARN or unique id can mean."""
        for account in self.accounts:
            yield from self.users(account)
            yield from self.roles(account)

    def user(self, account: str, name: str) -> Entity | None:
        """A user by its exact name, None where there is none."""
        user = self.iam(account).users.get(name) if account in self.accounts else None
        return None if user is None else self._user(account, user)

    def role(self, account: str, name: str) -> Entity | None:
        """A role by its exact name, None where there is none."""
        if account not in self.accounts:
            return None
        for role in self.iam(account).roles.values():
            if role.name == name:
                return self._role(account, role)
        return None

    def by_arn(self, arn: str) -> Entity | None:
        """The user or role that has this very ARN now, path and case included."""
        return next((entity for entity in self.entities() if entity.arn == arn), None)

    def by_id(self, unique_id: str) -> Entity | None:
        """The user or role with this unique id, None once it is deleted."""
        return next((entity for entity in self.entities() if entity.id == unique_id), None)

    def groups_of(self, user: Entity) -> tuple[Entity, ...]:
        """The groups a user is in."""
        return tuple(
            self._group(user.account, group)
            for group in self.iam(user.account).groups.values()
            if any(member.id == user.id for member in group.users)
        )

    def members_of(self, group: Entity) -> tuple[Entity, ...]:
        """The users in a group."""
        return tuple(self._user(group.account, user) for user in self._raw(group).users)

    # --- documents ------------------------------------------------------------------------------------

    def policies(self, entity: Entity) -> tuple[PolicyText, ...]:
        """Inline and attached managed policies (default version) of the entity itself, groups left out."""
        raw = self._raw(entity)
        inline = (PolicyText(name, text) for name, text in raw.policies.items())
        managed = (PolicyText(arn, _default_version(policy)) for arn, policy in raw.managed_policies.items())
        return (*inline, *managed)

    def identity_policies(self, entity: Entity) -> tuple[PolicyText, ...]:
        """All that gives the entity rights: its own policies and those of a user's groups."""
        groups = self.groups_of(entity) if entity.kind is Kind.USER else ()
        return (*self.policies(entity), *(text for group in groups for text in self.policies(group)))

    def boundary(self, entity: Entity) -> PolicyText | None:
        """The permissions boundary; text "" where its policy is gone. Moto keeps them for roles only."""
        arn = getattr(self._raw(entity), "permissions_boundary_arn", None)
        if not arn:
            return None
        policy = self.iam(entity.account).managed_policies.get(arn)
        return PolicyText(arn, "" if policy is None else _default_version(policy))

    def managed_policy(self, account: str, arn: str) -> PolicyText | None:
        """A managed policy's default version, as an account sees it."""
        policy = self.iam(account).managed_policies.get(arn)
        return None if policy is None else PolicyText(arn, _default_version(policy))

    def trust(self, role: Entity) -> str:
        """The trust policy of a role as it is stored: principals are unique ids where they were ARNs."""
        return str(self._raw(role).assume_role_policy_document)

    def max_session_duration(self, role: Entity) -> int:
        """How long a session of the role may last, in seconds."""
        return int(self._raw(role).max_session_duration or 3600)

    def holders_of(self, account: str, arn: str) -> tuple[Entity, ...]:
        """Who has a managed policy attached, or as a boundary."""
        entities = (*self.users(account), *self.roles(account), *self.groups(account))
        return tuple(
            entity
            for entity in entities
            if arn in self._raw(entity).managed_policies
            or getattr(self._raw(entity), "permissions_boundary_arn", None) == arn
        )

    def versions_of(self, account: str, arn: str) -> int:
        """How many versions a managed policy has."""
        policy = self.iam(account).managed_policies.get(arn)
        return 0 if policy is None else len(policy.versions)

    def add_aws_policy(self, account: str, arn: str) -> None:
        """Makes one of AWS's own policies known to an account that asks for it; moto has their texts.

        Not all 1,500 at once: they would make each state file large, and each start slow.
        """
        policies, name = self.iam(account).managed_policies, arn.rsplit("/", 1)[-1]
        data = aws_policies().get(name)
        if arn not in policies and data is not None:
            policy = AWSManagedPolicy.from_data(name, account, PARTITION_REGION, data)
            if policy.arn == arn:
                policies[arn] = policy

    # --- identity providers ---------------------------------------------------------------------------

    def oidc_audiences(self, account: str, issuer: str) -> frozenset[str] | None:
        """Whose tokens an account takes from an issuer (without ``https://``); None where it has no provider."""
        if account not in self.accounts:
            return None
        for provider in self.iam(account).open_id_providers.values():
            if provider.url.rstrip("/") == issuer:
                return frozenset(provider.client_id_list)
        return None

    # --- buckets --------------------------------------------------------------------------------------

    def bucket_owner(self, bucket: str) -> str:
        """The account that owns a bucket, "" where there is no such bucket; names are global."""
        for account in self.accounts:
            if bucket in self.s3(account).buckets:
                return account
        return ""

    def bucket(self, name: str) -> Any:
        """Moto's ``FakeBucket``, None where there is no such bucket."""
        owner = self.bucket_owner(name)
        return self.s3(owner).buckets[name] if owner else None

    def bucket_policy(self, bucket: str) -> str:
        """The bucket policy as stored, "" where there is none."""
        policy = getattr(self.bucket(bucket), "policy", None)
        return policy.decode() if isinstance(policy, bytes) else policy or ""

    def public_access_block(self, bucket: str) -> PublicAccessBlock:
        """The bucket's own switches."""
        return _switches(getattr(self.bucket(bucket), "public_access_block", None))

    def has_key(self, bucket: str, key: str) -> bool:
        """Whether the bucket holds an object of this name (its latest version, delete markers aside)."""
        found = self.bucket(bucket)
        return found is not None and type(found.keys.get(key)).__name__ == "FakeKey"

    # --- credentials ----------------------------------------------------------------------------------

    def access_key(self, access_key_id: str) -> tuple[Entity, str, bool] | None:
        """Whose a user's key is: the user, the secret, and whether the key is active."""
        for account in self.accounts:
            for user in self.iam(account).users.values():
                for key in user.access_keys:
                    if key.access_key_id == access_key_id:
                        return self._user(account, user), key.secret_access_key, key.status == "Active"
        return None

    def has_credentials(self, user: Entity) -> bool:
        """Whether keys, devices or a password stand in the way of deleting the user."""
        raw = self._raw(user)
        return bool(raw.access_keys or raw.mfa_devices or raw.password)

    def renamed(self, before: Entity) -> None:
        """Mends what moto leaves under the old name of a user: its keys' owner and its tags."""
        raw = next((user for user in self.iam(before.account).users.values() if user.id == before.id), None)
        if raw is None or raw.arn == before.arn:
            return
        tagger = self.iam(before.account).tagger
        tagger.delete_all_tags_for_resource(before.arn)
        tagger.tag_resource(raw.arn, [{"Key": key, "Value": value} for key, value in before.tags.items()])
        for key in raw.access_keys:
            key.user_name = raw.name

    def mfa_seed(self, user: Entity, serial_number: str) -> str | None:
        """The seed (base 32) of a virtual device that is enabled for the user, None for any other serial."""
        iam = self.iam(user.account)
        if serial_number not in iam.users[user.name].mfa_devices:
            return None
        device = iam.virtual_mfa_devices.get(serial_number)
        return None if device is None else str(device.base32_string_seed)

    def give_ids(self, account: str) -> dict[str, str]:
        """Unique ids as AWS makes them for users and groups that moto just made: new ids by old."""
        iam, given = self.iam(account), {}
        for prefix, entities in (("AIDA", iam.users.values()), ("AGPA", iam.groups.values())):
            for entity in entities:
                if not entity.id.startswith(prefix):
                    old, entity.id = entity.id, new_unique_id(prefix)
                    given[old] = entity.id
        return given

    @contextmanager
    def held(self) -> Iterator[None]:
        """The store for one thread."""
        with self.lock:
            yield

    # --- moto's shapes --------------------------------------------------------------------------------

    def _raw(self, entity: Entity) -> Any:
        iam = self.iam(entity.account)
        match entity.kind:
            case Kind.USER:
                return iam.users[entity.name]
            case Kind.ROLE:
                return next(role for role in iam.roles.values() if role.id == entity.id)
            case Kind.GROUP:
                return iam.groups[entity.name]

    def _user(self, account: str, user: Any) -> Entity:
        return _entity(Kind.USER, account, user, tags=user.tags or [])

    def _role(self, account: str, role: Any) -> Entity:
        tags = role.tags.values() if isinstance(role.tags, dict) else role.tags or []
        return _entity(Kind.ROLE, account, role, tags=tags)

    def _group(self, account: str, group: Any) -> Entity:
        return _entity(Kind.GROUP, account, group, tags=[])


@cache
def aws_policies() -> Mapping[str, Any]:
    """AWS's own managed policies by name, as moto brings them."""
    policies: dict[str, Any] = json.loads(aws_managed_policies_data)
    return policies


def _entity(kind: Kind, account: str, raw: Any, *, tags: Any) -> Entity:
    return Entity(
        kind=kind,
        account=account,
        name=raw.name,
        id=raw.id,
        path=raw.path or "/",
        arn=raw.arn,
        tags={tag["Key"]: tag["Value"] for tag in tags},
    )


def _default_version(policy: Any) -> str:
    return next((str(v.document) for v in policy.versions if v.version_id == policy.default_version_id), "")


def _switches(raw: Any) -> PublicAccessBlock:
    if raw is None:
        return PublicAccessBlock()

    def on(name: str) -> bool:
        return str(getattr(raw, name, "")).lower() == "true"

    return PublicAccessBlock(
        block_public_acls=on("block_public_acls"),
        ignore_public_acls=on("ignore_public_acls"),
        block_public_policy=on("block_public_policy"),
        restrict_public_buckets=on("restrict_public_buckets"),
    )
