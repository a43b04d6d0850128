"""One case: an apply that is broken at one call, and what comes after it."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from tests.faults.judge import difference, meaning, ways, ways_of
from tests.faults.scenario import LIFT, WELL, Scenario, Seen, is_write, quietly
from tests.faults.wire import Line
from xacct.cli.applying import Consent, Keeping, carry_out
from xacct.engine.estates import planned_estate
from xacct.errors import XacctError
from xacct.sandbox.answer import Answer
from xacct.sandbox.faults import ServiceFault
from xacct.sandbox.gate import Hooks
from xacct.sandbox.request import Incoming, Operation
from xacct.snapshot import Snapshot

FAULTS = (
    "killed before",
    "killed after",
    "500 once",
    "500 for good",
    "500 after it was done",
    "throttled once",
    "throttled for good",
    "cut before",
    "cut after it was done",
    "cut after it was done for good",
    "stale 1",
    "stale 3",
    "stale 12",
    "unseen 6",
)
"""What may happen at a call; ``stale N``: the next N reads are answered from before it; ``unseen N``: the next N
writes that name what it made are told that there is no such thing."""

RECOVERIES = ("resume", "apply", "undo")
Told: TypeAlias = tuple[list[str], Any]
"""What a fork tells: what is wrong, and what it saw."""


@dataclass(frozen=True)
class Case:
    """The fault, at which write (from 0), and how to go on."""

    fault: str
    call: int
    recovery: str


class Cut(BaseException):
    """Ends a request without an answer; ``kill`` ends xacct as well."""

    def __init__(self, kill: bool = False) -> None:
        super().__init__()
        self.kill = kill


def cases(scenario: Scenario) -> list[Case]:
    """Every fault at every call; every way on after a kill, and one after the other after all else."""
    return [
        Case(fault, call, recovery)
        for call in range(len(scenario.calls))
        for number, fault in enumerate(FAULTS)
        if scenario.calls[call] == "CreateRole" or not fault.startswith("unseen")
        for recovery in (RECOVERIES if fault.startswith("killed") else [RECOVERIES[(call + number) % 3]])
    ]


def run_case(scenario: Scenario, case: Case) -> list[str]:
    """What is wrong after it; nothing where all is well. The cloud of this process is left as it is.

    What the case saw of states that nobody had seen is kept in the scenario, for the cases after it.
    """
    found, scenario.seen = forked(lambda: _Trial(scenario, case).wrong(), scenario.seen)
    return found


def forked(run: Callable[[], Told], otherwise: Any) -> Told:
    """What a function returns in a fork of this process; where it fails, its traceback and ``otherwise``."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            told = run()
        except BaseException:  # noqa: BLE001 - told through the pipe
            told = [traceback.format_exc()[-3000:]], otherwise
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(told, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pickle.load(pipe)
    os.waitpid(child, 0)
    return told


class _Trial:
    """The process that holds the cloud of one case."""

    def __init__(self, scenario: Scenario, case: Case) -> None:
        self.scenario = scenario
        self.case = case
        self.found: list[str] = []
        self.armed = True
        self.index = -1
        self.known: tuple[str, Mapping[str, Any]] | None = None
        self.hits = 0
        self.stale = 0
        self.unseen = ("", 0)
        self.twin: Line | None = None
        self.incoming: Incoming | None = None
        self.written = ""
        self.calls: list[str] = []

    def wrong(self) -> Told:
        """What is wrong in the case, and the states seen."""
        scenario = self.scenario
        with self._folder():
            code = self._with_xacct(_apply(scenario))
            if not self.hits:
                self.found.append("the fault never came")
            self.armed = False
            self._recover(code)
        return [f"{scenario.name} {scenario.kind} {self.case}: {line}" for line in self.found], scenario.seen

    def rehearsed(self) -> Told:
        """What is wrong in a run in which nothing breaks; its calls, the states on its way, and the end."""
        self.armed = False
        with self._folder():
            code = self._with_xacct(_apply(self.scenario))
            if code not in WELL:
                self.found.append(
                    f"without a fault it ends with {code}: {Path('applied').read_text()[-2000:]}"
                )
        return self.found, (self.calls, self.scenario.seen, self._meaning())

    @contextmanager
    def _folder(self) -> Iterator[None]:
        """Work in a folder of this process; what is in it is kept where something is wrong."""
        folder = Path(f"case-{os.getpid()}").absolute()
        folder.mkdir()
        os.chdir(folder)
        self._hook()
        yield
        os.chdir("..")
        if not self.found:
            shutil.rmtree(folder)

    def _hook(self) -> None:
        self.scenario.cloud.hooks.before = self._before
        self.scenario.cloud.hooks.after = self._after

    def _recover(self, code: int) -> None:
        """Go on until it is done; stale reads may take a round more."""
        case = self.case
        words = [*self.scenario.files, "--no-input"]
        plain = ["destroy" if self.scenario.kind == "destroy" else "apply", "--yes", *LIFT, *words]
        ways_on = {
            "apply": plain,
            "resume": ["apply", "--resume", "--no-input"],
            "undo": ["undo", "--yes", "--give-back", "--no-input"],
        }
        tried = ""
        for round_ in range(4):
            way = (
                ways_on[case.recovery]
                if round_ < 2
                else ways_on[case.recovery if case.recovery == "undo" else "apply"]
            )
            done, tried = self._command(way)
            if done in WELL and self.stale == 0:
                break
            if case.fault.startswith("killed") and round_ == 0 and not self.stale:
                self.found.append(f"{case.recovery} ended with {done}: {tried[-1500:]}")
                return
        else:
            self.found.append(f"{case.recovery} never ended well: {tried[-1500:]}")
            return
        wanted = self.scenario.before if case.recovery == "undo" else self.scenario.after
        self.found += difference(wanted, self._meaning())
        if case.recovery != "undo":
            word = (
                ["destroy", "--yes"] if self.scenario.kind == "destroy" else ["plan", "--detailed-exitcode"]
            )
            again, said = self._command([*word, *LIFT, *self.scenario.files])
            if again not in WELL or "No differences" not in said:
                self.found.append(f"the next plan is not empty ({again}): {said[-1500:]}")

    # ---- xacct, in a process of its own

    def _command(self, words: list[str]) -> tuple[int, str]:
        path = Path("output")

        def run() -> int:
            code, said = quietly(*words)
            path.write_text(said)
            return code

        code = self._with_xacct(run)
        return code, path.read_text() if path.exists() else ""

    def _with_xacct(self, run: Callable[[], int]) -> int:
        """Fork, let it run against this cloud, and answer it until it ends; its exit code, -9 where killed."""
        ours, theirs = socket.socketpair()
        child = os.fork()
        if child == 0:
            ours.close()
            self.scenario.cloud.wire.handle = Line(theirs).ask
            code = 99
            try:
                code = run()
            except BaseException:  # noqa: BLE001 - told through the pipe
                Path("crash").write_text(traceback.format_exc())
            finally:
                os._exit(code)
        theirs.close()
        line = Line(ours)
        while True:
            try:
                self.incoming = line.get()
            except EOFError:
                break
            answer, killed = None, False
            try:
                answer = self.scenario.cloud.handle(self.incoming)
            except Cut as cut:
                killed = cut.kill
            if killed:
                os.kill(child, signal.SIGKILL)
            self._judge()
            if killed:
                break
            line.put(answer)
        ours.close()
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    # ---- the cloud

    def _before(self, operation: Operation) -> Answer | None:
        if not is_write(operation):
            if self.stale and self.twin is not None:
                self.stale -= 1
                return self.twin.ask(self.incoming)
            return None
        if not self.armed:
            return None
        self._refuse_unseen(operation)
        self._count(operation)
        if self.index == self.case.call:
            self._strike(operation, done=False)
        return None

    def _refuse_unseen(self, operation: Operation) -> None:
        name, left = self.unseen
        if not left:
            return
        if operation.params.get("RoleName") == name:
            self.unseen = (name, left - 1)
            raise ServiceFault(status=404, code="NoSuchEntity", message=f"The role {name} cannot be found.")
        trust = operation.params.get("AssumeRolePolicyDocument") or (
            operation.params.get("PolicyDocument") if operation.name == "UpdateAssumeRolePolicy" else ""
        )
        if f'/{name}"' in str(trust):
            self.unseen = (name, left - 1)
            raise ServiceFault(
                status=400, code="MalformedPolicyDocument", message="Invalid principal in policy"
            )

    def _after(self, operation: Operation, given: Answer) -> Answer:
        if is_write(operation):
            if given.ok:
                self.written = operation.name
                self.calls.append(operation.name)
            if self.armed and self.index == self.case.call:
                self._strike(operation, done=True)
            self.known = None if given.ok else self.known
        return given

    def _count(self, operation: Operation) -> None:
        """The number of a write; one that the SDK sends again has the number that it had."""
        this = (operation.name, operation.params)
        if self.known != this:
            self.index += 1
            self.known = this

    def _strike(self, operation: Operation, *, done: bool) -> None:
        """The fault itself, before the call or after it."""
        fault = self.case.fault
        late = "after" in fault or fault.startswith("unseen")
        if late is not done:
            if not done and fault.startswith("stale") and not self.hits:
                self.hits += 1
                self.stale = int(fault.split()[1])
                self._fork_twin()
            return
        if fault.startswith("unseen"):
            self.hits += 1
            self.unseen = (str(operation.params["RoleName"]), int(fault.split()[1]))
            return
        first = self.hits == 0
        self.hits += 1
        for_good = "for good" in fault
        if fault.startswith("killed"):
            raise Cut(kill=True)
        if not (first or for_good):
            return
        if fault.startswith("cut"):
            raise Cut
        if fault.startswith("500"):
            raise ServiceFault(status=500, code="InternalFailure", message="an internal fault")
        if fault.startswith("throttled"):
            s3 = operation.service == "s3"
            raise ServiceFault(
                status=503 if s3 else 400, code="SlowDown" if s3 else "Throttling", message="Rate exceeded"
            )

    def _fork_twin(self) -> None:
        """A process that stays where the cloud is now, to answer reads from."""
        ours, theirs = socket.socketpair()
        if os.fork() == 0:
            ours.close()
            cloud = self.scenario.cloud
            cloud.hooks.before = lambda _: None
            cloud.hooks.after = lambda _, given: given
            line = Line(theirs)
            try:
                while True:
                    line.put(cloud.handle(line.get()))
            except EOFError:
                os._exit(0)
        theirs.close()
        self.twin = Line(ours)

    def _judge(self) -> None:
        """After a write: that nobody has what neither before nor after gives."""
        operation, self.written = self.written, ""
        if not operation:
            return
        seen, state = self.scenario.seen, self.scenario.cloud.print()
        if state not in seen.safe:
            extra = ways(self._snapshots(), self.scenario.questions) - self.scenario.allowed
            self.found += [
                f"after {operation} {who} has {action} on {what}" for who, _, action, what in sorted(extra)
            ]
            if not extra:
                seen.safe.add(state)

    def _meaning(self) -> dict[str, str]:
        """What is there now."""
        seen, state = self.scenario.seen, self.scenario.cloud.print()
        if state not in seen.meanings:
            seen.meanings[state] = meaning(self._snapshots())
        return seen.meanings[state]

    def _snapshots(self) -> dict[str, Snapshot]:
        """What the cloud holds, read past the faults."""
        hooks = self.scenario.cloud.hooks
        hooks.before, hooks.after = Hooks().before, Hooks().after
        snapshots = self.scenario.snapshots()
        self._hook()
        return snapshots


def _apply(scenario: Scenario) -> Callable[[], int]:
    """Carry out the plan that was made, as the command line does."""
    kind = "destroy" if scenario.kind == "destroy" else "apply"

    def run() -> int:
        with open("applied", "w") as said:
            sys.stdout = sys.stderr = said
            try:
                return int(
                    carry_out(
                        scenario.planned,
                        Consent(yes=True),
                        form="text",
                        verbose=1,
                        keeping=Keeping(kind=kind),
                    )
                )
            except XacctError as error:
                print(error, error.fix)
                return int(error.exit_code)

    return run


def rehearse(scenario: Scenario) -> None:
    """The apply without a fault: its calls, the states on its way, each judged, and where it leads.

    Raises:
        AssertionError: it does not go well.
    """
    scenario.allowed |= ways_of(
        planned_estate(scenario.planned.snapshots, scenario.planned.plan), scenario.questions
    )
    found, (scenario.calls, scenario.seen, scenario.after) = forked(
        lambda: _Trial(scenario, Case("none", -1, "apply")).rehearsed(), ([], Seen(), {})
    )
    if found:
        raise AssertionError("\n".join(found))
