"""The statements of one manifest in the trust policy of a role that is not its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from immutabledict import immutabledict

from xacct.kinds.shared import SharedStatements
from xacct.policy.document import Document
from xacct.resource import Call, Splice
from xacct.snapshot import LiveDocument, Snapshot

CLOSED = (
    '{"Version":"2012-10-17","Statement":[{"Sid":"NobodyIsLeft","Effect":"Deny","Principal":{"AWS":"*"},'
    '"Action":"sts:AssumeRole"}]}'
)
"""What stays where only our statements were in it: a role cannot be without a trust policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleTrust(SharedStatements):
    """Our part of a foreign role's trust policy."""

    kind: ClassVar[str] = "role-trust"
    document: ClassVar[str] = "PolicyDocument"

    def needs(self) -> frozenset[str]:
        """The role; its path is not known here, so it is found by name."""
        return frozenset({self.account.iam_arn(f"role/{self.owner}")})

    def sources(self) -> tuple[str, ...]:
        """The section of the roles, and this one."""
        return ("roles", f"role/{self.owner}")

    def idle(self) -> dict[str, Any]:
        """About a time that is over."""
        return {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "sts:AssumeRole",
            "Condition": {"DateLessThan": {"aws:CurrentTime": "1970-01-02T00:00:00Z"}},
        }

    @classmethod
    def documents(cls, snapshot: Snapshot) -> Iterator[tuple[str, LiveDocument | None]]:
        """The trust policies of all roles."""
        for role in snapshot.roles.values():
            yield role.name, role.trust

    def in_snapshot(self, snapshot: Snapshot, document: Document | None) -> Snapshot:
        """With this trust policy on the role, which has to be there."""
        record = snapshot.roles.get(self.owner)
        if record is None:
            return snapshot
        return snapshot.holding("roles", replace(record, trust=document or Document.parse(CLOSED)))

    def spliced(self, put: tuple[str, ...] = (), drop: frozenset[str] = frozenset()) -> Splice:
        """Into the role's trust policy; where nothing else is in it, it is closed to everybody."""
        where = immutabledict({"RoleName": self.owner})
        return Splice(
            read=Call(service="iam", operation="GetRole", params=where),
            write=Call(service="iam", operation="UpdateAssumeRolePolicy", params=where),
            remove=Call.of("iam", "UpdateAssumeRolePolicy", RoleName=self.owner, PolicyDocument=CLOSED),
            parameter=self.document,
            put=put,
            drop=drop,
        )
