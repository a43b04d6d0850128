"""Who uses the sandbox in these tests, with plain boto3 clients as anybody would have them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends

from xacct.sandbox.cloud import Sandbox

LOADER = boto3.Session()


@dataclass(frozen=True, slots=True)
class Keys:
    id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    code: str
    message: str


class People:
    """A sandbox with two accounts: ``DATA`` owns the bucket, ``ANALYTICS`` wants to read it."""

    DATA = "325271821652"
    ANALYTICS = "290122656840"

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def client(self, service: str, keys: Keys, **config: Any) -> Any:
        return LOADER.client(
            service,
            endpoint_url=self.sandbox.endpoint,
            region_name="us-east-1",
            aws_access_key_id=keys.id,
            aws_secret_access_key=keys.secret,
            aws_session_token=keys.token,
            config=Config(
                **{
                    "signature_version": "v4" if service != "s3" else "s3v4",
                    "s3": {"addressing_style": "path"},
                    "retries": {"total_max_attempts": 1},
                    **config,
                }
            ),
        )

    def keys_of_admin(self, account: str) -> Keys:
        key = self.sandbox.credentials[account]
        return Keys(key.access_key_id, key.secret_access_key)

    def admin(self, account: str, service: str) -> Any:
        return self.client(service, self.keys_of_admin(account))

    def user(self, account: str, name: str, **documents: Any) -> Keys:
        """A new user with inline policies by name, and its key."""
        iam = self.admin(account, "iam")
        iam.create_user(UserName=name)
        for policy, document in documents.items():
            iam.put_user_policy(UserName=name, PolicyName=policy, PolicyDocument=json.dumps(document))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Keys(key["AccessKeyId"], key["SecretAccessKey"])

    def bucket(self, name: str = "mongodb-snapshots", keys: tuple[str, ...] = ("a.img.xz",)) -> str:
        s3 = self.admin(self.DATA, "s3")
        s3.create_bucket(Bucket=name)
        for key in keys:
            s3.put_object(Bucket=name, Key=key, Body=b"backup")
        return name

    def role(self, name: str, trust: Mapping[str, Any], rights: Any = None, **more: Any) -> str:
        """A role of the data account, its ARN."""
        iam = self.admin(self.DATA, "iam")
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), **more)["Role"]
        if rights is not None:
            iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=json.dumps(rights))
        return str(made["Arn"])

    def sandbox_seed(self, serial_number: str) -> str:
        """What a phone would keep of a virtual device."""
        account = serial_number.split(":")[4]
        return str(iam_backends[account]["aws"].virtual_mfa_devices[serial_number].base32_string_seed)

    def assume(self, keys: Keys, role_arn: str, name: str = "session", **more: Any) -> Keys:
        answer = self.client("sts", keys).assume_role(RoleArn=role_arn, RoleSessionName=name, **more)
        found = answer["Credentials"]
        return Keys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


def allow(action: Any, resource: Any, **condition: Any) -> dict[str, Any]:
    return document({"Effect": "Allow", "Action": action, "Resource": resource}, condition)


def trust(principal: Any, effect: str = "Allow", **condition: Any) -> dict[str, Any]:
    return document({"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole"}, condition)


def document(statement: dict[str, Any], condition: Mapping[str, Any]) -> dict[str, Any]:
    whole = {**statement, "Condition": dict(condition)} if condition else statement
    return {"Version": "2012-10-17", "Statement": [whole]}


def refusal(call: Callable[..., Any], **arguments: Any) -> Refusal:
    """What the service said to a call that it must refuse."""
    try:
        call(**arguments)
    except ClientError as error:
        told = error.response
        return Refusal(
            told["ResponseMetadata"]["HTTPStatusCode"],
            told["Error"]["Code"],
            told["Error"].get("Message", ""),
        )
    raise AssertionError("it was allowed")
