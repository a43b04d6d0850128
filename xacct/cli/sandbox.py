"""``xacct sandbox``: run the embedded cloud."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from xacct.errors import BadUsage, ExitCode

if TYPE_CHECKING:
    from xacct.sandbox.cloud import Sandbox

TWO_ACCOUNTS = "111122223333,444455556666"


@click.command("sandbox")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1; 0 is any free one."
)
@click.option(
    "--accounts",
    default=TWO_ACCOUNTS,
    show_default=True,
    metavar="ID,ID",
    help="Accounts, by comma: 12 digits, or NAME=12 digits for the name of its profile.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep everything in this file, over restarts; mode 0600, of this user and this moto version only.",
)
@click.option(
    "--aws-config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write AWS profiles of the administrators to this file (mode 0600), for AWS_CONFIG_FILE; "
    "one of an earlier sandbox is replaced, any other is kept and refused.",
)
@click.option(
    "--oidc-keys",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help='Public keys of token issuers: {"https://ISSUER": {"keys": [...]}}; tokens of others are refused.',
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    port: int, accounts: str, state: Path | None, aws_config: Path | None, oidc_keys: Path | None, form: str
) -> None:
    """Run the embedded cloud on the loopback address until it is ended.

    When it is ready it says so on stdout: its endpoint, and the key of an administrator (an IAM user, not
    root) of each account. With --format json that is one line of JSON. The keys are made up and good for
    nothing else. Ends with 143 on SIGTERM and 130 on SIGINT; with --state nothing that was answered is lost.
    """
    try:
        from xacct.sandbox.cloud import Sandbox
        from xacct.sandbox.profiles import refuse_foreign
    except ImportError as error:
        raise BadUsage(
            f"the sandbox needs a package that is not there: {error.name}",
            fix="Install it with: pip install 'xacct[sandbox]'.",
        ) from error
    if aws_config is not None:
        refuse_foreign(aws_config)
    ended = _Ended()
    keys = _key_sets(oidc_keys) if oidc_keys is not None else {}
    names = [text for text in accounts.split(",") if text]
    with Sandbox(names, port, state, oidc_keys=keys) as sandbox:
        if aws_config is not None:
            sandbox.aws_config(aws_config)
        click.echo(_ready(sandbox, form, aws_config))
        sys.stdout.flush()
        ended.wait()
    raise click.exceptions.Exit(int(ended.code))


class _Ended:
    """Waits for SIGTERM or SIGINT, whichever comes first."""

    def __init__(self) -> None:
        self.code = ExitCode.DONE
        self._event = Event()
        signal.signal(signal.SIGTERM, lambda *_: self._set(ExitCode.TERMINATED))
        signal.signal(signal.SIGINT, lambda *_: self._set(ExitCode.INTERRUPTED))

    def _set(self, code: ExitCode) -> None:
        self.code = code
        self._event.set()

    def wait(self) -> None:
        self._event.wait()


def _key_sets(path: Path) -> dict[str, dict[str, Any]]:
    """The keys of issuers out of a file; what is no such thing is refused, rather than believed in part."""
    try:
        given = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadUsage(f"the keys in {path} cannot be read: {error}") from None
    for url, keys in given.items() if isinstance(given, dict) else [("", None)]:
        members = keys.get("keys") if isinstance(keys, dict) else None
        if not url.startswith("https://") or not isinstance(members, list):
            raise BadUsage(
                f"{path} does not hold the keys of issuers",
                fix='Write {"https://ISSUER": {"keys": [...]}}, each as the issuer publishes it (jwks_uri).',
            )
    return dict(given)


def _ready(sandbox: Sandbox, form: str, aws_config: Path | None) -> str:
    keys = {
        account: {"access_key_id": key.access_key_id, "secret_access_key": key.secret_access_key}
        for account, key in sandbox.credentials.items()
    }
    if form == "json":
        return json.dumps({"endpoint": sandbox.endpoint, "accounts": keys})
    lines = [f"sandbox at {sandbox.endpoint}"]
    for account, name in sandbox.names.items():
        lines.append(f"  {name} ({account})")
        if aws_config is None:
            lines.append(f"    access key: {keys[account]['access_key_id']}")
            lines.append(f"    secret key: {keys[account]['secret_access_key']}")
    if aws_config is not None:
        lines.append(f"  profiles: export AWS_CONFIG_FILE={aws_config}")
    return "\n".join(lines)
