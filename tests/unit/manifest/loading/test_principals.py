"""What can never be a principal, and what a principal is not: each is said with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from immutabledict import immutabledict

from tests.unit.manifest.desired.test_desire import APPS, HEAD, desired, documents
from tests.unit.manifest.loading.test_identities import manifest
from xacct.manifest.expected.expect import expect
from xacct.manifest.loading.load import load_manifest
from xacct.policy.document import Document
from xacct.problem import BadInput, Problem, Severity
from xacct.snapshot import Snapshot, UserRecord


def problem(trust: str, folder: Path, more: str = "") -> Problem:
    path = folder / "xacct.yaml"
    path.write_text(manifest(trust, more))
    with pytest.raises(BadInput) as found:
        load_manifest([path])
    (one,) = (one for one in found.value.problems if one.severity is Severity.ERROR)
    return one


@pytest.mark.parametrize("group", ["apps/group/Testers", "arn:aws:iam::444455556666:group/Testers"])
def test_a_group_is_no_principal(group: str, tmp_path: Path) -> None:
    """Trap 4."""
    assert "by: members" in problem(group, tmp_path).fix


def test_an_account_is_meant_only_where_it_is_said(tmp_path: Path) -> None:
    """Trap 5: root and the bare id are the same, and neither is the root user."""
    assert "{account: NAME}" in problem('"444455556666"', tmp_path).fix
    (statement,) = documents(desired(manifest("{account: apps}"), tmp_path))["data/role/reader"]
    bare = Document.of({**statement, "Principal": {"AWS": "444455556666"}})
    assert statement["Principal"] == {"AWS": APPS.root}
    assert Document.of(statement) == bare


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::444455556666:role/*",
        "arn:aws:iam::444455556666:user/dev?",
        "arn:aws:sts::444455556666:assumed-role/runner/*",
    ],
)
def test_a_principal_has_no_wildcards(arn: str, tmp_path: Path) -> None:
    """Trap 6; and trap 7 for sessions, of which each would have to be named."""
    assert problem(f'"{arn}"', tmp_path).summary == "Wildcard in a principal"


def test_names_count_with_their_case(tmp_path: Path) -> None:
    """Trap 8."""
    anna = UserRecord(name="Anna", path="/", arn=APPS.iam_arn("user/Anna"), id="AIDAX")
    apps = Snapshot(account=APPS, users=immutabledict({"Anna": anna}))
    found = desired(manifest("apps/user/anna"), tmp_path, {"apps": apps})
    assert [one.fix for one in found.problems] == ['Names are case sensitive here: write "Anna".']


def test_names_that_differ_in_case_cannot_both_be_made(tmp_path: Path) -> None:
    """Trap 8, and trap 9: nor with another path."""
    path = tmp_path / "xacct.yaml"
    path.write_text(
        f"{HEAD}\nroles:\n  data/role/Admins: {{trust: {{principals: [apps/user/anna]}}}}\n"
        "  data/role/x/admins: {trust: {principals: [apps/user/anna]}}\n"
    )
    with pytest.raises(BadInput) as found:
        load_manifest([path])
    assert [one.summary for one in found.value.problems] == ["Names that clash"]


def test_nobody_ever_tries_as_the_root_user(tmp_path: Path) -> None:
    """Trap 19: a root user cannot assume roles, so that for a whole account there must be somebody in it."""
    path = tmp_path / "xacct.yaml"
    path.write_text(manifest("{account: apps}"))
    checks = expect(load_manifest([path]), {})
    assert [one.caller.arn for one in checks] == [APPS.root]
    assert all(not one.caller.profile and one.why for one in checks)


@pytest.mark.parametrize("trust", ["apps/role/runner", "{permission_set: Readers, account: apps}"])
def test_a_session_never_brings_a_second_factor(trust: str, tmp_path: Path) -> None:
    """Trap 86."""
    assert problem(trust, tmp_path, "    mfa: true").summary == "A second factor from a role"
