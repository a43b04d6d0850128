"""Running another program in our place: its output, its exit code, and the signals that were meant for it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

from xacct.errors import BadUsage

_PASSED_ON = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH")
_FROM_THE_TERMINAL = ("SIGINT", "SIGQUIT")


def run_child(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """The program's exit code; 128 and the signal's number where it was ended by one.

    Raises:
        BadUsage: there is no such program, or it cannot be run.
    """
    try:
        child = subprocess.Popen(list(words), env=dict(environment))
    except FileNotFoundError:
        raise BadUsage(f"there is no command {words[0]}", fix="Install it, or give its path.") from None
    except OSError as error:
        raise BadUsage(f"{words[0]} cannot be run: {error.strerror}", fix="Check its permissions.") from None
    with _passing_on(child):
        code = child.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def _passing_on(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Signals go to the program; what a terminal sends, it sends to both of us by itself."""

    def pass_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    def leave(_number: int, _frame: FrameType | None) -> None:
        """The program decides."""

    ctrl = leave if sys.stdin is not None and sys.stdin.isatty() else pass_on
    wanted = dict.fromkeys(_PASSED_ON, pass_on) | dict.fromkeys(_FROM_THE_TERMINAL, ctrl)
    known = {getattr(signal, name): handler for name, handler in wanted.items() if hasattr(signal, name)}
    before = {number: signal.signal(number, handler) for number, handler in known.items()}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
