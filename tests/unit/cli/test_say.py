"""What comes from outside never steers the terminal."""

from __future__ import annotations

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
