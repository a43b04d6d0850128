"""Whether a bucket policy is public, by the definition S3 blocks public access with."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from typing import Any

from xacct.policy.document import Document, Statement

FIXING = frozenset(
    {
        "aws:sourceip",
        "aws:sourcearn",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:sourceowner",
        "aws:sourceaccount",
        "aws:principalorgid",
        "aws:userid",
        "s3:dataaccesspointarn",
        "s3:dataaccesspointaccount",
    }
)
"""Condition keys whose fixed value makes a statement for everybody one for few."""

POSITIVE = frozenset(
    {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"}
)
WIDEST = {4: 8, 6: 32}
"""The shortest prefix of addresses that is not "very broad"."""


def is_public(policy: str) -> bool:
    """Whether any statement lets in everybody: a wildcard principal and no condition that fixes who it is.

    A policy that cannot be read is taken for public.
    """
    try:
        statements = json.loads(policy).get("Statement", [])
    except (ValueError, AttributeError):
        return True
    listed = statements if isinstance(statements, list) else [statements]
    return any(_lets_everybody_in(statement) for statement in listed)


def public_statements(document: Document) -> tuple[Statement, ...]:
    """The statements of a document that let in everybody; what S3 says of bucket policies, for any document."""
    return tuple(one for one in document.statements if _lets_everybody_in(json.loads(one.source)))


def _lets_everybody_in(statement: Any) -> bool:
    if not isinstance(statement, Mapping):
        return True
    if statement.get("Effect") != "Allow":
        return False
    if "NotPrincipal" not in statement and not _is_everybody(statement.get("Principal")):
        return False
    condition = statement.get("Condition") or {}
    return not any(
        _fixes(operator, key, _listed(value))
        for operator, tests in condition.items()
        for key, value in tests.items()
    )


def _is_everybody(principal: Any) -> bool:
    if isinstance(principal, Mapping):
        return any("*" in _listed(value) for value in principal.values())
    return "*" in _listed(principal)


def _fixes(operator: str, key: str, values: list[str]) -> bool:
    """``ForAllValues`` and ``IfExists`` hold without the key, and fix nothing."""
    plain = operator.lower().removeprefix("foranyvalue:")
    if plain not in POSITIVE or key.lower() not in FIXING or not values:
        return False
    if key.lower() == "aws:sourceip":
        return all(_is_narrow(value) for value in values)
    return not any("*" in value or "?" in value or "${" in value for value in values)


def _is_narrow(value: str) -> bool:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= WIDEST[network.version]


def _listed(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
