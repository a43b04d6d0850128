"""What Ceph's gateway makes of a document: less than AWS does. Seen on 20.2.4 (accounts), where nothing else is said.

Ceph documentation, "Bucket Policies" and "STS in Ceph", lists the actions and keys that it knows.
"""

from __future__ import annotations

from xacct.policy.lint.reading import Sheet

_SERVICES = frozenset({"s3", "iam", "sts", "sns", "*"})
_NOT_FILLED = (
    "sts:externalid",
    "sts:rolesessionname",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principaltag/",
    "aws:principaltype",
    "aws:userid",
    "aws:username",
)
"""Keys that are absent from every request, so that a condition on them is never met."""


def check(sheet: Sheet) -> None:
    """Each statement, for what it will not do there."""
    for clause in sheet.clauses:
        if "NotAction" in clause.parts:
            sheet.error(
                "ceph-not-action",
                (f"{clause.path}.NotAction", clause.parts["NotAction"].start),
                "Ceph takes a statement with NotAction for one that is about nothing: it neither allows nor denies.",
                "List the actions.",
            )
        for value in clause.of("Action"):
            service = value.text.partition(":")[0].lower()
            if service not in _SERVICES:
                sheet.error(
                    "ceph-unknown-service",
                    value,
                    f"Ceph has no {service} and refuses the whole document.",
                    "Take it out, or keep such statements in a document of their own.",
                )
        for test in clause.tests:
            key = test.key.text.lower()
            if key.startswith(_NOT_FILLED):
                sheet.error(
                    "ceph-key-not-filled",
                    test.key,
                    f"Ceph never fills {test.key.text}: who asks for it is refused even where it is right.",
                    "Leave the condition out, and keep strangers out by naming the users in the trust.",
                )
            elif key == "aws:securetransport":
                sheet.warn(
                    "ceph-transport-not-enforced",
                    test.key,
                    "Ceph does not enforce a condition on aws:SecureTransport for requests over http.",
                    "Close the http port instead.",
                )
