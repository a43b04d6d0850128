"""The documents that a link stands for: trust, permissions, grant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xacct.manifest.identities import Standing
from xacct.manifest.model import Conditions, LinkSpec
from xacct.manifest.s3_actions import lists, on_objects
from xacct.policy.federation import ASSUME

TAG_SESSION = "sts:TagSession"

ACCESS = {
    "list": "s3:ListBucket",
    "read": "s3:GetObject",
    "write": "s3:PutObject",
    "delete": "s3:DeleteObject",
}
"""What each word of ``access`` means, and nothing else."""


def trust_statement(
    principals: Iterable[str],
    conditions: Conditions,
    like: Standing | None = None,
    pins: Iterable[str] = (),
) -> dict[str, Any]:
    """Who may assume a role, under which conditions. MFA and the external id stand here only.

    ``like`` says how all of them stand there: as users and roles where it is None. ``pins`` are their unique
    ids, where they are let in only as long as they have these: ``AIDA...``, and ``AROA...:*`` for sessions.
    """
    like = like or Standing(value="")
    block: dict[str, dict[str, Any]] = _common(conditions)
    if conditions.external_id:
        block["StringEquals"] = {"sts:ExternalId": conditions.external_id}
    if conditions.mfa:
        block["Bool"] = {"aws:MultiFactorAuthPresent": "true"}
    for operator, key, values in like.when:
        block.setdefault(operator, {})[key] = _scalar(values)
    if held := sorted(set(pins)):
        block.setdefault("StringLike", {})["aws:userid"] = _scalar(held)
    named = sorted(set(principals))
    tagging = _tagging(conditions)
    if tagging and conditions.session_tags != ("*",):
        # True where a session has no tags at all, so that it does not ask for any.
        block["ForAllValues:StringEquals"] = {"aws:TagKeys": _scalar(conditions.session_tags)}
    return _with(
        {
            "Effect": "Allow",
            "Principal": {like.kind: named[0] if len(named) == 1 else named},
            "Action": _scalar([like.action, *tagging]),
        },
        block,
    )


def permission_statements(link: LinkSpec) -> list[dict[str, Any]]:
    """What a session may do: the bucket's actions on the bucket, the objects' on the objects.

    With prefixes, listing (versions too) is conditioned on ``s3:prefix`` (the prefix with its slash, and below it),
    and objects stand as ``prefix/*``.
    """
    common = _common(link.conditions)
    words = [ACCESS[word] for word in ACCESS if word in link.access] + list(link.actions)
    actions = list(dict.fromkeys(words))
    listing = [action for action in actions if link.prefixes and lists(action)]
    on_keys = [action for action in actions if on_objects(action)]
    on_bucket = [action for action in actions if action not in (*listing, *on_keys)]
    buckets = [bucket.arn for bucket in link.buckets]
    statements: list[dict[str, Any]] = []
    if listing:
        inside = [text for prefix in link.prefixes for text in (prefix, f"{prefix}*")]
        statements.append(_allow(listing, buckets, {**common, "StringLike": {"s3:prefix": inside}}))
    if on_bucket:
        statements.append(_allow(on_bucket, buckets, common))
    if on_keys:
        keys = [f"{bucket}/{prefix}*" for bucket in buckets for prefix in link.prefixes or ("",)]
        statements.append(_allow(on_keys, keys, common))
    return statements


def grant_statement(role_arn: str, conditions: Conditions) -> dict[str, Any]:
    """The permission in A to try, and to tag the session where that is declared; until the link ends."""
    return _with(
        {"Effect": "Allow", "Action": _scalar([ASSUME, *_tagging(conditions)]), "Resource": role_arn},
        _common(Conditions(expires=conditions.expires)),
    )


def _tagging(conditions: Conditions) -> list[str]:
    """Tagging a session is a permission of its own, asked of both sides."""
    return [TAG_SESSION] if conditions.session_tags else []


def _common(conditions: Conditions) -> dict[str, dict[str, Any]]:
    """What stands in every statement: expiry, and where requests may come from."""
    block: dict[str, dict[str, Any]] = {}
    if conditions.expires:
        block["DateLessThan"] = {"aws:CurrentTime": conditions.expires}
    if conditions.source_ip:
        block["IpAddress"] = {"aws:SourceIp": _scalar(conditions.source_ip)}
    return block


def _allow(
    actions: Sequence[str], resources: Sequence[str], block: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    return _with({"Effect": "Allow", "Action": _scalar(actions), "Resource": _scalar(resources)}, block)


def _with(statement: dict[str, Any], block: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {**statement, "Condition": dict(block)} if block else statement


def _scalar(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
