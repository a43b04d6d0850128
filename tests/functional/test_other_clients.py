"""The page's scenario against the sandbox in a second process, with the installed command and other clients."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients import installed
from tests.functional.conftest import MANIFESTS
from xacct.manifest.loading.load import load_manifest
from xacct.sandbox.world import Extra, Key, World

pytestmark = pytest.mark.slow

DATA, ANALYTICS = "325271821652", "290122656840"
BUCKET = "mongodb-snapshots"
BACKUPS = ("mongodb-backup-monday.img.xz", "mongodb-backup-tuesday.img.xz")
ROLE = "cross-bucket-access-mongodb-logs"
ROLE_ARN = f"arn:aws:iam::{DATA}:role/{ROLE}"
ROOT = Path(__file__).parents[2]
XACCT = Path(sys.executable).with_name("xacct")


@pytest.fixture(scope="module")
def clients() -> Path:
    """The folder with ``aws`` and ``s3cmd``."""
    return installed()


@dataclass(frozen=True, slots=True)
class Cloud:
    """A sandbox in a second process, and a folder with the profiles for it."""

    endpoint: str
    folder: Path
    environment: Mapping[str, str]

    def run(self, *words: str | Path, code: int = 0, **more: str) -> str:
        """What a command printed, when it ended with this code."""
        done = subprocess.run(
            [str(word) for word in words],
            cwd=self.folder,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {
        **own,
        "AWS_CONFIG_FILE": str(tmp_path / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(tmp_path),
        "NO_COLOR": "1",
    }
    command = [XACCT, "sandbox", "--port", "0", "--accounts", f"{DATA},{ANALYTICS}", "--format", "json"]
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        keys = {
            account: Key(found["access_key_id"], found["secret_access_key"])
            for account, found in ready["accounts"].items()
        }
        world = World(ready["endpoint"], keys)
        world.furnish(load_manifest([MANIFESTS / "seed-plain" / "xacct.yaml"]), {BUCKET: BACKUPS})
        world.add(Extra(ANALYTICS, "no-grant", "no-grant"))
        world.add(Extra(ANALYTICS, "no-trust", "no-trust", groups=("Testers",)))
        world.write_config(tmp_path / "aws-config")
        yield Cloud(ready["endpoint"], tmp_path, environment)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 143
        if process.stdout is not None:
            process.stdout.close()


def test_the_page_from_plan_to_destroy_with_the_installed_command(cloud: Cloud) -> None:
    words = ("-f", MANIFESTS / "seed-plain" / "xacct.yaml")
    assert "3 to create" in cloud.run(XACCT, "plan", *words)
    assert "3 of 3 steps done" in cloud.run(XACCT, "apply", "--yes", *words)
    verified = cloud.run(XACCT, "verify", *words)
    assert [f"\t{name}" for name in BACKUPS] == [
        line for line in verified.splitlines() if line.startswith("\t")
    ]
    assert "No differences" in cloud.run(XACCT, "plan", "--detailed-exitcode", *words)
    # The other form of the same page finds nothing to do.
    assert "No differences" in cloud.run(
        XACCT, "plan", "--detailed-exitcode", "-f", MANIFESTS / "seed-link.yaml"
    )
    assert "3 of 3 steps done" in cloud.run(XACCT, "destroy", "--yes", *words)
    assert "3 to create" in cloud.run(XACCT, "plan", *words)


def test_aws_cli_and_s3cmd_list_the_bucket_with_what_assume_role_gave(cloud: Cloud, clients: Path) -> None:
    manifest = ("-f", MANIFESTS / "seed-plain" / "xacct.yaml")
    cloud.run(XACCT, "apply", "--yes", *manifest)
    given = json.loads(
        cloud.run(
            clients / "aws",
            "--profile",
            "acct-a-user01",
            "sts",
            "assume-role",
            "--role-arn",
            ROLE_ARN,
            "--role-session-name",
            "AcctAUser01MongoDBBucketAccess",
        )
    )["Credentials"]
    session = {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_REGION": "us-east-1",
    }
    listed = cloud.run(clients / "aws", "s3", "ls", f"s3://{BUCKET}", **session)
    assert [line.split()[-1] for line in listed.splitlines()] == list(BACKUPS)

    host = cloud.endpoint.removeprefix("http://")
    s3cmd = (
        clients / "s3cmd",
        f"--access_key={given['AccessKeyId']}",
        f"--secret_key={given['SecretAccessKey']}",
        f"--access_token={given['SessionToken']}",
        f"--host={host}",
        f"--host-bucket={host}",
        "--no-ssl",
        "--region=us-east-1",
    )
    listed = cloud.run(*s3cmd, "ls", f"s3://{BUCKET}")
    found = [line.rpartition("/")[2] for line in listed.splitlines() if "s3://" in line]
    assert found == list(BACKUPS)
    # Through the role and not beyond it.
    cloud.run(*s3cmd, "mb", "s3://another-bucket", code=77)


def test_use_runs_a_command_with_the_session(cloud: Cloud, clients: Path) -> None:
    manifest = ("-f", MANIFESTS / "seed-link.yaml")
    cloud.run(XACCT, "apply", "--yes", *manifest)
    listed = cloud.run(XACCT, "use", *manifest, ROLE, "--", clients / "aws", "s3", "ls", f"s3://{BUCKET}")
    assert [line.split()[-1] for line in listed.splitlines()] == list(BACKUPS)
    cloud.run(XACCT, "use", *manifest, ROLE, "--", "sh", "-c", "exit 9", code=9)


def test_what_use_prints_works_with_the_aws_cli_boto3_and_s3cmd_as_it_stands(
    cloud: Cloud, clients: Path
) -> None:
    text = (MANIFESTS / "seed-link.yaml").read_text()
    (cloud.folder / "xacct.yaml").write_text(f"{text}    external_id: right-7f2c\n")
    cloud.run(XACCT, "apply", "--yes")
    printed = cloud.run(XACCT, "use", ROLE)
    lines = [line.removeprefix("    ") for line in printed.splitlines() if line.startswith("    ")]
    start = lines.index(f"[profile {ROLE}]")
    end = next(number for number, line in enumerate(lines) if line.startswith("aws --profile"))
    with (cloud.folder / "aws-config").open("a") as config:
        config.write("\n" + "\n".join(lines[start:end]) + "\n")
    path = f"{XACCT.parent}:{clients}:{os.environ['PATH']}"
    (aws,) = [line for line in lines if line.startswith("aws --profile")]
    listed = cloud.run("sh", "-c", aws, PATH=path)
    assert [line.split()[-1] for line in listed.splitlines()] == list(BACKUPS)
    (s3cmd,) = [line for line in lines if " -- s3cmd " in line]
    listed = cloud.run("sh", "-c", s3cmd, PATH=path)
    assert [line.rpartition("/")[2] for line in listed.splitlines() if "s3://" in line] == list(BACKUPS)
    code = (
        f"import boto3\ns = boto3.Session(profile_name='{ROLE}')\n"
        "print(s.client('sts').get_caller_identity()['Arn'])\n"
        f"print(*[o['Key'] for o in s.client('s3').list_objects_v2(Bucket='{BUCKET}')['Contents']])\n"
    )
    arn, keys = cloud.run(sys.executable, "-c", code).splitlines()
    assert arn.startswith(f"arn:aws:sts::{DATA}:assumed-role/{ROLE}/")
    assert keys.split() == list(BACKUPS)


def test_an_imported_s3cfg_is_a_profile_that_every_tool_can_use(cloud: Cloud, clients: Path) -> None:
    config = (cloud.folder / "aws-config").read_text()
    block = config[config.index("[profile acct-b]") :]
    key, secret = (
        next(line.partition(" = ")[2] for line in block.splitlines() if line.startswith(f"{name} = "))
        for name in ("aws_access_key_id", "aws_secret_access_key")
    )
    host = cloud.endpoint.removeprefix("http://")
    s3cfg = cloud.folder / "s3cfg"
    s3cfg.write_text(
        f"[default]\naccess_key = {key}\nsecret_key = {secret}\nhost_base = {host}\nhost_bucket = {host}\n"
        "use_https = False\n"
    )
    words = [f"--endpoint={service}={cloud.endpoint}" for service in ("iam", "sts")]
    told = cloud.run(XACCT, "config", "import", "--s3cfg", s3cfg, "--profile", "objects", *words)
    assert secret not in told
    listed = cloud.run(clients / "aws", "--profile", "objects", "s3", "ls", f"s3://{BUCKET}")
    assert [line.split()[-1] for line in listed.splitlines()] == list(BACKUPS)
    assert DATA in cloud.run(clients / "aws", "--profile", "objects", "sts", "get-caller-identity")
    manifest = (MANIFESTS / "seed-link.yaml").read_text().replace("profile: acct-b}", "profile: objects}")
    (cloud.folder / "xacct.yaml").write_text(manifest)
    assert "data         325271821652 on the sandbox at http://" in cloud.run(XACCT, "plan")


def test_who_lacks_one_side_is_refused_by_the_sandbox(cloud: Cloud, clients: Path) -> None:
    cloud.run(XACCT, "apply", "--yes", "-f", MANIFESTS / "seed-plain" / "xacct.yaml")
    text = (MANIFESTS / "seed-link.yaml").read_text()
    trusting = text.replace(
        "trust: [analytics/user/user01]", "trust: [analytics/user/user01, analytics/user/no-grant]"
    )
    (cloud.folder / "xacct.yaml").write_text(trusting)
    cloud.run(XACCT, "apply", "--yes")
    assume = ("sts", "assume-role", "--role-arn", ROLE_ARN, "--role-session-name", "check")
    cloud.run(clients / "aws", "--profile", "acct-a-user01", *assume)
    no_grant = cloud.run(clients / "aws", "--profile", "no-grant", *assume, code=255)
    assert "AccessDenied" in no_grant
    assert "no identity-based policy allows the sts:AssumeRole action" in no_grant
    no_trust = cloud.run(clients / "aws", "--profile", "no-trust", *assume, code=255)
    assert "AccessDenied" in no_trust
    assert "no resource-based policy allows the sts:AssumeRole action" in no_trust


def test_a_wrong_external_id_is_refused_by_the_sandbox(cloud: Cloud, clients: Path) -> None:
    text = (MANIFESTS / "seed-link.yaml").read_text()
    (cloud.folder / "xacct.yaml").write_text(f"{text}    external_id: right-7f2c\n")
    cloud.run(XACCT, "apply", "--yes")
    assume = (
        clients / "aws",
        "--profile",
        "acct-a-user01",
        "sts",
        "assume-role",
        "--role-arn",
        ROLE_ARN,
        "--role-session-name",
        "check",
    )
    cloud.run(*assume, "--external-id", "right-7f2c")
    assert "AccessDenied" in cloud.run(*assume, "--external-id", "wrong", code=255)
    assert "AccessDenied" in cloud.run(*assume, code=255)
    assert "without the external id" in cloud.run(XACCT, "verify")


def test_the_readme_can_be_typed_in_as_it_stands(tmp_path: Path, clients: Path) -> None:
    found = re.search(r"<!-- try -->\n```bash\n(.*?)```\n", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = found.group(1).replace("5000", str(port))
    (tmp_path / "manifests").symlink_to(ROOT / "manifests")
    (tmp_path / "schemas").symlink_to(ROOT / "schemas")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(XACCT.parent)
    # One of an earlier try, whose keys are good for nothing now.
    (tmp_path / "aws-config").write_text("# Written by xacct sandbox\n[profile acct-b]\nregion = us-east-1\n")
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", f"trap 'kill %1; wait %1 || true' EXIT\n{script}"],
        cwd=tmp_path,
        env={**own, "PATH": f"{clients}:{own['PATH']}", "HOME": str(tmp_path), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 of 3 steps done" in done.stderr
    assert "TOO WIDE" not in done.stdout
