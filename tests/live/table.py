"""The README's table of what was really tried where: made out of what the live tests saw.

Each test says what it saw with the fixture ``seen``; the run that asks for it (``XACCT_TABLE``) puts the cells
together, and compares them with the README or, with ``XACCT_TABLE=write``, writes them into it. A platform's
column changes only by a run on that platform.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- verified -->\n", "<!-- /verified -->\n"
COLUMNS = ("sandbox", "ceph", "aws", "eucalyptus")
TITLES = {"sandbox": "sandbox", "ceph": "Ceph 20", "aws": "AWS", "eucalyptus": "Eucalyptus"}
NOT_SEEN = "–"
HOW = "how"
STANDS = {HOW: {"aws": "by documentation", "eucalyptus": "by endpoint routing"}}
"""What is said of platforms that no run has seen yet."""

Cells = Mapping[str, Mapping[str, str]]
"""By row and platform."""


class Seen:
    """What the tests of one run saw, from all its workers."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], Counter[str]] = {}
        self.failed = False

    def hear(self, report: pytest.TestReport) -> None:
        """Of a test that ended."""
        if "tests/live/" not in report.nodeid:
            return
        self.failed = self.failed or report.failed
        if report.when == "call" and report.passed:
            for name, value in report.user_properties:
                if name == "seen":
                    row, platform, cell = value  # type: ignore[misc]
                    self._counts.setdefault((row, platform), Counter())[cell] += 1

    def cells(self) -> dict[str, dict[str, str]]:
        """The cells of the platform that was run on."""
        found: dict[str, dict[str, str]] = {}
        for (row, platform), counts in self._counts.items():
            found.setdefault(row, {})[platform] = _cell(counts)
        return found


def _cell(counts: Counter[str]) -> str:
    """One thing as it is; of several that were counted (those with a #) how many each."""
    counted = {cell.lstrip("#"): number for cell, number in counts.items() if cell.startswith("#")}
    plain = sorted(cell for cell in counts if not cell.startswith("#"))
    return "; ".join([*plain, *(f"{number} {cell}" for cell, number in sorted(counted.items()))])


def of_readme() -> dict[str, dict[str, str]]:
    """The cells as the README has them."""
    inside = README.read_text().partition(BEGIN)[2].partition(END)[0]
    lines = [line for line in inside.splitlines() if line.startswith("| ")]
    found: dict[str, dict[str, str]] = {}
    for line in lines[1:]:
        row, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        found[row] = {name: cell for name, cell in zip(COLUMNS, cells, strict=True) if cell != NOT_SEEN}
    return found


def text_of(cells: Cells) -> str:
    """The table in Markdown, the rows in a fixed order."""
    lines = ["| | " + " | ".join(TITLES[name] for name in COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for row in sorted(cells, key=_place):
        values = [cells[row].get(name) or STANDS.get(row, {}).get(name, NOT_SEEN) for name in COLUMNS]
        lines.append(f"| {row} | " + " | ".join(values) + " |")
    return "\n".join(lines) + "\n"


def _place(row: str) -> tuple[int, str]:
    """How it was run first, then the examples, then the rest by its words."""
    if row == HOW:
        return 0, ""
    return (1 if row.startswith("`manifests/") else 2), row


def updated(known: Cells, seen: Cells) -> dict[str, dict[str, str]]:
    """The table after a run: the columns of the platforms that it was on are new, the others as they were."""
    platforms = {name for cells in seen.values() for name in cells}
    rows: dict[str, dict[str, str]] = {}
    for row in {**known, **seen}:
        kept = {name: cell for name, cell in known.get(row, {}).items() if name not in platforms}
        cells = {**kept, **seen.get(row, {})}
        if cells.keys() - STANDS.get(row, {}).keys() or row == HOW:
            rows[row] = cells
    return rows


def write(cells: Cells) -> None:
    """Put the table into the README."""
    before, begin, rest = README.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    assert end, f"the README has no place for the table: {begin}...{END}"
    README.write_text(before + begin + text_of(cells) + end + after)


def differences(known: Cells, seen: Cells) -> list[str]:
    """What the README says otherwise than it was seen."""
    after = updated(known, seen)
    platforms = {name for cells in seen.values() for name in cells}
    found = []
    for row in sorted({**known, **after}, key=_place):
        for name in sorted(platforms):
            old, new = known.get(row, {}).get(name, NOT_SEEN), after.get(row, {}).get(name, NOT_SEEN)
            if old not in (new, NOT_SEEN):  # nothing said is nothing wrong
                found.append(f"{row}, {TITLES[name]}: the README says {old!r}, seen was {new!r}")
    return found


def compare(seen: Seen, mode: str) -> list[str]:
    """What is to be said at the end of a run; empty where all is well."""
    cells = seen.cells()
    if mode == "add":
        known = of_readme()
        write({row: {**known.get(row, {}), **cells.get(row, {})} for row in {**known, **cells}})
        return []
    if seen.failed or not cells:
        return [] if seen.failed else ["No live test said what it saw."]
    if mode == "write":
        write(updated(of_readme(), cells))
        return []
    return differences(of_readme(), cells)
