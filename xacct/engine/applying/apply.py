"""Carrying out a plan: step after step, as far as each step's own needs allow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Lock

from xacct.aws.caller import NoCredentials
from xacct.aws.retry import Patience
from xacct.engine.applying.expected import Expected, expectations
from xacct.engine.applying.journal import Record, forget
from xacct.engine.applying.send import Sender
from xacct.engine.gateway import Gateway
from xacct.engine.reading.read import check_caller
from xacct.errors import Refused, ServiceError
from xacct.plan.outcome import Failed, Outcome, Skipped
from xacct.plan.plan import Plan, Step
from xacct.problem import BadInput, errors
from xacct.resource import Address, Splice
from xacct.snapshot import Snapshot


def apply(
    plan: Plan,
    gateways: Mapping[str, Gateway],
    *,
    made_from: Mapping[str, Snapshot] | None = None,
    only: frozenset[str] | None = None,
    record: Record = forget,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    max_workers: int = 1,
    deadline: float = 60.0,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[Outcome]:
    """The outcomes of the steps, as they happen; a failed step holds back only what depends on it.

    Right before its first call a step is held to ``made_from``, the snapshots that the plan was made from: where
    what it changes is another by now, it fails and sends nothing. That is not atomic: what others write between
    this look and the call is written over, because neither IAM nor S3 has a compare-and-swap. None holds no step
    back. With ``only`` the steps of other accounts are left, and what needs them is skipped. ``record`` is called
    before and after each call, from the thread that sends it and one at a time; if it raises, nothing more is
    sent. One worker keeps the order of the plan; more send what is independent at once. ``deadline`` is how
    long a step waits for what this run has just made to be seen. ``now`` is the time that ends sessions.

    A KeyboardInterrupt lets the running calls end, gives their outcomes, and is raised then.

    Raises:
        BadInput: the plan has errors; nothing was sent.
        Refused: a guard of the plan, another caller or endpoint than the plan's, an impossible order;
            nothing was sent that writes.
    """
    if found := errors(plan.problems):
        raise BadInput(found)
    if plan.guards:
        raise Refused("\n".join(str(guard) for guard in plan.guards))
    steps = tuple(step for step in plan.steps if only is None or step.address.account.name in only)
    _check_order(plan.steps)
    for name in sorted({step.address.account.name for step in steps}):
        _check_account(plan, name, gateways.get(name))
    chosen = {step.number for step in steps}
    left = {step.number: step.address for step in plan.steps if step.number not in chosen}
    patience = Patience(clock=clock, sleep=sleep, deadline=deadline)
    expected = {} if made_from is None else expectations(plan, made_from)
    return _Run(steps, left, gateways, record, patience, max_workers, now, expected).outcomes()


def _check_account(plan: Plan, name: str, gateway: Gateway | None) -> None:
    """That the writes go where the plan was made for; who cannot be told apart is refused."""
    if gateway is None:
        raise Refused(f"the plan changes account {name}, which there is no access to")
    for service, url in sorted(gateway.endpoints.items()):
        planned = plan.endpoints.get(f"{name}/{service}", url)
        if planned != url:
            raise Refused(
                f"the plan of account {name} was made with {service} at {planned}, but now it is {url}; "
                "nothing was changed",
                fix="Plan again, or set the endpoint that the plan was made with.",
            )
    try:
        caller = gateway.caller()
    except (NoCredentials, ServiceError) as error:
        raise Refused(
            f"nobody can tell which account the credentials of {name} belong to, so nothing was changed: "
            f"{error}",
            fix=error.fix,
        ) from None
    if caller is None:
        raise Refused(
            f"nobody can tell which account the credentials of {name} belong to, so nothing was changed",
            fix="Use credentials that may ask sts:GetCallerIdentity, iam:GetUser or iam:ListUsers.",
        )
    check_caller(gateway.account, caller)
    for account in plan.accounts:
        if account.name == name and account.id != gateway.account.id:
            raise Refused(
                f"the plan was made for account {account.id} as {name}, "
                f"but now {gateway.account.id} is declared",
                fix="Plan again.",
            )


def _check_order(steps: Sequence[Step]) -> None:
    waiting = {step.number: step.after for step in steps}
    while ready := [number for number, after in waiting.items() if not after & waiting.keys()]:
        for number in ready:
            del waiting[number]
    if waiting:
        loop = ", ".join(str(number) for number in sorted(waiting))
        raise Refused(f"the steps {loop} of the plan wait for each other; nothing was changed")


class _Run:
    """One apply. The caller's thread decides what comes next; workers send, and report through a queue."""

    def __init__(
        self,
        steps: tuple[Step, ...],
        left: Mapping[int, Address],
        gateways: Mapping[str, Gateway],
        record: Record,
        patience: Patience,
        max_workers: int,
        now: Callable[[], datetime],
        expected: Mapping[int, Expected],
    ) -> None:
        self._waiting = list(steps)
        self._broken = dict(left)
        self._news = bool(left)
        self._running: dict[int, tuple[Step, Future[None]]] = {}
        self._reports: SimpleQueue[Outcome | int] = SimpleQueue()
        self._begun: set[int] = set()
        self._lock = Lock()
        self._stop = Flag()
        self._max_workers = max_workers
        self._sender = Sender(gateways, record, patience, self._stop.is_set, self._reports.put, now, expected)

    def outcomes(self) -> Iterator[Outcome]:
        """Until every step is done, failed or skipped; see ``apply``."""
        pool = ThreadPoolExecutor(self._max_workers, thread_name_prefix="apply")
        try:
            while self._waiting or self._running:
                yield from self._held_back()
                self._start(pool)
                if self._running:
                    yield from self._report()
        except KeyboardInterrupt:
            with self._lock:
                self._stop.set()
            yield from self._last_words()
            raise
        finally:
            self._stop.set()
            pool.shutdown(cancel_futures=True)

    def _held_back(self) -> Iterator[Outcome]:
        """Every waiting step that needs one which will not be done, and what needs those in turn."""
        while self._news:
            self._news = False
            for step in tuple(self._waiting):
                blockers = sorted(step.after & self._broken.keys())
                if blockers:
                    self._waiting.remove(step)
                    self._break(step, self._broken[blockers[0]])
                    yield Skipped(step, self._broken[step.number])

    def _break(self, step: Step, because: Address) -> None:
        self._broken[step.number] = because
        self._news = True

    def _start(self, pool: ThreadPoolExecutor) -> None:
        if len(self._running) >= self._max_workers:
            return
        undone = {step.number for step in self._waiting} | self._running.keys()
        for step in tuple(self._waiting):
            if len(self._running) >= self._max_workers:
                return
            taken = frozenset[str]().union(*(_buckets(other) for other, _ in self._running.values()))
            if not step.after & undone and not _buckets(step) & taken:
                self._waiting.remove(step)
                self._running[step.number] = (step, pool.submit(self._work, step))

    def _work(self, step: Step) -> None:
        with self._lock:
            if self._stop.is_set():
                return
            self._begun.add(step.number)
        try:
            self._sender.carry_out(step)
        finally:
            self._reports.put(step.number)
            self._begun.discard(step.number)

    def _report(self) -> Iterator[Outcome]:
        match self._reports.get():
            case int(number):
                _, future = self._running.pop(number)
                future.result()
            case Failed() as failed:
                self._break(failed.step, failed.step.address)
                yield failed
            case outcome:
                yield outcome

    def _last_words(self) -> Iterator[Outcome]:
        """What the steps that had begun still say.

        An interrupt may have come between any two lines above, so this trusts only what workers note.
        """
        while True:
            ended = not self._begun
            try:
                report = self._reports.get(timeout=0.05)
            except Empty:
                if ended:
                    return
            else:
                if not isinstance(report, int):
                    yield report


def _buckets(step: Step) -> frozenset[str]:
    """Buckets whose calls must not overlap: the service answers OperationAborted when they do."""
    calls = [request.write if isinstance(request, Splice) else request for request in step.calls]
    return frozenset(str(call.params["Bucket"]) for call in calls if "Bucket" in call.params)
