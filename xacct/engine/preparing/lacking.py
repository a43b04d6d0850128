"""What a manifest asks of a platform that does not do it, found before anything is sent, with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from xacct.manifest.documents import grant_statement, permission_statements, trust_statement
from xacct.manifest.identities import PermissionSet, SamlUser, ServiceFor, WebIdentity
from xacct.manifest.model import (
    Conditions,
    Foreign,
    LinkSpec,
    ManagedSpec,
    Manifest,
    Members,
    Name,
    RoleSpec,
    Trusted,
    TrustList,
    WrittenDocument,
)
from xacct.platform import Platform, platform_named, told
from xacct.policy.arn import account_of
from xacct.policy.document import Document
from xacct.policy.lint import Kind, on_platform
from xacct.problem import BadInput, Place, Problem, Severity, errors
from xacct.snapshot import Snapshot

SUMMARY = "Not on this platform"
_MARKS = 2
"""Tags that xacct itself puts on a role."""


def told_platforms(manifest: Manifest) -> dict[str, Platform]:
    """The platforms that the manifest itself tells, by account; nothing has to be asked for these."""
    found = {
        name: told(declared=spec.platform, account_id=spec.account.id)
        for name, spec in manifest.accounts.items()
    }
    return {name: platform for name, platform in found.items() if platform is not None}


def seen_platforms(snapshots: Mapping[str, Snapshot]) -> dict[str, Platform]:
    """The platforms that the accounts were seen to live on."""
    return {name: platform_named(one.platform) for name, one in snapshots.items() if one.platform}


def lacking(manifest: Manifest, platforms: Mapping[str, Platform]) -> tuple[Problem, ...]:
    """A problem for everything that the platform of its account refuses, ignores, or never lets through.

    What is let through and not enforced is a warning. Accounts that ``platforms`` does not hold are not judged.
    """
    return tuple(dict.fromkeys(_Lacking(manifest, platforms).all()))


def refuse_lacking(manifest: Manifest) -> tuple[Problem, ...]:
    """Warnings on what the platforms that the manifest itself tells do not do; nobody has been asked yet.

    Raises:
        BadInput: they do not have what it asks for.
    """
    found = lacking(manifest, told_platforms(manifest))
    if errors(found):
        raise BadInput(found)
    return found


class _Lacking:
    def __init__(self, manifest: Manifest, platforms: Mapping[str, Platform]) -> None:
        self.manifest = manifest
        self.platforms = platforms

    def all(self) -> Iterator[Problem]:
        for link in self.manifest.links.values():
            yield from self._link(link)
        for role in self.manifest.roles.values():
            if not role.existing:
                yield from self._role(role)
        yield from self._unmarked()
        for group in self.manifest.groups.values():
            yield from self._written(group.name, "grant", group.grants, group.place)
            yield from self._managed(group.name, group.managed, group.attached, group.place)
        for user in self.manifest.users.values():
            yield from self._written(user.name, "grant", user.grants, user.place)
            yield from self._managed(user.name, user.managed, user.attached, user.place)
        for bucket in self.manifest.buckets.values():
            what = f'The policy of bucket "{bucket.name}"'
            yield from self._document(
                bucket.name, what, bucket.policy.document, bucket.policy.place, "resource"
            )

    def _unmarked(self) -> Iterator[Problem]:
        """Roles that cannot carry the mark that says who made them."""
        made = {str(link.role): (link.role, link.place) for link in self.manifest.links.values()}
        made |= {name: (role.name, role.place) for name, role in self.manifest.roles.items()}
        for name, (role, place) in sorted(made.items()):
            spec, platform = self.manifest.roles.get(name), self._of(role)
            if platform is not None and not platform.role_tags and not (spec and spec.existing):
                yield _problem(
                    f'Role "{role}" cannot carry the mark of this manifest, because {platform.title} has no tags on '
                    "roles.",
                    "To have it removed later, name the earlier manifest with --was, or list it under removed.",
                    place,
                    Severity.WARNING,
                )

    def _link(self, link: LinkSpec) -> Iterator[Problem]:
        what = f'Link "{link.name}"'
        yield from self._trusted(link.role, what, link.trust, link.place)
        yield from self._statements(
            link.role, what, [trust_statement([link.role.account.root], link.conditions)], link.place, "trust"
        )
        yield from self._statements(link.role, what, permission_statements(link), link.place, "identity")
        grant = [grant_statement(link.role.arn, link.conditions)]
        for holder in link.grants:
            yield from self._statements(holder, what, grant, link.place, "identity")
        yield from self._session(link.role, what, link.session_seconds, link.place)
        platform = self._of(link.role)
        if link.conditions.session_tags and platform is not None and not platform.session_tags:
            yield _problem(
                f"{what}: {platform.title} lets every session be tagged with whatever its opener likes, and "
                "keeps none of it.",
                "Do not rely on the tags of sessions there.",
                link.place,
                Severity.WARNING,
            )
        if link.key_policy and platform is not None and not platform.keys:
            yield Problem(
                summary=SUMMARY,
                detail=f"{what} wants a statement in the policy of a key, but {platform.title} has no KMS.",
                fix="Take key out.",
                place=link.place,
            )

    def _role(self, role: RoleSpec) -> Iterator[Problem]:
        what, platform = f'Role "{role.name}"', self._of(role.name)
        match role.trust:
            case WrittenDocument(document=document, place=place):
                yield from self._document(
                    role.name, f'The trust of role "{role.name}"', document, place, "trust"
                )
            case TrustList(principals=principals, conditions=conditions, place=place):
                yield from self._trusted(role.name, what, principals, place)
                statement = trust_statement([role.name.account.root], conditions)
                yield from self._statements(role.name, what, [statement], place, "trust")
        yield from self._written(role.name, "policy", role.policies, role.place)
        yield from self._managed(role.name, role.managed, role.attached, role.place)
        yield from self._session(role.name, what, role.session_seconds, role.place)
        if platform is None:
            return
        if role.boundary and not platform.boundaries:
            yield _problem(
                f"{what} has a boundary: {platform.title} refuses it, or takes it and does not enforce it.",
                "Leave it out there.",
                role.place,
            )
        if role.tags and not platform.role_tags:
            yield _problem(
                f"{what} has tags, and {platform.title} has no tags on roles.",
                "Leave them out there.",
                role.place,
            )
        elif len(role.tags) + _MARKS > platform.limits.tags_per_role:
            yield _problem(
                f"{what} would have {len(role.tags) + _MARKS} tags with the {_MARKS} of xacct's mark; "
                f"{platform.title} can hold {platform.limits.tags_per_role}.",
                "Leave some out.",
                role.place,
            )

    def _trusted(
        self, holder: Name, what: str, principals: Iterable[Trusted], place: Place | None
    ) -> Iterator[Problem]:
        """What depends on how a principal is named."""
        platform = self._of(holder)
        if platform is None:
            return
        for trusted in principals:
            if isinstance(trusted, Members) and trusted.by == "account" and not platform.grants_judged:
                account = trusted.group.account.name
                yield _problem(
                    f'{what} trusts account {account} in place of group "{trusted.group}", and {platform.title} asks '
                    "no grants: everyone in that account would get in, whatever the group.",
                    f"Say by: members, or {{account: {account}}} where everyone there may.",
                    trusted.place or place,
                )
            elif isinstance(trusted, WebIdentity | SamlUser | ServiceFor | PermissionSet):
                standing = trusted.standing(holder.account)
                yield from self._statements(
                    holder,
                    what,
                    [trust_statement([standing.value], Conditions(), standing)],
                    trusted.place or place,
                    "trust",
                )
            elif isinstance(trusted, Foreign):
                if not account_of(trusted.arn) and not platform.accounts_without_id:
                    yield _problem(
                        f'{what} trusts "{trusted.arn}", which names no account: {platform.title} knows no such '
                        "principal.",
                        "Write the account's id into the ARN.",
                        trusted.place or place,
                    )
                yield from self._statements(
                    holder,
                    what,
                    [trust_statement([trusted.arn], Conditions())],
                    trusted.place or place,
                    "trust",
                )

    def _session(self, holder: Name, what: str, seconds: int, place: Place | None) -> Iterator[Problem]:
        platform = self._of(holder)
        if platform is not None and seconds > platform.limits.session:
            yield _problem(
                f"{what} has sessions of {seconds} s; on {platform.title} they last {platform.limits.session} s at "
                "most, and asking for more fails.",
                "Shorten the session.",
                place,
            )

    def _managed(
        self, holder: Name, made: Sequence[ManagedSpec], attached: Sequence[str], place: Place | None
    ) -> Iterator[Problem]:
        platform = self._of(holder)
        if platform is None:
            return
        for spec in made:
            if not platform.managed_policies:
                yield _problem(
                    f'"{holder}" is to have the managed policy "{spec.name}", and {platform.title} has no managed '
                    "policies of one's own.",
                    "Write it as an inline policy: policies for a role, grants for a group or user.",
                    spec.document.place or place,
                )
            what = f'The managed policy "{spec.name}"'
            yield from self._document(holder, what, spec.document.document, spec.document.place, "identity")
        for arn in attached:
            if not platform.managed_policies and account_of(arn) != "aws":
                yield _problem(
                    f'"{holder}" is to have {arn} attached, and {platform.title} has no managed policies of one\'s '
                    "own.",
                    "Write it as an inline policy.",
                    place,
                )

    def _written(
        self, holder: Name, word: str, documents: Mapping[str, WrittenDocument], place: Place | None
    ) -> Iterator[Problem]:
        for name, written in documents.items():
            what = f'The {word} "{name}" of "{holder}"'
            yield from self._document(holder, what, written.document, written.place or place, "identity")

    def _statements(
        self,
        holder: Name,
        what: str,
        statements: Sequence[Mapping[str, Any]],
        place: Place | None,
        kind: Kind,
    ) -> Iterator[Problem]:
        if statements:
            yield from self._document(holder, what, Document.of(*statements), place, kind)

    def _document(
        self, holder: Name, what: str, document: Document, place: Place | None, kind: Kind
    ) -> Iterator[Problem]:
        platform = self._of(holder)
        if platform is None:
            return
        for finding in on_platform(document.source, platform.name, kind):
            sure = finding.severity is Severity.ERROR
            yield _problem(
                f"{what}: {finding.message}",
                finding.fix,
                place,
                Severity.ERROR if sure else Severity.WARNING,
            )

    def _of(self, name: Name) -> Platform | None:
        return self.platforms.get(name.account.name)


def _problem(detail: str, fix: str, place: Place | None, severity: Severity = Severity.ERROR) -> Problem:
    return Problem(summary=SUMMARY, detail=detail, fix=fix, place=place, severity=severity)
