"""The ways from principals through roles to buckets, out of links or out of the documents of a role."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from xacct.account import Account
from xacct.check import Caller
from xacct.manifest.desired.provided import roles_of
from xacct.manifest.documents import ACCESS
from xacct.manifest.expected.reach import assumable, declared_by
from xacct.manifest.identities import PermissionSet, SamlUser, ServiceFor, WebIdentity
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
    WholeAccount,
    WrittenDocument,
)
from xacct.manifest.s3_actions import lists, meant, on_objects
from xacct.policy.arn import Arn, is_account_id, root_arn
from xacct.policy.document import Statement
from xacct.problem import Place
from xacct.snapshot import Snapshot

EVERYBODY = "*"
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a session may do in one place: a bucket as a whole (``prefix`` None) or below a prefix."""

    bucket: Name
    prefix: str | None
    actions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One way from principals through a role to buckets.

    ``open_to`` holds the ids of accounts whose principals are let in without being named one by one, or
    could not be read; ``*`` is everybody. ``unnamed`` are callers that stand for such principals, each with
    the reason why nobody can try as them.
    """

    name: str
    role: Name
    callers: tuple[Caller, ...]
    targets: tuple[Target, ...]
    conditions: Conditions
    session_seconds: int
    open_to: frozenset[str]
    unnamed: tuple[tuple[Caller, str], ...]
    place: Place | None


def paths(manifest: Manifest, snapshots: Mapping[str, Snapshot]) -> tuple[Path, ...]:
    """Every path: the links first, then the trusts of roles, one path for each statement of a document.

    ``snapshots`` tell who is in a group.
    """
    found = [_of_link(manifest, link, snapshots) for link in manifest.links.values()]
    for role in manifest.roles.values():
        if role.trust is not None:
            found += _of_role(manifest, role, snapshots)
    return tuple(found)


def _of_link(manifest: Manifest, link: LinkSpec, snapshots: Mapping[str, Snapshot]) -> Path:
    crowd = _Crowd(manifest, link.role, link.grants, snapshots)
    callers, unnamed, open_to = crowd.of(link.trust)
    return Path(
        name=link.name,
        role=link.role,
        callers=callers,
        targets=tuple(_targets_of_link(link)),
        conditions=link.conditions,
        session_seconds=link.session_seconds,
        open_to=open_to,
        unnamed=unnamed,
        place=link.place,
    )


def _targets_of_link(link: LinkSpec) -> Iterator[Target]:
    further = frozenset(one for action in link.actions for one in meant(action) or (action,))
    actions = frozenset(ACCESS[word] for word in link.access) | further
    below = frozenset(one for one in actions if lists(one) or on_objects(one))
    for bucket in link.buckets:
        if not link.prefixes:
            yield Target(bucket=bucket, prefix=None, actions=actions)
            continue
        for prefix in link.prefixes:
            yield Target(bucket=bucket, prefix=prefix, actions=below)
        if actions - below:
            yield Target(bucket=bucket, prefix=None, actions=actions - below)


def _of_role(manifest: Manifest, role: RoleSpec, snapshots: Mapping[str, Snapshot]) -> Iterator[Path]:
    """A role by its own documents: who is in its trust, and what its policies allow on buckets."""
    crowd = _Crowd(manifest, role.name, (), snapshots)
    plain = Path(
        name=role.name.name,
        role=role.name,
        callers=(),
        targets=tuple(
            Target(
                bucket=Name(account=role.name.account, kind="bucket", name=bucket),
                prefix=prefix,
                actions=actions,
            )
            for (bucket, prefix), actions in declared_by(role).items()
        ),
        conditions=Conditions(),
        session_seconds=role.session_seconds,
        open_to=frozenset(),
        unnamed=(),
        place=role.place,
    )
    match role.trust:
        case TrustList(principals=principals, conditions=conditions):
            callers, unnamed, open_to = crowd.of(principals)
            yield replace(plain, callers=callers, unnamed=unnamed, open_to=open_to, conditions=conditions)
        case WrittenDocument(document=document):
            for statement in document.statements:
                if statement.effect == "Allow":
                    callers, unnamed, open_to = crowd.of_statement(statement)
                    yield replace(
                        plain,
                        callers=callers,
                        unnamed=unnamed,
                        open_to=open_to,
                        conditions=_conditions(statement),
                    )
        case None:
            return


def _conditions(statement: Statement) -> Conditions:
    """What a written trust asks, as far as the manifest has words for it."""
    values = {(operator, key): given for operator, key, given in statement.conditions}
    external = values.get(("stringequals", "sts:externalid"), ())
    factors = {values.get((one, "aws:multifactorauthpresent")) for one in ("bool", "boolifexists")}
    until = values.get(("datelessthan", "aws:currenttime"), ())
    return Conditions(
        external_id=external[0] if len(external) == 1 else "",
        mfa=("true",) in factors,
        source_ip=values.get(("ipaddress", "aws:sourceip"), ()),
        expires=until[0] if len(until) == 1 and _MOMENT.fullmatch(until[0]) else "",
    )


_Found = tuple[tuple[Caller, ...], tuple[tuple[Caller, str], ...], frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Crowd:
    """Who stands behind the principals of a trust, as far as the manifest and the snapshots tell."""

    manifest: Manifest
    role: Name
    grants: tuple[Name, ...]
    snapshots: Mapping[str, Snapshot]

    def of(self, trusted: Iterable[Trusted]) -> _Found:
        """Those of a list of principals."""
        callers: list[Caller] = []
        unnamed: list[tuple[Caller, str]] = []
        open_to: set[str] = set()
        for one in trusted:
            match one:
                case Name():
                    callers.append(self._caller(one))
                case Foreign(arn=arn):
                    callers += self._by_arn(arn)
                case Members(group=group, by="members"):
                    known = self._members(group)
                    if known is None:
                        open_to.add(group.account.id)
                    callers += known or ()
                    if not known:
                        why = "could not be read" if known is None else "is nobody"
                        unnamed.append((_stands_for(group.account, group.arn), f"Who is in {group} {why}."))
                case Members(group=group):
                    open_to.add(group.account.id)
                    known = [one for one in self._members(group) or () if one.profile]
                    callers += known
                    unnamed += [] if known else [self._nobody(group.account)]
                case WholeAccount(account=account):
                    open_to.add(account.id)
                    known = self._holding_a_grant(account)
                    callers += known
                    unnamed += [] if known else [self._nobody(account)]
                case PermissionSet():
                    known = list(self._of_set(one))
                    callers += known
                    unnamed += [] if known else [self._no_set(one)]
                case WebIdentity() | SamlUser() | ServiceFor():
                    callers.append(self._vouched(one))
        return _once(callers), tuple(unnamed), frozenset(open_to)

    def of_statement(self, statement: Statement) -> _Found:
        """Those that a statement of a written trust names."""
        callers: list[Caller] = []
        unnamed: list[tuple[Caller, str]] = []
        open_to: set[str] = set()
        if statement.not_principals is not None:
            open_to.add(EVERYBODY)
        for named in statement.principals or ():
            arn = Arn.parse(named.value)
            number = named.value if is_account_id(named.value) else arn.account if arn else ""
            if EVERYBODY in (named.type, named.value):
                open_to.add(EVERYBODY)
            elif named.type == "Federated":
                callers += self._by_claims(named.value, statement)
            elif arn is not None and arn.resource.startswith(("user/", "role/")):
                callers += self._by_arn(named.value)
            elif number and (arn is None or arn.resource == "root"):
                account = self._account(number, self.role.account.partition)
                open_to.add(number)
                known = [*self._by_condition(statement, number), *self._holding_a_grant(account)]
                callers += known
                unnamed += [] if known else [self._nobody(account)]
        return _once(callers), tuple(unnamed), frozenset(open_to)

    def _by_claims(self, value: str, statement: Statement) -> Iterator[Caller]:
        """Whoever a written statement lets in by a provider: one for each subject that it names."""
        account = self.role.account
        asked = {key: values for operator, key, values in statement.conditions if operator in _POSITIVE}
        subjects = next((key for key in asked if key.endswith(":sub")), "")
        plain = tuple((key, values[0]) for key, values in asked.items() if key != subjects)
        for subject in asked.get(subjects, ("",)):
            claims = (*plain, (subjects, subject)) if subject else plain
            named = value.rpartition("-provider/")[2]
            called = f"{subject} of {named}" if subject else named
            yield Caller(account=account, arn=value, claims=claims, called=called)

    def _by_condition(self, statement: Statement, number: str) -> Iterator[Caller]:
        """The users and roles that a condition picks out of an account, where it names them whole."""
        for operator, key, values in statement.conditions:
            if key == "aws:principalarn" and operator in _POSITIVE:
                for value in values:
                    if not set(value) & set("*?$") and value.split(":")[4:5] == [number]:
                        yield from self._by_arn(value)

    def _by_arn(self, text: str) -> Iterator[Caller]:
        arn = Arn.parse(text)
        if arn is not None:
            profiles = {user.name.arn: user.profile for user in self.manifest.users.values()}
            profiles |= {role.name.arn: role.profile for role in self.manifest.roles.values()}
            account = self._account(arn.account, arn.partition)
            yield Caller(account=account, arn=text, profile=profiles.get(text, ""))

    def _account(self, number: str, partition: str) -> Account:
        for spec in self.manifest.accounts.values():
            if spec.account.id == number:
                return spec.account
        return Account(name=number, id=number, partition=partition)

    def _caller(self, name: Name) -> Caller:
        user, role = self.manifest.users.get(str(name)), self.manifest.roles.get(str(name))
        profile = user.profile if user else role.profile if role else ""
        return Caller(account=name.account, arn=name.arn, profile=profile)

    def _members(self, group: Name) -> list[Caller] | None:
        """Who is in a group; None where that could not be read."""
        snapshot = self.snapshots.get(group.account.name)
        if snapshot is None or snapshot.why_unread("users", "groups", f"group/{group.name}") is not None:
            return None
        return [
            self._caller(Name(account=group.account, kind="user", name=user.name, path=user.path))
            for user in snapshot.members(group.name)
        ]

    def _holding_a_grant(self, account: Account) -> list[Caller]:
        """Of an account that is let in as a whole: the users with a profile that are granted the role."""
        groups = [name for name in self.grants if name.kind == "group"]
        groups += [one.name for one in self.manifest.groups.values() if assumable(one.grants, self.role.arn)]
        inside = {caller.arn for name in groups for caller in self._members(name) or ()}
        for spec in self.manifest.groups.values():
            if spec.name in groups:
                inside |= {member.arn for member in spec.members or ()}
        inside |= {name.arn for name in self.grants if name.kind == "user"}
        return [
            self._caller(user.name)
            for user in self.manifest.users.values()
            if user.profile
            and user.name.account == account
            and (user.name.arn in inside or assumable(user.grants, self.role.arn))
        ]

    def _of_set(self, one: PermissionSet) -> Iterator[Caller]:
        """The role of a permission set; before anything is read, by the pattern of its name."""
        snapshot = self.snapshots.get(one.account.name)
        if snapshot is None:
            yield Caller(account=one.account, arn=one.patterns[0], profile=one.profile, called=str(one))
            return
        for role in roles_of(one, snapshot):
            yield Caller(account=one.account, arn=role.arn, profile=one.profile, called=str(one))

    def _no_set(self, one: PermissionSet) -> tuple[Caller, str]:
        return (
            Caller(account=one.account, arn=one.patterns[0], called=str(one)),
            f"No role of the {one} was found.",
        )

    def _vouched(self, one: WebIdentity | SamlUser | ServiceFor) -> Caller:
        """Whoever a provider vouches for, or a service; the values of conditions are what they bring."""
        standing = one.standing(self.role.account)
        return Caller(
            account=self.role.account,
            arn=standing.value,
            profile=one.profile if isinstance(one, WebIdentity) else "",
            claims=tuple((key, values[0]) for _, key, values in standing.when),
            called=str(one),
        )

    def _nobody(self, account: Account) -> tuple[Caller, str]:
        root = root_arn(account.id, account.partition)
        return (
            _stands_for(account, root),
            f"The account {account.name} is let in as a whole, and for no user with a grant there is a profile.",
        )


_POSITIVE = frozenset({"stringequals", "stringlike", "arnequals", "arnlike"})


def _stands_for(account: Account, arn: str) -> Caller:
    return Caller(account=account, arn=arn)


def _once(callers: Iterable[Caller]) -> tuple[Caller, ...]:
    return tuple({(caller.arn, caller.claims): caller for caller in callers}.values())
