"""The evaluation logic: who must allow, who caps, who denies; each row from the documentation, in short words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xacct.policy.case import judge, read_case

TABLE = Path(__file__).parent / "tables" / "logic.txt"
LINES = [line for line in TABLE.read_text().splitlines() if line.strip() and not line.startswith("#")]
ACCOUNTS = {"A": "111111111111", "B": "222222222222", "C": "333333333333"}
NAMES = [line.split(" |")[0].strip() for line in LINES]
LAYERS = {"i": "identity", "r": "resource", "b": "boundary", "s": "session", "v": "vpc_endpoint"}


def arn(short: str) -> str:
    """``A/user/anna`` and the like as an ARN."""
    account, _, rest = short.partition("/")
    kind, _, name = rest.partition("/")
    number = ACCOUNTS[account]
    match kind:
        case "session":
            return f"arn:aws:sts::{number}:assumed-role/{name}"
        case "federated":
            return f"arn:aws:sts::{number}:federated-user/{name}"
        case "key":
            return f"arn:aws:kms:us-east-1:{number}:key/{name}"
    return f"arn:aws:iam::{number}:{rest}"


def asker(short: str) -> Any:
    if short == "anonymous":
        return {"type": "Anonymous"}
    if short.startswith(("svc:", "idp:")):
        return short[4:]
    if "/session/aws-service-role/" in short:
        role, _, name = short.rpartition("/")
        account, path = role.split("/session/")
        number = ACCOUNTS[account]
        return {
            "arn": f"arn:aws:sts::{number}:assumed-role/{path.rpartition('/')[2]}/{name}",
            "role": f"arn:aws:iam::{number}:role/{path}",
        }
    who, _, unique = short.partition("#")
    return {"arn": arn(who), "id": unique} if unique else arn(who)


def resource(short: str) -> str:
    if short == "*":
        return "*"
    return arn(short) if short[:2] in ("A/", "B/", "C/") else f"arn:aws:s3:::{short}"


def principal(short: str) -> tuple[str, str]:
    if short.startswith("svc:"):
        return "Service", short[4:]
    if short.startswith("fed:"):
        return "Federated", arn(short[4:]) if short[4:6] in ("A/", "B/", "C/") else short[4:]
    if short.startswith("id:"):
        return "AWS", short[3:]
    if short.startswith("AWS:"):
        return "AWS", short[4:]
    return "AWS", ACCOUNTS[short] if short in ACCOUNTS else arn(short)


def statement(words: str) -> dict[str, Any]:
    head, *conditions = words.split(" if ")
    head, _, whom = head.partition(" for ")
    effect, action, what = head.split()
    made: dict[str, Any] = {"Effect": effect}
    made["NotAction" if action.startswith("!") else "Action"] = action.lstrip("!")
    if what != "-":
        made["NotResource" if what.startswith("!") else "Resource"] = resource(what.lstrip("!"))
    if whom == "*":
        made["Principal"] = "*"
    elif whom:
        named: dict[str, list[str]] = {}
        for short in whom.lstrip("!").split(","):
            kind, value = principal(short)
            named.setdefault(kind, []).append(value)
        made["NotPrincipal" if whom.startswith("!") else "Principal"] = named
    for condition in conditions:
        operator, key, value = condition.split()
        values = value.strip("[]").split(",") if value.startswith("[") else value
        made.setdefault("Condition", {}).setdefault(operator, {})[key] = values
    return made


def document(statements: list[str]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement(one) for one in statements]}


def case(line: str) -> dict[str, Any]:
    name, who, action, what, owner, documents, decision, source = (cell.strip() for cell in line.split(" |"))
    assert source
    policies: dict[str, Any] = {}
    context: dict[str, str] = {}
    unknown_keys: list[str] = []
    one_document: dict[str, list[str]] = {}
    for part in filter(None, (part.strip() for part in documents.split(" ; "))):
        layer, _, words = part.partition(": ")
        match layer:
            case "k":
                context |= dict(pair.split("=", 1) for pair in words.split())  # type: ignore[arg-type]
            case "n":
                unknown_keys += words.split()
            case "u":
                policies["unknown"] = words.split()
            case "p":
                level = {"orgIdentifier": "x", "policies": [document(words.split(" + "))]}
                policies.setdefault("scp", []).append(level)
            case "c":
                level = {"orgIdentifier": "x", "policies": [document(words.split(" + "))]}
                policies.setdefault("rcp", []).append(level)
            case "i" | "v":
                policies.setdefault(LAYERS[layer], []).append(document(words.split(" + ")))
            case _:
                one_document.setdefault(LAYERS[layer], []).append(words)
    for layer, statements in one_document.items():
        policies[layer] = document(statements)
    return {
        "name": name,
        "request": {
            "principal": asker(who),
            "action": action,
            "resource": resource(what),
            "resource_account": ACCOUNTS[owner],
            "context": context,
            "unknown_keys": unknown_keys,
        },
        "policies": policies,
        "expected": {"decision": decision},
    }


@pytest.mark.parametrize("line", LINES, ids=NAMES)
def test_the_documents_decide_as_the_documentation_says(line: str) -> None:
    verdict = judge(read_case(case(line)))
    assert verdict.passed, f"{verdict.decision.outcome.value}: {verdict.decision.reason}"


def test_there_are_enough_rows_and_no_two_of_one_name() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 280


MISSING = {
    "nothing allows": "identity",
    "the root user cannot assume roles": "identity",
    "a federated user without a session policy": "session",
    "a bucket policy that names the account only delegates": "identity",
    "only the identity side": "resource",
    "only the resource side": "identity",
    "a boundary caps across accounts": "boundary",
    "a session policy caps across accounts": "session",
    "a boundary that does not": "boundary",
    "a session policy that does not": "session",
    "a boundary and a bucket policy that names the role": "boundary",
    "a session policy and a bucket policy that names the role": "session",
    "boundary against session policy": "boundary",
    "session policy against boundary": "session",
    "a level that does not allow": "scp",
    "an endpoint policy that does not": "vpc_endpoint",
    "both a level and an endpoint that do not": "scp",
    "trust by the account within one account": "identity",
    "a grant without a trust within one account": "resource",
    "an administrator without a trust": "resource",
    "a key policy that delegates, without an identity policy": "identity",
    "anonymous on a bucket of an account": "resource",
    "a boundary that caps what a key policy gives the role": "boundary",
}
"""Which layer did not allow: the first that had to. Rows that are not here are free to name any."""


def test_the_rows_whose_missing_layer_is_told_are_there() -> None:
    assert set(NAMES) >= MISSING.keys()


def effects(policies: dict[str, Any], layer: str) -> str:
    return str([one for name, one in policies.items() if name == layer])


@pytest.mark.parametrize("line", LINES, ids=NAMES)
def test_an_answer_carries_the_statements_that_decided(line: str) -> None:
    """A denial names statements that deny; where a policy allows, at least one that allows is named."""
    made = case(line)
    decision = judge(read_case(made)).decision
    if decision.outcome.value == "ExplicitlyDenied":
        assert decision.missing == decision.deciders[0].layer
        for one in decision.deciders:
            assert "Deny" in effects(made["policies"], one.layer)
    if decision.outcome.value == "Allowed" and made["policies"].keys() - {"scp"}:
        assert decision.deciders
    if decision.outcome.value == "ImplicitlyDenied":
        assert decision.missing == MISSING.get(made["name"], decision.missing)
        assert decision.missing
    if decision.outcome.value == "Unknown":
        assert decision.unknown
