"""Of whom and of what parts of documents may speak; where that is not sure, they do; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xacct.kinds.key_policy import KeyPolicy, key_arn
from xacct.policy.arn import account_of, is_account_id
from xacct.policy.document import Document
from xacct.policy.match import glob
from xacct.policy.principal import is_unique_id
from xacct.policy.shared import Part, parts, resource_covers
from xacct.resource import Address

_ASSUME = "sts:assumerole"


def anchor(arn: str) -> str:
    """An IAM ARN without its path: names are unique in an account whatever their path."""
    head, _, resource = arn.rpartition(":")
    kind, slash, rest = resource.partition("/")
    return f"{head}:{kind}/{rest.rpartition('/')[2]}" if slash else arn


def names(part: Part, person: str) -> bool:
    """Whether a part of a trust or bucket policy may speak of a user, a role, or anyone of an account."""
    element = part.principal
    if element is None or element.value == "*" or is_unique_id(element.value):
        return True
    if element.type != "AWS":
        return False
    value = element.value
    if is_account_id(person):
        return person in (value, account_of(value))
    if value == account_of(person):
        return True
    session = anchor(person).replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
    return anchor(value) == anchor(person) or value.startswith(f"{session}/")


def admits(trust: Document | None, person: str) -> bool:
    """Whether an Allow of a trust policy may speak of someone."""
    return trust is not None and any(not part.denies and names(part, person) for part in parts(trust))


def _enters(part: Part, role: str) -> bool:
    """Whether a part of an identity policy may speak of entering a role, by its ARN."""
    action, resource = part.action, part.resource
    if action is not None and glob(action).fullmatch(_ASSUME) is None:
        return False
    return resource is None or "${" in resource or resource_covers(resource, role)


def enter(some: Iterable[Part], role: str) -> bool:
    """Whether any part of an identity policy may speak of entering a role."""
    return any(_enters(part, role) for part in some)


def _named_by(part: Part, other: Part) -> bool:
    """Whether a part of one resource's policy speaks of whom a part of another's names."""
    named = other.principal
    if named is None or named.type != "AWS":
        return part.principal is None or part.principal.value == "*" or part.principal == named
    whole = account_of(named.value) if named.value.endswith(":root") else named.value
    return names(part, whole)


def of_service(service: str, some: Iterable[Part]) -> list[Part]:
    """The parts that may speak of actions of a service, such as ``s3``."""
    return [one for one in some if one.action is None or _begins(one.action, service)]


def _begins(action: str, service: str) -> bool:
    """Whether an action, or a pattern of them, may be one of a service."""
    fixed = action.partition("*")[0].partition("?")[0]
    return fixed.startswith(f"{service}:") or f"{service}:".startswith(fixed)


def speak_of(some: Sequence[Part], resource: Address) -> bool:
    """Whether parts of an identity policy may speak of a bucket, or of a key."""
    name = resource.parts[0]
    if resource.kind == KeyPolicy.kind:
        arn = key_arn(resource.account, name)
        return any(
            one.resource is None or "${" in one.resource or resource_covers(one.resource, arn)
            for one in of_service("kms", some)
        )
    return any(
        one.resource is None
        or glob(one.resource.rpartition(":::")[2].partition("/")[0]).fullmatch(name) is not None
        or "${" in one.resource
        for one in of_service("s3", some)
    )


def any_deny(some: Iterable[Part]) -> bool:
    """Whether any part is of a Deny."""
    return any(part.denies for part in some)


def name_any(some: Iterable[Part], people: Iterable[str]) -> bool:
    """Whether parts of a trust or of a resource's policy may speak of any of these people."""
    return any(names(part, person) for part in some for person in people)


def same_people(
    some: Sequence[Part], people: frozenset[str], others: Sequence[Part], holding: frozenset[str]
) -> bool:
    """Whether parts of two documents may speak of the same people.

    ``people`` and ``holding`` are who holds a document; nobody where it is a resource's, which names them itself.
    """
    if people and holding:
        return bool(people & holding)
    if people or holding:
        return name_any(others, people) if people else name_any(some, holding)
    return any(_named_by(mine, theirs) or _named_by(theirs, mine) for mine in some for theirs in others)
