"""Where verify could not look around: accounts whose documents were not read, as sentences; pure."""

from __future__ import annotations

from collections.abc import Iterator

from xacct.access.estate import Estate
from xacct.snapshot import EVERYTHING, Snapshot

_NOT_LOOKED = (
    "so nobody looked in them for strangers, for further rights of the roles and other ways to the buckets"
)
_DO = (
    "Run verify with credentials that may read them too (the rights are those of: xacct permissions --for plan), "
    "or run xacct drift with such credentials."
)
_NO_DOCUMENTS = frozenset({"providers"})
"""What may be unread and hides no document."""


def unlooked(estate: Estate | None, trouble: str = "") -> tuple[str, ...]:
    """A sentence for each account of which documents were not read: what was not looked for there, and what to do.

    ``estate`` is None where no account could be read at all, and ``trouble`` says why.
    """
    if estate is None:
        return (f"The documents of the accounts could not be read, {_NOT_LOOKED}. {_sentence(trouble)}{_DO}",)
    return tuple(_of_accounts(estate))


def _of_accounts(estate: Estate) -> Iterator[str]:
    for account in estate.accounts():
        snapshot = estate.snapshots[account.id]
        gaps = sorted((gap.what, gap.reason) for gap in snapshot.unread if gap.what not in _NO_DOCUMENTS)
        if gaps:
            (_, reason), *_ = gaps
            yield f"{_documents(snapshot, gaps)} could not be read, {_NOT_LOOKED}. {_sentence(reason)}{_DO}"


def _documents(snapshot: Snapshot, gaps: list[tuple[str, str]]) -> str:
    whats = list(dict.fromkeys(what for what, _ in gaps))
    if whats[0] == EVERYTHING:
        return f"The documents of account {snapshot.account.name}"
    return f"Some documents of account {snapshot.account.name} ({', '.join(whats)})"


def _sentence(reason: str) -> str:
    """The reason on one line, with a blank after it."""
    text = " ".join(reason.split()).rstrip(".")
    return f"{text}. " if text else ""
