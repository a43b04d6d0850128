"""Change ``xacct/policy`` in small ways and see the tests notice: ``python -m tests.mutants [MODULE...]``.

Each mutant runs in a process of its own that has everything imported already. The code of the function itself is
replaced, below any cache, and the package's caches are emptied: all but those of the catalogue, which depends on no
other module, unless it is the catalogue that is changed. Only tests that call the function are run, the quick ones
first, until one fails; a mutant that has not been noticed after ``SECONDS`` of processor time survives.

Ends with 1 where a module has fewer than 92 of 100 mutants killed, where ``explained.txt`` does not explain a
survivor, or where it explains what does not survive. What is explained is not listed, and not counted as killed
either. All mutants are run: nothing is sampled.
"""

from __future__ import annotations

import gc
import importlib
import os
import pickle
import pkgutil
import resource
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import _lru_cache_wrapper
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, BinaryIO

import pytest

import xacct.policy
from tests.mutants.change import Mutant, mutants, watched
from xacct.policy import catalogue

LEAST = 92
SECONDS = 12
MEMORY = 2 << 30
WORKERS = os.cpu_count() or 1
TESTS = ["tests/unit/policy", "tests/unit/access", "tests/property/test_proofs.py"]
EXPLAINED = Path(__file__).parent / "explained.txt"


class Collected:
    """Keeps what pytest collects, and runs it item by item."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []
        self.covering: dict[tuple[str, str], list[pytest.Item]] = defaultdict(list)
        self.took: dict[pytest.Item, float] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = [item for item in session.items if "hypothesis" not in item.keywords]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.session = session
        CACHES[:] = [
            one
            for one in gc.get_objects()
            if isinstance(one, _lru_cache_wrapper) and str(one.__module__).startswith("xacct.")
        ]
        watch(self)
        main(self)
        return True


def watch(collected: Collected) -> None:
    """Run every test once, with empty caches, and note which functions of the package it calls, and what it took."""
    gc.freeze()

    def share(number: int) -> Callable[[BinaryIO], None]:
        return lambda pipe: pickle.dump(list(_calls(collected.items, number)), pipe)

    with ThreadPoolExecutor(WORKERS) as pool:
        found = list(pool.map(lambda number: forked(share(number)), range(WORKERS)))
    for written, status in found:
        if status:
            raise SystemExit("A test fails without any change.")
        for number, took, called in pickle.loads(written):
            item = collected.items[number]
            collected.took[item] = took
            for function in called:
                collected.covering[function].append(item)


def _calls(items: list[pytest.Item], share: int) -> Iterable[tuple[int, float, list[tuple[str, str]]]]:
    """For every so many-th test its number, its time and what it calls; the functions are changed to tell."""
    told: dict[str, set[str]] = {}
    for module in modules():
        path, known = Path(str(module.__file__)), functions(module)
        vars(module)["_told"] = told[module.__name__] = set()
        for name, code in watched(path.read_text(), str(path), "_told"):
            known[name].__code__ = code
    for number in range(share, len(items), WORKERS):
        empty_caches()
        for names in told.values():
            names.clear()
        start = time.process_time()
        run(items[number])
        took = time.process_time() - start
        yield number, took, [(module, name) for module, names in told.items() for name in names]


def forked(work: Callable[[BinaryIO], None]) -> tuple[bytes, int]:
    """What some work writes in a process of its own, which says nothing, and how that ends: 0, or 1 if it fails."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        try:
            with os.fdopen(writing, "wb", buffering=0) as pipe:
                work(pipe)
        except BaseException:  # noqa: BLE001 - whatever breaks has failed
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        written = pipe.read()
    return written, os.waitpid(child, 0)[1]


def modules() -> list[ModuleType]:
    found = pkgutil.walk_packages(xacct.policy.__path__, "xacct.policy.")
    names = sys.argv[1:]
    return [
        importlib.import_module(one.name)
        for one in found
        if not names or any(one.name.endswith(f".{name}") for name in names)
    ]


def functions(module: ModuleType) -> dict[str, FunctionType]:
    """The plain functions of a module and its classes by their qualified names, below caches and descriptors."""
    found: dict[str, FunctionType] = {}

    def visit(holder: Any, prefix: str) -> None:
        for name, value in list(vars(holder).items()):
            if isinstance(value, type) and value.__module__ == module.__name__ and not prefix:
                visit(value, f"{name}.")
                continue
            plain = getattr(value, "fget", None) or getattr(value, "__func__", None) or value
            plain = getattr(plain, "__wrapped__", plain)
            if isinstance(plain, FunctionType) and plain.__module__ == module.__name__:
                found[f"{prefix}{plain.__name__}"] = plain

    visit(module, "")
    return found


def empty_caches(changed: str = catalogue.__name__) -> None:
    """The catalogue takes long to read again, and no change elsewhere shows in it."""
    for one in CACHES:
        if changed == catalogue.__name__ or one.__module__ != catalogue.__name__:
            one.cache_clear()


CACHES: list[Any] = []


def run(item: Any) -> None:
    """A test without its report: an exception where it fails. Reports cost far more than the tests do."""
    item._initrequest()
    state = item.session._setupstate
    state.setup(item)
    try:
        item.runtest()
    finally:
        state.teardown_exact(None)


def fate(
    mutant: Mutant | None,
    function: FunctionType,
    items: list[pytest.Item],
    took: Mapping[pytest.Item, float],
    seconds: float = SECONDS,
) -> int:
    """The number of the test that notices, -1 where none does; without a mutant the function is as it was.

    Only processor time counts, so that a busy machine changes little. A test that takes far longer than usual, or
    far more memory, has noticed an endless loop. After ``seconds`` the rest of the tests is left out: then nobody
    noticed.
    """

    def work(pipe: BinaryIO) -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        changed = mutant.module if mutant else catalogue.__name__
        function.__code__ = mutant.code if mutant else function.__code__
        empty_caches(changed)
        for number, item in enumerate(items):
            if time.process_time() > seconds:
                break
            pipe.write(b"%d " % number)
            signal.setitimer(signal.ITIMER_PROF, 1 + 20 * took[item])
            run(item)

    begun, status = forked(work)
    if status == 0:
        return -1
    return int(begun.split()[-1]) if begun.split() else 0


def judge(module: ModuleType, collected: Collected) -> tuple[list[Mutant], list[Mutant]]:
    """All mutants of a module, and those that nobody noticed; what noticed one is asked first about the next."""
    path = Path(str(module.__file__))
    known = functions(module)
    made = [one for one in mutants(module.__name__, path.read_text(), str(path)) if one.function in known]
    order: dict[str, list[pytest.Item]] = {}
    for name in known:
        calling = collected.covering[module.__name__, name]
        order[name] = sorted(calling, key=lambda item: collected.took[item])

    def noticed(one: Mutant) -> bool:
        items = list(order[one.function])
        number = fate(one, known[one.function], items, collected.took) if items else -1
        if number > 0:
            order[one.function] = [items[number], *items[:number], *items[number + 1 :]]
        return number >= 0

    with ThreadPoolExecutor(WORKERS) as pool:
        seen = list(pool.map(noticed, made))
    return made, [one for one, found in zip(made, seen, strict=True) if not found]


def main(collected: Collected) -> None:
    if fate(None, catalogue.exists, collected.items, collected.took, 1000) >= 0:  # type: ignore[arg-type]
        raise SystemExit(
            "A test fails without any change, once it runs among the others in a process of its own."
        )
    explained = {
        line.partition(" # ")[0].strip()
        for line in EXPLAINED.read_text().splitlines()
        if line and line[0] != "#"
    }
    table = ["Every mutant of each module; what is explained counts as survived."]
    table.append(
        f"      {'module':34} {'mutants':>7} {'killed':>7} {'explained':>9} {'survived':>8} {'rate':>6}"
    )
    good = True
    for module in modules():
        made, survivors = judge(module, collected)
        path = Path(str(module.__file__))
        open_ones = [one for one in survivors if str(one) not in explained]
        stale = {one for one in explained if one.startswith(f"{module.__name__}:")} - set(map(str, survivors))
        killed = len(made) - len(survivors)
        if not made:
            continue
        rate = 100 * killed / len(made)
        good = good and rate >= LEAST and not open_ones and not stale
        row = f"{'ok   ' if rate >= LEAST else 'SHORT'} {module.__name__:34} {len(made):7} {killed:7}"
        row += f" {len(survivors) - len(open_ones):9} {len(survivors):8} {rate:6.1f}"
        table.append(row)
        print(row, flush=True)
        for one in open_ones:
            print(f"        {path.name}:{one.line}: {one}", flush=True)
        for text in sorted(stale):
            print(f"        explained, and yet it does not survive: {text}", flush=True)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    table.append(f"{sum(one.ru_utime + one.ru_stime for one in used):.0f} seconds of processor time.")
    print("\n".join(table), flush=True)
    os._exit(int(not good))


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "-p", "no:xdist", "-p", "no:cacheprovider", *TESTS], plugins=[Collected()]))
