"""Documents from files: what no service takes is refused at once, with its file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xacct.cli import main
from xacct.cli.policy.documents import LARGEST
from xacct.errors import ExitCode

COMMANDS = [["lint", "HERE"], ["diff", "HERE", "HERE"], ["prove", "--old", "HERE", "--new", "HERE"]]


def document(size: int, **written: int) -> str:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, **written)  # type: ignore[arg-type]
    return text.replace("b/", "b/" + "a" * (size - len("".join(text.split()))))


def run(path: Path, words: list[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["policy", *(word.replace("HERE", str(path)) for word in words)])
    return ended.value.code if isinstance(ended.value.code, int) else 0


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_far_more_than_any_service_takes_is_refused(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "huge.json"
    path.write_text(document(LARGEST + 1))
    assert run(path, words) == ExitCode.PROBLEM
    said = capsys.readouterr().err
    assert f"{path}: error: Too large" in said
    assert "100,001 characters" in said


def test_white_space_does_not_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "airy.json"
    path.write_text(document(200, indent=20_000))
    assert path.stat().st_size > LARGEST
    assert run(path, ["lint", "HERE"]) == ExitCode.DONE, capsys.readouterr().err


def test_a_proof_says_where_a_whole_account_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def written(name: str, principal: str) -> str:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::111122223333:{principal}"},
            "Action": "kms:Decrypt",
            "Resource": "*",
        }
        (tmp_path / name).write_text(json.dumps({"Version": "2012-10-17", "Statement": statement}))
        return str(tmp_path / name)

    role, root = written("role.json", "role/r"), written("root.json", "root")
    said = "Named as a whole, which only delegates to IAM: 111122223333."
    assert run(tmp_path, ["prove", "--old", role, "--new", root]) == ExitCode.TOO_WIDE
    assert said in capsys.readouterr().out
    assert run(tmp_path, ["prove", "--old", root, "--new", role]) == ExitCode.DONE
    assert said in capsys.readouterr().out
    assert run(tmp_path, ["prove", "--old", role, "--new", role]) == ExitCode.DONE
    assert "delegates" not in capsys.readouterr().out
    assert run(tmp_path, ["prove", "--old", role, "--new", root, "--format", "json"]) == ExitCode.TOO_WIDE
    assert json.loads(capsys.readouterr().out)["delegates_to"] == ["111122223333"]
