"""What the documents of a role, group or bucket allow, as far as their text alone tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xacct.manifest.documents import ACCESS
from xacct.manifest.model import RoleSpec, WrittenDocument
from xacct.policy.document import Document, Statement
from xacct.policy.match import glob

_PREFIX = "s3:prefix"
_EQUAL, _LIKE = "stringequals", "stringlike"
_OPEN = frozenset("*?$")


def declared_by(role: RoleSpec) -> dict[tuple[str, str | None], frozenset[str]]:
    """What a role's written policies surely allow: by bucket and prefix (None for all of it).

    Only the four actions that the words of ``access`` stand for, only buckets that are named in full, and
    nothing that another condition than that on ``s3:prefix`` or a Deny could take away again.
    """
    found: dict[tuple[str, str | None], set[str]] = {}
    documents = _documents(role)
    for document in documents:
        for statement in document.statements:
            if statement.effect == "Allow":
                for bucket, prefix, action in _allowed(statement):
                    if not any(_may_deny(other, bucket, action) for other in documents):
                        found.setdefault((bucket, prefix), set()).add(action)
    return {place: frozenset(actions) for place, actions in found.items()}


def may_allow(role: RoleSpec, action: str, bucket: str, prefix: str | None) -> bool:
    """Whether the role's own words may let a session do this: where that is so, nothing says it must not.

    A managed policy that is only named by its ARN may allow anything.
    """
    if role.attached:
        return True
    return any(
        _may(statement, action, bucket, prefix)
        for document in _documents(role)
        for statement in document.statements
    )


def bucket_may_allow(written: WrittenDocument, action: str, bucket: str, prefix: str | None) -> bool:
    """Whether a bucket policy may let somebody do this without any role."""
    return any(_may(statement, action, bucket, prefix) for statement in written.document.statements)


def assumable(grants: Mapping[str, WrittenDocument], role_arn: str) -> bool:
    """Whether one of these documents allows ``sts:AssumeRole`` on the role."""
    return any(
        statement.effect == "Allow"
        and _names(statement, "sts:AssumeRole")
        and any(glob(pattern).fullmatch(role_arn) for pattern in statement.resources or ())
        for written in grants.values()
        for statement in written.document.statements
    )


def _documents(role: RoleSpec) -> list[Document]:
    inline = [written.document for written in role.policies.values()]
    return inline + [managed.document.document for managed in role.managed]


def _allowed(statement: Statement) -> Iterator[tuple[str, str | None, str]]:
    """Bucket, prefix and action of what a statement plainly allows."""
    prefixes = _listed(statement)
    for resource in statement.resources or ():
        bucket, slash, key = resource.partition(":s3:::")[2].partition("/")
        if not bucket or set(bucket) & _OPEN:
            continue
        if not slash and prefixes is not None and _names(statement, ACCESS["list"]):
            for prefix in prefixes or (None,):
                yield bucket, prefix, ACCESS["list"]
        below = _below(key) if slash and not statement.conditions else None
        if below is not None:
            for word in ("read", "write", "delete"):
                if _names(statement, ACCESS[word]):
                    yield bucket, below or None, ACCESS[word]


def _listed(statement: Statement) -> tuple[str, ...] | None:
    """The prefixes that listing is bound to, () where it is not; None where something else binds it."""
    if not statement.conditions:
        return ()
    if len(statement.conditions) > 1:
        return None
    operator, key, values = statement.conditions[0]
    if key != _PREFIX or operator not in (_EQUAL, _LIKE):
        return None
    plain = tuple(value for value in values if value.endswith("/") and not set(value) & _OPEN)
    return plain or None


def _below(key: str) -> str | None:
    """``a/`` of ``a/*`` and "" of ``*``; None for any other shape."""
    head = key.removesuffix("*")
    whole = key.endswith("*") and not set(head) & _OPEN and (not head or head.endswith("/"))
    return head if whole else None


def _may_deny(document: Document, bucket: str, action: str) -> bool:
    """Whether a Deny, with whatever conditions, may hit this action somewhere in this bucket."""
    return any(
        statement.effect == "Deny"
        and _may_name(statement, action)
        and (statement.resources is None or any(_touches(pattern, bucket) for pattern in statement.resources))
        for statement in document.statements
    )


def _touches(pattern: str, bucket: str) -> bool:
    name = _name(pattern).partition("/")[0]
    return "$" in name or glob(name).fullmatch(bucket) is not None


def _may(statement: Statement, action: str, bucket: str, prefix: str | None) -> bool:
    if statement.effect != "Allow" or not _may_name(statement, action):
        return False
    if statement.resources is not None:
        wanted = bucket if action == ACCESS["list"] else f"{bucket}/{prefix or ''}x"
        if not any("$" in one or glob(_name(one)).fullmatch(wanted) for one in statement.resources):
            return False
    listed = [
        values
        for operator, key, values in statement.conditions
        if key == _PREFIX and operator in (_EQUAL, _LIKE)
    ]
    if action == ACCESS["list"] and listed:
        return any("$" in one or glob(one).fullmatch(prefix or "") for values in listed for one in values)
    return True


def _name(pattern: str) -> str:
    """Bucket and key of a pattern for ARNs, in whatever partition; a pattern of another shape may be any."""
    _, bucket_arn, name = pattern.partition(":s3:::")
    return name if bucket_arn else "*"


def _may_name(statement: Statement, action: str) -> bool:
    if statement.not_actions is not None:
        return not any(glob(one.lower()).fullmatch(action.lower()) for one in statement.not_actions)
    return _names(statement, action)


def _names(statement: Statement, action: str) -> bool:
    return any(glob(one.lower()).fullmatch(action.lower()) for one in statement.actions or ())
