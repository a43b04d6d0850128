"""What is handed over runs as it stands: with the AWS CLI, and as a manifest of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.functional.conftest import MANIFESTS, Cloud
from tests.functional.test_other_clients import clients  # noqa: F401
from xacct.errors import ExitCode
from xacct.manifest.desired.desire import desire
from xacct.manifest.loading.load import load_manifest

DATA, ANALYTICS = "325271821652", "290122656840"
LINK = MANIFESTS / "seed-link.yaml"


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    made = make_cloud(DATA, ANALYTICS)
    made.furnish(LINK)
    return made


def run(folder: Path, profile: str, clients: Path) -> subprocess.CompletedProcess[str]:  # noqa: F811
    path = f"{clients}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", str(folder / "commands.sh")],
        env={**os.environ, "AWS_PROFILE": profile, "PATH": path, "AWS_PAGER": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("unread", [False, True])
def test_the_commands_run_as_they_stand_and_the_next_plan_is_empty(
    unread: bool,
    cloud: Cloud,
    clients: Path,  # noqa: F811
) -> None:
    config = cloud.config.read_text()
    if unread:
        cloud.config.write_text(config.replace("[profile acct-", "[profile not-"))
    done = cloud.xacct("handover", "-f", LINK, "-o", "out")
    assert done.code == ExitCode.DONE, done.err
    cloud.config.write_text(config)
    for account, profile in (("data", "acct-b"), ("analytics", "acct-a")):
        text = (Path("out") / account / "commands.sh").read_text()
        assert ("could not be read" in text) == unread
        ran = run(Path("out") / account, profile, clients)
        assert ran.returncode == 0, ran.stderr
        alone = cloud.xacct("plan", "--detailed-exitcode", "--account", account, "-f", LINK)
        assert alone.code == ExitCode.DONE, alone.out
    assert cloud.xacct("plan", "--detailed-exitcode", "-f", LINK).code == ExitCode.DONE
    assert cloud.xacct("verify", "-f", LINK).code == ExitCode.DONE


def test_commands_refuse_the_credentials_of_another_account(cloud: Cloud, clients: Path) -> None:  # noqa: F811
    assert cloud.xacct("handover", "-f", LINK, "-o", "out", "--account", "analytics").code == ExitCode.DONE
    assert sorted(one.name for one in Path("out").iterdir()) == ["analytics"]
    ran = run(Path("out") / "analytics", "acct-b", clients)
    assert ran.returncode == 1
    assert f"these are credentials of {DATA}" in ran.stderr
    assert "1 to create" in cloud.xacct("plan", "--account", "analytics", "-f", LINK).out


def test_printed_commands_say_where_their_documents_are(cloud: Cloud) -> None:
    done = cloud.xacct("handover", "--account", "data", "-f", LINK)
    assert "file://" in done.out
    assert "with: -o DIR" in done.err


def test_the_manifest_is_the_accounts_part_and_nothing_else(cloud: Cloud) -> None:
    assert cloud.xacct("handover", "-f", LINK, "-o", "out").code == ExitCode.DONE
    whole = desire(load_manifest([LINK]), {}).state.resources
    for account in ("data", "analytics"):
        part = desire(load_manifest([Path("out") / account / "manifest.yaml"]), {}).state.resources
        assert part == {address: one for address, one in whole.items() if address.account.name == account}


def test_each_owner_applies_the_own_part_of_a_saved_plan_and_nobody_the_others(cloud: Cloud) -> None:
    """Nobody needs credentials that may write in both accounts."""
    assert cloud.xacct("plan", "-f", LINK, "-o", "plan.json").code == ExitCode.DONE
    first = cloud.xacct("apply", "plan.json", "--account", "data")
    assert first.code == ExitCode.DONE, first.err
    left = json.loads(cloud.xacct("plan", "-f", LINK, "--format", "json").out)
    assert {step["account"] for step in left["steps"]} == {"analytics"}
    then = cloud.xacct("apply", "plan.json", "--account", "analytics")
    assert then.code == ExitCode.DONE, then.err
    assert cloud.xacct("plan", "--detailed-exitcode", "-f", LINK).code == ExitCode.DONE


SHARED = f"""
version: 1
name: both
accounts:
  data: {{id: "{DATA}", profile: acct-b}}
  analytics: {{id: "{ANALYTICS}", profile: acct-a}}
roles:
  data/role/sealed: {{existing: true}}
buckets:
  data/bucket/sealed:
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: {{AWS: "arn:aws:iam::{ANALYTICS}:user/user01"}}
          Action: s3:GetObject
          Resource: arn:aws:s3:::sealed/public/*
links:
  - role: data/role/sealed
    trust: [analytics/user/user01]
    bucket: sealed
    access: [list, read]
    key: {{policy: true}}
"""
ADMIN = f"arn:aws:iam::{DATA}:user/admin"


def allow(principal: str, action: str, **more: str) -> dict[str, object]:
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, **more}


def text_of(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def shared(make_cloud: Callable[..., Cloud]) -> Cloud:
    """A role, a bucket of the same name and a key, all with documents of others."""
    made = make_cloud(DATA, ANALYTICS)
    made.furnish(made.write("xacct.yaml", SHARED))
    iam, kms, s3 = (made.world.client(service, DATA) for service in ("iam", "kms", "s3"))
    names = [one["RoleName"] for one in iam.list_roles()["Roles"]]
    if "sealed" in names:
        iam.delete_role(RoleName="sealed")
    iam.create_role(RoleName="sealed", AssumeRolePolicyDocument=text_of(allow(ADMIN, "sts:AssumeRole")))
    key = kms.create_key(Policy=text_of(allow(ADMIN, "kms:*", Resource="*")))["KeyMetadata"]["Arn"]
    rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    s3.put_bucket_encryption(
        Bucket="sealed",
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]},
    )
    bucket = allow(ADMIN, "s3:GetObject", Resource="arn:aws:s3:::sealed/*")
    s3.put_bucket_policy(Bucket="sealed", Policy=text_of(bucket))
    return made


def key_of(cloud: Cloud) -> str:
    found = cloud.world.client("s3", DATA).get_bucket_encryption(Bucket="sealed")
    (rule,) = found["ServerSideEncryptionConfiguration"]["Rules"]
    return str(rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"])


def documents(cloud: Cloud) -> dict[str, list[object]]:
    """The statements of others in the three documents."""
    iam, kms, s3 = (cloud.world.client(service, DATA) for service in ("iam", "kms", "s3"))
    key = key_of(cloud)
    found = {
        "trust": iam.get_role(RoleName="sealed")["Role"]["AssumeRolePolicyDocument"],
        "key": json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]),
        "bucket": json.loads(s3.get_bucket_policy(Bucket="sealed")["Policy"]),
    }
    return {
        name: [one for one in text["Statement"] if not one.get("Sid", "").startswith("Xacct")]
        for name, text in found.items()
    }


def test_documents_of_others_are_merged_even_where_role_and_bucket_have_one_name(
    shared: Cloud,
    clients: Path,  # noqa: F811
) -> None:
    before = documents(shared)
    assert shared.xacct("handover", "-o", "out").code == ExitCode.DONE
    ran = run(Path("out") / "data", "acct-b", clients)
    assert ran.returncode == 0, ran.stderr
    assert documents(shared) == before
    assert shared.xacct("plan", "--detailed-exitcode", "--account", "data").code == ExitCode.DONE
    first = (Path("out") / "data" / "manifest.yaml").read_text().splitlines()[0]
    assert first.startswith("# Only commands.sh has our statement on arn:aws:kms:us-east-1:")
    load_manifest([Path("out") / "data" / "manifest.yaml"])


@pytest.mark.parametrize("which", ["trust", "key", "bucket"])
def test_what_others_changed_meanwhile_is_not_written_over(
    which: str,
    shared: Cloud,
    clients: Path,  # noqa: F811
) -> None:
    assert shared.xacct("handover", "-o", "out").code == ExitCode.DONE
    iam, kms, s3 = (shared.world.client(service, DATA) for service in ("iam", "kms", "s3"))
    key = key_of(shared)
    late = f"arn:aws:iam::{ANALYTICS}:user/admin"
    match which:
        case "trust":
            both = text_of(allow(ADMIN, "sts:AssumeRole"), allow(late, "sts:AssumeRole"))
            iam.update_assume_role_policy(RoleName="sealed", PolicyDocument=both)
        case "key":
            both = text_of(allow(ADMIN, "kms:*", Resource="*"), allow(late, "kms:Decrypt", Resource="*"))
            kms.put_key_policy(KeyId=key, PolicyName="default", Policy=both)
        case _:
            other = allow(late, "s3:GetObject", Resource="arn:aws:s3:::sealed/*")
            s3.put_bucket_policy(Bucket="sealed", Policy=text_of(other))
    before = documents(shared)
    ran = run(Path("out") / "data", "acct-b", clients)
    assert ran.returncode == 1
    assert "has changed since: ask for new commands" in ran.stderr
    assert documents(shared) == before


def test_a_read_that_is_refused_is_no_sign_that_nothing_is_there(
    shared: Cloud,
    clients: Path,  # noqa: F811
) -> None:
    """Law 4: what could not be read is unknown, never absent; here in the commands too."""
    config = shared.config.read_text()
    shared.config.write_text(config.replace("[profile acct-", "[profile not-"))
    assert shared.xacct("handover", "-o", "out").code == ExitCode.DONE
    shared.config.write_text(config)
    before = documents(shared)
    deny = {"Effect": "Deny", "Action": ["s3:GetBucketPolicy", "iam:GetRole"], "Resource": "*"}
    iam = shared.world.client("iam", DATA)
    iam.put_user_policy(
        UserName="admin",
        PolicyName="blind",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    commands = Path("out") / "data" / "commands.sh"
    assert run(commands.parent, "acct-b", clients).returncode != 0
    lines = commands.read_text().splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("if found=$(aws s3api"))
    head = lines[: lines.index("", 1)]
    commands.write_text("\n".join([*head, *lines[at : at + 6], ""]))
    ran = run(commands.parent, "acct-b", clients)
    assert "put-bucket-policy" in commands.read_text()
    assert ran.returncode == 1
    assert "AccessDenied" in ran.stderr
    iam.delete_user_policy(UserName="admin", PolicyName="blind")
    assert documents(shared) == before
