"""One cloud for one test: a manifest put in place, what it takes for granted made, and xacct in front of it."""

from __future__ import annotations

import configparser
import json
import os
import re
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.functional.conftest import Ran
from tests.live.backends import Backend
from xacct.cli import main
from xacct.manifest.loading.load import load_manifest
from xacct.sandbox.world import REGION, World, buckets

MANIFESTS = Path(__file__).parents[2] / "manifests"


class Live:
    """A test's own accounts on a platform.

    Tests speak in the manifest's words: ``stage`` puts it in place with the accounts' real ids and with
    bucket names that nobody else has; ``id`` and ``bucket`` tell which these are.
    """

    def __init__(
        self, backend: Backend, folder: Path, capsys: pytest.CaptureFixture[str], stack: ExitStack
    ) -> None:
        self.platform = backend.name
        self.how = backend.how
        self.wait = backend.wait
        self.folder = folder
        self.config = folder / "aws-config"
        self.world: World
        self.files: list[str] = []
        self._backend = backend
        self._capsys = capsys
        self._stack = stack
        self._mark = secrets.token_hex(3)
        self._real: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def stage(
        self,
        manifest: str | Sequence[Path],
        objects: Mapping[str, Sequence[str]] | None = None,
        *,
        furnish: bool = True,
    ) -> None:
        """Put a manifest in place, text or files of ``manifests/``, and make what it takes for granted.

        ``objects`` are keys by bucket, in the manifest's words. Staging a second one changes the manifest and
        adds to the same accounts. Without ``furnish`` nothing is made.
        """
        before = self._write(manifest, "as-written")
        loaded = load_manifest(before)
        self._names |= {name: spec.account.id for name, spec in loaded.accounts.items()}
        if not self._real:
            ids = sorted({spec.account.id for spec in loaded.accounts.values()})
            if len(ids) > self._backend.most:
                pytest.skip(f"it needs {len(ids)} accounts, and there are {self._backend.most}")
            self.world, self._real = self._stack.enter_context(self._backend.accounts(ids))
        replaced = {bucket.name: self.bucket(bucket.name) for bucket in buckets(loaded)} | self._real
        after = self._write(manifest, "manifest", replaced)
        if furnish:
            made = {self.bucket(name): keys for name, keys in (objects or {}).items()}
            self.world.furnish(load_manifest(after), made)
            self.world.write_config(self.config)
            self._backend.settle()
        self.files = [word for path in after for word in ("-f", str(path))]

    def id(self, account: str) -> str:
        """The real id of an account of the manifest."""
        return self._real[self._names[account]]

    def bucket(self, name: str) -> str:
        """The real name of a bucket of the manifest."""
        return f"{name}-{self._mark}"

    def key(self, account: str) -> dict[str, str]:
        """The administrator's key of an account, in the form in which AssumeRole answers one."""
        key = self.world.administrators[self.id(account)]
        return {"AccessKeyId": key.access_key_id, "SecretAccessKey": key.secret_access_key}

    def profile_key(self, profile: str) -> dict[str, str]:
        """The key of a profile that the manifest names, in the same form."""
        config = configparser.RawConfigParser()
        config.read(self.config)
        found = config[f"profile {profile}"]
        return {"AccessKeyId": found["aws_access_key_id"], "SecretAccessKey": found["aws_secret_access_key"]}

    def client(self, service: str, account: str) -> Any:
        """boto3, as the administrator of an account of the manifest."""
        return self.world.client(service, self.id(account))

    def client_of(self, service: str, key: Mapping[str, str]) -> Any:
        """boto3 with these credentials, as AssumeRole answers them."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.world.endpoint,
            region_name=REGION,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            aws_session_token=key.get("SessionToken"),
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def xacct(self, *words: str | Path) -> Ran:
        """Run a command on the staged manifest, in this process."""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in (words[0], *self.files, *words[1:])])
        said = self._capsys.readouterr()
        code = ended.value.code
        return Ran(code=code if isinstance(code, int) else 0, out=said.out, err=said.err)

    def done(self, *words: str | Path, code: int = 0) -> str:
        """What a command said that has to end with this code."""
        ran = self.xacct(*words)
        assert ran.code == code, f"{words} ended with {ran.code}\n{ran.out}\n{ran.err}"
        return ran.out + ran.err

    def problems(self, *words: str | Path) -> list[tuple[str, str]]:
        """The errors that a command stops with, each its summary and what it says of its subject."""
        ran = self.xacct(*words)
        found = re.findall(r"(?m)^\S*?(?::\d+:\d+)?:? ?error: (.*)\n  (.*)$", ran.err)
        return [(summary, detail) for summary, detail in found]

    def run(self, *words: str | Path, code: int = 0, **more: str) -> str:
        """What another program said that has to end with this code; it finds the profiles as xacct does."""
        done = subprocess.run(
            [str(word) for word in words],
            env={**os.environ, "HOME": str(self.folder), **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def s3cmd(self, clients: Path, key: Mapping[str, str]) -> tuple[str | Path, ...]:
        """The words that make s3cmd use these credentials, as AssumeRole answers them, on this platform."""
        host = (self.world.endpoint or "https://s3.amazonaws.com").partition("://")[2]
        where = [f"--host={host}", f"--host-bucket={host}", "--no-ssl"] if self.world.endpoint else []
        token = [f"--access_token={key['SessionToken']}"] if "SessionToken" in key else []
        secret = f"--secret_key={key['SecretAccessKey']}"
        return (
            clients / "s3cmd",
            f"--access_key={key['AccessKeyId']}",
            secret,
            *token,
            *where,
            "--region=us-east-1",
        )

    def outcomes(self, *words: str) -> dict[str, str]:
        """The findings of verify, outcome by check."""
        ran = self.xacct("verify", *self.wait, "--format", "json", *words)
        assert ran.out, ran.err
        return {found["check"]: found["outcome"] for found in json.loads(ran.out)["findings"]}

    def _write(
        self, manifest: str | Sequence[Path], folder: str, replaced: Mapping[str, str] | None = None
    ) -> list[Path]:
        """The manifest's files in a folder of the test, documents included, with these words replaced."""
        root = self.folder / folder
        root.mkdir(exist_ok=True)
        texts: dict[Path, str] = {}
        if isinstance(manifest, str):
            named = [root / "xacct.yaml"]
            texts[named[0]] = manifest
        else:
            named = [root / path.relative_to(MANIFESTS) for path in manifest]
            for path in [found for given in manifest for found in _with_documents(given)]:
                texts[root / path.relative_to(MANIFESTS)] = path.read_text()
        for path, text in texts.items():
            for old, new in (replaced or {}).items():
                text = re.sub(rf"(?<![\w.-]){re.escape(old)}(?![\w.-])", new, text)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return named


def _with_documents(path: Path) -> list[Path]:
    beside = sorted(path.parent.rglob("*.json")) if path.parent != MANIFESTS else []
    return [path, *beside]
