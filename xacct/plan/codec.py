"""The plan as JSON, by ``schemas/plan.v1.json``, and its digest."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from xacct import __version__
from xacct.plan.plan import Change, Create, Delete, Plan, Step, Update
from xacct.policy.document import Document
from xacct.resource import Request, Resource, Splice

FORMAT = 1
_WORDS: dict[type[Change], str] = {Create: "create", Update: "update", Delete: "delete"}


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The whole plan as plain values; equal plans give equal bytes."""
    return {
        "format": FORMAT,
        "xacct": __version__,
        "name": plan.name,
        "digest": digest(plan),
        "accounts": [
            {"name": account.name, "id": account.id, "partition": account.partition}
            for account in plan.accounts
        ],
        "endpoints": dict(sorted(plan.endpoints.items())),
        "counts": counts(plan),
        "steps": [_step(step) for step in plan.steps],
        "left": [str(address) for address in plan.left],
        "access": [{"weight": one.weight.value, "mark": one.mark, "text": one.text} for one in plan.access],
        "unknown": [{"address": str(gap.address), "reason": gap.reason} for gap in plan.unknown],
        "problems": [problem.as_dict() for problem in plan.problems],
        "guards": [problem.as_dict() for problem in plan.guards],
        "notes": [problem.as_dict() for problem in plan.notes],
    }


def counts(plan: Plan) -> dict[str, int]:
    """How many steps of each action, and how much is unknown."""
    words = [_WORDS[type(step.change)] for step in plan.steps]
    return {**{word: words.count(word) for word in _WORDS.values()}, "unknown": len(plan.unknown)}


def action(step: Step) -> str:
    """``create``, ``update`` or ``delete``."""
    return _WORDS[type(step.change)]


def digest(plan: Plan) -> str:
    """What stands for exactly these steps, with their calls and their order."""
    content = {"name": plan.name, "steps": [_step(step) for step in plan.steps]}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _step(step: Step) -> dict[str, Any]:
    made: dict[str, Any] = {
        "number": step.number,
        "account": step.address.account.name,
        "action": action(step),
        "kind": step.address.kind,
        "address": str(step.address),
        "after": sorted(step.after),
        "calls": [_request(call) for call in step.calls],
    }
    match step.change:
        case Create(after):
            made["to"] = _shown(after)
        case Update(before, after):
            made |= {"from": _shown(before), "to": _shown(after)}
        case Delete(before, because):
            made |= {"from": _shown(before), "because": because}
    return made


def _shown(resource: Resource) -> dict[str, Any]:
    return {
        name: json.loads(value.source) if isinstance(value, Document) else value
        for name, value in resource.shown()
    }


def _request(request: Request) -> dict[str, Any]:
    if isinstance(request, Splice):
        return {
            "service": request.write.service,
            "operation": request.write.operation,
            "params": request.write.arguments(),
            "merge": {
                "put": [json.loads(statement) for statement in request.put],
                "drop": sorted(request.drop),
            },
        }
    return {"service": request.service, "operation": request.operation, "params": request.arguments()}
