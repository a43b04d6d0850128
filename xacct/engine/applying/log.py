"""The lines of a journal: each with a number and a sum over itself and all before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from xacct import __version__
from xacct.engine.applying.journal import Broke, Event, Sending, Sent
from xacct.engine.applying.runs import Pen
from xacct.errors import Refused
from xacct.resource import Call

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A journal that was read: how the run began, what was noted since, and where the next line joins on.

    ``torn`` tells that the last line was cut off: what it was to say was not done.
    """

    begin: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...]
    next_number: int
    last_sum: str
    torn: bool = False

    @property
    def run(self) -> str:
        """The id of the run."""
        return str(self.begin["run"])

    @property
    def begun(self) -> frozenset[str]:
        """The addresses of the steps of which a call may have been sent."""
        return frozenset(str(event["address"]) for event in self.events if event["what"] == "sending")

    @property
    def ended(self) -> str:
        """How the run ended (``done``, ``partly``, ``interrupted``); "" where it did not come to an end."""
        last = self.events[-1] if self.events else {}
        return str(last.get("how", "")) if last.get("what") == "end" else ""


def complete(log: Log) -> bool:
    """Whether a journal has all that a resume or an undo takes from it, its plan aside, in its shape.

    The sums say that nobody has changed it by the way; whoever makes one up can make the sums too.
    """
    images = log.begin.get("images")
    return (
        all(isinstance(log.begin.get(name), str) for name in ("run", "kind", "undoes"))
        and isinstance(images, list)
        and all(_is_image(one) for one in images)
        and all(_is_event(one) for one in log.events)
    )


def _is_image(one: Any) -> bool:
    """Whether it has an address, and something before or after."""
    if not isinstance(one, dict) or str(one.get("address")).count("/") < 2:
        return False
    found = [one.get(when, 0) for when in ("before", "after")]
    return any(found) and all(value is None or isinstance(value, dict) for value in found)


def _is_event(event: Mapping[str, Any]) -> bool:
    """Whether it says what it is, and of which step where it is about a call."""
    return "address" in event or event.get("what") in ("resumed", "end")


def line(number: int, last_sum: str, event: Mapping[str, Any]) -> tuple[str, str]:
    """One line, and its sum for the next."""
    text = json.dumps({"n": number, "event": event}, ensure_ascii=False, sort_keys=True)
    total = hashlib.sha256(f"{last_sum}\n{text}".encode()).hexdigest()
    return json.dumps({"n": number, "sum": total, "event": event}, ensure_ascii=False), total


def read_log(lines: Iterable[str], where: str) -> Log:
    """A journal from its lines; one without its line end, at the end, counts as torn.

    Raises:
        Refused: it is none, is damaged before its end, or was put together from several.
    """
    events: list[Mapping[str, Any]] = []
    last_sum, torn = "", False
    for number, text in enumerate(lines):
        if torn:
            raise _damaged(where, number)
        if not text.endswith("\n"):
            torn = True
            continue
        found = _parsed(text)
        if not found or line(number, last_sum, found["event"])[1] != found.get("sum"):
            raise _none_of_ours(where) if number == 0 else _damaged(where, number + 1)
        last_sum = str(found["sum"])
        events.append(found["event"])
    if not events or events[0].get("what") != "begin":
        raise _none_of_ours(where)
    begin = events[0]
    if begin.get("format") != FORMAT or begin.get("xacct") != __version__:
        raise Refused(
            f"the journal {where} was written by xacct {begin.get('xacct')}, and this is {__version__}",
            fix="Use the version that wrote it; or run xacct apply, which needs no journal.",
        )
    return Log(begin=begin, events=tuple(events[1:]), next_number=len(events), last_sum=last_sum, torn=torn)


def event_of(event: Event) -> dict[str, Any]:
    """What is written down of an event."""
    noted: dict[str, Any] = {
        "what": {Sending: "sending", Sent: "sent", Broke: "broke"}[type(event)],
        "step": event.step.number,
        "address": str(event.step.address),
        "index": event.index,
        "call": _call(event.call),
    }
    match event:
        case Sending(before=before):
            noted["before"] = before
        case Broke(error=error):
            noted |= {"error": str(error), "unanswered": error.unanswered}
        case Sent():
            pass
    return noted


def _call(call: Call) -> dict[str, Any]:
    return {"service": call.service, "operation": call.operation, "params": call.arguments()}


def _parsed(text: str) -> dict[str, Any]:
    """What a line holds; nothing where it is none of ours."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("event"), dict) else {}


def _damaged(where: str, number: int) -> Refused:
    return Refused(
        f"the journal {where} is damaged at line {number}: it was changed, or put together from several",
        fix="Nothing was sent. Run xacct apply, which needs no journal, and look at its plan.",
    )


def _none_of_ours(where: str) -> Refused:
    return Refused(
        f"{where} is no journal of xacct, or its beginning is damaged",
        fix="Nothing was sent. Name another run; xacct apply needs no journal.",
    )


class Scribe:
    """Writes a journal from several threads, each line joined to the one before."""

    def __init__(
        self, pen: Pen, run: str, where: str, clock: Callable[[], datetime], after: Log | None
    ) -> None:
        self.run = run
        self.where = where
        self._pen = pen
        self._clock = clock
        self._number = after.next_number if after else 0
        self._last_sum = after.last_sum if after else ""
        self._lock = Lock()

    def record(self, event: Event) -> None:
        """Note what happens to a call; before it is sent and after."""
        self.note(event_of(event))

    def note(self, event: Mapping[str, Any]) -> None:
        """One line more.

        Raises:
            Unwritten: it is not kept.
        """
        at = self._clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        with self._lock:
            text, total = line(self._number, self._last_sum, {**event, "at": at})
            self._pen.write(text)
            self._number += 1
            self._last_sum = total

    def close(self, how: str) -> None:
        """The run has come to an end: ``done``, ``partly`` or ``interrupted``."""
        try:
            self.note({"what": "end", "how": how})
        finally:
            self._pen.close()

    def leave(self) -> None:
        """Wait for a line that is just being written, for a moment, so that it is not torn; then write no more."""
        self._lock.acquire(timeout=2)
