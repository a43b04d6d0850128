"""Keys that nobody can use as they are: told by the plan, with the way out that the state leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from xacct.account import Account
from xacct.manifest.desired.desire import desire
from xacct.manifest.loading.load import load_manifest
from xacct.problem import Problem, Severity
from xacct.snapshot import NO_KEY, BucketRecord, Snapshot

DATA = Account(name="data", id="325271821652")
KEY = "arn:aws:kms:eu-west-1:325271821652:key/1234abcd"
TEXT = """
version: 1
name: sealed
accounts:
  data: {id: "325271821652"}
  apps: {id: "290122656840"}
links:
  - role: data/role/reader
    trust: [apps/user/anna]
    bucket: sealed
    access: [read]
"""


def told(tmp_path: Path, record: BucketRecord) -> list[Problem]:
    path = tmp_path / "xacct.yaml"
    path.write_text(TEXT)
    account = Snapshot(account=DATA).holding("buckets", record)
    notes = desire(load_manifest([path]), {"data": account}).notes
    return [one for one in notes if one.summary == "A key that cannot be used"]


@pytest.mark.parametrize(
    ("state", "way_out"),
    [
        ("Disabled", f"aws kms enable-key --region eu-west-1 --key-id {KEY}"),
        ("PendingDeletion", f"aws kms cancel-key-deletion --region eu-west-1 --key-id {KEY}"),
        ("PendingReplicaDeletion", f"aws kms cancel-key-deletion --region eu-west-1 --key-id {KEY}"),
        ("PendingImport", "Import its key material again"),
        ("Unavailable", "aws kms connect-custom-key-store --region eu-west-1"),
        (NO_KEY, "a key that exists"),
    ],
)
def test_the_way_out_is_that_of_the_state(tmp_path: Path, state: str, way_out: str) -> None:
    """KMS Developer Guide, "Key states of AWS KMS keys": with these no cryptographic operation works."""
    (one,) = told(tmp_path, BucketRecord(name="sealed", encryption="aws:kms", key=KEY, key_state=state))
    assert one.severity is Severity.WARNING
    assert one.detail.startswith(f"data/bucket/sealed is encrypted with {KEY}, and ")
    assert way_out in one.fix


@pytest.mark.parametrize("state", ["Enabled", "Updating", "", "SomethingNew"])
def test_of_a_key_that_works_or_is_not_known_nothing_is_told(tmp_path: Path, state: str) -> None:
    """A multi-Region key that is being updated is used all the while."""
    assert not told(tmp_path, BucketRecord(name="sealed", encryption="aws:kms", key=KEY, key_state=state))


def test_a_key_of_another_account_is_for_its_owner_to_bring_back(tmp_path: Path) -> None:
    key = KEY.replace(DATA.id, "111122223333")
    (one,) = told(tmp_path, BucketRecord(name="sealed", encryption="aws:kms", key=key, key_state="Disabled"))
    assert one.fix.startswith("The key is of account 111122223333")
