"""Waits end by success, by an error that waiting does not help, or by the deadline."""

import pytest

from tests.fakes import Clock, refusal
from xacct.aws.retry import Budget, Patience, Wait, busy, names_unknown_principal, persist, slowed
from xacct.errors import ServiceError

BUSY = refusal("OperationAborted", 409)


def run(answers, *, deadline=60.0, waits_for=busy):
    clock, said, left = Clock(), [], list(answers)

    def action():
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    patience = Patience(clock=clock, sleep=clock.sleep, deadline=deadline)
    try:
        result = persist(
            action, patience=patience, waits_for=waits_for, progress=lambda *told: said.append(told)
        )
    except ServiceError as error:
        result = error
    return result, clock, said


def test_success_at_once_waits_for_nothing():
    assert run(["done"])[0] == "done"
    assert run(["done"])[1].pauses == []


def test_pauses_grow_up_to_the_longest():
    result, clock, said = run([BUSY] * 6 + ["done"])
    assert result == "done"
    assert clock.pauses == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert {what for what, _ in said} == {"another change of the same thing to end"}
    assert [left for _, left in said] == [60.0, 59.5, 58.5, 56.5, 52.5, 47.5]


def test_deadline_ends_it_with_the_last_error_and_is_not_overslept():
    result, clock, _ = run([BUSY], deadline=3.0)
    assert result is BUSY
    assert clock.now == 3.0


def test_other_errors_are_not_waited_for():
    result, clock, _ = run([refusal()])
    assert result.code == "AccessDenied"
    assert clock.pauses == []


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refusal("OperationAborted", 409), True),
        (refusal("ConcurrentModification", 409), True),
        (refusal("", 409), True),
        (refusal("DeleteConflict", 409), False),
        (refusal("EntityAlreadyExists", 409), False),
    ],
    ids=str,
)
def test_only_another_change_counts_as_busy(error, expected):
    assert bool(busy(error)) is expected


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("MalformedPolicyDocument", 'Invalid principal in policy: "AWS":"arn:aws:iam::1:user/x"', True),
        ("MalformedPolicy", "Invalid principal in policy", True),
        ("MalformedPolicyDocument", "Syntax errors in policy.", False),
        ("AccessDenied", "Invalid principal in policy", False),
    ],
)
def test_unknown_principal_is_told_by_code_and_message(code, message, expected):
    assert names_unknown_principal(refusal(code, 400, message)) is expected


def test_each_kind_of_wait_has_its_own_deadline():
    for times, ends in ((0.5, 5.0), (2.0, 20.0)):
        result, clock, _ = run([BUSY], deadline=10.0, waits_for=lambda _, times=times: Wait("it", times))
        assert result is BUSY
        assert clock.now == ends


def test_a_budget_is_shared_and_its_end_is_an_end():
    """Trap 65."""
    budget = Budget(2.0)
    waits = [run([BUSY, "done"], waits_for=lambda _: Wait("it", budget=budget)) for _ in range(4)]
    assert [result for result, _, _ in waits] == ["done"] * 4
    result, clock, said = run([BUSY], waits_for=lambda _: Wait("it", budget=budget))
    assert result is BUSY
    assert clock.pauses == []
    assert said == []


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refusal("Throttling", 400), True),
        (refusal("SlowDown", 503), True),
        (refusal("RequestLimitExceeded", 400), True),
        (refusal("", 429), True),
        (refusal("InternalFailure", 500), True),
        (refusal("", 0), False),
        (refusal("AccessDenied", 403), False),
    ],
    ids=str,
)
def test_a_service_is_slowed_by_what_it_answers_and_not_by_silence(error, expected):
    assert slowed(error) is expected
