"""One resource by itself, as it is at this moment: what is looked at right before it is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from immutabledict import immutabledict

from xacct.aws.documents import document_in
from xacct.engine.gateway import Gateway
from xacct.engine.reading.holders import with_arns
from xacct.engine.reading.piecemeal import role_itself
from xacct.engine.reading.records import live_document, role_record
from xacct.errors import ServiceError
from xacct.kinds.group import Group
from xacct.kinds.inline import InlinePolicy
from xacct.kinds.managed_policy import ManagedPolicy
from xacct.kinds.role import Role
from xacct.kinds.role_trust import RoleTrust
from xacct.kinds.shared import SharedStatements
from xacct.plan.codec import shown_json
from xacct.policy.document import Document
from xacct.resource import Call, Resource
from xacct.snapshot import LiveDocument, RawDocument, RoleRecord, Snapshot

UNIQUE_ID = "unique id"
"""The field that holds who a role is: made again under the same name, it is another one."""

Shown = Mapping[str, Any]


def question(resource: Resource) -> Call | None:
    """The call that asks for a resource alone.

    None for what a service changes by itself in one piece: an attachment or a membership is there or it is not,
    and a shared document is read again by its merge.
    """
    match resource:
        case Role():
            return Call.of("iam", "GetRole", RoleName=resource.name)
        case Group():
            return Call.of("iam", "GetGroup", GroupName=resource.name)
        case ManagedPolicy():
            return Call.of("iam", "GetPolicy", PolicyArn=resource.arn)
        case InlinePolicy():
            names = {f"{resource.entity}Name": resource.owner, "PolicyName": resource.name}
            return Call.of("iam", f"Get{resource.entity}Policy", **names)
        case _:
            return None


def read(gateway: Gateway, resource: Resource, known: Mapping[str, str]) -> Shown | None:
    """The fields of what lives where this resource has its place, as people read them; None where nothing does.

    ``known`` are ARNs by unique id, for the trust of a role. What is no policy by our reading is kept as text.

    Raises:
        ServiceError: it cannot be read.
    """
    asked = question(resource)
    if asked is None:
        raise ValueError(f"a {resource.kind} is not read alone")
    if isinstance(resource, Role):
        detail = role_itself(gateway, resource.name)
        return None if detail is None else _role(resource, role_record(detail), known)
    answer = gateway.ask(asked)
    if answer is None:
        return None
    match resource:
        case Group():
            return shown_json(replace(resource, path=str(answer["Group"].get("Path") or "/")))
        case ManagedPolicy():
            path = str(answer["Policy"].get("Path") or "/")
            found = _version(gateway, resource, str(answer["Policy"]["DefaultVersionId"]))
            return {**_with_document(resource, found), "path": path}
        case _:
            return _with_document(resource, live_document(document_in(asked.operation, answer)))


def part_of(resource: Resource, text: str | None, known: Mapping[str, str]) -> Shown | None:
    """The fields of a manifest's part of a live shared document; None where it has none.

    Raises:
        MalformedDocument: the text is no policy.
    """
    if text is None or not isinstance(resource, SharedStatements):
        return None
    document = Document.parse(text)
    if isinstance(resource, RoleTrust):
        document = with_arns(document, known)
    part = resource.within(document)
    return None if part is None else shown_json(part)


def role_shown(role: Role, unique_id: str) -> Shown:
    """A role's fields, and who it is."""
    return {**shown_json(role), UNIQUE_ID: unique_id}


def _role(role: Role, record: RoleRecord, known: Mapping[str, str]) -> Shown:
    trust = record.trust
    readable = with_arns(trust, known) if isinstance(trust, Document) else role.trust
    held = Snapshot(account=role.account, roles=immutabledict({record.name: replace(record, trust=readable)}))
    found = role_shown(next(Role.pick(held)), record.id)
    return {**found, "trust": trust.text} if isinstance(trust, RawDocument) else found


def _version(gateway: Gateway, policy: ManagedPolicy, version: str) -> LiveDocument:
    """The document of a version that was just named; not to be found, it is not seen yet by whoever answered."""
    asked = Call.of("iam", "GetPolicyVersion", PolicyArn=policy.arn, VersionId=version)
    answer = gateway.ask(asked)
    if answer is None:
        raise ServiceError(
            account=gateway.account.name,
            service="iam",
            operation="GetPolicyVersion",
            resource=policy.arn,
            code="NoSuchEntity",
            status=404,
            message=f"the version {version} is the default and cannot be found",
            fix="Run again.",
        )
    return live_document(document_in("GetPolicyVersion", answer))


def _with_document(resource: ManagedPolicy | InlinePolicy | Any, found: LiveDocument) -> Shown:
    if isinstance(found, RawDocument):
        return {**shown_json(resource), "document": found.text}
    return shown_json(replace(resource, document=found))
