"""Whether what a manifest names is there: users, roles, groups and buckets, before anything is written."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from xacct.kinds.group import Group
from xacct.kinds.role import Role
from xacct.manifest.model import Manifest, Members, Name, TrustList, WrittenDocument
from xacct.policy.arn import Arn
from xacct.problem import Place, Problem, Severity
from xacct.resource import State
from xacct.snapshot import GroupRecord, RoleRecord, Snapshot, UserRecord


def missing(
    manifest: Manifest, state: State, snapshots: Mapping[str, Snapshot]
) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """Problems for what is named and absent, and notes for what could not be looked up.

    What the manifest itself makes counts as there.
    """
    problems: dict[Name, Problem] = {}
    unseen: dict[tuple[str, str], Problem] = {}
    for name, why in _named(manifest):
        if _made(name, state) or name in problems:
            continue
        snapshot = snapshots.get(name.account.name)
        section = f"{name.kind}s"
        gap = snapshot.why_unread(section, f"{name.kind}/{name.name}") if snapshot else "It was not read."
        if snapshot is None or gap is not None:
            unseen.setdefault((name.account.name, section), _not_seen(name, gap or ""))
            continue
        found = _problem(name, why, snapshot)
        if found:
            problems[name] = found
    return tuple(problems.values()), tuple(unseen.values())


def _named(manifest: Manifest) -> Iterator[tuple[Name, str]]:
    """Everything the manifest takes for granted, with the words for what it is there for."""
    for link in manifest.links.values():
        for trusted in link.trust:
            yield from _of_trust(trusted, f'link "{link.name}" trusts it')
        for grant in link.grants:
            yield grant, f'link "{link.name}" grants it the role'
        for bucket in link.buckets:
            yield bucket, f'link "{link.name}" gives access to it'
        declared = manifest.roles.get(str(link.role))
        if declared and declared.existing:
            yield link.role, f'link "{link.name}" goes through it'
    for role in manifest.roles.values():
        if isinstance(role.trust, TrustList):
            for trusted in role.trust.principals:
                yield from _of_trust(trusted, f'role "{role.name}" trusts it')
        elif isinstance(role.trust, WrittenDocument):
            for name in _in_document(manifest, role.trust):
                yield name, f'role "{role.name}" trusts it'
        if role.existing:
            yield role.name, "it is said to exist"
    for group in manifest.groups.values():
        if not group.create:
            yield group.name, "it is given grants or members"
        for member in group.members or ():
            yield member, f'group "{group.name}" has it as a member'
    for user in manifest.users.values():
        yield user.name, "it is named under users"
    for spec in manifest.buckets.values():
        yield spec.name, "it is given policy statements"
        for name in _in_document(manifest, spec.policy):
            yield name, f'the policy of bucket "{spec.name}" names it'


def _of_trust(trusted: object, why: str) -> Iterator[tuple[Name, str]]:
    if isinstance(trusted, Name):
        yield trusted, why
    elif isinstance(trusted, Members):
        yield trusted.group, why


def _in_document(manifest: Manifest, written: WrittenDocument) -> Iterator[Name]:
    """The users and roles that a written document names, in accounts of the manifest."""
    accounts = {spec.account.id: spec.account for spec in manifest.accounts.values()}
    for statement in written.document.statements:
        for named in statement.principals or ():
            arn = Arn.parse(named.value)
            if named.type != "AWS" or arn is None or arn.service != "iam" or arn.account not in accounts:
                continue
            kind, _, rest = arn.resource.partition("/")
            if kind == "user" or kind == "role":
                path, _, name = rest.rpartition("/")
                yield Name(
                    account=accounts[arn.account],
                    kind="user" if kind == "user" else "role",
                    name=name,
                    path=f"/{path}/" if path else "/",
                    place=written.place,
                )


def _made(name: Name, state: State) -> bool:
    return any(
        isinstance(resource, Role | Group)
        and resource.kind == name.kind
        and resource.account == name.account
        and resource.name == name.name
        for resource in state.resources.values()
    )


def _problem(name: Name, why: str, snapshot: Snapshot) -> Problem | None:
    if name.kind == "bucket":
        bucket = snapshot.buckets.get(name.name)
        if bucket is not None and bucket.exists:
            return None
        return _absent(name, why, "xacct never creates buckets. Create it first, or correct the name.")
    tables: dict[str, Mapping[str, UserRecord] | Mapping[str, RoleRecord] | Mapping[str, GroupRecord]] = {
        "user": snapshot.users,
        "role": snapshot.roles,
        "group": snapshot.groups,
    }
    table = tables[name.kind]
    live = table.get(name.name)
    if live is not None and live.path == name.path:
        return None
    if live is not None:
        return Problem(
            summary=f"{name.kind.capitalize()} at another path",
            detail=(
                f'"{name}" is named because {why}, but the {name.kind} lives under the path {live.path}: '
                "its ARN holds the path, so nothing that names it without would ever match."
            ),
            fix=f"Write {name.account.name}/{name.kind}{live.path}{live.name}.",
            place=name.place,
        )
    return _absent(name, why, _suggestion(name, list(table)))


def _suggestion(name: Name, known: list[str]) -> str:
    other_case = [found for found in known if found.lower() == name.name.lower()]
    near = other_case or difflib.get_close_matches(name.name, known, n=3, cutoff=0.6)
    if other_case:
        return f'Names are case sensitive here: write "{near[0]}".'
    if near:
        return f"Did you mean {', '.join(near)}? Otherwise create it first."
    return "Create it first, or correct the name."


def _absent(name: Name, why: str, fix: str) -> Problem:
    return Problem(
        summary=f"Unknown {name.kind}",
        detail=f'"{name}" does not exist in account {name.account.id}, but {why}; it could never work.',
        fix=fix,
        place=name.place,
    )


def _not_seen(name: Name, reason: str) -> Problem:
    return Problem(
        summary="Existence not checked",
        detail=f"Whether the named {name.kind}s of account {name.account.name} exist is unknown: {reason}",
        fix="Give xacct read access there, or see to it that they exist.",
        place=Place(name.place.file) if name.place else None,
        severity=Severity.WARNING,
    )
