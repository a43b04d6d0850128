"""What must work and what must not, if the manifest is true: the checks that verify tries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from xacct.account import Account
from xacct.check import Caller, Check, Want
from xacct.manifest.documents import ACCESS
from xacct.manifest.model import (
    Conditions,
    Foreign,
    LinkSpec,
    Manifest,
    Members,
    Name,
    RoleSpec,
    Trusted,
    TrustList,
    WrittenDocument,
)
from xacct.policy.arn import Arn
from xacct.policy.document import Statement
from xacct.policy.match import glob
from xacct.problem import Place
from xacct.snapshot import Snapshot

_WORDS = {action: word for word, action in ACCESS.items()}
ELSEWHERE = "xacct-elsewhere/"
"""A prefix that no link declares; what lies there must be out of reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One way from principals through a role to a bucket, from a link or from the documents of a role."""

    name: str
    role: Name
    callers: tuple[Caller, ...]
    buckets: Mapping[str, frozenset[str]]
    prefixes: tuple[str, ...]
    conditions: Conditions
    session_seconds: int
    whole_account: bool
    place: Place | None


def expect(manifest: Manifest, snapshots: Mapping[str, Snapshot]) -> tuple[Check, ...]:
    """Every check that follows from the manifest: what is declared first, then what is not.

    ``snapshots`` tell who is in a group. Links come first, then roles that no link goes through.
    """
    paths = list(_paths(manifest, snapshots))
    return tuple(check for path in paths for check in (*_must(path), *_must_not(path, manifest)))


def _paths(manifest: Manifest, snapshots: Mapping[str, Snapshot]) -> Iterator[Path]:
    for link in manifest.links.values():
        actions = frozenset(ACCESS[word] for word in link.access) | frozenset(link.actions)
        yield Path(
            name=link.name,
            role=link.role,
            callers=tuple(_callers(manifest, link.trust, snapshots)),
            buckets={bucket.name: actions for bucket in link.buckets},
            prefixes=link.prefixes,
            conditions=link.conditions,
            session_seconds=link.session_seconds,
            whole_account=_opens_account(link.trust),
            place=link.place,
        )
    linked = {str(link.role) for link in manifest.links.values()}
    for name, role in manifest.roles.items():
        if name not in linked and not role.existing and role.policies:
            yield from _plain(manifest, role, snapshots)


def _plain(manifest: Manifest, role: RoleSpec, snapshots: Mapping[str, Snapshot]) -> Iterator[Path]:
    """A role in the plain form: who is in its trust, and what its policies allow on buckets as a whole."""
    conditions = Conditions()
    match role.trust:
        case TrustList(principals=principals, conditions=given):
            callers, conditions = tuple(_callers(manifest, principals, snapshots)), given
            whole = _opens_account(principals)
        case WrittenDocument():
            callers, whole = tuple(_named(manifest, role.trust)), _names_account(role.trust)
            conditions = Conditions(external_id=_external_id(role.trust), mfa=_asks_mfa(role.trust))
        case None:
            return
    buckets = _allowed(role)
    if buckets:
        yield Path(
            name=role.name.name,
            role=role.name,
            callers=callers,
            buckets=buckets,
            prefixes=(),
            conditions=conditions,
            session_seconds=role.session_seconds,
            whole_account=whole,
            place=role.place,
        )


def _must(path: Path) -> Iterator[Check]:
    for caller in path.callers:
        hop = _hop(path, caller)
        yield hop
        for bucket, actions in path.buckets.items():
            arn = f"arn:{path.role.account.partition}:s3:::{bucket}"
            for prefix in path.prefixes or (None,):
                for action in sorted(actions, key=_rank):
                    yield _in_session(hop, path, arn, action, prefix, Want.ALLOWED)


def _must_not(path: Path, manifest: Manifest) -> Iterator[Check]:
    for caller in path.callers:
        hop = _hop(path, caller)
        if path.conditions.external_id:
            for wrong, words in (
                ("", "without the external id"),
                ("xacct-wrong-id", "with a wrong external id"),
            ):
                yield replace(
                    hop,
                    name=f"{_short(caller)} cannot assume {path.role.name} {words}",
                    external_id=wrong,
                    want=Want.DENIED,
                )
        for bucket, actions in path.buckets.items():
            arn = f"arn:{path.role.account.partition}:s3:::{bucket}"
            if path.prefixes:
                for action in sorted(actions & {ACCESS["list"], ACCESS["write"]}, key=_rank):
                    yield _in_session(hop, path, arn, action, ELSEWHERE, Want.DENIED)
            else:
                for action in (ACCESS["write"], ACCESS["delete"]):
                    if not any(glob(one.lower()).fullmatch(action.lower()) for one in actions):
                        yield _in_session(hop, path, arn, action, None, Want.DENIED)
            if caller.account != path.role.account:
                yield Check(
                    name=f"{_short(caller)} cannot list {bucket} without the role",
                    link=path.name,
                    caller=caller,
                    owner=path.role.account,
                    role="",
                    action=ACCESS["list"],
                    resource=arn,
                    want=Want.DENIED,
                    place=path.place,
                )
    if not path.whole_account:
        yield from _strangers(path, manifest)


def _strangers(path: Path, manifest: Manifest) -> Iterator[Check]:
    """Users with a profile whom this role does not trust."""
    trusted = {caller.arn for caller in path.callers}
    for user in manifest.users.values():
        if user.profile and user.name.arn not in trusted:
            caller = Caller(account=user.name.account, arn=user.name.arn, profile=user.profile)
            hop = _hop(path, caller)
            yield replace(
                hop,
                name=f"{_short(caller)}, who is not declared, cannot assume {path.role.name}",
                want=Want.DENIED,
            )


def _hop(path: Path, caller: Caller) -> Check:
    return Check(
        name=f"{_short(caller)} assumes {path.role.name}",
        link=path.name,
        caller=caller,
        owner=path.role.account,
        role=path.role.arn,
        action="sts:AssumeRole",
        resource=path.role.arn,
        want=Want.ALLOWED,
        external_id=path.conditions.external_id,
        mfa=path.conditions.mfa,
        session_seconds=path.session_seconds,
        place=path.place,
    )


def _in_session(hop: Check, path: Path, bucket: str, action: str, prefix: str | None, want: Want) -> Check:
    name = bucket.rpartition(":")[2]
    where = f"{name}/{prefix}" if prefix else name
    verb = _WORDS.get(action, action)
    may = "can" if want is Want.ALLOWED else "cannot"
    return replace(
        hop,
        name=f"{_short(hop.caller)} {may} {verb} {where}",
        action=action,
        resource=bucket,
        prefix=prefix,
        want=want,
    )


def _callers(
    manifest: Manifest, trusted: tuple[Trusted, ...], snapshots: Mapping[str, Snapshot]
) -> Iterator[Caller]:
    for one in trusted:
        match one:
            case Name():
                yield _caller(manifest, one)
            case Foreign():
                account = Arn.parse(one.arn)
                number = account.account if account else ""
                yield Caller(account=Account(name=number, id=number), arn=one.arn)
            case Members(group=group, by="members"):
                snapshot = snapshots.get(group.account.name)
                for user in snapshot.members(group.name) if snapshot else ():
                    yield _caller(
                        manifest, Name(account=group.account, kind="user", name=user.name, path=user.path)
                    )
            case _:
                yield from _with_profiles(manifest, one)


def _with_profiles(manifest: Manifest, trusted: Trusted) -> Iterator[Caller]:
    """Of a whole account: the users that the manifest has a profile for."""
    account = trusted.group.account if isinstance(trusted, Members) else getattr(trusted, "account", None)
    for user in manifest.users.values():
        if user.profile and user.name.account == account:
            yield _caller(manifest, user.name)


def _caller(manifest: Manifest, name: Name) -> Caller:
    user, role = manifest.users.get(str(name)), manifest.roles.get(str(name))
    profile = user.profile if user else role.profile if role else ""
    return Caller(account=name.account, arn=name.arn, profile=profile)


def _named(manifest: Manifest, trust: WrittenDocument) -> Iterator[Caller]:
    """The users and roles that a trust document names."""
    accounts = {spec.account.id: spec.account for spec in manifest.accounts.values()}
    profiles = {user.name.arn: user.profile for user in manifest.users.values()}
    profiles |= {role.name.arn: role.profile for role in manifest.roles.values()}
    for statement in trust.document.statements:
        for named in statement.principals or ():
            arn = Arn.parse(named.value)
            if (
                statement.effect == "Allow"
                and arn is not None
                and arn.resource.startswith(("user/", "role/"))
            ):
                account = accounts.get(arn.account) or Account(name=arn.account, id=arn.account)
                yield Caller(account=account, arn=named.value, profile=profiles.get(named.value, ""))


def _names_account(trust: WrittenDocument) -> bool:
    return any(
        ":user/" not in named.value and ":role/" not in named.value
        for statement in trust.document.statements
        for named in statement.principals or ()
    )


def _opens_account(trusted: tuple[Trusted, ...]) -> bool:
    return any(
        not isinstance(one, Name | Foreign) and getattr(one, "by", "account") == "account" for one in trusted
    )


def _external_id(trust: WrittenDocument) -> str:
    for statement in trust.document.statements:
        for operator, key, values in statement.conditions:
            if operator == "stringequals" and key == "sts:externalid" and len(values) == 1:
                return values[0]
    return ""


def _asks_mfa(trust: WrittenDocument) -> bool:
    return any(
        key == "aws:multifactorauthpresent" and values == ("true",)
        for statement in trust.document.statements
        for _, key, values in statement.conditions
    )


def _allowed(role: RoleSpec) -> dict[str, frozenset[str]]:
    """What the policies of a role allow on whole buckets, by bucket; conditions are left to the service."""
    found: dict[str, set[str]] = {}
    for written in role.policies.values():
        for statement in written.document.statements:
            if statement.effect == "Allow" and not statement.conditions:
                for bucket, below in _buckets(statement):
                    wanted = (
                        [ACCESS["read"], ACCESS["write"], ACCESS["delete"]] if below else [ACCESS["list"]]
                    )
                    found.setdefault(bucket, set()).update(
                        action for action in wanted if _has(statement, action)
                    )
    return {bucket: frozenset(actions) for bucket, actions in found.items() if actions}


def _buckets(statement: Statement) -> Iterator[tuple[str, bool]]:
    for resource in statement.resources or ():
        name = resource.partition(":s3:::")[2]
        bucket, slash, key = name.partition("/")
        if bucket and not set(bucket) & set("*?$") and (not slash or key == "*"):
            yield bucket, bool(slash)


def _has(statement: Statement, action: str) -> bool:
    return any(glob(pattern).fullmatch(action.lower()) for pattern in statement.actions or ())


def _short(caller: Caller) -> str:
    return f"{caller.account.name}/{caller.arn.rpartition(':')[2]}"


def _rank(action: str) -> tuple[int, str]:
    order = list(ACCESS.values())
    return (order.index(action) if action in order else len(order), action)


def only(checks: tuple[Check, ...], links: frozenset[str]) -> tuple[Check, ...]:
    """The checks of these links; all where none is named."""
    return tuple(check for check in checks if not links or check.link in links)


def link_of(manifest: Manifest, name: str) -> LinkSpec | RoleSpec | None:
    """A link by its name, or a role of the plain form by its own; None where there is neither."""
    if name in manifest.links:
        return manifest.links[name]
    return next((role for role in manifest.roles.values() if role.name.name == name), None)
