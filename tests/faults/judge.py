"""What the cloud holds, by meaning, and who has what by it: law against law, before and after every call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xacct.access.estate import Estate
from xacct.access.who import who_can
from xacct.engine.estates import live_estate
from xacct.kinds import live
from xacct.plan.bound import fingerprint
from xacct.plan.codec import shown_json
from xacct.policy.document import Document
from xacct.policy.evaluate import Outcome
from xacct.policy.principal import Anonymous, Session
from xacct.snapshot import Snapshot

Way = tuple[str, tuple[str, ...], str, str]


def meaning(snapshots: Mapping[str, Snapshot]) -> dict[str, str]:
    """Everything that lives by its address: ours by meaning, statements and policies of others by their text."""
    found = {}
    for address, resource in live(snapshots.values()).resources.items():
        foreign = "Foreign" in str(address)
        shown = shown_json(resource)
        found[str(address)] = str(shown) if foreign else fingerprint(shown)
    for name, snapshot in snapshots.items():
        for bucket in snapshot.buckets.values():
            if isinstance(bucket.policy, Document):
                theirs = [one.source for one in bucket.policy.statements if not one.sid.startswith("Xacct")]
                found[f"{name}/bucket/{bucket.name}"] = "\n".join(theirs)
    return found


def ways(snapshots: Mapping[str, Snapshot], questions: list[tuple[str, str]]) -> frozenset[Way]:
    """Everybody who has one of these, surely, and on which way; who is only in a role is not anybody."""
    return ways_of(live_estate(snapshots), questions)


def ways_of(estate: Estate, questions: list[tuple[str, str]]) -> frozenset[Way]:
    """The same, of an estate."""
    found: set[Way] = set()
    for action, resource in questions:
        for reacher in who_can(estate, action, resource):
            if reacher.outcome is not Outcome.ALLOWED and not reacher.outside:
                continue
            match reacher.principal:
                case Session() as session if not reacher.outside:
                    continue
                case Session() as session:
                    who = session.role_arn
                case Anonymous():
                    who = "*"
                case principal:
                    who = principal.arn
            found.add((who, reacher.roles, action, resource))
    return frozenset(found)


def questions(objects: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    """The four words of access on every bucket, inside and outside of every prefix."""
    return sorted(set(_questions(objects)))


def _questions(objects: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    for bucket, keys in objects.items():
        yield "s3:ListBucket", f"arn:aws:s3:::{bucket}"
        for key in keys:
            for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
                yield action, f"arn:aws:s3:::{bucket}/{key}"


def difference(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """What differs, by address."""
    return [
        f"{address}: {wanted.get(address, 'absent')} is wanted, {found.get(address, 'absent')} is there"
        for address in sorted(wanted.keys() | found.keys())
        if wanted.get(address) != found.get(address)
    ]
