"""Which permissions an operation needs on what this cloud holds, and the condition keys that go with each."""

from __future__ import annotations

from datetime import datetime

from xacct.permission.iam import iam_permissions, sts_permissions
from xacct.permission.permission import Asker, Context, Permission, Unmapped
from xacct.policy.arn import account_of
from xacct.policy.principal import User
from xacct.sandbox import kms
from xacct.sandbox.request import Caller, Demand, Incoming, Operation
from xacct.sandbox.s3_actions import s3_actions
from xacct.sandbox.store import PARTITION, Store


def request_context(incoming: Incoming, now: datetime) -> Context:
    """The keys that every request has: where it comes from, when, and how."""
    found: Context = {
        "aws:SourceIp": incoming.source_ip,
        "aws:SecureTransport": "false",
        "aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:ViaAWSService": "false",
    }
    if "user-agent" in incoming.headers:
        found["aws:UserAgent"] = incoming.headers["user-agent"]
    if "referer" in incoming.headers:
        found["aws:Referer"] = incoming.headers["referer"]
    return found


def demands(operation: Operation, caller: Caller, store: Store) -> tuple[Demand, ...]:
    """Everything that must be allowed for the operation; nothing for what needs no permission.

    Raises:
        Unmapped: nobody said what it needs.
    """
    match operation.service:
        case "iam":
            return _iam(operation, caller, store)
        case "sts":
            return _sts(operation, caller, store)
        case "s3":
            needed = s3_actions(operation, caller, store)
            return (*needed, *kms.demands_of_bucket(operation, caller.account, store))
        case "kms":
            return kms.demands(operation, caller.account, store)
    raise Unmapped(f"{operation.service}:{operation.name} is not here")


def _iam(operation: Operation, caller: Caller, store: Store) -> tuple[Demand, ...]:
    needed = iam_permissions(operation.name, operation.params, _asker(caller, store))
    tags = _resource_tags(needed[0].resource, store)
    return tuple(
        Demand(
            action=one.action,
            resource=one.resource,
            account=caller.account,
            context={**one.context, **tags} if one.resource == needed[0].resource else one.context,
        )
        for one in needed
    )


def _sts(operation: Operation, caller: Caller, store: Store) -> tuple[Demand, ...]:
    needed = sts_permissions(operation.name, operation.params, _asker(caller, store))
    if "aws:TagKeys" in caller.context:  # the tags that a token brings are asked for like those of a call
        needed += (Permission(action="sts:TagSession", resource=needed[0].resource),)
    return tuple(
        Demand(action=one.action, resource=one.resource, account=_owner(one, caller), context=one.context)
        for one in needed
    )


def _owner(needed: Permission, caller: Caller) -> str:
    return account_of(needed.resource) if needed.resource != "*" else caller.account


def _asker(caller: Caller, store: Store) -> Asker:
    own = caller.principal.arn if isinstance(caller.principal, User) else ""

    def find(kind: str, name: str) -> str | None:
        if kind == "group":
            return next((group.arn for group in store.groups(caller.account) if group.name == name), None)
        found = {"role": store.role, "user": store.user}.get(kind)
        live = found(caller.account, name) if found is not None else None
        return live.arn if live is not None else None

    return Asker(account=caller.account, partition=PARTITION, own_arn=own, find=find)


def _resource_tags(resource: str, store: Store) -> Context:
    entity = store.by_arn(resource)
    if entity is None:
        return {}
    return {
        f"{prefix}:ResourceTag/{key}": value
        for key, value in entity.tags.items()
        for prefix in ("aws", "iam")
    }
