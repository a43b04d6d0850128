"""Everything a manifest makes carries the partition of its account, and is compared in it (trap 17)."""

from __future__ import annotations

from pathlib import Path

import pytest

from xacct.account import Account
from xacct.engine.estates import manifest_estate
from xacct.kinds.group_policy import GroupPolicy
from xacct.kinds.role import Role
from xacct.kinds.role_policy import RolePolicy
from xacct.manifest.desired.desire import desire
from xacct.manifest.expected.expect import expect, hops, places
from xacct.manifest.loading.load import load_manifest
from xacct.manifest.model import Manifest
from xacct.platform import PARTITIONS
from xacct.policy.document import Document
from xacct.policy.lint import lint
from xacct.policy.proof.prove import Counterexample, reaches_beyond
from xacct.snapshot import BucketRecord, GroupRecord, Snapshot, UserRecord

TEXT = """version: 1
name: m
accounts:
  data: {id: "111122223333", profile: b, SAYS}
  apps: {id: "444455556666", profile: a, SAYS}
users:
  apps/user/ops/anna: {profile: p-anna}
links:
  - role: data/role/app/reader
    trust: [apps/user/ops/anna, "arn:PART:iam::777788889999:role/x"]
    grant: [apps/group/Testers]
    bucket: logs
    prefixes: [in/]
    access: [list, read]
"""


def loaded(folder: Path, partition: str, says: str) -> Manifest:
    path = folder / "xacct.yaml"
    path.write_text(TEXT.replace("SAYS", says).replace("PART", partition))
    return load_manifest([path])


@pytest.mark.parametrize("partition", PARTITIONS)
@pytest.mark.parametrize("word", ["partition", "platform"])
def test_documents_and_checks_carry_the_partition_of_their_account(
    partition: str, word: str, tmp_path: Path
) -> None:
    manifest = loaded(tmp_path, partition, f"{word}: {partition}")
    apps = manifest.accounts["apps"].account
    assert apps == Account(name="apps", id="444455556666", partition=partition)
    anna = UserRecord(
        name="anna",
        path="/ops/",
        arn=apps.iam_arn("user/ops/anna"),
        id="AIDA1",
        groups=frozenset({"Testers"}),
    )
    snapshots = {
        "apps": Snapshot(account=apps)
        .holding("users", anna)
        .holding(
            "groups", GroupRecord(name="Testers", path="/", arn=apps.iam_arn("group/Testers"), id="AGPA1")
        ),
        "data": Snapshot(account=manifest.accounts["data"].account).holding(
            "buckets", BucketRecord(name="logs")
        ),
    }
    wanted = desire(manifest, snapshots)
    assert not wanted.problems
    for resource in wanted.state.resources.values():
        text = "".join(value.source for _, value in resource.shown() if isinstance(value, Document))
        assert f"arn:{partition}:" in text
        assert text.count("arn:") == text.count(f"arn:{partition}:")
        match resource:
            case Role():
                assert resource.arn == f"arn:{partition}:iam::111122223333:role/app/reader"
                assert f'"arn:{partition}:iam::444455556666:user/ops/anna"' in text
            case RolePolicy():
                assert f'"arn:{partition}:s3:::logs/in/*"' in text
            case GroupPolicy():
                assert f'"arn:{partition}:iam::111122223333:role/app/reader"' in text
    assert {hop.role for hop in hops(manifest, "reader")} == {
        f"arn:{partition}:iam::111122223333:role/app/reader"
    }
    assert places(manifest, "reader") == (("logs", "in/"),)
    for check in expect(manifest, snapshots):
        assert check.resource.startswith(f"arn:{partition}:")
    estate = manifest_estate(manifest)
    assert estate.principal(f"arn:{partition}:iam::444455556666:user/ops/anna").account == "444455556666"


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_a_stranger_who_comes_in_by_an_arn_of_its_partition_is_found(partition: str) -> None:
    """The one who asks has an ARN of the document's partition, not always of the public one."""
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": "*",
        "Condition": {"ArnLike": {"aws:PrincipalArn": f"arn:{partition}:iam::*:user/*"}},
    }
    answer = reaches_beyond(Document.of(trust), ["111122223333"])
    assert isinstance(answer, Counterexample)
    assert answer.request.principal.arn.startswith(f"arn:{partition}:iam::")


@pytest.mark.parametrize(
    "resource", ["*", "arn:aws:iam::*:role/*", "arn:aws-cn:iam::*:role/*", "arn:*:iam::*:*"]
)
def test_any_role_is_any_role_in_every_partition(resource: str) -> None:
    text = Document.of({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": resource}).source
    assert "assume-any-role" in [one.rule for one in lint(text, "identity")]


def test_what_asks_for_every_bucket_is_met_by_every_bucket_of_a_partition() -> None:
    def rules(partition: str) -> list[str]:
        allow = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": f"arn:{partition}:s3:::*"}
        return [one.rule for one in lint(Document.of(allow).source)]

    assert rules("aws-cn") == rules("aws") == []
