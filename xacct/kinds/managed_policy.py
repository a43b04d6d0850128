"""A managed policy of our own; its path says which manifest made it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from xacct.account import Account
from xacct.kinds.mark import document_mark, like, marker
from xacct.policy.document import Document
from xacct.resource import Address, Call, Mark, Resource, Shown
from xacct.snapshot import PolicyRecord, Snapshot

_MOST_VERSIONS = 5
_UNBORN = "the version before"
"""A version of which the service has not said the id yet; it is the default, so it is never dropped."""

_OWN_PATH = re.compile(r"/xacct/([^/]+)/")


def own_path(manifest: str) -> str:
    """The path under which a manifest's managed policies live."""
    return f"/xacct/{manifest}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedPolicy(Resource):
    """A customer managed policy; ``versions`` are the ids of the live ones, oldest first, only seen."""

    kind: ClassVar[str] = "managed-policy"

    account: Account
    name: str
    path: str
    document: Document
    default_version: str = field(default="v1", compare=False)
    versions: tuple[str, ...] = field(default=(), compare=False)

    @property
    def address(self) -> Address:
        """Account, kind and name; a policy's name is unique whatever its path."""
        return Address(self.account, self.kind, (self.name,))

    @property
    def arn(self) -> str:
        """With its path."""
        return self.account.iam_arn(f"policy{self.path}{self.name}")

    @property
    def mark(self) -> Mark | None:
        """Out of the path; intact where the Sids still carry the document's fingerprint."""
        own = _OWN_PATH.fullmatch(self.path)
        if own is None:
            return None
        inside = document_mark(self.document)
        manifest = marker(own.group(1))
        return Mark(manifest=manifest, intact=inside == Mark(manifest=manifest, intact=True))

    def sources(self) -> tuple[str, ...]:
        """The section of the policies, and this one."""
        return ("policies", f"policy/{self.name}")

    def irreplaceable(self, live: Self) -> str | None:
        """A managed policy cannot change its path."""
        if self.path == live.path:
            return None
        return f"The policy lives under the path {live.path}, not {self.path}, and a path cannot be changed."

    def shown(self) -> tuple[tuple[str, Shown], ...]:
        """Path and document."""
        return (("path", self.path), ("document", self.document))

    def forms(self) -> Iterator[Self]:
        """One with another document and all the versions there can be."""
        versions = tuple(f"v{number + 1}" for number in range(_MOST_VERSIONS))
        yield replace(
            self, document=Document.of({"Effect": "Deny", "Action": "*", "Resource": "*"}), versions=versions
        )

    def halfway(self, live: Self | None, statements: Sequence[Mapping[str, Any]]) -> Self:
        """With the versions there will be: a new default one, and the oldest of five gone."""
        document = like(self.document, statements, self.account.partition)
        if live is None:
            return replace(self, document=document)
        kept = live.versions
        if len(kept) >= _MOST_VERSIONS:
            kept = tuple(version for version in kept if version != live.oldest())
        return replace(self, document=document, versions=(*kept, _UNBORN), default_version=_UNBORN)

    @classmethod
    def pick(cls, snapshot: Snapshot) -> Iterator[Self]:
        """Every customer managed policy."""
        for policy in snapshot.policies.values():
            if isinstance(policy.document, Document):
                yield cls(
                    account=snapshot.account,
                    name=policy.name,
                    path=policy.path,
                    document=policy.document,
                    default_version=policy.default_version,
                    versions=policy.versions,
                )

    def added_to(self, snapshot: Snapshot) -> Snapshot:
        """With this document as the default version."""
        record = snapshot.policies.get(self.name) or PolicyRecord(
            name=self.name, path=self.path, arn=self.arn, document=self.document
        )
        return snapshot.holding("policies", replace(record, document=self.document))

    def removed_from(self, snapshot: Snapshot) -> Snapshot:
        """Without it."""
        return snapshot.lacking("policies", self.name)

    def create(self) -> tuple[Call, ...]:
        """One call; the path is the mark."""
        return (
            Call.of(
                "iam",
                "CreatePolicy",
                PolicyName=self.name,
                Path=self.path,
                PolicyDocument=self.document.source,
            ),
        )

    def update(self, live: Self) -> tuple[Call, ...]:
        """A new default version; the oldest other one goes first where all five places are taken."""
        if self.same(live):
            return ()
        put = Call.of(
            "iam",
            "CreatePolicyVersion",
            PolicyArn=self.arn,
            PolicyDocument=self.document.source,
            SetAsDefault=True,
        )
        if len(live.versions) < _MOST_VERSIONS:
            return (put,)
        return (self._drop(live.oldest()), put)

    def oldest(self) -> str:
        """The version that gives way to a new one: the default never does."""
        return next(version for version in self.versions if version != self.default_version)

    def delete(self) -> tuple[Call, ...]:
        """Its other versions, then itself."""
        others = [version for version in self.versions if version != self.default_version]
        return (
            *(self._drop(version) for version in others),
            Call.of("iam", "DeletePolicy", PolicyArn=self.arn),
        )

    def _drop(self, version: str) -> Call:
        return Call.of("iam", "DeletePolicyVersion", PolicyArn=self.arn, VersionId=version)
