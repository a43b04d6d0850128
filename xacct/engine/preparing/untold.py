"""What the services would tell and may not tell us: said, so that nobody takes it for judged."""

from __future__ import annotations

from collections.abc import Mapping

from xacct.problem import Problem, Severity
from xacct.snapshot import Snapshot


def untold(snapshots: Mapping[str, Snapshot]) -> tuple[Problem, ...]:
    """A note for every bucket of which we may not know all that decides how policies work on it."""
    return tuple(
        Problem(
            summary="Not told",
            detail=f"{name}/bucket/{bucket.name}: {', '.join(sorted(bucket.untold))} was refused, so what hangs on "
            "it is not judged.",
            fix=f"xacct permissions --for plan --account {name} prints what is needed.",
            severity=Severity.WARNING,
        )
        for name, snapshot in sorted(snapshots.items())
        for bucket in snapshot.buckets.values()
        if bucket.untold
    )
