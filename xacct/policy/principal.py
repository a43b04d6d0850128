"""Who asks: users, roles, sessions, services and strangers, as values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from xacct.policy.arn import Arn, account_of, is_account_id, root_arn

_UNIQUE_ID = re.compile(r"A(?:IDA|ROA|GPA|NPA|KIA)[A-Z0-9]{12,}")


Claims: TypeAlias = tuple[tuple[str, str], ...]
"""Condition keys in lower case with a value each, which may be a pattern."""


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user, by ARN; ``id`` is the unique id (``AIDA...``) where it is known."""

    arn: str
    id: str = ""

    @property
    def account(self) -> str:
        """The id of the user's account."""
        return account_of(self.arn)


@dataclass(frozen=True, slots=True)
class Role:
    """A role itself, not a session of it."""

    arn: str
    id: str = ""

    @property
    def account(self) -> str:
        """The id of the role's account."""
        return account_of(self.arn)


@dataclass(frozen=True, slots=True)
class Session:
    """A session of a role. ``role_arn`` has the role's path, the session's own ARN never has one."""

    role_arn: str
    name: str
    role_id: str = ""

    @property
    def account(self) -> str:
        """The id of the role's account, which the session belongs to."""
        return account_of(self.role_arn)

    @property
    def arn(self) -> str:
        """``arn:aws:sts::ID:assumed-role/ROLE/SESSION``."""
        found = Arn.parse(self.role_arn)
        partition = found.partition if found else "aws"
        role = self.role_arn.rpartition("/")[2]
        return f"arn:{partition}:sts::{self.account}:assumed-role/{role}/{self.name}"


@dataclass(frozen=True, slots=True)
class FederatedUser:
    """A session that a user opened with GetFederationToken; ``user`` is the user's ARN where it is known."""

    arn: str
    user: str = ""

    @property
    def opener(self) -> str:
        """The user who opened it; taken for the one of the session's name, as the documentation's examples do."""
        partition, name = self.arn.split(":")[1], self.arn.rpartition("/")[2]
        return self.user or f"arn:{partition}:iam::{self.account}:user/{name}"

    @property
    def account(self) -> str:
        """The id of the account."""
        return account_of(self.arn)


@dataclass(frozen=True, slots=True)
class Federated:
    """Someone whom an identity provider vouches for: the provider's ARN or name; it has no account.

    ``claims`` are condition keys with the values that its requests bring, as far as they are known.
    """

    provider: str
    claims: Claims = ()

    @property
    def account(self) -> str:
        """None."""
        return ""

    @property
    def arn(self) -> str:
        """The provider."""
        return self.provider

    @property
    def called(self) -> str:
        """The provider, with the subject where it is known."""
        subject = next((value for key, value in self.claims if key.endswith(":sub")), "")
        return f"{self.provider} as {subject}" if subject else self.provider


@dataclass(frozen=True, slots=True)
class Root:
    """The root user of an account; ``delegated``: whomever its administrators choose, for all they may do."""

    account: str
    partition: str = "aws"
    delegated: bool = False

    @property
    def arn(self) -> str:
        """The root's ARN."""
        return root_arn(self.account, self.partition)


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the cloud itself, such as ``ec2.amazonaws.com``, with what is known of whom it comes for."""

    name: str
    claims: Claims = ()

    @property
    def account(self) -> str:
        """None."""
        return ""

    @property
    def arn(self) -> str:
        """Its name."""
        return self.name

    @property
    def called(self) -> str:
        """Its name, with the resource or account that it comes for where that is known."""
        known = dict(self.claims)
        source = known.get("aws:sourcearn") or known.get("aws:sourceaccount")
        return f"{self.name} for {source}" if source else self.name


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Someone without credentials."""

    @property
    def account(self) -> str:
        """None."""
        return ""

    @property
    def arn(self) -> str:
        """Nothing."""
        return ""


Principal: TypeAlias = User | Role | Session | FederatedUser | Federated | Root | Service | Anonymous


def is_unique_id(text: str) -> bool:
    """Whether a text is what is left of a deleted user or role in a document (``AIDA...``, ``AROA...``)."""
    return _UNIQUE_ID.fullmatch(text) is not None


def parse_principal(given: str | Mapping[str, str]) -> Principal:
    """A principal from its ARN, an account id, a service's name, or ``{"type": "Anonymous"}``.

    Of an assumed-role ARN the role's path is unknown; ``{"arn": ..., "role": ARN}`` gives it. ``"user"`` gives
    the user who opened a federated session, ``"id"`` the unique id of a user or role (``AIDA...``, ``AROA...``).

    Raises:
        ValueError: it is none of these.
    """
    if not isinstance(given, str):
        if given.get("type") == "Anonymous":
            return Anonymous()
        if given.get("type") == "Federated":
            return Federated(given["arn"])
        return _with_details(parse_principal(given["arn"]), given)
    if is_account_id(given):
        return Root(given)
    if not given.startswith("arn:"):
        if "." in given:
            return Service(given)
        raise ValueError(f"{given} is no principal")
    arn = Arn.parse(given)
    if arn is None:
        raise ValueError(f"{given} is no ARN")
    kind, _, rest = arn.resource.partition("/")
    match arn.service, kind:
        case "iam", "user":
            return User(given)
        case "iam", "role":
            return Role(given)
        case "iam", "root":
            return Root(arn.account, arn.partition)
        case "iam", "saml-provider" | "oidc-provider":
            return Federated(given)
        case "sts", "assumed-role":
            role, _, name = rest.partition("/")
            return Session(f"arn:{arn.partition}:iam::{arn.account}:role/{role}", name)
        case "sts", "federated-user":
            return FederatedUser(given)
        case _:
            raise ValueError(f"{given} is no principal")


def _with_details(principal: Principal, given: Mapping[str, str]) -> Principal:
    role, unique = given.get("role", ""), given.get("id", "")
    match principal:
        case User(arn):
            return User(arn, unique)
        case Role(arn):
            return Role(arn, unique)
        case Session(role_arn, name):
            return Session(role or role_arn, name, unique)
        case FederatedUser(arn):
            return FederatedUser(arn, given.get("user", ""))
    return principal
