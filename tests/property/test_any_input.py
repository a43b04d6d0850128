"""Whatever comes in: a document gets findings and a meaning, or problems with places; nothing breaks."""

from __future__ import annotations

import json
import random
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.random_documents import document
from xacct.policy.difference import differences
from xacct.policy.document import Document, MalformedDocument
from xacct.policy.lint import KINDS, lint
from xacct.policy.malformed import problems_of
from xacct.policy.normal import meaning

LEAVES = st.sampled_from(
    [
        *(
            "*",
            "s3:GetObject",
            "s3:*",
            "Allow",
            "Deny",
            "",
            1,
            -1.5,
            True,
            None,
            "2012-10-17",
            "arn:aws:iam::1:root",
        ),
        *("arn:aws:s3:::b/*", "arn:", "::::::", "${", "${aws:username}", "\x00", "\ud800", "x" * 300),
    ]
)
WORDS = st.sampled_from(
    [
        "AWS",
        "Service",
        "Bool",
        "StringLike",
        "ForAllValues:StringEquals",
        "aws:SourceIp",
        "s3:prefix",
        "Sid",
        "",
        ":",
        "a:",
    ]
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
PARTS = st.sampled_from(
    [
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
        "Sid",
        "X",
    ]
)


@settings(max_examples=600, deadline=None)
@given(
    st.lists(st.dictionaries(PARTS, VALUES, max_size=6), max_size=3), st.sampled_from([None, *KINDS]), VALUES
)
def test_any_json_gets_findings_or_problems(
    bodies: list[dict[str, object]], kind: object, version: object
) -> None:
    text = json.dumps({"Version": version, "Statement": bodies})
    found = lint(text, kind, platform="ceph")  # type: ignore[arg-type]
    assert all(one.message and one.fix and one.place.line >= 1 for one in found)
    with suppress(MalformedDocument):
        Document.parse(text)
    assert (meaning(text) is None) is bool(problems_of(text))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_gets_findings_or_problems(text: str) -> None:
    for attempt in (text, f'{{"Statement": [{text}]}}'):
        with suppress(MalformedDocument):
            lint(attempt)
        assert (meaning(attempt) is None) is bool(problems_of(attempt))


def test_any_two_documents_have_a_difference_that_can_be_told() -> None:
    for seed in range(400):
        chance = random.Random(seed)
        one, other = document(chance), document(chance)
        assert bool(differences(one, other)) == (one.wording != other.wording)
        lint(one.source)
