"""``xacct demo``: the whole story on the embedded cloud, told by the installed command itself."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import click

from xacct.errors import ExitCode, XacctError

MANIFEST = "seed-link.yaml"
LINK = "cross-bucket-access-mongodb-logs"


@click.command(name="demo")
@click.option("--keep", metavar="DIR", help="Run in this folder and leave it there, to look around in.")
def command(keep: str | None) -> None:
    """Run the whole story on the embedded cloud: two accounts, one link, a stranger, a slip, its repair.

    Starts ``xacct sandbox`` as a second process on a free port of the loopback, makes the bucket and the
    users there over HTTP, and then runs the same commands that work on any cloud. Nothing outside a
    temporary folder is written. Needs the extra ``sandbox``.
    """
    with _folder(keep) as folder, _cloud(folder) as cloud:
        _Story(folder, cloud).tell()


class _Story:
    """The demo's commands, each shown as typed and checked for the exit code the story needs."""

    def __init__(self, folder: Path, cloud: dict[str, object]) -> None:
        from xacct.manifest.loading.load import load_manifest
        from xacct.sandbox import story
        from xacct.sandbox.world import Key, World

        accounts = cloud["accounts"]
        assert isinstance(accounts, dict)
        keys = {name: Key(key["access_key_id"], key["secret_access_key"]) for name, key in accounts.items()}
        self.folder = folder
        self.manifest = load_manifest([folder / "xacct.yaml"])
        self.world = World(str(cloud["endpoint"]), keys)
        self.slip = story.slip
        story.furnish(self.world, self.manifest, folder / "aws-config")

    def tell(self) -> None:
        """The story, in order."""
        self._say("One manifest: who in account A may reach which bucket of account B, through which role.")
        click.echo(_indented((self.folder / "xacct.yaml").read_text()))
        self._run("What would change? Nothing is written yet.", "plan")
        self._run("Apply it: account B, which owns the data, goes first.", "apply --yes")
        self._run("Does it work? Really assume the role and try; and see that a stranger cannot.", "verify")
        self._run(
            "The stranger, by hand.", f"use {LINK} --profile acct-a-mallory -- true", expect=ExitCode.ERROR
        )
        self._run("A second plan is empty.", "plan --detailed-exitcode")
        self._say("Someone widens the trust by hand:")
        click.echo(f"$ {self.slip(self.world, self.manifest)}\n")
        self._run("Drift is found; the exit code is 2.", "drift", expect=ExitCode.DIFFERENCES)
        self._run("And repaired.", "apply --yes")
        self._run("Nothing left.", "drift")
        self._run("Take it all away again: what the manifest made, and nothing else.", "destroy --yes")
        self._say("That was the whole story. The same commands work on any account with AWS-style APIs.")

    def _say(self, text: str) -> None:
        click.echo(f"# {text}")

    def _run(self, why: str, words: str, *, expect: ExitCode = ExitCode.DONE) -> None:
        self._say(why)
        click.echo(f"$ xacct {words}")
        done = subprocess.run(
            [sys.executable, "-m", "xacct", *shlex.split(words)],
            cwd=self.folder,
            env=_environment(self.folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        click.echo(done.stdout, nl=not done.stdout.endswith("\n"))
        if expect:
            click.echo(f"(exit code {done.returncode})")
        click.echo()
        if done.returncode != expect:
            raise XacctError(
                f"the demo stopped: xacct {words} ended with {done.returncode}, not {int(expect)}",
                fix="Run it with --keep DIR and look at that step by hand.",
            )


@contextmanager
def _folder(keep: str | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="xacct-demo-") as made:
            yield _with_manifest(Path(made))
        return
    folder = Path(keep)
    folder.mkdir(parents=True, exist_ok=True)
    yield _with_manifest(folder)


def _with_manifest(folder: Path) -> Path:
    packaged = resources.files("xacct") / "manifests" / MANIFEST
    source = packaged if packaged.is_file() else Path(__file__).parents[2] / "manifests" / MANIFEST
    (folder / "xacct.yaml").write_text(source.read_text())
    return folder


@contextmanager
def _cloud(folder: Path) -> Iterator[dict[str, object]]:
    """The sandbox as a second process; ended by its own pid."""
    from xacct.manifest.loading.load import load_manifest

    manifest = load_manifest([folder / "xacct.yaml"])
    accounts = ",".join(spec.account.id for _, spec in sorted(manifest.accounts.items()))
    command = [
        sys.executable,
        "-m",
        "xacct",
        "sandbox",
        "--port",
        "0",
        "--accounts",
        accounts,
        "--format",
        "json",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        if not ready:
            raise XacctError(
                "the embedded cloud did not start", fix="Install it with: pip install 'xacct[sandbox]'."
            )
        yield json.loads(ready)
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


def _environment(folder: Path) -> dict[str, str]:
    """The caller's environment without AWS settings of his own, so that nothing ever leaves the loopback."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **own,
        "AWS_CONFIG_FILE": str(folder / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "COLUMNS": str(min(shutil.get_terminal_size().columns, 100)),
    }


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())
