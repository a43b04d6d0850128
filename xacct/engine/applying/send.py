"""One step of a plan: its calls, with the waits and the lost answers that each may need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock
from typing import Any

from xacct.aws.retry import Budget, Patience, Wait, busy, persist, slowed
from xacct.engine.applying.expected import Expected
from xacct.engine.applying.journal import Broke, Event, Record, Sending, Sent
from xacct.engine.applying.lost import ours_already
from xacct.engine.applying.merge import Merge
from xacct.engine.applying.unseen import DELETING, Unseen
from xacct.engine.gateway import Gateway
from xacct.engine.reading import alone
from xacct.errors import ServiceError, XacctError
from xacct.plan.outcome import Applied, Failed, Outcome, Started, Waiting
from xacct.plan.plan import Step
from xacct.plan.revocation import timed
from xacct.resource import Call, Splice

_BUDGET = 2.0
"""In usual deadlines: so long each account may keep a run waiting because it has too much to do."""


class Sender:
    """Carries out steps, from several threads if need be, and remembers what this run has made."""

    def __init__(
        self,
        gateways: Mapping[str, Gateway],
        record: Record,
        patience: Patience,
        stopping: Callable[[], bool],
        report: Callable[[Outcome], None],
        now: Callable[[], datetime],
        expected: Mapping[int, Expected],
    ) -> None:
        self._gateways = gateways
        self._expected = expected
        self._now = now
        self._record = record
        self._patience = patience
        self._stopping = stopping
        self._report = report
        self._lock = Lock()
        self._unseen = Unseen(gateways)
        self._budgets = {name: Budget(_BUDGET * patience.deadline) for name in gateways}

    def carry_out(self, step: Step) -> None:
        """All calls of the step; what happens goes to ``report``, an error too."""
        self._report(Started(step))
        sent: list[Call] = []
        done = 0
        try:
            self._look(step)
            for index, request in enumerate(step.calls):
                if self._stopping():
                    raise XacctError("interrupted before its next call", fix="Run again.")
                if isinstance(request, Splice):
                    sent += self._merge(step, index, request)
                else:
                    call = timed(request, self._now() + self._gateways[step.address.account.name].ahead)
                    self._write(step, index, call)
                    sent.append(call)
                done = index + 1
        except XacctError as error:
            self._report(Failed(step=step, error=error, calls_done=done))
        else:
            self._report(Applied(step, tuple(sent)))

    def _look(self, step: Step) -> None:
        """That what the step changes is as the plan expects it; a shared document is looked at by its merge.

        Raises:
            Stale: it is not.
            ServiceError: it cannot be read, so that nobody knows.
        """
        expected = self._expected.get(step.number)
        question = None if expected is None else alone.question(expected.resource)
        if expected is None or question is None:
            return
        gateway = self._gateways[step.address.account.name]
        found = persist(
            lambda: alone.read(gateway, expected.resource, expected.holders),
            patience=self._patience,
            waits_for=lambda error: self._waits_for(step, question, error),
            progress=lambda what, left: self._report(Waiting(step, what, left)),
        )
        expected.check(found)

    def _write(self, step: Step, index: int, call: Call) -> None:
        gateway = self._gateways[step.address.account.name]
        self._owner_first(gateway, call)
        self._note(Sending(step=step, index=index, call=call))
        tries = 0

        def send() -> Mapping[str, Any]:
            nonlocal tries
            tries += 1
            return gateway.tell(call)

        try:
            answer = persist(
                send,
                patience=self._patience,
                waits_for=lambda error: self._waits_for(step, call, error),
                progress=lambda what, left: self._report(Waiting(step, what, left)),
            )
        except ServiceError as error:
            again = error.retried or tries > 1
            if not (_gone_already(call, error) or (again and ours_already(gateway, call, error))):
                self._note(Broke(step=step, index=index, call=call, error=error))
                raise
            answer = {}
        self._note(Sent(step=step, index=index, call=call))
        if call.operation.startswith("Create"):
            self._unseen.made(step, call, answer)

    def _owner_first(self, gateway: Gateway, call: Call) -> None:
        """Where a write does not heed the expected owner, HeadBucket does, and it comes first."""
        if call.service != "s3" or gateway.platform.owner_on_writes or "Bucket" not in call.params:
            return
        bucket = call.params["Bucket"]
        head = Call.of("s3", "HeadBucket", Bucket=bucket, ExpectedBucketOwner=gateway.account.id)
        if gateway.ask(head) is None:
            raise XacctError(
                f"account {gateway.account.name} has no bucket {bucket}",
                fix="Create it first, and plan again.",
            )

    def _waits_for(
        self, step: Step, call: Call, error: ServiceError, statements: tuple[str, ...] = ()
    ) -> Wait | None:
        """What trying again may help against; nothing where the run is to end."""
        if self._stopping():
            return None
        if slowed(error):
            return Wait("the service to have time", budget=self._budgets[step.address.account.name])
        return busy(error) or self._unseen.waits_for(step, call, error, statements)

    def _merge(self, step: Step, index: int, splice: Splice) -> list[Call]:
        gateway = self._gateways[step.address.account.name]
        self._owner_first(gateway, splice.write)

        def check(answer: Mapping[str, Any] | None) -> None:
            expected = self._expected.get(step.number)
            if expected is not None:
                expected.check(alone.part_of(expected.resource, answer, expected.holders))

        def put(call: Call, before: str | None, fresh: Callable[[], bool]) -> bool:
            return self._put_once(step, index, call, before, fresh)

        return Merge(
            splice=splice,
            gateway=gateway,
            where=str(step.address),
            patience=self._patience,
            check=check,
            put=put,
            waits_for=lambda error: self._waits_for(step, splice.write, error, splice.put),
            waiting=lambda what, left: self._report(Waiting(step, what, left)),
            stopping=self._stopping,
        ).carry_out()

    def _put_once(
        self, step: Step, index: int, call: Call, before: str | None, fresh: Callable[[], bool]
    ) -> bool:
        """Written ahead, and sent only if what it was merged with is still fresh then."""
        if not fresh():
            return False
        self._note(Sending(step=step, index=index, call=call, before=before))
        if not fresh():
            return False
        try:
            self._gateways[step.address.account.name].tell_once(call)
        except ServiceError as error:
            if not _gone_already(call, error):
                self._note(Broke(step=step, index=index, call=call, error=error))
                raise
        self._note(Sent(step=step, index=index, call=call))
        return True

    def _note(self, event: Event) -> None:
        with self._lock:
            self._record(event)


def _gone_already(call: Call, error: ServiceError) -> bool:
    return error.absent and call.operation.startswith(DELETING)
