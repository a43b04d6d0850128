"""A step is sent only where what it changes is as the plan expects it, or as the plan's own steps make it."""

import json
from dataclasses import replace

import pytest
from immutabledict import immutabledict

from tests.contract.examples import ACCOUNT, EXAMPLES, OTHER, ROLE, TRUST, WIDER_TRUST
from tests.fakes import Clock, FakeGateway, refusal
from xacct.engine.applying.apply import apply
from xacct.engine.applying.expected import expectations
from xacct.kinds.role import Role
from xacct.kinds.role_policy import RolePolicy
from xacct.plan.bound import Stale
from xacct.plan.outcome import Applied, Failed, Skipped, Waiting
from xacct.plan.plan import Create, Delete, Plan, Step, Update, requests
from xacct.plan.revocation import denial
from xacct.policy.document import Document
from xacct.snapshot import Snapshot, UserRecord

READER = Role(account=ACCOUNT, name="reader", path="/app/", trust=TRUST)
POLICY = EXAMPLES["role-policy"][0]
WIDER = replace(POLICY, document=OTHER)
NONE = Document.of({"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::nothing"})
FOREIGN = Document.of({"Effect": "Allow", "Action": "*", "Resource": "*"})
HELD = {"data": Snapshot(account=ACCOUNT, roles=immutabledict(reader=ROLE))}


def plan_of(*changes):
    """A plan of these changes, each after the one before."""
    steps = []
    for number, change in enumerate(changes, 1):
        resource = change.before if isinstance(change, Delete) else change.after
        after = frozenset({number - 1} - {0})
        steps.append(
            Step(number=number, address=resource.address, change=change, calls=requests(change), after=after)
        )
    return Plan(name="example", accounts=(ACCOUNT,), steps=tuple(steps))


def run(plan, script, snapshots=HELD, **more):
    clock = Clock()
    gateway = FakeGateway(ACCOUNT, script)
    outcomes = list(
        apply(plan, {"data": gateway}, made_from=snapshots, clock=clock, sleep=clock.sleep, **more)
    )
    return gateway, outcomes


def holding(document):
    """The role's policy as the service tells it; None is absent."""
    return {"iam:GetRolePolicy": document and {"PolicyDocument": json.loads(document.source)}}


@pytest.mark.parametrize(
    ("change", "found", "sent"),
    [
        (Create(POLICY), None, True),
        (Create(POLICY), POLICY.document, True),
        (Create(POLICY), FOREIGN, False),
        (Update(POLICY, WIDER), POLICY.document, True),
        (Update(POLICY, WIDER), WIDER.document, True),
        (Update(POLICY, WIDER), FOREIGN, False),
        (Update(POLICY, WIDER), None, False),
        (Delete(POLICY), POLICY.document, True),
        (Delete(POLICY), None, True),
        (Delete(POLICY), FOREIGN, False),
    ],
    ids=[
        "to-be-made-and-absent",
        "made-already",
        "another-under-the-name",
        "as-it-was",
        "as-it-is-to-be",
        "edited",
        "gone",
        "to-go-and-as-it-was",
        "gone-already",
        "to-go-and-edited",
    ],
)
def test_what_is_found_decides(change, found, sent):
    gateway, outcomes = run(plan_of(change), holding(found))
    assert isinstance(outcomes[-1], Applied if sent else Failed)
    assert bool(gateway.told) is sent
    if not sent:
        assert isinstance(outcomes[-1].error, Stale)
        assert outcomes[-1].calls_done == 0


def test_the_error_names_account_thing_and_fields_and_says_what_to_do():
    gateway, outcomes = run(plan_of(Update(POLICY, WIDER)), holding(FOREIGN))
    error = outcomes[-1].error
    assert f"data/role-policy/reader/access in account {ACCOUNT.id} was changed" in str(error)
    assert "plan again" in error.fix
    (changed,) = error.changes
    ((name, before, now),) = changed.fields()
    assert (name, before, now) == ("document", POLICY.document, FOREIGN)
    assert [call.operation for call in gateway.asked] == ["GetRolePolicy"]


def test_what_depends_on_it_is_held_back():
    plan = plan_of(Update(POLICY, WIDER), Update(READER, replace(READER, trust=WIDER_TRUST)))
    gateway, outcomes = run(plan, holding(FOREIGN))
    assert [type(one) for one in outcomes[1:]] == [Failed, Skipped]
    assert gateway.told == []


@pytest.mark.parametrize("found", [POLICY.document, NONE, WIDER.document], ids=["old", "between", "new"])
@pytest.mark.parametrize("number", [1, 2])
def test_every_form_that_the_two_halves_make_is_the_plan_s_own(found, number):
    """Trap 66: an answer from before our own first half is no change by others."""
    middle = replace(POLICY, document=NONE)
    plan = plan_of(Update(POLICY, middle, "narrow"), Update(middle, WIDER, "widen"))
    answers = [{"PolicyDocument": json.loads(one.source)} for one in (POLICY.document, found)]
    script = {"iam:GetRolePolicy": answers if number == 2 else answers[1:]}
    gateway, outcomes = run(plan, script)
    assert isinstance(outcomes[-1], Applied)
    assert len(gateway.told) == 2
    assert len(gateway.asked) == 2


def test_another_form_between_two_halves_is_not():
    middle = replace(POLICY, document=NONE)
    plan = plan_of(Update(POLICY, middle, "narrow"), Update(middle, WIDER, "widen"))
    answers = [{"PolicyDocument": json.loads(one.source)} for one in (POLICY.document, FOREIGN)]
    gateway, outcomes = run(plan, {"iam:GetRolePolicy": answers})
    assert isinstance(outcomes[-1], Failed)
    assert len(gateway.told) == 1


def answer(role=READER, **more):
    return {
        "iam:GetRole": {
            "Role": {
                "RoleName": role.name,
                "RoleId": ROLE.id,
                "Arn": role.arn,
                "Path": role.path,
                "AssumeRolePolicyDocument": json.loads(role.trust.source),
                **more,
            }
        }
    }


LONGER = replace(READER, max_session=7200)


def test_a_field_that_is_as_before_and_another_as_after_is_a_role_on_its_way():
    plan = plan_of(Update(READER, replace(LONGER, trust=WIDER_TRUST)))
    assert isinstance(run(plan, answer(MaxSessionDuration=7200))[1][-1], Applied)
    assert isinstance(run(plan, answer(MaxSessionDuration=3600))[1][-1], Applied)
    assert isinstance(run(plan, answer(MaxSessionDuration=9000))[1][-1], Failed)
    assert isinstance(run(plan, answer(Description="mine now"))[1][-1], Failed)


def test_another_role_under_the_same_name_is_another_role():
    """Trap 1."""
    _, outcomes = run(plan_of(Update(READER, LONGER)), answer(RoleId="AROANEW"))
    assert isinstance(outcomes[-1], Failed)
    (changed,) = outcomes[-1].error.changes
    assert list(changed.fields()) == [("unique id", ROLE.id, "AROANEW")]


def test_another_foreign_role_under_the_same_name_gets_nothing_of_ours_into_its_trust():
    """Trap 1: whoever it is now may be able to do anything."""
    ours, _, snapshot = EXAMPLES["role-trust"]
    theirs = '{"Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}'
    told = {"RoleName": "reader", "AssumeRolePolicyDocument": theirs}
    for unique_id, sent in ((ROLE.id, True), ("AROANEW", False)):
        script = {"iam:GetRole": [{"Role": {**told, "RoleId": unique_id}}]}
        script["iam:UpdateAssumeRolePolicy"] = lambda params, script=script: script["iam:GetRole"].append(
            {"Role": {**told, "AssumeRolePolicyDocument": params["PolicyDocument"]}}
        )
        gateway, outcomes = run(plan_of(Create(ours)), script, {"data": snapshot})
        assert bool(gateway.told) is sent
        assert isinstance(outcomes[-1], Applied if sent else Failed)
    assert list(outcomes[-1].error.changes[0].fields()) == [("unique id", ROLE.id, "AROANEW")]


def test_another_group_under_the_same_name_is_another_group():
    group, moved, snapshot = EXAMPLES["group"]
    plan = plan_of(Update(group, moved))
    for unique_id, kind in ((snapshot.groups["Testers"].id, Applied), ("AGPANEW", Failed), ("", Applied)):
        script = {"iam:GetGroup": {"Group": {"GroupId": unique_id, "Path": "/"}}}
        assert isinstance(run(plan, script, {"data": snapshot})[1][-1], kind)


def test_where_the_id_was_not_known_the_fields_decide():
    assert isinstance(run(plan_of(Update(READER, LONGER)), answer(RoleId="AROANEW"), {})[1][-1], Applied)


def test_ids_that_nobody_has_are_left_out_of_the_plan_and_are_no_change():
    """They are planned without, because they give nobody anything; the live trust still shows them."""
    statement = json.loads(TRUST.source)["Statement"]
    (one,) = statement if isinstance(statement, list) else [statement]
    lost = Document.of({**one, "Principal": {"AWS": ["AIDAGONE", "arn:aws:iam::444455556666:user/anna"]}})
    snapshots = {"data": Snapshot(account=ACCOUNT, roles=immutabledict(reader=replace(ROLE, trust=lost)))}
    script = answer(AssumeRolePolicyDocument=json.loads(lost.source))
    assert isinstance(run(plan_of(Update(READER, LONGER)), script, snapshots)[1][-1], Applied)
    assert isinstance(run(plan_of(Update(READER, LONGER)), script)[1][-1], Failed)


@pytest.mark.parametrize("known", [True, False])
def test_an_id_in_a_trust_is_the_one_who_has_it_as_far_as_the_plan_was_made_from_that(known):
    """Trap 1: what was read for the plan has ARNs where ids stand whose holders were read."""
    anna, unique = "arn:aws:iam::444455556666:user/anna", "AIDAEXAMPLEANNA000001"
    user = UserRecord(name="anna", path="/", arn=anna, id=unique if known else "AIDAANOTHER0000000001")
    snapshots = {**HELD, "apps": Snapshot(account=ACCOUNT, users=immutabledict(anna=user))}
    script = answer(AssumeRolePolicyDocument=TRUST.source.replace(anna, unique))
    outcomes = run(plan_of(Update(READER, LONGER)), script, snapshots)[1]
    assert isinstance(outcomes[-1], Applied if known else Failed)


def test_what_a_service_does_by_itself_is_not_looked_at():
    changes = [
        Create(EXAMPLES["role"][0]),
        Create(POLICY),
        Create(EXAMPLES["group"][0]),
        Create(EXAMPLES["group-policy"][0]),
        Create(EXAMPLES["managed-policy"][0]),
        *(
            made(EXAMPLES[kind][0])
            for kind in ("membership", "role-attachment", "user-attachment", "group-attachment")
            for made in (Create, Delete)
        ),
    ]
    gateway, outcomes = run(plan_of(*changes), {})
    assert all(isinstance(one, Applied) for one in outcomes[1::2])
    assert gateway.asked == []


def test_what_hangs_on_something_that_is_there_is_looked_at():
    found = expectations(
        plan_of(Create(POLICY), Create(EXAMPLES["group-policy"][0]), Create(EXAMPLES["user-policy"][0])), HELD
    )
    assert sorted(found) == [1, 2, 3]


def test_the_end_of_sessions_is_never_held_back():
    wanted = denial(ACCOUNT, "reader")
    gateway, outcomes = run(plan_of(Update(wanted, wanted)), holding(FOREIGN))
    # An update of a thing to itself has no calls of its own; what revokes sends them all the same.
    assert isinstance(outcomes[-1], Applied)
    sent = replace(plan_of(Create(wanted)).steps[0], change=Update(replace(wanted, document=NONE), wanted))
    gateway, outcomes = run(Plan(name="x", accounts=(ACCOUNT,), steps=(sent,)), holding(FOREIGN))
    assert isinstance(outcomes[-1], Applied)
    assert gateway.asked == []
    assert gateway.operations == ["PutRolePolicy"]


def test_what_ended_sessions_is_looked_at_before_it_goes():
    """It goes with its role; ended once more meanwhile, they are not for us to open."""
    ended = denial(ACCOUNT, "reader")
    assert isinstance(run(plan_of(Delete(ended)), holding(ended.document))[1][-1], Applied)
    assert isinstance(run(plan_of(Delete(ended)), holding(FOREIGN))[1][-1], Failed)


def test_without_what_it_was_made_from_a_plan_is_held_to_nothing():
    gateway, outcomes = run(plan_of(Update(POLICY, WIDER)), holding(FOREIGN), None)
    assert isinstance(outcomes[-1], Applied)
    assert gateway.asked == []


def test_a_look_that_is_refused_fails_the_step_and_one_that_is_slowed_waits():
    gateway, outcomes = run(plan_of(Update(POLICY, WIDER)), {"iam:GetRolePolicy": refusal()})
    assert isinstance(outcomes[-1], Failed)
    assert outcomes[-1].error.code == "AccessDenied"
    assert gateway.told == []
    slow = [refusal("Throttling", 400), refusal("InternalFailure", 500), *holding(POLICY.document).values()]
    gateway, outcomes = run(plan_of(Update(POLICY, WIDER)), {"iam:GetRolePolicy": slow})
    assert [one.what for one in outcomes if isinstance(one, Waiting)] == ["the service to have time"] * 2
    assert isinstance(outcomes[-1], Applied)


def test_a_version_that_is_not_seen_yet_is_waited_for():
    """Trap 66: of a policy whose default version was just made, another copy may not know the version."""
    policy = EXAMPLES["managed-policy"][0]
    document = {"PolicyVersion": {"Document": json.loads(policy.document.source)}}
    script = {
        "iam:GetPolicy": {"Policy": {"Path": policy.path, "DefaultVersionId": "v2"}},
        "iam:GetPolicyVersion": [None, document],
    }
    plan = plan_of(Update(policy, replace(policy, document=OTHER)))
    gateway, outcomes = run(plan, script)
    assert isinstance(outcomes[-1], Applied)
    assert any("to be seen" in one.what for one in outcomes if isinstance(one, Waiting))
    assert gateway.operations == ["CreatePolicyVersion"]


@pytest.mark.parametrize("kind", ["bucket-policy", "role-trust", "key-policy"])
@pytest.mark.parametrize(
    ("form", "sent"), [("before", True), ("after", True), ("edited", False), ("gone", False)]
)
def test_our_statements_in_a_shared_document_are_held_to_the_plan_and_theirs_are_not(kind, form, sent):
    after, _, snapshot = EXAMPLES[kind]
    before = after.halfway(after, [{**after.idle(), "Condition": {"Bool": {"aws:SecureTransport": "false"}}}])
    ours = {
        "before": before.texts,
        "after": after.texts,
        "edited": tuple(text.replace('"Effect": "Allow"', '"Effect": "Deny"') for text in after.texts),
        "gone": (),
    }[form]
    theirs = '{"Sid":"Late","Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}'
    live = f'{{"Version":"2012-10-17","Statement":[{",".join([*ours, theirs])}]}}'
    bucket = [live]

    def put(params):
        bucket[0] = params[after.document]
        return {}

    script = {
        "s3:GetBucketPolicy": lambda _: {"Policy": bucket[0]},
        "s3:PutBucketPolicy": put,
        "kms:GetKeyPolicy": lambda _: {"Policy": bucket[0]},
        "kms:PutKeyPolicy": put,
        "iam:GetRole": lambda _: {"Role": {"AssumeRolePolicyDocument": bucket[0]}},
        "iam:UpdateAssumeRolePolicy": put,
    }
    gateway, outcomes = run(plan_of(Update(before, after)), script, {"data": snapshot})
    assert isinstance(outcomes[-1], Applied if sent else Failed), outcomes[-1]
    assert len(gateway.told) == (form == "before")
    assert theirs in bucket[0]
    if not sent:
        assert isinstance(outcomes[-1].error, Stale)
        assert bucket[0] == live


def test_role_policies_of_one_role_are_told_apart_from_those_of_another():
    """Only what hangs on the very role that is made needs no look."""
    elsewhere = RolePolicy(account=ACCOUNT, owner="writer", name="access", document=OTHER)
    found = expectations(plan_of(Create(READER), Create(POLICY), Create(elsewhere)), HELD)
    assert sorted(found) == [3]
