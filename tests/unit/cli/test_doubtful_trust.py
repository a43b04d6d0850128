"""Questions about a manifest that trusts the members of a group, whom nobody read: not decided, never denied."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xacct.cli import main
from xacct.errors import ExitCode

LINK = """\
version: 1
name: questions
accounts:
  data: {id: "111122223333"}
  apps: {id: "444455556666"}
MORE
links:
  - role: data/role/team/reader
    trust: [TRUST]
    grant: [apps/group/Testers]
    bucket: logs
    access: [read]
"""
MEMBERS = "{group: apps/group/Testers, by: members}"
ANNA, KEY = "apps/user/anna", "data/bucket/logs/a"
ROLE = "arn:aws:iam::111122223333:role/team/reader"


def ask(
    folder: Path, capsys: pytest.CaptureFixture[str], *words: str, trust: str = MEMBERS, more: str = ""
) -> tuple[int, str, str]:
    path = folder / "xacct.yaml"
    path.write_text(LINK.replace("TRUST", trust).replace("MORE\n", more))
    with pytest.raises(SystemExit) as ended:
        main([*words, "-f", str(path)])
    said = capsys.readouterr()
    code = ended.value.code
    assert isinstance(code, int)
    return code, said.out, said.err


def test_whether_a_member_gets_in_is_not_decided(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ask(tmp_path, capsys, "explain", ANNA, "read", KEY)
    assert code == ExitCode.UNKNOWN
    assert out.startswith("NOT DECIDED: ")
    assert 'The members of group "apps/group/Testers" are not known' in out
    assert "is left out" not in out


def test_of_what_the_role_itself_may_do_there_is_no_doubt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = ask(tmp_path, capsys, "explain", ROLE, "read", KEY)
    assert (code, out.partition(":")[0]) == (ExitCode.DONE, "ALLOWED")
    code, out, _ = ask(tmp_path, capsys, "explain", ROLE, "write", KEY)
    assert (code, out.partition(":")[0]) == (ExitCode.DONE, "DENIED")


def test_the_boundary_of_such_a_role_still_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is in the boundary is not known to the manifest, so it may take the right away."""
    more = (
        "roles:\n  data/role/team/reader:\n    boundary: arn:aws:iam::111122223333:policy/limit\n"
        f"    trust: {{principals: [{MEMBERS}]}}\n"
    )
    code, out, _ = ask(tmp_path, capsys, "explain", ROLE, "read", KEY, more=more)
    assert code == ExitCode.UNKNOWN, out


@pytest.mark.parametrize("words", [("read", KEY), ("sts:AssumeRole", ROLE)], ids=["key", "role"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_list_that_may_lack_members_is_not_decided_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], form: str
) -> None:
    code, out, err = ask(tmp_path, capsys, "who-can", "--format", form, *words)
    assert code == ExitCode.UNKNOWN
    assert "Who may enter data/role/team/reader is not known" in err
    if form == "json":
        json.loads(out)


def test_a_role_that_does_not_lead_there_leaves_no_doubt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = ask(tmp_path, capsys, "who-can", "write", KEY)
    assert (code, err) == (ExitCode.DONE, "")


def test_where_users_are_named_all_is_decided(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ask(tmp_path, capsys, "explain", ANNA, "read", KEY, trust=ANNA)
    assert (code, out.partition(":")[0]) == (ExitCode.DONE, "ALLOWED")
    code, _, err = ask(tmp_path, capsys, "who-can", "read", KEY, trust=ANNA)
    assert (code, err) == (ExitCode.DONE, "")
