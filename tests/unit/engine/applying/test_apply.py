"""Steps are sent in order, held back only by what they need, and nothing goes to the wrong account."""

import json
from datetime import UTC, datetime, timedelta
from signal import SIGINT, default_int_handler, pthread_kill, signal
from threading import Event as Flag
from threading import main_thread

import pytest
from immutabledict import immutabledict

from tests.fakes import Clock, FakeGateway, no_answer, refusal
from tests.unit.engine.steps import DATA, SHARED, USING, calls_of, plan_of, put_policy, step
from xacct.aws.caller import Caller, NoCredentials
from xacct.engine.applying.apply import apply
from xacct.engine.applying.journal import Broke, Sending, Sent
from xacct.errors import Refused
from xacct.plan.outcome import Applied, Failed, Skipped, Started
from xacct.plan.plan import Step, Update
from xacct.plan.revocation import denial
from xacct.problem import BadInput, Problem
from xacct.resource import Call


def run(plan, gateways, **more):
    clock = Clock()
    return list(apply(plan, gateways, clock=clock, sleep=clock.sleep, **more))


def both(**scripts):
    return {
        "data": FakeGateway(DATA, scripts.get("data")),
        "analytics": FakeGateway(USING, scripts.get("analytics")),
    }


def story(outcomes):
    return [(type(outcome).__name__, outcome.step.number) for outcome in outcomes]


def test_steps_go_in_the_order_of_the_plan_and_tell_what_was_sent():
    gateways = both()
    outcomes = run(plan_of(step(1, DATA), step(2, USING, after={1})), gateways)
    assert story(outcomes) == [("Started", 1), ("Applied", 1), ("Started", 2), ("Applied", 2)]
    assert outcomes[1].calls == (put_policy("role1"),)
    assert gateways["data"].told == [put_policy("role1")]
    assert gateways["analytics"].told == [put_policy("role2")]


def test_needs_decide_where_the_plan_is_written_down_otherwise():
    outcomes = run(plan_of(step(1, DATA, after={2}), step(2, DATA)), both())
    assert story(outcomes) == [("Started", 2), ("Applied", 2), ("Started", 1), ("Applied", 1)]


def test_failed_step_holds_back_only_what_depends_on_it_transitively():
    gateways = both(data={"iam:PutRolePolicy role1": refusal()})
    plan = plan_of(
        step(1, DATA), step(2, DATA), step(3, USING, after={1}), step(4, USING, after={3}), step(5, USING)
    )
    outcomes = run(plan, gateways)
    ends = {outcome.step.number: outcome for outcome in outcomes if not isinstance(outcome, Started)}
    assert {number: type(end).__name__ for number, end in ends.items()} == {
        1: "Failed",
        2: "Applied",
        3: "Skipped",
        4: "Skipped",
        5: "Applied",
    }
    assert ends[3].because == ends[4].because == plan.steps[0].address
    assert ends[1].error.code == "AccessDenied"


def test_what_is_held_back_does_not_depend_on_the_order_of_writing():
    plan = plan_of(step(3, DATA, after={2}), step(2, DATA, after={1}), step(1, DATA))
    outcomes = run(plan, both(data={"iam:PutRolePolicy role1": refusal()}))
    assert story(outcomes) == [("Started", 1), ("Failed", 1), ("Skipped", 2), ("Skipped", 3)]


def test_failure_tells_how_many_calls_were_done():
    calls = (put_policy("a"), put_policy("b"), put_policy("c"))
    outcomes = run(plan_of(step(1, DATA, calls=calls)), both(data={"iam:PutRolePolicy c": refusal()}))
    assert isinstance(outcomes[-1], Failed)
    assert outcomes[-1].calls_done == 2


def test_lost_credentials_in_the_middle_fail_the_step():
    gone = NoCredentials("data", "the session has ended", fix="Log in.")
    outcomes = run(plan_of(step(1, DATA), step(2, USING)), both(data={"iam:PutRolePolicy": gone}))
    assert story(outcomes) == [("Started", 1), ("Failed", 1), ("Started", 2), ("Applied", 2)]


def test_one_side_alone_leaves_the_other_and_skips_what_needs_it():
    gateways = both()
    plan = plan_of(step(1, DATA), step(2, USING, after={1}), step(3, USING))
    outcomes = run(plan, gateways, only=frozenset({"analytics"}))
    assert story(outcomes) == [("Skipped", 2), ("Started", 3), ("Applied", 3)]
    assert outcomes[0] == Skipped(plan.steps[1], plan.steps[0].address)
    assert gateways["data"].told == []


def test_account_without_steps_needs_no_credentials():
    gateways = {**both(), "analytics": FakeGateway(USING, caller=no_answer())}
    assert story(run(plan_of(step(1, DATA)), gateways))[-1] == ("Applied", 1)


@pytest.mark.parametrize(
    ("caller", "words"),
    [
        (Caller(USING.id, USING.iam_arn("user/admin")), "belong to account 290122656840"),
        (None, "nobody can tell"),
        (no_answer(), "nobody can tell"),
        (NoCredentials("data", "no profile", fix="Add it."), "no profile"),
    ],
    ids=["another-account", "unknown", "unreachable", "no-credentials"],
)
def test_wrong_or_unknown_caller_of_any_account_stops_all_before_the_first_write(caller, words):
    gateways = {"data": FakeGateway(DATA), "analytics": FakeGateway(USING)}
    gateways["data"]._caller = caller
    with pytest.raises(Refused, match=words):
        apply(plan_of(step(1, USING), step(2, DATA)), gateways)
    assert gateways["data"].told == gateways["analytics"].told == []


def test_account_without_a_gateway_is_refused():
    with pytest.raises(Refused, match="account analytics"):
        apply(plan_of(step(1, USING)), {"data": FakeGateway(DATA)})


def test_other_endpoint_than_the_plan_was_made_with_is_refused():
    endpoints = immutabledict({"data/iam": "http://127.0.0.1:5000"})
    gateways = both()
    with pytest.raises(Refused, match=r"iam at http://127\.0\.0\.1:5000, but now it is https://iam"):
        apply(plan_of(step(1, DATA), endpoints=endpoints), gateways)
    assert gateways["data"].told == []


def test_plan_for_another_account_id_under_the_same_name_is_refused():
    with pytest.raises(Refused, match="made for account"):
        apply(plan_of(step(1, DATA), accounts=(DATA.__class__(name="data", id="999999999999"),)), both())


def test_steps_that_wait_for_each_other_are_refused():
    gateways = both()
    with pytest.raises(Refused, match="wait for each other"):
        apply(plan_of(step(1, DATA, after={2}), step(2, DATA, after={1})), gateways)
    assert gateways["data"].told == []


def test_plan_with_errors_or_guards_is_not_carried_out():
    problem = Problem(summary="Wrong", detail="d", fix="f")
    with pytest.raises(BadInput):
        apply(plan_of(step(1, DATA), problems=(problem,)), both())
    with pytest.raises(Refused, match="Wrong"):
        apply(plan_of(step(1, DATA), guards=(problem,)), both())


def test_everything_is_written_down_before_and_after():
    events = []
    gateways = both(data={"iam:PutRolePolicy b": refusal()})
    run(plan_of(step(1, DATA, calls=(put_policy("a"), put_policy("b")))), gateways, record=events.append)
    assert [(type(event), event.index, event.call) for event in events] == [
        (Sending, 0, put_policy("a")),
        (Sent, 0, put_policy("a")),
        (Sending, 1, put_policy("b")),
        (Broke, 1, put_policy("b")),
    ]


def test_nothing_is_sent_that_could_not_be_written_down():
    gateways = both()

    def full(event):
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        run(plan_of(step(1, DATA), step(2, DATA)), gateways, record=full)
    assert gateways["data"].told == []


def test_delete_of_what_is_gone_already_is_done():
    delete = Call.of("iam", "DeleteRolePolicy", RoleName="r", PolicyName="p")
    outcomes = run(
        plan_of(step(1, DATA, calls=(delete,))),
        both(data={"iam:DeleteRolePolicy": refusal("NoSuchEntity", 404)}),
    )
    assert isinstance(outcomes[-1], Applied)


def test_put_to_what_is_gone_fails_at_once():
    outcomes = run(plan_of(step(1, DATA)), both(data={"iam:PutRolePolicy": refusal("NoSuchEntity", 404)}))
    assert story(outcomes) == [("Started", 1), ("Failed", 1)]


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
)
CREATE = Call.of("iam", "CreateRole", RoleName="r", Path="/app/", AssumeRolePolicyDocument=TRUST)
LIVE = {
    "RoleName": "r",
    "Path": "/app/",
    "Arn": DATA.iam_arn("role/app/r"),
    "AssumeRolePolicyDocument": TRUST,
}
EXISTS, EXISTS_AFTER_RETRY = (refusal("EntityAlreadyExists", 409, retried=again) for again in (False, True))


@pytest.mark.parametrize(
    ("error", "live", "ends"),
    [
        (EXISTS_AFTER_RETRY, LIVE, Applied),
        (EXISTS_AFTER_RETRY, {**LIVE, "Path": "/"}, Failed),
        (EXISTS_AFTER_RETRY, {**LIVE, "AssumeRolePolicyDocument": TRUST.replace("Allow", "Deny")}, Failed),
        (EXISTS_AFTER_RETRY, {**LIVE, "Tags": [{"Key": "owner", "Value": "x"}]}, Failed),
        (EXISTS, LIVE, Failed),
    ],
    ids=["lost-answer", "other-path", "other-trust", "other-tags", "never-repeated"],
)
def test_role_that_exists_is_ours_only_if_our_own_lost_request_made_exactly_it(error, live, ends):
    script = {"iam:CreateRole": error, "iam:GetRole": {"Role": live}}
    assert isinstance(run(plan_of(step(1, DATA, calls=(CREATE,))), both(data=script))[-1], ends)


UNKNOWN_PRINCIPAL = refusal("MalformedPolicyDocument", 400, "Invalid principal in policy")


def trusting(arn):
    document = json.dumps(
        {"Statement": [{"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}]}
    )
    return Call.of("iam", "UpdateAssumeRolePolicy", RoleName="target", PolicyDocument=document)


def test_principal_made_in_this_run_is_waited_for():
    script = {
        "iam:CreateRole": {"Role": LIVE},
        "iam:UpdateAssumeRolePolicy": [UNKNOWN_PRINCIPAL, UNKNOWN_PRINCIPAL, {}],
    }
    plan = plan_of(step(1, DATA, calls=(CREATE,)), step(2, DATA, calls=(trusting(LIVE["Arn"]),), after={1}))
    outcomes = run(plan, both(data=script))
    waits = [outcome.what for outcome in outcomes if type(outcome).__name__ == "Waiting"]
    assert waits == [f"{LIVE['Arn']} to be seen as a principal"] * 2
    assert isinstance(outcomes[-1], Applied)


def test_principal_that_this_run_did_not_make_is_not_waited_for():
    script = {"iam:CreateRole": {"Role": LIVE}, "iam:UpdateAssumeRolePolicy": UNKNOWN_PRINCIPAL}
    call = trusting(LIVE["Arn"] + "-typo")
    outcomes = run(plan_of(step(1, DATA, calls=(CREATE,)), step(2, DATA, calls=(call,))), both(data=script))
    assert story(outcomes)[-2:] == [("Started", 2), ("Failed", 2)]


def test_role_made_in_this_run_is_waited_for_until_the_deadline():
    script = {"iam:CreateRole": {"Role": LIVE}, "iam:PutRolePolicy": refusal("NoSuchEntity", 404)}
    plan = plan_of(step(1, DATA, calls=(CREATE, put_policy("r"))))
    clock = Clock()
    outcomes = list(apply(plan, both(data=script), clock=clock, sleep=clock.sleep, deadline=7.0))
    assert isinstance(outcomes[-1], Failed)
    assert outcomes[-1].calls_done == 1
    assert clock.now == 7.0


def test_role_of_the_same_name_in_the_other_account_is_not_waited_for():
    script = {"iam:PutRolePolicy": refusal("NoSuchEntity", 404)}
    plan = plan_of(step(1, DATA, calls=(CREATE,)), step(2, USING, calls=(put_policy("r"),)))
    outcomes = run(plan, both(data={"iam:CreateRole": {"Role": LIVE}}, analytics=script))
    assert story(outcomes)[-2:] == [("Started", 2), ("Failed", 2)]


@pytest.fixture
def heeds_interrupts():
    """A shell that started the tests in the background has them ignore Ctrl-C."""
    before = signal(SIGINT, default_int_handler)
    yield
    signal(SIGINT, before)


@pytest.mark.usefixtures("heeds_interrupts")
def test_interrupt_lets_the_running_call_end_and_sends_nothing_more():
    def interrupted(params):
        pthread_kill(main_thread().ident, SIGINT)
        Flag().wait(0.2)
        return {}

    events = []
    gateways = both(data={"iam:PutRolePolicy a": interrupted})
    plan = plan_of(step(1, DATA, calls=(put_policy("a"), put_policy("b"))), step(2, DATA))
    running = apply(plan, gateways, record=events.append)
    seen = []
    with pytest.raises(KeyboardInterrupt):
        seen.extend(running)
    assert story(seen) == [("Started", 1), ("Failed", 1)]
    assert seen[-1].calls_done == 1
    assert [type(event) for event in events] == [Sending, Sent]
    assert gateways["data"].told == [put_policy("a")]


def test_several_workers_keep_the_needs_and_one_bucket_to_itself():
    inside, most = [], []

    def put(params):
        inside.append(params["Bucket"])
        most.append(inside.count(params["Bucket"]))
        Flag().wait(0.01)
        inside.remove(params["Bucket"])
        return {}

    calls = (Call.of("s3", "PutBucketTagging", Bucket="one"),)
    plan = plan_of(*(step(number, DATA, calls=calls) for number in range(1, 9)), step(9, USING, after={8}))
    gateways = both(data={"s3:PutBucketTagging": put})
    outcomes = run(plan, gateways, max_workers=4)
    assert max(most) == 1
    ends = [outcome.step.number for outcome in outcomes if isinstance(outcome, Applied)]
    assert sorted(ends) == list(range(1, 10))
    assert ends.index(9) > ends.index(8)


def test_where_the_owner_is_ignored_on_writes_it_is_asked_before():
    put = Call.of("s3", "PutBucketTagging", Bucket=SHARED, ExpectedBucketOwner=DATA.id)
    plan = plan_of(step(1, DATA, calls=(put,)))
    assert calls_of(plan, {"s3:HeadBucket": {}}, ceph=True) == (["HeadBucket"], ["PutBucketTagging"], Applied)
    assert calls_of(plan, {"s3:HeadBucket": refusal("403", 403)}, ceph=True) == (["HeadBucket"], [], Failed)
    assert calls_of(plan, {"s3:HeadBucket": refusal("404", 404)}, ceph=True) == (["HeadBucket"], [], Failed)
    assert calls_of(plan, {}, ceph=False) == ([], ["PutBucketTagging"], Applied)


def test_sessions_are_ended_by_the_clock_of_the_service_that_dated_them():
    gateways = both()
    gateways["data"].ahead = timedelta(minutes=4)
    wanted = denial(DATA, "reader")
    end = Step(number=1, address=wanted.address, change=Update(wanted, wanted), calls=tuple(wanted.create()))
    run(plan_of(end), gateways, now=lambda: datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC))
    (sent,) = gateways["data"].told
    assert "2026-05-04T03:06:02Z" in sent.params["PolicyDocument"]
