"""Rules on those who are neither users nor one's own roles: what can never work, and what cannot be changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xacct.manifest.identities import (
    PermissionSet,
    SamlUser,
    ServiceFor,
    WebIdentity,
    permission_set_of,
)
from xacct.manifest.model import (
    Conditions,
    Foreign,
    Manifest,
    Members,
    Name,
    Trusted,
    TrustList,
    WrittenDocument,
)
from xacct.policy.arn import Arn
from xacct.policy.federation import PROTECTED, SSO_PATH
from xacct.policy.lint import lint
from xacct.problem import Place, Problem, Severity

_RULES = frozenset(
    {
        "federated-wrong-action",
        "federated-key-not-sent",
        "federated-no-subject",
        "federated-open-owner",
        "saml-no-audience",
    }
)


def check_identities(manifest: Manifest) -> Iterator[Problem]:
    """Every such problem of links, roles and grants."""
    for link in manifest.links.values():
        yield from _trust(link.trust, link.conditions, link.place)
    for role in manifest.roles.values():
        if isinstance(role.trust, TrustList):
            yield from _trust(role.trust.principals, role.trust.conditions, role.place)
        elif isinstance(role.trust, WrittenDocument):
            yield from _document(f'trust of "{role.name}"', role.name.account.id, role.trust)
        if not role.existing:
            yield from _made(role.name, role.place)
    for link in manifest.links.values():
        yield from _made(link.role, link.role.place)
        for grant in link.grants:
            yield from _grant(grant, link.role.arn)


def _trust(trusted: Iterable[Trusted], conditions: Conditions, place: Place | None) -> Iterator[Problem]:
    for one in trusted:
        if (
            conditions.pin
            and not isinstance(one, Name)
            and not (isinstance(one, Members) and one.by == "members")
        ):
            yield _problem(
                "Nothing to pin",
                "Only users and roles of the manifest's accounts have unique ids that can be read: nothing else can "
                "be pinned to one.",
                "Take pin out, or give these principals a link of their own.",
                getattr(one, "place", None) or place,
            )
        match one:
            case WebIdentity() | SamlUser() | ServiceFor():
                yield from _unmet(one, conditions, one.place or place)
            case PermissionSet() if conditions.mfa:
                yield _problem(
                    "A second factor from a role",
                    f"The {one} gives a role, and a session of a role never carries a second factor: nobody could "
                    "ever assume.",
                    "Take mfa out; Identity Center asks for the factor when people sign in.",
                    one.place or place,
                )
            case Name(kind="role"):
                yield from _by_name(one.path, one.name, one.account.name, one.place or place)
            case Foreign(arn=text):
                arn = Arn.parse(text)
                if arn is not None and arn.resource.startswith(f"role/{SSO_PATH}/"):
                    path, _, name = arn.resource.removeprefix("role/").rpartition("/")
                    yield from _by_name(path, name, "", one.place or place)


def _unmet(
    one: WebIdentity | SamlUser | ServiceFor, conditions: Conditions, place: Place | None
) -> Iterator[Problem]:
    asked = {"external_id": bool(conditions.external_id), "mfa": conditions.mfa}
    if isinstance(one, ServiceFor):
        asked["source_ip"] = bool(conditions.source_ip)
    for word, given in asked.items():
        if given:
            yield _problem(
                "A condition that is never met",
                f"{one}: such a request carries nothing that {word} asks for, so nobody could ever assume the role.",
                f"Take {word} out, or give these principals a link of their own.",
                place,
            )


def _by_name(path: str, name: str, account: str, place: Place | None) -> Iterator[Problem]:
    """A role that Identity Center made, named as it is called today."""
    known = permission_set_of(path, name)
    if path.strip("/").startswith(SSO_PATH):
        yield _problem(
            "The role of a permission set by its name",
            f'"{name}" is made anew with another suffix when its permission set is provisioned again, and the trust '
            "would be left without anyone.",
            f"Write {{permission_set: {known or 'NAME'}, account: {account or 'ACCOUNT'}}}"
            + ("." if account else ", with that account among accounts."),
            place,
        )


def _made(name: Name, place: Place | None) -> Iterator[Problem]:
    if name.path.startswith(PROTECTED):
        yield _problem(
            "A protected role",
            f'"{name}": roles under {name.path.split("/")[1]}/ are made by AWS; nobody else can make or change them.',
            "Choose another path, or add existing: true where the role is only named.",
            place,
        )


def _grant(grant: Name, role: str) -> Iterator[Problem]:
    if grant.kind != "role" or not grant.path.startswith(PROTECTED):
        return
    known = permission_set_of(grant.path, grant.name)
    if grant.path.startswith("/aws-reserved/"):
        fix = (
            f"In Identity Center, add sts:AssumeRole on {role} to the inline policy of the permission set "
            f"{known or 'that it was made for'}, and take the grant out here."
        )
    else:
        fix = "Take it out; what a service may do is decided by the service."
    yield _problem(
        "A protected role",
        f'"{grant}" can be changed by AWS only: IAM refuses every policy that is put on it.',
        fix,
        grant.place,
    )


def _document(what: str, owner: str, written: WrittenDocument) -> Iterator[Problem]:
    """What IAM refuses in a trust that an author wrote, and what can never be met there."""
    for finding in lint(written.document.source, "trust"):
        if finding.rule in _RULES:
            yield _problem(
                "Trust in an identity provider",
                f"The {what}: {finding.message}",
                finding.fix,
                written.place,
                finding.severity,
            )
    for statement in written.document.statements:
        for named in statement.principals or ():
            arn = Arn.parse(named.value)
            if named.type == "Federated" and arn and arn.account != owner:
                yield _problem(
                    "A provider of another account",
                    f"The {what} names {named.value}, but STS looks for the provider in the role's own account "
                    f"{owner} only: nobody could ever come that way.",
                    "Create the provider there, and name that one.",
                    written.place,
                )
            if named.type == "AWS" and arn and arn.resource.startswith(f"role/{SSO_PATH}/"):
                yield _problem(
                    "The role of a permission set by its name",
                    f"The {what} names {named.value}, which is made anew with another suffix when its permission set "
                    "is provisioned again.",
                    "Trust the account, with ArnLike aws:PrincipalArn on the name without the suffix.",
                    written.place,
                    Severity.WARNING,
                )


def _problem(
    summary: str, detail: str, fix: str, place: Place | None, severity: Severity = Severity.ERROR
) -> Problem:
    return Problem(summary=summary, detail=detail, fix=fix, place=place, severity=severity)
