"""Conditions on keys that a request lacks, or has several values of: what is met then, against what one would think.

Sources: IAM User Guide, "IAM JSON policy elements: Condition operators" (...IfExists, Null), "Set operators for
multivalued context keys", "AWS: Denies access without MFA".
"""

from __future__ import annotations

from xacct.policy.condition import is_known
from xacct.policy.lint.conditions import key_type, plain
from xacct.policy.lint.reading import Clause, Sheet, Test

_GUARDS = frozenset(
    {
        "aws:multifactorauthpresent",
        "aws:multifactorauthage",
        "aws:sourceip",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:principalorgid",
        "aws:principalaccount",
        "sts:externalid",
    }
)
"""Keys that somebody asks for to keep others out."""


def check(sheet: Sheet) -> None:
    """Each condition of each statement whose operator there is."""
    for clause in sheet.clauses:
        for test in clause.tests:
            if is_known(test.operator.text):
                _sets(sheet, clause, test)
                _if_exists(sheet, clause, test)


def _sets(sheet: Sheet, clause: Clause, test: Test) -> None:
    """Set operators where they are missing, where they are too much, and where they let in the keyless."""
    prefix, operator, _ = plain(test)
    kind = key_type(test.key.text) or ""
    several = kind.startswith("ArrayOf")
    if several and not prefix and operator != "null":
        sheet.warn(
            "missing-set-operator",
            test.operator,
            f"{test.key.text} can have several values; {test.operator.text} is made for one.",
            f"Write ForAnyValue:{test.operator.text} or ForAllValues:{test.operator.text}.",
        )
    if prefix == "forallvalues" and clause.allows and not _present(clause, test):
        sheet.warn(
            "for-all-values-without-null",
            test.operator,
            f"ForAllValues is true of a request that has no {test.key.text} at all, which this statement then allows.",
            f'Add "Null": {{"{test.key.text}": "false"}}.',
        )
    elif prefix and kind and not several:
        sheet.remark(
            "set-operator-on-single-value",
            test.operator,
            f"{test.key.text} has one value; {test.operator.text} adds nothing to the plain operator.",
            f"Write {test.operator.text.partition(':')[2]}.",
        )


def _present(clause: Clause, test: Test) -> bool:
    """Whether the statement asks elsewhere that the key is there."""
    key = test.key.text.lower()
    for other in clause.tests:
        if other is test or other.key.text.lower() != key:
            continue
        prefix, operator, if_exists = plain(other)
        if operator == "null" and any(value.text.lower() == "false" for value in other.values):
            return True
        if prefix == "foranyvalue":
            return True
        if not prefix and not if_exists and operator != "null" and "not" not in operator:
            return True
    return False


def _if_exists(sheet: Sheet, clause: Clause, test: Test) -> None:
    prefix, operator, if_exists = plain(test)
    key = test.key.text.lower()
    if if_exists and clause.allows and key in _GUARDS and "not" not in operator:
        sheet.warn(
            "if-exists-lets-in",
            test.operator,
            f"With IfExists a request without {test.key.text} is allowed, so that the condition keeps nobody out.",
            f"Write {test.operator.text[:-8]}.",
        )
    if (
        "not" in operator
        and clause.allows
        and not if_exists
        and not prefix
        and key in _GUARDS
        and operator != "notipaddress"
        and not _present(clause, test)
    ):
        sheet.remark(
            "negation-lets-in",
            test.operator,
            f"A request without {test.key.text} is allowed as well: a negated operator is true of a missing key.",
            f'Add "Null": {{"{test.key.text}": "false"}} if it must be there.',
        )
    denies_without_mfa = operator == "bool" and any(value.text.lower() == "false" for value in test.values)
    if key == "aws:multifactorauthpresent" and not clause.allows and denies_without_mfa and not if_exists:
        sheet.warn(
            "mfa-deny-misses-keys",
            test.operator,
            "A request signed with long-term keys has no aws:MultiFactorAuthPresent, so that this Deny misses it.",
            "Write BoolIfExists.",
        )
