"""How verify and use come to credentials: by profiles, with the endpoints of the accounts they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from xacct.account import AccountSpec, Profile
from xacct.aws.session import Sessions, Temporary
from xacct.check import Caller, Check
from xacct.engine.gateway import Gateway


class ProfileDoors:
    """A profile for each principal. A session asks the endpoints that the principal's profile resolves to."""

    def __init__(self, accounts: Mapping[str, AccountSpec]) -> None:
        self._accounts = accounts
        self._sessions = Sessions()

    def caller(self, caller: Caller) -> Gateway:
        """The principal's own credentials."""
        known = self._accounts.get(caller.account.name)
        spec = known or AccountSpec(account=caller.account, credentials=Profile(caller.profile))
        return self._sessions.gateway(replace(spec, credentials=Profile(caller.profile)))

    def session(self, caller: Caller, check: Check, answer: dict[str, Any]) -> Gateway:
        """The session that an answer to AssumeRole opened."""
        spec = replace(self._accounts[check.owner.name], credentials=Profile(caller.profile))
        return self._sessions.gateway(spec, Temporary.of(answer))
