"""One resource by itself, as it is at this moment: what is looked at right before it is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """What lives in a place: its fields as people read them, None where nothing does.

    ``id`` is the unique id of the role or group, where the answer tells it: made again under the same name, it is
    another one.
    """

    fields: Fields | None
    id: str = ""


NOTHING = Seen(None)


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


def read(gateway: Gateway, resource: Resource, known: Mapping[str, str]) -> Seen:
    """What lives where this resource has its place.

    ``known`` are ARNs by unique id, for the trust of a role. What is no policy by our reading is kept as text.

    Raises:
        ServiceError: it cannot be read.
    """
    asked = question(resource)
    if asked is None:
        raise ValueError(f"a {resource.kind} is not read alone")
    if isinstance(resource, Role):
        detail = role_itself(gateway, resource.name)
        return NOTHING if detail is None else _role(resource, role_record(detail), known)
    answer = gateway.ask(asked)
    if answer is None:
        return NOTHING
    match resource:
        case Group():
            group = answer["Group"]
            live = replace(resource, path=str(group.get("Path") or "/"))
            return Seen(shown_json(live), str(group.get("GroupId") or ""))
        case ManagedPolicy():
            # Its path is part of the ARN that it was asked for by.
            found = _version(gateway, resource, str(answer["Policy"]["DefaultVersionId"]))
            return Seen(_with_document(resource, found))
        case _:
            return Seen(_with_document(resource, live_document(document_in(asked.operation, answer))))


def part_of(resource: Resource, answer: Mapping[str, Any] | None, known: Mapping[str, str]) -> Seen:
    """A manifest's part of a shared document, out of the answer to the read that its merge begins with.

    Raises:
        MalformedDocument: the document is no policy.
    """
    if answer is None or not isinstance(resource, SharedStatements):
        return NOTHING
    unique_id = str(answer.get("Role", {}).get("RoleId") or "")
    text = document_in(resource.spliced().read.operation, answer)
    if text is None:
        return Seen(None, unique_id)
    document = Document.parse(text)
    if isinstance(resource, RoleTrust):
        document = with_arns(document, known)
    part = resource.within(document)
    return Seen(None if part is None else shown_json(part), unique_id)


def _role(role: Role, record: RoleRecord, known: Mapping[str, str]) -> Seen:
    trust = record.trust
    readable = with_arns(trust, known) if isinstance(trust, Document) else role.trust
    held = Snapshot(account=role.account, roles=immutabledict({record.name: replace(record, trust=readable)}))
    fields = shown_json(next(Role.pick(held)))
    if isinstance(trust, RawDocument):
        fields = {**fields, "trust": trust.text}
    return Seen(fields, record.id)


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


def _with_document(resource: Any, found: LiveDocument) -> Fields:
    if isinstance(found, RawDocument):
        return {**shown_json(resource), "document": found.text}
    return shown_json(replace(resource, document=found))
