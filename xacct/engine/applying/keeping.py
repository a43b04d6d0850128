"""What a journal in a bucket sends: rehearsed on a bucket that holds one of everything."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from immutabledict import immutabledict

from xacct.account import Account
from xacct.engine.applying.runs import Folder, runs_at
from xacct.engine.rehearse import ANY, Rehearsal
from xacct.errors import BadUsage
from xacct.platform import Platform
from xacct.resource import Call

_FIRST = f"{0:06}.json"


class _Shelf(Rehearsal):
    """A bucket with one line of one journal, which takes every other one."""

    def ask(self, call: Call) -> dict[str, Any] | None:
        """What is there."""
        return {**(super().ask(call) or {}), "Body": io.BytesIO()}

    def pages(self, call: Call) -> Iterator[dict[str, Any]]:
        """The first line, below whatever is asked for."""
        self.calls.append(call)
        yield {"Contents": [{"Key": f"{call.params['Prefix']}{_FIRST}"}]}

    def tell(self, call: Call) -> dict[str, Any]:
        """Noted."""
        self.calls.append(call)
        return {}


def journaling(place: str, account: Account, platform: Platform) -> tuple[Call, ...]:
    """Every call that finds, writes, and reads journals at an ``s3://BUCKET/PREFIX`` of an account.

    The keys hold ``*`` for the run and the line.

    Raises:
        BadUsage: the place is no bucket.
    """
    gateway = _Shelf(account, platform)
    runs = runs_at(place, {account.name: gateway})
    if isinstance(runs, Folder):
        raise BadUsage(
            f"--journal {place} is a folder, for which an account has no rights to give",
            fix="Write s3://BUCKET/PREFIX, or leave it out.",
        )
    runs.names()
    pen = runs.open(ANY, 0)
    pen.write("")
    pen.close()
    tuple(runs.lines(ANY))
    return tuple(_any_line(call) for call in gateway.calls)


def _any_line(call: Call) -> Call:
    key = str(call.params.get("Key", ""))
    if not key.endswith(_FIRST):
        return call
    anywhere = {**call.params, "Key": f"{key.removesuffix(_FIRST)}{ANY}.json"}
    return Call(service=call.service, operation=call.operation, params=immutabledict(anywhere))
