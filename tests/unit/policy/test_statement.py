"""Statements made ready: what they keep, what they leave out, and whom a NotPrincipal hits.

Source: IAM User Guide, "IAM JSON policy elements: NotPrincipal" and "Permissions boundaries for IAM entities".
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from xacct.policy import statement
from xacct.policy.document import Document
from xacct.policy.statement import Prepared, prepared


def ready(body: dict[str, Any]) -> Prepared:
    whole = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", **body}
    return prepared(Document.parse(json.dumps({"Version": "2012-10-17", "Statement": [whole]})))


def test_no_more_actions_are_remembered_than_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement, "_REMEMBERED", 2)
    document = ready({"Sid": "Remembered"})
    for verb in ("s3:getobject", "s3:putobject", "s3:listbucket", "s3:getobject"):
        assert len(document.about(verb)) == 1
        assert len(document._by_verb) <= 2
    assert document.about("sqs:sendmessage") == ()


@pytest.mark.parametrize("resource", ["*", ["arn:aws:s3:::b", "*"]])
def test_a_statement_on_everything_holds_no_pattern_against_the_resource(resource: Any) -> None:
    ((clause, _, _),) = ready({"Resource": resource}).clauses
    assert clause.resources is None
    ((other, _, _),) = ready({"Resource": "arn:aws:s3:::*"}).clauses
    assert other.resources is not None


def test_a_statement_on_all_but_everything_is_on_nothing() -> None:
    body = {"Effect": "Allow", "Action": "s3:*", "NotResource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [body]})
    ((clause, _, _),) = prepared(Document.parse(text)).clauses
    assert clause.resources is not None
    assert clause.without_resources
