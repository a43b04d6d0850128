"""How verify and use come to credentials: by profiles, with the endpoints of the accounts they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from xacct.account import Account, AccountSpec, Profile
from xacct.aws.endpoints import beside
from xacct.aws.session import Sessions, Temporary
from xacct.check import Caller, Check
from xacct.cli.credentials import sessions
from xacct.engine.gateway import Gateway
from xacct.errors import XacctError


class ProfileDoors:
    """A profile for each principal. A session asks the endpoints that the principal's profile resolves to."""

    def __init__(self, accounts: Mapping[str, AccountSpec], opened: Sessions | None = None) -> None:
        self._accounts = accounts
        self._sessions = opened or sessions()
        self._owners: dict[str, Gateway] = {}

    def look(self, checks: Iterable[Check], *, everything: bool = False) -> None:
        """Resolve every profile that these checks will use, without asking anybody.

        With ``everything`` those of all accounts of the manifest too.

        Raises:
            Refused: one of them would send requests to another cloud than the declared one.
        """
        if everything:
            self._owners |= self._sessions.gateways(self._accounts.values())
        seen: dict[tuple[Caller, str], Check] = {}
        for check in checks:
            if check.caller.profile:
                seen.setdefault((check.caller, check.owner.name), check)
        for check in seen.values():
            self.caller(check.caller)
            self._gateway(check.owner, check.caller, None)

    def caller(self, caller: Caller) -> Gateway:
        """The principal's own credentials."""
        return self._gateway(caller.account, caller, None)

    def token(self, caller: Caller) -> str:
        """The token that the principal's profile points at (web_identity_token_file)."""
        return self._sessions.token(caller.profile, caller.account.name)

    def session(self, caller: Caller, check: Check, answer: dict[str, Any]) -> Gateway:
        """The session that an answer to AssumeRole opened."""
        return self._gateway(check.owner, caller, Temporary.of(answer))

    def owner(self, account: Account) -> Gateway:
        """The credentials of an account itself, as plan and apply use them."""
        spec = self._accounts.get(account.name)
        if spec is None:
            raise XacctError(
                f"the manifest does not declare account {account.id}", fix="Declare it, with a profile."
            )
        known = self._owners.get(account.name)
        if known is None:
            known = self._owners[account.name] = self._sessions.gateway(spec)
        return known

    def _gateway(self, account: Account, caller: Caller, temporary: Temporary | None) -> Gateway:
        """Requests to an account with the principal's profile, which has to lead to where the account is."""
        known = self._accounts.get(account.name)
        spec = known or AccountSpec(account=account, credentials=Profile(caller.profile))
        made = self._sessions.gateway(replace(spec, credentials=Profile(caller.profile)), temporary)
        if known is not None:
            own = self.owner(account).endpoints
            beside(f"the AWS profile {caller.profile}", account.name, own, made.endpoints)
        return made
