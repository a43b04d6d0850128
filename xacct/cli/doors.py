"""How verify and use come to credentials: by profiles, with the endpoints of the accounts they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from xacct.account import Account, AccountSpec, Profile
from xacct.aws.session import Sessions, Temporary
from xacct.check import Caller, Check
from xacct.engine.gateway import Gateway
from xacct.errors import XacctError


class ProfileDoors:
    """A profile for each principal. A session asks the endpoints that the principal's profile resolves to."""

    def __init__(self, accounts: Mapping[str, AccountSpec]) -> None:
        self._accounts = accounts
        self._sessions = Sessions()
        self._owners: dict[str, Gateway] = {}

    def caller(self, caller: Caller) -> Gateway:
        """The principal's own credentials."""
        known = self._accounts.get(caller.account.name)
        spec = known or AccountSpec(account=caller.account, credentials=Profile(caller.profile))
        return self._sessions.gateway(replace(spec, credentials=Profile(caller.profile)))

    def session(self, caller: Caller, check: Check, answer: dict[str, Any]) -> Gateway:
        """The session that an answer to AssumeRole opened."""
        spec = replace(self._accounts[check.owner.name], credentials=Profile(caller.profile))
        return self._sessions.gateway(spec, Temporary.of(answer))

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
