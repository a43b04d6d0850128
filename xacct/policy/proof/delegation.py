"""Accounts that documents name as a whole, where an answer hangs on it: such a statement only leaves it to IAM."""

from __future__ import annotations

from collections.abc import Iterable

from xacct.policy.arn import is_account_id
from xacct.policy.document import Document
from xacct.policy.proof.prove import Answer, Counterexample
from xacct.policy.request import Reach
from xacct.policy.statement import Clause, prepared


def delegating(new: Document, old: Document, answer: Answer) -> tuple[str, ...]:
    """The accounts, by id, whose own policies have a say besides what an answer tells of the documents.

    Of a request that only the new document allows, the account of who asks, if nothing but the naming of it lets the
    request through. Of any other answer, every account that an Allow of one of the documents names as a whole.
    """
    if not isinstance(answer, Counterexample):
        return tuple(sorted({one for clause in _allows((new, old)) for one in _accounts(clause)}))
    request = answer.request
    speaking = [
        clause.reach(request, bounded=False)
        for clause in prepared(new).about(request.verb)
        if not clause.denies and clause.applies(request)
    ]
    strongest = max(speaking, default=Reach.NOBODY)
    return (request.principal.account,) if strongest is Reach.ACCOUNT else ()


def _allows(documents: Iterable[Document]) -> Iterable[Clause]:
    return (clause for one in documents for clause, _, _ in prepared(one).clauses if not clause.denies)


def _accounts(clause: Clause) -> Iterable[str]:
    named = clause.statement.principals or ()
    return (one.value for one in named if one.type == "AWS" and is_account_id(one.value))
