"""The statements of one manifest in a bucket's policy, among those of others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

from immutabledict import immutabledict

from xacct.account import Account
from xacct.kinds.mark import marked_statement, statement_mark
from xacct.policy.document import Document, Statement
from xacct.policy.splice import splice
from xacct.resource import Address, Call, Mark, Resource, Shown, Splice
from xacct.snapshot import BucketRecord, RawDocument, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketPolicy(Resource):
    """Our part of a bucket policy: ``statements`` compare by meaning, ``marker`` says whose they are.

    ``texts`` are the statements as they are put, ``sids`` the live ones' Sids by which they are dropped, and
    ``foreign`` the number of statements of others; none of these is compared.
    """

    kind: ClassVar[str] = "bucket-policy"

    account: Account
    bucket: str
    marker: str
    statements: frozenset[str]
    texts: tuple[str, ...] = field(compare=False)
    sids: frozenset[str] = field(compare=False)
    intact: bool = field(default=True, compare=False)
    foreign: int = field(default=0, compare=False)

    @classmethod
    def of(
        cls, account: Account, bucket: str, manifest_marker: str, manifest: str, document: Document
    ) -> Self:
        """The desired part: the document's statements with our Sids in place of the author's."""
        texts = tuple(marked_statement(manifest, statement) for statement in document.statements)
        return cls(
            account=account,
            bucket=bucket,
            marker=manifest_marker,
            statements=frozenset(statement.canonical for statement in document.statements),
            texts=texts,
            sids=frozenset(_statements(texts)[number].sid for number in range(len(texts))),
        )

    @property
    def address(self) -> Address:
        """Account, kind, bucket and marker: each manifest has an address of its own on a bucket."""
        return Address(self.account, self.kind, (self.bucket, self.marker))

    @property
    def mark(self) -> Mark | None:
        """Out of the Sids."""
        return Mark(manifest=self.marker, intact=self.intact)

    def principals(self) -> frozenset[str]:
        """What the statements name; S3 insists that it exists."""
        return frozenset(
            named.value
            for statement in _statements(self.texts)
            for named in (statement.principals or ())
            if named.type == "AWS" and named.value != "*"
        )

    def sources(self) -> tuple[str, ...]:
        """The bucket."""
        return ("buckets", f"bucket/{self.bucket}")

    def shown(self) -> tuple[tuple[str, Shown], ...]:
        """Our statements as a document."""
        return (("statements", Document.parse(f'{{"Statement":[{",".join(self.texts)}]}}')),)

    @classmethod
    def pick(cls, snapshot: Snapshot) -> Iterator[Self]:
        """One for each manifest that has statements in a bucket's policy."""
        for bucket in snapshot.buckets.values():
            if not isinstance(bucket.policy, Document):
                continue
            ours: dict[str, list[tuple[Statement, Mark]]] = {}
            for statement in bucket.policy.statements:
                mark = statement_mark(statement)
                if mark is not None:
                    ours.setdefault(mark.manifest, []).append((statement, mark))
            for manifest, found in sorted(ours.items()):
                yield cls(
                    account=snapshot.account,
                    bucket=bucket.name,
                    marker=manifest,
                    statements=frozenset(statement.canonical for statement, _ in found),
                    texts=tuple(statement.source for statement, _ in found),
                    sids=frozenset(statement.sid for statement, _ in found),
                    intact=all(mark.intact for _, mark in found),
                    foreign=len(bucket.policy.statements) - len(found),
                )

    def added_to(self, snapshot: Snapshot) -> Snapshot:
        """With our statements as they are here, and those of others as they are."""
        mine = next((one for one in self.pick(snapshot) if one.address == self.address), None)
        drop = mine.sids - self.sids if mine else frozenset()
        return self._changed(snapshot, self._splice(put=self.texts, drop=drop))

    def removed_from(self, snapshot: Snapshot) -> Snapshot:
        """Without ours."""
        return self._changed(snapshot, self._splice(drop=self.sids))

    def _changed(self, snapshot: Snapshot, change: Splice) -> Snapshot:
        record = snapshot.buckets.get(self.bucket) or BucketRecord(name=self.bucket)
        if isinstance(record.policy, RawDocument):
            return snapshot
        text = splice(record.policy.source if record.policy else None, change.put, change.drop)
        policy = None if text is None else Document.parse(text)
        return snapshot.holding("buckets", replace(record, policy=policy))

    def create(self) -> tuple[Splice, ...]:
        """Our statements in."""
        return (self._splice(put=self.texts),)

    def update(self, live: Self) -> tuple[Splice, ...]:
        """Ours in, and those of ours out that are not wanted any more; one put for both."""
        if self.same(live):
            return ()
        return (self._splice(put=self.texts, drop=live.sids - self.sids),)

    def delete(self) -> tuple[Splice, ...]:
        """Ours out; the policy itself goes only where nothing else is in it."""
        return (self._splice(drop=self.sids),)

    def _splice(self, put: tuple[str, ...] = (), drop: frozenset[str] = frozenset()) -> Splice:
        where = {"Bucket": self.bucket, "ExpectedBucketOwner": self.account.id}
        return Splice(
            read=Call.of("s3", "GetBucketPolicy", **where),
            write=Call(service="s3", operation="PutBucketPolicy", params=immutabledict(where)),
            remove=Call.of("s3", "DeleteBucketPolicy", **where),
            parameter="Policy",
            put=put,
            drop=drop,
        )


def _statements(texts: tuple[str, ...]) -> tuple[Statement, ...]:
    return Document.parse(f'{{"Statement":[{",".join(texts)}]}}').statements
