"""Waits end by success, by an error that waiting does not help, or by the deadline."""

import pytest

from tests.fakes import Clock, refusal
from xacct.aws.retry import Patience, busy, names_unknown_principal, persist
from xacct.errors import ServiceError

BUSY = refusal("OperationAborted", 409)


def run(answers, *, deadline=60.0):
    clock, said, left = Clock(), [], list(answers)

    def action():
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    patience = Patience(clock=clock, sleep=clock.sleep, deadline=deadline)
    try:
        result = persist(action, patience=patience, waits_for=busy, progress=said.append)
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
    assert said == ["another change of the same thing to end"] * 6


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
