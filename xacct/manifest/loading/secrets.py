"""Secrets that stand in the values of a manifest: found by their form, and never repeated."""

from __future__ import annotations

from collections.abc import Iterator

from xacct.manifest.loading.fields import plain_text
from xacct.manifest.loading.tree import Node, Table
from xacct.problem import Problem

_KEPT = "Secrets never stand in a manifest: it is kept in Git."


def endpoint_problems(account: str, table: Table) -> Iterator[Problem]:
    """What must not stand in the endpoints of an account: a user, a password, a query (which may be signed)."""
    named: dict[str, Node] = {"endpoint": table.members["endpoint"]} if "endpoint" in table.members else {}
    if isinstance(given := table.members.get("endpoints"), Table):
        named |= {f"endpoints.{service}": node for service, node in given.members.items()}
    for name, node in named.items():
        text = plain_text(node)
        where = f"accounts.{account}.{name}"
        if "@" in text:
            yield Problem(
                summary="A secret in a manifest",
                detail=f"{where} has a user or a password before its host. {_KEPT}",
                fix="Take it out and revoke it if it was real; credentials come from a profile.",
                place=node.place,
            )
        elif "?" in text or "#" in text:
            yield Problem(
                summary="A secret in a manifest",
                detail=f"{where} has a query or a fragment, in which a signature or a token may stand. {_KEPT}",
                fix="Write scheme, host, port and path only.",
                place=node.place,
            )


def without_secret(text: str) -> str:
    """A URL as it may be shown: from its host on, without a query."""
    return text.rpartition("@")[2].partition("?")[0].partition("#")[0]
