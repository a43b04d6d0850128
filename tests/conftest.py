"""What every test may count on, wherever the run was started."""

from __future__ import annotations

import os
import signal

import pytest

from tests.live.table import Seen, compare

SEEN = Seen()


def pytest_configure() -> None:
    """A run in the background of a shell inherits that Ctrl-C is ignored; tests of Ctrl-C need it heard."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """What the live tests saw on their platform is for the README's table."""
    SEEN.hear(report)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run of all the live tests, which says so, holds the README's table against what was seen."""
    mode = os.environ.get("XACCT_TABLE", "")
    if not mode or hasattr(session.config, "workerinput"):
        return
    wrong = compare(SEEN, mode)
    if wrong:
        lines = "\n  ".join(
            ["The README's table is not what was seen; XACCT_TABLE=write rewrites it.", *wrong]
        )
        print(f"\n{lines}")
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
