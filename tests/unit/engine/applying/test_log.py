"""The lines of a journal hold together: what is cut off is torn, all else that differs is damage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fakes import refusal
from tests.unit.engine.steps import DATA, put_policy, step
from xacct import __version__
from xacct.engine.applying.journal import Broke, Sending, Sent
from xacct.engine.applying.log import Log, Scribe, event_of, line, read_log
from xacct.errors import Refused

BEGIN: dict[str, Any] = {"what": "begin", "format": 1, "xacct": __version__, "run": "r", "kind": "apply"}
STEP = step(1, DATA)
CALL = put_policy("role1")


class Memory:
    """A pen that keeps lines in a list."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.closed = False

    def write(self, line: str) -> None:
        self.lines.append(f"{line}\n")

    def close(self) -> None:
        self.closed = True


def written(*notes: Any, after: Log | None = None, pen: Memory | None = None) -> list[str]:
    pen = pen or Memory()
    scribe = Scribe(pen, "r", "here", lambda: datetime(2026, 1, 1, tzinfo=UTC), after)
    for one in notes:
        if isinstance(one, dict):
            scribe.note(one)
        else:
            scribe.record(one)
    return pen.lines


SENDING = Sending(step=STEP, index=0, call=CALL, before="{}")
SENT = Sent(step=STEP, index=0, call=CALL)
WHOLE = written(BEGIN, SENDING, SENT, {"what": "end", "how": "done"})


def test_what_was_written_is_read_again() -> None:
    log = read_log(WHOLE, "here")
    assert log.run == "r"
    assert [event["what"] for event in log.events] == ["sending", "sent", "end"]
    assert log.events[0]["before"] == "{}"
    assert log.begun == {"data/thing/t1"}
    assert (log.ended, log.torn, log.next_number) == ("done", False, 4)


def test_a_run_goes_on_where_it_stopped() -> None:
    first = read_log(WHOLE[:2], "here")
    assert first.ended == ""
    again = written({"what": "resumed"}, SENT, after=first)
    assert [event["what"] for event in read_log([*WHOLE[:2], *again], "here").events] == [
        "sending",
        "resumed",
        "sent",
    ]


@pytest.mark.parametrize("cut", [1, 20, len(WHOLE[2]) - 1])
def test_a_line_that_was_cut_off_at_the_end_is_torn_and_not_read(cut: int) -> None:
    log = read_log([*WHOLE[:2], WHOLE[2][:cut]], "here")
    assert log.torn
    assert log.next_number == 2
    assert read_log([*WHOLE[:2], *written(SENT, after=log)], "here").next_number == 3


CHANGES: dict[str, Callable[[list[str]], list[str]]] = {
    "hole": lambda lines: [*lines[:1], *lines[2:]],
    "order": lambda lines: [lines[0], lines[2], lines[1], lines[3]],
    "edited": lambda lines: [lines[0], lines[1].replace('"index": 0', '"index": 1'), *lines[2:]],
    "twice": lambda lines: [*lines, lines[-1]],
    "torn in the middle": lambda lines: [lines[0], lines[1][:30], *lines[2:]],
    "garbage": lambda lines: [*lines, "\x00\x00\n"],
    "no object": lambda lines: [*lines, "[]\n"],
    "too deep": lambda lines: [*lines, "[" * 100_000 + "\n"],
    "of another run": lambda lines: [*lines[:2], written({**BEGIN, "run": "s"}, SENDING, SENT)[2], lines[3]],
}


@pytest.mark.parametrize("name", CHANGES)
def test_all_else_that_differs_is_damage(name: str) -> None:
    with pytest.raises(Refused, match="damaged at line"):
        read_log(CHANGES[name](WHOLE), "here")


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["hello\n"],
        ['{"event": {"what": "begin"}, "n": 0, "sum": "x"}\n'],
        WHOLE[1:],
        [WHOLE[0][:50]],
        written({"what": "end"}),
    ],
    ids=["empty", "text", "wrong-sum", "beheaded", "torn-at-once", "no-begin"],
)
def test_what_does_not_begin_as_one_is_none(lines: list[str]) -> None:
    with pytest.raises(Refused, match="is no journal"):
        read_log(lines, "here")


@pytest.mark.parametrize("other", [{"format": 2}, {"xacct": "0.0.1"}])
def test_a_journal_of_another_version_is_not_guessed_at(other: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="was written by xacct"):
        read_log(written({**BEGIN, **other}), "here")


def test_an_error_is_kept_with_whether_it_was_answered() -> None:
    noted = event_of(Broke(step=STEP, index=0, call=CALL, error=refusal("", 500)))
    assert noted["unanswered"] is True
    assert noted["call"]["operation"] == "PutRolePolicy"


def test_the_end_is_noted_and_the_pen_put_down() -> None:
    pen = Memory()
    scribe = Scribe(pen, "r", "here", lambda: datetime.now(UTC), None)
    scribe.note(BEGIN)
    scribe.close("partly")
    assert pen.closed
    assert read_log(pen.lines, "here").ended == "partly"


def test_a_line_says_its_number_and_a_sum_over_all_before() -> None:
    assert line(1, "a", {"x": 1})[1] != line(1, "b", {"x": 1})[1]
    assert line(1, "a", {"x": 1})[1] != line(2, "a", {"x": 1})[1]
