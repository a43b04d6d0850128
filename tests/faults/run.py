"""Scenarios side by side, each in a process of its own that forks its cases."""

from __future__ import annotations

import gc
import os
import pickle
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.faults.case import Case, cases, rehearse, run_case
from tests.faults.scenario import KINDS, Scenario, prepare, warp
from tests.functional.test_examples import EXAMPLES

MANIFESTS = Path(__file__).parents[2] / "manifests"
SCENARIOS = [(name, kind) for kind in KINDS for name in EXAMPLES]

Choose = Callable[[list[Case]], list[Case]]


def run_all(
    scenarios: Sequence[tuple[str, str]],
    jobs: int,
    folder: Path,
    choose: Choose = lambda cases: cases,
    progress: Callable[[str], None] = print,
) -> tuple[int, list[str]]:
    """How many cases were run, and what is wrong; ``choose`` picks among the cases of a scenario."""
    waiting, running = list(scenarios), {}
    count, wrong = 0, []
    while waiting or running:
        while waiting and len(running) < jobs:
            name, kind = waiting.pop(0)
            child, pipe = _start(name, kind, folder, choose)
            running[child] = (name, kind, pipe)
        # The oldest first: its pipe is read until it ends, whatever the others do meanwhile.
        child = next(iter(running))
        name, kind, pipe = running.pop(child)
        with os.fdopen(pipe, "rb") as file:
            data = file.read()
        os.waitpid(child, 0)
        number, of, found = pickle.loads(data) if data else (0, 0, [f"{name} {kind}: its process died"])
        progress(f"{name} {kind}: {number} of {of} cases, {len(found)} wrong")
        count += number
        wrong += found
    return count, wrong


def _start(name: str, kind: str, folder: Path, choose: Choose) -> tuple[int, int]:
    sys.stdout.flush()
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    os.close(reading)
    try:
        result = _scenario(name, kind, folder, choose)
    except BaseException:  # noqa: BLE001 - told through the pipe
        result = (0, 0, [f"{name} {kind}: {traceback.format_exc()}"])
    with os.fdopen(writing, "wb") as pipe:
        pickle.dump(result, pipe)
    os._exit(0)


def _scenario(name: str, kind: str, folder: Path, choose: Choose) -> tuple[int, int, list[str]]:
    warp()
    inside = folder / f"{name}-{kind}"
    inside.mkdir()
    os.chdir(inside)
    scenario = ready(name, kind)
    # What a collector touches in a fork is copied; the forks are short, and need none.
    gc.disable()
    gc.freeze()
    wrong: list[str] = []
    every = cases(scenario)
    chosen = choose(every)
    for case in chosen:
        wrong += run_case(scenario, case)
    return len(chosen), len(every), wrong


def ready(name: str, kind: str) -> Scenario:
    """A scenario that was gone through once."""
    scenario = prepare(name, kind, [str(MANIFESTS / path) for path in EXAMPLES[name]])
    rehearse(scenario)
    return scenario
