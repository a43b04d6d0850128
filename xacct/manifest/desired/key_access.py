"""What a role needs of the keys that its buckets are encrypted with; the requester of a link is the role itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from xacct.kinds import marker
from xacct.kinds.key_policy import KeyPolicy, delegates, via_s3
from xacct.manifest.model import LinkSpec, Name
from xacct.policy.arn import account_of
from xacct.policy.document import Document
from xacct.problem import Problem, Severity
from xacct.resource import Address, Resource
from xacct.snapshot import NO_KEY, BucketRecord, RawDocument, Snapshot

_READ = frozenset({"kms:Decrypt"})
# An upload in parts decrypts too: S3 User Guide, "Uploading and copying objects using multipart upload".
_WRITE = frozenset({"kms:GenerateDataKey", "kms:Decrypt"})
# States in which a key seals and opens nothing (KMS Developer Guide, "Key states of AWS KMS keys"), and the way out.
_ENABLE = "aws kms enable-key --region {region} --key-id {key}"
_KEEP = (
    f"Before it is gone: aws kms cancel-key-deletion --region {{region}} --key-id {{key}} and then {_ENABLE}"
)
_WAY_OUT = {
    "Disabled": f"If it is to be used again: {_ENABLE}",
    "PendingDeletion": _KEEP,
    "PendingReplicaDeletion": _KEEP,
    "PendingImport": "Import its key material again (aws kms get-parameters-for-import, import-key-material).",
    "Unavailable": "Connect its key store again: aws kms connect-custom-key-store --region {region}",
    NO_KEY: "Give the bucket a default encryption with a key that exists.",
}


@dataclass(slots=True)
class Keys:
    """The statements and key policies of links; what came up on the way is gathered."""

    manifest: str
    snapshots: Mapping[str, Snapshot]
    notes: list[Problem] = field(default_factory=list)
    unknown: list[tuple[Address, str]] = field(default_factory=list)
    _parts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _keys: dict[str, KeyPolicy] = field(default_factory=dict)
    _told: set[Name] = field(default_factory=set)

    def statements(self, link: LinkSpec, policy: str) -> list[dict[str, Any]]:
        """The role's own statements on keys, for the inline policy of this name.

        Where it cannot be known whether a bucket has a key, what lives there stays: unknown is not absent.
        """
        actions = _actions(link)
        if not actions:
            return []
        if any(self._hidden(bucket) for bucket in link.buckets):
            return self._living(link, policy)
        found: list[dict[str, Any]] = []
        for key in self._of(link):
            found.append(
                {
                    "Effect": "Allow",
                    "Action": _scalar(actions),
                    "Resource": key,
                    "Condition": _condition(link, key),
                }
            )
        return found

    def add(self, link: LinkSpec) -> None:
        """What the link's keys must say themselves: nothing where they leave it to IAM, or without the word."""
        actions = _actions(link)
        if actions:
            self._tell_states(link)
        for key in self._of(link) if actions else ():
            account = link.role.account
            if account_of(key) != account.id:
                self._remark(
                    "Key of another account",
                    f'The bucket of link "{link.name}" is encrypted with {key}, of another account: '
                    f"its owner must let {link.role.arn} use it as well.",
                    "Ask them for a statement in the key's policy.",
                    link,
                )
                continue
            name = f"{key.split(':')[3]}/{key.rpartition('/')[2]}"
            record = self.snapshots[account.name].keys.get(name)
            address = Address(account, KeyPolicy.kind, (name, marker(self.manifest)))
            if record is None or record.policy is None or isinstance(record.policy, RawDocument):
                if link.key_policy:
                    why = self.snapshots[account.name].why_unread("keys", f"key/{name}")
                    self.unknown.append((address, why or "Its policy could not be read."))
                continue
            if delegates(record.policy, account, frozenset(actions)):
                continue
            if not link.key_policy:
                self._remark(
                    "The key does not leave it to IAM",
                    f'The bucket of link "{link.name}" is encrypted with {key}, whose policy does not let the '
                    "account's own policies decide; a statement on the role alone may not be enough.",
                    "Say key: {policy: true} in the link to put a statement into the key's policy too.",
                    link,
                )
                continue
            self._parts.setdefault(name, []).append(
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": link.role.arn},
                    "Action": _scalar(actions),
                    "Resource": "*",
                    "Condition": _condition(link, key),
                }
            )
            document = Document.of(*self._parts[name])
            self._keys[name] = KeyPolicy.of(account, name, marker(self.manifest), self.manifest, document)

    def _tell_states(self, link: LinkSpec) -> None:
        """Keys that nobody can use as they are, once for each bucket: no policy makes up for that."""
        for bucket in link.buckets:
            record = self._record(bucket)
            if record is None or not record.key or record.key_state not in _WAY_OUT or bucket in self._told:
                continue
            self._told.add(bucket)
            gone = f", to be deleted on {record.key_gone}" if record.key_gone else ""
            state = f"the state of that key is {record.key_state}{gone}"
            region, owner = (record.key.split(":")[part] if ":" in record.key else "" for part in (3, 4))
            whose = (
                "" if owner in ("", bucket.account.id) else f"The key is of account {owner}, for its owner: "
            )
            self._remark(
                "A key that cannot be used",
                f"{bucket} is encrypted with {record.key}, and "
                f"{'there is no such key' if record.key_state == NO_KEY else state}: nothing can be read or written "
                "there under it, whatever any policy says.",
                whose + _WAY_OUT[record.key_state].format(region=region, key=record.key),
                link,
            )

    def policies(self) -> Iterator[Resource]:
        """Our parts of key policies, one for each key."""
        yield from self._keys.values()

    def _of(self, link: LinkSpec) -> list[str]:
        """The keys of the link's buckets by ARN; the managed one of S3 is not among them."""
        found: list[str] = []
        for bucket in link.buckets:
            record = self._record(bucket)
            if record is not None and record.key and ":key/" in record.key:
                found.append(record.key)
        return list(dict.fromkeys(found))

    def _record(self, bucket: Name) -> BucketRecord | None:
        snapshot = self.snapshots.get(bucket.account.name)
        return snapshot.buckets.get(bucket.name) if snapshot else None

    def _hidden(self, bucket: Name) -> bool:
        """Whether it is not known which key a bucket has."""
        snapshot = self.snapshots.get(bucket.account.name)
        if snapshot is None:
            return False
        if snapshot.why_unread("buckets", f"bucket/{bucket.name}"):
            return True
        record = snapshot.buckets.get(bucket.name)
        if record is None or (record.key and ":key/" in record.key):
            return False
        return any(one.startswith(("GetBucketEncryption", "DescribeKey")) for one in record.untold)

    def _living(self, link: LinkSpec, policy: str) -> list[dict[str, Any]]:
        snapshot = self.snapshots[link.role.account.name]
        role = snapshot.roles.get(link.role.name)
        document = role.inline.get(policy) if role is not None else None
        if not isinstance(document, Document):
            return []
        bodies = [json.loads(one.source) for one in document.statements if _on_keys(one.actions)]
        for body in bodies:
            body.pop("Sid", None)
        return bodies

    def _remark(self, summary: str, detail: str, fix: str, link: LinkSpec) -> None:
        self.notes.append(
            Problem(summary=summary, detail=detail, fix=fix, place=link.place, severity=Severity.WARNING)
        )


def _condition(link: LinkSpec, key: str) -> dict[str, dict[str, str]]:
    """Through S3 only, and no longer than the link."""
    where = {"StringEquals": {"kms:ViaService": via_s3(key)}}
    if link.conditions.expires:
        where["DateLessThan"] = {"aws:CurrentTime": link.conditions.expires}
    return where


def _on_keys(actions: tuple[str, ...] | None) -> bool:
    return bool(actions) and all(one.lower().startswith("kms:") for one in actions or ())


def _actions(link: LinkSpec) -> list[str]:
    """What reading and writing objects asks of their key."""
    asked = {one.lower() for one in link.actions}
    found: frozenset[str] = frozenset()
    if "read" in link.access or any(one.startswith(("s3:getobject", "s3:*")) for one in asked):
        found |= _READ
    if "write" in link.access or any(one.startswith(("s3:putobject", "s3:*")) for one in asked):
        found |= _WRITE
    return sorted(found)


def _scalar(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values
