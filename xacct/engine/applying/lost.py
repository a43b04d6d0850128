"""Answers that were lost: what a call should have made is there, and it was a try of our own that made it."""

from __future__ import annotations

from typing import Any

from xacct.aws.documents import document_in, plain
from xacct.engine.gateway import Gateway
from xacct.engine.reading.records import tags
from xacct.errors import ServiceError
from xacct.policy.document import Document, MalformedDocument
from xacct.resource import Call


def ours_already(gateway: Gateway, call: Call, error: ServiceError) -> bool:
    """Whether a create, sent again, found exactly what it would make; anything else was made by somebody else.

    To be asked only where the call had been sent before. Where reading it fails, it is not ours.
    """
    wanted = call.arguments()
    try:
        match call.operation, error.code:
            case "CreateRole", "EntityAlreadyExists":
                return _same_role(gateway, wanted)
            case "CreatePolicy", "EntityAlreadyExists":
                path = wanted.get("Path", "/")
                arn = gateway.account.iam_arn(f"policy{path}{wanted['PolicyName']}")
                return _same_policy(gateway, arn, "v1", wanted)
            case "CreatePolicyVersion", "LimitExceeded":
                found = gateway.ask(Call.of("iam", "GetPolicy", PolicyArn=wanted["PolicyArn"])) or {}
                version = str(found.get("Policy", {}).get("DefaultVersionId", ""))
                return _same_policy(gateway, wanted["PolicyArn"], version, wanted)
            case "CreateGroup", "EntityAlreadyExists":
                answer = gateway.ask(Call.of("iam", "GetGroup", GroupName=wanted["GroupName"])) or {}
                return bool(answer.get("Group", {}).get("Path") == wanted.get("Path", "/"))
            case _:
                return False
    except (ServiceError, MalformedDocument):
        return False


def _same_role(gateway: Gateway, wanted: dict[str, Any]) -> bool:
    answer = gateway.ask(Call.of("iam", "GetRole", RoleName=wanted["RoleName"])) or {}
    live = answer.get("Role", {})
    trust = live.get("AssumeRolePolicyDocument")
    return (
        bool(trust)
        and live.get("Path") == wanted.get("Path", "/")
        and Document.parse(plain(trust)) == Document.parse(wanted["AssumeRolePolicyDocument"])
        and tags(live.get("Tags", ())) == tags(wanted.get("Tags", ()))
    )


def _same_policy(gateway: Gateway, arn: str, version: str, wanted: dict[str, Any]) -> bool:
    found = gateway.ask(Call.of("iam", "GetPolicyVersion", PolicyArn=arn, VersionId=version)) or {}
    text = document_in("GetPolicyVersion", found)
    return text is not None and Document.parse(text) == Document.parse(wanted["PolicyDocument"])
