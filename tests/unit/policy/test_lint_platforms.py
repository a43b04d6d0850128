"""What Ceph makes of a document, as it was seen on a real gateway."""

from __future__ import annotations

import json
from typing import Any

import pytest

from xacct.policy.lint import lint, on_platform

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}


def rules(statement: dict[str, Any], platform: str = "ceph") -> list[str]:
    text = json.dumps({"Version": "2012-10-17", "Statement": [{**ALLOW, **statement}]})
    return [f"{one.rule} {one.severity.value} {one.path}" for one in on_platform(text, platform)]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ({}, []),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}, []),
        ({"Action": ["s3:*", "iam:GetUser", "sts:AssumeRole", "sns:Publish", "*"]}, []),
        ({"Action": ["s3:*", "ec2:RunInstances"]}, ["ceph-unknown-service error Statement[0].Action[1]"]),
        ({"Action": "KMS:Decrypt"}, ["ceph-unknown-service error Statement[0].Action"]),
        (
            {"Condition": {"StringEquals": {"sts:ExternalId": "x"}}},
            ["ceph-key-not-filled error Statement[0].Condition.StringEquals.sts:ExternalId"],
        ),
        (
            {"Condition": {"StringLike": {"AWS:PrincipalTag/team": "x"}}},
            ["ceph-key-not-filled error Statement[0].Condition.StringLike.AWS:PrincipalTag/team"],
        ),
        (
            {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            ["ceph-transport-not-enforced warning Statement[0].Condition.Bool.aws:SecureTransport"],
        ),
    ],
)
def test_what_ceph_does_not_do(statement: dict[str, Any], found: list[str]) -> None:
    assert rules(statement) == found
    assert rules(statement, "aws") == []


@pytest.mark.parametrize(
    ("principal", "platform", "found"),
    [
        ({"AWS": "arn:aws:iam::RGW00000000000000001:user/x"}, "ceph", []),
        (
            {"AWS": "arn:aws:sts::RGW00000000000000001:assumed-role/r/s"},
            "ceph",
            ["ceph-no-session error Statement[0].Principal.AWS"],
        ),
        ({"Service": "ec2.amazonaws.com"}, "ceph", ["ceph-no-service error Statement[0].Principal.Service"]),
        ({"Federated": "arn:aws:iam:::oidc-provider/login.example.org"}, "ceph", []),
        (
            {"Federated": "arn:aws:iam::111122223333:saml-provider/Corp"},
            "ceph",
            ["ceph-no-provider error Statement[0].Principal.Federated"],
        ),
        ({"AWS": "arn:aws:sts::111122223333:assumed-role/r/s"}, "eucalyptus", []),
        ({"Service": "ec2.amazonaws.com"}, "eucalyptus", []),
        (
            {"Federated": "arn:aws:iam::111122223333:saml-provider/Corp"},
            "eucalyptus",
            ["eucalyptus-no-provider error Statement[0].Principal.Federated"],
        ),
        ({"Federated": "arn:aws:iam::111122223333:saml-provider/Corp"}, "sandbox", []),
    ],
)
def test_whom_a_platform_does_not_know(principal: dict[str, str], platform: str, found: list[str]) -> None:
    assert rules({"Principal": principal}, platform) == found


def test_a_statement_about_all_but_some_actions_is_about_nothing() -> None:
    text = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}]}
    )
    assert [one.rule for one in on_platform(text, "ceph")] == ["ceph-not-action"]
    assert [one.rule for one in lint(text, platform="ceph")] == ["ceph-not-action"]
    assert lint(text) == ()
