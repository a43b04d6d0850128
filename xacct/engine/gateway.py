"""What the engine asks of an account's services; the real one is in ``aws``, the tests have a fake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Protocol

from xacct.account import Account
from xacct.aws.caller import Caller
from xacct.platform import Platform
from xacct.resource import Call


class Gateway(Protocol):
    """One account, asked and told; the methods say what they raise in ``xacct.aws.gateway``."""

    account: Account
    platform: Platform
    endpoints: Mapping[str, str]

    @property
    def ahead(self) -> timedelta:
        """How far the service's clock is ahead of ours."""

    def caller(self) -> Caller | None:
        """Who the service takes us for; None where nothing tells."""

    def ask(self, call: Call) -> dict[str, Any] | None:
        """The answer to a call that reads; None for what is absent."""

    def pages(self, call: Call) -> Iterator[dict[str, Any]]:
        """Every page of a listing."""

    def tell(self, call: Call) -> dict[str, Any]:
        """The answer to a call that changes something."""

    def tell_once(self, call: Call) -> dict[str, Any]:
        """As ``tell``, but never sent a second time by the SDK itself: it must not come late."""
