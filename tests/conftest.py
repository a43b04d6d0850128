"""What every test may count on, wherever the run was started."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """A run in the background of a shell inherits that Ctrl-C is ignored; tests of Ctrl-C need it heard."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
