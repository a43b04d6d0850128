"""What a platform takes without enforcing it is said, exactly where it was asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from xacct.check import Finding, Outcome, Want
from xacct.engine.verifying.unenforced import enforced, unenforced
from xacct.manifest.expected.expect import expect
from xacct.manifest.loading.load import load_manifest
from xacct.platform import AWS, CEPH, PRIVATE, SANDBOX, Platform

TEXT = """
version: 1
name: demo
accounts:
  data: {id: "RGW22222222222222222", profile: b}
  apps: {id: "RGW11111111111111111", profile: a}
links:
  - role: data/role/reader
    trust: [apps/user/anna, apps/user/bob]
    grant: [apps/group/Testers]
    bucket: logs
    access: [list]
"""
PLAIN = """
version: 1
name: demo
accounts:
  data: {id: "RGW22222222222222222", profile: b}
  apps: {id: "RGW11111111111111111", profile: a}
roles:
  data/role/reader:
    trust: {principals: [apps/user/anna]}
    policies:
      p: {Version: "2012-10-17", Statement: {Effect: Allow, Action: "s3:ListBucket", Resource: "arn:aws:s3:::logs"}}
groups:
  apps/group/Testers:
    grants:
      g:
        Version: "2012-10-17"
        Statement: {Effect: Allow, Action: "sts:AssumeRole", Resource: "arn:aws:iam::RGW22222222222222222:role/reader"}
"""
NO_TLS = """
buckets:
  data/bucket/logs:
    policy:
      Version: "2012-10-17"
      Statement:
        Effect: Deny
        Principal: "*"
        Action: "s3:*"
        Resource: "arn:aws:s3:::logs/*"
        Condition: {Bool: {"aws:SecureTransport": "false"}}
"""


def found(folder: Path, text: str, platform: Platform | None = CEPH) -> list[Finding]:
    path = folder / "xacct.yaml"
    path.write_text(text)
    manifest = load_manifest([path])
    platforms = {} if platform is None else dict.fromkeys(("data", "apps"), platform)
    got = unenforced(manifest, expect(manifest, {}), platforms)
    assert all(one.outcome is Outcome.NOT_ENFORCED and not one.tried and one.fix for one in got)
    return list(got)


@pytest.mark.parametrize("text", [TEXT, PLAIN], ids=["link", "plain"])
def test_where_the_trust_alone_is_judged_the_grant_is_not_enforced(text: str, tmp_path: Path) -> None:
    (one,) = found(tmp_path, text)
    assert one.check.name == "the grant in apps decides who assumes reader"
    assert "Ceph asks the trust policy only" in one.detail
    assert one.why is not None
    assert one.why.layer.value == "grant"


@pytest.mark.parametrize("platform", [AWS, SANDBOX, PRIVATE, None])
def test_where_the_grant_is_judged_or_nothing_is_known_nothing_is_said(
    platform: Platform | None, tmp_path: Path
) -> None:
    assert found(tmp_path, TEXT, platform) == []


def test_a_link_without_a_grant_asks_for_none(tmp_path: Path) -> None:
    assert found(tmp_path, TEXT.replace("    grant: [apps/group/Testers]\n", "")) == []


def test_a_condition_that_is_looked_at_and_let_through_is_not_enforced(tmp_path: Path) -> None:
    one = found(tmp_path, TEXT + NO_TLS)[1]
    assert one.check.name == 'the policy of bucket "data/bucket/logs" does all that it says'
    assert "aws:SecureTransport" in one.detail
    assert one.check.place is not None
    assert found(tmp_path, TEXT + NO_TLS, SANDBOX) == []


def test_it_hangs_on_what_the_platform_does_and_not_on_its_name(tmp_path: Path) -> None:
    assert found(tmp_path, TEXT, replace(CEPH, grants_judged=True)) == []


def test_what_a_session_may_be_tagged_with_is_said_and_not_tried_where_nobody_asks(tmp_path: Path) -> None:
    """Seen on Ceph 20: AssumeRole takes any tags without sts:TagSession, and fills aws:TagKeys with none."""
    path = tmp_path / "xacct.yaml"
    path.write_text(f"{TEXT}    session_tags: [Repository]\n")
    manifest = load_manifest([path])
    checks = expect(manifest, {})
    on_ceph, on_sandbox = {"data": CEPH, "apps": CEPH}, {"data": SANDBOX, "apps": SANDBOX}
    assert any(check.tags and check.want is Want.DENIED for check in enforced(checks, on_sandbox))
    kept = enforced(checks, on_ceph)
    assert set(checks) - set(kept) == {check for check in checks if check.tags and check.want is Want.DENIED}
    said = [one.detail for one in unenforced(manifest, kept, on_ceph)]
    assert any("tagged with whatever" in detail for detail in said)
    assert not any("tagged" in one.detail for one in unenforced(manifest, checks, on_sandbox))
