"""A plan as it was written down, as a value again: to be read and shown, not to be carried out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from immutabledict import immutabledict

from xacct.account import Account
from xacct.plan.plan import Change, Consequence, Create, Delete, Plan, Step, Unknown, Update, Weight
from xacct.policy.document import Document
from xacct.problem import Place, Problem, Severity
from xacct.resource import Address, Call, Request, Resource, Shown, Splice
from xacct.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Written(Resource):
    """A resource of which only the fields are known that people read; nothing can be sent for it."""

    kind: ClassVar[str] = "written"

    at: Address
    fields: tuple[tuple[str, Shown], ...]

    @property
    def address(self) -> Address:
        """As it was written."""
        return self.at

    def sources(self) -> tuple[str, ...]:
        """None: it was not read from an account."""
        return ()

    def shown(self) -> tuple[tuple[str, Shown], ...]:
        """As they were shown."""
        return self.fields

    @classmethod
    def pick(cls, snapshot: Snapshot) -> Iterator[Written]:
        """Nothing lives in this form."""
        return iter(())

    def added_to(self, snapshot: Snapshot) -> Snapshot:
        """The account as it is."""
        return snapshot

    def removed_from(self, snapshot: Snapshot) -> Snapshot:
        """The account as it is."""
        return snapshot

    def create(self) -> tuple[Request, ...]:
        """The calls stand in the step."""
        return ()

    def update(self, live: Written) -> tuple[Request, ...]:
        """The calls stand in the step."""
        return ()

    def delete(self) -> tuple[Request, ...]:
        """The calls stand in the step."""
        return ()


def plan_of(body: Mapping[str, Any]) -> Plan:
    """The plan of a body that fits the schema; what it holds of resources is what was shown of them."""
    accounts = {
        one["name"]: Account(name=one["name"], id=one["id"], partition=one["partition"])
        for one in body["accounts"]
    }
    return Plan(
        name=body["name"],
        accounts=tuple(accounts.values()),
        steps=tuple(_step(one, accounts) for one in body["steps"]),
        left=tuple(_address(one, accounts) for one in body["left"]),
        unknown=tuple(
            Unknown(address=_address(one["address"], accounts), reason=one["reason"])
            for one in body["unknown"]
        ),
        problems=tuple(_problem(one) for one in body["problems"]),
        guards=tuple(_problem(one) for one in body["guards"]),
        notes=tuple(_problem(one) for one in body["notes"]),
        endpoints=immutabledict(body["endpoints"]),
        platforms=immutabledict(body["platforms"]),
        compared=body["compared"],
        access=tuple(
            Consequence(
                weight=Weight(one["weight"]),
                text=one["text"],
                mark=one["mark"],
                others=tuple(one.get("others", ())),
            )
            for one in body["access"]
        ),
    )


def fields_of(shown: Mapping[str, Any]) -> dict[str, Shown]:
    """The fields of one resource; objects are documents.

    Raises:
        MalformedDocument: one of them is none.
    """
    return {
        name: Document.parse(json.dumps(value)) if isinstance(value, Mapping) else value
        for name, value in shown.items()
    }


def _step(one: Mapping[str, Any], accounts: Mapping[str, Account]) -> Step:
    address = _address(one["address"], accounts)
    return Step(
        number=one["number"],
        address=address,
        change=_change(one, address),
        calls=tuple(_request(call) for call in one["calls"]),
        after=frozenset(one["after"]),
    )


def _address(text: str, accounts: Mapping[str, Account]) -> Address:
    name, kind, rest = (*text.split("/", 2), "", "")[:3]
    return Address(accounts.get(name) or Account(name=name, id=""), kind, (rest,))


def _change(one: Mapping[str, Any], address: Address) -> Change:
    before, after = (
        Written(address, tuple(fields_of(one[name]).items())) if name in one else None
        for name in ("from", "to")
    )
    if before is None and after is not None:
        return Create(after)
    if before is not None and after is not None:
        return Update(before, after, one.get("part", ""))
    return Delete(before or Written(address, ()), one.get("because", ""))


def _request(one: Mapping[str, Any]) -> Request:
    merge = one.get("merge")
    if merge is None:
        return _call(one)
    return Splice(
        read=_call(merge["read"]),
        write=_call(one),
        remove=_call(merge["remove"]),
        parameter=merge["parameter"],
        put=tuple(json.dumps(statement) for statement in merge["put"]),
        drop=frozenset(merge["drop"]),
        dead=frozenset(merge["dead"]),
    )


def _call(one: Mapping[str, Any]) -> Call:
    return Call.of(one["service"], one["operation"], **one["params"])


def _problem(one: Mapping[str, Any]) -> Problem:
    return Problem(
        summary=one["summary"],
        detail=one["detail"],
        fix=one["fix"],
        place=Place(one["place"]) if one["place"] else None,
        severity=Severity(one["severity"]),
    )
