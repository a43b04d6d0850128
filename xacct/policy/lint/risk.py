"""Rights that lead to more rights, and statements that nobody would miss.

Sources: IAM User Guide, "Access Analyzer policy check reference" (security warnings), "Granting a user
permissions to pass a role".
"""

from __future__ import annotations

import re

from xacct.policy.document import Document, MalformedDocument
from xacct.policy.lint.conditions import guards
from xacct.policy.lint.reading import Clause, Sheet, Value
from xacct.policy.match import glob
from xacct.policy.proof.prove import Proven, dead_statements

_ESCALATIONS = (
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreatePolicyVersion",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteUserPermissionsBoundary",
    "iam:PutGroupPolicy",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateLoginProfile",
)
_MANY = 24
"""Above so many statements the search for dead ones is left out: it compares each with all others."""

_EVERY_ENTITY = re.compile(r"\*|arn:(?:aws[a-z-]*|\*):iam::[^:]*:(?:\*|role/\*)")
"""Resources that stand for every entity, of one account or of whatever account, in any partition."""


def check(sheet: Sheet) -> None:
    """Each Allow of an identity policy; then statements that others make superfluous."""
    if sheet.kind == "identity":
        for clause in sheet.clauses:
            if clause.allows:
                _powers(sheet, clause)
    _dead(sheet)


def _powers(sheet: Sheet, clause: Clause) -> None:
    everywhere = "NotResource" in clause.values or any(
        _EVERY_ENTITY.fullmatch(value.text) for value in clause.of("Resource")
    )
    if not everywhere:
        return
    if "iam:passedtoservice" not in guards(clause):
        value = _granting(clause, "iam:PassRole")
        if value:
            sheet.warn(
                "pass-role-on-all",
                value,
                "It allows iam:PassRole on every role: whoever has it can give any role's rights to a service of his.",
                "List the roles that may be passed, or add a condition on iam:PassedToService.",
            )
    value = next((found for name in _ESCALATIONS if (found := _granting(clause, name))), None)
    if value and value.text not in ("*", "iam:*"):
        sheet.warn(
            "privilege-escalation",
            value,
            f"{value.text} on every resource lets its holder give himself any right.",
            "Restrict it to the resources that are meant.",
        )
    value = _granting(clause, "sts:AssumeRole")
    spared = "NotAction" in clause.values and _granting(clause, "iam:PassRole") is None
    if value and value.text != "*" and not spared:  # all but iam, as AWS's PowerUserAccess has it
        sheet.warn(
            "assume-any-role",
            value,
            "It allows to enter every role that trusts the account, of whatever account.",
            "List the roles.",
        )
    value = _granting(clause, "iam:CreateServiceLinkedRole")
    if (
        value
        and value.text.lower() == "iam:createservicelinkedrole"
        and "iam:awsservicename" not in guards(clause)
    ):
        sheet.warn(
            "service-linked-role-on-all",
            value,
            "It allows to make service-linked roles for every service.",
            "List them, or add a condition on iam:AWSServiceName.",
        )


def _granting(clause: Clause, action: str) -> Value | None:
    """The pattern of a statement that allows an action."""
    if "NotAction" in clause.values:
        named = any(
            glob(value.text.lower()).fullmatch(action.lower()) for value in clause.values["NotAction"]
        )
        return None if named else next(iter(clause.values["NotAction"]), None)
    return next(
        (value for value in clause.of("Action") if glob(value.text.lower()).fullmatch(action.lower())), None
    )


def _dead(sheet: Sheet) -> None:
    """Allows whose absence would change nothing; proven over all requests.

    A Deny may well be meant against what other documents allow.
    """
    try:
        document = Document.parse(sheet.text)
    except MalformedDocument:
        return
    if not 1 < len(document.statements) <= _MANY:
        return
    clauses = {clause.index: clause for clause in sheet.clauses}
    for statement, answer in dead_statements(document):
        clause = clauses[statement.index]
        empty = any(not values for values in clause.values.values())
        if clause.allows and not empty and isinstance(answer, Proven):
            sheet.remark(
                "redundant-statement",
                (clause.path, clause.at),
                "The statement allows nothing new: others of this document allow all of it, or deny it.",
                "Take it out.",
            )
