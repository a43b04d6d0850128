"""What is read of the keys of buckets, and what a refusal or an absence leaves unknown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fakes import FakeGateway, refusal
from xacct.account import Account
from xacct.engine.reading.keys import read_keys
from xacct.platform import AWS
from xacct.snapshot import NO_KEY, BucketRecord

DATA = Account(name="data", id="325271821652")
KEY = "arn:aws:kms:eu-west-1:325271821652:key/1234abcd"


def read(answer: Any, given: str = KEY, region: str | None = "eu-west-1") -> BucketRecord:
    script = {"kms:DescribeKey": answer, "kms:GetKeyPolicy": {"Policy": "{}"}}
    bucket = BucketRecord(name="sealed", encryption="aws:kms", key=given, region=region)
    (found,) = read_keys(FakeGateway(DATA, script, platform=AWS), [bucket]).buckets
    return found


def test_the_state_of_a_key_is_read_with_the_day_of_its_end() -> None:
    end = datetime(2026, 12, 6, 23, 30, tzinfo=UTC)
    about = {"Arn": KEY, "KeyState": "PendingDeletion", "DeletionDate": end}
    found = read({"KeyMetadata": about})
    assert (found.key_state, found.key_gone) == ("PendingDeletion", "2026-12-06")


@pytest.mark.parametrize("given", [KEY, "1234abcd", "alias/logs"])
def test_a_key_that_is_gone_is_told_by_its_full_name(given: str) -> None:
    found = read(refusal("NotFoundException", 400), given)
    assert found.key_state == NO_KEY
    assert str(found.key).startswith("arn:aws:kms:eu-west-1:325271821652:")


@pytest.mark.parametrize("given", ["1234abcd", "alias/logs"])
def test_a_key_that_was_asked_for_without_its_region_is_not_gone_but_unknown(given: str) -> None:
    found = read(refusal("NotFoundException", 400), given, region=None)
    assert (found.key, found.key_state) == (given, "")
    assert found.untold == frozenset({f"DescribeKey ({given})"})


def test_a_key_that_may_not_be_looked_at_has_no_state() -> None:
    found = read(refusal("AccessDeniedException", 400))
    assert found.key_state == ""
    assert found.untold == frozenset({f"DescribeKey ({KEY})"})


def test_what_hangs_on_the_state_is_not_taken_for_another_bucket() -> None:
    """A saved plan is bound to what it read; a key that is enabled meanwhile makes it no worse."""
    assert read({"KeyMetadata": {"Arn": KEY, "KeyState": "Disabled"}}) == read(
        {"KeyMetadata": {"Arn": KEY, "KeyState": "Enabled"}}
    )
