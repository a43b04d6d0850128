"""Keys of the embedded cloud: who may use one is decided by its policy first, and S3 uses it in the caller's name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.functional.sandbox.people import People

BUCKET = "sealed"
VIA = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}


def said(call: Any, **params: Any) -> str:
    """The error's code and message; nothing where it was done."""
    try:
        call(**params)
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error'].get('Message', '')}"
    return ""


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def root(account: str) -> dict[str, Any]:
    return allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{account}:root"})


def sealed(people: People, policy: str | None = None) -> str:
    """A bucket whose default encryption names a key of its own account; the key's ARN."""
    kms = people.admin(People.DATA, "kms")
    given = {"Policy": policy} if policy else {}
    arn = str(kms.create_key(**given)["KeyMetadata"]["Arn"])
    s3 = people.admin(People.DATA, "s3")
    s3.create_bucket(Bucket=BUCKET)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}}
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"1")
    return arn


def reader(people: People, *statements: dict[str, Any]) -> Any:
    """S3 as a user of the bucket's account with these rights."""
    keys = people.user(People.DATA, "reader", rights=json.loads(document(*statements)))
    return people.client("s3", keys)


READ = allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{BUCKET}/*")


def test_without_the_key_neither_reading_nor_writing_works(people: People) -> None:
    """Trap 45: the bucket's policies are not enough, and the message names the key's action."""
    arn = sealed(people)
    s3 = reader(people, READ)
    assert "kms:Decrypt on resource: " + arn in said(s3.get_object, Bucket=BUCKET, Key="a")
    assert "kms:GenerateDataKey" in said(s3.put_object, Bucket=BUCKET, Key="b", Body=b"2")
    assert said(s3.head_object, Bucket=BUCKET, Key="a") == ""


def test_where_the_key_delegates_to_iam_a_statement_is_enough(people: People) -> None:
    """Trap 45: the default key policy leaves it to the account's own policies."""
    arn = sealed(people)
    s3 = reader(people, READ, allow(["kms:Decrypt", "kms:GenerateDataKey"], arn, Condition=VIA))
    assert said(s3.get_object, Bucket=BUCKET, Key="a") == ""
    assert said(s3.put_object, Bucket=BUCKET, Key="b", Body=b"2") == ""


def test_via_s3_does_not_mean_directly(people: People) -> None:
    arn = sealed(people)
    keys = people.user(
        People.DATA, "reader", rights=json.loads(document(READ, allow("kms:*", arn, Condition=VIA)))
    )
    kms = people.client("kms", keys)
    assert said(kms.generate_data_key, KeyId=arn, KeySpec="AES_256").startswith("AccessDeniedException")


def test_where_it_does_not_delegate_a_statement_is_not_enough(people: People) -> None:
    """Trap 45: then the key policy itself must name who may use it."""
    admin = f"arn:aws:iam::{People.DATA}:user/admin"
    arn = sealed(people, document(allow("kms:*", "*", Principal={"AWS": admin})))
    s3 = reader(people, READ, allow("kms:*", "*"))
    assert "no resource-based policy allows the kms:Decrypt" in said(s3.get_object, Bucket=BUCKET, Key="a")
    named = allow("kms:Decrypt", "*", Principal={"AWS": f"arn:aws:iam::{People.DATA}:user/reader"})
    kms = people.admin(People.DATA, "kms")
    kms.put_key_policy(
        KeyId=arn,
        PolicyName="default",
        Policy=document(allow("kms:*", "*", Principal={"AWS": admin}), named),
    )
    assert said(s3.get_object, Bucket=BUCKET, Key="a") == ""


def test_nobody_locks_themselves_out_of_a_key_and_nobody_unknown_is_let_in(people: People) -> None:
    arn = sealed(people)
    kms = people.admin(People.DATA, "kms")
    other = allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{People.ANALYTICS}:root"})
    assert "will not allow you to update" in said(
        kms.put_key_policy, KeyId=arn, PolicyName="default", Policy=document(other)
    )
    ghost = allow("kms:Decrypt", "*", Principal={"AWS": f"arn:aws:iam::{People.DATA}:user/ghost"})
    assert "invalid principals" in said(
        kms.put_key_policy, KeyId=arn, PolicyName="default", Policy=document(root(People.DATA), ghost)
    )
    assert kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"].count(":root") == 1


def test_an_alias_is_one_of_the_callers_own_account(people: People) -> None:
    """Trap 45: an alias without an account resolves where the caller is."""
    arn = sealed(people)
    kms = people.admin(People.DATA, "kms")
    kms.create_alias(AliasName="alias/logs", TargetKeyId=arn)
    assert kms.describe_key(KeyId="alias/logs")["KeyMetadata"]["Arn"] == arn
    elsewhere = people.admin(People.ANALYTICS, "kms")
    assert said(elsewhere.describe_key, KeyId="alias/logs").startswith("NotFoundException")


def test_what_a_key_seals_it_opens(people: People) -> None:
    arn = sealed(people)
    kms = people.admin(People.DATA, "kms")
    blob = kms.encrypt(KeyId=arn, Plaintext=b"word", EncryptionContext={"a": "b"})["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"})["Plaintext"] == b"word"
    data = kms.generate_data_key(KeyId=arn, KeySpec="AES_256")
    assert kms.decrypt(CiphertextBlob=data["CiphertextBlob"])["Plaintext"] == data["Plaintext"]
    stranger = people.admin(People.ANALYTICS, "kms")
    assert said(stranger.decrypt, CiphertextBlob=data["CiphertextBlob"]).startswith("AccessDenied")


def test_a_key_that_is_disabled_or_goes_away_cannot_be_used(people: People) -> None:
    """KMS Developer Guide, "Key states": uses fail, looking at the key does not; what was allowed is still so."""
    arn = sealed(people)
    kms, s3 = people.admin(People.DATA, "kms"), people.admin(People.DATA, "s3")
    blob = kms.encrypt(KeyId=arn, Plaintext=b"word")["CiphertextBlob"]
    kms.disable_key(KeyId=arn)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"
    for call in ((kms.decrypt, {"CiphertextBlob": blob}), (kms.encrypt, {"KeyId": arn, "Plaintext": b"w"})):
        assert said(call[0], **call[1]) == f"DisabledException: {arn} is disabled."
    assert said(s3.get_object, Bucket=BUCKET, Key="a") == f"KMS.DisabledException: {arn} is disabled."
    assert said(s3.put_object, Bucket=BUCKET, Key="b", Body=b"2").startswith("KMS.DisabledException")
    assert said(s3.head_object, Bucket=BUCKET, Key="a") == ""
    assert said(kms.cancel_key_deletion, KeyId=arn).startswith("KMSInvalidStateException")

    assert said(kms.schedule_key_deletion, KeyId=arn, PendingWindowInDays=6).startswith("ValidationException")
    going = kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    assert going["KeyState"] == "PendingDeletion"
    about = kms.describe_key(KeyId=arn)["KeyMetadata"]
    assert about["KeyState"] == "PendingDeletion"
    assert about["DeletionDate"] == going["DeletionDate"]
    gone = f"KMSInvalidStateException: {arn} is pending deletion."
    assert said(kms.decrypt, CiphertextBlob=blob) == gone
    assert said(kms.enable_key, KeyId=arn) == gone
    assert said(s3.get_object, Bucket=BUCKET, Key="a") == f"KMS.{gone}"

    kms.cancel_key_deletion(KeyId=arn)
    assert said(kms.decrypt, CiphertextBlob=blob).startswith("DisabledException")
    kms.enable_key(KeyId=arn)
    assert "DeletionDate" not in kms.describe_key(KeyId=arn)["KeyMetadata"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"word"
    assert said(s3.get_object, Bucket=BUCKET, Key="a") == ""


def test_who_may_not_use_a_key_is_not_told_its_state(people: People) -> None:
    arn = sealed(people)
    people.admin(People.DATA, "kms").disable_key(KeyId=arn)
    s3 = reader(people, READ)
    assert "kms:Decrypt on resource: " + arn in said(s3.get_object, Bucket=BUCKET, Key="a")
    keys = people.user(People.DATA, "other", rights=json.loads(document(READ)))
    assert said(people.client("kms", keys).enable_key, KeyId=arn).startswith("AccessDenied")


def test_what_kms_does_beyond_that_is_refused_as_not_mapped(people: People) -> None:
    kms = people.admin(People.DATA, "kms")
    with pytest.raises(ClientError, match="not played"):
        kms.enable_key_rotation(KeyId=sealed(people))
