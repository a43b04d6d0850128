"""Writers of one document at once, on the real merging code, over virtual time (traps 28, 29, 88)."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.fakes import FakeGateway
from tests.unit.engine.steps import DATA, SHARED
from xacct.aws.retry import Patience
from xacct.engine.applying.merge import WINDOW, Merge
from xacct.resource import Call, Splice

WHERE = {"Bucket": SHARED, "ExpectedBucketOwner": DATA.id}


def statement(sid: str) -> str:
    return json.dumps({"Sid": sid, "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"})


def adding(sid: str) -> Splice:
    return Splice(
        read=Call.of("s3", "GetBucketPolicy", **WHERE),
        write=Call.of("s3", "PutBucketPolicy", **WHERE),
        remove=Call.of("s3", "DeleteBucketPolicy", **WHERE),
        parameter="Policy",
        put=(statement(sid),),
    )


@dataclass
class World:
    """Threads of which only the one whose virtual time is the earliest runs."""

    policy: str | None = None
    history: list[str | None] = field(default_factory=list)
    now: dict[int, float] = field(default_factory=dict)
    turn: threading.Condition = field(default_factory=threading.Condition)

    def pass_time(self, me: int, seconds: float) -> None:
        with self.turn:
            self.now[me] += seconds
            self.turn.notify_all()
            self.turn.wait_for(lambda: (self.now[me], me) == min((t, n) for n, t in self.now.items()))

    def end(self, me: int) -> None:
        with self.turn:
            del self.now[me]
            self.turn.notify_all()

    def run(self, *writers: Callable[[int], None]) -> list[BaseException]:
        faults: list[BaseException] = []

        def work(me: int, writer: Callable[[int], None]) -> None:
            try:
                self.pass_time(me, 0)
                writer(me)
            except Exception as error:  # noqa: BLE001 - told by the caller
                faults.append(error)
            finally:
                self.end(me)

        self.now = dict.fromkeys(range(len(writers)), 0.0)
        threads = [threading.Thread(target=work, args=pair) for pair in enumerate(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return faults

    @property
    def sids(self) -> set[str]:
        return {one["Sid"] for one in json.loads(self.policy or '{"Statement":[]}')["Statement"]}


def xacct(world: World, sid: str, latency: Callable[[], float], stall: float = 0.0) -> Callable[[int], None]:
    """One run of ours; ``stall`` is how long its first put hangs between the last look and the service."""
    stalls = [stall]

    def run(me: int) -> None:
        def get(_params: object) -> dict[str, str] | None:
            world.pass_time(me, latency())
            shown = world.policy
            world.pass_time(me, latency())
            return None if shown is None else {"Policy": shown}

        def put(params: dict[str, str]) -> dict[str, str]:
            world.pass_time(me, latency() + (stalls.pop() if stalls else 0.0))
            world.policy = params["Policy"]
            world.history.append(world.policy)
            world.pass_time(me, latency())
            return {}

        gateway = FakeGateway(DATA, {"s3:GetBucketPolicy": get, "s3:PutBucketPolicy": put})

        def once(call: Call, _before: str | None, fresh: Callable[[], bool]) -> bool:
            if not fresh():
                return False
            gateway.tell_once(call)
            return True

        Merge(
            splice=adding(sid),
            gateway=gateway,
            where="the policy",
            patience=Patience(clock=lambda: world.now[me], sleep=lambda pause: world.pass_time(me, pause)),
            check=lambda _live: None,
            put=once,
            waits_for=lambda _error: None,
            waiting=lambda _what, _left: None,
            stopping=lambda: False,
        ).carry_out()

    return run


def careless(world: World, sid: str, start: float, between: float) -> Callable[[int], None]:
    """A writer of another kind: reads, thinks, puts, and never looks again."""

    def run(me: int) -> None:
        world.pass_time(me, start)
        seen = world.policy or '{"Statement":[]}'
        world.pass_time(me, between)
        document = json.loads(seen)
        document["Statement"].append(json.loads(statement(sid)))
        world.policy = json.dumps(document)

    return run


@pytest.mark.parametrize("seed", range(300))
def test_several_runs_of_ours_lose_nothing_however_they_interleave(seed: int) -> None:
    dice = random.Random(seed)
    slowest = dice.choice([0.05, 0.3, WINDOW / 5])
    world = World(policy=f'{{"Version":"2012-10-17","Statement":[{statement("Foreign")}]}}')
    writers = [
        xacct(world, f"Xacct{number}", lambda: dice.uniform(0.001, slowest))
        for number in range(dice.choice([2, 3, 4]))
    ]
    assert world.run(*writers) == []
    assert world.sids == {"Foreign", *(f"Xacct{number}" for number in range(len(writers)))}


@pytest.mark.parametrize("between", [0.01, 0.5, WINDOW * 0.99])
@pytest.mark.parametrize("seed", range(30))
def test_a_writer_of_another_kind_within_the_window_takes_nothing_of_ours(seed: int, between: float) -> None:
    dice = random.Random(seed)
    world = World(policy=f'{{"Version":"2012-10-17","Statement":[{statement("Foreign")}]}}')
    start = dice.uniform(0, 0.3)
    ours = xacct(world, "Xacct1", lambda: dice.uniform(0.001, 0.05))
    assert world.run(ours, careless(world, "Other", start, between)) == []
    assert {"Foreign", "Xacct1"} <= world.sids


def test_a_writer_of_another_kind_that_stalls_longer_than_the_window_is_the_rest_that_remains() -> None:
    """Trap 88 says so, the README says so, and this is what it looks like."""
    world = World(policy=f'{{"Version":"2012-10-17","Statement":[{statement("Foreign")}]}}')
    world.run(xacct(world, "Xacct1", lambda: 0.01), careless(world, "Other", 0.0, WINDOW * 3))
    assert world.sids == {"Foreign", "Other"}


@pytest.mark.parametrize("stall", [WINDOW * 0.25, WINDOW * 0.45])
def test_a_put_of_ours_that_hangs_within_the_window_loses_nothing(stall: float) -> None:
    world = World(policy=f'{{"Version":"2012-10-17","Statement":[{statement("Foreign")}]}}')
    faults = world.run(
        xacct(world, "Xacct1", lambda: 0.01, stall=stall), xacct(world, "Xacct2", lambda: 0.02)
    )
    assert faults == []
    assert world.sids == {"Foreign", "Xacct1", "Xacct2"}


def test_a_read_that_takes_longer_than_the_window_is_never_put() -> None:
    world = World(policy=f'{{"Version":"2012-10-17","Statement":[{statement("Foreign")}]}}')
    faults = world.run(xacct(world, "Xacct1", lambda: WINDOW * 0.6))
    assert "took more than 1 s" in str(faults)
    assert world.history == []


def lost(between: float, meets: int) -> int:
    """How often a writer that takes so long from its read to its put takes our statement away for good.

    It reads at any time from well before our put to just after it.
    """
    gone = 0
    for seed in range(meets):
        dice = random.Random(seed)
        world = World(policy=f'{{"Version":"2012-10-17","Statement":[{statement("Foreign")}]}}')
        ours = xacct(world, "Xacct1", lambda: dice.uniform(0.01, 0.1))  # noqa: B023 - used at once
        start = dice.uniform(0, between)

        def late(me: int, ours: Callable[[int], None] = ours, pause: float = between) -> None:
            world.pass_time(me, pause)  # noqa: B023 - used at once
            ours(me)

        world.run(late, careless(world, "Other", start, between))
        gone += "Xacct1" not in world.sids
    return gone


if __name__ == "__main__":  # the figures of the README
    for seconds in (0.1, 1.0, 2.0, 2.5, 3.0, 5.0, 10.0, 60.0):
        print(f"{seconds:5.1f} s from read to put: {lost(seconds, 500):3} of 500 lost")
