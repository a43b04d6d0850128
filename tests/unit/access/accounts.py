"""Two small accounts for questions: data holds bucket and roles, people holds users and a group."""

from __future__ import annotations

from typing import Any

from immutabledict import immutabledict

from xacct.access.estate import Estate
from xacct.account import Account
from xacct.policy.document import Document
from xacct.snapshot import BucketRecord, GroupRecord, RoleRecord, Snapshot, Unread, UserRecord

DATA = Account(name="data", id="111122223333")
PEOPLE = Account(name="people", id="444455556666")
BUCKET = "arn:aws:s3:::logs"
ANNA = PEOPLE.iam_arn("user/anna")
BOB = PEOPLE.iam_arn("user/bob")
READER = DATA.iam_arn("role/app/reader")


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trusting(*principals: str, **more: Any) -> Document:
    return Document.of(
        {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole", **more}
    )


def inline(**documents: dict[str, Any]) -> immutabledict[str, Any]:
    return immutabledict({name: Document.of(body) for name, body in documents.items()})


def role(
    name: str, trust: Document, *, account: Account = DATA, path: str = "/", **policies: Any
) -> RoleRecord:
    return RoleRecord(
        name=name,
        path=path,
        arn=account.iam_arn(f"role{path}{name}"),
        id=f"AROA{name.upper():X<17}",
        trust=trust,
        inline=inline(**policies),
    )


def user(name: str, *groups: str, **policies: Any) -> UserRecord:
    return UserRecord(
        name=name,
        path="/",
        arn=PEOPLE.iam_arn(f"user/{name}"),
        id=f"AIDA{name.upper():X<17}",
        groups=frozenset(groups),
        inline=inline(**policies),
    )


def group(name: str, **policies: Any) -> GroupRecord:
    return GroupRecord(
        name=name, path="/", arn=PEOPLE.iam_arn(f"group/{name}"), id="AGPA", inline=inline(**policies)
    )


def estate(
    *records: RoleRecord | UserRecord | GroupRecord | BucketRecord,
    policy: Document | None = None,
    unread: tuple[Unread, ...] = (),
    bucket: BucketRecord | None = None,
) -> Estate:
    """Data with the bucket ``logs``, and people; each record in the account of its ARN."""
    accounts = {one.id: Snapshot(account=one) for one in (DATA, PEOPLE)}
    accounts[DATA.id] = accounts[DATA.id].holding(
        "buckets", bucket or BucketRecord(name="logs", policy=policy)
    )
    for record in records:
        assert not isinstance(record, BucketRecord)
        section = {RoleRecord: "roles", UserRecord: "users", GroupRecord: "groups"}[type(record)]
        owner = record.arn.split(":")[4]
        accounts[owner] = accounts[owner].holding(section, record)  # type: ignore[arg-type]
    found = []
    for one in accounts.values():
        mine = frozenset(gap for gap in unread if gap.account == one.account.name)
        found.append(
            Snapshot(
                account=one.account,
                users=one.users,
                roles=one.roles,
                groups=one.groups,
                buckets=one.buckets,
                unread=mine,
            )
        )
    return Estate.of(found)
