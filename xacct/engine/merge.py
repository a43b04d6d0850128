"""A document that others write too: read, merged, put, and looked at again until what was put stays."""

from __future__ import annotations

from collections.abc import Callable

from xacct.aws.documents import document_in
from xacct.aws.retry import Patience
from xacct.engine.gateway import Gateway
from xacct.errors import XacctError
from xacct.plan.outcome import Outcome, Waiting
from xacct.plan.plan import Step
from xacct.policy.document import Document, MalformedDocument
from xacct.resource import Call, Splice

_MERGES = 3
_LOOKS = 5

Write = Callable[[Call, "str | None"], None]
"""Sends a call that was merged with this live text."""


class Merger:
    """Carries out splices; others may write the same document in between."""

    def __init__(
        self, patience: Patience, stopping: Callable[[], bool], report: Callable[[Outcome], None]
    ) -> None:
        self._patience = patience
        self._stopping = stopping
        self._report = report

    def merge(self, step: Step, splice: Splice, gateway: Gateway, write: Write) -> list[Call]:
        """The calls that were sent, until what was put is there; none where it was so already.

        Raises:
            XacctError: the live document cannot be read, or others undo each put.
        """
        sent: list[Call] = []
        for _ in range(_MERGES):
            began = self._patience.clock()
            live = _text(gateway, splice)
            try:
                if _settled(splice, live):
                    return sent
                call = splice.merged(live)
            except MalformedDocument as error:
                raise XacctError(
                    f"the live document at {step.address} cannot be read, so nothing can be merged into it: "
                    f"{error}",
                    fix="Correct or remove it by hand.",
                ) from None
            write(call, live)
            sent.append(call)
            if self._seen(step, splice, gateway, self._patience.clock() - began):
                return sent
        raise XacctError(
            f"{step.address} was put {_MERGES} times and was gone again each time: others write it too",
            fix="Find the other writer, stop it, and run again.",
        )

    def _seen(self, step: Step, splice: Splice, gateway: Gateway, window: float) -> bool:
        """Whether what was put stays.

        A writer that read before our put and puts after it is only seen after more than the time between
        the two; and an answer from before our put is no reason to put again.
        """
        pause = max(1.1 * window, 0.1)
        for look in range(_LOOKS):
            self._patience.sleep(pause)
            try:
                if _settled(splice, _text(gateway, splice)):
                    return True
            except MalformedDocument:
                pass
            if self._stopping():
                raise XacctError("interrupted before it was seen to be done", fix="Run again.")
            if look == 0:
                self._report(Waiting(step, "what was put to be seen"))
            pause = min(max(2 * pause, 0.5), self._patience.longest)
        return False


def _text(gateway: Gateway, splice: Splice) -> str | None:
    answer = gateway.ask(splice.read)
    return document_in(splice.read.operation, answer) if answer else None


def _settled(splice: Splice, live: str | None) -> bool:
    """Whether merging would change nothing, by meaning and by the Sids that say whose a statement is."""
    call = splice.merged(live)
    if live is None or call == splice.remove:
        return live is None and call == splice.remove
    old, new = Document.parse(live), Document.parse(str(call.params[splice.parameter]))
    return old == new and _sids(old) == _sids(new)


def _sids(document: Document) -> list[str]:
    return sorted(statement.sid for statement in document.statements)
