"""Who is named: forms that no service takes, and those that let in more than one would think.

Source: IAM User Guide, "IAM JSON policy elements: Principal", "... NotPrincipal", "How to use an external ID".
"""

from __future__ import annotations

import re

from xacct.platform import PARTITIONS
from xacct.policy.arn import Arn, is_account_id
from xacct.policy.lint.reading import Clause, Sheet, Test, Value
from xacct.policy.principal import is_unique_id

SERVICE = re.compile(
    r"[a-z0-9.-]+\.(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|aws\.internal|amazon\.com|aws\.amazon\.com)"
)
_KINDS = ("user/", "role/", "root", "assumed-role/", "federated-user/")
LIMITING = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:username",
        "aws:vpcsourceip",
        "kms:calleraccount",
        "kms:viaservice",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
    }
)
"""Keys by which a statement for anyone is still for some only."""


def check(sheet: Sheet) -> None:
    """Each principal of each statement."""
    for clause in sheet.clauses:
        for kind, value in clause.principals:
            _form(sheet, kind, value)
        if clause.allows and "NotPrincipal" in clause.parts:
            sheet.warn(
                "not-principal-with-allow",
                (f"{clause.path}.NotPrincipal", clause.parts["NotPrincipal"].start),
                "Allow with NotPrincipal lets in everyone else in the world, anonymous callers included.",
                "Name those who are meant in Principal.",
            )
        if clause.allows and "Principal" in clause.parts:
            _public(sheet, clause)
            if sheet.kind == "trust":
                _third_party(sheet, clause)
    if sheet.kind == "trust":
        _trust_actions(sheet)


def _form(sheet: Sheet, kind: str, value: Value) -> None:
    text = value.text
    if kind == "Service" and text != "*" and not SERVICE.fullmatch(text):
        sheet.error(
            "invalid-principal",
            value,
            f'"{text}" is no service principal.',
            "Write such as ec2.amazonaws.com.",
        )
    if kind != "AWS" or text == "*" or is_account_id(text):
        return
    if is_unique_id(text):
        sheet.warn(
            "deleted-principal",
            value,
            f"{text} is what is left of a user or role that was deleted; the same name made again is somebody else.",
            "Take it out, or name the new one by its ARN.",
        )
        return
    arn = Arn.parse(text)
    fix = "Write an account id, or the ARN of a user, a role or a session."
    if arn is None or arn.service not in ("iam", "sts") or arn.partition not in PARTITIONS:
        digits = text.isdigit()
        why = (
            f'"{text}" has {len(text)} digits; an account id has 12.'
            if digits
            else f'"{text}" is no principal.'
        )
        sheet.error("invalid-principal", value, why, fix)
    elif "*" in text or "?" in text:
        sheet.error(
            "wildcard-in-principal",
            value,
            f'"{text}": a principal has no wildcards; it is taken for plain text or refused.',
            "Name each one, or the account with a condition on aws:PrincipalArn.",
        )
    elif arn.resource.startswith("group/"):
        sheet.error(
            "group-as-principal", value, "A group cannot be a principal.", "Name its users, or the account."
        )
    elif not arn.resource.startswith(_KINDS) or (arn.account and not is_account_id(arn.account)):
        sheet.error("invalid-principal", value, f'"{text}" is no principal.', fix)


def _public(sheet: Sheet, clause: Clause) -> None:
    everyone = next(
        (value for kind, value in clause.principals if kind in ("*", "AWS") and value.text == "*"), None
    )
    if everyone is None:
        return
    if any(_limits(test) for test in clause.tests):
        return
    if sheet.kind == "trust":
        message = "Anyone in the world may try to assume this role."
    else:
        message = "Everyone in the world is let in, without any account."
    sheet.warn(
        "public-principal", everyone, message, "Name accounts, users or roles, or add aws:PrincipalOrgID."
    )


def _limits(test: Test) -> bool:
    """Whether a condition leaves some callers out: a positive one, on such a key, that is not met by any value."""
    operator = test.operator.text.lower().rpartition(":")[2]
    if test.key.text.lower() not in LIMITING or operator.endswith("ifexists"):
        return False
    if operator.startswith("ipaddress"):
        return not any(value.text.endswith("/0") for value in test.values)
    return (
        "not" not in operator and operator != "null" and all(value.text.strip("*") for value in test.values)
    )


def _third_party(sheet: Sheet, clause: Clause) -> None:
    """Accounts that are let in by themselves, without an external id or an organization."""
    keys = {test.key.text.lower() for test in clause.tests}
    if keys & {"sts:externalid", "aws:principalorgid", "aws:principalorgpaths"}:
        return
    for kind, value in clause.principals:
        account = value.text if is_account_id(value.text) else (Arn.parse(value.text) or _NOBODY).account
        if kind != "AWS" or not account or account in sheet.own:
            continue
        if sheet.own:
            sheet.warn(
                "missing-external-id",
                value,
                f"Account {account} is none of yours and may enter without an external id: whoever it serves "
                "could make it act for them (the confused deputy).",
                "Ask for sts:ExternalId, with an id of its own for each customer.",
            )
        elif value.text == account or value.text.endswith(":root"):
            sheet.remark(
                "missing-external-id",
                value,
                f"If account {account} belongs to a third party, it may enter without an external id.",
                "Ask for sts:ExternalId then; name your own accounts with --own to be told just of the others.",
            )


_NOBODY = Arn(partition="", service="", region="", account="", resource="")


def _trust_actions(sheet: Sheet) -> None:
    for clause in sheet.clauses:
        _entrance(sheet, clause)
        for value in clause.of("Action"):
            service = value.text.partition(":")[0].lower()
            if ":" in value.text and service not in ("sts", "*"):
                sheet.error(
                    "action-not-in-trust",
                    value,
                    f"{value.text} has no place in a trust policy: it is about entering the role, nothing else.",
                    "Put it into a policy of the role; a trust policy holds sts actions.",
                )


def _entrance(sheet: Sheet, clause: Clause) -> None:
    """Users, roles and accounts enter by AssumeRole alone; the other calls are for identity providers."""
    actions = clause.of("Action")
    if not clause.allows or not actions or any(kind != "AWS" for kind, _ in clause.principals):
        return
    if all(value.text.lower() in _OF_PROVIDERS for value in actions) and clause.principals:
        sheet.error(
            "wrong-action-for-principal",
            actions[0],
            f"{actions[0].text} is for those whom an identity provider vouches for; these principals never call it.",
            "Write sts:AssumeRole, or name the provider as Federated.",
        )


_OF_PROVIDERS = ("sts:assumerolewithsaml", "sts:assumerolewithwebidentity")
