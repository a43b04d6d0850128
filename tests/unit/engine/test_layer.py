"""A refusal explained by the layer that the service's own words name, as AWS and the sandbox word them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.engine.verifying.test_verify import HOP, LIST, READ
from xacct.check import Check
from xacct.engine.layer import explain

SAYS = "User: arn:aws:iam::444455556666:user/anna is not authorized to perform: {} on resource: x {}"

CASES: dict[str, tuple[Check, str, str, str]] = {
    "grant missing": (
        HOP,
        SAYS.format("sts:AssumeRole", "because no identity-based policy allows the sts:AssumeRole action"),
        "The grant is missing",
        "--account apps",
    ),
    "grant denied": (
        HOP,
        SAYS.format("sts:AssumeRole", "with an explicit deny in an identity-based policy"),
        "A policy in account apps denies",
        "account apps",
    ),
    "trust missing": (
        HOP,
        SAYS.format("sts:AssumeRole", "because no resource-based policy allows the sts:AssumeRole action"),
        "The trust of",
        "--account data",
    ),
    "trust denied": (
        HOP,
        SAYS.format("sts:AssumeRole", "with an explicit deny in a resource-based policy"),
        "denies it",
        "--account data",
    ),
    "hop without a word": (HOP, "Access Denied", "Either the trust", "xacct plan"),
    "no message at all": (HOP, "", "Either the trust", "xacct plan"),
    "session too long": (
        HOP,
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        "longest session",
        "--account data",
    ),
    "role's policy lacks it": (
        LIST,
        SAYS.format("s3:ListBucket", "because no identity-based policy allows the s3:ListBucket action"),
        "do not allow s3:ListBucket",
        "--account data",
    ),
    "role's policy denies it": (
        LIST,
        SAYS.format("s3:ListBucket", "with an explicit deny in an identity-based policy"),
        "A policy of arn:aws:iam::111122223333:role/reader denies it",
        "Deny in account data",
    ),
    "bucket policy denies it": (
        LIST,
        SAYS.format("s3:ListBucket", "with an explicit deny in a resource-based policy"),
        "The policy of arn:aws:s3:::logs denies it",
        "bucket policy",
    ),
    "boundary": (
        LIST,
        SAYS.format("s3:ListBucket", "because no permissions boundary allows the s3:ListBucket action"),
        "permissions boundary",
        "boundary",
    ),
    "service control policy": (
        LIST,
        SAYS.format("s3:ListBucket", "with an explicit deny in a service control policy"),
        "service control policy",
        "organization",
    ),
    "network": (
        LIST,
        SAYS.format("s3:ListBucket", "because no VPC endpoint policy allows the s3:ListBucket action"),
        "VPC endpoint policy",
        "network",
    ),
    "session policy": (
        LIST,
        SAYS.format("s3:ListBucket", "because no session policy allows the s3:ListBucket action"),
        "policy that the session was opened with",
        "session",
    ),
    "key": (
        READ,
        SAYS.format("kms:Decrypt", "because no identity-based policy allows the kms:Decrypt action"),
        "encrypted with a key",
        "key",
    ),
    "session without a word": (LIST, "Access Denied", "Either the policies of", "bucket policy"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_refusal_names_its_layer_and_what_to_do(case: str) -> None:
    check, message, likely, fix = CASES[case]
    why = explain(check, message)
    assert likely in why.text
    assert fix in why.fix


@pytest.mark.parametrize("case", CASES)
def test_both_are_full_sentences(case: str) -> None:
    check, message, *_ = CASES[case]
    why = explain(replace(check), message)
    for text in (why.text, why.fix):
        assert text[0].isupper() or text.startswith("arn:")
        assert text.endswith(".")
