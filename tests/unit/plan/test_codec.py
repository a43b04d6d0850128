"""The plan as JSON fits its schema, and its digest stands for its steps."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from tests.contract.examples import EXAMPLES
from tests.unit.plan.states import APPS, access, grant, plan, role, role_policy, unread
from xacct.manifest.loading.schema import schema_text
from xacct.plan.codec import counts, digest, plan_to_json
from xacct.plan.plan import NOT_ASKED, Consequence, Plan, Weight

PLANS: dict[str, Plan] = {
    "empty": plan([role()], [role()]),
    "create": plan([role(), role_policy(), grant()], []),
    "update": plan([role_policy()], [role_policy(document=access("s3:*"))]),
    "delete": plan([], [role(), role_policy()], was=[role(), role_policy()]),
    "unknown": plan([role(), grant()], [], gaps=[unread(APPS)]),
    "guarded": plan([role(path="/x/")], [role()]),
    "left": plan([role(), grant()], [], only_accounts=frozenset({"data"})),
    "told": replace(
        plan([role()], []),
        access=(
            Consequence(Weight.GAIN, "somebody gains list and 2 other actions on x", others=("s3:A", "s3:B")),
            *(
                Consequence(Weight.ALARM, "look here", mark)
                for mark in ("public", "stranger", "privilege escalation", "will not work", "sessions", "gap")
            ),
            Consequence(Weight.REMARK, "1 more question of access was not asked.", NOT_ASKED),
        ),
    ),
    **{f"create {kind}": plan([example], []) for kind, (example, _, _) in EXAMPLES.items()},
}


@pytest.mark.parametrize("name", PLANS)
def test_every_plan_fits_the_schema(name: str) -> None:
    body = json.loads(json.dumps(plan_to_json(PLANS[name])))
    errors = [
        error.message for error in Draft202012Validator(json.loads(schema_text("plan"))).iter_errors(body)
    ]
    assert errors == []


@pytest.mark.parametrize("name", ["manifest", "plan"])
def test_the_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(json.loads(schema_text(name)))


def test_equal_plans_have_equal_digests_whatever_the_order_of_the_input() -> None:
    one, other = plan([role(), grant()], []), plan([grant(), role()], [])
    assert one == other
    assert digest(one) == digest(other)


@pytest.mark.parametrize(
    "changed",
    [
        plan([role(), grant("other")], []),
        plan([role(max_session=7200), grant()], []),
        plan([role()], []),
    ],
)
def test_another_step_is_another_digest(changed: Plan) -> None:
    assert digest(changed) != digest(plan([role(), grant()], []))


def test_other_actions_behind_the_same_words_are_another_digest() -> None:
    made, text = plan([role()], []), "somebody gains list and 1 other actions on x"
    one, other = (
        replace(made, access=(Consequence(Weight.GAIN, text, others=(action,)),))
        for action in ("s3:A", "s3:B")
    )
    assert digest(one) != digest(other)


def test_counts_count_by_action() -> None:
    made = plan([role(), role_policy()], [role_policy(document=access("s3:*")), grant()], was=[grant()])
    assert counts(made) == {"create": 1, "update": 1, "delete": 1, "unknown": 0}


def test_the_calls_are_the_very_calls() -> None:
    step = plan_to_json(plan([role_policy()], []))["steps"][0]
    assert step["calls"] == [
        {
            "service": "iam",
            "operation": "PutRolePolicy",
            "params": {
                "RoleName": "reader",
                "PolicyName": "access",
                "PolicyDocument": role_policy().document.source,
            },
        }
    ]
