"""Why a service said no: the layer that its own words point at, what to do about it, and what to paste."""

from __future__ import annotations

import json
import re

from xacct.check import Check, Layer, Why
from xacct.manifest.s3_actions import lists, on_objects

ASSUME = "sts:AssumeRole"

_DENY = re.compile(r"explicit deny in (?:an? |the )?([A-Za-z -]*?(?:policy|boundary))", re.IGNORECASE)
_LACK = re.compile(r"no ([A-Za-z -]*?(?:policy|boundary)) allows", re.IGNORECASE)
_NAMED = re.compile(r"not authorized to perform: ([A-Za-z0-9-]+:[A-Za-z0-9]+)")
_LEFT = "a Deny there beats every Allow"
_ABOVE = {
    "service control policy": (
        Layer.CONTROL_POLICY,
        "Ask the administrators of the organization that {account} belongs to.",
    ),
    "resource control policy": (
        Layer.CONTROL_POLICY,
        "Ask the administrators of the organization that {account} belongs to.",
    ),
    "vpc endpoint policy": (Layer.NETWORK, "Ask the administrators of the network that you are in."),
}


def explain(check: Check, message: str) -> Why:
    """What stands in the way of something declared, as far as the service's words tell.

    A service names one layer at most, and some name none (IAM User Guide, "Troubleshoot access denied error
    messages"): then the layers that come into question are named.
    """
    denied, lacking = _DENY.search(message), _LACK.search(message)
    found = denied or lacking
    kind = found.group(1).lower() if found else ""
    named = _NAMED.search(message)
    if "MaxSessionDuration" in message or "DurationSeconds" in message:
        return too_long(check)
    if named and named.group(1).startswith("kms:"):
        return key_refused(check, named.group(1))
    if kind.endswith("boundary"):
        return Why(
            layer=Layer.BOUNDARY,
            text="A permissions boundary stands in the way.",
            fix="Ask who set the boundary to widen it; no other policy can make up for it.",
        )
    if kind in _ABOVE:
        layer, fix = _ABOVE[kind]
        account = check.owner.name if kind.startswith("resource") else check.caller.account.name
        return Why(
            layer=layer,
            text=f"A {kind.replace('vpc', 'VPC')} stands in the way; it is set above the accounts.",
            fix=fix.format(account=account),
        )
    if kind == "session policy":
        return Why(
            layer=Layer.SESSION_POLICY,
            text="The policy that the session was opened with stands in the way.",
            fix="Look at how the session is opened: it passes a policy of its own.",
        )
    if check.action == ASSUME:
        return _hop(check, kind, denied is not None)
    return _inside(check, kind, denied is not None)


def too_long(check: Check, longest: int = 0) -> Why:
    """The session that is declared is longer than the role's longest (0 = not known)."""
    is_ = f" ({longest} seconds)" if longest else ""
    return Why(
        layer=Layer.SESSION_LENGTH,
        text=f"The role's longest session{is_} is shorter than the {check.session_seconds} seconds declared.",
        fix=_plan(check.owner.name),
    )


def key_refused(check: Check, action: str, key: str = "") -> Why:
    """The bucket's key may not be used by the role."""
    whose = f"the key {key}" if key else "a key"
    return Why(
        layer=Layer.KEY,
        text=f"The objects are encrypted with {whose} that {check.role or check.caller.arn} may not use ({action}).",
        fix="Allow it on the key: in the key's policy, or in the role's where the key policy leaves it to IAM.",
        paste=_statement(action, [key or "KEY-ARN"]),
    )


def key_of_no_use(said: str) -> Why:
    """The bucket's key is disabled, or on its way out."""
    return Why(
        layer=Layer.KEY,
        text=said,
        fix="Enable the key or cancel its deletion; no policy makes up for that. For the default key of a bucket "
        "xacct plan says what state it is in.",
    )


def grant_missing(check: Check, more: str = "") -> Why:
    """Nothing on the caller's side allows it to assume the role."""
    a, who = check.caller.account.name, check.caller.arn
    return Why(
        layer=Layer.GRANT,
        text=f"The grant is missing: nothing in account {a} allows {who} {ASSUME} on {check.role}.{_and(more)}",
        fix=f"{_plan(a)} Or see that {short(who)} is in the group that has the grant.",
        paste=_statement(ASSUME, [check.role]),
    )


def grant_denied(check: Check, where: str = "") -> Why:
    """Something on the caller's side forbids it."""
    a, who = check.caller.account.name, check.caller.arn
    return Why(
        layer=Layer.GRANT,
        text=f"{where or f'A policy in account {a}'} denies {who} {ASSUME} on {check.role}; {_LEFT}.",
        fix=f"Look for a Deny in account {a}, in the policies of {short(who)} and of its groups.",
    )


def trust_missing(check: Check, more: str = "", *, exists: bool = False) -> Why:
    """The role does not let the caller in."""
    b = check.owner.name
    perhaps = "" if exists else ", or there is no such role"
    statement: dict[str, object] = {
        "Effect": "Allow",
        "Principal": {"AWS": check.caller.arn},
        "Action": ASSUME,
    }
    condition: dict[str, object] = {}
    if check.external_id:
        condition["StringEquals"] = {"sts:ExternalId": check.external_id}
    if check.mfa:
        condition["Bool"] = {"aws:MultiFactorAuthPresent": "true"}
    if check.source_ip:
        condition["IpAddress"] = {"aws:SourceIp": list(check.source_ip)}
    if condition:
        statement["Condition"] = condition
    return Why(
        layer=Layer.TRUST,
        text=f"The trust of {check.role} does not let {check.caller.arn} in{perhaps}.{_and(more)}",
        fix=_plan(b),
        paste=json.dumps(statement),
    )


def trust_denied(check: Check, where: str = "") -> Why:
    """The role's trust forbids it."""
    text = (
        f"The trust of {check.role} denies it to {check.caller.arn}{f' ({where})' if where else ''}; {_LEFT}."
    )
    return Why(layer=Layer.TRUST, text=text, fix=_plan(check.owner.name))


def role_lacks(check: Check, more: str = "") -> Why:
    """The session's role has no right to what is asked."""
    who = check.role or check.caller.arn
    layer = Layer.ROLE_POLICY if check.role else Layer.OWN_POLICY
    return Why(
        layer=layer,
        text=f"The policies of {who} do not allow {check.action} here.{_and(more)}",
        fix=_plan(check.owner.name if check.role else check.caller.account.name),
        paste=permission(check),
    )


def role_denied(check: Check, where: str = "") -> Why:
    """A policy of the role forbids it."""
    who = check.role or check.caller.arn
    layer = Layer.ROLE_POLICY if check.role else Layer.OWN_POLICY
    account = check.owner.name if check.role else check.caller.account.name
    return Why(
        layer=layer,
        text=f"{where or f'A policy of {who}'} denies it; {_LEFT}.",
        fix=f"Look for a Deny in account {account}; xacct never changes a foreign policy.",
    )


def bucket_denied(check: Check, where: str = "") -> Why:
    """The bucket's policy forbids it."""
    found = f" ({where})" if where else ""
    return Why(
        layer=Layer.BUCKET_POLICY,
        text=f"The policy of {check.resource} denies it{found}; {_LEFT}.",
        fix="Look for a Deny in the bucket policy and except the role from it; xacct never changes a foreign one.",
        paste=json.dumps({"Condition": {"ArnNotEquals": {"aws:PrincipalArn": check.role}}})
        if check.role
        else "",
    )


def permission(check: Check) -> str:
    """The statement that would allow what is asked in a session, as a manifest's link would write it."""
    if lists(check.action):
        if not check.prefix:
            return _statement(check.action, [check.resource])
        both = [check.prefix, f"{check.prefix}*"]
        return _statement(check.action, [check.resource], {"StringLike": {"s3:prefix": both}})
    if not on_objects(check.action):
        return _statement(check.action, [check.resource])
    return _statement(check.action, [f"{check.resource}/{check.key or (check.prefix or '') + '*'}"])


def short(arn: str) -> str:
    """The name without the account: ``user/anna``."""
    return arn.rpartition(":")[2]


def _hop(check: Check, kind: str, denied: bool) -> Why:
    if kind == "identity-based policy":
        return grant_denied(check) if denied else grant_missing(check)
    if kind == "resource-based policy":
        return trust_denied(check) if denied else trust_missing(check)
    a, b = check.caller.account.name, check.owner.name
    return Why(
        layer=Layer.UNKNOWN,
        text=f"Either the trust of {check.role} does not let {check.caller.arn} in, or nothing in account {a} "
        "grants it.",
        fix=f"Run xacct plan: what differs in {b} is the trust, what differs in {a} is the grant.",
    )


def _inside(check: Check, kind: str, denied: bool) -> Why:
    if kind == "resource-based policy" and denied:
        return bucket_denied(check)
    if kind == "identity-based policy":
        return role_denied(check) if denied else role_lacks(check)
    who = check.role or check.caller.arn
    return Why(
        layer=Layer.UNKNOWN,
        text=f"Either the policies of {who} do not allow {check.action} here, "
        "or a Deny of the bucket policy or of a layer above stands in the way.",
        fix=f"Run xacct plan --account {check.owner.name}; where it shows nothing, look at the bucket policy.",
    )


def _statement(action: str, resources: list[str], condition: dict[str, object] | None = None) -> str:
    more = {"Condition": condition} if condition else {}
    resource = resources[0] if len(resources) == 1 else resources
    return json.dumps({"Effect": "Allow", "Action": action, "Resource": resource, **more})


def _plan(account: str) -> str:
    return f"Run xacct plan --account {account}: it shows the difference."


def _and(more: str) -> str:
    return f" {more}" if more else ""
