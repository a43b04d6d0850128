"""The fixture that runs a test on whatever platform is there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients import installed
from tests.live.backends import Backend, chosen
from tests.live.cloud import Live


@pytest.fixture(params=chosen(), ids=lambda backend: backend.name)
def live(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Live]:
    """Accounts of the test's own, empty until it stages a manifest; they end with it."""
    backend: Backend = request.param
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        yield Live(backend, tmp_path, capsys, stack)


@pytest.fixture
def seen(request: pytest.FixtureRequest) -> Callable[[str, str, str], None]:
    """Says what was seen: row, platform, cell; a cell that begins with # is counted."""

    def say(row: str, platform: str, cell: str) -> None:
        request.node.user_properties.append(("seen", (row, platform, cell)))

    return say


@pytest.fixture(scope="session")
def clients() -> Path:
    """The folder with ``aws`` and ``s3cmd``."""
    return installed()
