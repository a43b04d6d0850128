"""Rights of a role that nothing declares, found in the live documents though no request asks for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.access.accounts import ANNA, BUCKET, DATA, PEOPLE, allow, estate, role, trusting, user
from tests.unit.engine.verifying.test_neighbours import GRANT, RIGHTS, TEXT
from xacct.access.estate import Estate
from xacct.check import Decision, Finding, Layer, Outcome
from xacct.engine.verifying.declared import Declared
from xacct.engine.verifying.excess import excess
from xacct.manifest.loading.load import load_manifest
from xacct.policy.document import Document
from xacct.snapshot import PolicyRecord

FRIEND = user("anna", grant=GRANT)
MANAGED, ONLY_READS = DATA.iam_arn("policy/all"), DATA.iam_arn("policy/reads")
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
DECIDED = (Outcome.TOO_WIDE, Decision.ALLOWED)
OPEN = (Outcome.NOT_TRIED, Decision.OPEN)


def found(
    folder: Path, text: str = TEXT, attached: str = "", boundary: str = "", **more: dict[str, Any]
) -> list[Finding]:
    """What is found where the role has these policies beside its own."""
    path = folder / "xacct.yaml"
    path.write_text(text)
    record = role("reader", trusting(ANNA), path="/app/", **{**RIGHTS, **more})
    record = replace(record, attached=frozenset({attached} - {""}), boundary=boundary)
    accounts = estate(record, FRIEND)
    held = accounts.snapshots[DATA.id]
    for arn, action in ((MANAGED, "s3:*"), (ONLY_READS, "s3:Get*")):
        document = Document.of(allow(action))
        held = held.holding(
            "policies", PolicyRecord(name=arn.rpartition("/")[2], path="/", arn=arn, document=document)
        )
    return list(excess(Declared(load_manifest([path]), Estate.of([held, accounts.snapshots[PEOPLE.id]]))))


def test_what_is_declared_is_nothing_more(tmp_path: Path) -> None:
    assert found(tmp_path) == []


@pytest.mark.parametrize(
    "other",
    [
        allow("s3:GetObject", f"{BUCKET}/some/*"),
        {"Effect": "Deny", "Action": "*", "Resource": "*"},
    ],
)
def test_a_policy_of_others_that_gives_nothing_more_is_none(tmp_path: Path, other: dict[str, Any]) -> None:
    assert found(tmp_path, other=other) == []


@pytest.mark.parametrize(
    "other",
    [
        allow("s3:PutObjectAcl", f"{BUCKET}/*"),
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": f"{BUCKET}/*"},
        allow("s3:GetObject", "arn:aws:s3:::elsewhere/*"),
        allow("sts:AssumeRole"),
    ],
)
def test_a_policy_of_others_that_gives_more_is_found(tmp_path: Path, other: dict[str, Any]) -> None:
    (one,) = found(tmp_path, other=other)
    assert (one.outcome, one.decided, one.tried) == (*DECIDED, False)
    assert one.why is not None
    assert one.why.layer is Layer.ROLE_POLICY
    assert "policy other" in one.why.text


def test_an_own_policy_that_was_widened_is_found(tmp_path: Path) -> None:
    (one,) = found(tmp_path, p=allow("s3:*", [BUCKET, f"{BUCKET}/*"]))
    assert (one.outcome, one.decided) == DECIDED


def test_a_managed_policy_is_looked_into(tmp_path: Path) -> None:
    (one,) = found(tmp_path, attached=MANAGED)
    assert (one.outcome, one.decided) == DECIDED
    assert MANAGED in one.check.name


def test_a_managed_policy_that_was_not_read_is_not_decided(tmp_path: Path) -> None:
    (one,) = found(tmp_path, attached=ADMINISTRATOR)
    assert (one.outcome, one.decided) == OPEN
    assert "its document could not be read" in one.detail


def test_a_managed_policy_that_the_manifest_names_is_declared(tmp_path: Path) -> None:
    named = TEXT + f"roles:\n  data/role/app/reader: {{managed_policies: ['{ADMINISTRATOR}']}}\n"
    assert found(tmp_path, named, attached=ADMINISTRATOR) == []


def test_what_a_declared_managed_policy_gives_is_declared(tmp_path: Path) -> None:
    named = TEXT + f"roles:\n  data/role/app/reader: {{managed_policies: ['{MANAGED}']}}\n"
    assert found(tmp_path, named, attached=MANAGED, other=allow("s3:PutObject")) == []


def test_what_a_boundary_may_take_away_again_is_not_decided(tmp_path: Path) -> None:
    put = allow("s3:PutObject", f"{BUCKET}/*")
    (one,) = found(tmp_path, boundary=ONLY_READS, other=put)
    assert (one.outcome, one.decided) == OPEN


def test_a_role_that_the_manifest_only_names_is_its_owners(tmp_path: Path) -> None:
    named = TEXT + "roles:\n  data/role/app/reader: {existing: true}\n"
    assert found(tmp_path, named, other=allow("*")) == []
