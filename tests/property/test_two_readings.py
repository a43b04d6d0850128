"""Two readings of the documentation agree: the plain evaluator of ``tests/oracle`` and ours, over random cases.

``python -m tests.property.test_two_readings 100000`` tries that many.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from typing import Any

import pytest

from tests.oracle.evaluator import judge
from tests.property.random_documents import ACTIONS, RESOURCES, VALUES, A, B, statement
from tests.unit.policy.test_logic import LINES
from tests.unit.policy.test_logic import case as table_case
from xacct.policy.case import judge as decided
from xacct.policy.case import read_case

WHO: list[Any] = [
    f"arn:aws:iam::{A}:user/anna",
    {"arn": f"arn:aws:iam::{A}:user/anna", "id": "AIDAAAAAAAAAAAAAAAAAA"},
    f"arn:aws:sts::{A}:assumed-role/r/s",
    {"arn": f"arn:aws:sts::{A}:assumed-role/r/s", "role": f"arn:aws:iam::{A}:role/p/r"},
    f"arn:aws:iam::{A}:role/r",
    f"arn:aws:iam::{B}:user/anna",
    f"arn:aws:iam::{A}:root",
    f"arn:aws:sts::{A}:federated-user/anna",
    {"arn": f"arn:aws:sts::{A}:federated-user/f", "user": f"arn:aws:iam::{A}:user/anna"},
    {
        "arn": f"arn:aws:sts::{A}:assumed-role/AWSServiceRoleForX/s",
        "role": f"arn:aws:iam::{A}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
    },
    "ec2.amazonaws.com",
    {"type": "Anonymous"},
]
MORE: list[dict[str, Any]] = [
    {"Effect": "Allow", "Action": "*", "Resource": "*"},
    {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
    {"Effect": "Allow", "Action": ["s3:GetObject", "sts:AssumeRole"], "Resource": "*"},
]


def document(chance: random.Random, *, principals: bool, kind: float) -> dict[str, Any]:
    bodies = [statement(chance, principals=principals) for _ in range(chance.choice([1, 1, 2]))]
    if chance.random() < kind:
        extra = dict(chance.choice(MORE))
        if principals:
            extra["Principal"] = chance.choice(
                [
                    "*",
                    {"AWS": A},
                    {"AWS": [A, f"arn:aws:iam::{A}:role/r"]},
                    {"AWS": f"arn:aws:iam::{A}:user/anna"},
                ]
            )
        bodies.append(extra)
    return {"Version": chance.choice(["2012-10-17"] * 6 + ["2008-10-17"]), "Statement": bodies}


def case(seed: int) -> dict[str, Any]:
    chance = random.Random(seed)
    context: dict[str, Any] = {}
    for key, values in VALUES.items():
        if chance.random() < 0.6:
            many = chance.randint(1, 2) if key == "aws:TagKeys" else 1
            chosen = chance.sample(values, many)
            context[key] = chosen if many > 1 else chosen[0]
    policies: dict[str, Any] = {}
    if chance.random() < 0.8:
        policies["identity"] = [
            document(chance, principals=False, kind=0.6) for _ in range(chance.choice([1, 1, 2]))
        ]
    if chance.random() < 0.7:
        policies["resource"] = document(chance, principals=True, kind=0.5)
    if chance.random() < 0.2:
        policies["boundary"] = [document(chance, principals=False, kind=0.9)]
    if chance.random() < 0.15:
        policies["session"] = document(chance, principals=False, kind=0.9)
    if chance.random() < 0.15:
        levels = range(chance.choice([1, 2]))
        policies["scp"] = [
            {"orgIdentifier": "o", "policies": [document(chance, principals=False, kind=0.95)]}
            for _ in levels
        ]
    if chance.random() < 0.1:
        deny = {**statement(chance, principals=False), "Effect": "Deny", "Principal": "*"}
        policies["rcp"] = [
            {"orgIdentifier": "o", "policies": [{"Version": "2012-10-17", "Statement": [deny]}]}
        ]
    if chance.random() < 0.1:
        policies["vpc_endpoint"] = [document(chance, principals=True, kind=0.9)]
    if chance.random() < 0.12 and "identity" in policies:
        for document_ in policies["identity"]:
            for body in document_["Statement"]:
                body["Condition"] = {"StringResembles": {"s3:prefix": "a"}}
    request: dict[str, Any] = {
        "principal": chance.choice(WHO),
        "action": chance.choice(ACTIONS),
        "resource": chance.choice(RESOURCES),
        "context": context,
    }
    if chance.random() < 0.8:
        request["resource_account"] = chance.choice([A, A, B])
    return {"name": str(seed), "request": request, "policies": policies, "expected": {"decision": "Allowed"}}


def compare(seed: int) -> str:
    made = case(seed)
    expected = judge(made)
    found = decided(read_case(made)).decision
    assert found.outcome.value == expected, f"seed {seed}: {found}\n{json.dumps(made, indent=1)}"
    return expected


@pytest.mark.parametrize("start", range(0, 8000, 1000))
def test_both_readings_come_to_the_same_decision(start: int) -> None:
    answers = Counter(compare(seed) for seed in range(start, start + 1000))
    assert answers["Allowed"] >= 100
    assert answers["ExplicitlyDenied"] >= 50
    assert answers["ImplicitlyDenied"] >= 100
    assert answers["Unknown"] >= 1


KNOWN = [
    line
    for line in LINES
    if not {"u:", "n:"} & {part.split()[0] for part in line.split(" |")[5].split(" ; ") if part.strip()}
]


@pytest.mark.parametrize("line", KNOWN, ids=[line.split(" |")[0] for line in KNOWN])
def test_the_other_reading_comes_to_what_the_table_says(line: str) -> None:
    written = table_case(line)
    assert judge(written) == written["expected"]["decision"]


if __name__ == "__main__":
    print(Counter(compare(seed) for seed in range(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)))
