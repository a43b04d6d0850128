"""Whether a plan opens something to everybody, and what S3's blocks of public access make of its bucket policies."""

from __future__ import annotations

from collections.abc import Iterator

from xacct.access.estate import Estate
from xacct.engine.preparing.limits import Lifted
from xacct.kinds.bucket_policy import BucketPolicy
from xacct.plan.plan import Create, Delete, Plan, Update
from xacct.policy.arn import account_of, is_account_id
from xacct.policy.document import Document, Statement
from xacct.policy.public import public_statements
from xacct.problem import Problem
from xacct.resource import Resource
from xacct.snapshot import BucketRecord, Snapshot

_BLOCK, _RESTRICT = "BlockPublicPolicy", "RestrictPublicBuckets"
_LIFT = "If everybody is meant, say --allow-public."


def opened(plan: Plan, after: Estate, lifted: Lifted) -> tuple[Problem, ...]:
    """Reasons to refuse a plan for what it opens, or for what the blocks of public access would do to it.

    ``after`` are the accounts as they will be. A put that S3 is known to refuse is refused whatever was lifted.
    """
    return tuple(_found(plan, after, lifted))


def _found(plan: Plan, after: Estate, lifted: Lifted) -> Iterator[Problem]:
    told = False
    for step in plan.steps:
        match step.change:
            case Create(made):
                had: frozenset[str] = frozenset()
            case Update(before, made):
                had = _public(before)
            case Delete():
                continue
        if _public(made) - had and not lifted.public:
            told = True
            yield Problem(
                summary="Open to everybody",
                detail=f"{step.address} would let everybody in: "
                'a statement for Principal "*" has no condition that fixes who it is.',
                fix=f"Name accounts, users or roles. {_LIFT}",
            )
        if isinstance(made, BucketPolicy):
            snapshot = after.snapshots.get(made.account.id)
            record = snapshot.buckets.get(made.bucket) if snapshot else None
            if snapshot is not None and record is not None and isinstance(record.policy, Document):
                yield from _blocked(made, record, record.policy, snapshot, lifted)
    for one in plan.access:
        if one.mark == "public" and not told and not lifted.public:
            told = True
            yield Problem(
                summary="Open to everybody",
                detail=f"After this plan {one.text}.",
                fix=f"Name accounts, users or roles. {_LIFT}",
            )


def _public(resource: Resource) -> frozenset[str]:
    return frozenset(
        statement.canonical
        for _, document in resource.shown()
        if isinstance(document, Document)
        for statement in public_statements(document)
        if statement.principals is not None or statement.not_principals is not None
    )


def _blocked(
    made: BucketPolicy, record: BucketRecord, merged: Document, snapshot: Snapshot, lifted: Lifted
) -> Iterator[Problem]:
    """What the switches of the bucket and of its account do to the policy as a whole, foreign statements too."""
    public = public_statements(merged)
    if not public:
        return
    which = _named(public[0], made)
    switches = (record.public_access_block or frozenset()) | (snapshot.public_access_block or frozenset())
    if _BLOCK in switches:
        yield Problem(
            summary="S3 would refuse the policy",
            detail=f"Bucket {made.bucket} has {_BLOCK} on, and {which} is public: "
            "S3 refuses every put of a policy that holds one, whoever wrote it.",
            fix="Take that statement out, or have the setting turned off by whoever owns the bucket.",
        )
        return
    unknown = record.public_access_block is None or (
        snapshot.platform.startswith("aws") and snapshot.public_access_block is None
    )
    others = sorted(_other_accounts(made))
    if others and not lifted.public and (_RESTRICT in switches or unknown):
        state = "is on" if _RESTRICT in switches else "may be on, it could not be read for bucket and account"
        yield Problem(
            summary="Cut off by a public statement",
            detail=f"{_RESTRICT} {state} and {which} is public: S3 then refuses every other account, so what "
            f"{made.address} gives {', '.join(others)} would not work. Sessions of the bucket's own roles still do.",
            fix="Take that statement out, or give the access through a role. "
            "To apply it all the same, say --allow-public.",
        )


def _named(statement: Statement, made: BucketPolicy) -> str:
    whose = "our" if statement.sid in made.sids else "a foreign"
    return f'{whose} statement "{statement.sid}"' if statement.sid else f"{whose} statement"


def _other_accounts(made: BucketPolicy) -> frozenset[str]:
    """The accounts beside the bucket's own that our statements let in."""
    (document,) = (value for _, value in made.shown() if isinstance(value, Document))
    named = {
        one.value if is_account_id(one.value) else account_of(one.value)
        for statement in document.statements
        if statement.effect == "Allow"
        for one in statement.principals or ()
        if one.type == "AWS" and one.value != "*"
    }
    return frozenset(named - {made.account.id, ""})
