"""``tests/traps.md`` and the tests say the same: each number of the list is named, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
NUMBERS = re.compile(r"(?:\b|_)traps?[ _](\d+(?:(?:, | and |, and )\d+)*)", re.IGNORECASE)


def named(text: str) -> set[int]:
    """The numbers of traps in a text."""
    return {int(number) for found in NUMBERS.findall(text) for number in re.findall(r"\d+", found)}


def listed() -> dict[int, str]:
    """The list, by number."""
    found = re.findall(r"^(\d+)\. (.+)$", (TESTS / "traps.md").read_text(), re.MULTILINE)
    return {int(number): text for number, text in found}


def in_tests() -> dict[int, set[str]]:
    """Where each number is named, in what ``make test`` runs."""
    by_number: dict[int, set[str]] = {}
    for path in sorted(TESTS.rglob("*")):
        parts = path.relative_to(TESTS).parts
        if path.suffix not in {".py", ".txt", ".jsonl"} or parts[0] == "live" or path == Path(__file__):
            continue
        for number in named(path.read_text()):
            by_number.setdefault(number, set()).add("/".join(parts))
    return by_number


def test_numbers_run_without_a_gap() -> None:
    assert list(listed()) == list(range(1, len(listed()) + 1))


def test_every_trap_is_named_by_a_test_or_said_not_to_be_touched() -> None:
    untouched = {number for number, text in listed().items() if "*Not touched*: " in text}
    assert set(listed()) - set(in_tests()) == untouched


def test_no_test_names_a_trap_that_is_not_in_the_list() -> None:
    unknown = {number: places for number, places in in_tests().items() if number not in listed()}
    assert not unknown


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Trap 45: the default key policy", {45}),
        ("Traps 23, 24, 25: white space", {23, 24, 25}),
        ("as AWS does (traps 3 and 28).", {3, 28}),
        ("def test_a_region_is_named_trap_18(config):", {18}),
        ("trap 2 does not, and 3 others do", {2}),
        ("trapped 7 times", set()),
    ],
)
def test_a_number_is_found_as_people_write_it(text: str, numbers: set[int]) -> None:
    assert named(text) == numbers
