"""verify and use on the embedded cloud: links broken by hand, one way at a time, and links that are too wide."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import boto3
import pytest

from tests.breaks import Target, grant_removed, policy_narrowed
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
    return {found["check"]: found for found in json.loads(ran.out)["findings"]}


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


def target(cloud: Cloud) -> Target:
    return Target(
        a=cloud.world.client("iam", ANALYTICS),
        b=cloud.world.client("iam", DATA),
        s3=cloud.world.client("s3", DATA),
        account_a=ANALYTICS,
        account_b=DATA,
        user="user01",
        group="Testers",
        role=ROLE,
        bucket=BUCKET,
    )


def test_a_user_who_left_the_group_is_told_so(cloud: Cloud) -> None:
    cloud.world.client("iam", ANALYTICS).remove_user_from_group(GroupName="Testers", UserName="user01")
    found = findings(cloud, ExitCode.MISSING, "-f", LINK)[f"analytics/user/user01 assumes {ROLE}"]
    assert found["layer"] == "grant"
    assert "The group Testers has it, but user01 is not in that group." in found["why"]
    assert found["paste"]["Resource"] == f"arn:aws:iam::{DATA}:role/{ROLE}"


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


def test_a_stranger_as_whom_nobody_can_try_is_found_in_the_documents(cloud: Cloud) -> None:
    """The trust, and then the bucket policy, lets in somebody whom the manifest does not even name."""
    cloud.world.add(Extra(ANALYTICS, "mallory", "acct-a-mallory", groups=("Testers",)))
    mallory = f"arn:aws:iam::{ANALYTICS}:user/mallory"
    trusting = {"Effect": "Allow", "Principal": {"AWS": [mallory]}, "Action": "sts:AssumeRole"}
    iam = cloud.world.client("iam", DATA)
    before = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    before["Statement"].append(trusting)
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(before))
    found = findings(cloud, ExitCode.TOO_WIDE, "-f", LINK)
    one = found[f"analytics/user/mallory, who is not declared, cannot assume {ROLE}"]
    assert (one["tried"], one["decided"], one["layer"]) == (False, "allowed", "trust")
    assert mallory in one["why"]
    before["Statement"].pop()
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(before))
    findings(cloud, ExitCode.DONE, "-f", LINK)
    reading = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    cloud.world.client("iam", ANALYTICS).put_user_policy(
        UserName="mallory",
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": reading}),
    )
    opened = {**reading, "Principal": {"AWS": mallory}}
    cloud.world.client("s3", DATA).put_bucket_policy(
        Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [opened]})
    )
    found = findings(cloud, ExitCode.TOO_WIDE, "-f", LINK)
    assert [one["layer"] for one in found.values() if one["outcome"] == "too wide"] == ["bucket policy"]


# ---- objects of our own


def test_with_a_canary_everything_is_really_done_and_nothing_is_left(cloud: Cloud) -> None:
    """Traps 82 and 83: on own objects only, in a bucket with versions too."""
    s3 = cloud.world.client("s3", DATA)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    found = findings(cloud, ExitCode.DONE, "-f", LINK, "--canary")
    assert "was written" in found[f"analytics/user/user01 can write {BUCKET}"]["detail"]
    assert "was deleted" in found[f"analytics/user/user01 can delete {BUCKET}"]["detail"]
    left = s3.list_object_versions(Bucket=BUCKET)
    assert [one["Key"] for one in left["Versions"]] == list(BACKUPS)
    assert left.get("DeleteMarkers", []) == []


def test_with_a_canary_a_delete_too_many_hits_an_object_of_our_own(make_cloud: Callable[..., Cloud]) -> None:
    cloud = make_cloud("111122223333", "444455556666")
    cloud.furnish(AUDIT)
    assert cloud.xacct("apply", "--yes", "-f", AUDIT).code == ExitCode.DONE
    s3 = cloud.world.client("s3", "111122223333")
    before = [found["Key"] for found in s3.list_objects_v2(Bucket="finance-archive")["Contents"]]
    assert set(findings(cloud, ExitCode.DONE, "-f", AUDIT, "--canary")) > set(
        findings(cloud, ExitCode.DONE, "-f", AUDIT)
    )
    widen(cloud, {"Effect": "Allow", "Action": "s3:*Object", "Resource": "arn:aws:s3:::finance-archive/*"})
    found = findings(cloud, ExitCode.TOO_WIDE, "-f", AUDIT, "--canary")
    wide = {name for name, one in found.items() if one["outcome"] == "too wide"}
    assert wide == {
        "audit/user/external/jane cannot write finance-archive/reports/2026/",
        "audit/user/external/jane cannot delete finance-archive/reports/2026/",
        "audit/user/external/jane cannot read finance-archive/reports/2026-xacct/",
        "audit/user/external/jane cannot read finance-archive/reports/2025/canary.txt",
        "audit/user/external/jane cannot write finance-archive/drafts/",
    }
    assert all("foreign of role report-reader" in found[name]["why"] for name in wide)
    assert [found["Key"] for found in s3.list_objects_v2(Bucket="finance-archive")["Contents"]] == before


# ---- after a removal


def test_after_a_removal_access_is_gone_with_fresh_credentials(cloud: Cloud) -> None:
    """Traps 55 and 60: refused three times in a row; what was issued before is reported with its end."""
    two = LINK.read_text().replace("trust: [analytics/user/user01]", "trust: [analytics/user/user02]")
    two = two.replace("users:\n", "users:\n  analytics/user/user02: {profile: acct-a-user02}\n")
    cloud.world.add(Extra(ANALYTICS, "user02", "acct-a-user02", groups=("Testers",)))
    cloud.world.write_config(cloud.config)
    now = cloud.write("xacct.yaml", two)
    name = f"analytics/user/user01 cannot assume {ROLE} any more"
    found = findings(cloud, ExitCode.TOO_WIDE, "-f", now, "--was", LINK)
    assert found[name]["outcome"] == "too wide"
    assert cloud.xacct("apply", "--yes", "-f", now, "--was", LINK).code == ExitCode.DONE
    found = findings(cloud, ExitCode.DONE, "-f", now, "--was", LINK)
    assert found[name]["outcome"] == "as declared"
    assert "Sessions opened before may go on until" in found[name]["notes"][0]


def test_a_manifest_of_removed_links_alone_is_verified_too(cloud: Cloud) -> None:
    text = LINK.read_text().partition("links:")[0]
    now = cloud.write("xacct.yaml", text)
    assert cloud.xacct("apply", "--yes", "-f", now, "--was", LINK).code == ExitCode.DONE
    found = findings(cloud, ExitCode.DONE, "-f", now, "--was", LINK)
    (one,) = found.values()
    assert one["outcome"] == "as declared"
    assert one["notes"] == ["The role is gone, and its sessions ended with it."]


# ---- for CI


def test_ci_gets_well_formed_xml(cloud: Cloud) -> None:
    grant_removed(target(cloud))
    ran = cloud.xacct("verify", "-f", LINK, "--wait", "0", "--format", "junit")
    root = ElementTree.fromstring(ran.out)
    assert (ran.code, root.get("failures")) == (ExitCode.MISSING, "1")
    (failure,) = root.iter("failure")
    assert failure.get("type") == "missing: grant"
    assert ran.err == ""


# ---- unknown and not tried


def test_without_the_consumers_profile_nothing_is_said_to_be_fine(cloud: Cloud) -> None:
    config = cloud.config.read_text()
    cloud.config.write_text(config.replace("[profile acct-a-user01]", "[profile gone]"))
    found = findings(cloud, ExitCode.UNKNOWN, "-f", LINK)
    assert {one["outcome"] for one in found.values()} == {"not tried"}
    # By the documents all is well, and that does not count as tried.
    assert {one["decided"] for one in found.values()} == {"allowed", "denied"}
    assert not any(one["tried"] for one in found.values())


def test_without_the_consumers_profile_what_is_missing_by_the_documents_is_missing(cloud: Cloud) -> None:
    config = cloud.config.read_text()
    cloud.config.write_text(config.replace("[profile acct-a-user01]", "[profile gone]"))
    policy_narrowed(target(cloud))
    found = findings(cloud, ExitCode.MISSING, "-f", LINK)
    read = found[f"analytics/user/user01 can read {BUCKET}"]
    assert (read["outcome"], read["tried"], read["layer"]) == ("missing", False, "role policy")


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


@pytest.mark.parametrize(
    "rights",
    [
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:PutObjectAcl", "Resource": "arn:aws:s3:::mongodb-snapshots/*"},
    ],
    ids=["nearly everything", "one action that verify never asks for"],
)
def test_rights_that_nobody_tries_are_found_in_the_documents(cloud: Cloud, rights: dict[str, str]) -> None:
    cloud.xacct("apply", "-f", LINK, "--yes")
    cloud.world.client("iam", DATA).put_role_policy(
        RoleName=ROLE,
        PolicyName="by-others",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [rights]}),
    )
    done = cloud.xacct("verify", "-f", LINK)
    assert done.code == ExitCode.TOO_WIDE, done.out
    assert "The policy by-others of the role allows more than the manifest says." in done.out


def test_a_managed_policy_of_aws_on_the_role_is_never_as_declared(cloud: Cloud) -> None:
    cloud.xacct("apply", "-f", LINK, "--yes")
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    cloud.world.client("iam", DATA).attach_role_policy(RoleName=ROLE, PolicyArn=arn)
    done = cloud.xacct("verify", "-f", LINK)
    assert done.code in (ExitCode.TOO_WIDE, ExitCode.UNKNOWN), done.out
    assert arn in done.out
