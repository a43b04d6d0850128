"""IAM read entity by entity, where a service has no bulk call or does not allow it.

What comes out are the details of the bulk call's own shape, so that one set of records fits both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

from xacct.aws.platform import not_offered
from xacct.engine.gateway import Gateway
from xacct.errors import ServiceError
from xacct.resource import Call
from xacct.snapshot import Unread

Detail = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The entities that a reader wants, where reading all of them would cost a few calls for each."""

    roles: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()


@dataclass(slots=True)
class Details:
    """What was read of IAM, section by section, with the gaps; a builder, used by one thread."""

    roles: list[Detail] = field(default_factory=list)
    users: list[Detail] = field(default_factory=list)
    groups: list[Detail] = field(default_factory=list)
    policies: list[Detail] = field(default_factory=list)
    gaps: list[Unread] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """How one section is listed, and how one of its entities is completed."""

    name: str
    entity: str
    listing: Call
    key: str
    name_key: str
    complete: Callable[[Gateway, str, Detail], Detail | None]
    optional: bool = False


def reason(error: Exception) -> str:
    """An error as the reason of a gap: what happened, and what can be done about it."""
    fix = getattr(error, "fix", "")
    text = str(error).rstrip(".")
    return f"{text}. {fix}" if fix else f"{text}."


def read_piecemeal(gateway: Gateway, pool: Executor, names: Names | None) -> Details:
    """All of IAM, or with ``names`` in full only what they name; the rest is then said to be unread.

    The members of a named group are read as well. An entity that disappears meanwhile is left out.
    """
    found = Details()
    listings = {section.name: pool.submit(_list, gateway, section) for section in _SECTIONS}
    wanted = _wanted(gateway, names)
    started: list[tuple[_Section, str, Detail, Future[Detail | None]]] = []
    for section in _SECTIONS:
        asked = wanted[section.name]
        listed, error = listings[section.name].result()
        if error is not None:
            everyone = asked is None or not error.denied
            what = section.name if everyone else f"{section.entity}/*"
            found.gaps.append(Unread(account=gateway.account.name, what=what, reason=reason(error)))
            listed = {} if everyone else {name: {} for name in sorted(asked or ())}
        for name, base in listed.items():
            if asked is not None and name not in asked:
                getattr(found, section.name).append(base)
                found.gaps.append(_gap(gateway, section, name, "it was not asked for."))
            else:
                future = pool.submit(section.complete, gateway, name, base)
                started.append((section, name, base, future))
    for section, name, base, future in started:
        try:
            detail = future.result()
        except ServiceError as error:
            found.gaps.append(_gap(gateway, section, name, reason(error)))
            detail = base or None
        if detail is not None:
            getattr(found, section.name).append(detail)
    return found


def _wanted(gateway: Gateway, names: Names | None) -> dict[str, frozenset[str] | None]:
    if names is None:
        return {section.name: None for section in _SECTIONS}
    users: frozenset[str] | None = names.users
    try:
        for group in sorted(names.groups):
            members = _pages(gateway, Call.of("iam", "GetGroup", GroupName=group), "Users", absent=True)
            users = (users or frozenset()) | {str(user["UserName"]) for user in members}
    except ServiceError:
        users = None  # the members are among all users, each with its groups
    return {"roles": names.roles, "users": users, "groups": names.groups, "policies": names.policies}


def _list(gateway: Gateway, section: _Section) -> tuple[dict[str, Detail], ServiceError | None]:
    try:
        entities = _pages(gateway, section.listing, section.key, offered=not section.optional)
        return {str(entity[section.name_key]): dict(entity) for entity in entities}, None
    except ServiceError as error:
        return {}, error


def _gap(gateway: Gateway, section: _Section, name: str, why: str) -> Unread:
    return Unread(account=gateway.account.name, what=f"{section.entity}/{name}", reason=why)


def _pages(
    gateway: Gateway, call: Call, key: str, *, offered: bool = True, absent: bool = False
) -> list[Any]:
    """All entries of a listing. What the service need not offer counts as empty where it does not."""
    try:
        return [entry for page in gateway.pages(call) for entry in page.get(key, ())]
    except ServiceError as error:
        if (not offered and not_offered(error)) or (absent and error.absent):
            return []
        raise


def _parts(gateway: Gateway, call: Call, key: str) -> list[Any]:
    return _pages(gateway, call, key, offered=False)


def _unless_gone(
    complete: Callable[[Gateway, str, Detail], Detail | None],
) -> Callable[[Gateway, str, Detail], Detail | None]:
    """Without the entity that disappeared between its listing and the reading of its parts."""

    def completed(gateway: Gateway, name: str, base: Detail) -> Detail | None:
        try:
            return complete(gateway, name, base)
        except ServiceError as error:
            if error.absent:
                return None
            raise

    return completed


def role_itself(gateway: Gateway, name: str) -> Detail | None:
    """A role with its tags, without what hangs on it; None where there is none."""
    by_name = {"RoleName": name}
    answer = gateway.ask(Call.of("iam", "GetRole", **by_name))
    if answer is None:
        return None
    role: Detail = dict(answer["Role"])
    if not gateway.platform.tags_in_get_role:
        role["Tags"] = _parts(gateway, Call.of("iam", "ListRoleTags", **by_name), "Tags")
    return role


def _role(gateway: Gateway, name: str, base: Detail) -> Detail | None:
    by_name = {"RoleName": name}
    itself = role_itself(gateway, name)
    if itself is None:
        return None
    role = {**base, **itself}
    profiles = Call.of("iam", "ListInstanceProfilesForRole", **by_name)
    return {
        **role,
        "RolePolicyList": list(_inline(gateway, "Role", by_name)),
        "AttachedManagedPolicies": _attached(gateway, "Role", by_name),
        "InstanceProfileList": _parts(gateway, profiles, "InstanceProfiles"),
    }


def _user(gateway: Gateway, name: str, base: Detail) -> Detail | None:
    by_name = {"UserName": name}
    answer = gateway.ask(Call.of("iam", "GetUser", **by_name))
    if answer is None:
        return None
    groups = _parts(gateway, Call.of("iam", "ListGroupsForUser", **by_name), "Groups")
    return {
        **base,
        **answer["User"],
        "GroupList": [group["GroupName"] for group in groups],
        "UserPolicyList": list(_inline(gateway, "User", by_name)),
        "AttachedManagedPolicies": _attached(gateway, "User", by_name),
    }


def _group(gateway: Gateway, name: str, base: Detail) -> Detail | None:
    by_name = {"GroupName": name}
    if not base:
        answer = gateway.ask(Call.of("iam", "GetGroup", **by_name))
        if answer is None:
            return None
        base = answer["Group"]
    return {
        **base,
        "GroupPolicyList": list(_inline(gateway, "Group", by_name)),
        "AttachedManagedPolicies": _attached(gateway, "Group", by_name),
    }


def _policy(gateway: Gateway, name: str, base: Detail) -> Detail | None:
    if not base:
        return None  # a policy is found by its ARN only, and that needs the listing
    arn = {"PolicyArn": base["Arn"]}
    answer = gateway.ask(Call.of("iam", "GetPolicy", **arn))
    if answer is None:
        return None
    policy: Detail = {**base, **answer["Policy"]}
    default = Call.of("iam", "GetPolicyVersion", **arn, VersionId=policy["DefaultVersionId"])
    document = gateway.ask(default)
    if document is None:
        return None
    versions = _parts(gateway, Call.of("iam", "ListPolicyVersions", **arn), "Versions")
    shown = document["PolicyVersion"]
    return {
        **policy,
        "PolicyVersionList": [
            {**version, "Document": shown["Document"]}
            if version["VersionId"] == shown["VersionId"]
            else version
            for version in versions
        ],
    }


def _inline(gateway: Gateway, entity: str, by_name: Mapping[str, str]) -> Iterator[Detail]:
    listing = Call.of("iam", f"List{entity}Policies", **by_name)
    names: Iterable[str] = _parts(gateway, listing, "PolicyNames")
    for name in names:
        answer = gateway.ask(Call.of("iam", f"Get{entity}Policy", **by_name, PolicyName=name))
        if answer is not None:
            yield {"PolicyName": name, "PolicyDocument": answer["PolicyDocument"]}


def _attached(gateway: Gateway, entity: str, by_name: Mapping[str, str]) -> list[Any]:
    listing = Call.of("iam", f"ListAttached{entity}Policies", **by_name)
    return _parts(gateway, listing, "AttachedPolicies")


_SECTIONS = (
    _Section(
        name="roles",
        entity="role",
        listing=Call.of("iam", "ListRoles"),
        key="Roles",
        name_key="RoleName",
        complete=_unless_gone(_role),
    ),
    _Section(
        name="users",
        entity="user",
        listing=Call.of("iam", "ListUsers"),
        key="Users",
        name_key="UserName",
        complete=_unless_gone(_user),
    ),
    _Section(
        name="groups",
        entity="group",
        listing=Call.of("iam", "ListGroups"),
        key="Groups",
        name_key="GroupName",
        complete=_unless_gone(_group),
    ),
    _Section(
        name="policies",
        entity="policy",
        listing=Call.of("iam", "ListPolicies", Scope="Local"),
        key="Policies",
        name_key="PolicyName",
        complete=_unless_gone(_policy),
        optional=True,
    ),
)
