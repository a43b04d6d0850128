"""An external id guards against somebody else's service; between accounts of one owner it is remarked on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.conftest import MANIFESTS
from tests.unit.manifest.desired.test_desire import HEAD
from xacct.manifest.loading.load import load_manifest
from xacct.problem import BadInput, Problem, Severity

SUMMARY = "An external id between accounts of one owner"
LINK = """
links:
  - role: data/role/reader
    trust: [{trust}]
    bucket: logs
    access: [read]
    external_id: x-1
"""
ROLE = """
roles:
  data/role/reader:
    trust: {{principals: [{trust}], external_id: x-1}}
"""
WRITTEN = """
roles:
  data/role/reader:
    trust:
      Version: "2012-10-17"
      Statement:
        Effect: Allow
        Principal: {{AWS: {trust}}}
        Action: sts:AssumeRole
        Condition: {{StringEquals: {{"sts:ExternalId": x-1}}}}
"""


def remarks(text: str, folder: Path) -> list[Problem]:
    path = folder / "xacct.yaml"
    path.write_text(text)
    return [one for one in load_manifest([path]).warnings if one.summary == SUMMARY]


@pytest.mark.parametrize("form", [LINK, ROLE])
@pytest.mark.parametrize(
    "trust",
    [
        "apps/user/anna",
        "data/user/otto",
        "{account: apps}",
        "{group: apps/group/Testers, by: account}",
        "apps/user/anna, data/user/otto",
    ],
)
def test_between_accounts_of_one_owner_it_is_remarked_on_at_its_place(
    form: str, trust: str, tmp_path: Path
) -> None:
    """Trap 84: it keeps nobody out there, and the console cannot switch to such a role."""
    text = HEAD + form.format(trust=trust)
    (one,) = remarks(text, tmp_path)
    before, line = text[: text.index("x-1")].count("\n") + 1, text.splitlines()
    assert one.place is not None
    assert one.severity is Severity.INFO
    assert (one.place.line, one.place.column) == (before, line[before - 1].index("x-1") + 1)
    assert "partner: true" in one.fix


@pytest.mark.parametrize("form", [LINK, ROLE])
@pytest.mark.parametrize(
    "trust",
    [
        '"arn:aws:iam::999900001111:user/vendor"',
        'apps/user/anna, "arn:aws:iam::999900001111:user/vendor"',
    ],
)
def test_an_account_that_is_not_declared_is_somebody_elses(form: str, trust: str, tmp_path: Path) -> None:
    """Trap 84 is none then."""
    assert not remarks(HEAD + form.format(trust=trust), tmp_path)


@pytest.mark.parametrize(
    ("trust", "said"),
    [
        ('"444455556666"', 1),
        ('["arn:aws:iam::444455556666:root", "arn:aws:iam::111122223333:user/otto"]', 1),
        ('["arn:aws:iam::444455556666:root", "arn:aws:iam::999900001111:user/vendor"]', 0),
        ('"*"', 0),
    ],
)
def test_in_a_written_trust_it_is_remarked_on_as_well(trust: str, said: int, tmp_path: Path) -> None:
    """Trap 84."""
    text = HEAD + WRITTEN.format(trust=trust)
    document = text[: text.index("Version")].count("\n") + 1
    found = remarks(text, tmp_path)
    assert [one.place.line for one in found if one.place] == [document] * said
    assert not remarks(HEAD + WRITTEN.replace("ExternalId", "RoleSessionName").format(trust=trust), tmp_path)


@pytest.mark.parametrize("account", ["444455556666", "111122223333"])
def test_a_partner_is_somebody_else_on_either_side(account: str, tmp_path: Path) -> None:
    """Trap 84 is none then."""
    head = HEAD.replace(f'"{account}"', f'"{account}", partner: true')
    assert head != HEAD
    assert not remarks(head + LINK.format(trust="apps/user/anna"), tmp_path)


def test_without_one_nothing_is_said(tmp_path: Path) -> None:
    text = LINK.format(trust="apps/user/anna").replace("    external_id: x-1\n", "")
    assert not remarks(HEAD + text, tmp_path)


def test_the_example_with_a_vendor_says_that_it_is_one() -> None:
    assert not load_manifest([MANIFESTS / "external-id-mfa.yaml"]).warnings


@pytest.mark.parametrize(("length", "good"), [(1, False), (2, True), (1224, True), (1225, False)])
def test_an_external_id_has_its_length(length: int, good: bool, tmp_path: Path) -> None:
    """Traps 26 and 58."""
    text = HEAD + LINK.format(trust="apps/user/anna").replace("x-1", "x" * length)
    if good:
        assert remarks(text, tmp_path)
        return
    with pytest.raises(BadInput) as found:
        remarks(text, tmp_path)
    (one,) = (one for one in found.value.problems if one.severity is Severity.ERROR)
    assert one.place is not None
    assert "x" * length in text.splitlines()[one.place.line - 1]
