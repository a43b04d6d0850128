"""Clouds apart: partitions of the public cloud, and platforms that cannot be one cloud. No trust leads across."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import assert_never

from xacct.account import Account, AccountSpec, Enter
from xacct.manifest.identities import PermissionSet, SamlUser, ServiceFor, WebIdentity
from xacct.manifest.model import (
    Foreign,
    Manifest,
    Members,
    Name,
    Trusted,
    TrustList,
    WholeAccount,
    WrittenDocument,
)
from xacct.platform import PARTITIONS, PLATFORMS, told
from xacct.policy.arn import Arn
from xacct.problem import Place, Problem


def apart(manifest: Manifest) -> Iterator[Problem]:
    """A problem for every name, ARN and link that leads from one cloud into another."""
    for spec in manifest.accounts.values():
        yield from _account(spec)
    for link in manifest.links.values():
        yield from _trust(manifest, link.role, f'Link "{link.name}"', link.trust, link.place)
        for grant in link.grants:
            yield from _between(manifest, link.role, f'Link "{link.name}"', grant, grant.place or link.place)
    for role in manifest.roles.values():
        what = f'role "{role.name}"'
        match role.trust:
            case TrustList(principals=principals, place=place):
                yield from _trust(manifest, role.name, f'Role "{role.name}"', principals, place)
            case WrittenDocument():
                yield from _document(role.name.account, f"trust of {what}", role.trust)
        for name, written in role.policies.items():
            yield from _document(role.name.account, f'policy "{name}" of {what}', written)
        for arn in (*role.attached, *([role.boundary] if role.boundary else [])):
            yield from _arn(role.name.account, f"R{what[1:]}", arn, role.place)
    holders = [(group.name, group.grants, group.attached, group.place) for group in manifest.groups.values()]
    holders += [(user.name, user.grants, user.attached, user.place) for user in manifest.users.values()]
    for holder, grants, attached, place in holders:
        for name, written in grants.items():
            yield from _document(holder.account, f'grant "{name}" of "{holder}"', written)
        for arn in attached:
            yield from _arn(holder.account, f'"{holder}"', arn, place)
    for bucket in manifest.buckets.values():
        yield from _document(bucket.name.account, f'policy of "{bucket.name}"', bucket.policy)


def _account(spec: AccountSpec) -> Iterator[Problem]:
    account, platform = spec.account, PLATFORMS.get(spec.platform)
    if spec.platform in PARTITIONS and account.partition != spec.platform:
        yield _problem(
            f'Account "{account.name}" is on {spec.platform} and in partition {account.partition}; a partition is a '
            "cloud of its own.",
            "Take one of the two out.",
            spec.place,
        )
    if platform is None:
        platform = told(account_id=account.id)
    if platform is not None and platform.private and account.partition != "aws":
        yield _problem(
            f'Account "{account.name}" lives on {platform.title}, whose ARNs all carry the partition aws.',
            "Take partition out.",
            spec.place,
        )
    ceph = account.id.startswith("RGW")
    if account.id and platform is not None and ceph != (platform.name == "ceph"):
        form = "RGW and 17 digits" if platform.name == "ceph" else "12 digits"
        yield Problem(
            summary="An id of another platform",
            detail=f'Account "{account.name}" is said to be on {platform.title}, where an id is {form}, '
            f'not "{account.id}".',
            fix="Correct the id or the platform.",
            place=spec.place,
        )
    if isinstance(spec.credentials, Enter):
        yield from _arn(account, f'Account "{account.name}"', spec.credentials.role, spec.place)


def _trust(
    manifest: Manifest, role: Name, what: str, principals: tuple[Trusted, ...], place: Place | None
) -> Iterator[Problem]:
    for trusted in principals:
        match trusted:
            case Foreign():
                yield from _arn(role.account, what, trusted.arn, trusted.place or place)
            case Members():
                yield from _between(manifest, role, what, trusted.group, trusted.place or place)
            case Name() | WholeAccount() | PermissionSet():
                yield from _between(manifest, role, what, trusted, trusted.place or place)
            case ServiceFor(source_arn=arn) if arn:
                yield from _arn(role.account, what, arn, trusted.place or place)
            case WebIdentity() | SamlUser() | ServiceFor():
                pass
            case _:
                assert_never(trusted)


def _between(
    manifest: Manifest, role: Name, what: str, other: Name | WholeAccount | PermissionSet, place: Place | None
) -> Iterator[Problem]:
    mine, theirs = role.account, other.account
    if mine.partition != theirs.partition:
        yield _problem(
            f"{what} leads from account {theirs.name} in partition {theirs.partition} into account {mine.name} in "
            f"partition {mine.partition}; a role can only be assumed from its own partition.",
            f"Use an account of {mine.partition}, or give {theirs.name} a user of its own there.",
            place,
        )
        return
    clouds = [_cloud(manifest.accounts, account) for account in (theirs, mine)]
    if all(clouds) and clouds[0] != clouds[1]:
        yield _problem(
            f"{what} leads from account {theirs.name} on {clouds[0]} into account {mine.name} on {clouds[1]}: two "
            "clouds, and neither knows the principals of the other.",
            "Correct the platforms, or use accounts of one cloud.",
            place,
        )


def _cloud(accounts: Mapping[str, AccountSpec], account: Account) -> str:
    """The platform that the manifest tells; "" where it tells none."""
    spec = accounts.get(account.name)
    found = told(declared=spec.platform if spec else "", account_id=account.id)
    return found.name if found else ""


def _document(account: Account, what: str, written: WrittenDocument) -> Iterator[Problem]:
    """ARNs of another partition in a document: as principals they are refused, as resources never met."""
    seen: set[str] = set()
    for statement in written.document.statements:
        named = [one.value for one in (*(statement.principals or ()), *(statement.not_principals or ()))]
        for arn in (*named, *(statement.resources or ()), *(statement.not_resources or ())):
            if arn not in seen:
                seen.add(arn)
                yield from _arn(account, f"The {what}", arn, written.place)


def _arn(account: Account, what: str, text: str, place: Place | None) -> Iterator[Problem]:
    arn = Arn.parse(text)
    if arn is not None and arn.partition in PARTITIONS and arn.partition != account.partition:
        yield _problem(
            f'{what} names "{text}", which is in partition {arn.partition}; account {account.name} is in '
            f"{account.partition}, and nothing of it can ever be meant.",
            f"Write arn:{account.partition}:..., or correct the partition of the account.",
            place,
        )


def _problem(detail: str, fix: str, place: Place | None) -> Problem:
    return Problem(summary="Another partition", detail=detail, fix=fix, place=place)
