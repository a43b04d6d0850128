"""A document that others write too: read, merged and put within a window, and looked at again after it.

S3 and IAM have no compare-and-swap. A writer that reads before our put and puts after it takes our change away
without noticing; if it keeps to the window between its read and its put, looking again after more than that
window shows it, and we merge once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from xacct.aws.documents import document_in
from xacct.aws.retry import Patience, Wait, persist
from xacct.engine.gateway import Gateway
from xacct.errors import ServiceError, XacctError
from xacct.policy.document import Document, MalformedDocument
from xacct.resource import Call, Splice

WINDOW = 2.0
"""The longest time in seconds from reading a document to the effect of putting what was merged with it.

Not a setting: every run of xacct keeps to the same one, which is what makes looking again after more than it
enough between them. Half of it is for the way to the service; a put that hangs for longer is the rest that
remains without a lock.
"""
_SEND_WITHIN = WINDOW / 2
_AFTER = 1.1 * WINDOW
_MERGES = 5
_READS = 5
_LOOKS = 5


class Put(Protocol):
    """Sends one put, once: a copy that the SDK sends later by itself would come after the window."""

    def __call__(self, call: Call, before: str | None, fresh: Callable[[], bool], /) -> bool:
        """False where ``fresh`` said no right before sending, and nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """One change to one shared document. ``where`` is its address in words.

    ``check`` raises where what is ours in what was read is not as the plan expects it. ``waits_for`` says what
    trying again may help against, ``waiting`` is told what is waited for, and ``stopping`` whether the run is to
    end.
    """

    splice: Splice
    gateway: Gateway
    where: str
    patience: Patience
    check: Callable[[Mapping[str, Any] | None], None]
    put: Put
    waits_for: Callable[[ServiceError], Wait | None]
    waiting: Callable[[str, float], None]
    stopping: Callable[[], bool]

    def carry_out(self) -> list[Call]:
        """The calls that were sent, until what was put is there and stays; none where it was there already.

        Raises:
            ServiceError: the document cannot be read or put.
            Stale: our own statements were changed since the plan was made.
            XacctError: it is no policy, others overwrite it again and again, or the service is too slow.
        """
        sent: list[Call] = []
        for _ in range(_MERGES):
            call = persist(
                self._read_and_put,
                patience=self.patience,
                waits_for=self._worth_another_try,
                progress=self.waiting,
            )
            if call is None:
                return sent
            sent.append(call)
            if self._stays():
                return sent
        raise XacctError(
            f"{self.where} was put {_MERGES} times and was gone again each time: others write it too",
            fix="Find the other writer, stop it, and run again.",
        )

    def _read_and_put(self) -> Call | None:
        for _ in range(_READS):
            began = self.patience.clock()
            answer = self.gateway.ask(self.splice.read)
            live = self._text(answer)
            try:
                self.check(answer)
                if settled(self.splice, live):
                    return None
                call = self.splice.merged(live)
            except MalformedDocument as error:
                raise XacctError(
                    f"the live document at {self.where} cannot be read, so nothing can be merged into it: {error}",
                    fix="Correct or remove it by hand.",
                ) from None
            if self.put(call, live, self._fresh(began)):
                return call
            if self.stopping():
                break
        raise XacctError(
            f"reading {self.where} and putting it took more than {_SEND_WITHIN:g} s each time, so that changes of "
            "others could be lost; nothing was put",
            fix="Run again when the service answers faster, or from a machine that is nearer to it.",
        )

    def _fresh(self, began: float) -> Callable[[], bool]:
        return lambda: self.patience.clock() - began <= _SEND_WITHIN

    def _worth_another_try(self, error: ServiceError) -> Wait | None:
        """A put whose answer was lost is looked for by the next read, so that it is never sent blindly."""
        if self.stopping():
            return None
        if error.unanswered and error.operation in (
            self.splice.write.operation,
            self.splice.remove.operation,
        ):
            return Wait("the service to answer")
        return self.waits_for(error)

    def _stays(self) -> bool:
        """Whether what was put is still there after the window; an old answer is no reason to put again."""
        pause = _AFTER
        for look in range(_LOOKS):
            self.patience.sleep(pause)
            try:
                if settled(self.splice, self._text(self.gateway.ask(self.splice.read))):
                    return True
            except MalformedDocument:
                pass  # what others have put there since is looked at again by the next merge
            if self.stopping():
                raise XacctError("interrupted before it was seen to be done", fix="Run again.")
            if look == 0:
                self.waiting("what was put to be seen", 0.0)
            pause = min(max(2 * pause, 0.5), self.patience.longest)
        return False

    def _text(self, answer: Mapping[str, Any] | None) -> str | None:
        return document_in(self.splice.read.operation, answer) if answer else None


def settled(splice: Splice, live: str | None) -> bool:
    """Whether merging would change nothing, by meaning and by the Sids that say whose a statement is."""
    call = splice.merged(live)
    put = call.params.get(splice.parameter)
    if live is None or put is None:
        return live is None and put is None
    old, new = Document.parse(live), Document.parse(str(put))
    return old == new and _sids(old) == _sids(new)


def _sids(document: Document) -> list[str]:
    return sorted(statement.sid for statement in document.statements)
