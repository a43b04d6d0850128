"""A sample of what ``make test-faults`` does in full: applies that break, and what comes after."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["seed-link", "role-chaining", "two-teams"])
def test_after_any_fault_at_any_call_the_accounts_become_what_they_should(name: str) -> None:
    """In a process of its own: it forks, and lets no time pass while it waits."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--jobs", "1", "--sample", "9", name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    found = re.search(r"^(\d+) cases, 0 wrong, in", done.stdout, re.MULTILINE)
    assert found is not None
    assert int(found.group(1)) == 27
