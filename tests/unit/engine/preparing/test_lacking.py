"""What a platform does not do is a problem at its place, before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from xacct.engine.preparing.lacking import SUMMARY, lacking, seen_platforms, told_platforms
from xacct.manifest.loading.load import load_manifest
from xacct.platform import CEPH, EUCALYPTUS, PLATFORMS, SANDBOX, Platform
from xacct.problem import Problem, Severity
from xacct.snapshot import Snapshot

ERROR, WARNING = Severity.ERROR, Severity.WARNING
HEAD = """version: 1
name: m
accounts:
  data: {id: "111122223333", profile: b}
  apps: {id: "444455556666", profile: a}
"""
LINK = """links:
  - role: data/role/reader
    trust: [apps/user/anna]
    grant: [apps/group/Testers]
    bucket: logs
    access: [list, read]
"""


def found(folder: Path, body: str, platform: Platform) -> list[tuple[str, Severity, str]]:
    path = folder / "xacct.yaml"
    path.write_text(HEAD + body)
    manifest = load_manifest([path])
    problems = lacking(manifest, dict.fromkeys(manifest.accounts, platform))
    assert all(one.summary == SUMMARY and one.fix for one in problems)
    return [(_place(one), one.severity, one.detail) for one in problems]


def _place(problem: Problem) -> str:
    assert problem.place is not None
    return f"{problem.place.line}:{problem.place.column}"


LACKS = {
    "external id": (LINK + "    external_id: x-1\n", CEPH, "7:5", "never fills sts:ExternalId"),
    "second factor": (LINK + "    mfa: true\n", EUCALYPTUS, "7:5", "never fills aws:MultiFactorAuthPresent"),
    "session": (LINK + "    session: 2h\n", EUCALYPTUS, "7:5", "7200 s; on Eucalyptus they last 3600 s"),
    "group by account": (
        LINK.replace("apps/user/anna", "{group: apps/group/Testers, by: account}"),
        CEPH,
        "8:13",
        "everyone in that account would get in",
    ),
    "boundary": (
        LINK + 'roles:\n  data/role/reader:\n    boundary: "arn:aws:iam::111122223333:policy/limit"\n',
        CEPH,
        "13:3",
        "has a boundary",
    ),
    "managed policy of one's own": (
        LINK + "roles:\n  data/role/reader:\n    managed_policies:\n      - name: mine\n        Statement: "
        '[{Effect: Allow, Action: "s3:GetObject", Resource: "*"}]\n',
        CEPH,
        "15:9",
        "no managed policies of one's own",
    ),
    "attached policy of one's own": (
        LINK
        + 'groups:\n  apps/group/Testers:\n    managed_policies: ["arn:aws:iam::444455556666:policy/p"]\n',
        CEPH,
        "13:3",
        "no managed policies of one's own",
    ),
    "any tags": (
        LINK + "roles:\n  data/role/reader:\n    tags: {a: x}\n",
        EUCALYPTUS,
        "13:3",
        "no tags on roles",
    ),
    "condition on the principal": (
        "roles:\n  data/role/reader:\n    trust:\n      Statement:\n        Effect: Allow\n        Action: "
        'sts:AssumeRole\n        Principal: {AWS: "444455556666"}\n        Condition: {ArnLike: '
        '{"aws:PrincipalArn": "arn:aws:iam::444455556666:role/x"}}\n',
        CEPH,
        "9:7",
        "never fills aws:PrincipalArn",
    ),
    "SAML": (
        "roles:\n  data/role/reader:\n    trust:\n      Statement:\n        Effect: Allow\n        Action: "
        'sts:AssumeRoleWithSAML\n        Principal: {Federated: "arn:aws:iam::111122223333:saml-provider/p"}\n',
        CEPH,
        "9:7",
        "no SAML providers",
    ),
    "service": (
        "roles:\n  data/role/reader:\n    trust:\n      Statement:\n        Effect: Allow\n        Action: "
        "sts:AssumeRole\n        Principal: {Service: ec2.amazonaws.com}\n",
        CEPH,
        "9:7",
        "no service ec2.amazonaws.com",
    ),
    "session as principal": (
        LINK.replace("user/anna]", 'user/anna, "arn:aws:sts::444455556666:assumed-role/r/s"]'),
        CEPH,
        "8:29",
        "session of a role as a principal",
    ),
    "service in a policy": (
        LINK + "roles:\n  data/role/reader:\n    policies:\n      p:\n        Statement: "
        '[{Effect: Allow, Action: "kms:Decrypt", Resource: "*"}]\n',
        CEPH,
        "16:9",
        "has no kms",
    ),
    "bucket policy": (
        "buckets:\n  data/bucket/logs:\n    policy:\n      Statement: [{Effect: Deny, Principal: '*', NotAction: "
        "'s3:*', Resource: 'arn:aws:s3:::logs'}]\n",
        CEPH,
        "9:7",
        "NotAction",
    ),
    "a service that assumes": (
        LINK.replace(
            "user/anna]", 'user/anna, {service: datasync.amazonaws.com, source_account: "111122223333"}]'
        ),
        CEPH,
        "8:29",
        "no service datasync.amazonaws.com",
    ),
    "SAML users": (
        LINK.replace("user/anna]", "user/anna, {saml: AcmeIdp}]"),
        EUCALYPTUS,
        "8:29",
        "no SAML providers",
    ),
    "a permission set": (
        LINK.replace("user/anna]", "user/anna, {permission_set: Readers, account: apps}]"),
        CEPH,
        "8:29",
        "never fills aws:PrincipalArn",
    ),
    "an ARN without an account, trap 62": (
        LINK.replace("user/anna]", 'user/anna, "arn:aws:iam:::user/anna"]'),
        SANDBOX,
        "8:29",
        "names no account",
    ),
}


@pytest.mark.parametrize("case", LACKS)
def test_what_a_platform_lacks_is_an_error_at_its_place_and_elsewhere_none(case: str, tmp_path: Path) -> None:
    body, platform, place, text = LACKS[case]
    problems = [one for one in found(tmp_path, body, platform) if one[1] is ERROR]
    assert [at for at, _, _ in problems] == [place], problems
    assert text in problems[0][2]
    other = CEPH if "trap 62" in case else PLATFORMS["aws"]
    assert found(tmp_path, body, other) == []


@pytest.mark.parametrize(("number", "fits"), [(48, True), (49, False)])
def test_a_role_holds_fifty_tags_and_two_of_them_are_ours(number: int, fits: bool, tmp_path: Path) -> None:
    tags = ", ".join(f"t{index}: x" for index in range(number))
    problems = found(tmp_path, f"{LINK}roles:\n  data/role/reader:\n    tags: {{{tags}}}\n", CEPH)
    assert [place for place, _, _ in problems] == ([] if fits else ["13:3"])


def test_what_is_not_enforced_is_a_warning(tmp_path: Path) -> None:
    body = (
        "buckets:\n  data/bucket/logs:\n    policy:\n      Statement: [{Effect: Deny, Principal: '*', Action: 's3:*', "
        "Resource: 'arn:aws:s3:::logs', Condition: {Bool: {'aws:SecureTransport': 'false'}}}]\n"
    )
    ((place, severity, detail),) = found(tmp_path, body, CEPH)
    assert (place, severity) == ("9:7", WARNING)
    assert "not enforce" in detail


def test_a_role_that_cannot_be_marked_is_a_warning_once(tmp_path: Path) -> None:
    twice = LINK + LINK.removeprefix("links:\n").replace("- role", "- name: other\n    role")
    ((_, severity, detail),) = found(tmp_path, twice, EUCALYPTUS)
    assert severity is WARNING
    assert "cannot carry the mark" in detail
    existing = LINK + "roles:\n  data/role/reader: {existing: true}\n"
    assert found(tmp_path, existing, EUCALYPTUS) == []
    assert found(tmp_path, twice, CEPH) == []


def test_nothing_is_said_of_a_platform_that_nobody_knows(tmp_path: Path) -> None:
    path = tmp_path / "xacct.yaml"
    path.write_text(HEAD + LINK + "    external_id: x-1\n")
    manifest = load_manifest([path])
    assert told_platforms(manifest) == {}
    assert lacking(manifest, {}) == ()
    data = manifest.accounts["data"].account
    seen = seen_platforms({"data": Snapshot(account=data, platform="ceph"), "apps": Snapshot(account=data)})
    assert seen == {"data": CEPH}
    assert len(lacking(manifest, seen)) == 1


def test_the_manifest_tells_by_word_or_by_the_form_of_the_id(tmp_path: Path) -> None:
    path = tmp_path / "xacct.yaml"
    text = (HEAD + LINK).replace('"111122223333", profile: b', '"RGW11111111111111111"')
    path.write_text(
        text.replace("profile: a", "platform: ceph").replace("444455556666", "RGW22222222222222222")
    )
    assert told_platforms(load_manifest([path])) == {"data": CEPH, "apps": CEPH}
