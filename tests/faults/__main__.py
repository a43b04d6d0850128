"""``python -m tests.faults [--jobs N] [--sample N] [NAME ...]``: every case, or N of each scenario.

NAMEs are examples; without one all are taken. Ends with 1 where a case is wrong, and says how many there were.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.case import Case
from tests.faults.run import SCENARIOS, run_all


def main() -> int:
    """All of it, side by side; the count is the last line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    # Two for each core: xacct and its cloud wait for each other, and then another pair can run.
    parser.add_argument("--jobs", type=int, default=2 * len(os.sched_getaffinity(0)))
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()

    def choose(cases: list[Case]) -> list[Case]:
        few = random.Random(str(cases)).sample(cases, min(given.sample, len(cases)))
        return few if given.sample else cases

    scenarios = [one for one in SCENARIOS if not given.names or one[0] in given.names]
    began = time.monotonic()
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        count, wrong = run_all(scenarios, given.jobs, Path(folder), choose)
    for line in wrong:
        print(line)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{count} cases, {len(wrong)} wrong, in {time.monotonic() - began:.0f} s, {given.jobs} at a time "
        f"({used.ru_utime + used.ru_stime:.0f} s of processor time)."
    )
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main())
