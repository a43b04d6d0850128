"""What is proved holds of every request that is tried; what is refuted is refuted by the decision code too.

``python -m tests.property.test_proofs 100000`` tries that many pairs of documents.
"""

from __future__ import annotations

import random
import sys

import pytest

from tests.property.random_documents import document, near, request
from xacct.policy.document import Document
from xacct.policy.evaluate import Named, Outcome, Policies, decide
from xacct.policy.proof.prove import Counterexample, NotDecided, Proven, allows, no_more_than
from xacct.policy.request import Request


def allowed_by_identity(document: Document, one: Request) -> bool:
    """By the decision code, as the only policy of a principal of the resource's own account.

    Not for roles and keys, whose own policy has to allow as well.
    """
    asked = Request.of(
        one.principal, one.action, one.resource, resource_account=one.principal.account, context=one.context
    )
    return decide(asked, Policies(identity=(Named("p", document),))).outcome is Outcome.ALLOWED


def held_against_requests(seed: int, *, principals: bool, tries: int = 40) -> str:
    """The kind of the answer, after it has been held against the decision code."""
    chance = random.Random(seed)
    old = document(chance, principals=principals)
    new = (
        near(chance, old, principals=principals)
        if chance.random() < 0.7
        else document(chance, principals=principals)
    )
    answer = no_more_than(new, old)
    where = f"seed {seed}, principals {principals}:\n{new.source}\nagainst\n{old.source}"
    if isinstance(answer, Counterexample):
        assert allows(new, answer.request) is True, where
        assert allows(old, answer.request) is False, where
        if not principals and not answer.request.verb.startswith(("sts:", "kms:")):
            assert allowed_by_identity(new, answer.request), where
            assert not allowed_by_identity(old, answer.request), where
    elif isinstance(answer, Proven):
        for _ in range(tries):
            tried = request(chance)
            assert not (allows(new, tried) is True and allows(old, tried) is False), f"{where}\n{tried}"
    return type(answer).__name__


@pytest.mark.parametrize("start", range(0, 1200, 40))
@pytest.mark.parametrize("principals", [False, True], ids=["identity", "resource"])
def test_proofs_and_decisions_never_disagree(start: int, principals: bool) -> None:
    found = [held_against_requests(seed, principals=principals) for seed in range(start, start + 40)]
    assert found.count("NotDecided") <= 4
    assert found.count("Proven") >= 4
    assert found.count("Counterexample") >= 4


def test_a_document_allows_no_more_than_itself() -> None:
    for seed in range(300):
        one = document(random.Random(seed), principals=seed % 2 == 0)
        assert isinstance(no_more_than(one, one), Proven), one.source


def test_whatever_is_allowed_is_more_than_nothing() -> None:
    nothing = Document.parse('{"Statement":[]}')
    for seed in range(300):
        chance = random.Random(seed)
        one = document(chance)
        tried = [request(chance) for _ in range(30)]
        answer = no_more_than(one, nothing)
        if any(allows(one, each) for each in tried):
            assert isinstance(answer, Counterexample), one.source


if __name__ == "__main__":
    tally: dict[str, int] = {}
    for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000):
        kind = held_against_requests(number, principals=number % 2 == 0, tries=60)
        tally[kind] = tally.get(kind, 0) + 1
    print(tally, NotDecided.__name__)
