"""An apply that is stopped in the middle: the running call ends, and running again converges."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from threading import Event

import pytest

from tests.functional.conftest import MANIFESTS, Cloud
from xacct.errors import ExitCode
from xacct.sandbox.request import Operation

LINK = MANIFESTS / "seed-link.yaml"
ADDRESS = "data/role/cross-bucket-access-mongodb-logs"


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)]
)
def test_a_signal_lets_the_running_call_end_and_apply_goes_on_later(
    sent: signal.Signals, code: ExitCode, make_cloud: Callable[..., Cloud]
) -> None:
    cloud = make_cloud("325271821652", "290122656840")
    cloud.furnish(LINK)
    reached, go_on = Event(), Event()

    def hold(operation: Operation) -> None:
        if operation.name == "CreateRole":
            reached.set()
            go_on.wait(20)

    cloud.sandbox.hooks.before = hold
    process = subprocess.Popen(
        [sys.executable, "-m", "xacct", "apply", "--yes", "-f", str(LINK)],
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert reached.wait(30)
    process.send_signal(sent)
    go_on.set()
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, out + err
    assert "Traceback" not in err
    assert f"+ {ADDRESS} done" in err

    cloud.sandbox.hooks.before = lambda _: None
    again = cloud.xacct("apply", "--yes", "-f", LINK)
    assert again.code == ExitCode.DONE, again.err
    assert "2 to create" in again.out
    assert cloud.xacct("plan", "--detailed-exitcode", "-f", LINK).code == ExitCode.DONE


def test_an_apply_whose_reader_has_gone_comes_to_its_end(make_cloud: Callable[..., Cloud]) -> None:
    cloud = make_cloud("325271821652", "290122656840")
    cloud.furnish(LINK)
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "xacct", "apply", "--yes", "-f", str(LINK)],
            env=dict(os.environ),
            stdout=subprocess.DEVNULL,
            stderr=writing,
            check=False,
        )
    finally:
        os.close(writing)
    assert done.returncode == ExitCode.DONE
    assert "No differences" in cloud.xacct("plan", "-f", LINK).out


def test_a_step_that_fails_holds_back_only_what_depends_on_it(make_cloud: Callable[..., Cloud]) -> None:
    from xacct.sandbox.faults import ServiceFault

    cloud = make_cloud("325271821652", "290122656840")
    cloud.furnish(LINK)

    def refuse(operation: Operation) -> None:
        if operation.name == "CreateRole":
            raise ServiceFault(status=403, code="AccessDenied", message="no")

    cloud.sandbox.hooks.before = refuse
    done = cloud.xacct("apply", "--yes", "-f", LINK)
    assert done.code == ExitCode.PARTLY_APPLIED
    assert "FAILED" in done.err
    assert "role-policy/cross-bucket-access-mongodb-logs/mongodb-logs-bucket-access held back" in done.err
    assert "group-policy/Testers/mongodb-bucket-access-role done" in done.err
    cloud.sandbox.hooks.before = lambda _: None
    assert cloud.xacct("apply", "--yes", "-f", LINK).code == ExitCode.DONE
    assert "No differences" in cloud.xacct("plan", "-f", LINK).out
