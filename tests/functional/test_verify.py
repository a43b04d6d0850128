"""verify and use on the embedded cloud: links broken by hand, one way at a time, and links that are too wide."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.functional.conftest import MANIFESTS, Cloud
from xacct.errors import ExitCode
from xacct.sandbox.world import Extra

DATA, ANALYTICS = "325271821652", "290122656840"
ROLE = "cross-bucket-access-mongodb-logs"
BUCKET = "mongodb-snapshots"
BACKUPS = ("mongodb-backup-monday.img.xz", "mongodb-backup-tuesday.img.xz")
LINK, PLAIN = MANIFESTS / "seed-link.yaml", MANIFESTS / "seed-plain" / "xacct.yaml"
AUDIT = MANIFESTS / "read-only-prefix.yaml"


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    """The page's scenario, applied."""
    made = make_cloud(DATA, ANALYTICS)
    made.furnish(LINK, objects={BUCKET: BACKUPS})
    assert made.xacct("apply", "--yes", "-f", LINK).code == ExitCode.DONE
    return made


def findings(cloud: Cloud, code: ExitCode, *words: str | Path, wait: str = "0") -> dict[str, dict[str, Any]]:
    ran = cloud.xacct("verify", "--format", "json", "--wait", wait, *words)
    assert ran.code == code, ran.out + ran.err
    return {found["check"]: found for found in json.loads(ran.out)}


def keys(cloud: Cloud) -> list[str]:
    s3 = cloud.world.client("s3", DATA)
    return [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]


@pytest.mark.parametrize("path", [LINK, PLAIN], ids=["link", "plain"])
def test_both_forms_verify_list_the_backups_and_leave_the_bucket_as_it_was(cloud: Cloud, path: Path) -> None:
    ran = cloud.xacct("verify", "-f", path)
    assert ran.code == ExitCode.DONE, ran.out
    for backup in BACKUPS:
        assert f"\t{backup}\n" in ran.out
    assert keys(cloud) == list(BACKUPS)


def test_what_is_tried_leaves_no_version_and_no_delete_marker(cloud: Cloud) -> None:
    s3 = cloud.world.client("s3", DATA)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    findings(cloud, ExitCode.DONE, "-f", LINK)
    left = s3.list_object_versions(Bucket=BUCKET)
    assert [one["Key"] for one in left["Versions"]] == list(BACKUPS)
    assert left.get("DeleteMarkers", []) == []


# ---- broken by hand


def trust_changed(cloud: Cloud) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": DATA}, "Action": "sts:AssumeRole"}
    cloud.world.client("iam", DATA).update_assume_role_policy(
        RoleName=ROLE, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )


def grant_removed(cloud: Cloud) -> None:
    iam = cloud.world.client("iam", ANALYTICS)
    for name in iam.list_group_policies(GroupName="Testers")["PolicyNames"]:
        iam.delete_group_policy(GroupName="Testers", PolicyName=name)


def left_the_group(cloud: Cloud) -> None:
    cloud.world.client("iam", ANALYTICS).remove_user_from_group(GroupName="Testers", UserName="user01")


def policy_narrowed(cloud: Cloud) -> None:
    iam = cloud.world.client("iam", DATA)
    (name,) = iam.list_role_policies(RoleName=ROLE)["PolicyNames"]
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"}
    iam.put_role_policy(
        RoleName=ROLE,
        PolicyName=name,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def bucket_denies(cloud: Cloud) -> None:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
    }
    cloud.world.client("s3", DATA).put_bucket_policy(
        Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )


def role_deleted(cloud: Cloud) -> None:
    iam = cloud.world.client("iam", DATA)
    for name in iam.list_role_policies(RoleName=ROLE)["PolicyNames"]:
        iam.delete_role_policy(RoleName=ROLE, PolicyName=name)
    iam.delete_role(RoleName=ROLE)


BREAKS: dict[str, tuple[Callable[[Cloud], None], str, str]] = {
    "trust changed": (trust_changed, "assumes", "trust of"),
    "grant removed": (grant_removed, "assumes", "grant is missing"),
    "left the group": (left_the_group, "assumes", "grant is missing"),
    "role deleted": (role_deleted, "assumes", "trust of"),
    "policy narrowed": (policy_narrowed, "can read", "do not allow s3:GetObject"),
    "bucket policy denies": (bucket_denies, "can read", f"policy of arn:aws:s3:::{BUCKET} denies"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_link_is_missing_and_the_layer_is_named(name: str, cloud: Cloud) -> None:
    broken, verb, layer = BREAKS[name]
    broken(cloud)
    found = findings(cloud, ExitCode.MISSING, "-f", LINK)
    (missing,) = [one for check, one in found.items() if one["outcome"] == "missing" and f" {verb} " in check]
    assert layer in missing["detail"]
    assert missing["fix"]
    assert not [one for one in found.values() if one["outcome"] == "too wide"]


# ---- too wide


def widen(cloud: Cloud, *statements: dict[str, Any]) -> None:
    """A foreign policy on the auditor's role."""
    cloud.world.client("iam", "111122223333").put_role_policy(
        RoleName="report-reader",
        PolicyName="foreign",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}),
    )


WIDE: dict[str, tuple[dict[str, Any], str]] = {
    "prefix forgotten": (
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::finance-archive"},
        "audit/user/external/jane cannot list finance-archive",
    ),
    "prefix without its slash": (
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::finance-archive",
            "Condition": {"StringLike": {"s3:prefix": "reports/2026*"}},
        },
        "audit/user/external/jane cannot list finance-archive/reports/2026-xacct/",
    ),
    "may write": (
        {
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::finance-archive/reports/2026/*",
        },
        "audit/user/external/jane cannot write finance-archive/reports/2026/",
    ),
    "may delete": (
        {"Effect": "Allow", "Action": "s3:Delete*", "Resource": "arn:aws:s3:::finance-archive/*"},
        "audit/user/external/jane cannot delete finance-archive/reports/2026/",
    ),
}


@pytest.mark.parametrize("name", WIDE)
def test_a_link_that_is_too_wide_is_found_by_the_request_that_should_have_failed(
    name: str, make_cloud: Callable[..., Cloud]
) -> None:
    cloud = make_cloud("111122223333", "444455556666")
    cloud.furnish(AUDIT)
    assert cloud.xacct("apply", "--yes", "-f", AUDIT).code == ExitCode.DONE
    findings(cloud, ExitCode.DONE, "-f", AUDIT)
    statement, check = WIDE[name]
    widen(cloud, statement)
    found = findings(cloud, ExitCode.TOO_WIDE, "-f", AUDIT)
    assert found[check]["outcome"] == "too wide"


def test_a_stranger_whom_the_trust_lets_in_is_too_wide(cloud: Cloud) -> None:
    cloud.world.add(Extra(ANALYTICS, "mallory", "acct-a-mallory", groups=("Testers",)))
    cloud.world.write_config(cloud.config)
    line = "users:\n  analytics/user/mallory: {profile: acct-a-mallory}\n"
    path = cloud.write("xacct.yaml", LINK.read_text().replace("users:\n", line))
    name = f"analytics/user/mallory, who is not declared, cannot assume {ROLE}"
    assert findings(cloud, ExitCode.DONE, "-f", path)[name]["outcome"] == "as declared"
    statement = {"Effect": "Allow", "Principal": {"AWS": ANALYTICS}, "Action": "sts:AssumeRole"}
    cloud.world.client("iam", DATA).update_assume_role_policy(
        RoleName=ROLE, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    assert findings(cloud, ExitCode.TOO_WIDE, "-f", path)[name]["outcome"] == "too wide"


# ---- unknown and not tried


def test_without_the_consumers_profile_nothing_is_said_to_be_fine(cloud: Cloud) -> None:
    config = cloud.config.read_text()
    cloud.config.write_text(config.replace("[profile acct-a-user01]", "[profile gone]"))
    found = findings(cloud, ExitCode.UNKNOWN, "-f", LINK)
    assert {one["outcome"] for one in found.values()} == {"not tried"}


def test_with_the_network_off_everything_is_unknown(cloud: Cloud) -> None:
    cloud.sandbox.__exit__(None, None, None)
    try:
        found = findings(cloud, ExitCode.UNKNOWN, "-f", LINK)
    finally:
        cloud.sandbox.__enter__()
    assert {one["outcome"] for one in found.values()} == {"unknown"}


def test_only_takes_names_of_links_and_roles_and_nothing_else(cloud: Cloud) -> None:
    assert findings(cloud, ExitCode.DONE, "-f", PLAIN, "--only", ROLE)
    wrong = cloud.xacct("verify", "-f", LINK, "--only", "else")
    assert (wrong.code, ROLE in wrong.err) == (ExitCode.USAGE, True)
    assert cloud.xacct("verify", "-f", LINK, "--account", "else").code == ExitCode.USAGE
    assert cloud.xacct("verify", "-f", LINK, "--account", "data").code == ExitCode.UNKNOWN


# ---- use


def test_use_runs_a_program_with_the_session_and_gives_its_exit_code(cloud: Cloud) -> None:
    out = cloud.folder / "out"
    code = (
        "import boto3, sys\n"
        f"keys = [one['Key'] for one in boto3.client('s3').list_objects_v2(Bucket='{BUCKET}')['Contents']]\n"
        f"open({str(out)!r}, 'w').write(boto3.client('sts').get_caller_identity()['Arn'] + ' ' + ' '.join(keys))\n"
        "sys.exit(9)\n"
    )
    ran = cloud.xacct("use", "-f", LINK, ROLE, "--", sys.executable, "-c", code)
    assert ran.code == 9, ran.err
    assert out.read_text() == f"arn:aws:sts::{DATA}:assumed-role/{ROLE}/xacct-use {' '.join(BACKUPS)}"


def test_use_prints_a_block_that_works_as_it_is(cloud: Cloud) -> None:
    ran = cloud.xacct("use", "-f", PLAIN, ROLE)
    block = ran.out.partition("For ~/.aws/config:\n\n")[2].partition("\n\nThen:")[0]
    with cloud.config.open("a") as file:
        file.write("\n" + "\n".join(line.removeprefix("    ") for line in block.splitlines()) + "\n")
    found = boto3.Session(profile_name=ROLE).client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [one["Key"] for one in found] == list(BACKUPS)


def test_use_by_whom_nobody_trusts_is_refused(cloud: Cloud) -> None:
    cloud.world.add(Extra(ANALYTICS, "mallory", "acct-a-mallory", groups=("Testers",)))
    cloud.world.write_config(cloud.config)
    ran = cloud.xacct("use", "-f", LINK, ROLE, "--profile", "acct-a-mallory", "--", "true")
    assert ran.code == ExitCode.ERROR
    assert "AccessDenied" in ran.err
