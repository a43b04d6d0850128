"""One example of every kind, with a snapshot of an account that holds just it."""

from __future__ import annotations

from dataclasses import replace

from immutabledict import immutabledict

from xacct.account import Account
from xacct.kinds import marker
from xacct.kinds.bucket_policy import BucketPolicy
from xacct.kinds.group import Group
from xacct.kinds.group_attachment import GroupAttachment
from xacct.kinds.group_policy import GroupPolicy
from xacct.kinds.key_policy import KeyPolicy, own_access
from xacct.kinds.managed_policy import ManagedPolicy
from xacct.kinds.mark import marked_document
from xacct.kinds.membership import Membership
from xacct.kinds.role import Role
from xacct.kinds.role_attachment import RoleAttachment
from xacct.kinds.role_policy import RolePolicy
from xacct.kinds.role_trust import RoleTrust
from xacct.kinds.user_attachment import UserAttachment
from xacct.kinds.user_policy import UserPolicy
from xacct.policy.document import Document
from xacct.resource import Resource
from xacct.snapshot import (
    BucketRecord,
    GroupRecord,
    KeyRecord,
    PolicyRecord,
    RoleRecord,
    Snapshot,
    UserRecord,
)

ACCOUNT = Account(name="data", id="111122223333")
TRUST = Document.of(
    {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::444455556666:user/anna"},
        "Action": "sts:AssumeRole",
    }
)
WIDER_TRUST = Document.of(
    {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole"}
)
FOREIGN = (
    '{"Sid":"Theirs","Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}'
)
ACCESS = Document.of({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"})
OTHER = Document.of({"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/*"})
SHARED = Document.of(
    {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::444455556666:user/anna"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::logs/*",
    }
)
WIDER = Document.of(
    {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::logs/*",
    }
)
USES_KEY = Document.of(
    {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:role/reader"},
        "Action": "kms:Decrypt",
        "Resource": "*",
    }
)
WIDER_KEY = Document.of(
    {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:role/reader"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",
    }
)
FOREIGN_KEY = own_access(ACCOUNT).statements[0].source
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"

ROLE = RoleRecord(
    name="reader", path="/app/", arn=ACCOUNT.iam_arn("role/app/reader"), id="AROAREADER", trust=TRUST
)
USER = UserRecord(name="anna", path="/", arn=ACCOUNT.iam_arn("user/anna"), id="AIDAANNA")
GROUP = GroupRecord(name="Testers", path="/", arn=ACCOUNT.iam_arn("group/Testers"), id="AGPATESTERS")

_role = Role(
    account=ACCOUNT,
    name="reader",
    path="/app/",
    trust=TRUST,
    description="reads",
    max_session=7200,
    boundary=ACCOUNT.iam_arn("policy/limit"),
    tags=immutabledict({"team": "logs"}),
    manifest="example",
)
_managed = ManagedPolicy(
    account=ACCOUNT,
    name="reading",
    path="/xacct/example/",
    document=marked_document(
        "example", [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}]
    ),
)
_entering = RoleTrust.of(ACCOUNT, "reader", marker("example"), "example", TRUST)
KEY = "eu-west-1/1234abcd-12ab-34cd-56ef-1234567890ab"
_key = KeyPolicy.of(ACCOUNT, KEY, marker("example"), "example", USES_KEY)
_bucket = BucketPolicy.of(ACCOUNT, "logs", marker("example"), "example", SHARED)


def _account(**tables: object) -> Snapshot:
    return Snapshot(account=ACCOUNT, **tables)  # type: ignore[arg-type]


EXAMPLES: dict[str, tuple[Resource, Resource, Snapshot]] = {
    "role": (
        _role,
        replace(
            _role,
            trust=WIDER,
            description="",
            max_session=3600,
            boundary="",
            tags=immutabledict({"team": "x"}),
        ),
        _account(
            roles=immutabledict(
                reader=replace(
                    ROLE,
                    description="reads",
                    max_session=7200,
                    boundary=_role.boundary,
                    tags=immutabledict(
                        {"team": "logs", "xacct:manifest": "example", "xacct:fingerprint": _role.stamp}
                    ),
                )
            )
        ),
    ),
    "role-policy": (
        RolePolicy(account=ACCOUNT, owner="reader", name="access", document=ACCESS),
        RolePolicy(account=ACCOUNT, owner="reader", name="access", document=OTHER),
        _account(roles=immutabledict(reader=replace(ROLE, inline=immutabledict(access=ACCESS)))),
    ),
    "user-policy": (
        UserPolicy(account=ACCOUNT, owner="anna", name="access", document=ACCESS),
        UserPolicy(account=ACCOUNT, owner="anna", name="access", document=OTHER),
        _account(users=immutabledict(anna=replace(USER, inline=immutabledict(access=ACCESS)))),
    ),
    "group-policy": (
        GroupPolicy(account=ACCOUNT, owner="Testers", name="access", document=ACCESS),
        GroupPolicy(account=ACCOUNT, owner="Testers", name="access", document=OTHER),
        _account(groups=immutabledict(Testers=replace(GROUP, inline=immutabledict(access=ACCESS)))),
    ),
    "role-attachment": (
        RoleAttachment(account=ACCOUNT, owner="reader", policy=READ_ONLY),
        RoleAttachment(account=ACCOUNT, owner="reader", policy=READ_ONLY),
        _account(roles=immutabledict(reader=replace(ROLE, attached=frozenset({READ_ONLY})))),
    ),
    "group-attachment": (
        GroupAttachment(account=ACCOUNT, owner="Testers", policy=READ_ONLY),
        GroupAttachment(account=ACCOUNT, owner="Testers", policy=READ_ONLY),
        _account(groups=immutabledict(Testers=replace(GROUP, attached=frozenset({READ_ONLY})))),
    ),
    "user-attachment": (
        UserAttachment(account=ACCOUNT, owner="anna", policy=READ_ONLY),
        UserAttachment(account=ACCOUNT, owner="anna", policy=READ_ONLY),
        _account(users=immutabledict(anna=replace(USER, attached=frozenset({READ_ONLY})))),
    ),
    "managed-policy": (
        _managed,
        replace(_managed, document=OTHER),
        _account(
            policies=immutabledict(
                reading=PolicyRecord(
                    name="reading", path="/xacct/example/", arn=_managed.arn, document=_managed.document
                )
            )
        ),
    ),
    "group": (
        Group(account=ACCOUNT, name="Testers"),
        Group(account=ACCOUNT, name="Testers", path="/qa/"),
        _account(groups=immutabledict(Testers=GROUP)),
    ),
    "membership": (
        Membership(account=ACCOUNT, group="Testers", user="anna"),
        Membership(account=ACCOUNT, group="Testers", user="anna"),
        _account(users=immutabledict(anna=replace(USER, groups=frozenset({"Testers"})))),
    ),
    "role-trust": (
        _entering,
        RoleTrust.of(ACCOUNT, "reader", marker("example"), "example", WIDER_TRUST),
        _account(
            roles=immutabledict(
                reader=replace(
                    ROLE,
                    trust=Document.parse(
                        f'{{"Version":"2012-10-17","Statement":[{FOREIGN},{_entering.texts[0]}]}}'
                    ),
                )
            )
        ),
    ),
    "bucket-policy": (
        _bucket,
        BucketPolicy.of(ACCOUNT, "logs", marker("example"), "example", WIDER),
        _account(
            buckets=immutabledict(
                logs=BucketRecord(
                    name="logs",
                    policy=Document.parse(f'{{"Version":"2012-10-17","Statement":[{_bucket.texts[0]}]}}'),
                )
            )
        ),
    ),
    "key-policy": (
        _key,
        KeyPolicy.of(ACCOUNT, KEY, marker("example"), "example", WIDER_KEY),
        _account(
            keys=immutabledict(
                {
                    KEY: KeyRecord(
                        name=KEY,
                        arn=_key.key,
                        policy=Document.parse(
                            f'{{"Version":"2012-10-17","Statement":[{FOREIGN_KEY},{_key.texts[0]}]}}'
                        ),
                    )
                }
            )
        ),
    ),
}
"""By kind: an example, another one at the same address, and an account in which the first one lives."""
