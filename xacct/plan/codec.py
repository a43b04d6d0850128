"""The plan as JSON, by ``schemas/plan.v1.json``, and its digest."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from xacct import __version__
from xacct.plan.plan import Change, Consequence, Create, Delete, Plan, Step, Update
from xacct.policy.document import Document
from xacct.resource import Address, Call, Request, Resource, Splice

FORMAT = 1
_WORDS: dict[type[Change], str] = {Create: "create", Update: "update", Delete: "delete"}


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The whole plan as plain values; equal plans give equal bytes."""
    body = {
        "format": FORMAT,
        "xacct": __version__,
        "name": plan.name,
        "digest": "",
        "accounts": [
            {"name": account.name, "id": account.id, "partition": account.partition}
            for account in plan.accounts
        ],
        "endpoints": dict(sorted(plan.endpoints.items())),
        "platforms": dict(sorted(plan.platforms.items())),
        "counts": counts(plan),
        "compared": plan.compared,
        "steps": [_step(step) for step in plan.steps],
        "left": [str(address) for address in plan.left],
        "access": [_consequence(one) for one in plan.access],
        "unknown": [{"address": str(gap.address), "reason": gap.reason} for gap in plan.unknown],
        "problems": [problem.as_dict() for problem in plan.problems],
        "guards": [problem.as_dict() for problem in plan.guards],
        "notes": [problem.as_dict() for problem in plan.notes],
    }
    return {**body, "digest": digest_of(body)}


def _consequence(one: Consequence) -> dict[str, Any]:
    body = {"weight": one.weight.value, "mark": one.mark, "text": one.text}
    return {**body, "others": list(one.others)} if one.others else body


def counts(plan: Plan) -> dict[str, int]:
    """How many things are made, changed and taken away, each once, and how much is unknown."""
    found: dict[Address, str] = {}
    for step in plan.steps:
        word = action(step)
        if found.get(step.address, "update") == "update":
            found[step.address] = word
    words = list(found.values())
    return {**{word: words.count(word) for word in _WORDS.values()}, "unknown": len(plan.unknown)}


def action(step: Step) -> str:
    """``create``, ``update`` or ``delete``."""
    return _WORDS[type(step.change)]


def digest(plan: Plan) -> str:
    """What stands for exactly these steps in these accounts, and for what they mean."""
    return str(plan_to_json(plan)["digest"])


def digest_of(body: dict[str, Any]) -> str:
    """The digest of a plan's JSON: over name, accounts, endpoints, steps and access."""
    content = {name: body[name] for name in ("name", "accounts", "endpoints", "steps", "access")}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _step(step: Step) -> dict[str, Any]:
    made: dict[str, Any] = {
        "number": step.number,
        "account": step.address.account.name,
        "action": action(step),
        **_part(step),
        "kind": step.address.kind,
        "address": str(step.address),
        "after": sorted(step.after),
        "calls": [_request(call) for call in step.calls],
    }
    match step.change:
        case Create(after):
            made["to"] = shown_json(after)
        case Update(before, after):
            made |= {"from": shown_json(before), "to": shown_json(after)}
        case Delete(before, because):
            made |= {"from": shown_json(before), "because": because}
    return made


def _part(step: Step) -> dict[str, str]:
    """Which of two puts of one change a step is, where it is one."""
    return {"part": step.change.part} if isinstance(step.change, Update) and step.change.part else {}


def shown_json(resource: Resource) -> dict[str, Any]:
    """The fields as people read them; a document is a JSON object."""
    return {
        name: json.loads(value.source) if isinstance(value, Document) else value
        for name, value in resource.shown()
    }


def _request(request: Request) -> dict[str, Any]:
    if isinstance(request, Splice):
        return {
            **_call(request.write),
            "merge": {
                "read": _call(request.read),
                "remove": _call(request.remove),
                "parameter": request.parameter,
                "put": [json.loads(statement) for statement in request.put],
                "drop": sorted(request.drop),
                "dead": sorted(request.dead),
            },
        }
    return _call(request)


def _call(call: Call) -> dict[str, Any]:
    return {"service": call.service, "operation": call.operation, "params": call.arguments()}
