"""The keys that buckets are encrypted with: which key a setting means, and what its policy says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from xacct.aws.documents import document_in
from xacct.engine.gateway import Gateway
from xacct.engine.reading.piecemeal import reason
from xacct.engine.reading.records import live_document
from xacct.errors import ServiceError
from xacct.policy.arn import account_of
from xacct.resource import Call
from xacct.snapshot import NO_KEY, BucketRecord, KeyRecord, Unread


@dataclass(frozen=True, slots=True)
class Keys:
    """Buckets with their keys by ARN, the keys of this account, and what could not be read."""

    buckets: tuple[BucketRecord, ...]
    keys: tuple[KeyRecord, ...]
    gaps: tuple[Unread, ...]


def read_keys(gateway: Gateway, buckets: Iterable[BucketRecord]) -> Keys:
    """What default encryption names may be an id, an alias or an ARN; an alias is one of the caller's account.

    The managed key of S3 is nobody's to change and needs no permission: such a bucket has no key here.
    """
    kept: list[BucketRecord] = []
    keys: dict[str, KeyRecord] = {}
    gaps: list[Unread] = []
    for bucket in buckets:
        encrypted = (bucket.encryption or "").startswith("aws:kms") and bucket.key
        if not encrypted or not gateway.platform.keys:
            kept.append(bucket)
            continue
        meant = _meant(gateway, bucket)
        try:
            answer = gateway.ask(Call.of("kms", "DescribeKey", KeyId=meant))
        except ServiceError as error:
            kept.append(_unknown(bucket))
            if ":key/" in str(bucket.key):
                gaps.append(_gap(gateway, name_of(str(bucket.key)), error))
            continue
        if answer is None:
            here = meant.startswith("arn:")  # without its region it was asked for somewhere
            kept.append(replace(bucket, key=meant, key_state=NO_KEY) if here else _unknown(bucket))
            continue
        found = answer.get("KeyMetadata") or {}
        arn = str(found.get("Arn") or bucket.key)
        managed = found.get("KeyManager") == "AWS"
        kept.append(
            replace(
                bucket,
                key="" if managed else arn,
                key_state=str(found.get("KeyState") or ""),
                key_gone=_day(found.get("DeletionDate")),
            )
        )
        if managed or ":key/" not in arn or account_of(arn) != gateway.account.id:
            continue
        name = name_of(arn)
        if name in keys:
            continue
        try:
            policy = gateway.ask(Call.of("kms", "GetKeyPolicy", KeyId=arn, PolicyName="default")) or {}
        except ServiceError as error:
            gaps.append(_gap(gateway, name, error))
            policy = {}
        text = document_in("GetKeyPolicy", policy) if policy else None
        keys[name] = KeyRecord(name=name, arn=arn, policy=live_document(text) if text else None)
    return Keys(tuple(kept), tuple(keys.values()), tuple(gaps))


def _meant(gateway: Gateway, bucket: BucketRecord) -> str:
    """The setting as an ARN where the bucket's region is known: a key is known in its own region only."""
    given = str(bucket.key)
    if given.startswith("arn:") or not bucket.region:
        return given
    what = given if given.startswith("alias/") else f"key/{given}"
    return f"arn:{gateway.account.partition}:kms:{bucket.region}:{gateway.account.id}:{what}"


def _unknown(bucket: BucketRecord) -> BucketRecord:
    return replace(bucket, untold=bucket.untold | {f"DescribeKey ({bucket.key})"})


def _day(moment: Any) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d") if isinstance(moment, datetime) else ""


def name_of(arn: str) -> str:
    """A key's region and id, out of its ARN."""
    return f"{arn.split(':')[3]}/{arn.rpartition('/')[2]}"


def _gap(gateway: Gateway, name: str, error: ServiceError) -> Unread:
    return Unread(account=gateway.account.name, what=f"key/{name}", reason=reason(error))
