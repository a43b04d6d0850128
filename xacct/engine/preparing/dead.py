"""Deleted principals in documents that others write too: one of them makes the service refuse every put.

A bare unique id (``AIDA...``, ``AROA...``) in a bucket policy stands for a user or role that was deleted; S3
answers any put of a document that holds one with ``MalformedPolicy: Invalid principal``, in whatever
statement it stands (S3 User Guide, "Bucket policies"; IAM User Guide, "AWS JSON policy elements: Principal").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from xacct.plan.plan import Plan, Step
from xacct.policy.document import Document
from xacct.policy.principal import is_unique_id
from xacct.problem import Problem, Severity
from xacct.resource import Request, Splice
from xacct.snapshot import Snapshot


def without_the_dead(plan: Plan, snapshots: Mapping[str, Snapshot], *, drop: bool) -> Plan:
    """The plan with a guard for each shared document that no put would get past, or, with ``drop``, cleaned.

    What is dropped gave nobody anything: an id is never used again. Of a NotPrincipal nothing is dropped,
    which would widen it.
    """
    steps: list[Step] = []
    guards: list[Problem] = []
    notes: list[Problem] = []
    for step in plan.steps:
        snapshot = snapshots.get(step.address.account.name)
        calls = [_Left(call, snapshot).cleaned(drop) for call in step.calls]
        steps.append(replace(step, calls=tuple(call for call, _ in calls)))
        left = sorted(frozenset[str]().union(*(ids for _, ids in calls)))
        gone = sorted(frozenset[str]().union(*(call.dead for call, _ in calls if isinstance(call, Splice))))
        if left:
            guards.append(_guard(step, left, drop=drop))
        if gone:
            notes.append(_note(step, gone))
    return replace(plan, steps=tuple(steps), guards=(*plan.guards, *guards), notes=(*plan.notes, *notes))


@dataclass(frozen=True, slots=True)
class _Left:
    """A request, and the deleted principals that would be left in its document by it."""

    request: Request
    snapshot: Snapshot | None

    def cleaned(self, drop: bool) -> tuple[Request, frozenset[str]]:
        """The request as it can be sent, and what of the dead stands in its way all the same."""
        if not isinstance(self.request, Splice) or not (dead := self._dead(self.request)):
            return self.request, frozenset()
        if not drop:
            return self.request, dead
        cleaned = replace(self.request, dead=dead)
        return cleaned, self._dead(cleaned)

    def _dead(self, splice: Splice) -> frozenset[str]:
        live = self._text(splice)
        call = splice.merged(live) if live is not None else splice.remove
        if live is None or call == splice.remove:
            return frozenset()
        ours = {statement.sid for statement in Document.parse(_document(splice.put)).statements}
        return frozenset(
            named.value
            for statement in Document.parse(str(call.params[splice.parameter])).statements
            if statement.sid not in ours or not statement.sid
            for named in statement.principals or statement.not_principals or ()
            if named.type == "AWS" and is_unique_id(named.value)
        )

    def _text(self, splice: Splice) -> str | None:
        if self.snapshot is None:
            return None
        bucket = self.snapshot.buckets.get(str(splice.read.params.get("Bucket")))
        role = self.snapshot.roles.get(str(splice.read.params.get("RoleName")))
        found = bucket.policy if bucket else role.trust if role else None
        return found.source if isinstance(found, Document) else None


def _document(statements: tuple[str, ...]) -> str:
    return f'{{"Statement":[{",".join(statements)}]}}'


def _guard(step: Step, ids: list[str], *, drop: bool) -> Problem:
    fix = "Take them out of the statement by hand: leaving one out of a NotPrincipal would widen it."
    if not drop:
        fix = "Take them out by hand, or with --drop-dead-principals."
    return Problem(
        summary="A deleted principal in the document",
        detail=(
            f"The document of {step.address} names {', '.join(ids)}, which stands for a user or role that was "
            "deleted. The service refuses every put of it, whatever it changes, until that is gone."
        ),
        fix=fix,
    )


def _note(step: Step, ids: list[str]) -> Problem:
    return Problem(
        summary="A deleted principal leaves the document",
        detail=f"{', '.join(ids)} goes out of the statements of others at {step.address}; it gave nobody anything.",
        fix="Nothing is to be done.",
        severity=Severity.INFO,
    )
