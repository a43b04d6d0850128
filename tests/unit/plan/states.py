"""Small states to plan with."""

from __future__ import annotations

from typing import Any

from xacct.account import Account
from xacct.kinds import marker
from xacct.kinds.group import Group
from xacct.kinds.group_policy import GroupPolicy
from xacct.kinds.mark import marked_document
from xacct.kinds.membership import Membership
from xacct.kinds.role import Role
from xacct.kinds.role_policy import RolePolicy
from xacct.plan.build import make_plan
from xacct.plan.diff import Removal
from xacct.plan.plan import Plan
from xacct.policy.document import Document
from xacct.resource import Resource, State
from xacct.snapshot import Unread

DATA = Account(name="data", id="111122223333")
APPS = Account(name="apps", id="444455556666")
NAME = "example"
MARKER = marker(NAME)


def trust(principal: str = "arn:aws:iam::444455556666:user/anna") -> Document:
    return Document.of({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"})


def access(action: str = "s3:GetObject") -> Document:
    return Document.of({"Effect": "Allow", "Action": action, "Resource": "arn:aws:s3:::logs/*"})


def role(name: str = "reader", account: Account = DATA, manifest: str = NAME, **more: Any) -> Role:
    made = Role(account=account, name=name, manifest=manifest, **{"trust": trust(), **more})
    return Role(
        account=account, name=name, manifest=manifest, fingerprint=made.stamp, **{"trust": trust(), **more}
    )


def role_policy(name: str = "access", owner: str = "reader", document: Document | None = None) -> RolePolicy:
    return RolePolicy(account=DATA, owner=owner, name=name, document=document or access())


def grant(name: str = "grant", owner: str = "Testers", document: Document | None = None) -> GroupPolicy:
    return GroupPolicy(account=APPS, owner=owner, name=name, document=document or allow_assume())


def allow_assume(role_name: str = "reader") -> Document:
    arn = f"arn:aws:iam::111122223333:role/{role_name}"
    return Document.of({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn})


def marked_grant(name: str = "xacct-example-reader", owner: str = "Testers") -> GroupPolicy:
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": "arn:aws:iam::111122223333:role/reader",
    }
    return grant(name, owner, marked_document(NAME, [statement]))


def group(name: str = "Testers") -> Group:
    return Group(account=APPS, name=name)


def membership(user: str = "anna", name: str = "Testers") -> Membership:
    return Membership(account=APPS, group=name, user=user)


def unread(account: Account, what: str = "*") -> Unread:
    return Unread(account=account.name, what=what, reason="it was refused")


def plan(
    desired: list[Resource],
    living: list[Resource],
    *,
    was: list[Resource] | None = None,
    listed: list[Resource] | None = None,
    gaps: list[Unread] | None = None,
    edited_too: bool = False,
    **more: Any,
) -> Plan:
    return make_plan(
        name=NAME,
        accounts=(DATA, APPS),
        desired=State.of(desired),
        live=State.of(living, gaps or []),
        removal=Removal(
            marker=MARKER,
            was=State.of(was) if was is not None else None,
            listed=frozenset(one.address for one in listed or []),
            edited_too=edited_too,
        ),
        owners=frozenset({"data"}),
        **more,
    )


def steps(made: Plan) -> list[tuple[str, str]]:
    """Action and address of each step, in order."""
    return [(type(step.change).__name__.lower(), str(step.address)) for step in made.steps]
