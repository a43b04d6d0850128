"""What a manifest declares, to hold against what lives: documents of its roles, and statements that are vouched for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xacct.access.estate import Estate
from xacct.check import Caller
from xacct.engine.estates import by_name
from xacct.kinds import marker
from xacct.kinds.attachment import Attachment
from xacct.kinds.bucket_policy import BucketPolicy
from xacct.kinds.managed_policy import ManagedPolicy
from xacct.kinds.mark import statement_mark
from xacct.kinds.role import Role
from xacct.kinds.role_policy import RolePolicy
from xacct.manifest.desired.desire import desire
from xacct.manifest.expected.paths import EVERYBODY, paths
from xacct.manifest.model import Manifest, Name
from xacct.policy.addressed import joined
from xacct.policy.arn import account_of
from xacct.policy.document import Document, Statement
from xacct.resource import Resource
from xacct.snapshot import RoleRecord


def policies_of(role: Name, resources: Iterable[Resource]) -> tuple[dict[str, Document], frozenset[str]]:
    """What is declared for a role, by name or ARN; and the ARNs of what is only named, whatever is in it."""
    mine = [one for one in resources if one.address.account == role.account]
    arns = {one.policy for one in mine if isinstance(one, Attachment) and one.owner == role.name}
    found = {one.name: one.document for one in mine if isinstance(one, RolePolicy) and one.owner == role.name}
    managed = {one.arn: one.document for one in mine if isinstance(one, ManagedPolicy) and one.arn in arns}
    return {**found, **managed}, frozenset(arns - set(managed))


@dataclass(frozen=True, slots=True)
class Rights:
    """What is declared for somebody: one document for each role, or that it may be anything."""

    documents: tuple[Document, ...]
    anything: bool = False


class Declared:
    """A manifest beside the accounts as they live, with its paths and resources there; made once for all who look."""

    def __init__(self, manifest: Manifest, estate: Estate) -> None:
        self.manifest = manifest
        self.estate = estate
        self.paths = paths(manifest, by_name(estate))
        self.resources = tuple(desire(manifest, by_name(estate)).state.resources.values())
        self._marker = marker(manifest.name)
        self._statements = frozenset(
            statement
            for one in self.resources
            if isinstance(one, BucketPolicy)
            for statement in one.statements
        )
        self._roles = {path.role.arn: path.role for path in self.paths}
        self._roles |= {spec.name.arn: spec.name for spec in manifest.roles.values()}
        self.existing = frozenset(spec.name.arn for spec in manifest.roles.values() if spec.existing)
        """Roles that the manifest only names: what they may do is their owner's."""

    @property
    def roles(self) -> frozenset[str]:
        """The ARNs of every role that the manifest speaks of."""
        return frozenset(self._roles)

    def to(self, caller: Caller) -> Rights:
        """What somebody may do by the roles that the manifest leads it into, through one another too."""
        entered: dict[str, None] = {}
        asking = [(caller.arn, caller.claims, caller.account.id)]
        while asking:
            arn, claims, account = asking.pop()
            for path in self.paths:
                named = any((one.arn, one.claims) == (arn, claims) for one in path.callers)
                if (named or path.open_to & {account, EVERYBODY}) and path.role.arn not in entered:
                    entered[path.role.arn] = None
                    asking.append((path.role.arn, (), path.role.account.id))
        found = [self.by(arn) for arn in entered]
        return Rights(
            tuple(document for one in found for document in one.documents),
            any(one.anything for one in found),
        )

    def by(self, role_arn: str) -> Rights:
        """What is declared for sessions of a role of the manifest."""
        role = self._roles[role_arn]
        record = self._record(role_arn)
        if role_arn in self.existing:
            return self._live(record, record.inline if record else (), record.attached if record else ())
        documents, attached = policies_of(role, self.resources)
        named = self._live(record, (), attached)
        return Rights((joined((*documents.values(), *named.documents)),), named.anything)

    def elsewhere(self, role: RoleRecord) -> bool:
        """Whether another manifest made a role that nobody edited since: its own verify looks into its policies."""
        snapshot = self.estate.snapshots[account_of(role.arn)]
        mine = next((one for one in Role.pick(snapshot) if one.name == role.name), None)
        mark = mine.mark if mine else None
        return mark is not None and mark.intact and mark.manifest != self._marker

    def vouched(self, statement: Statement) -> bool:
        """Whether a statement of a shared document is as a manifest wrote it; if it is ours, as it is declared."""
        mark = statement_mark(statement)
        if mark is None or not mark.intact:
            return False
        return mark.manifest != self._marker or statement.canonical in self._statements

    def _live(self, record: RoleRecord | None, inline: Iterable[str], attached: Iterable[str]) -> Rights:
        held: list[object] = [record.inline[name] for name in inline] if record else []
        held += [self._managed(record, arn) for arn in attached] if record else []
        known = [one for one in held if isinstance(one, Document)]
        return Rights((joined(known),), len(known) < len(held))

    def _managed(self, role: RoleRecord, arn: str) -> object:
        policy = self.estate.snapshots[account_of(role.arn)].policies.get(arn.rpartition("/")[2])
        return policy.document if policy is not None and policy.arn == arn else None

    def _record(self, arn: str) -> RoleRecord | None:
        snapshot = self.estate.snapshots.get(account_of(arn))
        found = snapshot.roles.get(arn.rpartition("/")[2]) if snapshot else None
        return found if found is not None and found.arn == arn else None
