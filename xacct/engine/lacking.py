"""What a manifest asks of a platform that does not do it, found before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xacct.kinds.role import Role
from xacct.policy.document import Document
from xacct.policy.lint import Finding, Kind, on_platform
from xacct.problem import Problem, Severity
from xacct.resource import Resource, State
from xacct.snapshot import Snapshot


def lacking(desired: State, snapshots: Mapping[str, Snapshot]) -> tuple[Problem, ...]:
    """A problem for everything in a desired document that the platform of its account ignores or refuses."""
    found: list[Problem] = []
    for _, resource in sorted(desired.resources.items(), key=lambda pair: pair[0]):
        snapshot = snapshots.get(resource.address.account.name)
        if snapshot is not None and snapshot.platform:
            found += _of(resource, snapshot.platform)
    return tuple(found)


def _of(resource: Resource, platform: str) -> Iterator[Problem]:
    for _, document in resource.shown():
        if isinstance(document, Document):
            kind: Kind | None = "trust" if isinstance(resource, Role) else None
            for finding in on_platform(document.source, platform, kind):
                yield _problem(resource, finding)
    if platform == "ceph" and isinstance(resource, Role) and resource.boundary:
        yield Problem(
            summary="Not on this platform",
            detail=f"{resource.address} has a boundary: Ceph takes it and does not enforce it.",
            fix="Leave it out there.",
        )


def _problem(resource: Resource, finding: Finding) -> Problem:
    return Problem(
        summary="Not on this platform",
        detail=f"{resource.address}: {finding.message}",
        fix=finding.fix,
        severity=finding.severity if finding.severity is Severity.ERROR else Severity.WARNING,
    )
