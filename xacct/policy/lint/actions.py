"""Actions and resources held against the reference of services: what exists, and what goes with what.

Source: Service Authorization Reference, "Actions, resources, and condition keys"; IAM User Guide, "IAM JSON
policy elements: Resource".
"""

from __future__ import annotations

import difflib
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from xacct.platform import PARTITIONS
from xacct.policy import catalogue
from xacct.policy.arn import is_account_id
from xacct.policy.lint.reading import Clause, Sheet, Value
from xacct.policy.match import glob

if TYPE_CHECKING:
    from xacct.policy.proof.language import Language, Pattern

_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")
_REGION = re.compile(
    r"(?:[a-z]{2}|eusc)(?:-[a-z]{2,5})?-(?:north|south|east|west|central|(?:north|south)(?:east|west))-[0-9]"
    r"|global|aws-global"
)
_BUCKET_ACTION, _OBJECT_ACTION = "bucket", "object"


def check(sheet: Sheet) -> None:
    """Each action, each resource, and each statement's pairs of them."""
    for clause in sheet.clauses:
        good = [value for value in clause.of("Action", "NotAction") if _action(sheet, value)]
        _redundant(sheet, good)
        arns = [value for value in clause.of("Resource", "NotResource") if _resource(sheet, value)]
        if "Action" in clause.values and "Resource" in clause.values and sheet.kind != "scp":
            _pairs(sheet, clause, good, arns)


def _action(sheet: Sheet, value: Value) -> bool:
    """Whether the action is one, or a pattern of some."""
    text = value.text
    if text == "*":
        return True
    if not _ACTION.fullmatch(text):
        service, _, name = text.partition(":")
        if "*" in service and (name == "*" or not name):
            sheet.error(
                "wildcard-in-service",
                value,
                f'"{text}" has a wildcard in the name of the service, which IAM refuses.',
                "Name the service, or write *.",
            )
        else:
            sheet.error(
                "malformed-action",
                value,
                f'"{text}" is no action.',
                "Write service:Action, such as s3:GetObject.",
            )
        return False
    service, _, name = text.partition(":")
    known = catalogue.services()
    if service.lower() not in known:
        sheet.error(
            "unknown-service", value, f'There is no service "{service}".', _near(service.lower(), list(known))
        )
        return False
    if catalogue.matching(text.lower()):
        return True
    first, last = known[service.lower()]
    names = [one.partition(":")[2] for one in catalogue.actions()[first:last]]
    what = "No action matches" if "*" in name or "?" in name else "There is no action"
    sheet.error(
        "unknown-action",
        value,
        f'{what} "{text}"; the statement does not do what it says.',
        _near(name, names),
    )
    return False


def _near(word: str, known: list[str]) -> str:
    lowered = {one.lower(): one for one in known}
    close = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.6)
    return (
        f"Did you mean {lowered[close[0]]}?"
        if close
        else "Look it up in the Service Authorization Reference."
    )


def _redundant(sheet: Sheet, values: list[Value]) -> None:
    """Actions that another pattern of the same list has already; the first one that does is named."""
    texts = [value.text.lower() for value in values]
    wild = [number for number, text in enumerate(texts) if "*" in text or "?" in text]
    first: dict[str, int] = {}
    for number, (value, text) in enumerate(zip(values, texts, strict=True)):
        same = first.setdefault(text, number)
        wider = next((one for one in wild if texts[one] != text and _within(text, texts[one])), None)
        others = [one for one in (same, wider) if one not in (number, None)]
        if others:
            sheet.remark(
                "redundant-action",
                value,
                f'"{value.text}" is contained in "{values[min(others)].text}".',
                "Take it out.",
            )


def _within(text: str, pattern: str) -> bool:
    return glob(pattern.lower()).fullmatch(text.lower()) is not None


def _resource(sheet: Sheet, value: Value) -> bool:
    """Whether the resource is an ARN as its service writes them."""
    text = value.text
    plain = _PLACEHOLDER.sub("x", text)
    if not plain.startswith("arn:"):
        wild = plain.startswith(("*", "arn*"))
        if wild:
            return True
        sheet.error(
            "malformed-arn",
            value,
            f'"{text}" is no ARN.',
            "Write arn:aws:s3:::BUCKET or arn:aws:s3:::BUCKET/KEY for S3."
            if not plain.startswith("s3:")
            else f"Write arn:aws:{text}."
            if plain.startswith("s3:::")
            else "Write arn:aws:s3:::BUCKET.",
        )
        return False
    parts = plain.split(":", 5)
    if len(parts) < 6:
        if parts[-1].endswith("*"):
            return True
        sheet.error(
            "malformed-arn",
            value,
            f'"{text}" has {len(parts)} of the six parts of an ARN.',
            "Write arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE; parts that do not apply stay empty.",
        )
        return False
    _, partition, service, region, account, resource = parts
    if partition not in PARTITIONS and not _wild(partition):
        sheet.error(
            "unknown-partition",
            value,
            f'"{partition}" is no partition.',
            f"Use one of {', '.join(PARTITIONS)}.",
        )
        return False
    if not resource:
        sheet.error("malformed-arn", value, f'"{text}" names no resource.', "Add it after the last colon.")
        return False
    if account and not _wild(account) and not is_account_id(account) and account not in ("aws", "cloudfront"):
        sheet.error("malformed-arn", value, f'"{account}" is no account id.', "An account id has 12 digits.")
        return False
    if service == "s3" and _bucket_form(resource):
        if region and not _wild(region):
            sheet.error(
                "arn-region-not-allowed",
                value,
                "The ARN of a bucket or object has no region.",
                f"Write arn:{partition}:s3:::{resource}.",
            )
            return False
        if account and not _wild(account) and is_account_id(account) and account.isdigit():
            sheet.error(
                "arn-account-not-allowed",
                value,
                "The ARN of a bucket or object has no account.",
                f"Write arn:{partition}:s3:::{resource}.",
            )
            return False
    if not region or _wild(region):
        return True
    if service == "iam":
        sheet.error(
            "arn-region-not-allowed",
            value,
            "IAM is global: its ARNs have no region.",
            "Leave the region empty.",
        )
        return False
    if not _REGION.fullmatch(region):
        sheet.error(
            "invalid-region",
            value,
            f'"{region}" is no region.',
            "Write such as eu-central-1, or * for any.",
        )
        return False
    return True


def _bucket_form(resource: str) -> bool:
    kinds = (
        "accesspoint/",
        "job/",
        "storage-lens/",
        "storage-lens-group/",
        "access-grants/",
        "async-request/",
    )
    return not resource.startswith(kinds)


def _wild(text: str) -> bool:
    return "*" in text or "?" in text or text == "x"


def _pairs(sheet: Sheet, clause: Clause, actions: list[Value], resources: list[Value]) -> None:
    """Actions none of whose kinds of resources is listed, and resources that no action is for."""
    if sheet.kind == "kms":
        _of_keys(sheet, clause, actions)
    if not actions or not resources or any(value.text == "*" for value in resources):
        return
    used: set[Value] = set()
    for action in actions:
        fitting = [resource for resource in resources if _fits(action.text, resource.text)]
        used.update(fitting)
        if not fitting:
            _without_resource(sheet, action, resources)
    if len(actions) < len(clause.of("Action")):
        return
    for resource in resources:
        if resource not in used:
            _without_action(sheet, resource)


def _of_keys(sheet: Sheet, clause: Clause, actions: list[Value]) -> None:
    for value in actions:
        if value.text != "*" and not value.text.lower().startswith("kms:"):
            sheet.warn(
                "action-not-of-keys",
                value,
                f"{value.text} is not asked of keys: in a key policy it has no effect.",
                "Put it into an identity policy, or take it out.",
            )


def _without_resource(sheet: Sheet, action: Value, resources: list[Value]) -> None:
    shape = _needs(action.text)
    objects = [value.text for value in resources if ":s3:::" in value.text and "/" in value.text]
    buckets = [value.text for value in resources if ":s3:::" in value.text and "/" not in value.text]
    if shape == _BUCKET_ACTION and objects:
        sheet.warn(
            "missing-bucket-resource",
            action,
            f"{action.text} is asked of the bucket itself, and only objects are listed: it allows nothing.",
            f"Add {objects[0].partition('/')[0]} to the resources.",
        )
    elif shape == _OBJECT_ACTION and buckets:
        sheet.warn(
            "missing-object-resource",
            action,
            f"{action.text} is asked of objects, and only buckets are listed: it allows nothing.",
            f"Add {buckets[0]}/* to the resources.",
        )
    else:
        sheet.warn(
            "action-without-resource",
            action,
            f"{action.text} applies to none of the resources of this statement, so that it has no effect.",
            "List a resource it applies to (* where it has none), or take it out.",
        )


def _without_action(sheet: Sheet, resource: Value) -> None:
    sheet.warn(
        "resource-without-action",
        resource,
        f"No action of this statement applies to {resource.text}, so that it has no effect.",
        "Take it out, or add the action that is meant.",
    )


@lru_cache(maxsize=16384)
def _fits(action: str, resource: str) -> bool:
    """Whether some action of a pattern can be asked of something that a resource pattern matches."""
    if action == "*":
        return True
    return any(
        _overlap(shape, resource)
        for name in catalogue.each([action.lower()])
        for shape in catalogue.resource_patterns(name)
    )


def _overlap(shape: str, resource: str) -> bool:
    """Whether a template of the reference and a pattern of a policy have an ARN in common.

    Buckets have no slash in their names, keys may have; region and account are left open.
    """
    pattern = _PLACEHOLDER.sub("*", resource)
    if shape == "*":
        # S3 asks for what has no resource on every bucket; AWS's own examples write it so.
        return any(glob(pattern).fullmatch(f"arn:{partition}:s3:::*") for partition in PARTITIONS)
    if "*" not in pattern and "?" not in pattern:
        return _template(shape).has(pattern)
    return _template(shape).meets(_tokens(pattern))


@lru_cache(maxsize=16384)
def _tokens(pattern: str) -> Pattern:
    from xacct.policy.proof.language import tokens

    return tokens(pattern)


@lru_cache(maxsize=16384)
def _template(shape: str) -> Language:
    from xacct.policy.proof.search import shape_language

    return shape_language((shape,), tuple(PARTITIONS))


def _needs(action: str) -> str:
    """Whether an S3 action is one on buckets or one on objects."""
    if not action.lower().startswith("s3:") or not catalogue.exists(action):
        return ""
    shapes = catalogue.resource_patterns(action)
    if any("${ObjectName}" in shape for shape in shapes):
        return _OBJECT_ACTION
    return _BUCKET_ACTION if any("${BucketName}" in shape for shape in shapes) else ""
