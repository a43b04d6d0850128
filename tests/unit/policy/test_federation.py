"""Identity providers: their ARNs, the calls they are entered by, and whose jobs a subject lets in."""

from __future__ import annotations

import pytest

from xacct.policy.federation import (
    GITHUB,
    GITLAB,
    WITH_SAML,
    WITH_WEB_IDENTITY,
    entry,
    github_subject,
    gitlab_subject,
    is_saml,
    issuer_of,
    oidc_arn,
    owner_is_open,
    saml_arn,
    saml_audience,
)

A = "111122223333"
OIDC, SAML = f"arn:aws:iam::{A}:oidc-provider/{GITHUB}", f"arn:aws-cn:iam::{A}:saml-provider/Corp"


def test_providers_have_arns_in_their_account_and_partition() -> None:
    assert oidc_arn(A, GITHUB) == OIDC
    assert saml_arn(A, "Corp", "aws-cn") == SAML
    assert oidc_arn(A, "h/p", "aws-us-gov") == f"arn:aws-us-gov:iam::{A}:oidc-provider/h/p"


@pytest.mark.parametrize(
    ("provider", "issuer"),
    [
        (OIDC, GITHUB),
        (f"arn:aws:iam::{A}:oidc-provider/h/p", "h/p"),
        ("accounts.google.com", "accounts.google.com"),
        (SAML, ""),
        ("example.org", ""),
        (f"arn:aws:iam::{A}:user/anna", ""),
    ],
)
def test_the_issuer_of_a_provider(provider: str, issuer: str) -> None:
    assert issuer_of(provider) == issuer


def test_saml_has_a_call_of_its_own() -> None:
    assert [is_saml(one) for one in (SAML, OIDC, "Corp")] == [True, False, False]
    assert [entry(one) for one in (SAML, OIDC, "accounts.google.com")] == [
        WITH_SAML,
        WITH_WEB_IDENTITY,
        WITH_WEB_IDENTITY,
    ]


def test_assertions_are_addressed_to_the_sign_in_of_the_partition() -> None:
    assert saml_audience("aws") == saml_audience("aws-iso") == "https://signin.aws.amazon.com/saml"
    assert saml_audience("aws-cn") == "https://signin.amazonaws.cn/saml"
    assert saml_audience("aws-us-gov") == "https://signin.amazonaws-us-gov.com/saml"


def test_what_ci_services_say_of_a_job() -> None:
    assert github_subject("o/r", "ref:refs/heads/main") == "repo:o/r:ref:refs/heads/main"
    assert gitlab_subject("g/p", "branch", "main") == "project_path:g/p:ref_type:branch:ref:main"


@pytest.mark.parametrize(
    ("issuer", "subject", "open_"),
    [
        (GITHUB, "repo:octo/*", False),
        (GITHUB, "repo:octo/r:ref:refs/heads/main", False),
        (GITHUB, "repo:*/r:*", True),
        (GITHUB, "repo:oct?/r:*", True),
        (GITHUB, "repo:octo*", True),
        (GITHUB, "octo/r", True),
        (GITHUB, "*", True),
        (GITLAB, "project_path:group/*", False),
        (GITLAB, "project_path:*/p:*", True),
        ("h/p", "*", True),
        ("h/p", "?*", True),
        ("h/p", "job", False),
        ("h/p", "job*", False),
        ("h/p", "~*", False),
        (GITHUB, "repo:~/r", False),
    ],
)
def test_a_subject_of_a_shared_provider_names_its_owner(issuer: str, subject: str, open_: bool) -> None:
    assert owner_is_open(issuer, subject) is open_
