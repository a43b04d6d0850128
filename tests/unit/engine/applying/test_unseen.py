"""IAM shows what was made seconds later: what exists is waited for, and a typo is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fakes import Clock, FakeGateway, refusal
from tests.unit.engine.steps import DATA, SHARED, USING, plan_of, put_policy, step
from xacct.engine.applying.apply import apply
from xacct.plan.outcome import Applied, Failed, Outcome, Waiting
from xacct.render.text import outcome_text
from xacct.resource import Call, Request, Splice

READER = USING.iam_arn("role/app/reader")
UNKNOWN = refusal("MalformedPolicyDocument", 400, "Invalid principal in policy")
ABSENT = refusal("NoSuchEntity", 404)


class Slow:
    """Two accounts whose copies learn of a change ``late`` seconds after it; ``there`` was there all along."""

    def __init__(self, late: float, *there: str, denied: bool = False) -> None:
        self.clock = Clock()
        self.late = late
        self.seen_at = dict.fromkeys(there, 0.0)
        self.refusal = refusal("AccessDenied", 403) if denied else ABSENT
        script = {
            "iam:CreateRole": self._create,
            "iam:PutRolePolicy": self._put,
            "iam:AttachRolePolicy": self._put,
            "iam:PutRolePermissionsBoundary": self._put,
            "iam:UpdateAssumeRolePolicy": self._trust,
            "iam:GetRole": self._get,
            "iam:GetUser": self._get,
            "iam:GetPolicy": self._get,
            "s3:PutBucketPolicy": self._trust,
            "s3:GetBucketPolicy": lambda _: self._policy(),
        }
        self.gateways = {"data": FakeGateway(DATA, script), "analytics": FakeGateway(USING, script)}
        self.stored: str | None = None

    def run(self, *calls: Request, **more: Any) -> list[Outcome]:
        steps = (step(number, DATA, calls=(call,)) for number, call in enumerate(calls, 1))
        plan = plan_of(*steps)
        return list(apply(plan, self.gateways, clock=self.clock, sleep=self.clock.sleep, **more))

    def _seen(self, name: str) -> bool:
        return self.seen_at.get(name, 1e9) <= self.clock.now

    def _create(self, params: dict[str, Any]) -> dict[str, Any]:
        self.seen_at[params["RoleName"]] = self.clock.now + self.late
        arn = DATA.iam_arn(f"role/{params['RoleName']}")
        return {"Role": {"RoleName": params["RoleName"], "Arn": arn}}

    def _put(self, params: dict[str, Any]) -> dict[str, Any]:
        named = [params["RoleName"], params.get("PermissionsBoundary", "").rpartition("/")[2]]
        if not all(self._seen(name) for name in named if name):
            raise self.refusal
        return {}

    def _trust(self, params: dict[str, Any]) -> dict[str, Any]:
        text = params.get("PolicyDocument") or params["Policy"]
        for statement in json.loads(text)["Statement"]:
            if not self._seen(statement["Principal"]["AWS"].rpartition("/")[2]):
                raise UNKNOWN
        self.stored = text
        return {}

    def _get(self, params: dict[str, Any]) -> dict[str, Any]:
        name = next(iter(params.values())).rpartition("/")[2]
        if name not in self.seen_at:
            raise ABSENT
        return {"Role": {"RoleName": name}}

    def _policy(self) -> dict[str, Any]:
        if self.stored is None:
            raise refusal("NoSuchBucketPolicy", 404)
        return {"Policy": self.stored}


def create(name: str = "r") -> Call:
    return Call.of("iam", "CreateRole", RoleName=name, AssumeRolePolicyDocument=document(DATA.root))


def document(arn: str) -> str:
    return json.dumps({"Statement": [statement(arn)]})


def statement(arn: str) -> dict[str, Any]:
    return {"Sid": "A", "Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}


def trusting(arn: str) -> Call:
    return Call.of("iam", "UpdateAssumeRolePolicy", RoleName="target", PolicyDocument=document(arn))


def waits(outcomes: list[Outcome]) -> list[str]:
    return sorted({one.what for one in outcomes if isinstance(one, Waiting)})


@pytest.mark.parametrize("denied", [False, True], ids=["absent", "denied"])
def test_a_role_that_this_run_made_is_waited_for_through_thirty_seconds(denied: bool) -> None:
    slow = Slow(29.9 if denied else 30.0, denied=denied)
    outcomes = slow.run(create(), put_policy("r"))
    assert isinstance(outcomes[-1], Applied)
    assert 29.9 <= slow.clock.now <= 36
    assert waits(outcomes) == ["r to be seen (it is refused so far)" if denied else "r to be seen"]


def test_a_principal_that_this_run_made_is_waited_for_through_thirty_seconds() -> None:
    slow = Slow(30.0)
    outcomes = slow.run(create(), trusting(DATA.iam_arn("role/r")))
    assert isinstance(outcomes[-1], Applied)
    assert waits(outcomes) == [f"{DATA.iam_arn('role/r')} to be seen as a principal"]


def test_so_it_is_where_a_shared_document_names_it() -> None:
    slow = Slow(30.0)
    where = {"Bucket": SHARED}
    splice = Splice(
        read=Call.of("s3", "GetBucketPolicy", **where),
        write=Call.of("s3", "PutBucketPolicy", **where),
        remove=Call.of("s3", "DeleteBucketPolicy", **where),
        parameter="Policy",
        put=(json.dumps(statement(DATA.iam_arn("role/r"))),),
    )
    outcomes = slow.run(create(), splice)
    assert isinstance(outcomes[-1], Applied)
    assert f"{DATA.iam_arn('role/r')} to be seen as a principal" in waits(outcomes)


def test_the_deadlines_are_those_of_their_kinds_and_the_progress_says_how_long() -> None:
    for call, seconds, denied in (
        (put_policy("r"), 60.0, False),
        (put_policy("r"), 30.0, True),
        (trusting(DATA.iam_arn("role/r")), 120.0, False),
    ):
        slow = Slow(1e6, denied=denied)
        outcomes = slow.run(create(), call)
        assert isinstance(outcomes[-1], Failed)
        assert slow.clock.now == seconds
        first = next(one for one in outcomes if isinstance(one, Waiting))
        assert first.left == seconds
        assert outcome_text(first).endswith(f", {seconds:.0f} s at most")


def test_what_somebody_else_has_just_made_is_asked_for_and_waited_for() -> None:
    """Trap 20: what exists may not be visible yet, as after a run that was killed: this run did not make the role."""
    slow = Slow(0.0)
    slow.seen_at = {"reader": 30.0, "r": 30.0}
    outcomes = slow.run(trusting(READER), put_policy("r"))
    assert [type(one) for one in outcomes if isinstance(one, Applied | Failed)] == [Applied, Applied]
    assert waits(outcomes) == [f"{READER} to be seen as a principal"]
    slow = Slow(0.0)
    slow.seen_at = {"r": 30.0}
    outcomes = slow.run(put_policy("r"))
    assert isinstance(outcomes[-1], Applied)
    assert waits(outcomes) == ["r to be seen"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (trusting(USING.iam_arn("user/typo")), "no user typo in account analytics"),
        (trusting(USING.iam_arn("role/app/typo")), "no role typo in account analytics"),
        (trusting("arn:aws:iam::999999999999:role/elsewhere"), ""),
        (put_policy("typo"), ""),
        (
            Call.of(
                "iam",
                "PutRolePermissionsBoundary",
                RoleName="reader",
                PermissionsBoundary=DATA.iam_arn("policy/typo"),
            ),
            "",
        ),
    ],
    ids=["user", "role", "account-not-declared", "thing", "boundary"],
)
def test_a_typo_fails_at_once(call: Call, words: str) -> None:
    """Trap 20: a name that nobody has is no new one that is not yet visible."""
    slow = Slow(30.0, "reader", "target")
    outcomes = slow.run(call)
    assert isinstance(outcomes[-1], Failed)
    assert slow.clock.now == 0.0
    assert words in outcomes[-1].error.fix


def test_who_may_not_look_does_not_wait() -> None:
    slow = Slow(30.0)
    slow.gateways["analytics"]._script["iam:GetRole"] = refusal()
    assert isinstance(slow.run(trusting(READER))[-1], Failed)
    assert slow.clock.now == 0.0


def test_a_refusal_of_something_old_is_a_refusal() -> None:
    slow = Slow(30.0, denied=True)
    assert isinstance(slow.run(put_policy("old"))[-1], Failed)
    assert slow.clock.now == 0.0


@pytest.mark.parametrize(
    "error", [refusal("Throttling", 400), refusal("InternalFailure", 500)], ids=["throttled", "fault"]
)
def test_a_busy_service_is_given_time_out_of_one_budget_for_the_account(error: Any) -> None:
    slow = Slow(0.0, "r")
    slow.gateways["data"]._script["iam:PutRolePolicy"] = [error, error, error, {}]
    outcomes = slow.run(put_policy("r"))
    assert isinstance(outcomes[-1], Applied)
    assert waits(outcomes) == ["the service to have time"]

    slow.gateways["data"]._script["iam:PutRolePolicy"] = error
    slow.clock.now = 0.0
    outcomes = slow.run(*[put_policy("r")] * 5, deadline=10.0)
    assert [type(one) for one in outcomes if isinstance(one, Applied | Failed)] == [Failed] * 5
    assert slow.clock.now == 20.0  # two calls wait for their deadlines, and nothing is left for the others


def test_a_create_whose_answer_was_lost_in_between_is_ours_if_it_is_exactly_ours() -> None:
    live = {"RoleName": "r", "Path": "/", "AssumeRolePolicyDocument": document(DATA.root)}
    for trust, ends in ((document(DATA.root), Applied), (document(USING.root), Failed)):
        slow = Slow(0.0)
        slow.gateways["data"]._script |= {
            "iam:CreateRole": [refusal("", 500), refusal("EntityAlreadyExists", 409)],
            "iam:GetRole": {"Role": {**live, "AssumeRolePolicyDocument": trust}},
        }
        assert isinstance(slow.run(create())[-1], ends)


def test_a_version_whose_answer_was_lost_took_the_last_place() -> None:
    text = document(DATA.root)
    call = Call.of("iam", "CreatePolicyVersion", PolicyArn="arn:p", PolicyDocument=text, SetAsDefault=True)
    for live, ends in ((text, Applied), (document(USING.root), Failed)):
        slow = Slow(0.0)
        slow.gateways["data"]._script |= {
            "iam:CreatePolicyVersion": refusal("LimitExceeded", 409, retried=True),
            "iam:GetPolicy": {"Policy": {"DefaultVersionId": "v5"}},
            "iam:GetPolicyVersion": {"PolicyVersion": {"Document": live}},
        }
        assert isinstance(slow.run(call)[-1], ends)
