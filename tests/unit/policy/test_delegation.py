"""An account that is named as a whole: the document leaves it to IAM, and the answer says so (trap 5)."""

from __future__ import annotations

from typing import Any

import pytest

from xacct.policy.document import Document
from xacct.policy.proof.delegation import delegating
from xacct.policy.proof.prove import Counterexample, Proven, no_more_than

OWN, OTHER = "111122223333", "444455556666"
ROOT, ROLE = f"arn:aws:iam::{OWN}:root", f"arn:aws:iam::{OWN}:role/r"


def allow(principal: Any, action: str = "s3:GetObject", effect: str = "Allow") -> dict[str, Any]:
    return {"Effect": effect, "Principal": principal, "Action": action, "Resource": "arn:aws:s3:::logs/*"}


NARROW = Document.of(allow({"AWS": ROLE}))


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (allow({"AWS": ROOT}), (OWN,)),
        (allow({"AWS": OWN}), (OWN,)),
        (allow({"AWS": [ROLE, f"arn:aws:iam::{OTHER}:root"]}), (OTHER,)),
        (allow("*"), ()),
        (allow({"AWS": f"arn:aws:iam::{OWN}:role/other"}), ()),
        (allow({"Service": "logging.s3.amazonaws.com"}), ()),
    ],
)
def test_of_a_request_the_account_by_which_alone_it_is_let_in(
    new: dict[str, Any], told: tuple[str, ...]
) -> None:
    document = Document.of(new)
    answer = no_more_than(document, NARROW)
    assert isinstance(answer, Counterexample)
    assert delegating(document, NARROW, answer) == told


def test_a_request_that_another_statement_lets_in_by_name_is_not_delegated() -> None:
    new = Document.of(allow({"AWS": ROOT}), allow("*"))
    answer = no_more_than(new, NARROW)
    assert isinstance(answer, Counterexample)
    assert delegating(new, NARROW, answer) == ()


def test_a_statement_about_something_else_lets_nobody_in() -> None:
    new = Document.of(allow({"AWS": ROOT}), {**allow("*"), "Resource": "arn:aws:s3:::elsewhere/*"})
    found = no_more_than(Document.of(allow({"AWS": ROOT})), NARROW)
    assert delegating(new, NARROW, found) == (OWN,)


def test_of_a_proof_every_account_that_an_allow_names() -> None:
    old = Document.of(allow({"AWS": [ROOT, OTHER]}), allow({"AWS": "999988887777"}, effect="Deny"))
    answer = no_more_than(NARROW, old)
    assert answer == Proven()
    assert delegating(NARROW, old, answer) == (OWN, OTHER)
    assert delegating(NARROW, NARROW, Proven()) == ()


def test_an_identity_policy_names_nobody() -> None:
    old = Document.of({"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"})
    new = Document.of({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    assert delegating(new, old, no_more_than(new, old)) == ()
    assert delegating(old, new, no_more_than(old, new)) == ()
