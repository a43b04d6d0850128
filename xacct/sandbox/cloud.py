"""The embedded cloud as one object: start it, use its endpoint, look at what it was asked."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from moto.core.base_backend import BackendDict

from xacct.errors import BadUsage
from xacct.sandbox.credentials import Vault
from xacct.sandbox.forward import Forward, no_second_opinion
from xacct.sandbox.gate import Gate, Hooks, Seen
from xacct.sandbox.identity_center import assign
from xacct.sandbox.profiles import REGION, write_profiles
from xacct.sandbox.server import LOOPBACK, Server
from xacct.sandbox.state import State
from xacct.sandbox.store import Store
from xacct.sandbox.tokens import KeySets

ADMINISTRATOR = "admin"
"""The user that each account begins with; an IAM user, not root."""

EVERYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)

_ACCOUNT = re.compile(r"(?:(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]*)=)?(?P<id>[0-9]{12})")
_SWITCHES_OF_MOTO = ("MOTO_ACCOUNT_ID", "INITIAL_NO_AUTH_ACTION_COUNT", "S3_IGNORE_SUBDOMAIN_BUCKETNAME")
_one = Lock()


@dataclass(frozen=True, slots=True)
class AdminKey:
    """The access key of an account's administrator; made up, and good for nothing but this cloud."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


class Sandbox:
    """The embedded cloud, listening from ``__enter__`` to ``__exit__`` on 127.0.0.1.

    Only one at a time in a process: moto's backends belong to the process. A second one is refused while
    the first is open; afterwards it begins empty, or with what its state file holds.

    ``oidc_keys`` are the public keys of token issuers, by URL, each a JWK set; nothing is fetched from anywhere,
    so an issuer without keys is not believed. They can be added while it runs, and are in no state file.
    """

    def __init__(
        self,
        accounts: Iterable[str] = ("111122223333", "444455556666"),
        port: int = 0,
        state: Path | str | None = None,
        *,
        oidc_keys: KeySets | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.names = parse_accounts(accounts)
        self.credentials: Mapping[str, AdminKey] = {}
        self.hooks = Hooks()
        self.oidc_keys: dict[str, Mapping[str, Any]] = dict(oidc_keys or {})
        self._port = port
        self._state_path = None if state is None else Path(state)
        self._clock = clock
        self._state: State | None = None
        self._server: Server | None = None
        self._gate: Gate | None = None
        self._store: Store | None = None
        self._keep: Callable[[set[tuple[str, str]]], None] = lambda changed: None
        self._moto = ExitStack()

    def __enter__(self) -> Self:
        """Starts; raises ``Refused`` for a state file that is not to be trusted, ``BadUsage`` otherwise."""
        for name in _SWITCHES_OF_MOTO:
            if name in os.environ:
                raise BadUsage(f"the variable {name} changes what moto does", fix=f"unset {name}")
        if not _one.acquire(blocking=False):
            raise BadUsage("a sandbox is already open in this process", fix="Close it first.")
        try:
            self._open()
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops; what was done is in the state file already, where there is one."""
        if self._server is not None:
            self._server.stop()
        self._release()

    def _open(self) -> None:
        BackendDict.reset()
        self._moto.enter_context(no_second_opinion())
        vault = Vault()
        if self._state_path is not None:
            self._state = State(self._state_path)
            memory = self._state.read()
            if memory is not None:
                self.names = {**memory.accounts, **self.names}
                vault = Vault(memory.sessions)
        store = self._store = Store(tuple(self.names))
        self.credentials = {account: _administrator(store, account) for account in self.names}
        state = self._state

        def keep(changed: set[tuple[str, str]]) -> None:
            if state is not None:
                state.write(self.names, vault.sessions(), changed)

        self._keep = keep
        keep({("iam", account) for account in self.names})
        self._gate = Gate(
            store, vault, Forward(), clock=self._clock, keep=keep, hooks=self.hooks, keys=self.oidc_keys
        )
        try:
            self._server = Server(self._gate.handle, port=self._port)
        except OSError as error:
            raise BadUsage(
                f"port {self._port} cannot be used: {error.strerror}", fix="Name another port, or 0 for any."
            ) from error
        self._server.start()

    def _release(self) -> None:
        if self._state is not None:
            self._state.close()
            self._state = None
        self._server = None
        self._moto.close()
        BackendDict.reset()
        _one.release()

    @property
    def endpoint(self) -> str:
        """The URL of all its services."""
        assert self._server is not None, "the sandbox is not open"
        return f"http://{LOOPBACK}:{self._server.port}"

    @property
    def requests(self) -> tuple[Seen, ...]:
        """Every request so far, also those that were refused; what a test compares with nothing."""
        assert self._gate is not None, "the sandbox is not open"
        return self._gate.seen

    def assign_permission_set(
        self, account: str, name: str, document: str, *, region: str = "eu-west-1"
    ) -> str:
        """Do in an account what Identity Center does when a permission set is assigned, or provisioned again.

        Gives the ARN of its role, which allows what ``document`` says; a role made before for the same set is
        gone.
        """
        assert self._store is not None, "the sandbox is not open"
        with self._store.lock:
            arn = assign(self._store, account, name, document, region)
            self._keep({("iam", account)})
        return arn

    def aws_config(self, path: Path | str, names: Mapping[str, str] | None = None) -> None:
        """Writes AWS profiles of the administrators, mode 0600; ``names`` maps account ids to profile names.

        Without ``names`` a profile is called as ``--accounts`` named the account, else ``account-ID``.
        What an earlier sandbox wrote is replaced; any other file that is not empty is kept.

        Raises:
            BadUsage: the file that is there is not a sandbox's.
        """
        write_profiles(Path(path), self.endpoint, self.credentials, names or self.names)


def parse_accounts(accounts: Iterable[str]) -> dict[str, str]:
    """``ID`` or ``NAME=ID`` to names by id; the name of a bare id is ``account-ID``."""
    names: dict[str, str] = {}
    for text in accounts:
        found = _ACCOUNT.fullmatch(text.strip())
        if found is None:
            raise BadUsage(f"{text!r} is not an account", fix="Write 12 digits, or NAME=12 digits.")
        account = found["id"]
        name = found["name"] or f"account-{account}"
        if account in names or name in names.values():
            raise BadUsage(f"the account {text!r} comes twice")
        names[account] = name
    if not names:
        raise BadUsage("the sandbox needs at least one account")
    return names


def _administrator(store: Store, account: str) -> AdminKey:
    """The administrator's key: as it is in the store, or new; whoever deleted it meets a new one."""
    iam = store.iam(account)
    if store.user(account, ADMINISTRATOR) is None:
        iam.create_user(REGION, ADMINISTRATOR, path="/")
        iam.put_user_policy(ADMINISTRATOR, "AdministratorAccess", EVERYTHING)
        store.give_ids(account)
    active = [key for key in iam.users[ADMINISTRATOR].access_keys if key.status == "Active"]
    key = active[0] if active else iam.create_access_key(user_name=ADMINISTRATOR)
    return AdminKey(key.access_key_id, key.secret_access_key)
