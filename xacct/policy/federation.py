"""Those whom an identity provider vouches for: providers, the calls they enter with, and how CI services name jobs.

Sources: IAM User Guide, "Identity-provider controls for shared OIDC providers", "Available keys for AWS OIDC
federation" and "Creating a role for SAML 2.0 federation"; GitHub Docs, "OpenID Connect reference" (immutable
subject claims hold ids: ``repo:OWNER@ID/REPOSITORY@ID:...``); GitLab Docs, "Configure OpenID Connect in AWS".
"""

from __future__ import annotations

from xacct.policy.arn import Arn

ASSUME = "sts:AssumeRole"
WITH_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
WITH_SAML = "sts:AssumeRoleWithSAML"
GITHUB = "token.actions.githubusercontent.com"
GITLAB = "gitlab.com"
AUDIENCE = "sts.amazonaws.com"
"""What the official GitHub action and most other clients ask a token for."""

SHARED = {GITHUB: "repo:", GITLAB: "project_path:"}
"""Providers that serve everybody under one issuer, with what every subject of theirs begins with, then the owner."""

PROTECTED = ("/aws-reserved/", "/aws-service-role/")
"""Paths of roles that AWS makes; nobody else can change or delete them."""
SSO_PATH = "aws-reserved/sso.amazonaws.com"
"""Where the roles of Identity Center's permission sets are; a region may follow."""

_OIDC, _SAML = "oidc-provider/", "saml-provider/"
_BUILT_IN = frozenset(
    {"accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"}
)
_SAML_AUDIENCES = {
    "aws": "https://signin.aws.amazon.com/saml",
    "aws-cn": "https://signin.amazonaws.cn/saml",
    "aws-us-gov": "https://signin.amazonaws-us-gov.com/saml",
}


def oidc_arn(account: str, issuer: str, partition: str = "aws") -> str:
    """The ARN of an account's provider for an issuer (``HOST[/PATH]``, without ``https://``)."""
    return f"arn:{partition}:iam::{account}:{_OIDC}{issuer}"


def saml_arn(account: str, name: str, partition: str = "aws") -> str:
    """The ARN of an account's SAML provider."""
    return f"arn:{partition}:iam::{account}:{_SAML}{name}"


def issuer_of(provider: str) -> str:
    """The issuer of an OIDC provider (its ARN, or the name of a built-in one); "" for any other text."""
    if provider in _BUILT_IN:
        return provider
    arn = Arn.parse(provider)
    return arn.resource.removeprefix(_OIDC) if arn and arn.resource.startswith(_OIDC) else ""


def is_saml(provider: str) -> bool:
    """Whether it is the ARN of a SAML provider."""
    arn = Arn.parse(provider)
    return arn is not None and arn.resource.startswith(_SAML)


def entry(provider: str) -> str:
    """The call by which those enter a role whom this provider vouches for."""
    return WITH_SAML if is_saml(provider) else WITH_WEB_IDENTITY


def saml_audience(partition: str) -> str:
    """Where assertions for the sign-in of a partition are addressed to."""
    return _SAML_AUDIENCES.get(partition, _SAML_AUDIENCES["aws"])


def github_subject(repository: str, ref: str) -> str:
    """What GitHub says of a job: ``ref`` is ``ref:refs/heads/main``, ``environment:production`` and the like."""
    return f"repo:{repository}:{ref}"


def gitlab_subject(project: str, kind: str, ref: str) -> str:
    """What GitLab says of a job; ``kind`` is branch or tag, there is no third."""
    return f"project_path:{project}:ref_type:{kind}:ref:{ref}"


def owner_is_open(issuer: str, subject: str) -> bool:
    """Whether a pattern for the subjects of a shared provider leaves open whose jobs it lets in."""
    beginning = SHARED.get(issuer)
    if beginning is None:
        return not subject.strip("*?")
    owner, slash, _ = subject.removeprefix(beginning).partition("/")
    return not subject.startswith(beginning) or not slash or bool(set(owner) & set("*?"))
