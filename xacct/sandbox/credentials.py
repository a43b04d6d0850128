"""Temporary credentials as the embedded cloud issued them; what they may do is judged at each request."""

from __future__ import annotations

import base64
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

KEPT_AFTER_EXPIRY = timedelta(days=1)
"""An expired session is told so for a day; after that its key is an unknown one."""


class Origin(Enum):
    """Which call gave the credentials."""

    ROLE = "AssumeRole"
    USER = "GetSessionToken"
    FEDERATED = "GetFederationToken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One set of temporary credentials.

    ``entity_id`` is the unique id of the role or user behind it, so that another one of the same name is not
    it; ``entity_arn`` is its ARN at issue, with the path. ``policies`` are the texts of session policies,
    None where the call named none. ``mfa`` says whether the call was made with a code (role: trust only).
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    token: str = field(repr=False)
    origin: Origin
    account: str
    entity_id: str
    entity_arn: str
    name: str
    issued: datetime
    expires: datetime
    policies: tuple[str, ...] | None = None
    policy_arns: tuple[str, ...] = ()
    mfa: bool = False
    source_identity: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    transitive: frozenset[str] = frozenset()

    @property
    def arn(self) -> str:
        """How the session is called: without the path of its role; a user's session by the user's own ARN."""
        match self.origin:
            case Origin.ROLE:
                role = self.entity_arn.rsplit("/", 1)[-1]
                return f"arn:aws:sts::{self.account}:assumed-role/{role}/{self.name}"
            case Origin.FEDERATED:
                return f"arn:aws:sts::{self.account}:federated-user/{self.name}"
            case Origin.USER:
                return self.entity_arn


class Vault:
    """The sessions that were issued; not thread-safe, hold the store's lock."""

    def __init__(self, sessions: Iterable[Session] = ()) -> None:
        self._sessions = {session.access_key_id: session for session in sessions}

    def keep(self, session: Session) -> None:
        """Remembers a new session, and forgets those that ended long ago."""
        ended = session.issued - KEPT_AFTER_EXPIRY
        self._sessions = {key: kept for key, kept in self._sessions.items() if kept.expires > ended}
        self._sessions[session.access_key_id] = session

    def find(self, access_key_id: str) -> Session | None:
        """The session of a key, expired or not."""
        return self._sessions.get(access_key_id)

    def sessions(self) -> tuple[Session, ...]:
        """All that are kept."""
        return tuple(self._sessions.values())


def new_access_key_id(prefix: str = "ASIA") -> str:
    """A random key id, in the form that tells its kind."""
    return prefix + "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(16))


def new_secret() -> str:
    """Forty characters, as AWS gives them."""
    return base64.b64encode(secrets.token_bytes(30)).decode()


def new_token() -> str:
    """A session token: opaque to everybody, its meaning is in the vault."""
    return base64.b64encode(secrets.token_bytes(180)).decode()
