"""Trust in identity providers and services: conditions without which more get in than one would think, or nobody.

Source: IAM User Guide, "Identity-provider controls for shared OIDC providers", "AWS STS condition keys" and
"The confused deputy problem".
"""

from __future__ import annotations

from xacct.policy.federation import ASSUME, SHARED, entry, is_saml, issuer_of, owner_is_open
from xacct.policy.lint.principals import SERVICE
from xacct.policy.lint.reading import Clause, Sheet, Test, Value
from xacct.policy.match import glob

_SOURCES = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths")
_NEVER_SENT = ("sts:externalid", "aws:multifactorauthpresent", "aws:multifactorauthage")
_ITS_OWN_ONLY = "ec2.amazonaws.com"
"""It sends no source keys, and enters only roles of the account that the machine is in."""
_EQUALS = frozenset({"stringequals", "stringequalsignorecase", "stringlike"})


def check(sheet: Sheet) -> None:
    """Each statement of a trust policy that lets in providers or services."""
    if sheet.kind != "trust":
        return
    for clause in sheet.clauses:
        if not clause.allows:
            continue
        for kind, value in clause.principals:
            if kind == "Federated":
                _call(sheet, clause, value, entry(value.text))
                _never_sent(sheet, clause)
                if is_saml(value.text):
                    _saml(sheet, clause, value)
                elif issuer := issuer_of(value.text):
                    _oidc(sheet, clause, value, issuer)
            elif kind == "Service":
                _service(sheet, clause, value)


def _call(sheet: Sheet, clause: Clause, value: Value, needed: str) -> None:
    actions = clause.of("Action")
    if actions and not any(glob(one.text.lower()).fullmatch(needed.lower()) for one in actions):
        sheet.error(
            "federated-wrong-action",
            actions[0],
            f"Whoever {value.text} vouches for enters by {needed}, which this statement does not allow.",
            f"Write {needed}.",
        )


def _never_sent(sheet: Sheet, clause: Clause) -> None:
    for test in clause.tests:
        if test.key.text.lower() in _NEVER_SENT:
            sheet.error(
                "federated-key-not-sent",
                test.key,
                f"{test.key.text} is never part of a request that a provider's token or assertion makes.",
                "Take the condition out; the provider decides how its users prove who they are.",
            )


def _oidc(sheet: Sheet, clause: Clause, value: Value, issuer: str) -> None:
    key = f"{issuer}:sub".lower()
    if issuer == "cognito-identity.amazonaws.com":
        key = f"{issuer}:aud"
    tests = [test for test in clause.tests if test.key.text.lower() == key]
    limiting = [test for test in tests if test.operator.text.lower() in _EQUALS]
    if not limiting:
        _unlimited(sheet, clause, value, key, tests)
        return
    for test in limiting:
        for one in test.values:
            if owner_is_open(issuer, one.text) and test.operator.text.lower() == "stringlike":
                _open(sheet, issuer, one)
    if issuer in SHARED and not any(test.key.text.lower() == f"{issuer}:aud" for test in clause.tests):
        sheet.remark(
            "federated-no-audience",
            value,
            f"The audience of the tokens of {issuer} is not asked for.",
            f"Add StringEquals {issuer}:aud.",
        )


def _unlimited(sheet: Sheet, clause: Clause, value: Value, key: str, tests: list[Test]) -> None:
    issuer = issuer_of(value.text)
    if issuer in SHARED:
        why = f"Everybody's jobs have tokens of {issuer}; without a condition on {key} all of them may enter"
        sheet.error(
            "federated-no-subject",
            tests[0].key if tests else value,
            f"{why}, and IAM refuses such a trust.",
            f"Add StringEquals {key}, such as {SHARED[issuer]}OWNER/..., without IfExists or ForAllValues.",
        )
    else:
        sheet.warn(
            "federated-no-subject",
            tests[0].key if tests else value,
            f"Whoever {issuer} vouches for may enter: nothing limits {key}.",
            f"Add StringEquals {key}.",
        )


def _open(sheet: Sheet, issuer: str, value: Value) -> None:
    if issuer in SHARED:
        sheet.error(
            "federated-open-owner",
            value,
            f'"{value.text}" leaves open whose jobs it lets in; anyone can have an account with {issuer}.',
            f"Write {SHARED[issuer]}OWNER/..., with the owner in full.",
        )
    else:
        sheet.warn(
            "federated-open-owner",
            value,
            f'"{value.text}" lets in whoever {issuer} vouches for.',
            "Name the subject.",
        )


def _saml(sheet: Sheet, clause: Clause, value: Value) -> None:
    if not any(test.key.text.lower().startswith("saml:") for test in clause.tests):
        sheet.warn(
            "saml-no-audience",
            value,
            "Nothing is asked of the assertion, not even that it is addressed to AWS.",
            "Add StringEquals SAML:aud.",
        )


def _service(sheet: Sheet, clause: Clause, value: Value) -> None:
    keys = {test.key.text.lower() for test in clause.tests}
    enters = any(glob(one.text.lower()).fullmatch(ASSUME.lower()) for one in clause.of("Action"))
    if value.text == _ITS_OWN_ONLY or not SERVICE.fullmatch(value.text):
        return
    if enters and not keys & set(_SOURCES):
        sheet.remark(
            "service-without-source",
            value,
            f"{value.text} may enter on whosever behalf: another customer could make it act for them (the "
            "confused deputy), where the service lets others name this role.",
            "Add StringEquals aws:SourceAccount, or ArnLike aws:SourceArn, where the service sends them.",
        )
