"""What is handed over runs as it stands: with the AWS CLI, and as a manifest of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.functional.conftest import MANIFESTS, Cloud
from tests.functional.test_other_clients import clients  # noqa: F401
from xacct.errors import ExitCode
from xacct.manifest.desired.desire import desire
from xacct.manifest.loading.load import load_manifest

DATA, ANALYTICS = "325271821652", "290122656840"
LINK = MANIFESTS / "seed-link.yaml"


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    made = make_cloud(DATA, ANALYTICS)
    made.furnish(LINK)
    return made


def run(folder: Path, profile: str, clients: Path) -> subprocess.CompletedProcess[str]:  # noqa: F811
    path = f"{clients}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", str(folder / "commands.sh")],
        env={**os.environ, "AWS_PROFILE": profile, "PATH": path, "AWS_PAGER": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("unread", [False, True])
def test_the_commands_run_as_they_stand_and_the_next_plan_is_empty(
    unread: bool,
    cloud: Cloud,
    clients: Path,  # noqa: F811
) -> None:
    config = cloud.config.read_text()
    if unread:
        cloud.config.write_text(config.replace("[profile acct-", "[profile not-"))
    done = cloud.xacct("handover", "-f", LINK, "-o", "out")
    assert done.code == ExitCode.DONE, done.err
    cloud.config.write_text(config)
    for account, profile in (("data", "acct-b"), ("analytics", "acct-a")):
        text = (Path("out") / account / "commands.sh").read_text()
        assert ("could not be read" in text) == unread
        ran = run(Path("out") / account, profile, clients)
        assert ran.returncode == 0, ran.stderr
        alone = cloud.xacct("plan", "--detailed-exitcode", "--account", account, "-f", LINK)
        assert alone.code == ExitCode.DONE, alone.out
    assert cloud.xacct("plan", "--detailed-exitcode", "-f", LINK).code == ExitCode.DONE
    assert cloud.xacct("verify", "-f", LINK).code == ExitCode.DONE


def test_commands_refuse_the_credentials_of_another_account(cloud: Cloud, clients: Path) -> None:  # noqa: F811
    assert cloud.xacct("handover", "-f", LINK, "-o", "out", "--account", "analytics").code == ExitCode.DONE
    assert sorted(one.name for one in Path("out").iterdir()) == ["analytics"]
    ran = run(Path("out") / "analytics", "acct-b", clients)
    assert ran.returncode == 1
    assert f"these are credentials of {DATA}" in ran.stderr
    assert "1 to create" in cloud.xacct("plan", "--account", "analytics", "-f", LINK).out


def test_the_manifest_is_the_accounts_part_and_nothing_else(cloud: Cloud) -> None:
    assert cloud.xacct("handover", "-f", LINK, "-o", "out").code == ExitCode.DONE
    whole = desire(load_manifest([LINK]), {}).state.resources
    for account in ("data", "analytics"):
        part = desire(load_manifest([Path("out") / account / "manifest.yaml"]), {}).state.resources
        assert part == {address: one for address, one in whole.items() if address.account.name == account}


def test_each_owner_applies_the_own_part_of_a_saved_plan_and_nobody_the_others(cloud: Cloud) -> None:
    """Nobody needs credentials that may write in both accounts."""
    assert cloud.xacct("plan", "-f", LINK, "-o", "plan.json").code == ExitCode.DONE
    first = cloud.xacct("apply", "plan.json", "--account", "data")
    assert first.code == ExitCode.DONE, first.err
    left = json.loads(cloud.xacct("plan", "-f", LINK, "--format", "json").out)
    assert {step["account"] for step in left["steps"]} == {"analytics"}
    then = cloud.xacct("apply", "plan.json", "--account", "analytics")
    assert then.code == ExitCode.DONE, then.err
    assert cloud.xacct("plan", "--detailed-exitcode", "-f", LINK).code == ExitCode.DONE
