"""Who may assume a role besides users, roles and groups: what identity providers, Identity Center and services bring.

Each says how it stands in a trust policy. None of them can be given a grant: a CI job, a SAML user and a service
have no policies of their own, and the role of a permission set is Identity Center's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from xacct.account import Account
from xacct.policy.federation import (
    ASSUME,
    SSO_PATH,
    WITH_SAML,
    WITH_WEB_IDENTITY,
    oidc_arn,
    saml_arn,
    saml_audience,
)
from xacct.problem import Place

SSO_NAME = "AWSReservedSSO_"
SUFFIX = 16
"""Characters behind the name of a permission set in the name of its role; new ones whenever it is made again."""
_SSO_ROLE = re.compile(rf"{SSO_NAME}(?P<name>.+)_[0-9A-Za-z]{{{SUFFIX}}}")

When: TypeAlias = tuple[tuple[str, str, tuple[str, ...]], ...]
"""Operators, keys and values of a condition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How somebody stands in a trust policy: as which kind of principal, for which call, with which conditions."""

    value: str
    kind: Literal["AWS", "Federated", "Service"] = "AWS"
    action: str = ASSUME
    when: When = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WebIdentity:
    """Whoever holds a token of an OIDC provider for this subject, which may hold wildcards.

    The provider is one of the account that the role is in. ``called`` is how people speak of it.
    """

    issuer: str
    audience: str
    subject: str
    called: str
    profile: str = ""
    place: Place | None = field(default=None, compare=False)

    def standing(self, owner: Account) -> Standing:
        """In the trust of a role of this account."""
        operator = "StringLike" if set(self.subject) & set("*?") else "StringEquals"
        return Standing(
            kind="Federated",
            value=oidc_arn(owner.id, self.issuer, owner.partition),
            action=WITH_WEB_IDENTITY,
            when=(
                ("StringEquals", f"{self.issuer}:aud", (self.audience,)),
                (operator, f"{self.issuer}:sub", (self.subject,)),
            ),
        )

    def __str__(self) -> str:
        """Such as ``GitHub acme/web, branch main``."""
        return self.called


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlUser:
    """Whoever a SAML provider of the role's account vouches for; ``audience`` "" is the partition's sign-in."""

    provider: str
    audience: str = ""
    place: Place | None = field(default=None, compare=False)

    def standing(self, owner: Account) -> Standing:
        """In the trust of a role of this account."""
        return Standing(
            kind="Federated",
            value=saml_arn(owner.id, self.provider, owner.partition),
            action=WITH_SAML,
            when=(("StringEquals", "SAML:aud", (self.audience or saml_audience(owner.partition),)),),
        )

    def __str__(self) -> str:
        """Such as ``SAML users of AcmeIdp``."""
        return f"SAML users of {self.provider}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFor:
    """A service of the cloud, on behalf of an account (its id) or of one resource (an ARN, maybe a pattern)."""

    service: str
    source_account: str = ""
    source_arn: str = ""
    place: Place | None = field(default=None, compare=False)

    def standing(self, owner: Account) -> Standing:
        """In the trust of a role; whose role it is makes no difference."""
        account = (("StringEquals", "aws:SourceAccount", (self.source_account,)),)
        arn = (("ArnLike", "aws:SourceArn", (self.source_arn,)),)
        return Standing(
            kind="Service",
            value=self.service,
            when=(account if self.source_account else ()) + (arn if self.source_arn else ()),
        )

    def __str__(self) -> str:
        """Such as ``datasync.amazonaws.com for 111122223333``."""
        return f"{self.service} for {self.source_arn or self.source_account}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionSet:
    """Whoever Identity Center lets into an account with a permission set.

    Its role there has a random suffix and is made anew when the set is provisioned again, so it is never named:
    the account is, with a condition on the name.
    """

    account: Account
    name: str
    profile: str = ""
    place: Place | None = field(default=None, compare=False)

    @property
    def patterns(self) -> tuple[str, str]:
        """The ARNs its role can have; in us-east-1 there is no region in the path.

        The suffix is counted out: with a star, the set ``Data`` would let in ``Data_Admin`` too.
        """
        role = f"{SSO_NAME}{self.name}_{'?' * SUFFIX}"
        return (
            self.account.iam_arn(f"role/{SSO_PATH}/{role}"),
            self.account.iam_arn(f"role/{SSO_PATH}/*/{role}"),
        )

    def standing(self, owner: Account) -> Standing:
        """In the trust of a role; whose role it is makes no difference."""
        return Standing(value=self.account.root, when=(("ArnLike", "aws:PrincipalArn", self.patterns),))

    def __str__(self) -> str:
        """Such as ``permission set Readers of analytics``."""
        return f"permission set {self.name} of {self.account.name}"


Identity: TypeAlias = WebIdentity | SamlUser | ServiceFor | PermissionSet


def permission_set_of(path: str, name: str) -> str:
    """The name of the permission set that a role was made for; "" where it was made for none."""
    found = _SSO_ROLE.fullmatch(name) if path.strip("/").startswith(SSO_PATH) else None
    return found["name"] if found else ""
