"""What others put into the same sum or document counts as well, and is read before anything is sent."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from immutabledict import immutabledict

from tests.unit.manifest.desired.test_desire import APPS, DATA, HEAD, LINK, desired
from xacct.account import Account
from xacct.policy.document import Document
from xacct.problem import Severity
from xacct.snapshot import BucketRecord, GroupRecord, RawDocument, Snapshot, UserRecord

TOO_LARGE = "Larger than the service takes"
BUCKET = """
buckets:
  data/bucket/logs:
    policy:
      Statement:
        Effect: Allow
        Principal: {AWS: "444455556666"}
        Action: s3:GetObject
        Resource: "arn:aws:s3:::logs/*"
"""


def padded(size: int, resource: str = "arn:aws:s3:::logs/x") -> str:
    """A document of exactly so many bytes, by somebody else."""
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": resource}
    text = json.dumps({"Statement": [statement]}, separators=(",", ":"))
    return text.replace(resource, resource + "y" * (size - len(text)))


def apps(inline: dict[str, Document | RawDocument]) -> Snapshot:
    anna = UserRecord(name="anna", path="/", arn=APPS.iam_arn("user/anna"), id="AIDAANNA")
    testers = GroupRecord(
        name="Testers", path="/", arn=APPS.iam_arn("group/Testers"), id="AGPA", inline=immutabledict(inline)
    )
    return Snapshot(account=APPS, users=immutabledict(anna=anna), groups=immutabledict(Testers=testers))


def data(policy: Document | RawDocument | None = None, account: Account = DATA) -> Snapshot:
    logs = BucketRecord(name="logs", policy=policy)
    return Snapshot(account=account, buckets=immutabledict(logs=logs))


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        ({}, []),
        ({"theirs": 4_000}, []),
        ({"theirs": 5_100}, [Severity.WARNING]),
        ({"theirs": 2_600, "more": 2_500}, [Severity.WARNING]),
        ({"xacct-demo-reader": 5_100}, []),
    ],
    ids=["nothing", "some", "nearly all", "together", "an earlier one of ours"],
)
def test_policies_of_others_on_a_group_count_too(
    theirs: dict[str, int], told: list[Severity], tmp_path: Path
) -> None:
    """Trap 24: the limit is of the group, whoever wrote what is in it."""
    there = apps({name: Document.parse(padded(size)) for name, size in theirs.items()})
    found = desired(HEAD + LINK, tmp_path, {"apps": there, "data": data()})
    assert [(one.summary, one.severity) for one in found.problems] == [(TOO_LARGE, one) for one in told]
    assert all(name in one.fix for one in found.problems for name in theirs)


@pytest.mark.parametrize(("size", "told"), [(19_000, []), (20_480, [Severity.ERROR])])
def test_statements_of_others_in_a_bucket_policy_count_too(
    size: int, told: list[Severity], tmp_path: Path
) -> None:
    """Trap 25: the document is put as a whole, and S3 refuses it as a whole."""
    there = {"data": data(Document.parse(padded(size))), "apps": apps({})}
    found = desired(HEAD + BUCKET, tmp_path, there)
    assert [(one.summary, one.severity) for one in found.problems] == [(TOO_LARGE, one) for one in told]


def test_the_limit_of_another_service_than_s3_is_not_known(tmp_path: Path) -> None:
    """Trap 25 is one of S3."""
    ceph = "RGW00000000000000001"
    there = {"data": data(Document.parse(padded(20_480)), replace(DATA, id=ceph)), "apps": apps({})}
    (one,) = desired((HEAD + BUCKET).replace(DATA.id, ceph), tmp_path, there).problems
    assert (one.summary, one.severity) == (TOO_LARGE, Severity.WARNING)


def test_what_cannot_be_read_is_not_counted(tmp_path: Path) -> None:
    raw = RawDocument(text="x" * 30_000, reason="no JSON")
    there = {"data": data(raw), "apps": apps({"theirs": raw})}
    assert not desired(HEAD + LINK + BUCKET, tmp_path, there).problems
