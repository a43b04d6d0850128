"""A role: who may assume it, for how long, under which path; its policies are kinds of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from immutabledict import immutabledict

from xacct.account import Account
from xacct.kinds.mark import FINGERPRINT_TAG, MANIFEST_TAG, digest, marker
from xacct.platform import AWS, Platform, told
from xacct.policy.document import Document
from xacct.resource import Address, Call, Mark, Resource, Shown
from xacct.snapshot import RoleRecord, Snapshot

NOBODY = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
"""The statement of a trust that lets nobody in; a policy without statements is refused by IAM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role(Resource):
    """A role as the manifest says it, or as it lives.

    ``manifest`` is the name of the manifest that marks it. ``tags`` are the author's own on the desired side,
    and all but our mark on the live side: only those that are desired are compared, foreign ones stay, and
    ``dropped`` are those that an earlier manifest had and this one has not. ``tag_pairs`` is what the service
    counts: where it appends and never replaces, more than there are keys. Where the role is ``whole``, tags and
    mark are to be exactly these. ``instance_profiles`` are those that hold the live role.
    """

    kind: ClassVar[str] = "role"

    account: Account
    name: str
    trust: Document
    path: str = "/"
    description: str = ""
    max_session: int = 3600
    boundary: str = ""
    tags: immutabledict[str, str] = field(default_factory=immutabledict)
    manifest: str = ""
    fingerprint: str = field(default="", compare=False)
    tag_pairs: int = field(default=0, compare=False)
    dropped: immutabledict[str, str] = field(default_factory=immutabledict, compare=False)
    whole: bool = field(default=False, compare=False)
    instance_profiles: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def address(self) -> Address:
        """Account, kind and name; a role's name is unique whatever its path."""
        return Address(self.account, self.kind, (self.name,))

    @property
    def arn(self) -> str:
        """With its path."""
        return self.account.iam_arn(f"role{self.path}{self.name}")

    @property
    def mark(self) -> Mark | None:
        """Out of the two tags; intact where the fingerprint fits what lives."""
        if not self.manifest:
            return None
        return Mark(manifest=marker(self.manifest), intact=self.fingerprint == self.stamp)

    @property
    def stamp(self) -> str:
        """The fingerprint of the content, as the tag holds it."""
        content = [self.trust.canonical, self.path, self.description, self.max_session, self.boundary]
        return digest(json.dumps(content), 12)

    def needs(self) -> frozenset[str]:
        """The boundary, where there is one."""
        return frozenset({self.boundary} - {""})

    def principals(self) -> frozenset[str]:
        """What the trust policy names; IAM insists that it exists."""
        return frozenset(
            named.value
            for statement in self.trust.statements
            for named in (statement.principals or ())
            if named.type == "AWS" and named.value != "*"
        )

    def sources(self) -> tuple[str, ...]:
        """The section of the roles, and this one."""
        return ("roles", f"role/{self.name}")

    def same(self, live: Self) -> bool:
        """Whether nothing that the manifest says differs; tags that it does not name do not count."""
        return (
            self.trust == live.trust
            and self.path == live.path
            and (self.description, self.max_session, self.boundary)
            == (live.description, live.max_session, live.boundary)
            and self.manifest == live.manifest
            and (not self.whole or self.fingerprint == live.fingerprint)
            and all(live.tags.get(key) == value for key, value in self.tags.items())
            and not self._removable(live)
        )

    def as_was(self) -> Self:
        """With exactly these tags, and the mark as it was read."""
        return replace(self, whole=True)

    def halfway(self, live: Self | None, statements: Sequence[Mapping[str, Any]]) -> Self | None:
        """Marked already; a boundary that comes is there, one that goes is there still."""
        base = live or self
        if base.boundary and self.boundary and base.boundary != self.boundary:
            return None
        made = replace(
            self,
            trust=Document.of(*(statements or [NOBODY])),
            description=base.description,
            max_session=base.max_session,
            boundary=self.boundary or base.boundary,
        )
        return replace(made, fingerprint=made.stamp if made.manifest else "")

    def irreplaceable(self, live: Self) -> str | None:
        """A role cannot change its path."""
        if self.path == live.path:
            return None
        return (
            f"The role lives under the path {live.path}, not {self.path}. A path cannot be changed: the role "
            "would have to be deleted and made again, with a new id that no trust elsewhere knows."
        )

    def shown(self) -> tuple[tuple[str, Shown], ...]:
        """Trust first."""
        fields: list[tuple[str, Shown]] = [
            ("path", self.path),
            ("trust", self.trust),
            ("description", self.description),
            ("session length", f"{self.max_session} s"),
            ("boundary", self.boundary),
            ("marked as made by", self.manifest),
        ]
        fields += [(f"tag {key}", value) for key, value in sorted(self.tags.items())]
        return tuple(fields)

    def forms(self) -> Iterator[Self]:
        """One in which all differs that can be changed, and one with a boundary too many."""
        other = self.account.iam_arn("policy/other")
        yield replace(
            self,
            trust=Document.of(
                {"Effect": "Allow", "Principal": {"AWS": self.arn}, "Action": "sts:AssumeRole"}
            ),
            description=f"{self.description}.",
            max_session=self.max_session + 1,
            boundary=other if other != self.boundary else "",
            tags=immutabledict(),
            manifest="",
        )

    @classmethod
    def pick(cls, snapshot: Snapshot) -> Iterator[Self]:
        """Every role whose trust policy can be read."""
        for role in snapshot.roles.values():
            if isinstance(role.trust, Document):
                tags = dict(role.tags)
                yield cls(
                    account=snapshot.account,
                    name=role.name,
                    trust=role.trust,
                    path=role.path,
                    description=role.description,
                    max_session=role.max_session,
                    boundary=role.boundary,
                    manifest=tags.pop(MANIFEST_TAG, ""),
                    fingerprint=tags.pop(FINGERPRINT_TAG, ""),
                    tags=immutabledict(tags),
                    tag_pairs=role.tag_pairs or len(role.tags),
                    instance_profiles=role.instance_profiles,
                )

    def added_to(self, snapshot: Snapshot) -> Snapshot:
        """With this role; one that is there keeps its id and what hangs on it."""
        record = snapshot.roles.get(self.name) or RoleRecord(
            name=self.name, path=self.path, arn=self.arn, id="", trust=self.trust
        )
        return snapshot.holding(
            "roles",
            replace(
                record,
                trust=self.trust,
                description=self.description,
                max_session=self.max_session,
                boundary=self.boundary,
                tags=immutabledict(
                    {
                        **{key: value for key, value in record.tags.items() if key not in self.dropped},
                        **self._tags(),
                    }
                ),
                tag_pairs=0,
            ),
        )

    def removed_from(self, snapshot: Snapshot) -> Snapshot:
        """Without it."""
        return snapshot.lacking("roles", self.name)

    def create(self) -> tuple[Call, ...]:
        """One call, the mark in it; the author's tags in further ones where one call cannot carry them all."""
        first, *rest = self._portions(self._tags()) or [[]]
        return (
            Call.of(
                "iam",
                "CreateRole",
                RoleName=self.name,
                Path=self.path,
                AssumeRolePolicyDocument=self.trust.source,
                Description=self.description or None,
                MaxSessionDuration=self.max_session,
                PermissionsBoundary=self.boundary or None,
                Tags=first,
            ),
            *(Call.of("iam", "TagRole", RoleName=self.name, Tags=portion) for portion in rest),
        )

    def update(self, live: Self) -> tuple[Call, ...]:
        """The mark first, then what differs, each with its own call."""
        if self.same(live):
            return ()
        return tuple(self._updates(live))

    def wanted_tags(self, live: Self) -> dict[str, str]:
        """The tags that the live role lacks, or has with another value: the mark first, its fingerprint last.

        Where tags only accumulate the last of equal keys counts, and when there is no more room for it the
        fingerprint stays behind: the role then counts as edited.
        """
        had = {**live.tags, MANIFEST_TAG: live.manifest, FINGERPRINT_TAG: live.fingerprint}
        wanted = {key: value for key, value in self._tags().items() if had.get(key) != value}
        room = self.room(live)
        if room is not None and len(wanted) > room:
            wanted.pop(FINGERPRINT_TAG, None)
        return wanted

    def room(self, live: Self) -> int | None:
        """How many tags the live role still takes; None where a tag takes the place of its key's old one."""
        if self._platform.tags_replaced:
            return None
        return max(0, self._platform.limits.tags_per_role - live.tag_pairs)

    def irremovable(self, live: Self) -> frozenset[str]:
        """The dropped tags that the live role has and cannot lose."""
        return frozenset() if self._platform.tags_replaced else self._left_over(live)

    def _updates(self, live: Self) -> Iterator[Call]:
        for portion in self._portions(self.wanted_tags(live)):
            yield Call.of("iam", "TagRole", RoleName=self.name, Tags=portion)
        if self.boundary and self.boundary != live.boundary:
            yield Call.of(
                "iam", "PutRolePermissionsBoundary", RoleName=self.name, PermissionsBoundary=self.boundary
            )
        if self.trust != live.trust:
            yield Call.of(
                "iam", "UpdateAssumeRolePolicy", RoleName=self.name, PolicyDocument=self.trust.source
            )
        if (self.description, self.max_session) != (live.description, live.max_session):
            yield Call.of(
                "iam",
                "UpdateRole",
                RoleName=self.name,
                Description=self.description,
                MaxSessionDuration=self.max_session,
            )
        if live.boundary and not self.boundary:
            yield Call.of("iam", "DeleteRolePermissionsBoundary", RoleName=self.name)
        if gone := self._removable(live):
            yield Call.of("iam", "UntagRole", RoleName=self.name, TagKeys=sorted(gone))

    def delete(self) -> tuple[Call, ...]:
        """One call; its policies are steps of their own and go first."""
        return (Call.of("iam", "DeleteRole", RoleName=self.name),)

    def _tags(self) -> dict[str, str]:
        """All that it should carry, in the order in which they are put: mark, author's, fingerprint."""
        own = dict(sorted(self.tags.items()))
        if self.whole:
            return {**self._seen_marks(), **own}
        if not self.manifest:
            return own
        return {MANIFEST_TAG: self.manifest, **own, FINGERPRINT_TAG: self.stamp}

    def _seen_marks(self) -> dict[str, str]:
        """The mark as it was read."""
        marks = {MANIFEST_TAG: self.manifest, FINGERPRINT_TAG: self.fingerprint}
        return {key: value for key, value in marks.items() if value}

    @property
    def _platform(self) -> Platform:
        return told(account_id=self.account.id) or AWS

    def _removable(self, live: Self) -> frozenset[str]:
        return self._left_over(live) if self._platform.tags_replaced else frozenset()

    def _left_over(self, live: Self) -> frozenset[str]:
        """Dropped tags that still are as they were put; with another value they are somebody else's.

        Of a role that is to be whole, all that are not among its own.
        """
        if self.whole:
            return frozenset((live.tags.keys() | live._seen_marks().keys()) - self._tags().keys())
        return frozenset(key for key, value in self.dropped.items() if live.tags.get(key) == value)

    def _portions(self, tags: dict[str, str]) -> list[list[dict[str, str]]]:
        """The tags in their order, as many together as one call may carry."""
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        most = self._platform.tags_per_call
        return [pairs[start : start + most] for start in range(0, len(pairs), most)]
