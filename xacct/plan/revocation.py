"""Taking access away at once: people out of a trust, and a Deny on the sessions that are open; pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from immutabledict import immutabledict

from xacct.account import Account
from xacct.kinds.role import NOBODY
from xacct.kinds.role_policy import RolePolicy
from xacct.plan.reach import admits, names
from xacct.policy.arn import is_account_id, root_arn
from xacct.policy.document import Document, Statement
from xacct.policy.shared import Part
from xacct.resource import Address, Call

POLICY = "xacct-revoked-sessions"
"""The name of the inline policy; it stays, because after the longest session it has no effect any more."""

AT_SENDING = "1970-01-01T00:00:00Z"
"""Stands in plans for the time of sending, which is what goes out; sessions opened until then are denied."""


def denial(account: Account, role: str) -> RolePolicy:
    """The policy that ends every session of a role opened before it is sent. IAM User Guide, "Revoke IAM role
    temporary security credentials".
    """
    statement = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"DateLessThan": {"aws:TokenIssueTime": AT_SENDING}},
    }
    return RolePolicy(account=account, owner=role, name=POLICY, document=Document.of(statement))


def is_denial(address: Address) -> bool:
    """Whether an address is that of such a policy, on whatever role."""
    return address.kind == RolePolicy.kind and address.parts[-1] == POLICY


def timed(call: Call, now: datetime) -> Call:
    """The call with the time in it, where it is one that ends sessions.

    ``now`` is the service's time. A session is dated in whole seconds, so that the next one goes out: with the
    running one a session that was opened in it would live on.
    """
    if call.operation != "PutRolePolicy" or call.params.get("PolicyName") != POLICY:
        return call
    text = str(call.params["PolicyDocument"])
    when = (now.astimezone(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Call(
        service=call.service,
        operation=call.operation,
        params=immutabledict({**call.params, "PolicyDocument": text.replace(AT_SENDING, when)}),
    )


def shut(trust: Document, people: Iterable[str], partition: str) -> Document:
    """A trust without these people, by ARN or account id; whom it lets in by other words gets a Deny.

    Without people nobody is let in any more.
    """
    out = sorted(people)
    if not out:
        return Document.of(NOBODY)
    bodies = [body for one in trust.statements if (body := _spared(one, trust.version, out)) is not None]
    if not any(body["Effect"] == "Allow" for body in bodies):
        return Document.of(NOBODY)
    left = Document.of(*bodies, version=trust.version)
    still = [one for one in out if admits(left, one)]
    if still:
        arns = [root_arn(one, partition) if is_account_id(one) else one for one in still]
        bodies.append({"Effect": "Deny", "Principal": {"AWS": arns}, "Action": "sts:AssumeRole"})
    return Document.of(*bodies, version=trust.version)


def _spared(statement: Statement, version: str, out: list[str]) -> dict[str, Any] | None:
    """The statement without the principals that name one of these and nobody else; None where none is left."""
    body: dict[str, Any] = json.loads(statement.source)
    named = body.get("Principal")
    if statement.effect == "Deny" or not isinstance(named, dict) or "AWS" not in named:
        return body
    values = named["AWS"] if isinstance(named["AWS"], list) else [named["AWS"]]
    kept = [value for value in values if not any(_is(statement, version, str(value), one) for one in out)]
    others = {kind: some for kind, some in named.items() if kind != "AWS"}
    if not kept and not others:
        return None
    body["Principal"] = {**others, "AWS": kept} if kept else others
    return body


def _is(statement: Statement, version: str, value: str, person: str) -> bool:
    """Whether a principal names this person alone, or somebody of this account."""
    element = next((one for one in statement.principals or () if one.value in (value, _account(value))), None)
    if element is None or element.value == "*":
        return False
    if is_account_id(element.value) and not is_account_id(person):
        return False
    return names(Part(statement, version, element, None, None), person)


def _account(value: str) -> str:
    """An account's id for its root ARN."""
    return value.split(":")[4] if value.endswith(":root") and value.count(":") == 5 else value
