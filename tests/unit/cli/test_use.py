"""What ``use`` prints, and how it runs a program in its place."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from xacct.aws.assume import session_environment
from xacct.aws.session import Temporary
from xacct.cli import main
from xacct.cli.child import run_child
from xacct.errors import BadUsage

MANIFEST = """\
version: 1
name: m
accounts:
  data: {id: "111122223333", profile: p-data}
  apps: {id: "444455556666", profile: p-apps}
users:
  apps/user/anna: {profile: p-anna}
links:
  - name: logs
    role: data/role/reader
    trust: [apps/user/anna, apps/user/bob]
    grant: [apps/user/anna, apps/user/bob]
    bucket: logs
    prefixes: [in/]
    access: [list, read]
    external_id: right-id
    session: 2h
  - name: factor
    role: data/role/factor
    trust: [apps/user/ops/anna, apps/user/anna]
    grant: [apps/user/anna]
    bucket: logs
    access: [list]
    mfa: true
"""
CONFIG = """\
[profile p-anna]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = not-a-secret
region = eu-central-1
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    (tmp_path / "xacct.yaml").write_text(MANIFEST)
    (tmp_path / "config").write_text(CONFIG)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def use(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["use", *words])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_the_profile_block_has_everything_that_the_hop_needs(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = use(capsys, "logs")
    assert code == 0
    lines = [line.strip() for line in out.splitlines()]
    assert "Role: arn:aws:iam::111122223333:role/reader" in lines
    start = lines.index("[profile logs]")
    assert lines[start + 1 : start + 5] == [
        "role_arn = arn:aws:iam::111122223333:role/reader",
        "source_profile = p-anna",
        "duration_seconds = 7200",
        "external_id = right-id",
    ]
    assert "aws --profile logs s3 ls s3://logs/in/" in lines


def test_the_advice_holds_no_secret_and_keeps_keys_out_of_arguments(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, out, _ = use(capsys, "logs")
    assert "not-a-secret" not in out
    (line,) = [line.strip() for line in out.splitlines() if "s3cmd --" in line]
    assert "_key=" not in line
    assert line.endswith(" ls s3://logs/in/")
    assert "--host" not in line
    assert line.startswith("xacct use logs -- s3cmd ")


def test_the_advice_names_a_manifest_that_is_not_the_usual_one(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "xacct.yaml").rename(folder / "the other.yaml")
    _, out, _ = use(capsys, "-f", "the other.yaml", "logs")
    assert "xacct use -f 'the other.yaml' logs -- s3cmd " in out


def test_at_a_private_cloud_the_block_says_where_it_is(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "config").write_text(CONFIG + "endpoint_url = http://127.0.0.1:5000\n")
    _, out, _ = use(capsys, "logs")
    assert "    region = eu-central-1\n    endpoint_url = http://127.0.0.1:5000\n" in out
    assert "--no-ssl --host=127.0.0.1:5000 --host-bucket=127.0.0.1:5000 ls" in out


def test_services_at_addresses_of_their_own_become_a_section(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    services = [f"{one} =\n    endpoint_url = http://{one}.cloud:8773" for one in ("iam", "sts", "s3")]
    (folder / "config").write_text(f"{CONFIG}services = own\n[services own]\n" + "\n".join(services) + "\n")
    _, out, _ = use(capsys, "logs")
    assert "services = logs" in out
    assert "    [services logs]\n    iam =\n        endpoint_url = http://iam.cloud:8773\n" in out


def test_the_device_of_a_second_factor_is_hinted_at(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = use(capsys, "factor", "--as", "arn:aws:iam::444455556666:user/ops/anna")
    assert "mfa_serial = arn:aws:iam::444455556666:mfa/anna" in out
    assert "source_profile = YOUR-PROFILE" in out


WRONG = {
    "unknown link": (["else"], 'no link "else"'),
    "unknown principal": (["logs", "--as", "eve"], "eve"),
    "nobody's profile": (["logs", "--as", "bob", "--", "true"], "no profile"),
    "second factor without a device": (["factor", "--as", "user/anna", "--", "true"], "second factor"),
    "second factor without a terminal": (
        ["factor", "--as", "p-anna", "--mfa-serial", "x", "--", "true"],
        "terminal",
    ),
    "session too short": (["logs", "--session", "10"], "900"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage_is_64_and_sends_nothing(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    words, text = WRONG[case]
    if case == "second factor without a device":
        words = ["factor", "--as", "p-anna", "--", "true"]
    code, _, err = use(capsys, *words)
    assert (code, text in err) == (64, True), err


def test_the_session_wins_over_whatever_the_environment_says_of_credentials() -> None:
    outer = {
        "PATH": "/bin",
        "AWS_PROFILE": "other",
        "AWS_SECURITY_TOKEN": "old",
        "AWS_ROLE_ARN": "arn:aws:iam::1:role/x",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/x",
        "AWS_ACCESS_KEY_ID": "old",
        "AWS_REGION": "us-west-2",
    }
    keys = Temporary(access_key_id="new-id", secret_access_key="new-secret", session_token="new-token")
    inner = session_environment(outer, keys, endpoints={}, private=False, profile="p-anna", region="")
    assert {name: value for name, value in inner.items() if name != "PATH"} == {
        "AWS_ACCESS_KEY_ID": "new-id",
        "AWS_SECRET_ACCESS_KEY": "new-secret",
        "AWS_SESSION_TOKEN": "new-token",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    assert "new-secret" not in repr(keys)


def test_at_a_private_cloud_the_session_goes_to_the_same_endpoints() -> None:
    keys = Temporary(access_key_id="i", secret_access_key="s", session_token="t")
    urls = {"iam": "http://iam", "sts": "http://sts", "s3": "http://s3"}
    inner = session_environment({}, keys, endpoints=urls, private=True, profile="nowhere", region="")
    assert inner["AWS_ENDPOINT_URL_S3"] == "http://s3"
    assert inner["AWS_ENDPOINT_URL_STS"] == "http://sts"
    assert inner["AWS_ENDPOINT_URL_IAM"] == "http://iam"
    assert inner["AWS_REGION"] == "us-east-1"
    assert inner["AWS_REQUEST_CHECKSUM_CALCULATION"] == "when_required"


# ---- the program in our place


def test_the_exit_code_is_the_programs() -> None:
    assert run_child([sys.executable, "-c", "raise SystemExit(42)"], os.environ) == 42


def test_a_program_that_a_signal_ended_gives_128_and_the_signal() -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run_child([sys.executable, "-c", code], os.environ) == 128 + signal.SIGKILL


def test_the_program_has_this_environment_and_no_other(folder: Path) -> None:
    code = f"import json, os; json.dump(dict(os.environ), open({str(folder / 'seen')!r}, 'w'))"
    run_child([sys.executable, "-S", "-c", code], {"ONLY": "this"})
    seen = json.loads((folder / "seen").read_text())
    assert seen.pop("ONLY") == "this"
    assert not [name for name in seen if name.startswith("AWS")]


def test_a_program_that_does_not_exist_or_cannot_be_run_is_wrong_usage(folder: Path) -> None:
    for word in ("no-such-program-anywhere", str(folder / "config")):
        with pytest.raises(BadUsage):
            run_child([word], os.environ)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda one: one.name)
def test_a_signal_goes_to_the_program_and_its_exit_code_stays_ours(number: signal.Signals) -> None:
    inner = (
        "import signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(7))\n"
        "print('ready', flush=True)\n"
        "time.sleep(20)\n"
    )
    outer = (
        "import os, sys\nfrom xacct.cli.child import run_child\n"
        f"sys.exit(run_child([sys.executable, '-c', {inner!r}], os.environ))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", outer], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.1)
        process.send_signal(number)
        assert process.wait(timeout=10) == 7


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    run_child(["true"], os.environ)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
