"""Documents in every form that services hand them out in."""

import json

import pytest

from xacct.aws.documents import document_in, plain

TEXT = '{"Resource": "arn:aws:s3:::a%2Bb/ü+x"}'


@pytest.mark.parametrize(
    "came",
    [
        TEXT,
        "%7B%22Resource%22%3A%20%22arn%3Aaws%3As3%3A%3A%3Aa%252Bb/%C3%BC%2Bx%22%7D",
        json.loads(TEXT),
    ],
    ids=["text", "percent-encoded", "object"],
)
def test_text_is_the_same_in_whatever_form_it_came(came):
    assert json.loads(plain(came)) == {"Resource": "arn:aws:s3:::a%2Bb/ü+x"}


def test_plain_text_keeps_every_byte():
    """Ceph does not encode; decoding would make ``+`` of ``%2B``."""
    text = ' {\n "Resource" : "arn:aws:s3:::a%2Bb"}\n'
    assert plain(text) == text


def test_encoded_white_space_at_the_start_is_decoded_too():
    assert plain("%0A%7B%7D") == "\n{}"


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("GetBucketPolicy", {"Policy": TEXT}),
        ("GetRole", {"Role": {"AssumeRolePolicyDocument": TEXT}}),
        ("GetRolePolicy", {"PolicyDocument": TEXT}),
        ("GetUserPolicy", {"PolicyDocument": TEXT}),
        ("GetGroupPolicy", {"PolicyDocument": TEXT}),
        ("GetPolicyVersion", {"PolicyVersion": {"Document": TEXT}}),
    ],
)
def test_document_is_found_in_each_answer(operation, answer):
    assert document_in(operation, answer) == TEXT
    assert document_in(operation, {}) is None
