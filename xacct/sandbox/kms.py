"""The key management service, as far as buckets need it: moto keeps the keys, we say who may use them.

It speaks JSON, with the operation in a header. Sources: KMS API Reference; KMS Developer Guide, "Key policies";
S3 User Guide, "Using server-side encryption with AWS KMS keys".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.kms.models import kms_backends

from xacct.permission.permission import Unmapped
from xacct.policy.document import Document
from xacct.policy.evaluate import Named, Policies, decide
from xacct.policy.request import Request
from xacct.sandbox import saves
from xacct.sandbox.answer import Answer
from xacct.sandbox.authenticate import Authenticated
from xacct.sandbox.faults import ServiceFault
from xacct.sandbox.request import Demand, Operation
from xacct.sandbox.store import PARTITION, PARTITION_REGION, Store

VIA_S3 = f"s3.{PARTITION_REGION}.amazonaws.com"
POLICY_MOST = 32 * 1024
_SHORTEST_WINDOW, _LONGEST_WINDOW = 7, 30
_ID = 36
_MISSING = "missing "
_ON_NOTHING = frozenset({"CreateKey", "ListKeys", "ListAliases"})
_STATES = {
    "EnableKey": (("Enabled", "Disabled"), "Enabled"),
    "DisableKey": (("Enabled", "Disabled"), "Disabled"),
    "ScheduleKeyDeletion": (("Enabled", "Disabled"), "PendingDeletion"),
    "CancelKeyDeletion": (("PendingDeletion",), "Disabled"),
}
_ON_A_KEY = frozenset(
    {"DescribeKey", "GetKeyPolicy", "PutKeyPolicy", "Encrypt", "GenerateDataKey"} | _STATES.keys()
)
_USES = frozenset({"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"})
_IN_WORDS = {"PendingDeletion": "is pending deletion"}
OPERATIONS = _ON_NOTHING | _ON_A_KEY | {"CreateAlias", "Decrypt"}
"""What the embedded cloud does of KMS; the rest is refused as not mapped."""


def key_of(given: str, account: str, store: Store) -> Any:
    """Moto's key that an id, an ARN or an alias means; an alias without account resolves in the caller's.

    Raises:
        ServiceFault: there is none.
    """
    parts = given.split(":", 5)
    if len(parts) == 6:
        account, given = parts[4], parts[5].removeprefix("key/")
    backend = kms_backends[account][PARTITION_REGION] if account in store.accounts else None
    if backend is not None and given.startswith("alias/"):
        given = backend.get_key_id_from_alias(given) or ""
    found = backend.keys.get(given) if backend is not None else None
    if found is None:
        raise ServiceFault(status=400, code="NotFoundException", message=f"Key '{given}' does not exist")
    return found


def demands(operation: Operation, account: str, store: Store) -> tuple[Demand, ...]:
    """What an operation of KMS itself asks for.

    Raises:
        Unmapped: it is not played here.
    """
    if operation.name not in OPERATIONS:
        raise Unmapped(f"kms:{operation.name} is not played")
    if operation.name in _ON_NOTHING:
        return (Demand(action=f"kms:{operation.name}", resource="*", account=account),)
    key = _meant(operation, account, store)
    found = Demand(action=f"kms:{operation.name}", resource=key.arn, account=key.account_id)
    if operation.name != "CreateAlias":
        return (found,)
    alias = f"arn:{PARTITION}:kms:{PARTITION_REGION}:{account}:{operation.params.get('AliasName')}"
    return (found, Demand(action="kms:CreateAlias", resource=alias, account=account))


def _meant(operation: Operation, account: str, store: Store) -> Any:
    params = operation.params
    if operation.name == "Decrypt":
        try:
            blob = base64.b64decode(params["CiphertextBlob"])
        except (KeyError, ValueError):
            blob = b""
        owner = _owner(blob, store)
        if not owner:
            raise ServiceFault(status=400, code="InvalidCiphertextException", message="")
        return key_of(_sealed_with(blob), owner, store)
    return key_of(str(params.get("KeyId") or params.get("TargetKeyId") or ""), account, store)


def _sealed_with(blob: bytes) -> str:
    """The id of the key, with which moto begins what it seals."""
    return blob[:_ID].decode("ascii", "replace")


def _owner(blob: bytes, store: Store) -> str:
    name = _sealed_with(blob)
    return next((one for one in store.accounts if name in kms_backends[one][PARTITION_REGION].keys), "")


def demands_of_bucket(operation: Operation, account: str, store: Store) -> Iterator[Demand]:
    """The keys that S3 uses in the caller's name: to write under one, and to read what is under one.

    The managed key of S3 asks for nothing: its policy lets everyone of the account use it through S3.
    """
    bucket, key = str(operation.params.get("Bucket") or ""), str(operation.params.get("Key") or "")
    resource = f"arn:{PARTITION}:s3:::{bucket}/{key}"
    if operation.name in ("PutObject", "CopyObject", "CreateMultipartUpload", "UploadPart"):
        algorithm, given = _encryption(operation, store.bucket(bucket))
        if algorithm.startswith("aws:kms") and given:
            names = ("GenerateDataKey", "Decrypt") if operation.name == "UploadPart" else ("GenerateDataKey",)
            for name in names:
                yield _through_s3(name, given, resource, account, account, store)
    if operation.name in ("GetObject", "SelectObjectContent"):
        held = store.bucket(bucket)
        found = held.keys.get(key) if held is not None else None
        given = str(getattr(found, "kms_key_id", "") or "")
        if given and str(getattr(found, "encryption", "") or "").startswith("aws:kms"):
            yield _through_s3("Decrypt", given, resource, account, store.bucket_owner(bucket), store)


def _encryption(operation: Operation, bucket: Any) -> tuple[str, str]:
    """Algorithm and key of a write: its own, else the bucket's default."""
    own = str(operation.params.get("ServerSideEncryption") or "")
    given = str(operation.params.get("SSEKMSKeyId") or "")
    rule = (getattr(bucket, "encryption", None) or {}).get("Rule") or {}
    default = (rule if isinstance(rule, Mapping) else rule[0]).get("ApplyServerSideEncryptionByDefault") or {}
    algorithm = own or str(default.get("SSEAlgorithm") or "")
    if not own or (own == default.get("SSEAlgorithm") and not given):
        given = given or str(default.get("KMSMasterKeyID") or "")
    return algorithm, given


def _through_s3(name: str, given: str, resource: str, caller: str, resolved_in: str, store: Store) -> Demand:
    """The use of a key by S3; one that does not exist is refused when its turn comes, after S3's own rights."""
    try:
        key = key_of(given, resolved_in, store)
    except ServiceFault:
        return Demand(action=f"kms:{name}", resource=f"{_MISSING}{given}", account=resolved_in)
    context = {
        "kms:ViaService": VIA_S3,
        "kms:CallerAccount": caller,
        "kms:EncryptionContext:aws:s3:arn": resource,
        "aws:ViaAWSService": "true",
    }
    return Demand(action=f"kms:{name}", resource=key.arn, account=key.account_id, context=context)


def policy_of(resource: str, store: Store) -> Document | None:
    """The policy of a key, by its ARN; its principals by unique id where they were ARNs."""
    if resource.startswith(_MISSING):
        raise ServiceFault(
            status=400,
            code="KMS.NotFoundException",
            message=f"Key '{resource.removeprefix(_MISSING)}' does not exist",
        )
    if ":key/" not in resource:
        return None
    return Document.parse(str(key_of(resource, "", store).policy))


def check_state(service: str, demand: Demand, store: Store) -> None:
    """Refuses the use of a key that is disabled or going to be deleted; asked once the use is allowed.

    KMS Developer Guide, "Key states of AWS KMS keys". S3 passes the error on under a name of its own.
    """
    if demand.action not in _USES:
        return
    key = key_of(demand.resource, "", store)
    if key.key_state == "Enabled":
        return
    code = "DisabledException" if key.key_state == "Disabled" else "KMSInvalidStateException"
    message = f"{key.arn} {_IN_WORDS.get(key.key_state, 'is disabled')}."
    raise ServiceFault(status=400, code=f"KMS.{code}" if service == "s3" else code, message=message)


def perform(operation: Operation, signed: Authenticated, store: Store, request_id: str) -> Answer:
    """The decided operation, done; the answer is JSON."""
    account = signed.caller.account
    if operation.name in _STATES:
        given = _put_into(operation.name, operation.params, account, store)
    else:
        given = _PERFORM[operation.name](operation.params, account, store, signed)
    headers = (("x-amzn-requestid", request_id), ("content-type", "application/x-amz-json-1.1"))
    return Answer(status=200, headers=headers, body=json.dumps(given).encode())


def _create(params: Mapping[str, Any], account: str, store: Store, signed: Authenticated) -> dict[str, Any]:
    policy = str(params.get("Policy") or "")
    if policy:
        policy = _checked(policy, f"arn:{PARTITION}:kms:{PARTITION_REGION}:{account}:key/new", store, signed)
    key = kms_backends[account][PARTITION_REGION].create_key(
        policy, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", str(params.get("Description") or ""), [], False, None
    )
    return {"KeyMetadata": _metadata(key)}


def _put_into(operation: str, params: Mapping[str, Any], account: str, store: Store) -> dict[str, Any]:
    """A key in another state, if it can go there from the one it is in."""
    key = key_of(str(params["KeyId"]), account, store)
    known, state = _STATES[operation]
    if key.key_state not in known:
        words = _IN_WORDS.get(key.key_state, "is not pending deletion")
        raise ServiceFault(status=400, code="KMSInvalidStateException", message=f"{key.arn} {words}.")
    days = int(params.get("PendingWindowInDays") or _LONGEST_WINDOW)
    if state == "PendingDeletion" and not _SHORTEST_WINDOW <= days <= _LONGEST_WINDOW:
        message = f"PendingWindowInDays must be between {_SHORTEST_WINDOW} and {_LONGEST_WINDOW}"
        raise ServiceFault(status=400, code="ValidationException", message=message)
    backend = kms_backends[key.account_id][PARTITION_REGION]
    match operation:
        case "EnableKey":
            backend.enable_key(key.id)
        case "DisableKey":
            backend.disable_key(key.id)
        case "ScheduleKeyDeletion":
            backend.schedule_key_deletion(key.id, days)
            gone = {"DeletionDate": key.deletion_date.timestamp(), "PendingWindowInDays": days}
            return {"KeyId": key.arn, "KeyState": state, **gone}
        case _:
            backend.cancel_key_deletion(key.id)
            return {"KeyId": key.arn}
    return {}


def _describe(params: Mapping[str, Any], account: str, store: Store, _: Authenticated) -> dict[str, Any]:
    return {"KeyMetadata": _metadata(key_of(str(params["KeyId"]), account, store))}


def _metadata(key: Any) -> dict[str, Any]:
    return {
        "AWSAccountId": key.account_id,
        "Arn": key.arn,
        "KeyId": key.id,
        "Enabled": key.enabled,
        "KeyManager": "CUSTOMER",
        "KeyState": key.key_state,
        "Description": key.description or "",
        "KeyUsage": key.key_usage,
        **({"DeletionDate": key.deletion_date.timestamp()} if key.deletion_date is not None else {}),
    }


def _get_policy(params: Mapping[str, Any], account: str, store: Store, _: Authenticated) -> dict[str, Any]:
    key = key_of(str(params["KeyId"]), account, store)
    return {"Policy": saves.with_arns(str(key.policy), store), "PolicyName": "default"}


def _put_policy(
    params: Mapping[str, Any], account: str, store: Store, signed: Authenticated
) -> dict[str, Any]:
    key = key_of(str(params["KeyId"]), account, store)
    key.policy = _checked(str(params.get("Policy") or ""), key.arn, store, signed)
    return {}


def _checked(text: str, arn: str, store: Store, signed: Authenticated) -> str:
    """A key policy as it is kept; one that would lock its own writer out is refused, as KMS does."""
    if len(text.encode()) > POLICY_MOST:
        raise ServiceFault(status=400, code="LimitExceededException", message="The policy is too large.")
    kept = saves.key_policy(text, store)
    entity = signed.entity
    identity = () if entity is None else store.identity_policies(entity)
    request = Request.of(
        signed.caller.principal, "kms:PutKeyPolicy", arn, resource_account=arn.split(":")[4], context={}
    )
    found = decide(
        request,
        Policies(
            identity=tuple(Named(one.name, Document.parse(one.text)) for one in identity),
            resource=Document.parse(kept),
        ),
    )
    if not found.allowed:
        message = "The new key policy will not allow you to update the key policy in the future."
        raise ServiceFault(status=400, code="MalformedPolicyDocumentException", message=message)
    return kept


def _alias(params: Mapping[str, Any], account: str, store: Store, _: Authenticated) -> dict[str, Any]:
    backend = kms_backends[account][PARTITION_REGION]
    name = str(params["AliasName"])
    if backend.alias_exists(name):
        raise ServiceFault(status=400, code="AlreadyExistsException", message=f"{name} already exists")
    backend.create_alias(key_of(str(params["TargetKeyId"]), account, store).id, name)
    return {}


def _keys(_: Mapping[str, Any], account: str, store: Store, __: Authenticated) -> dict[str, Any]:
    found = kms_backends[account][PARTITION_REGION].keys.values()
    return {"Keys": [{"KeyId": key.id, "KeyArn": key.arn} for key in found], "Truncated": False}


def _aliases(_: Mapping[str, Any], account: str, store: Store, __: Authenticated) -> dict[str, Any]:
    backend = kms_backends[account][PARTITION_REGION]
    named = [
        {"AliasName": alias.name, "TargetKeyId": alias.target_key_id} for alias in backend.list_aliases()
    ]
    return {"Aliases": named, "Truncated": False}


def _encrypt(params: Mapping[str, Any], account: str, store: Store, _: Authenticated) -> dict[str, Any]:
    key = key_of(str(params["KeyId"]), account, store)
    blob, arn = kms_backends[key.account_id][PARTITION_REGION].encrypt(
        key_id=key.id,
        plaintext=base64.b64decode(params["Plaintext"]),
        encryption_context=params.get("EncryptionContext") or {},
    )
    return {"CiphertextBlob": base64.b64encode(blob).decode(), "KeyId": arn}


def _decrypt(params: Mapping[str, Any], account: str, store: Store, _: Authenticated) -> dict[str, Any]:
    blob = base64.b64decode(params["CiphertextBlob"])
    backend = kms_backends[_owner(blob, store)][PARTITION_REGION]
    text, arn = backend.decrypt(
        ciphertext_blob=blob, encryption_context=params.get("EncryptionContext") or {}
    )
    return {"Plaintext": base64.b64encode(text).decode(), "KeyId": arn}


def _data_key(params: Mapping[str, Any], account: str, store: Store, _: Authenticated) -> dict[str, Any]:
    key = key_of(str(params["KeyId"]), account, store)
    size = params.get("NumberOfBytes")
    plain, blob, arn = kms_backends[key.account_id][PARTITION_REGION].generate_data_key(
        key_id=key.id,
        encryption_context=params.get("EncryptionContext") or {},
        number_of_bytes=size,
        key_spec=params.get("KeySpec") or (None if size else "AES_256"),
    )
    return {
        "CiphertextBlob": base64.b64encode(blob).decode(),
        "Plaintext": base64.b64encode(plain).decode(),
        "KeyId": arn,
    }


_PERFORM: Mapping[str, Callable[[Mapping[str, Any], str, Store, Authenticated], dict[str, Any]]] = {
    "CreateKey": _create,
    "DescribeKey": _describe,
    "GetKeyPolicy": _get_policy,
    "PutKeyPolicy": _put_policy,
    "CreateAlias": _alias,
    "ListKeys": _keys,
    "ListAliases": _aliases,
    "Encrypt": _encrypt,
    "Decrypt": _decrypt,
    "GenerateDataKey": _data_key,
}
