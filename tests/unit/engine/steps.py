"""Plans of a few steps, for the tests of their carrying out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from tests.fakes import Clock, FakeGateway
from xacct.account import Account
from xacct.engine.applying.apply import apply
from xacct.plan.plan import Create, Plan, Step
from xacct.platform import AWS, CEPH
from xacct.resource import Address, Call, Request, Resource, Shown
from xacct.snapshot import Snapshot

DATA = Account(name="data", id="325271821652")
USING = Account(name="analytics", id="290122656840")
SHARED = "snapshots"


@dataclass(frozen=True, slots=True)
class Thing(Resource):
    """A resource of no kind in particular; its step says what is sent."""

    kind: ClassVar[str] = "thing"

    account: Account
    name: str

    @property
    def address(self) -> Address:
        return Address(self.account, self.kind, (self.name,))

    def sources(self) -> tuple[str, ...]:
        return ()

    def shown(self) -> tuple[tuple[str, Shown], ...]:
        return ()

    @classmethod
    def pick(cls, snapshot: Snapshot) -> Iterator[Thing]:
        return iter(())

    def added_to(self, snapshot: Snapshot) -> Snapshot:
        return snapshot

    def removed_from(self, snapshot: Snapshot) -> Snapshot:
        return snapshot

    def create(self) -> tuple[Request, ...]:
        return ()

    def update(self, live: Thing) -> tuple[Request, ...]:
        return ()

    def delete(self) -> tuple[Request, ...]:
        return ()


def put_policy(role: str) -> Call:
    return Call.of("iam", "PutRolePolicy", RoleName=role, PolicyName="p", PolicyDocument="{}")


def step(
    number: int, account: Account, *, calls: tuple[Request, ...] | None = None, after: set[int] | None = None
) -> Step:
    """A step whose one call, unless given, puts a policy on ``role<number>``."""
    thing = Thing(account, f"t{number}")
    return Step(
        number=number,
        address=thing.address,
        change=Create(thing),
        calls=(put_policy(f"role{number}"),) if calls is None else calls,
        after=frozenset(after or ()),
    )


def plan_of(*steps: Step, **more: Any) -> Plan:
    return Plan(name="demo", steps=steps, **{"accounts": (DATA, USING), **more})


def calls_of(plan: Plan, script: dict[str, Any], *, ceph: bool) -> tuple[list[str], list[str], type]:
    """Operations asked and told of the account ``data``, and how the last step ended."""
    gateway = FakeGateway(DATA, script, platform=CEPH if ceph else AWS)
    clock = Clock()
    outcomes = list(apply(plan, {"data": gateway}, clock=clock, sleep=clock.sleep))
    return [call.operation for call in gateway.asked], gateway.operations, type(outcomes[-1])
