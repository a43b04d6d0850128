"""Which files are unpickled: only those that no other user could have written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xacct.errors import Refused
from xacct.sandbox.state import check_owner, replace_private

REGULAR, FOLDER, PIPE = 0o100000, 0o040000, 0o010000


def status(mode: int, user: int | None = None) -> os.stat_result:
    return os.stat_result((mode, 1, 1, 1, os.geteuid() if user is None else user, 0, 10, 0, 0, 0))


def test_a_file_of_ones_own_is_taken() -> None:
    check_owner(Path("s"), status(REGULAR | 0o600))
    check_owner(Path("s"), status(REGULAR | 0o400))


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o602, 0o660, 0o666, 0o601, 0o644])
def test_a_file_that_others_may_use_is_refused(mode: int) -> None:
    with pytest.raises(Refused, match="others"):
        check_owner(Path("s"), status(REGULAR | mode))


def test_a_file_of_another_user_is_refused() -> None:
    with pytest.raises(Refused, match="another user"):
        check_owner(Path("s"), status(REGULAR | 0o600, os.geteuid() + 1))


@pytest.mark.parametrize("kind", [FOLDER, PIPE])
def test_what_is_no_regular_file_is_refused(kind: int) -> None:
    with pytest.raises(Refused, match="regular"):
        check_owner(Path("s"), status(kind | 0o600))


def test_a_file_is_replaced_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old")
    path.chmod(0o666)
    replace_private(path, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)
    assert [found.name for found in tmp_path.iterdir()] == ["f"]


def test_a_link_at_its_place_is_replaced_not_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("untouched")
    link.symlink_to(target)
    replace_private(link, b"new")
    assert (target.read_text(), link.is_symlink()) == ("untouched", False)
