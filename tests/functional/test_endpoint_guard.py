"""A trap at a wrong address: whatever the command, not one request reaches it (traps 67, 68).

The manifest says where the accounts are; profile, variable or region say otherwise. Every command ends with 6.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.aws.wire import Wire, refused
from xacct.cli import main

KEYS = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = hidden-secret\n"
MANIFEST = """version: 1
name: guarded
accounts:
  data: {id: "111122223333", profile: p-data, WHERE}
  apps: {id: "444455556666", profile: p-apps, WHERE}
users:
  apps/user/anna: {profile: p-anna}
links:
  - role: data/role/reader
    trust: [apps/user/anna]
    grant: [apps/user/anna]
    bucket: logs
    access: [list]
"""
READ = "data/bucket/logs/x"
COMMANDS = {
    "plan": ["plan"],
    "apply": ["apply", "--yes"],
    "verify": ["verify", "--wait", "0"],
    "drift": ["drift"],
    "destroy": ["destroy", "--yes"],
    "use": ["use", "reader"],
    "use with a command": ["use", "reader", "--", "true"],
    "explain": ["explain", "--on", "live", "apps/user/anna", "read", READ],
    "who-can": ["who-can", "--on", "live", "read", READ],
    "explain planned": ["explain", "--on", "planned", "apps/user/anna", "read", READ],
}
SOME = ("plan", "verify", "use with a command")
"""One that reads as the accounts, and two that act as their users."""


def pairs(all_of: str, *others: str) -> list[tuple[str, str]]:
    """Every command for one case, and some of them for the others."""
    return [(command, all_of) for command in COMMANDS] + [
        (command, one) for one in others for command in SOME
    ]


PROFILES = ("p-data", "p-apps", "p-anna")


@pytest.fixture
def trap() -> Iterator[Wire]:
    with Wire(lambda seen: refused("AccessDenied", 403)) as wire:
        yield wire


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, where: str, lines: str, sections: str = "") -> None:
    (folder / "xacct.yaml").write_text(MANIFEST.replace("WHERE", where))
    blocks = [f"[profile {name}]\n{KEYS}{lines}" for name in PROFILES]
    (folder / "config").write_text("\n".join(blocks) + sections)


def ends(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main(words)
    said = capsys.readouterr()
    assert ended.value.code == 6, said.out + said.err
    assert "hidden-secret" not in said.out + said.err
    assert "nothing was sent" in said.err
    return said.err


ELSEWHERE = "http://127.0.0.1:9"


def section(url: str) -> str:
    return "[services s]\n" + "".join(f"{one} =\n  endpoint_url = {url}\n" for one in ("iam", "sts", "s3"))


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "way", ["profile", "one service", "services section", "variable", "variable beats section"]
)
def test_a_declared_endpoint_is_the_only_one(
    command: str,
    way: str,
    trap: Wire,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    where, lines, sections = f'endpoint: "{ELSEWHERE}"', f"endpoint_url = {trap.url}\n", ""
    match way:
        case "one service":
            lines = f"endpoint_url = {ELSEWHERE}\nservices = s\n"
            sections = f"[services s]\nsts =\n  endpoint_url = {trap.url}\n"
        case "services section":
            lines = "services = s\n"
            sections = "[services s]\n" + "".join(
                f"{one} =\n  endpoint_url = {trap.url}\n" for one in ("iam", "sts", "s3")
            )
        case "variable":
            lines = ""
            monkeypatch.setenv("AWS_ENDPOINT_URL", trap.url)
        case "variable beats section":
            lines = "services = s\n"
            sections = "[services s]\n" + "".join(
                f"{one} =\n  endpoint_url = {ELSEWHERE}\n" for one in ("iam", "sts", "s3")
            )
            monkeypatch.setenv("AWS_ENDPOINT_URL", trap.url)
    write(folder, where, lines, sections)
    assert "but requests would go to" in ends(COMMANDS[command], capsys)
    assert trap.seen == []


@pytest.mark.parametrize("command", SOME)
def test_a_variable_does_not_silently_take_the_place_of_what_the_profiles_say(
    command: str,
    trap: Wire,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", trap.url)
    write(folder, "region: eucalyptus", f"endpoint_url = {ELSEWHERE}\n")
    assert "AWS_ENDPOINT_URL_S3" in ends(COMMANDS[command], capsys)
    assert trap.seen == []


@pytest.fixture
def nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The public cloud cannot be trapped; no name of it may even be looked up, nor any address connected to."""
    asked: list[object] = []

    def hook(event: str, given: tuple[object, ...]) -> None:
        if watching and event in ("socket.getaddrinfo", "socket.connect"):
            asked.append(given)

    watching = [True]
    sys.addaudithook(hook)
    yield asked
    watching.clear()


PRIVATE = {
    "eucalyptus": ("platform: eucalyptus", ""),
    "ceph": ("platform: ceph", "region = us-east-1\n"),
    "only a region": ("region: eucalyptus", ""),
    "endpoint": (f'endpoint: "{ELSEWHERE}"', ""),
}


@pytest.mark.parametrize(("command", "case"), pairs("eucalyptus", "ceph", "only a region", "endpoint"))
def test_a_private_account_never_ends_at_the_public_cloud(
    command: str,
    case: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    nobody_is_asked: list[object],
) -> None:
    write(folder, *PRIVATE[case])
    if case == "ceph":
        path = folder / "xacct.yaml"
        text = path.read_text().replace("111122223333", "RGW11111111111111111")
        path.write_text(text.replace("444455556666", "RGW22222222222222222"))
    ends(COMMANDS[command], capsys)
    assert nobody_is_asked == []


@pytest.mark.parametrize("command", SOME)
def test_one_forgotten_profile_beside_private_ones_asks_nobody(
    command: str, trap: Wire, folder: Path, capsys: pytest.CaptureFixture[str], nobody_is_asked: list[object]
) -> None:
    """Nothing is declared; anna's profile has no endpoint, and verify and use would go to the public cloud with it."""
    write(folder, "region: us-east-1", f"endpoint_url = {trap.url}\n")
    text = (folder / "config").read_text()
    forgotten = "p-anna" if command.startswith(("use", "verify")) else "p-apps"
    head, _, tail = text.partition(f"[profile {forgotten}]\n")
    (folder / "config").write_text(
        head + f"[profile {forgotten}]\n" + tail.replace(f"endpoint_url = {trap.url}\n", "", 1)
    )
    ends(COMMANDS[command], capsys)
    assert nobody_is_asked == []
    assert trap.seen == []


def test_the_trap_would_have_been_seen(trap: Wire, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same commands without the declaration do reach it."""
    write(folder, "region: us-east-1", f"endpoint_url = {trap.url}\n")
    for words in (["plan"], ["verify", "--wait", "0"], ["use", "reader", "--", "true"]):
        before = len(trap.seen)
        with pytest.raises(SystemExit):
            main(words)
        assert len(trap.seen) > before, words
    capsys.readouterr()


@pytest.mark.parametrize("words", [["plan"], ["plan", "--no-input"], ["drift", "--no-input"]])
def test_the_code_of_a_second_factor_is_not_asked_where_nobody_is(
    words: list[str], trap: Wire, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody is asked, nothing is sent, and the account is a gap with what to do about it."""
    write(folder, "region: us-east-1", f"endpoint_url = {trap.url}\n")
    role = f"role_arn = arn:aws:iam::111122223333:role/x\nmfa_serial = m\nendpoint_url = {trap.url}\n"
    blocks = [f"[profile {name}]\n{role}source_profile = keys\n" for name in PROFILES]
    (folder / "config").write_text("\n".join([f"[profile keys]\n{KEYS}", *blocks]))
    with pytest.raises(SystemExit) as ended:
        main(words)
    said = capsys.readouterr()
    assert ended.value.code == 7, said.err
    assert "a second factor, and there is nobody to ask for its code" in said.out
    assert trap.seen == []
