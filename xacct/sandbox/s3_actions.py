"""What S3 asks for an operation on the buckets of this cloud."""

from __future__ import annotations

from xacct.permission.permission import Unmapped
from xacct.permission.s3 import MAPPED, s3_arn, s3_context, s3_names
from xacct.sandbox.buckets import Source, source_of
from xacct.sandbox.request import Caller, Demand, Operation
from xacct.sandbox.store import PARTITION, Store


def s3_actions(operation: Operation, caller: Caller, store: Store) -> tuple[Demand, ...]:
    """Every permission the operation needs.

    Raises:
        Unmapped: it is none of those in ``MAPPED``.
    """
    if operation.name == "ListBuckets":
        return (Demand(action="s3:ListAllMyBuckets", resource="*", account=caller.account),)
    if operation.name not in MAPPED:
        raise Unmapped(f"nobody said which permissions s3:{operation.name} needs")
    bucket = str(operation.params.get("Bucket") or "")
    making = operation.name == "CreateBucket"  # of a name that another account may have taken
    owner = caller.account if making else store.bucket_owner(bucket) or caller.account
    context = {
        **s3_context(operation.name, operation.params),
        "s3:ResourceAccount": owner,
        "aws:ResourceAccount": owner,
    }
    found = [
        Demand(action=f"s3:{name}", resource=s3_arn(bucket, key, PARTITION), account=owner, context=context)
        for name, key in s3_names(operation.name, operation.params)
    ]
    source = source_of(operation)
    if source is not None:
        found.append(_source(source, store))
    return tuple(found)


def _source(source: Source, store: Store) -> Demand:
    bucket, key, version = source
    owner = store.bucket_owner(bucket)
    return Demand(
        action="s3:GetObjectVersion" if version else "s3:GetObject",
        resource=s3_arn(bucket, key, PARTITION),
        account=owner,
        context={"s3:ResourceAccount": owner, "aws:ResourceAccount": owner},
    )
