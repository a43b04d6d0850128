"""The embedded cloud as a thing: started, counted, one at a time, remembered over restarts and kills."""

from __future__ import annotations

import json
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.functional.sandbox.people import Keys, People, allow, refusal, trust
from xacct.errors import BadUsage, Refused
from xacct.sandbox.answer import Answer
from xacct.sandbox.cloud import Sandbox
from xacct.sandbox.request import Operation

A, B = People.ANALYTICS, People.DATA


def test_nothing_was_asked_of_a_new_sandbox() -> None:
    with Sandbox((A,)) as sandbox:
        assert sandbox.requests == ()


def test_every_request_is_counted_also_a_refused_one(people: People) -> None:
    people.admin(A, "iam").list_users()
    refusal(people.client("s3", Keys("AKIAUNKNOWNUNKNOWN77", "x")).list_buckets)
    seen = [
        (one.service, one.operation, one.account, one.status, one.code) for one in people.sandbox.requests
    ]
    assert seen == [("iam", "ListUsers", A, 200, ""), ("s3", "", "", 403, "InvalidAccessKeyId")]


def test_a_second_sandbox_in_a_process_is_refused_while_the_first_is_open() -> None:
    with Sandbox((A,)), pytest.raises(BadUsage), Sandbox((B,)):
        pass
    with Sandbox((B,)):
        pass


def test_a_sandbox_begins_empty() -> None:
    with Sandbox((A, B)) as sandbox:
        People(sandbox).bucket()
        People(sandbox).user(A, "anna")
    with Sandbox((A, B)) as sandbox:
        assert People(sandbox).admin(B, "s3").list_buckets()["Buckets"] == []
        users = People(sandbox).admin(A, "iam").list_users()["Users"]
        assert [user["UserName"] for user in users] == ["admin"]


@pytest.mark.parametrize(
    "accounts", [(), ("12",), ("11112222333x",), (A, A), (f"x={A}", f"x={B}"), ("x/y=1",)]
)
def test_accounts_that_make_no_sense_are_refused(accounts: tuple[str, ...]) -> None:
    with pytest.raises(BadUsage):
        Sandbox(accounts)


def test_a_port_that_is_taken_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BadUsage, match="port"), Sandbox((A,), port=taken.getsockname()[1]):
            pass


def test_it_listens_on_the_loopback_address_only(people: People) -> None:
    assert people.sandbox.endpoint.startswith("http://127.0.0.1:")
    port = int(people.sandbox.endpoint.rpartition(":")[2])
    listening = {
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and int(line.split()[1].rpartition(":")[2], 16) == port
    }
    assert listening == {f"0100007F:{port:04X}"}


def test_many_threads_at_once_lose_nothing(people: People) -> None:
    iam = people.admin(A, "iam")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: iam.create_user(UserName=f"user{number:03}"), range(80)))
    names = [user["UserName"] for user in iam.list_users(MaxItems=1000)["Users"]]
    assert sorted(names) == ["admin", *(f"user{number:03}" for number in range(80))]


def test_the_administrator_is_a_user_that_may_everything(people: People) -> None:
    told = people.admin(A, "sts").get_caller_identity()
    assert told["Arn"] == f"arn:aws:iam::{A}:user/admin"
    assert told["UserId"].startswith("AIDA")
    assert people.admin(A, "iam").list_user_policies(UserName="admin")["PolicyNames"] == [
        "AdministratorAccess"
    ]


def test_a_hook_can_answer_in_the_stores_place(people: People) -> None:
    def throttled(operation: Operation) -> Answer | None:
        return Answer(status=503) if operation.name == "ListRoles" else None

    people.sandbox.hooks.before = throttled
    assert refusal(people.admin(A, "iam").list_roles).status == 503
    people.admin(A, "iam").list_users()


def test_profiles_work_with_nothing_but_the_config_file(
    people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    people.sandbox.aws_config(config)
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    for name, account in (("data", B), ("analytics", A)):
        session = boto3.Session(profile_name=name)
        assert session.client("sts").get_caller_identity()["Account"] == account
        session.client("s3").create_bucket(Bucket=f"bucket-of-{name}")
        session.client("s3").put_object(Bucket=f"bucket-of-{name}", Key="a", Body=b"x")


# --- the state file -----------------------------------------------------------------------------------


def furnish(sandbox: Sandbox) -> tuple[Keys, str]:
    people = People(sandbox)
    people.bucket()
    admin = f"arn:aws:iam::{B}:user/admin"
    role = people.role("reader", trust({"AWS": admin}), allow("s3:*", "*"), Tags=[{"Key": "k", "Value": "v"}])
    return people.assume(people.keys_of_admin(B), role), role


def test_everything_is_there_after_a_restart_sessions_too(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Sandbox((f"data={B}", A), state=state) as sandbox:
        session, _ = furnish(sandbox)
        credentials = sandbox.credentials
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    with Sandbox((A,), state=state) as sandbox:
        people = People(sandbox)
        assert sandbox.credentials == credentials
        assert sandbox.names == {B: "data", A: f"account-{A}"}
        s3 = people.client("s3", session)
        assert s3.get_object(Bucket="mongodb-snapshots", Key="a.img.xz")["Body"].read() == b"backup"
        role = people.admin(B, "iam").get_role(RoleName="reader")["Role"]
        assert role["Tags"] == [{"Key": "k", "Value": "v"}]
        people.admin(B, "s3").create_bucket(Bucket="mongodb-snapshots")
        assert s3.head_object(Bucket="mongodb-snapshots", Key="a.img.xz")["ContentLength"] == 6
        told = refusal(people.admin(A, "s3").create_bucket, Bucket="mongodb-snapshots")
        assert told.code == "BucketAlreadyExists"


def test_what_another_account_wrote_into_a_bucket_is_remembered_too(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Sandbox((A, B), state=state) as sandbox:
        people = People(sandbox)
        bucket = people.bucket()
        lets_in = allow("s3:*", [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"])
        lets_in["Statement"][0]["Principal"] = {"AWS": A}
        people.admin(B, "s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(lets_in))
        people.admin(A, "s3").put_object(Bucket=bucket, Key="theirs", Body=b"x")
    with Sandbox((A, B), state=state) as sandbox:
        found = People(sandbox).admin(B, "s3").list_objects_v2(Bucket=bucket)["Contents"]
        assert [item["Key"] for item in found] == ["a.img.xz", "theirs"]


def test_a_state_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Sandbox((A,), state=state):
        pass
    for mode in (0o640, 0o604, 0o660, 0o602):
        state.chmod(mode)
        with pytest.raises(Refused), Sandbox((A,), state=state):
            pass
    state.chmod(0o600)
    with Sandbox((A,), state=state):
        pass


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    state, link = tmp_path / "state", tmp_path / "link"
    with Sandbox((A,), state=state):
        pass
    link.symlink_to(state)
    with pytest.raises(Refused), Sandbox((A,), state=link):
        pass


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"not JSON\n",
        b"[]\n",
        b'{"xacct-sandbox-state": 1, "moto": "5.0.0"}\n',
        b'{"xacct-sandbox-state": 0}\n',
    ],
)
def test_a_file_of_another_kind_or_version_is_refused_before_it_is_unpickled(
    tmp_path: Path, line: bytes
) -> None:
    evil = b"cposix\nsystem\n(S'touch " + bytes(tmp_path / "ran") + b"'\ntR."
    state = tmp_path / "state"
    state.touch(mode=0o600)
    state.write_bytes(line + evil)
    with pytest.raises(Refused), Sandbox((A,), state=state):
        pass
    assert not (tmp_path / "ran").exists()


def test_a_state_file_in_use_is_refused(tmp_path: Path, serving: Serving) -> None:
    state = tmp_path / "state"
    with (
        serving("--state", str(state)),
        pytest.raises(Refused, match="another process"),
        Sandbox((A,), state=state),
    ):
        pass


# --- the command --------------------------------------------------------------------------------------


class Process:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.ready = json.loads(process.stdout.readline())

    def client(self, account: str, service: str) -> Any:
        keys = self.ready["accounts"][account]
        return boto3.client(
            service,
            endpoint_url=self.ready["endpoint"],
            region_name="us-east-1",
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
        )

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=20)


class Serving:
    """``xacct sandbox`` as a process of its own, ended by its pid."""

    @contextmanager
    def __call__(self, *options: str) -> Iterator[Process]:
        command = [
            sys.executable,
            "-m",
            "xacct",
            "sandbox",
            "--accounts",
            f"{A},{B}",
            "--format",
            "json",
            *options,
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            yield Process(process)
        finally:
            process.kill()
            process.wait(timeout=20)
            assert process.stdout is not None
            process.stdout.close()


@pytest.fixture
def serving() -> Serving:
    return Serving()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_the_command_says_when_it_is_ready_and_ends_on_a_signal(
    serving: Serving, number: int, code: int
) -> None:
    with serving() as process:
        assert set(process.ready) == {"endpoint", "accounts"}
        assert set(process.ready["accounts"]) == {A, B}
        assert process.client(A, "sts").get_caller_identity()["Account"] == A
        assert process.end(number) == code


def test_a_kill_loses_nothing_that_was_answered(serving: Serving, tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state"))
    with serving(*state) as process:
        iam = process.client(A, "iam")
        for number in range(20):
            iam.create_user(UserName=f"user{number}")
        assert process.end(signal.SIGKILL) == -signal.SIGKILL
    with serving(*state) as process:
        names = {user["UserName"] for user in process.client(A, "iam").list_users()["Users"]}
        assert names == {"admin", *(f"user{number}" for number in range(20))}


def test_the_command_writes_profiles(serving: Serving, tmp_path: Path) -> None:
    config = tmp_path / "config"
    with serving("--aws-config", str(config)):
        text = config.read_text()
    assert f"[profile account-{A}]" in text
    assert stat.S_IMODE(config.stat().st_mode) == 0o600


def test_it_is_ready_in_a_second_and_a_half(serving: Serving) -> None:
    """The import of moto included, an interpreter's start too; twice the time on a busy machine."""
    began = time.monotonic()
    with serving():
        assert time.monotonic() - began < 3.0
