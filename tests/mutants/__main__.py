"""Change ``xacct/policy`` in small ways and see the tests notice: ``python -m tests.mutants [MODULE...]``.

Each mutant runs in a process of its own that has everything imported already. The code of the function itself is
replaced, below any cache, and all caches are emptied. Only tests that call the function are run, the quick ones
first, until one fails; a mutant that has not been noticed after ten seconds of processor time survives. Ends with 1
where a module has fewer than 92 of 100 mutants killed. Survivors that ``explained.txt`` explains are not listed, and
are not counted as killed either. All mutants are run: nothing is sampled.
"""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import _lru_cache_wrapper
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

import xacct.policy
from tests.mutants.change import Mutant, mutants

LEAST = 92
SECONDS = 10
TESTS = ["tests/unit/policy", "tests/unit/access", "tests/property/test_proofs.py"]
EXPLAINED = Path(__file__).parent / "explained.txt"


class Collected:
    """Keeps what pytest collects, and runs it item by item."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []
        self.covering: dict[CodeType, list[pytest.Item]] = defaultdict(list)
        self.took: dict[pytest.Item, float] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = [item for item in session.items if "hypothesis" not in item.keywords]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.session = session
        watch(self)
        main(self)
        return True


def watch(collected: Collected) -> None:
    """Run every test once, with empty caches, and note which functions of the package it calls."""
    CACHES[:] = [one for one in gc.get_objects() if isinstance(one, _lru_cache_wrapper)]
    wanted = {code for module in modules() for code in codes(module)}
    for item in collected.items:
        empty_caches()
        called: set[CodeType] = set()

        def note(frame: Any, _event: str, _argument: object, called: set[CodeType] = called) -> None:
            if frame.f_code in wanted:
                called.add(frame.f_code)

        start = time.process_time()
        sys.settrace(note)  # told of calls only: it returns nothing that would be told of lines
        run(item)  # without any change every test passes
        sys.settrace(None)
        collected.took[item] = time.process_time() - start
        for code in called:
            collected.covering[code].append(item)


def modules() -> list[ModuleType]:
    found = pkgutil.walk_packages(xacct.policy.__path__, "xacct.policy.")
    names = sys.argv[1:]
    return [
        importlib.import_module(one.name)
        for one in found
        if not names or any(one.name.endswith(f".{name}") for name in names)
    ]


def codes(module: ModuleType) -> list[CodeType]:
    return [function.__code__ for function in functions(module).values()]


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


def empty_caches() -> None:
    for one in CACHES:
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
    mutant: Mutant, function: FunctionType, items: list[pytest.Item], took: Mapping[pytest.Item, float]
) -> int:
    """The number of the test that notices, -1 where none does; each mutant lives in a process of its own.

    Only processor time counts, so that a busy machine changes nothing. A test that takes far longer than usual has
    noticed an endless loop. After ``SECONDS`` the rest of the tests is left out: then nobody noticed.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        try:
            function.__code__ = mutant.code
            empty_caches()
            for number, item in enumerate(items):
                if time.process_time() > SECONDS:
                    break
                os.write(writing, b"%d " % number)
                signal.setitimer(signal.ITIMER_PROF, 2 + 20 * took[item])
                run(item)
        except BaseException:  # noqa: BLE001 - whatever breaks has noticed
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        begun = pipe.read()
    _, status = os.waitpid(child, 0)
    if status == 0:
        return -1
    return int(begun.split()[-1]) if begun.split() else 0


def judge(module: ModuleType, collected: Collected) -> tuple[list[Mutant], list[Mutant]]:
    """All mutants of a module, and those that nobody noticed; what noticed one is asked first about the next."""
    path = Path(str(module.__file__))
    known = functions(module)
    made = [one for one in mutants(module.__name__, path.read_text(), str(path)) if one.function in known]
    order: dict[str, list[pytest.Item]] = {}
    for name, function in known.items():
        order[name] = sorted(collected.covering[function.__code__], key=lambda item: collected.took[item])

    def noticed(one: Mutant) -> bool:
        items = list(order[one.function])
        number = fate(one, known[one.function], items, collected.took) if items else -1
        if number > 0:
            order[one.function] = [items[number], *items[:number], *items[number + 1 :]]
        return number >= 0

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        seen = list(pool.map(noticed, made))
    return made, [one for one, found in zip(made, seen, strict=True) if not found]


def main(collected: Collected) -> None:
    explained = {
        line.partition(" # ")[0].strip()
        for line in EXPLAINED.read_text().splitlines()
        if line and line[0] != "#"
    }
    table = ["Every mutant of each module; what is explained counts as survived."]
    table.append(
        f"      {'module':34} {'mutants':>7} {'killed':>7} {'explained':>9} {'survived':>8} {'rate':>6}"
    )
    short = False
    gc.freeze()
    for module in modules():
        made, survivors = judge(module, collected)
        path = Path(str(module.__file__))
        open_ones = [one for one in survivors if str(one) not in explained]
        killed = len(made) - len(survivors)
        if not made:
            continue
        rate = 100 * killed / len(made)
        good = rate >= LEAST
        short = short or not good
        row = f"{'ok   ' if good else 'SHORT'} {module.__name__:34} {len(made):7} {killed:7}"
        row += f" {len(survivors) - len(open_ones):9} {len(survivors):8} {rate:6.1f}"
        table.append(row)
        print(row, flush=True)
        for one in open_ones:
            print(f"        {path.name}:{one.line}: {one}", flush=True)
    print("\n".join(table), flush=True)
    os._exit(int(short))


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "-p", "no:xdist", "-p", "no:cacheprovider", *TESTS], plugins=[Collected()]))
