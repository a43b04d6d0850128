"""One update as two puts: only where one would give somebody too much, and what stands in between."""

from __future__ import annotations

import json

from tests.unit.plan.states import (
    DATA,
    NAME,
    access,
    allow_assume,
    grant,
    membership,
    plan,
    role,
    role_policy,
    trust,
)
from xacct.kinds.bucket_policy import BucketPolicy
from xacct.kinds.managed_policy import ManagedPolicy
from xacct.kinds.mark import document_mark, marked_document, marker
from xacct.kinds.role import Role
from xacct.kinds.role_attachment import RoleAttachment
from xacct.plan.codec import counts, digest
from xacct.plan.plan import Plan, Update
from xacct.policy.document import Document
from xacct.resource import Resource, Splice

ANNA, BOB = (f"arn:aws:iam::444455556666:user/{name}" for name in ("anna", "bob"))


def told(made: Plan) -> list[str]:
    """Each step in a few words."""
    return [
        f"{(step.change.part if isinstance(step.change, Update) else '') or type(step.change).__name__.lower()} "
        f"{step.address.kind}/{'/'.join(step.address.parts[:2])}"
        for step in made.steps
    ]


def waits(made: Plan, number: int, other: int) -> bool:
    """Whether a step waits for another, through whatever lies between."""
    after = made.steps[number - 1].after
    return other in after or any(waits(made, one, other) for one in after)


LIVE: list[Resource] = [role(trust=trust(ANNA)), role_policy(document=access("s3:GetObject"))]
WANTED: list[Resource] = [role(trust=trust(BOB)), role_policy(document=access("s3:PutObject"))]


def test_a_trust_and_what_the_role_may_changed_together_go_through_what_both_share() -> None:
    """Trap 89: one put each has no safe order; trap 79: a running session would gain at once."""
    made = plan(WANTED, LIVE)
    assert told(made) == ["narrow role/reader", "update role-policy/reader/access", "widen role/reader"]
    assert waits(made, 2, 1)
    assert waits(made, 3, 2)
    between = made.steps[0].change
    assert isinstance(between, Update)
    assert isinstance(between.after, Role)
    assert [one.effect for one in between.after.trust.statements] == ["Deny"]
    assert between.after.mark is not None
    assert between.after.mark.intact
    assert counts(made) == {"create": 0, "update": 2, "delete": 0, "unknown": 0}


def test_who_stays_in_a_trust_stays_in_it_all_along() -> None:
    carl = "arn:aws:iam::444455556666:user/carl"
    both = [{"Effect": "Allow", "Principal": {"AWS": [ANNA, carl]}, "Action": "sts:AssumeRole"}]
    then = [{"Effect": "Allow", "Principal": {"AWS": [BOB, carl]}, "Action": "sts:AssumeRole"}]
    made = plan([role(trust=Document.of(*then)), WANTED[1]], [role(trust=Document.of(*both)), LIVE[1]])
    change = made.steps[0].change
    assert isinstance(change, Update)
    assert isinstance(change.after, Role)
    assert change.after.trust == Document.of(
        {"Effect": "Allow", "Principal": {"AWS": carl}, "Action": "sts:AssumeRole"}
    )


def test_one_change_is_one_put() -> None:
    assert told(plan([WANTED[0], LIVE[1]], LIVE)) == ["update role/reader"]
    assert told(plan([LIVE[0], WANTED[1]], LIVE)) == ["update role-policy/reader/access"]


def test_only_what_comes_in_after_the_role_lost_waits() -> None:
    wider = [
        {"Effect": "Allow", "Principal": {"AWS": [ANNA, BOB]}, "Action": "sts:AssumeRole"},
    ]
    less = role_policy(document=access("s3:GetObject"))
    more = role_policy(document=access("s3:*"))
    made = plan([role(trust=Document.of(*wider)), less], [role(trust=trust(ANNA)), more])
    assert told(made) == ["update role-policy/reader/access", "update role/reader"]
    assert waits(made, 2, 1)


def test_two_roles_whose_users_change_places_are_widened_first() -> None:
    """Trap 80: no rights change, so both may be in both for a moment, and nobody is without."""
    same = access("s3:GetObject")
    policies: list[Resource] = [role_policy("p", "r1", same), role_policy("p", "r2", same)]
    made = plan(
        [role("r1", trust=trust(BOB)), role("r2", trust=trust(ANNA)), *policies],
        [role("r1", trust=trust(ANNA)), role("r2", trust=trust(BOB)), *policies],
    )
    assert told(made) == ["widen role/r2", "update role/r1", "narrow role/r2"]
    widened = made.steps[0].change
    assert isinstance(widened, Update)
    assert isinstance(widened.after, Role)
    assert widened.after.principals() == {ANNA, BOB}
    assert waits(made, 2, 1)
    assert waits(made, 3, 2)


def test_a_role_of_another_name_is_whole_before_the_old_one_goes_even_across_accounts() -> None:
    old: list[Resource] = [role("old"), role_policy("p", "old"), grant(document=allow_assume("old"))]
    new: list[Resource] = [role("new"), role_policy("p", "new"), grant(document=allow_assume("new"))]
    made = plan([*new, membership()], [*old, membership()], was=old)
    assert told(made) == [
        "create role/new",
        "create role-policy/new/p",
        "update group-policy/Testers/grant",
        "delete role-policy/old/p",
        "delete role/old",
    ]
    assert waits(made, 4, 3)


def test_a_deny_comes_before_what_it_limits_and_goes_after_it() -> None:
    block = Document.of({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
    come = plan([role(), role_policy("a", document=access()), role_policy("b", document=block)], [role()])
    assert told(come) == ["create role-policy/reader/b", "create role-policy/reader/a"]
    gone = [role_policy("a", document=access()), role_policy("b", document=block)]
    made = plan([role()], [role(), *gone], was=[*gone])
    assert told(made) == ["delete role-policy/reader/a", "delete role-policy/reader/b"]


def test_a_new_role_opens_when_the_deny_on_it_stands() -> None:
    bucket = BucketPolicy.of(
        DATA,
        "logs",
        marker(NAME),
        NAME,
        Document.of(
            {
                "Effect": "Deny",
                "Principal": {"AWS": "arn:aws:iam::111122223333:role/reader"},
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::logs/secret/*",
            }
        ),
    )
    made = plan([role(), role_policy(), bucket], [])
    denied = told(made).index("create bucket-policy/logs/" + marker(NAME))
    opened = told(made).index("create role-policy/reader/access")
    assert waits(made, opened + 1, denied + 1)


def test_a_killed_apply_goes_on_from_the_half_and_the_next_plan_is_empty() -> None:
    made = plan(WANTED, LIVE)
    for done in range(len(made.steps) + 1):
        now = {one.address: one for one in LIVE}
        for step in made.steps[:done]:
            assert isinstance(step.change, Update)
            now[step.address] = step.change.after
        again = plan(WANTED, list(now.values()))
        for step in again.steps:
            assert isinstance(step.change, Update)
            now[step.address] = step.change.after
        assert plan(WANTED, list(now.values())).empty
        assert again.empty == (done == len(made.steps))


def test_the_halves_are_the_same_bytes_each_time() -> None:
    assert digest(plan(WANTED, LIVE)) == digest(plan(list(reversed(WANTED)), list(reversed(LIVE))))


def test_a_bucket_policy_is_never_removed_on_the_way_and_what_is_put_is_ours() -> None:
    """Trap 29: a policy that is deleted and put again may be seen and not be in force."""

    def statements(effect: str, action: str) -> BucketPolicy:
        return BucketPolicy.of(
            DATA,
            "logs",
            marker(NAME),
            NAME,
            Document.of(
                {
                    "Effect": effect,
                    "Principal": {"AWS": ANNA},
                    "Action": action,
                    "Resource": "arn:aws:s3:::logs/*",
                }
            ),
        )

    live, wanted = statements("Allow", "s3:GetObject"), statements("Allow", "s3:PutObject")
    half = wanted.halfway(live, [])
    (request,) = half.update(live)
    assert isinstance(request, Splice)
    call = request.merged(f'{{"Version":"2012-10-17","Statement":[{live.texts[0]}]}}')
    assert call.operation == "PutBucketPolicy"
    kept = json.loads(str(call.params["Policy"]))["Statement"]
    assert [one["Effect"] for one in kept] == ["Deny"]
    assert kept[0]["Sid"].startswith(f"Xacct{marker(NAME)}")
    (request,) = wanted.update(half)
    assert isinstance(request, Splice)
    text = json.loads(str(request.merged(str(call.params["Policy"])).params["Policy"]))
    assert [one["Action"] for one in text["Statement"]] == ["s3:PutObject"]


def test_half_of_a_marked_document_is_marked_and_of_another_is_not() -> None:
    body = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    ours = role_policy(document=marked_document(NAME, [body, {**body, "Action": "s3:PutObject"}]))
    mark = document_mark(ours.halfway(None, [body]).document)
    assert mark is not None
    assert (mark.manifest, mark.intact) == (marker(NAME), True)
    assert document_mark(role_policy().halfway(None, [body]).document) is None


def test_both_versions_of_a_managed_policy_find_room_among_five() -> None:
    path = f"/xacct/{NAME}/"

    def policy(action: str, **more: object) -> ManagedPolicy:
        return ManagedPolicy(account=DATA, name="m", path=path, document=access(action), **more)  # type: ignore[arg-type]

    full = policy("s3:GetObject", versions=("v3", "v4", "v5", "v6", "v7"), default_version="v7")
    wanted = policy("s3:PutObject")
    half = wanted.halfway(full, [])
    first, then = half.update(full), wanted.update(half)
    assert [(call.operation, call.params.get("VersionId")) for call in first] == [
        ("DeletePolicyVersion", "v3"),
        ("CreatePolicyVersion", None),
    ]
    assert [(call.operation, call.params.get("VersionId")) for call in then] == [
        ("DeletePolicyVersion", "v4"),
        ("CreatePolicyVersion", None),
    ]


def test_what_cannot_be_split_and_has_no_order_is_refused() -> None:
    """A boundary in place of another, and a policy that allows and denies detached: nothing is half way."""
    mixed = Document.of(
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"},
    )
    policy = ManagedPolicy(account=DATA, name="m", path=f"/xacct/{NAME}/", document=mixed)
    attached = RoleAttachment(account=DATA, owner="reader", policy=policy.arn)
    one, other = (f"arn:aws:iam::111122223333:policy/{name}" for name in ("b1", "b2"))
    made = plan([role(boundary=other), policy], [role(boundary=one), policy, attached], was=[attached])
    assert [guard.summary for guard in made.guards] == ["No order is safe"]
    assert "role/reader" in made.guards[0].detail
    assert plan([role(boundary=other), policy], [role(boundary=one), policy]).guards == ()


def test_sessions_are_ended_when_nobody_opens_more_and_before_the_role_gains() -> None:
    """Trap 79; and the narrowed trust of a change that is split comes before the end of the sessions."""
    made = plan(WANTED, LIVE, denied=[role().address])
    assert told(made) == [
        "narrow role/reader",
        "create role-policy/reader/xacct-revoked-sessions",
        "update role-policy/reader/access",
        "widen role/reader",
    ]
    assert waits(made, 2, 1)
    assert waits(made, 3, 2)
    alone = plan([WANTED[0], LIVE[1]], LIVE, denied=[role().address])
    assert told(alone) == ["update role/reader", "create role-policy/reader/xacct-revoked-sessions"]
    assert waits(alone, 2, 1)
