"""Bad manifests, each with the places and kinds of its problems as a person wrote them down."""

from __future__ import annotations

from pathlib import Path

import pytest

from xacct.cli import main
from xacct.manifest.loading.load import load_manifest
from xacct.problem import BadInput, Severity

FOLDER = Path(__file__).parent / "manifests" / "bad"
CASES = sorted(path.name for path in FOLDER.iterdir())


def said(name: str) -> list[str]:
    with pytest.raises(BadInput) as found:
        load_manifest([FOLDER / name / "manifest.yaml"])
    problems = [problem for problem in found.value.problems if problem.severity is Severity.ERROR]
    assert all(problem.detail.rstrip().endswith((".", "?")) for problem in problems)
    assert all(problem.fix for problem in problems)
    return [str(problem).splitlines()[0].removeprefix(f"{FOLDER / name}/") for problem in problems]


def test_there_are_many_kinds() -> None:
    assert len(CASES) > 30


@pytest.mark.parametrize("name", CASES)
def test_every_problem_is_told_with_its_place(name: str) -> None:
    assert sorted(said(name)) == sorted((FOLDER / name / "expected.txt").read_text().splitlines())


@pytest.mark.parametrize("name", CASES)
def test_validate_ends_with_65_and_no_traceback(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["validate", "-f", str(FOLDER / name / "manifest.yaml")])
    assert ended.value.code == 65
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    assert told.out == ""


def test_twelve_different_mistakes_are_all_told_at_once() -> None:
    found = said("twelve")
    assert len({line.partition("error: ")[2] for line in found}) == 12


def test_a_secret_is_never_repeated() -> None:
    with pytest.raises(BadInput) as found:
        load_manifest([FOLDER / "a-secret" / "manifest.yaml"])
    assert "AbCdEfGh" not in str(found.value)
