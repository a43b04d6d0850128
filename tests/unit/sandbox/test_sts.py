"""The token service's own rules: one-time codes and the shapes of parameters."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from xacct.sandbox import second_factor, sts
from xacct.sandbox.faults import ServiceFault
from xacct.sandbox.request import Operation

SEED = base64.b32encode(b"12345678901234567890").decode()

# RFC 6238, appendix B, SHA-1, the last six of the eight digits.
VECTORS = {
    59: "287082",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
}


@pytest.mark.parametrize("seconds", VECTORS)
def test_the_codes_of_the_rfc_are_taken(seconds: int) -> None:
    assert VECTORS[seconds] in second_factor.codes(SEED, datetime.fromtimestamp(seconds, UTC))


def test_a_code_is_taken_half_a_minute_later_and_not_two_minutes_later() -> None:
    assert "005924" in second_factor.codes(SEED, datetime.fromtimestamp(1234567890 + 30, UTC))
    assert "005924" not in second_factor.codes(SEED, datetime.fromtimestamp(1234567890 + 120, UTC))


ROLE = "arn:aws:iam::111122223333:role/app/reader"
RIGHT: dict[str, Any] = {"RoleArn": ROLE, "RoleSessionName": "me@here"}


def test_what_is_right_passes() -> None:
    sts.check(Operation(service="sts", name="AssumeRole", params=RIGHT))
    more = {
        "DurationSeconds": "43200",
        "ExternalId": "a:/b",
        "TokenCode": "123456",
        "SerialNumber": "arn:aws:x",
    }
    sts.check(Operation(service="sts", name="AssumeRole", params=RIGHT | more))


WRONG = {
    "no role": {"RoleArn": ""},
    "no name": {"RoleSessionName": None},
    "a user's ARN": {"RoleArn": "arn:aws:iam::111122223333:user/anna"},
    "a name with a slash": {"RoleSessionName": "a/b"},
    "a name of one letter": {"RoleSessionName": "a"},
    "a name that is too long": {"RoleSessionName": "a" * 65},
    "an external id of one letter": {"ExternalId": "x"},
    "an external id with a space": {"ExternalId": "x y"},
    "an external id that is too long": {"ExternalId": "x" * 1225},
    "too short a time": {"DurationSeconds": 899},
    "too long a time": {"DurationSeconds": 43201},
    "a time that is no number": {"DurationSeconds": "soon"},
    "a code of five digits": {"SerialNumber": "arn:aws:iam::1:mfa/x", "TokenCode": "12345"},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_a_validation_error(name: str) -> None:
    with pytest.raises(ServiceFault) as caught:
        sts.check(Operation(service="sts", name="AssumeRole", params=RIGHT | WRONG[name]))
    assert (caught.value.status, caught.value.code) == (400, "ValidationError")


def test_a_wrong_code_is_not_repeated() -> None:
    with pytest.raises(ServiceFault) as caught:
        sts.check(Operation(service="sts", name="GetSessionToken", params={"TokenCode": "98765"}))
    assert "98765" not in caught.value.message
