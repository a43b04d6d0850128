"""Random live and planned states of two accounts, in which all that decides on access changes together.

Trusts, permissions, grants, groups, boundaries, the policies of a bucket and of the key that it is encrypted
with, and our statements in the trust of a role that is not ours.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from immutabledict import immutabledict

from xacct.account import Account
from xacct.kinds import live, marker
from xacct.kinds.bucket_policy import BucketPolicy
from xacct.kinds.group_attachment import GroupAttachment
from xacct.kinds.group_policy import GroupPolicy
from xacct.kinds.key_policy import KeyPolicy, own_access, via_s3
from xacct.kinds.managed_policy import ManagedPolicy
from xacct.kinds.membership import Membership
from xacct.kinds.role import Role
from xacct.kinds.role_attachment import RoleAttachment
from xacct.kinds.role_policy import RolePolicy
from xacct.kinds.role_trust import RoleTrust
from xacct.kinds.user_policy import UserPolicy
from xacct.plan.build import make_plan
from xacct.plan.diff import Removal
from xacct.plan.plan import Plan
from xacct.policy.document import Document
from xacct.resource import Resource, State
from xacct.snapshot import (
    BucketRecord,
    GroupRecord,
    KeyRecord,
    PolicyRecord,
    RoleRecord,
    Snapshot,
    UserRecord,
)

NAME = "example"
DATA = Account(name="data", id="111122223333")
APPS = Account(name="apps", id="444455556666")
USERS = ("anna", "bob")
GROUPS = ("g1", "g2")
ROLES = ("r1", "r2", "r3")
HOST = "host"
"""A role of the data's owner that is not ours; only our statements in its trust are."""
CARL = "arn:aws:iam::999999999999:user/carl"
RUNNER = APPS.iam_arn("role/runner")
ACTIONS = ("s3:GetObject", "s3:PutObject")
OBJECTS = ("arn:aws:s3:::logs/k", "arn:aws:s3:::logs/a/k")
BUCKET = "arn:aws:s3:::logs"
KEY_NAME = "eu-west-1/11111111-2222-3333-4444-555555555555"
KEY = f"arn:aws:kms:eu-west-1:{DATA.id}:key/{KEY_NAME.partition('/')[2]}"
VIA_S3 = {"StringEquals": {"kms:ViaService": via_s3(KEY)}}
USES = ("kms:Decrypt", "kms:GenerateDataKey")
EDGES = {name: DATA.iam_arn(f"policy/{name}") for name in ("edge-read", "edge-write")}
"""Boundaries that are there, and nobody changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Accounts as they live, and what is wanted of them."""

    snapshots: dict[str, Snapshot]
    ours: tuple[Resource, ...]
    wanted: tuple[Resource, ...]

    def plan(self) -> Plan:
        return make_plan(
            name=NAME,
            accounts=(APPS, DATA),
            desired=State.of(self.wanted),
            live=live(self.snapshots.values()),
            removal=Removal(marker=marker(NAME), was=State.of(self.ours), edited_too=True),
            owners=frozenset({"data"}),
        )


def case(seed: int) -> Case:
    chance = random.Random(seed)
    ours = _state(chance)
    turn = chance.random()
    if turn < 0.2:
        wanted = _swapped(ours)
    elif turn < 0.3:
        wanted = _renamed(ours)
    elif turn < 0.4:
        wanted = _exchanged(chance, ours)
    else:
        wanted = _mutated(chance, ours)
    if turn < 0.25:
        wanted = _mutated(chance, wanted, 0.15)
    if chance.random() < 0.3:
        wanted = _limited(chance, wanted)
    foreign = [one for one in _state(chance) if chance.random() < 0.2 and not isinstance(one, Role)]
    taken = {one.address for one in (*ours, *wanted)}
    foreign = [_elsewhere(one) for one in foreign]
    foreign = [one for one in foreign if one.address not in taken]
    snapshots = {"data": _data(chance), "apps": _apps()}
    for one in sorted((*ours, *foreign), key=_rank):
        name = one.address.account.name
        snapshots[name] = one.added_to(snapshots[name])
    living = live(snapshots.values()).resources
    ours = [one for one in ours if one.address in living]
    return Case(snapshots=snapshots, ours=tuple(ours), wanted=tuple(_complete(wanted)))


def _rank(one: Resource) -> tuple[int, str]:
    return (one.address.kind != "role") + ("attachment" in one.address.kind), str(one.address)


def _complete(wanted: list[Resource]) -> list[Resource]:
    """Without what hangs on a role or policy that is not wanted."""
    roles = {one.name for one in wanted if isinstance(one, Role)} | {HOST}
    policies = {one.arn for one in wanted if isinstance(one, ManagedPolicy)} | {*EDGES.values(), ""}
    return [
        _marked(replace(one, boundary="")) if isinstance(one, Role) and one.boundary not in policies else one
        for one in {one.address: one for one in wanted}.values()
        if not (isinstance(one, RolePolicy) and one.owner not in roles)
        and not (isinstance(one, RoleAttachment) and (one.owner not in roles or one.policy not in policies))
        and not (isinstance(one, GroupAttachment) and one.policy not in policies)
    ]


def _elsewhere(one: Resource) -> Resource:
    """The same under a name that is not ours."""
    if isinstance(one, RolePolicy | GroupPolicy | UserPolicy):
        return type(one)(
            account=one.account, owner=one.owner, name=f"foreign-{one.name}", document=one.document
        )
    return one


def _apps() -> Snapshot:
    found = Snapshot(account=APPS, platform="aws")
    for name in USERS:
        arn = APPS.iam_arn(f"user/{name}")
        found = found.holding(
            "users", UserRecord(name=name, path="/", arn=arn, id=f"AIDA{name.upper():X<17}")
        )
    for name in GROUPS:
        arn = APPS.iam_arn(f"group/{name}")
        found = found.holding("groups", GroupRecord(name=name, path="/", arn=arn, id=f"AGPA{name}"))
    trust = Document.of(
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )
    role = RoleRecord(name="runner", path="/", arn=RUNNER, id="AROARUNNER", trust=trust)
    return found.holding("roles", role)


def _data(chance: random.Random) -> Snapshot:
    key = KEY if chance.random() < 0.7 else None
    found = Snapshot(account=DATA, platform="aws").holding("buckets", BucketRecord(name="logs", key=key))
    keeper = {"Effect": "Allow", "Principal": {"AWS": CARL}, "Action": "kms:PutKeyPolicy", "Resource": "*"}
    policy = own_access(DATA) if chance.random() < 0.5 else Document.of(keeper)
    found = found.holding("keys", KeyRecord(name=KEY_NAME, arn=KEY, policy=policy))
    for (name, arn), only in zip(EDGES.items(), ("Get", "Put"), strict=True):
        actions = [f"s3:{only}Object", "kms:Decrypt", "sts:AssumeRole"]
        document = Document.of({"Effect": "Allow", "Action": actions, "Resource": "*"})
        found = found.holding("policies", PolicyRecord(name=name, path="/", arn=arn, document=document))
    trust = Document.of({"Effect": "Allow", "Principal": {"AWS": CARL}, "Action": "sts:AssumeRole"})
    inline = {"foreign": Document.of(_access(chance), *([_using(chance)] if chance.random() < 0.5 else []))}
    role = RoleRecord(
        name=HOST,
        path="/",
        arn=DATA.iam_arn(f"role/{HOST}"),
        id="AROAHOST",
        trust=trust,
        inline=immutabledict(inline),
    )
    return found.holding("roles", role)


def _state(chance: random.Random) -> list[Resource]:
    made: list[Resource] = []
    for name in ROLES:
        if chance.random() < 0.75:
            made.append(_role(chance, name))
            made += [_role_policy(chance, name, one) for one in ("p1", "p2") if chance.random() < 0.6]
    for name in GROUPS:
        made += [_grant(chance, name, one) for one in ("x", "y") if chance.random() < 0.5]
        made += [Membership(account=APPS, group=name, user=user) for user in USERS if chance.random() < 0.5]
    for name in USERS:
        if chance.random() < 0.3:
            made.append(_user_policy(chance, name))
    if chance.random() < 0.35:
        made.append(_bucket_policy(chance))
    if chance.random() < 0.4:
        made.append(_key_policy(chance))
    if chance.random() < 0.3:
        document = Document.of(*_trust(chance, HOST))
        made.append(RoleTrust.of(DATA, HOST, marker(NAME), NAME, document))
        made += [_role_policy(chance, HOST, "p1")] if chance.random() < 0.5 else []
    if chance.random() < 0.4:
        made += _managed(chance, {one.name for one in made if isinstance(one, Role)})
    return _limited(chance, made)


def _limited(chance: random.Random, state: list[Resource]) -> list[Resource]:
    """With another boundary, or none, for some of the roles; it may be the policy that is ours."""
    limits = ["", *EDGES.values(), *(one.arn for one in state if isinstance(one, ManagedPolicy))]
    return [
        _marked(replace(one, boundary=chance.choice(limits)))
        if isinstance(one, Role) and chance.random() < 0.35
        else one
        for one in state
    ]


def _mutated(chance: random.Random, state: list[Resource], much: float = 0.45) -> list[Resource]:
    other = {one.address: one for one in _state(chance)}
    kept = [one for one in state if chance.random() >= much]
    held = {one.address for one in kept}
    changed = {one.address for one in state} - held
    fresh = [
        one
        for address, one in other.items()
        if address not in held and (address in changed or chance.random() < much)
    ]
    return [*kept, *fresh]


def _swapped(state: list[Resource]) -> list[Resource]:
    """The roles r1 and r2 change places."""
    return [_as_role(one, {"r1": "r2", "r2": "r1"}) for one in state]


def _renamed(state: list[Resource]) -> list[Resource]:
    """What r1 was is r3 now, grants included."""
    gone = [one for one in state if not (isinstance(one, Role | RolePolicy) and _owner(one) == "r3")]
    return [_as_role(_granting(one), {"r1": "r3"}) for one in gone]


def _exchanged(chance: random.Random, state: list[Resource]) -> list[Resource]:
    """Who had a right on objects has one on the key instead, or the other way round, in another document."""
    return [_exchanged_one(chance, one) if chance.random() < 0.6 else one for one in state]


def _exchanged_one(chance: random.Random, one: Resource) -> Resource:
    match one:
        case RolePolicy(name=name, document=document):
            on_key = any("kms:" in action for found in document.statements for action in found.actions or ())
            new = _access(chance) if on_key else {**_using(chance), "Effect": "Allow"}
            return replace(one, name={"p1": "p2", "p2": "p1"}[name], document=Document.of(new))
        case BucketPolicy():
            return KeyPolicy.of(DATA, KEY_NAME, one.marker, NAME, _to_whom(one, _using(chance), "*"))
        case KeyPolicy():
            return BucketPolicy.of(
                DATA, "logs", one.marker, NAME, _to_whom(one, _access(chance), f"{BUCKET}/*")
            )
    return one


def _to_whom(one: BucketPolicy | KeyPolicy, statement: dict[str, Any], resource: str) -> Document:
    """A statement for those whom the shared statements name."""
    named = sorted(one.principals() or {APPS.root})
    return Document.of({**statement, "Effect": "Allow", "Principal": {"AWS": named}, "Resource": resource})


def _owner(one: Resource) -> str:
    return one.address.parts[0]


def _as_role(one: Resource, names: dict[str, str]) -> Resource:
    match one:
        case Role(name=name):
            return _marked(replace(one, name=names.get(name, name)))
        case RolePolicy(owner=owner) | RoleAttachment(owner=owner):
            return replace(one, owner=names.get(owner, owner))
    return one


def _granting(one: Resource) -> Resource:
    if isinstance(one, GroupPolicy | UserPolicy):
        text = one.document.source.replace(":role/r1", ":role/r3")
        return replace(one, document=Document.parse(text))
    return one


def _marked(role: Role) -> Role:
    return replace(role, manifest=NAME, fingerprint=role.stamp)


def _role(chance: random.Random, name: str) -> Role:
    return _marked(Role(account=DATA, name=name, trust=Document.of(*_trust(chance, name))))


def _trust(chance: random.Random, name: str) -> list[dict[str, Any]]:
    anyone: list[Any] = [APPS.iam_arn(f"user/{user}") for user in USERS]
    anyone += [APPS.root, RUNNER, CARL, *(DATA.iam_arn(f"role/{one}") for one in ROLES if one != name)]
    chosen = chance.sample(anyone, chance.choice([1, 1, 2]))
    allow: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": chosen}, "Action": "sts:AssumeRole"}
    if chance.random() < 0.08:
        allow["Condition"] = {"StringEquals": {"sts:ExternalId": chance.choice(["one", "two"])}}
    statements = [allow]
    if chance.random() < 0.15:
        who = chance.choice([APPS.iam_arn("user/anna"), RUNNER, APPS.iam_arn("user/bob")])
        statements.append({"Effect": "Deny", "Principal": {"AWS": who}, "Action": "sts:AssumeRole"})
    return statements


def _access(chance: random.Random) -> dict[str, Any]:
    actions = chance.choice([["s3:GetObject"], ["s3:PutObject"], ["s3:GetObject", "s3:PutObject"], ["s3:*"]])
    return {
        "Effect": "Allow",
        "Action": actions,
        "Resource": chance.choice([f"{BUCKET}/*", f"{BUCKET}/a/*", "*"]),
    }


def _using(chance: random.Random) -> dict[str, Any]:
    """Of the key."""
    statement: dict[str, Any] = {
        "Effect": "Allow" if chance.random() < 0.9 else "Deny",
        "Action": chance.choice([USES[0], USES[1], list(USES), "kms:*"]),
        "Resource": chance.choice([KEY, "*"]),
    }
    if chance.random() < 0.5:
        statement["Condition"] = VIA_S3
    return statement


def _deny(chance: random.Random, action: str) -> dict[str, Any]:
    return {**_access(chance), "Effect": "Deny", "Action": action}


def _role_policy(chance: random.Random, owner: str, name: str) -> RolePolicy:
    statements = [_access(chance)] if chance.random() < 0.9 else []
    if chance.random() < 0.2 or not statements:
        statements.append(_deny(chance, chance.choice(ACTIONS)))
    if chance.random() < 0.15:
        statements.append(_entering(chance, DATA))
    if chance.random() < 0.3:
        statements.append(_using(chance))
    return RolePolicy(account=DATA, owner=owner, name=name, document=Document.of(*statements))


def _entering(chance: random.Random, _: Account) -> dict[str, Any]:
    names = chance.sample([*ROLES, "*"], chance.choice([1, 1, 2]))
    return {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": [DATA.iam_arn(f"role/{name}") for name in names],
    }


def _grant(chance: random.Random, owner: str, name: str) -> GroupPolicy:
    statements = [_entering(chance, APPS)]
    if chance.random() < 0.15:
        statements.append({**_entering(chance, APPS), "Effect": "Deny"})
    return GroupPolicy(account=APPS, owner=owner, name=name, document=Document.of(*statements))


def _user_policy(chance: random.Random, owner: str) -> UserPolicy:
    statement = chance.choice(
        [_entering(chance, APPS), _access(chance), _deny(chance, "s3:*"), _using(chance)]
    )
    return UserPolicy(account=APPS, owner=owner, name="u", document=Document.of(statement))


def _bucket_policy(chance: random.Random) -> BucketPolicy:
    statements = []
    for _ in range(chance.choice([1, 1, 2])):
        who = chance.choice(
            [APPS.iam_arn("user/anna"), APPS.iam_arn("user/bob"), DATA.iam_arn("role/r1"), APPS.root, "*"]
        )
        effect = "Deny" if who == "*" or chance.random() < 0.3 else "Allow"
        resource = chance.choice([f"{BUCKET}/*", f"{BUCKET}/a/*"])
        action = chance.choice(ACTIONS)
        statements.append(
            {"Effect": effect, "Principal": {"AWS": who}, "Action": action, "Resource": resource}
        )
    return BucketPolicy.of(DATA, "logs", marker(NAME), NAME, Document.of(*statements))


def _key_policy(chance: random.Random) -> KeyPolicy:
    anyone = [DATA.iam_arn(f"role/{one}") for one in (*ROLES[:2], HOST)]
    anyone += [APPS.iam_arn("user/anna"), APPS.iam_arn("user/bob"), APPS.root, DATA.root]
    statements = [
        {**_using(chance), "Principal": {"AWS": chance.choice(anyone)}, "Resource": "*"}
        for _ in range(chance.choice([1, 1, 2]))
    ]
    return KeyPolicy.of(DATA, KEY_NAME, marker(NAME), NAME, Document.of(*statements))


def _managed(chance: random.Random, roles: set[str]) -> list[Resource]:
    statements = [_access(chance), _entering(chance, DATA)][: chance.choice([1, 2])]
    policy = ManagedPolicy(account=DATA, name="m", path=f"/xacct/{NAME}/", document=Document.of(*statements))
    return [
        policy,
        *(
            RoleAttachment(account=DATA, owner=one, policy=policy.arn)
            for one in sorted(roles)
            if chance.random() < 0.5
        ),
    ]
