"""What S3 calls a public bucket policy (PublicAccessBlock, "The meaning of public")."""

from __future__ import annotations

import json
from typing import Any

import pytest

from xacct.policy.document import Document
from xacct.policy.public import is_public, public_statements

ACCOUNT = {"AWS": "arn:aws:iam::111122223333:root"}


def policy(principal: Any, condition: Any = None, effect: str = "Allow") -> str:
    statement = {"Effect": effect, "Principal": principal, "Action": "s3:GetObject", "Resource": "*"}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


PUBLIC = {
    "everybody": policy("*"),
    "everybody in the AWS map": policy({"AWS": "*"}),
    "everybody in a list": policy({"AWS": ["111122223333", "*"]}),
    "a wildcard VPC": policy("*", {"StringLike": {"aws:SourceVpc": "vpc-*"}}),
    "a variable": policy("*", {"StringEquals": {"aws:SourceVpc": "${aws:username}"}}),
    "a very broad range": policy("*", {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}),
    "one broad range of two": policy("*", {"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "1.0.0.0/7"]}}),
    "a negated condition": policy("*", {"StringNotEquals": {"aws:SourceVpc": "vpc-91237329"}}),
    "a condition that an absent key meets": policy("*", {"StringEqualsIfExists": {"aws:SourceVpc": "vpc-9"}}),
    "all values of an absent key": policy("*", {"ForAllValues:StringEquals": {"aws:SourceVpc": "vpc-9"}}),
    "a key that fixes nobody": policy("*", {"StringEquals": {"s3:prefix": "a"}}),
    "the documented exception, AROLEID:*": policy("*", {"StringLike": {"aws:userid": "AROAEXAMPLE:*"}}),
    "any session of any role": policy("*", {"StringLike": {"aws:userid": "*"}}),
    "not JSON": "{",
}

NOT_PUBLIC = {
    "an account": policy(ACCOUNT),
    "a service": policy({"Service": "cloudtrail.amazonaws.com"}),
    "one VPC": policy("*", {"StringEquals": {"aws:SourceVpc": "vpc-91237329"}}),
    "a small range": policy("*", {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
    "private addresses": policy("*", {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
    "an organization": policy("*", {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
    "a user's id": policy("*", {"StringEquals": {"aws:userid": "AIDAEXAMPLE"}}),
    "everybody denied": policy("*", effect="Deny"),
    "no statement": '{"Version": "2012-10-17", "Statement": []}',
}


@pytest.mark.parametrize("name", PUBLIC)
def test_public(name: str) -> None:
    assert is_public(PUBLIC[name])


@pytest.mark.parametrize("name", NOT_PUBLIC)
def test_not_public(name: str) -> None:
    assert not is_public(NOT_PUBLIC[name])


def test_one_public_statement_makes_the_whole_policy_public() -> None:
    statements = [json.loads(policy(who))["Statement"][0] for who in (ACCOUNT, "*")]
    assert is_public(json.dumps({"Version": "2012-10-17", "Statement": statements}))


def test_not_principal_with_allow_is_public() -> None:
    """Trap 15."""
    statement = {"Effect": "Allow", "NotPrincipal": ACCOUNT, "Action": "s3:*", "Resource": "*"}
    assert is_public(json.dumps({"Statement": statement}))


def test_the_statements_that_let_in_everybody_are_told() -> None:
    everyone = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    some = {**everyone, "Principal": {"AWS": "111122223333"}}
    found = public_statements(Document.of(some, everyone))
    assert [one.index for one in found] == [1]


@pytest.mark.parametrize(
    ("condition", "public"),
    [
        ({"ForAnyValue:StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
        ({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"StringLike": {"aws:PrincipalOrgID": "o-?"}}, True),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.7/24"}}, False),
        ({"IpAddress": {"aws:SourceIp": "no address"}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/7"}}, True),
    ],
)
def test_a_condition_fixes_who_it_is_or_does_not(condition: dict[str, object], public: bool) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": condition,
    }
    assert is_public(json.dumps({"Statement": [statement]})) is public


@pytest.mark.parametrize("policy", ['{"Statement": ["Allow"]}', "[]", "nothing"])
def test_what_cannot_be_read_is_public(policy: str) -> None:
    assert is_public(policy) is True
