"""What comes from outside never steers the terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from xacct.cli import main
from xacct.cli.say import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, ä and 漢", "plain text, ä and 漢"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"),
        ("over\rwritten\x08", "over\\rwritten\\x08"),
        ("turned \u202eround", "turned \\u202eround"),
        ("\x9b31m and \x7f", "\\x9b31m and \\x7f"),
        ("half \ud800 of a pair, and \udfff", "half \\ud800 of a pair, and \\udfff"),
    ],
)
def test_steering_characters_are_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_manifest_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "xacct.yaml"
    path.write_text('version: 1\nname: t\n"k\\e]0;title\\a": 1\n')
    with pytest.raises(SystemExit):
        main(["validate", "-f", str(path)])
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert "\\x1b]0;title\\x07" in said.err


def test_a_document_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.json"
    path.write_text(
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:\\u001b[31m","Resource":"*"}]}'
    )
    with pytest.raises(SystemExit):
        main(["policy", "lint", str(path)])
    assert "\x1b" not in capsys.readouterr().out


def test_lint_counts_nothing_where_nothing_could_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["policy", "lint", str(tmp_path / "absent.json")])
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (65, "")
    assert "absent.json cannot be read" in said.err


def test_half_of_a_pair_in_a_document_is_shown_and_not_a_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    text = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "%s"}]}'
    one.write_text(text % "arn:aws:s3:::logs/a")
    other.write_text(text % "arn:aws:s3:::logs/\\ud800")
    with pytest.raises(SystemExit) as ended:
        main(["policy", "diff", str(one), str(other)])
    said = capsys.readouterr()
    assert ended.value.code == 2, said.err
    assert "logs/\\ud800" in said.out


def run(
    *words: str, out: str | int = subprocess.PIPE, err: str | int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    with ExitStack() as open_files:
        ends = [
            open_files.enter_context(open(end, "w")) if isinstance(end, str) else end for end in (out, err)
        ]
        return subprocess.run(
            [sys.executable, "-m", "xacct", *words], stdout=ends[0], stderr=ends[1], text=True, check=False
        )


def test_what_is_asked_for_must_arrive_or_it_is_said_why() -> None:
    done = run("schema", "manifest", out="/dev/full")
    assert done.returncode == 1
    assert done.stderr == (
        "error: stdout cannot be written: No space left on device\n  Make room, or send it elsewhere.\n"
    )


def test_a_remark_that_nobody_can_read_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "absent.json"
    assert run("policy", "lint", str(path), err="/dev/full").returncode == 65
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert run("policy", "lint", str(path), err=writing).returncode == 65
    finally:
        os.close(writing)
