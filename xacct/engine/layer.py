"""Why a service said no: the layer that its own words point at, and what to do about it."""

from __future__ import annotations

import re

from xacct.check import Check

_DENY = re.compile(r"explicit deny in (?:an? |the )?([A-Za-z -]*?(?:policy|boundary))", re.IGNORECASE)
_LACK = re.compile(r"no ([A-Za-z -]*?(?:policy|boundary)) allows", re.IGNORECASE)
_NAMED = re.compile(r"not authorized to perform: ([A-Za-z0-9-]+:[A-Za-z0-9]+)")
_ABOVE = ("service control policy", "resource control policy", "vpc endpoint policy")


def explain(check: Check, message: str) -> tuple[str, str]:
    """What stands in the way of something declared, in a sentence, and what to do, in another.

    A service names one layer at most, and some name none (IAM User Guide, "Troubleshoot access denied error
    messages"): then the layers that come into question are named.
    """
    denied, lacking = _DENY.search(message), _LACK.search(message)
    layer = denied or lacking
    kind = layer.group(1).lower() if layer else ""
    named = _NAMED.search(message)
    if "MaxSessionDuration" in message:
        return (
            f"The role's longest session is shorter than the {check.session_seconds} seconds declared.",
            f"Run xacct plan --account {check.owner.name}: it shows the difference.",
        )
    if named and named.group(1).startswith("kms:"):
        return (
            f"The objects are encrypted with a key that the role may not use ({named.group(1)}).",
            "Allow it on the key: in the key's policy, or in the role's where the key policy leaves it to IAM.",
        )
    if kind.endswith("boundary"):
        return "A permissions boundary stands in the way.", "Ask who set the boundary to widen it."
    if kind in _ABOVE:
        return (
            f"A {layer.group(1) if layer else kind} stands in the way; it is set above the accounts.",
            "Ask the administrators of the organization or of the network.",
        )
    if kind == "session policy":
        return "The policy of the session stands in the way.", "Look at how the session is opened."
    if check.action == "sts:AssumeRole":
        return _hop(check, kind, denied is not None)
    return _inside(check, kind, denied is not None)


def _hop(check: Check, kind: str, denied: bool) -> tuple[str, str]:
    a, b = check.caller.account.name, check.owner.name
    who, role = check.caller.arn, check.role
    if kind == "identity-based policy":
        if denied:
            return f"A policy in account {a} denies it to {who}.", f"Look for a Deny in account {a}."
        return (
            f"The grant is missing: nothing in account {a} allows {who} sts:AssumeRole on {role}.",
            f"Run xacct plan --account {a}; and see that {who} is in the group that has the grant.",
        )
    if kind == "resource-based policy":
        if denied:
            return (
                f"The trust of {role} denies it.",
                f"Run xacct plan --account {b}: it shows the difference.",
            )
        return (
            f"The trust of {role} does not let {who} in, or there is no such role.",
            f"Run xacct plan --account {b}: it shows the difference.",
        )
    return (
        f"Either the trust of {role} does not let {who} in, or nothing in account {a} grants it.",
        f"Run xacct plan: what differs in {b} is the trust, what differs in {a} is the grant.",
    )


def _inside(check: Check, kind: str, denied: bool) -> tuple[str, str]:
    owner = check.owner.name
    if kind == "resource-based policy" and denied:
        return (
            f"The policy of {check.resource} denies it.",
            "Look for a Deny in the bucket policy; xacct never changes a foreign one.",
        )
    if kind == "identity-based policy":
        if denied:
            return f"A policy of {check.role} denies it.", f"Look for a Deny in account {owner}."
        return (
            f"The policies of {check.role} do not allow {check.action} here.",
            f"Run xacct plan --account {owner}: it shows the difference.",
        )
    return (
        f"Either the policies of {check.role} do not allow {check.action} here, "
        "or a Deny of the bucket policy or of a layer above stands in the way.",
        f"Run xacct plan --account {owner}; where it shows nothing, look at the bucket policy.",
    )
