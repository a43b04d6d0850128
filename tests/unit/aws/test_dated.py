"""The date of an answer is read in one way, for locks and for the end of sessions."""

from datetime import UTC, datetime

import pytest

from xacct.aws.dated import answered_at


@pytest.mark.parametrize(
    ("date", "when"),
    [
        ("Wed, 25 Nov 2026 09:30:00 GMT", datetime(2026, 11, 25, 9, 30, tzinfo=UTC)),
        ("Wed, 25 Nov 2026 10:30:00 +0100", datetime(2026, 11, 25, 9, 30, tzinfo=UTC)),
        ("Wed, 25 Nov 2026 09:30:00 -0000", None),
        ("yesterday", None),
        ("", None),
    ],
    ids=["gmt", "another-zone", "no-zone", "no-date", "empty"],
)
def test_a_date_is_a_moment_or_nothing(date, when):
    assert answered_at({"ResponseMetadata": {"HTTPHeaders": {"date": date}}}) == when


def test_an_answer_without_headers_has_no_date():
    assert answered_at({}) is None
