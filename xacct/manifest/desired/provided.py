"""Whether the identity providers and permission sets that a manifest trusts exist; xacct makes neither."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xacct.account import Account
from xacct.manifest.identities import PermissionSet, SamlUser, WebIdentity, permission_set_of
from xacct.manifest.model import Manifest, Trusted, TrustList, WrittenDocument
from xacct.policy.federation import is_saml, issuer_of
from xacct.problem import Place, Problem, Severity
from xacct.snapshot import RoleRecord, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Provided:
    """A provider that a trust names; ``audience`` is what its tokens are made out for, "" where nothing says."""

    account: Account
    arn: str
    why: str
    audience: str = ""
    place: Place | None = None


def providers_of(manifest: Manifest) -> Iterator[Provided]:
    """Every provider that a trust of the manifest names."""
    for owner, trusted, why, place in _trusts(manifest):
        if isinstance(trusted, WebIdentity | SamlUser):
            yield Provided(
                account=owner,
                arn=trusted.standing(owner).value,
                why=why,
                audience=trusted.audience if isinstance(trusted, WebIdentity) else "",
                place=trusted.place or place,
            )
    for role in manifest.roles.values():
        if isinstance(role.trust, WrittenDocument):
            for statement in role.trust.document.statements:
                for named in statement.principals or ():
                    if named.type == "Federated" and named.value.startswith("arn:"):
                        yield Provided(
                            account=role.name.account,
                            arn=named.value,
                            why=f'role "{role.name}" trusts it',
                            place=role.trust.place,
                        )


def unprovided(
    manifest: Manifest, snapshots: Mapping[str, Snapshot]
) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """Problems for providers and permission sets that are not there, and notes for what could not be looked up."""
    found: dict[str, Problem] = {}
    unseen: dict[str, Problem] = {}
    for one in providers_of(manifest):
        snapshot = snapshots.get(one.account.name)
        gap = _gap(snapshot, "providers")
        if snapshot is None or snapshot.providers is None or gap:
            unseen.setdefault(
                f"providers {one.account.name}",
                _not_seen("identity providers", one.account, gap or "They were not asked for.", one.place),
            )
        elif problem := _provider(one, snapshot):
            found.setdefault(f"{one.arn} {one.audience}", problem)
    for _, trusted, why, place in _trusts(manifest):
        if isinstance(trusted, PermissionSet):
            snapshot = snapshots.get(trusted.account.name)
            gap = _gap(snapshot, "roles")
            if snapshot is None or gap:
                unseen.setdefault(
                    f"sets {trusted.account.name}",
                    _not_seen("permission sets", trusted.account, gap, trusted.place or place),
                )
            elif not list(roles_of(trusted, snapshot)):
                found.setdefault(str(trusted), _no_set(trusted, why, snapshot, trusted.place or place))
    return tuple(found.values()), tuple(unseen.values())


def roles_of(one: PermissionSet, snapshot: Snapshot) -> Iterator[RoleRecord]:
    """The roles that Identity Center made for a permission set; one, but for the time when it is replaced."""
    for role in snapshot.roles.values():
        if permission_set_of(role.path, role.name) == one.name:
            yield role


def _trusts(manifest: Manifest) -> Iterator[tuple[Account, Trusted, str, Place | None]]:
    for link in manifest.links.values():
        for trusted in link.trust:
            yield link.role.account, trusted, f'link "{link.name}" trusts it', link.place
    for role in manifest.roles.values():
        if isinstance(role.trust, TrustList):
            for trusted in role.trust.principals:
                yield role.name.account, trusted, f'role "{role.name}" trusts it', role.place


def _provider(one: Provided, snapshot: Snapshot) -> Problem | None:
    issuer = issuer_of(one.arn)
    assert snapshot.providers is not None
    record = snapshot.providers.get(one.arn)
    if record is None:
        near = difflib.get_close_matches(one.arn, list(snapshot.providers), n=1, cutoff=0.9)
        create = (
            f"Create it first: aws iam create-open-id-connect-provider --url https://{issuer} "
            f"--client-id-list {one.audience or 'AUDIENCE'}."
            if issuer
            else "Create it first: aws iam create-saml-provider, with the metadata of the provider."
        )
        return Problem(
            summary="Unknown identity provider",
            detail=f"Account {one.account.id} has no provider {one.arn.rpartition(':')[2]}, but {one.why}; nobody "
            "could ever come that way.",
            fix=f"Did you mean {near[0].rpartition(':')[2]}? Otherwise c{create[1:]}" if near else create,
            place=one.place,
        )
    if not is_saml(one.arn) and one.audience and one.audience not in record.audiences:
        return Problem(
            summary="Unknown audience",
            detail=f"The provider {issuer} of account {one.account.id} takes tokens for "
            f"{', '.join(sorted(record.audiences)) or 'nobody'}, but {one.why} with tokens for {one.audience}.",
            fix=f"Add it: aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {one.arn} "
            f"--client-id {one.audience}; or say the audience: that the tokens have.",
            place=one.place,
        )
    return None


def _no_set(one: PermissionSet, why: str, snapshot: Snapshot, place: Place | None) -> Problem:
    known = sorted({permission_set_of(role.path, role.name) for role in snapshot.roles.values()} - {""})
    near = difflib.get_close_matches(one.name, known, n=1, cutoff=0.6)
    there = f"There: {', '.join(known)}." if known else "No permission set is assigned there."
    return Problem(
        summary="Unknown permission set",
        detail=f"No role in account {one.account.id} was made for the permission set {one.name}, but {why}; nobody "
        "would come that way.",
        fix=f'Did you mean "{near[0]}"?' if near else f"Assign it to the account in Identity Center. {there}",
        place=place,
    )


def _gap(snapshot: Snapshot | None, section: str) -> str:
    if snapshot is None:
        return "It was not read."
    return snapshot.why_unread(section) or ""


def _not_seen(what: str, account: Account, reason: str, place: Place | None) -> Problem:
    return Problem(
        summary="Existence not checked",
        detail=f"Whether the named {what} of account {account.name} exist is unknown: {reason}",
        fix="Give xacct read access there, or see to it that they exist.",
        place=Place(place.file) if place else None,
        severity=Severity.WARNING,
    )
