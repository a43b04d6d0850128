"""What documents mean and what cases came to, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, assert_never

from xacct.policy.case import Verdict
from xacct.policy.difference import Added, Changed, Removed, Reworded, StatementChange
from xacct.policy.lint.globals import spelled
from xacct.policy.principal import Anonymous
from xacct.policy.proof.prove import Answer, Counterexample, NotDecided, Proven


def change_json(change: StatementChange) -> dict[str, Any]:
    """One change of a document as plain values."""
    match change:
        case Added(statement):
            return {"change": "added", "sid": statement.sid, "index": statement.index}
        case Removed(statement):
            return {"change": "removed", "sid": statement.sid, "index": statement.index}
        case Changed(before, after, parts):
            return {
                "change": "changed",
                "sid": after.sid,
                "index": after.index,
                "was": before.index,
                "elements": {
                    part.name: {"before": list(part.before), "after": list(part.after)} for part in parts
                },
            }
        case Reworded(what, before_text, after_text):
            return {"change": "reworded", "what": what, "before": before_text, "after": after_text}
        case _:
            assert_never(change)


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """One case and what came out as plain values."""
    decision = verdict.decision
    return {
        "name": verdict.case.name,
        "place": str(verdict.case.place) if verdict.case.place else None,
        "expected": verdict.case.expected.value,
        "decision": decision.outcome.value,
        "passed": verdict.passed,
        "reason": decision.reason,
        "statements": [
            {"layer": one.layer, "policy": one.policy, "number": one.number, "sid": one.sid}
            for one in decision.deciders
        ],
    }


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """A missed case: where it stands, what was expected, what came out and why."""
    case, decision = verdict.case, verdict.decision
    yield f"{case.place or 'case'}: MISSED {case.name}"
    yield f"  expected {case.expected.value}, decided {decision.outcome.value}: {decision.reason}"
    for one in decision.deciders:
        document = f" {one.policy}" if one.policy else ""
        sid = f", {one.sid}" if one.sid else ""
        yield f"    {one.layer}{document}: statement {one.number}{sid}"


def answer_json(answer: Answer, delegating: Sequence[str] = ()) -> dict[str, Any]:
    """A proof, a request that refutes it, or why there is neither, as plain values.

    ``delegating`` are the accounts that the documents only leave it to.
    """
    left = {"delegates_to": list(delegating)} if delegating else {}
    return {**_answer_json(answer), **left}


def _answer_json(answer: Answer) -> dict[str, Any]:
    match answer:
        case Proven():
            return {"answer": "nothing new"}
        case NotDecided(reason):
            return {"answer": "not decided", "reason": reason}
        case Counterexample(request, real):
            anyone = isinstance(request.principal, Anonymous)
            return {
                "answer": "something new",
                "witness": {
                    "principal": {"type": "Anonymous"} if anyone else request.principal.arn,
                    "action": request.action,
                    "resource": request.resource,
                    "context": {key: list(values) for key, values in request.context.items() if values},
                    "real": real,
                },
            }
        case _:
            assert_never(answer)


def answer_lines(answer: Answer, *, named: bool = True, delegating: Sequence[str] = ()) -> Iterator[str]:
    """The same for people; ``named`` False tells that the documents say nothing of who asks."""
    yield from _answer_lines(answer, named)
    if delegating:
        yield (
            f"Named as a whole, which only delegates to IAM: {', '.join(delegating)}. Who of such an account gets what "
            "the statement says is up to the account's own policies, also where bucket, key or role are its own. "
            "(Ceph's bucket policies let in everybody of it.)"
        )


def _answer_lines(answer: Answer, named: bool) -> Iterator[str]:
    match answer:
        case Proven():
            yield "Nothing new: whatever the new document allows, the old one allowed too."
        case NotDecided(reason):
            yield f"Not decided: {reason}."
        case Counterexample(request, real):
            yield "Something new: the old document does not allow this request, the new one does."
            if named:
                yield f"  principal  {request.principal.arn or 'anyone, without credentials'}"
            yield f"  action     {request.action}{'' if real else '  (no service has it today)'}"
            yield f"  resource   {request.resource}"
            for key, values in sorted(request.context.items()):
                if values and not key.startswith(
                    ("aws:principala", "aws:principalt", "aws:principali", "aws:user")
                ):
                    yield f"  with       {spelled(key)} = {', '.join(values)}"
