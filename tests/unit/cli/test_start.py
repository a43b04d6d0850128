"""Quick starts, and errors that end in an exit code and a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from xacct.cli import COMMANDS, main, root
from xacct.errors import ExitCode

SEED = Path(__file__).parents[3] / "manifests" / "seed-link.yaml"
HEAVY = ("boto3", "botocore", "moto", "rich", "deepdiff")


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["validate", "-f", str(SEED)], ["schema"], ["plan", "--help"]]
)
def test_what_needs_no_account_starts_without_heavy_libraries(words: list[str]) -> None:
    code = (
        "import sys\nfrom xacct.cli import main\n"
        f"try:\n    main({words!r})\nexcept SystemExit as ended:\n    assert not ended.code, ended.code\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def run(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


@pytest.mark.parametrize("words", [("nope",), ("plan", "--nope"), ("plan", "--format", "xml"), ("use",)])
def test_wrong_usage_ends_with_64(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(*words, capsys=capsys)
    assert code == ExitCode.USAGE
    assert out == ""
    assert "Usage:" in err


def test_a_missing_manifest_is_a_problem_with_a_way_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = run("plan", capsys=capsys)
    assert code == ExitCode.PROBLEM
    assert "xacct.yaml" in err
    assert "-f" in err


def test_a_fault_of_our_own_is_one_line_and_whole_with_debug(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command()
    def broken() -> None:
        raise ZeroDivisionError("of our own")

    monkeypatch.setattr(root, "get_command", lambda *_: broken)
    code, _, err = run("plan", capsys=capsys)
    assert code == ExitCode.ERROR
    assert "Traceback" not in err
    assert "of our own" in err
    _, _, err = run("plan", "--debug", capsys=capsys)
    assert "Traceback" in err


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_begins_as_the_list_says_what_it_does(name: str) -> None:
    command = root.get_command(click.Context(root), name)
    assert command is not None
    assert command.help
    assert COMMANDS[name].endswith(".")
