"""The policies that xacct itself needs, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from xacct.permission.rights import Rights


def rights_text(found: Iterable[Rights]) -> str:
    """One block for each identity: whose, the policies as they are, and what they cannot limit."""
    blocks: list[str] = []
    for one in found:
        lines = [f"# {one.account.name} ({one.account.id}): {one.who}"]
        lines += [json.dumps(json.loads(policy.source), indent=2) for policy in one.policies]
        lines += [f"# Not limited: {text}" for text in one.limits]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n" if blocks else "# No permission is needed.\n"


def rights_json(found: Iterable[Rights]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "account": one.account.name,
            "id": one.account.id,
            "who": one.who,
            "policies": [json.loads(policy.source) for policy in one.policies],
            "not_limited": list(one.limits),
        }
        for one in found
    ]
