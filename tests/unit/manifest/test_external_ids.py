"""An external id guards against somebody else's service; between accounts of one owner it is remarked on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.conftest import MANIFESTS
from tests.unit.manifest.test_desire import HEAD
from xacct.manifest.load import load_manifest
from xacct.problem import Problem, Severity

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
