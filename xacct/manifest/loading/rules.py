"""What a manifest's parts say together: rules that need no account, only the whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xacct.manifest.identities import PermissionSet
from xacct.manifest.loading.actions import unconfined
from xacct.manifest.loading.checks import check_rules
from xacct.manifest.loading.identity_rules import check_identities
from xacct.manifest.loading.partitions import apart
from xacct.manifest.model import (
    Foreign,
    LinkSpec,
    Manifest,
    Members,
    Name,
    RoleSpec,
    TrustList,
    WrittenDocument,
)
from xacct.policy.arn import account_of
from xacct.problem import Place, Problem, Severity

_CHAINED = 3600


def check(
    manifest: Manifest, spoiled: frozenset[Place] = frozenset(), *, whole: bool = True
) -> Iterator[Problem]:
    """Every problem that the whole manifest has and its parts by themselves do not.

    Roles and links at ``spoiled`` places have errors already: nothing is concluded from what they lack. Without
    ``whole``, parts could not be read, and nothing is concluded from what is not there at all.
    """
    yield from _ids(manifest)
    yield from _role_names(manifest)
    yield from apart(manifest)
    for role in manifest.roles.values():
        yield from _role(role)
        if role.place not in spoiled:
            yield from _reached(role, manifest)
    yield from _external_ids(manifest)
    for link in manifest.links.values():
        yield from _link(link)
        if link.place not in spoiled:
            yield from _sides(link)
    yield from (one for one in check_identities(manifest) if one.place not in spoiled)
    grants = [(spec.name, spec.grants) for spec in manifest.groups.values()]
    grants += [(user.name, user.grants) for user in manifest.users.values()]
    for entity, written_by_name in grants:
        for name, written in written_by_name.items():
            yield from _permission(f'grant "{name}" of "{entity}"', written)
    yield from check_rules(manifest)
    for bucket in manifest.buckets.values():
        yield from _with_principal(f'policy of "{bucket.name}"', bucket.policy)
    if whole and _makes_nothing(manifest):
        yield _problem(
            "Nothing declared",
            f'The manifest "{manifest.name}" declares nothing; apply would remove all that carries its mark.',
            "That is what you want if you are done with it.",
            Place(manifest.files[0]) if manifest.files else None,
            Severity.WARNING,
        )


def _makes_nothing(manifest: Manifest) -> bool:
    """No resource is declared; a user with a profile alone is only named for verify."""
    users = any(one.grants or one.managed or one.attached for one in manifest.users.values())
    return not (manifest.links or manifest.roles or manifest.groups or users or manifest.buckets)


def _ids(manifest: Manifest) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name, spec in manifest.accounts.items():
        if spec.account.id in seen and spec.account.id:
            yield _problem(
                "Two names for one account",
                f'"{name}" and "{seen[spec.account.id]}" are both {spec.account.id}; rules between accounts differ.',
                "Use one name for it.",
                spec.place,
            )
        seen.setdefault(spec.account.id, name)


def _role_names(manifest: Manifest) -> Iterator[Problem]:
    """IAM's names are unique whatever their case and path."""
    seen: dict[tuple[str, str], Name] = {}
    for name in [spec.name for spec in manifest.roles.values()] + [
        link.role for link in manifest.links.values()
    ]:
        key = (name.account.name, name.name.lower())
        first = seen.setdefault(key, name)
        if str(first) != str(name):
            yield _problem(
                "Names that clash",
                f'"{name}" and "{first}" cannot both exist: names of roles are unique whatever their case and path.',
                "Rename one of them, or write both the same.",
                name.place,
            )


def _reached(role: RoleSpec, manifest: Manifest) -> Iterator[Problem]:
    linked = any(str(link.role) == str(role.name) for link in manifest.links.values())
    if not role.existing and role.trust is None and not linked:
        yield _problem(
            "No trust",
            f'Role "{role.name}" has no trust and no link goes through it: nobody could assume it.',
            "Add trust:, or existing: true if the role is only named here.",
            role.place,
        )


def _role(role: RoleSpec) -> Iterator[Problem]:
    if role.existing:
        for word, given in (("tags", role.tags), ("boundary", role.boundary)):
            if given:
                yield _problem(
                    "An existing role is not changed",
                    f'Role "{role.name}" is said to exist already, so its {word} would be ignored.',
                    f"Take {word} out, or take existing out.",
                    role.place,
                )
    match role.trust:
        case WrittenDocument():
            yield from _with_principal(f'trust of "{role.name}"', role.trust, trust=True)
        case TrustList(principals=principals, conditions=conditions):
            yield from _second_factor(principals, conditions.mfa, role.place)
    for name, written in role.policies.items():
        yield from _permission(f'policy "{name}" of "{role.name}"', written)


def _link(link: LinkSpec) -> Iterator[Problem]:
    yield from _second_factor(link.trust, link.conditions.mfa, link.place)
    roles = [
        trusted
        for trusted in link.trust
        if isinstance(trusted, PermissionSet) or (isinstance(trusted, Name) and trusted.kind == "role")
    ]
    if roles and link.session_seconds > _CHAINED:
        yield _problem(
            "Session too long for a role",
            f'"{roles[0]}" is itself a role, and a session opened from a session lasts one hour at most; '
            "asking for more fails.",
            "Take session out, or trust users.",
            link.place,
            Severity.WARNING,
        )
    for action in link.actions if link.prefixes else ():
        yield from unconfined(action, link.place)
    for grant in link.grants:
        if grant.account == link.role.account:
            yield _problem(
                "Grant in the owner's account",
                f'"{grant}" is in the account of the role itself; within one account the trust alone is enough.',
                "Take it out, unless it is meant so.",
                grant.place,
                Severity.WARNING,
            )


def _sides(link: LinkSpec) -> Iterator[Problem]:
    """Trust without grant, and grant without trust, between two accounts."""
    trusting = {_account(trusted) for trusted in link.trust} - {link.role.account.name, ""}
    granting = {grant.account.name for grant in link.grants}
    for account in sorted(trusting - granting):
        sets = sorted({one.name for one in link.trust if isinstance(one, PermissionSet)})
        yield _problem(
            "Trust without a grant",
            f'Link "{link.name}" trusts principals of account {account}, but grants nobody there sts:AssumeRole; '
            "between accounts both sides must allow, so it works only if they have it already.",
            f"In Identity Center, put sts:AssumeRole on {link.role.arn} into the permission set {sets[0]}."
            if sets
            else f"Add grant: [{account}/group/NAME], if nothing else gives it.",
            link.place,
            Severity.INFO if sets else Severity.WARNING,
        )
    for account in sorted(granting - trusting - {link.role.account.name}):
        yield _problem(
            "Grant without trust",
            f'Link "{link.name}" grants sts:AssumeRole in account {account}, but trusts nobody there: it could '
            "never work.",
            "Add whom to trust, or take the grant out.",
            link.place,
        )


def _account(trusted: object) -> str:
    if isinstance(trusted, Members):
        return trusted.group.account.name
    account = getattr(trusted, "account", None)
    return account.name if account is not None else ""


def _external_ids(manifest: Manifest) -> Iterator[Problem]:
    """External ids between accounts that are all declared, and none of them as a partner's."""
    own = {one.account.id: name for name, one in manifest.accounts.items() if not one.partner}
    for what, role, ids, place in _asked_for(manifest):
        if not {role.account.id, *ids} <= own.keys():
            continue
        others = sorted(own[one] for one in ids - {role.account.id}) or [role.account.name]
        yield _problem(
            "An external id between accounts of one owner",
            f"{what} asks principals of {' and '.join(others)} for an external id. That guards a role against "
            "somebody else's service that works for many; between accounts of one owner it keeps nobody out, and "
            "the console cannot switch to such a role.",
            "Take the external id out; or write partner: true at the account that belongs to somebody else.",
            place,
            Severity.INFO,
        )


def _asked_for(manifest: Manifest) -> Iterator[tuple[str, Name, set[str], Place | None]]:
    """Every external id that is asked for: by what, for which role, the ids of the accounts it is asked of."""
    for link in manifest.links.values():
        if link.conditions.external_id:
            ids = {_account_id(one) for one in link.trust}
            yield f'Link "{link.name}"', link.role, ids, link.conditions.external_id_place
    for role in manifest.roles.values():
        what = f'Role "{role.name}"'
        match role.trust:
            case TrustList(principals=principals, conditions=conditions) if conditions.external_id:
                yield what, role.name, set(map(_account_id, principals)), conditions.external_id_place
            case WrittenDocument(document=document, place=place):
                ids = {
                    (account_of(named.value) or named.value) if named.type == "AWS" else ""
                    for statement in document.statements
                    if any(key == "sts:externalid" for _, key, _ in statement.conditions)
                    for named in statement.principals or ()
                }
                if ids:
                    yield what, role.name, ids, place


def _account_id(trusted: object) -> str:
    """The account that somebody is of; "" where there is none."""
    if isinstance(trusted, Foreign):
        return account_of(trusted.arn)
    account = trusted.group.account if isinstance(trusted, Members) else getattr(trusted, "account", None)
    return account.id if account is not None else ""


def _second_factor(principals: Iterable[object], mfa: bool, place: Place | None) -> Iterator[Problem]:
    for trusted in principals:
        if mfa and isinstance(trusted, Name) and trusted.kind == "role":
            yield _problem(
                "A second factor from a role",
                f'"{trusted}" is a role, and a session of a role never carries a second factor: it could never '
                "assume.",
                "Take mfa out, or trust users.",
                trusted.place or place,
            )


def _permission(what: str, written: WrittenDocument) -> Iterator[Problem]:
    for statement in written.document.statements:
        if statement.principals is not None or statement.not_principals is not None:
            yield _problem(
                "A principal in a permission",
                f"The {what} has a Principal; a policy of an identity has none, and the service refuses it.",
                "Take Principal out, or put the document where it belongs: trust or bucket policy.",
                written.place,
            )
        if statement.resources is None and statement.not_resources is None:
            yield _problem(
                "No resource",
                f"The {what} has a statement without Resource; the service refuses it.",
                "Add Resource.",
                written.place,
            )


def _with_principal(what: str, written: WrittenDocument, *, trust: bool = False) -> Iterator[Problem]:
    for statement in written.document.statements:
        if statement.principals is None and statement.not_principals is None:
            yield _problem(
                "No principal",
                f"The {what} has a statement without Principal; the service refuses it.",
                "Add Principal.",
                written.place,
            )
        if trust and (statement.resources is not None or statement.not_resources is not None):
            yield _problem(
                "A resource in a trust policy",
                f"The {what} has a Resource; a trust policy is about its own role, and the service refuses it.",
                "Take Resource out.",
                written.place,
            )
        if trust and statement.not_principals is not None:
            yield _problem(
                "NotPrincipal in a trust policy",
                f"The {what} has NotPrincipal, which a trust policy cannot have.",
                "Name who may assume the role.",
                written.place,
            )


def _problem(
    summary: str, detail: str, fix: str, place: Place | None, severity: Severity = Severity.ERROR
) -> Problem:
    return Problem(summary=summary, detail=detail, fix=fix, place=place, severity=severity)
