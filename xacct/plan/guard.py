"""Reasons to refuse an apply, and remarks on what is left alone; each says the word that lifts it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xacct.kinds.role import Role
from xacct.plan.plan import Change, Delete
from xacct.plan.revocation import is_denial
from xacct.policy.document import Document
from xacct.policy.federation import PROTECTED
from xacct.problem import Problem, Severity
from xacct.resource import Address, Resource, State

UNDECLARED = "Not declared, on a role of this manifest"
"""The summary of a remark that counts as drift: somebody else changed what a role of ours may do."""

_PARTS_OF_ROLE = ("role-policy", "role-attachment")


def strangers(desired: State, live: State, marker: str, *, adopt: bool) -> Iterator[Problem]:
    """Declared roles and managed policies that live without this manifest's mark."""
    for address, wanted in sorted(desired.resources.items()):
        found = live.resources.get(address)
        if found is None or wanted.mark is None or wanted.mark.manifest != marker:
            continue
        if wanted.arn is None:
            continue
        mark = found.mark
        if mark is None and not adopt:
            yield Problem(
                summary="Not made by this manifest",
                detail=f"{address} exists already and carries no mark; apply would change what others made.",
                fix="Take it over with --adopt, or give yours another name.",
            )
        elif mark is not None and mark.manifest != marker:
            yield Problem(
                summary="Made by another manifest",
                detail=f"{address} carries the mark of another manifest; two cannot both declare it.",
                fix="Take it out of one of the two, or give yours another name.",
            )


def first_apply(desired: State, live: State, marker: str, *, adopt: bool) -> Iterator[Problem]:
    """Live marks of this manifest's name when nothing that it declares is marked: perhaps another's name."""
    marked = {
        address
        for address, resource in live.resources.items()
        if resource.mark is not None and resource.mark.manifest == marker
    }
    if adopt or not marked or not desired.resources or marked & desired.resources.keys():
        return
    names = ", ".join(str(address) for address in sorted(marked))
    yield Problem(
        summary="The name is taken",
        detail=f"Nothing this manifest declares carries its mark, but other things do: {names}.",
        fix="Give the manifest another name, or say --adopt if these are its own and may go.",
    )


def occupied(changes: Mapping[Address, Change], live: State) -> Iterator[Problem]:
    """Roles and groups to be removed that still hold what is not ours; IAM would refuse (DeleteConflict)."""
    for address, change in sorted(changes.items()):
        if not isinstance(change, Delete) or address.kind not in ("role", "group"):
            continue
        held = [
            str(other)
            for other in sorted(live.resources)
            if other.account == address.account
            and len(other.parts) > 1
            and other.parts[0] == address.parts[0]
            and (
                other.kind.startswith(f"{address.kind}-")
                or (address.kind == "group" and other.kind == "membership")
            )
            and not isinstance(changes.get(other), Delete)
        ]
        inside = sorted(change.before.instance_profiles) if isinstance(change.before, Role) else []
        if held:
            yield Problem(
                summary="Holds what is not ours",
                detail=f"{address} cannot go while it holds {', '.join(held)}, not made here.",
                fix="Remove these by hand first, or list them under removed.",
            )
        if inside:
            yield Problem(
                summary="In an instance profile",
                detail=f"{address} cannot go while it is in the instance profile {' and '.join(inside)}: IAM refuses, "
                "and machines may be running with it.",
                fix="; ".join(
                    "aws iam remove-role-from-instance-profile "
                    f"--instance-profile-name {name} --role-name {address.parts[0]}"
                    for name in inside
                ),
            )


def no_safe_order(first: Address, then: Address) -> Problem:
    """Two changes of which each would have to come first."""
    return Problem(
        summary="No order is safe",
        detail=f"{first} would have to be narrowed before {then} is widened, but its change cannot be made in "
        "two: in between somebody would have what neither the live state nor the planned one gives.",
        fix="Apply it in two manifests: first one without what is to be widened, then this one.",
    )


def foreign_parts(desired: State, live: State, changes: Mapping[Address, Change]) -> Iterator[Problem]:
    """Inline policies and attachments, on what the manifest names, that it does not declare; left alone.

    Those on a role that the manifest makes are ``UNDECLARED``.
    """
    named = {(address.account, _entity(address)) for address in desired.resources if _entity(address)}
    roles = {resource.arn for address, resource in desired.resources.items() if address.kind == "role"}
    for address, resource in sorted(live.resources.items()):
        if address in desired.resources or address in changes:
            continue
        entity = _entity(address)
        if (
            not entity
            or not address.kind.endswith(("-policy", "-attachment"))
            or address.kind == "bucket-policy"
            or _protected(live, address)
        ):
            continue
        if is_denial(address) and (address.account, entity) in named:
            yield Problem(
                summary="Sessions were ended",
                detail=f"{address} denies the sessions that were open when it was written, and no others.",
                fix="It can be deleted when the longest session is over, and goes with its role.",
                severity=Severity.INFO,
            )
            continue
        opens = sorted(arn for arn in roles if arn and _grants(resource, arn))
        what = f" It allows sts:AssumeRole on {', '.join(opens)}." if opens else ""
        if entity[0] == "role" and Address(address.account, "role", address.parts[:1]) in desired.resources:
            yield Problem(
                summary=UNDECLARED,
                detail=f"{address} is left alone, but it changes what whoever assumes the role may do.{what}",
                fix="Declare it, or take it away: by hand, with --was and the earlier manifest, or under removed.",
                severity=Severity.WARNING,
            )
        elif (address.account, entity) in named or opens:
            yield Problem(
                summary="Left alone",
                detail=f"{address} is not declared and carries no mark of this manifest.{what}",
                fix="If it should go, say what the earlier manifest was (--was), or list it under removed.",
                severity=Severity.INFO,
            )


def _protected(live: State, address: Address) -> bool:
    """Whether it is on a role that AWS made, where nobody else could change it."""
    role = live.resources.get(Address(address.account, Role.kind, address.parts[:1]))
    return address.kind.startswith("role-") and isinstance(role, Role) and role.path.startswith(PROTECTED)


def _entity(address: Address) -> tuple[str, str] | None:
    kind = address.kind.partition("-")[0]
    return (kind, address.parts[0]) if kind in ("role", "group", "user") else None


def _grants(resource: Resource, arn: str) -> bool:
    """Whether a policy document names this role in a statement that allows to assume it."""
    documents = [value for _, value in resource.shown() if isinstance(value, Document)]
    return any(
        statement.effect == "Allow"
        and "sts:assumerole" in (statement.actions or ())
        and arn in (statement.resources or ())
        for document in documents
        for statement in document.statements
    )
