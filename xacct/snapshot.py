"""What was read of one account, and what could not be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from immutabledict import immutabledict

from xacct.account import Account
from xacct.policy.document import Document

EVERYTHING = "*"

NO_KEY = "NotFound"
"""The state of a key that there is none of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A part of an account of which nothing is known, and why.

    ``what`` is ``*`` for the whole account, a section (``roles``, ``users``, ``groups``, ``policies``,
    ``buckets``, ``providers``), or one entity (``role/NAME``, ``user/NAME``, ``group/NAME``, ``policy/NAME``,
    ``bucket/NAME``, ``key/REGION/ID``; names without their path).
    """

    account: str
    what: str
    reason: str

    def covers(self, sources: tuple[str, ...]) -> bool:
        """Whether something read from these sources is unknown because of this gap."""
        return self.what == EVERYTHING or self.what in sources


@dataclass(frozen=True, slots=True, kw_only=True)
class RawDocument:
    """A live document that is no policy by our reading; kept as text, never taken for absent."""

    text: str
    reason: str


LiveDocument = Document | RawDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRecord:
    """A live role; ``boundary`` is a policy ARN, ``tags`` all tags it has, ``attached`` policies by ARN.

    ``tag_pairs`` is how many tags the service counts, where it keeps those that a newer one of the same key hides.
    ``created`` is only seen, never compared.
    """

    name: str
    path: str
    arn: str
    id: str
    trust: LiveDocument
    description: str = ""
    max_session: int = 3600
    boundary: str = ""
    tags: immutabledict[str, str] = field(default_factory=immutabledict)
    tag_pairs: int = field(default=0, compare=False)
    inline: immutabledict[str, LiveDocument] = field(default_factory=immutabledict)
    attached: frozenset[str] = frozenset()
    instance_profiles: frozenset[str] = frozenset()
    created: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRecord:
    """A live user; ``groups`` are names of groups."""

    name: str
    path: str
    arn: str
    id: str
    groups: frozenset[str] = frozenset()
    boundary: str = ""
    tags: immutabledict[str, str] = field(default_factory=immutabledict)
    inline: immutabledict[str, LiveDocument] = field(default_factory=immutabledict)
    attached: frozenset[str] = frozenset()
    created: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRecord:
    """A live group; its members are found in the users' records."""

    name: str
    path: str
    arn: str
    id: str
    inline: immutabledict[str, LiveDocument] = field(default_factory=immutabledict)
    attached: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRecord:
    """A customer managed policy with its default version, and the ids of all versions."""

    name: str
    path: str
    arn: str
    document: LiveDocument
    default_version: str = "v1"
    versions: tuple[str, ...] = ("v1",)
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketRecord:
    """A live bucket; ``exists`` is False where the account has no bucket of that name.

    ``policy`` is None where there is none. The rest is None where the service does not say; ``untold`` names
    what we may not ask for. ``key_state`` is what KMS says of the key (``Enabled``, ``Disabled`` ...), ``NO_KEY``
    where it knows none, "" where it was not told; ``key_gone`` the day on which the key will be deleted. These are
    never compared.
    """

    name: str
    exists: bool = True
    policy: LiveDocument | None = None
    region: str | None = None
    encryption: str | None = None
    key: str | None = None
    ownership: str | None = None
    public_access_block: frozenset[str] | None = None
    untold: frozenset[str] = field(default=frozenset(), compare=False)
    key_state: str = field(default="", compare=False)
    key_gone: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """A key of this account that a bucket is encrypted with; ``name`` is its region and id.

    ``policy`` is None where it could not be read.
    """

    name: str
    arn: str
    policy: LiveDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRecord:
    """An identity provider, OIDC or SAML; ``audiences`` are those an OIDC one takes tokens for."""

    arn: str
    audiences: frozenset[str] = frozenset()


Entity: TypeAlias = UserRecord | RoleRecord | GroupRecord
Record: TypeAlias = Entity | PolicyRecord | BucketRecord | KeyRecord
Section: TypeAlias = Literal["users", "roles", "groups", "policies", "buckets", "keys"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One account as it was read; by name everywhere (names are unique in an account whatever their path).

    ``buckets`` holds those that were asked for. ``providers`` are by ARN, and None where nobody asked for any.
    What is in ``unread`` is unknown, and the tables then hold
    what could be read all the same.
    """

    account: Account
    caller: str = ""
    endpoints: immutabledict[str, str] = field(default_factory=immutabledict)
    platform: str = ""
    roles: immutabledict[str, RoleRecord] = field(default_factory=immutabledict)
    users: immutabledict[str, UserRecord] = field(default_factory=immutabledict)
    groups: immutabledict[str, GroupRecord] = field(default_factory=immutabledict)
    policies: immutabledict[str, PolicyRecord] = field(default_factory=immutabledict)
    buckets: immutabledict[str, BucketRecord] = field(default_factory=immutabledict)
    keys: immutabledict[str, KeyRecord] = field(default_factory=immutabledict)
    providers: immutabledict[str, ProviderRecord] | None = None
    public_access_block: frozenset[str] | None = None
    unread: frozenset[Unread] = frozenset()

    def why_unread(self, *sources: str) -> str | None:
        """The reason why one of these parts is unknown; None where all of them were read."""
        for gap in sorted(self.unread, key=lambda gap: gap.what):
            if gap.covers(sources):
                return gap.reason
        return None

    def holding(self, section: Section, record: Record) -> Snapshot:
        """The snapshot with a record in a section, in place of one of the same name."""
        table: Mapping[str, Record] = getattr(self, section)
        return replace(self, **{section: immutabledict({**table, record.name: record})})  # type: ignore[arg-type]

    def lacking(self, section: Section, name: str) -> Snapshot:
        """The snapshot without the record of a name."""
        table: Mapping[str, Record] = getattr(self, section)
        left = {key: record for key, record in table.items() if key != name}
        return replace(self, **{section: immutabledict(left)})  # type: ignore[arg-type]

    def entity(self, section: Section, name: str) -> Entity | None:
        """A user, role or group by its name."""
        found = getattr(self, section).get(name)
        return found if isinstance(found, UserRecord | RoleRecord | GroupRecord) else None

    def members(self, group: str) -> Iterator[UserRecord]:
        """The users in a group, by name."""
        for name in sorted(self.users):
            if group in self.users[name].groups:
                yield self.users[name]
