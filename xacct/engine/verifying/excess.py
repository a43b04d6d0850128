"""What the roles of a manifest may do beyond it, by the live documents, whether or not verify can try it; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from xacct.access.estate import NOBODY_KNOWS, Estate
from xacct.check import Caller, Check, Decision, Finding, Layer, Outcome, Want, Why
from xacct.engine.estates import by_name
from xacct.engine.verifying.declared import Declared, policies_of
from xacct.manifest.expected.paths import Path
from xacct.policy.addressed import joined
from xacct.policy.document import Document
from xacct.policy.evaluate import decide
from xacct.policy.proof.prove import Counterexample, NotDecided, Proven, no_more_than
from xacct.policy.request import Request
from xacct.resource import Resource
from xacct.snapshot import RoleRecord

_WELCOME = Document.of({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})


def excess(declared: Declared, findings: Sequence[Finding] = ()) -> tuple[Finding, ...]:
    """A finding for each live policy of a role of the manifest that gives what nothing declares.

    Where ``findings`` show already that sessions of a role may do too much, that is not said again. A role that
    the manifest only names is its owner's, whatever it may do.
    """
    snapshots = by_name(declared.estate)
    wide = {
        one.check.role
        for one in findings
        if one.outcome is Outcome.TOO_WIDE and one.check.action != "sts:AssumeRole"
    }
    found: list[Finding] = []
    for path in {one.role.arn: one for one in reversed(declared.paths)}.values():
        spec = declared.manifest.roles.get(str(path.role))
        snapshot = snapshots.get(path.role.account.name)
        record = snapshot.roles.get(path.role.name) if snapshot else None
        if record is None or record.arn != path.role.arn or path.role.arn in wide or (spec and spec.existing):
            continue
        look = _Look(path, record, declared.estate, declared.resources)
        found += look.findings()
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Look:
    """One role as it lives, and all that is declared."""

    path: Path
    record: RoleRecord
    estate: Estate
    resources: tuple[Resource, ...]

    def findings(self) -> Iterator[Finding]:
        declared, attached = policies_of(self.path.role, self.resources)
        named = [one for name, one in self._live() if name in attached and isinstance(one, Document)]
        whole = joined((*declared.values(), *named))
        for name, document in self._live():
            if name in attached or (document is not None and document == declared.get(name)):
                continue
            if not isinstance(document, Document):
                yield self._finding(name, None, "its document could not be read")
                continue
            match no_more_than(document, whole):
                case Proven():
                    continue
                case NotDecided(reason):
                    yield self._finding(name, None, reason)
                case Counterexample(request, _):
                    yield self._finding(name, request, "")

    def _live(self) -> Iterator[tuple[str, object]]:
        yield from sorted(self.record.inline.items())
        snapshot = self.estate.snapshots[self.path.role.account.id]
        for arn in sorted(self.record.attached):
            policy = snapshot.policies.get(arn.rpartition("/")[2])
            yield arn, policy.document if policy is not None and policy.arn == arn else None

    def _finding(self, name: str, request: Request | None, doubt: str) -> Finding:
        role = self.path.role
        check = Check(
            name=f"{role.name} gives nothing that is not declared: policy {name}",
            link=self.path.name,
            caller=Caller(account=role.account, arn=role.arn),
            owner=role.account,
            role=role.arn,
            action=request.action if request else "*",
            resource=request.resource if request else "*",
            want=Want.DENIED,
            place=self.path.place,
        )
        if request is not None and self._own_side_allows(request):
            return Finding(
                check=check,
                outcome=Outcome.TOO_WIDE,
                detail=f"By the live documents sessions of the role may do {request.action} on "
                f"{request.resource}, and nothing declares it; nobody tried.",
                why=Why(
                    layer=Layer.ROLE_POLICY,
                    text=f"The policy {name} of the role allows more than the manifest says.",
                    fix="Take the policy away, or declare it under roles.",
                ),
                decided=Decision.ALLOWED,
            )
        doubt = doubt or "a Deny or the boundary takes some of it away again, maybe not all"
        return Finding(
            check=check,
            outcome=Outcome.NOT_TRIED,
            detail=f"Whether the policy {name} gives more than is declared is not decided: {doubt}.",
            decided=Decision.OPEN,
        )

    def _own_side_allows(self, request: Request) -> bool:
        """Whether policies and boundary of the role let a session do it, on a resource that lets everybody."""
        session = self.estate.session(self.record)
        policies, _ = self.estate.policies(
            Request.of(session, request.action, request.resource, context=request.context)
        )
        elsewhere = Request.of(
            session, request.action, request.resource, resource_account=NOBODY_KNOWS, context=request.context
        )
        return decide(elsewhere, replace(policies, resource=_WELCOME, unknown=frozenset())).allowed
