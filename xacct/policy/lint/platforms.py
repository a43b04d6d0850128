"""What a platform makes of a document where it is less than what AWS does; the facts stand in ``xacct.platform``."""

from __future__ import annotations

from xacct.platform import Platform, unfilled
from xacct.policy.lint.reading import Clause, Sheet


def check(sheet: Sheet, platform: Platform) -> None:
    """Each statement, for what it will not do there."""
    for clause in sheet.clauses:
        _actions(sheet, clause, platform)
        _principals(sheet, clause, platform)
        _conditions(sheet, clause, platform)


def _actions(sheet: Sheet, clause: Clause, platform: Platform) -> None:
    if "NotAction" in clause.parts and not platform.not_action:
        sheet.error(
            f"{platform.name}-not-action",
            (f"{clause.path}.NotAction", clause.parts["NotAction"].start),
            f"{platform.title} takes a statement with NotAction for one that is about nothing: it neither allows "
            "nor denies.",
            "List the actions.",
        )
    for value in clause.of("Action"):
        service = value.text.partition(":")[0].lower()
        if platform.services and service not in platform.services:
            sheet.error(
                f"{platform.name}-unknown-service",
                value,
                f"{platform.title} has no {service} and refuses the whole document.",
                "Take it out, or keep such statements in a document of their own.",
            )


def _principals(sheet: Sheet, clause: Clause, platform: Platform) -> None:
    for kind, value in clause.principals:
        provider = "saml" if ":saml-provider/" in value.text else "oidc"
        if kind == "Federated" and provider not in platform.federated:
            sheet.error(
                f"{platform.name}-no-provider",
                value,
                f"{platform.title} knows no {provider.upper()} providers: nobody could ever come that way.",
                "Name users or roles.",
            )
        elif kind == "Service" and not platform.service_principals:
            sheet.error(
                f"{platform.name}-no-service",
                value,
                f"{platform.title} has no service {value.text} that could assume a role.",
                "Take it out.",
            )
        elif kind == "AWS" and ":assumed-role/" in value.text and not platform.session_principals:
            sheet.error(
                f"{platform.name}-no-session",
                value,
                f"{platform.title} does not know the session of a role as a principal: it is refused.",
                "Name the role itself.",
            )


def _conditions(sheet: Sheet, clause: Clause, platform: Platform) -> None:
    for test in clause.tests:
        key = test.key.text
        if unfilled(platform, key):
            sheet.error(
                f"{platform.name}-key-not-filled",
                test.key,
                f"{platform.title} never fills {key}: who asks for it is refused even where it is right.",
                "Leave the condition out, and keep strangers out by naming the users in the trust.",
            )
        elif key.lower() in platform.keys_unenforced:
            sheet.warn(
                f"{platform.name}-transport-not-enforced",
                test.key,
                f"{platform.title} does not enforce a condition on {key} for requests over http.",
                "Close the http port instead.",
            )
