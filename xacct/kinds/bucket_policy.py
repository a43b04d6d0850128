"""The statements of one manifest in a bucket's policy, among those of others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from immutabledict import immutabledict

from xacct.kinds.shared import SharedStatements
from xacct.policy.document import Document
from xacct.resource import Call, Splice
from xacct.snapshot import BucketRecord, LiveDocument, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketPolicy(SharedStatements):
    """Our part of a bucket policy."""

    kind: ClassVar[str] = "bucket-policy"
    document: ClassVar[str] = "Policy"

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        return self.owner

    def sources(self) -> tuple[str, ...]:
        """The bucket."""
        return ("buckets", f"bucket/{self.owner}")

    def idle(self) -> dict[str, Any]:
        """About a key that nobody has."""
        bucket = f"arn:{self.account.partition}:s3:::{self.owner}"
        return {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "s3:GetObject",
            "Resource": f"{bucket}/xacct-holds-a-place/nothing",
        }

    @classmethod
    def documents(cls, snapshot: Snapshot) -> Iterator[tuple[str, LiveDocument | None]]:
        """The policies of the buckets that were read."""
        for bucket in snapshot.buckets.values():
            yield bucket.name, bucket.policy

    def in_snapshot(self, snapshot: Snapshot, document: Document | None) -> Snapshot:
        """With this policy on the bucket."""
        record = snapshot.buckets.get(self.owner) or BucketRecord(name=self.owner)
        return snapshot.holding("buckets", replace(record, policy=document))

    def spliced(self, put: tuple[str, ...] = (), drop: frozenset[str] = frozenset()) -> Splice:
        """Into the bucket's policy; it goes as a whole only where nothing else is in it."""
        where = {"Bucket": self.owner, "ExpectedBucketOwner": self.account.id}
        return Splice(
            read=Call.of("s3", "GetBucketPolicy", **where),
            write=Call(service="s3", operation="PutBucketPolicy", params=immutabledict(where)),
            remove=Call.of("s3", "DeleteBucketPolicy", **where),
            parameter=self.document,
            put=put,
            drop=drop,
        )
