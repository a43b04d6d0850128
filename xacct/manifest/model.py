"""The manifest as values, after loading and before anything is known of the live accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from immutabledict import immutabledict

from xacct.account import Account, AccountSpec
from xacct.manifest.identities import Identity, PermissionSet
from xacct.policy.arn import account_of
from xacct.policy.document import Document
from xacct.problem import Place, Problem

EntityKind: TypeAlias = Literal["role", "user", "group", "bucket"]

ASSUME = "assume"
"""The word of ``access`` that stands for the way into a role itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """``ACCOUNT/KIND/[PATH/]NAME``: something in one of the manifest's accounts; ``path`` is ``/app/``."""

    account: Account
    kind: EntityKind
    name: str
    path: str = "/"
    place: Place | None = field(default=None, compare=False)

    @property
    def arn(self) -> str:
        """The ARN that this name stands for."""
        if self.kind == "bucket":
            return f"arn:{self.account.partition}:s3:::{self.name}"
        return self.account.iam_arn(f"{self.kind}{self.path}{self.name}")

    def __str__(self) -> str:
        """As it is written in a manifest."""
        return f"{self.account.name}/{self.kind}{self.path}{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """A principal of an account that the manifest does not declare, by its ARN."""

    arn: str
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """A group as the ones who may assume: its users by ARN, read live (``members``), or the ``account``."""

    group: Name
    by: Literal["members", "account"]
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeAccount:
    """Whoever the administrators of an account choose: its root ARN as principal."""

    account: Account
    place: Place | None = field(default=None, compare=False)


Trusted: TypeAlias = Name | Foreign | Members | WholeAccount | Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What a link or a trust asks beyond the principal.

    ``expires`` is UTC in ISO form (``2027-01-31T00:00:00Z``); ``source_ip`` are CIDR blocks. MFA and the
    external id belong to the trust only; expiry and source address to the trust and to the permissions.
    ``session_tags`` are the keys that the session may be tagged with, in trust and grant; ``*`` is any. With
    ``pin`` users and roles are let in only as long as they have the unique ids that they have now.
    """

    external_id: str = ""
    mfa: bool = False
    source_ip: tuple[str, ...] = ()
    expires: str = ""
    session_tags: tuple[str, ...] = ()
    pin: bool = False
    external_id_place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDocument:
    """A policy document that the author wrote, in a file or in the manifest itself."""

    document: Document
    origin: str
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustList:
    """A trust policy said as a list of principals with conditions; the document is generated."""

    principals: tuple[Trusted, ...]
    conditions: Conditions = field(default_factory=Conditions)
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedSpec:
    """A managed policy that xacct makes and attaches; it lives under the path ``/xacct/<manifest>/``."""

    name: str
    document: WrittenDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSpec:
    """A role the manifest makes, or with ``existing`` one that it only names (grants, profile).

    ``attached`` are ARNs of managed policies that exist already; ``tags`` the author's own.
    """

    name: Name
    trust: WrittenDocument | TrustList | None
    policies: immutabledict[str, WrittenDocument] = field(default_factory=immutabledict)
    managed: tuple[ManagedSpec, ...] = ()
    attached: tuple[str, ...] = ()
    description: str = ""
    session_seconds: int = 3600
    boundary: str = ""
    tags: immutabledict[str, str] = field(default_factory=immutabledict)
    profile: str = ""
    existing: bool = False
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSpec:
    """A group in A: its grants by policy name; ``members`` is None where they are not managed."""

    name: Name
    grants: immutabledict[str, WrittenDocument] = field(default_factory=immutabledict)
    managed: tuple[ManagedSpec, ...] = ()
    attached: tuple[str, ...] = ()
    members: tuple[Name, ...] | None = None
    create: bool = False
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSpec:
    """A user, never created: its grants, and the profile that verify uses as this user."""

    name: Name
    grants: immutabledict[str, WrittenDocument] = field(default_factory=immutabledict)
    managed: tuple[ManagedSpec, ...] = ()
    attached: tuple[str, ...] = ()
    profile: str = ""
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketSpec:
    """A bucket, never created, whose policy holds statements of this manifest."""

    name: Name
    policy: WrittenDocument
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSpec:
    """The whole path: who in A, through which role of B, may do what to which buckets.

    ``access`` holds ``list``, ``read``, ``write``, ``delete``; ``actions`` further S3 actions.
    ``policy_name`` and ``grant_name`` are exact names where the author sets them, else "" and the name is
    generated. ``prefixes`` end in a slash.
    """

    name: str
    role: Name
    trust: tuple[Trusted, ...]
    grants: tuple[Name, ...]
    buckets: tuple[Name, ...]
    prefixes: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    conditions: Conditions = field(default_factory=Conditions)
    session_seconds: int = 3600
    description: str = ""
    policy_name: str = ""
    grant_name: str = ""
    key_policy: bool = False
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A resource that must not exist any more, by its address (``ACCOUNT/KIND/NAMES``, as plans print it)."""

    account: Account
    kind: str
    parts: tuple[str, ...]
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Protected:
    """Names or addresses, with wildcards, of what no plan may delete or narrow."""

    pattern: str
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockSpec:
    """The object that one run at a time holds while it writes, for ``seconds`` without a sign of life."""

    bucket: Name
    key: str
    seconds: int

    def __str__(self) -> str:
        """As S3's own clients write it."""
        return f"s3://{self.bucket.name}/{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What no plan may do without a further word; None is no limit.

    ``max_delete`` counts the steps that delete or narrow, ``max_delete_share`` is the same in per cent of what
    lives of the manifest.
    """

    max_delete: int | None = None
    max_delete_share: int | None = None
    protect: tuple[Protected, ...] = ()
    lock: LockSpec | None = None
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectName:
    """An object that verify may read."""

    bucket: Name
    key: str
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedCheck:
    """One more thing to try.

    ``through`` is a link, or a role in full, whose role is assumed first; "" = as itself. ``where`` is a bucket,
    or with ``assume`` a role; ``prefix`` ends in a slash, ``key`` is one object, both may be empty. ``actions``
    are IAM actions.
    """

    who: Name | Foreign
    through: str
    actions: tuple[str, ...]
    where: Name
    prefix: str
    key: str
    expect: Literal["allowed", "denied"]
    external_id: str = ""
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """The whole section; ``own_objects`` tells that verify may write and delete objects of its own."""

    objects: tuple[ObjectName, ...] = ()
    own_objects: bool = False
    more: tuple[AskedCheck, ...] = ()

    def __add__(self, other: Checks) -> Checks:
        """Those of two files together."""
        return Checks(
            objects=self.objects + other.objects,
            own_objects=self.own_objects or other.own_objects,
            more=self.more + other.more,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything the files say, checked as far as it can be without any account.

    ``warnings`` are problems that stop nothing. Keys of the tables are the names as written in full
    (``data/role/app/reader``), accounts go by their name.
    """

    name: str
    accounts: immutabledict[str, AccountSpec]
    roles: immutabledict[str, RoleSpec] = field(default_factory=immutabledict)
    groups: immutabledict[str, GroupSpec] = field(default_factory=immutabledict)
    users: immutabledict[str, UserSpec] = field(default_factory=immutabledict)
    buckets: immutabledict[str, BucketSpec] = field(default_factory=immutabledict)
    links: immutabledict[str, LinkSpec] = field(default_factory=immutabledict)
    removed: tuple[Removed, ...] = ()
    limits: Limits = field(default_factory=Limits)
    checks: Checks = field(default_factory=Checks)
    files: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def owners(self) -> frozenset[str]:
        """The accounts (by name) that own data, whose steps go first.

        Those of the links' roles and of the buckets; and where a manifest has neither, of the roles that give
        access of their own to principals of other accounts.
        """
        owning = {link.role.account.name for link in self.links.values()}
        owning |= {bucket.name.account.name for bucket in self.buckets.values()}
        for role in self.roles.values():
            if not role.existing and role.policies and _foreign_trust(role):
                owning.add(role.name.account.name)
        return frozenset(owning)


def _foreign_trust(role: RoleSpec) -> bool:
    """Whether a role lets in principals of other accounts."""
    own = role.name.account
    match role.trust:
        case TrustList(principals=principals):
            return any(_account_of(trusted) != own.id for trusted in principals)
        case WrittenDocument(document=document):
            return any(
                named.type == "AWS" and own.id not in named.value
                for statement in document.statements
                for named in statement.principals or ()
            )
        case None:
            return False


def _account_of(trusted: Trusted) -> str:
    match trusted:
        case Foreign():
            return account_of(trusted.arn)
        case Members():
            return trusted.group.account.id
        case Name() | WholeAccount() | PermissionSet():
            return trusted.account.id
        case _:
            return ""
