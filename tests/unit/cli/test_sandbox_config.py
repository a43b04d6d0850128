"""What ``xacct sandbox --aws-config`` may replace: its own file, never somebody's profiles."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xacct.cli import main
from xacct.errors import BadUsage
from xacct.sandbox.cloud import Sandbox

ACCOUNTS = ("data=325271821652",)
MINE = "[profile mine]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"


@pytest.mark.parametrize(
    "text", [MINE, f"# mine\n{MINE}", "# Written by", f"{MINE}# Written by xacct sandbox", "\n", "\udcff"]
)
def test_a_file_that_no_sandbox_wrote_is_kept(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config"
    held = text.encode("utf-8", "surrogateescape")
    path.write_bytes(held)
    state = tmp_path / "state"
    with pytest.raises(SystemExit) as ended:
        main(["sandbox", "--aws-config", str(path), "--state", str(state)])
    assert ended.value.code == 64
    assert path.read_bytes() == held
    assert not state.exists()
    said = capsys.readouterr()
    assert said.out == ""
    for words in (f"{path} is there already", "would be lost", "Name another file"):
        assert words in " ".join(said.err.split())


def test_a_link_to_such_a_file_is_kept_too(tmp_path: Path) -> None:
    target, link = tmp_path / "dotfiles", tmp_path / "config"
    target.write_text(MINE)
    link.symlink_to(target)
    with pytest.raises(SystemExit) as ended:
        main(["sandbox", "--aws-config", str(link)])
    assert ended.value.code == 64
    assert link.is_symlink()
    assert target.read_text() == MINE


def test_what_is_no_file_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "config"
    os.mkfifo(pipe)
    with pytest.raises(SystemExit) as ended:
        main(["sandbox", "--aws-config", str(pipe)])
    assert ended.value.code == 64
    assert pipe.is_fifo()


def test_a_file_of_an_earlier_sandbox_is_replaced_with_what_was_appended(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.touch()
    with Sandbox(ACCOUNTS) as sandbox:
        sandbox.aws_config(path)
        earlier = sandbox.credentials["325271821652"].access_key_id
    assert path.read_text().startswith("# Written by xacct sandbox")
    assert earlier in path.read_text()
    with path.open("a") as file:
        file.write(MINE)
    with Sandbox(ACCOUNTS) as sandbox:
        sandbox.aws_config(path)
        later = sandbox.credentials["325271821652"].access_key_id
    assert later in path.read_text()
    assert earlier not in path.read_text()
    assert "mine" not in path.read_text()


def test_a_file_that_came_while_the_sandbox_started_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "config"
    with Sandbox(ACCOUNTS) as sandbox:
        path.write_text(MINE)
        with pytest.raises(BadUsage):
            sandbox.aws_config(path)
    assert path.read_text() == MINE
