"""Accounts: their ids, and where credentials and endpoints for them come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from immutabledict import immutabledict

from xacct.policy.arn import root_arn
from xacct.problem import Place


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Account:
    """One IAM account: the name the manifest gives it, its id, and the partition its ARNs carry."""

    name: str
    id: str
    partition: str = "aws"

    def iam_arn(self, resource: str) -> str:
        """The ARN of an IAM resource of this account, such as ``role/app/reader``."""
        return f"arn:{self.partition}:iam::{self.id}:{resource}"

    @property
    def root(self) -> str:
        """The ARN that stands for the account as a whole."""
        return root_arn(self.id, self.partition)


@dataclass(frozen=True, slots=True)
class Profile:
    """Credentials come from a named AWS profile."""

    name: str


@dataclass(frozen=True, slots=True)
class Environment:
    """Credentials come from where the SDK looks without being told: the environment, the instance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enter:
    """Credentials come from assuming a role, with those of a profile ("" = the environment's)."""

    role: str
    profile: str = ""
    external_id: str = ""


Credentials: TypeAlias = Profile | Environment | Enter


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSpec:
    """An account of the manifest; ``endpoints`` by service (``iam``, ``sts``, ``s3``) where it says so.

    A ``partner`` is somebody else's account, whoever has its credentials here.
    """

    account: Account
    credentials: Credentials
    platform: str = ""
    region: str = ""
    endpoints: immutabledict[str, str] = field(default_factory=immutabledict)
    partner: bool = False
    place: Place | None = field(default=None, compare=False)
