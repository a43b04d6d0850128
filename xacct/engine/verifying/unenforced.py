"""What a manifest asks and the platform of an account takes without enforcing it; nobody needs to try that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from xacct.check import Caller, Check, Finding, Layer, Outcome, Want, Why
from xacct.engine.layer import ASSUME
from xacct.engine.preparing.lacking import lacking
from xacct.manifest.expected.reach import assumable
from xacct.manifest.model import GroupSpec, Manifest, UserSpec
from xacct.platform import Platform
from xacct.problem import Problem, Severity

_TRUST_ONLY = (
    "{platform} asks the trust policy only: whoever it names gets in, with or without a grant in {account}, and "
    "even against a Deny there."
)


def unenforced(
    manifest: Manifest, checks: Sequence[Check], platforms: Mapping[str, Platform]
) -> tuple[Finding, ...]:
    """A finding for everything declared that the platform of its account surely does not enforce.

    ``platforms`` tells what the accounts live on, by their names; the others are not judged.
    """
    found: dict[str, Finding] = {}
    for check in checks:
        if check.action == ASSUME and check.want is Want.ALLOWED:
            on = platforms.get(check.owner.name)
            if on is not None and not on.grants_judged and _granted(manifest, check):
                finding = _grant(check, on)
                found.setdefault(finding.check.name, finding)
    for problem in lacking(manifest, platforms):
        if problem.severity is Severity.WARNING:
            finding = _document(manifest, problem)
            found.setdefault(finding.check.name, finding)
    return tuple(found.values())


def enforced(checks: Sequence[Check], platforms: Mapping[str, Platform]) -> tuple[Check, ...]:
    """The checks without those of what the platform of the role's account is known not to enforce."""
    return tuple(
        check
        for check in checks
        if not (check.tags and check.want is Want.DENIED)
        or (on := platforms.get(check.owner.name)) is None
        or on.session_tags
    )


def _granted(manifest: Manifest, check: Check) -> bool:
    """Whether the manifest gives a grant for the role in the caller's account."""
    account = check.caller.account
    for link in manifest.links.values():
        if link.role.arn == check.role and any(grant.account == account for grant in link.grants):
            return True
    holders: list[GroupSpec | UserSpec] = [*manifest.groups.values(), *manifest.users.values()]
    return any(one.name.account == account and assumable(one.grants, check.role) for one in holders)


def _grant(check: Check, platform: Platform) -> Finding:
    account, role = check.caller.account.name, check.role.rpartition("/")[2]
    return _finding(
        replace(check, name=f"the grant in {account} decides who assumes {role}", want=Want.DENIED),
        _TRUST_ONLY.format(platform=platform.title, account=account),
        Layer.GRANT,
        "Name in the trust exactly those who may assume the role, one by one.",
    )


def _document(manifest: Manifest, problem: Problem) -> Finding:
    """What a document asks and the platform lets through, as a check that is never tried."""
    account = next(iter(manifest.accounts.values())).account
    what, _, text = problem.detail.partition(": ")
    check = Check(
        name=f"{what[:1].lower()}{what[1:]} does all that it says",
        link=manifest.name,
        caller=Caller(account=account, arn=account.root),
        owner=account,
        role="",
        action="",
        resource="",
        want=Want.DENIED,
        place=problem.place,
    )
    return _finding(check, text or problem.detail, Layer.PLATFORM, problem.fix)


def _finding(check: Check, text: str, layer: Layer, fix: str) -> Finding:
    return Finding(
        check=check,
        outcome=Outcome.NOT_ENFORCED,
        detail=text,
        why=Why(layer=layer, text=text, fix=fix),
    )
