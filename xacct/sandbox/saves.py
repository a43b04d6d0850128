"""What AWS does when a document or tags are saved, and when a document is read again; moto does none of it.

Principals are kept by unique id: a user that is deleted and made again is another one, and a renamed one is
the same. Sources: IAM User Guide, "IAM JSON policy elements: Principal", "IAM and AWS STS quotas"; S3 User Guide,
"Bucket policies".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from html import escape, unescape
from typing import Any
from urllib.parse import quote, unquote

from xacct.policy.arn import Arn, is_account_id
from xacct.policy.document import Document, MalformedDocument, Statement
from xacct.policy.principal import is_unique_id
from xacct.problem import Severity
from xacct.sandbox.faults import ServiceFault
from xacct.sandbox.request import Caller, Operation
from xacct.sandbox.store import PARTITION, Entity, Kind, Store

TRUST_MOST = 2048
BUCKET_MOST = 20 * 1024
MANAGED_MOST = 6144
_INLINE = {
    "PutUserPolicy": ("UserName", 2048),
    "PutGroupPolicy": ("GroupName", 5120),
    "PutRolePolicy": ("RoleName", 10240),
}
_TRUST = {"CreateRole": "AssumeRolePolicyDocument", "UpdateAssumeRolePolicy": "PolicyDocument"}
_MANAGED = ("CreatePolicy", "CreatePolicyVersion")
_SHOWN_TRUST = re.compile(r"<AssumeRolePolicyDocument>([^<]*)</AssumeRolePolicyDocument>")
_PRINCIPAL = re.compile(r'"(?:Not)?Principal"\s*:\s*\{[^{}]*\}')
_TEXT = re.compile(r"[\x09\x0a\x0d\x20-\xff]*")
_SID = re.compile(r"[A-Za-z0-9]*")
_TAG = re.compile(r"[\w\s_.:/=+\-@]*")
_READS = (
    "GetRole",
    "ListRoles",
    "CreateRole",
    "GetAccountAuthorizationDetails",
    "GetBucketPolicy",
    "UpdateRole",
)


def before(operation: Operation, caller: Caller, store: Store) -> Operation:
    """The operation as it goes into the store.

    Raises:
        ServiceFault: AWS would refuse it.
    """
    _tags(operation)
    if operation.service == "s3":
        return _bucket_policy(operation, store) if operation.name == "PutBucketPolicy" else operation
    if operation.service != "iam":
        return operation
    _numbers(operation)
    if operation.name in _TRUST:
        return _trust(operation, store)
    if operation.name in _INLINE:
        _inline(operation, caller, store)
    if operation.name in _MANAGED:
        text = str(operation.params.get("PolicyDocument") or "")
        _identity_document(text)
        if _size(text) > MANAGED_MOST:
            raise _limit(f"Cannot exceed quota for PolicySize: {MANAGED_MOST}")
    return operation


def after(operation: Operation, store: Store, body: bytes) -> bytes:
    """The answer with today's ARNs in place of unique ids; an id whose holder is gone stays an id."""
    if operation.name not in _READS:
        return body
    text = body.decode("utf-8")
    arns = {entity.id: entity.arn for entity in store.entities() if entity.id in text}
    if not arns:
        return body
    if operation.service == "s3":
        return _with_arns(text, arns).encode("utf-8")

    def shown(found: re.Match[str]) -> str:
        """Percent-encoded or escaped, as it came."""
        given = found.group(1)
        if "%7B" in given:
            given = quote(_with_arns(unquote(given), arns), safe="")
        else:
            given = escape(_with_arns(unescape(given), arns))
        return f"<AssumeRolePolicyDocument>{given}</AssumeRolePolicyDocument>"

    return _SHOWN_TRUST.sub(shown, text).encode("utf-8")


def _with_arns(document: str, arns: Mapping[str, str]) -> str:
    """Only where principals are named: an id in a condition is a text like any other."""

    def named(found: re.Match[str]) -> str:
        principal = found.group(0)
        for unique, arn in arns.items():
            principal = principal.replace(f'"{unique}"', f'"{arn}"')
        return principal

    return _PRINCIPAL.sub(named, document)


def key_policy(text: str, store: Store) -> str:
    """The policy of a key as it is kept.

    Raises:
        ServiceFault: KMS would refuse it.
    """
    document = _parsed(text, _malformed_key)
    for statement in document.statements:
        if statement.principals is None:
            raise _malformed_key("Policy contains a statement with no principal.")
        if not (statement.resources or statement.not_resources):
            raise _malformed_key("Policy contains a statement with no resource.")
    return _with_ids(text, store, _malformed_key)


def with_arns(text: str, store: Store) -> str:
    """A kept document with today's ARNs in place of unique ids; an id whose holder is gone stays an id."""
    for entity in store.entities():
        text = text.replace(f'"{entity.id}"', f'"{entity.arn}"')
    return text


def _trust(operation: Operation, store: Store) -> Operation:
    name = _TRUST[operation.name]
    text = str(operation.params.get(name) or "")
    document = _parsed(text, _malformed_iam)
    for statement in document.statements:
        if statement.resources is not None or statement.not_resources is not None:
            raise _malformed_iam("Has prohibited field Resource")
        if statement.not_principals is not None:
            raise _malformed_iam("Has prohibited field NotPrincipal")
        if statement.principals is None:
            raise _malformed_iam("Missing required field Principal")
    _sids(document, _malformed_iam)
    if any(
        one.type == "Federated" for statement in document.statements for one in statement.principals or ()
    ):
        _shared_providers(text)
    if _size(text) > TRUST_MOST:
        raise _limit(f"Cannot exceed quota for ACLSizePerRole: {TRUST_MOST}")
    stored = _with_ids(text, store, _malformed_iam)
    return replace(operation, params={**operation.params, name: stored})


def _shared_providers(text: str) -> None:
    """IAM User Guide, "Identity-provider controls for shared OIDC providers"."""
    from xacct.policy.lint import lint  # reads the catalogue of actions, which few requests need

    for finding in lint(text, "trust"):
        if (
            finding.rule in ("federated-no-subject", "federated-open-owner")
            and finding.severity is Severity.ERROR
        ):
            raise _malformed_iam(f"A trust in a shared identity provider must say in whom. {finding.message}")


def _inline(operation: Operation, caller: Caller, store: Store) -> None:
    text = str(operation.params.get("PolicyDocument") or "")
    _identity_document(text)
    parameter, most = _INLINE[operation.name]
    owner = _entity(operation.params.get(parameter), parameter, caller.account, store)
    if owner is None:
        return
    name = str(operation.params.get("PolicyName"))
    others = sum(_size(policy.text) for policy in _inline_of(store, owner) if policy.name != name)
    if others + _size(text) > most:
        what = parameter.removesuffix("Name").lower()
        raise _limit(f"Maximum policy size of {most} bytes exceeded for {what} {owner.name}")


def _inline_of(store: Store, owner: Entity) -> Iterator[Any]:
    yield from (policy for policy in store.policies(owner) if not policy.name.startswith("arn:"))


def _entity(name: Any, parameter: str, account: str, store: Store) -> Entity | None:
    match parameter:
        case "UserName":
            return store.user(account, str(name))
        case "RoleName":
            return store.role(account, str(name))
        case _:
            return next((group for group in store.groups(account) if group.name == name), None)


def _identity_document(text: str) -> None:
    document = _parsed(text, _malformed_iam)
    for statement in document.statements:
        if statement.principals is not None or statement.not_principals is not None:
            raise _malformed_iam("Policy document should not specify a principal.")
        if statement.resources is None and statement.not_resources is None:
            raise _malformed_iam("Policy statement must contain resources.")
        for action in (*(statement.actions or ()), *(statement.not_actions or ())):
            if action != "*" and ":" not in action:
                raise _malformed_iam(
                    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
                )
    _sids(document, _malformed_iam)


def _bucket_policy(operation: Operation, store: Store) -> Operation:
    text = str(operation.params.get("Policy") or "")
    bucket = str(operation.params.get("Bucket") or "")
    document = _parsed(text, _malformed_s3)
    if len(text.encode()) > BUCKET_MOST:
        raise _malformed_s3(f"The policy is larger than {BUCKET_MOST} bytes")
    if len({one.sid for one in document.statements if one.sid}) < sum(
        1 for one in document.statements if one.sid
    ):
        raise _malformed_s3("Statement IDs (SID) in a single policy must be unique")
    for statement in document.statements:
        _check_bucket_statement(statement, bucket)
    return replace(operation, params={**operation.params, "Policy": _with_ids(text, store, _malformed_s3)})


def _check_bucket_statement(statement: Statement, bucket: str) -> None:
    if statement.principals is None and statement.not_principals is None:
        raise _malformed_s3("Missing required field Principal")
    resources = statement.resources or statement.not_resources
    if not resources:
        raise _malformed_s3("Missing required field Resource")
    arn = f"arn:{PARTITION}:s3:::{bucket}"
    for resource in resources:
        if resource != arn and not resource.startswith(f"{arn}/"):
            raise _malformed_s3("Policy has invalid resource")
    actions = (*(statement.actions or ()), *(statement.not_actions or ()))
    if not all(action.startswith("s3:") or action == "*" for action in actions):
        raise _malformed_s3("Policy has invalid action")


def _parsed(text: str, malformed: Callable[[str], ServiceFault]) -> Document:
    if not _TEXT.fullmatch(text):
        raise malformed("The policy contains characters that are not allowed")
    try:
        document = Document.parse(text)
    except MalformedDocument as error:
        detail = error.problems[0].detail if error.problems else "Syntax errors in policy."
        raise malformed(f"Syntax errors in policy. {detail}") from None
    if not document.statements:
        raise malformed("The policy must contain a statement")
    return document


def _sids(document: Document, malformed: Callable[[str], ServiceFault]) -> None:
    given = [statement.sid for statement in document.statements if statement.sid]
    if len(set(given)) != len(given):
        raise malformed("Statement IDs (SID) in a single policy must be unique.")
    for sid in given:
        if not _SID.fullmatch(sid):
            raise malformed(f"Statement IDs (SID) must be alpha-numeric: {sid}")


def _with_ids(text: str, store: Store, malformed: Callable[[str], ServiceFault]) -> str:
    """The text as it is kept: users and roles by unique id, bare account ids as root ARNs."""
    body = json.loads(text)
    statements = body["Statement"]
    changed = False
    for statement in statements if isinstance(statements, list) else [statements]:
        for element in ("Principal", "NotPrincipal"):
            named = statement.get(element)
            if isinstance(named, dict) and "AWS" in named:
                kept = _kept(named["AWS"], store, malformed)
                changed = changed or kept != named["AWS"]
                named["AWS"] = kept
    return json.dumps(body, separators=(",", ":")) if changed else text


def _kept(value: Any, store: Store, malformed: Callable[[str], ServiceFault]) -> Any:
    if isinstance(value, list):
        return [_kept(one, store, malformed) for one in value]
    text = str(value)
    if text == "*":
        return text
    if is_account_id(text):
        if text not in store.accounts:
            raise _unknown(text, malformed)
        return f"arn:{PARTITION}:iam::{text}:root"
    if is_unique_id(text):
        if store.by_id(text) is None:
            raise _unknown(text, malformed)
        return text
    return _by_arn(text, store, malformed)


def _by_arn(text: str, store: Store, malformed: Callable[[str], ServiceFault]) -> str:
    arn = Arn.parse(text)
    if arn is None or arn.partition != PARTITION or arn.account not in store.accounts or "*" in text:
        raise _unknown(text, malformed)
    if arn.service == "iam" and arn.resource == "root":
        return text
    if arn.service == "sts" and arn.resource.startswith(("assumed-role/", "federated-user/")):
        role = arn.resource.split("/")[1]
        if arn.resource.startswith("assumed-role/") and store.role(arn.account, role) is None:
            raise _unknown(text, malformed)
        return text
    entity = store.by_arn(text)
    if entity is None or entity.kind is Kind.GROUP:
        raise _unknown(text, malformed)
    return entity.id


def _tags(operation: Operation) -> None:
    tags = operation.params.get("Tags")
    if not isinstance(tags, list) or operation.service == "s3":
        return
    keys = [str(tag.get("Key", "")) for tag in tags]
    if len(keys) > 50:
        raise _limit("The number of tags has reached the maximum limit.")
    if len({key.lower() for key in keys}) != len(keys):
        raise _invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    for tag in tags:
        key, value = str(tag.get("Key", "")), str(tag.get("Value", ""))
        if (
            not key
            or len(key) > 128
            or len(value) > 256
            or not (_TAG.fullmatch(key) and _TAG.fullmatch(value))
        ):
            raise _invalid(
                f"The tag {key[:40]} does not satisfy the pattern [\\p{{L}}\\p{{Z}}\\p{{N}}_.:/=+\\-@]*"
            )
        if key.lower().startswith("aws:"):
            raise _invalid("System tags (beginning with aws:) cannot be added.")


def _numbers(operation: Operation) -> None:
    seconds = operation.params.get("MaxSessionDuration")
    if seconds is not None and not 3600 <= int(seconds) <= 43200:
        raise ServiceFault(
            status=400,
            code="ValidationError",
            message=f"Value {seconds} at 'maxSessionDuration' must be between 3600 and 43200",
        )


def _size(text: str) -> int:
    """Characters that are not white space, as IAM counts."""
    return len("".join(text.split()))


def _unknown(text: str, malformed: Callable[[str], ServiceFault]) -> ServiceFault:
    return malformed(f'Invalid principal in policy: "AWS":"{text}"')


def _malformed_iam(message: str) -> ServiceFault:
    return ServiceFault(status=400, code="MalformedPolicyDocument", message=message)


def _malformed_key(message: str) -> ServiceFault:
    if message.startswith("Invalid principal"):
        message = "Policy contains a statement with one or more invalid principals."
    return ServiceFault(status=400, code="MalformedPolicyDocumentException", message=message)


def _malformed_s3(message: str) -> ServiceFault:
    if message.startswith("Invalid principal"):
        message = "Invalid principal in policy"
    return ServiceFault(status=400, code="MalformedPolicy", message=message)


def _limit(message: str) -> ServiceFault:
    return ServiceFault(status=409, code="LimitExceeded", message=message)


def _invalid(message: str) -> ServiceFault:
    return ServiceFault(status=400, code="InvalidInput", message=message)
