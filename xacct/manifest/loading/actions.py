"""Actions that an author writes out: whether S3 has them, and what a wildcard comes to."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from xacct.manifest.s3_actions import lists, meant, of_the_bucket, on_objects, reference
from xacct.problem import Place, Problem

_NAMED = 3
"""So many actions are named where more are meant."""


def action_problems(action: str, place: Place) -> Iterator[Problem]:
    """Whether it is an action of S3 that exists, and one kind of them.

    A statement is about a bucket or about objects, so a wildcard that fits both would give only one of them.
    """
    service, colon, name = action.partition(":")
    if not colon or service.lower() != "s3":
        yield Problem(
            summary="Not an action of S3",
            detail=f'"{action}" is no action of S3; a link gives access to a bucket.',
            fix="Write such as s3:GetObjectTagging; other permissions go under roles.",
            place=place,
        )
        return
    found = meant(action)
    if not found:
        yield _unknown(action, name, place)
        return
    bucket = of_the_bucket(action)
    objects = tuple(one for one in found if on_objects(one))
    if not bucket and not objects:
        yield _elsewhere(action, place)
    if bucket and objects:
        yield _mixed(action, f"the bucket ({_some(bucket)}) and of its objects ({_some(objects)})", place)


def unconfined(action: str, place: Place | None) -> Iterator[Problem]:
    """Whether it would show all keys beside a prefix: a wildcard for listing and for what knows no prefix."""
    bucket = of_the_bucket(action)
    listing = tuple(one for one in bucket if lists(one))
    if listing and listing != bucket:
        others = tuple(one for one in bucket if one not in listing)
        yield _mixed(
            action, f"listing ({_some(listing)}) and of what knows no prefix ({_some(others)})", place
        )


def _unknown(action: str, name: str, place: Place) -> Problem:
    known = {one.lower(): one for one in reference()}
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.7)
    wild = "*" in name or "?" in name
    return Problem(
        summary="Unknown action",
        detail=f'S3 has no action {"that fits " if wild else ""}"{action}"; it would give nothing.',
        fix=f"Did you mean s3:{known[near[0]]}?" if near else "See the service authorization reference.",
        place=place,
    )


def _elsewhere(action: str, place: Place) -> Problem:
    return Problem(
        summary="Not about a bucket",
        detail=f'"{action}" is about neither a bucket nor its objects; on a bucket it would give nothing.',
        fix="Take it out; such permissions go under roles, in a document.",
        place=place,
    )


def _mixed(action: str, both: str, place: Place | None) -> Problem:
    return Problem(
        summary="One wildcard for two things",
        detail=f'"{action}" speaks of {both}; one statement cannot give both as the link means it.',
        fix="Name the actions, or write wildcards that fit one of the two, such as s3:GetObject*.",
        place=place,
    )


def _some(actions: Sequence[str]) -> str:
    more = len(actions) - _NAMED
    return ", ".join(actions[:_NAMED]) + (f" and {more} more" if more > 0 else "")
