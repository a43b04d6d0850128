"""The statements of one manifest in the policy of a key, among those of others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from immutabledict import immutabledict

from xacct.account import Account
from xacct.kinds.shared import SharedStatements
from xacct.policy.document import Document
from xacct.resource import Call, Splice
from xacct.snapshot import KeyRecord, LiveDocument, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPolicy(SharedStatements):
    """Our part of a key policy; ``owner`` is the key's region and id (``eu-west-1/1234abcd-...``).

    A key always has a policy, so nothing is ever deleted: where nothing else would be left, what stays is
    the account's own access.
    """

    kind: ClassVar[str] = "key-policy"
    document: ClassVar[str] = "Policy"

    @property
    def key(self) -> str:
        """The ARN of the key."""
        return key_arn(self.account, self.owner)

    def sources(self) -> tuple[str, ...]:
        """The key."""
        return ("keys", f"key/{self.owner}")

    def idle(self) -> dict[str, Any]:
        """About a service that there is not."""
        return {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "kms:Decrypt",
            "Resource": "*",
            "Condition": {"StringEquals": {"kms:ViaService": "xacct-holds-a-place"}},
        }

    @classmethod
    def documents(cls, snapshot: Snapshot) -> Iterator[tuple[str, LiveDocument | None]]:
        """The policies of the keys that were read."""
        for key in snapshot.keys.values():
            yield key.name, key.policy

    def in_snapshot(self, snapshot: Snapshot, document: Document | None) -> Snapshot:
        """With this policy on the key."""
        record = snapshot.keys.get(self.owner) or KeyRecord(name=self.owner, arn=self.key)
        return snapshot.holding("keys", replace(record, policy=document or own_access(self.account)))

    def spliced(self, put: tuple[str, ...] = (), drop: frozenset[str] = frozenset()) -> Splice:
        """Into the key's policy, which keeps the account's own access whatever else goes."""
        where = {"KeyId": self.key, "PolicyName": "default"}
        return Splice(
            read=Call.of("kms", "GetKeyPolicy", **where),
            write=Call(service="kms", operation="PutKeyPolicy", params=immutabledict(where)),
            remove=Call.of("kms", "PutKeyPolicy", **where, Policy=own_access(self.account).source),
            parameter=self.document,
            put=put,
            drop=drop,
        )


def key_arn(account: Account, name: str) -> str:
    """The ARN of a key by its region and id."""
    region, _, key = name.partition("/")
    return f"arn:{account.partition}:kms:{region}:{account.id}:key/{key}"


def own_access(account: Account) -> Document:
    """What KMS itself gives a new key: the account as a whole, which leaves the rest to IAM."""
    return Document.of(
        {
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": account.root},
            "Action": "kms:*",
            "Resource": "*",
        }
    )


def delegates(policy: Document, account: Account, actions: frozenset[str]) -> bool:
    """Whether a key policy leaves these actions to IAM: it allows them to the account, without conditions."""
    left = {action.lower() for action in actions}
    for statement in policy.statements:
        named = {one.value for one in statement.principals or () if one.type == "AWS"}
        if statement.effect != "Allow" or not named & {account.root, account.id, "*"}:
            continue
        if not json.loads(statement.source).get("Condition"):
            given = {one.lower() for one in statement.actions or ()}
            left -= {one for one in left if given & {one, "kms:*", "*"}}
    return not left


_SUFFIX = {
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
}


def via_s3(key: str) -> str:
    """What ``kms:ViaService`` holds when S3 of the key's region uses it in somebody's name."""
    partition, _, region = key.split(":")[1:4]
    return f"s3.{region}.{_SUFFIX.get(partition, 'amazonaws.com')}"
