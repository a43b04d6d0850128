"""A cloud of one's own for each test: the sandbox in this process, and the command line in front of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from xacct.cli import main
from xacct.manifest.loading.load import load_manifest
from xacct.sandbox.cloud import Sandbox
from xacct.sandbox.world import Key, World

MANIFESTS = Path(__file__).parents[2] / "manifests"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever starts a cloud takes longer than `make unit` may: everything in this folder is slow."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a run of the command line left: exit code and both outputs."""

    code: int
    out: str
    err: str


class Cloud:
    """A running sandbox, furnished for a manifest, with the environment set so that xacct finds it."""

    def __init__(self, sandbox: Sandbox, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.config = folder / "aws-config"
        self.world = World(
            sandbox.endpoint,
            {
                account: Key(found.access_key_id, found.secret_access_key)
                for account, found in sandbox.credentials.items()
            },
            sandbox,
        )
        self._capsys = capsys

    def furnish(self, *paths: Path | str, objects: dict[str, Sequence[str]] | None = None) -> None:
        """Make what the manifest takes for granted, and the profiles."""
        self.world.furnish(load_manifest(list(paths)), objects)
        self.world.write_config(self.config)

    def write(self, name: str, text: str) -> Path:
        """A file in the test's folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def xacct(self, *words: str | Path) -> Ran:
        """Run the command line in this process, from the test's folder."""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        said = self._capsys.readouterr()
        code = ended.value.code
        return Ran(code=code if isinstance(code, int) else 0, out=said.out, err=said.err)


@pytest.fixture
def make_cloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[object]:
    """A function from account ids to a running ``Cloud``; it ends with the test."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    running: list[Sandbox] = []

    def start(*accounts: str) -> Cloud:
        sandbox = Sandbox(accounts=accounts).__enter__()
        running.append(sandbox)
        return Cloud(sandbox, tmp_path, capsys)

    yield start
    for sandbox in running:
        sandbox.__exit__(None, None, None)
