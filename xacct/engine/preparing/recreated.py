"""Principals that were deleted and made again: what a trust is really bound to, where its text does not tell; pure.

Who is made again under the same name is somebody else, whom a put of the same text would let in (IAM User Guide,
"IAM JSON policy elements: Principal").
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from immutabledict import immutabledict

from xacct.engine.reading.holders import holders, ids_in, named_in
from xacct.kinds.role import Role
from xacct.platform import platform_named
from xacct.policy.arn import account_of
from xacct.policy.document import Document
from xacct.problem import Problem, Severity
from xacct.resource import State
from xacct.snapshot import RoleRecord, Snapshot, UserRecord

_PREFIXES = {"user": "AIDA", "role": "AROA"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusts:
    """The live state to plan from, with what there is to say of trusts that hold ids nobody has."""

    live: State
    guards: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()


def judge_trusts(desired: State, live: State, snapshots: Mapping[str, Snapshot], *, retrust: bool) -> Trusts:
    """What becomes of ids in live trusts that none of the accounts knows, and of pins on another id.

    Where such ids are all that differs, nothing is planned: they give nobody anything, or somebody whom nobody
    here can see, and they are told. Where the trust has to be saved they would go, and whoever has their name
    now would come in: that is refused without ``retrust``.
    """
    known = frozenset(holders(snapshots))
    resources = dict(live.resources)
    guards: list[Problem] = []
    notes: list[Problem] = []
    for address, wanted in sorted(desired.resources.items()):
        found = live.resources.get(address)
        if not isinstance(wanted, Role) or not isinstance(found, Role):
            continue
        notes += _by_name(wanted, snapshots)
        if wanted.trust == found.trust:
            continue
        lost = sorted(
            (ids_in(found.trust) | _pins(found.trust)) - ids_in(wanted.trust) - _pins(wanted.trust) - known
        )
        if not lost:
            continue
        if _without(found.trust, frozenset(lost)) == wanted.trust:
            resources[address] = replace(found, trust=wanted.trust)
            notes.append(_left_alone(wanted, lost))
            continue
        again = list(_made_again(wanted, found, lost, snapshots))
        (notes if retrust else guards).append(_told(wanted, lost, again, snapshots, retrust=retrust))
    return Trusts(live=State(immutabledict(resources), live.unread), guards=tuple(guards), notes=tuple(notes))


def _pins(trust: Document) -> frozenset[str]:
    """The ids that conditions on ``aws:userid`` ask for, without the name of a session."""
    return frozenset(
        value.partition(":")[0]
        for statement in trust.statements
        for _, key, values in statement.conditions
        if key == "aws:userid"
        for value in values
    )


def _without(trust: Document, ids: frozenset[str]) -> Document | None:
    """The document without these principals; a statement that named nobody else is gone with them."""
    left: list[dict[str, Any]] = []
    for statement in trust.statements:
        body = json.loads(statement.source)
        named = body.get("Principal")
        given = named.get("AWS") if isinstance(named, dict) else None
        values = [given] if isinstance(given, str) else list(given or ())
        kept = [value for value in values if value not in ids]
        if len(kept) < len(values):
            body["Principal"] = {**named, "AWS": kept}
            if not kept:
                del body["Principal"]["AWS"]
            if not body["Principal"]:
                continue
        left.append(body)
    return Document.of(*left) if left else None


def _made_again(
    wanted: Role, found: Role, lost: list[str], snapshots: Mapping[str, Snapshot]
) -> Iterator[UserRecord | RoleRecord]:
    """The principals that may have taken the place of a lost one: of its kind, and no older than the role."""
    old = _record(found.arn, snapshots)
    since = old.created if old else ""
    for arn in sorted(set(named_in(wanted.trust))):
        record = _record(arn, snapshots)
        if record is None or record.id in _pins(found.trust):
            continue
        newly = arn not in set(named_in(found.trust)) or bool(_pins(found.trust) & set(lost))
        kind = "user" if isinstance(record, UserRecord) else "role"
        younger = not since or not record.created or record.created >= since
        if newly and younger and any(one.startswith(_PREFIXES[kind]) for one in lost):
            yield record


def _record(arn: str, snapshots: Mapping[str, Snapshot]) -> UserRecord | RoleRecord | None:
    for snapshot in snapshots.values():
        if snapshot.account.id == account_of(arn):
            name = arn.rpartition("/")[2]
            found = snapshot.users.get(name) if ":user/" in arn else snapshot.roles.get(name)
            return found if found is not None and found.arn == arn else None
    return None


def _by_name(role: Role, snapshots: Mapping[str, Snapshot]) -> Iterator[Problem]:
    """Where a trust keeps the text: whoever has the name comes in, and only the dates could tell."""
    owner = snapshots.get(role.account.name)
    platform = platform_named(owner.platform) if owner is not None and owner.platform else None
    if platform is None or platform.trust_by_id:
        return
    own = _record(role.arn, snapshots)
    for arn in sorted(set(named_in(role.trust))):
        record = _record(arn, snapshots)
        if own and own.created and record is not None and record.created > own.created:
            yield Problem(
                summary="Trusted by name",
                detail=f"{role.address} was made {_day(own.created)} and trusts {arn}, made {_day(record.created)}. "
                f"{platform.title} keeps the name and no id: whoever is made again under it comes in, and nothing in "
                "the trust tells.",
                fix="See that it is who you mean.",
                severity=Severity.INFO,
            )


def _left_alone(role: Role, lost: list[str]) -> Problem:
    return Problem(
        summary="Nobody's ids in a trust",
        detail=f"{role.address} also trusts {', '.join(lost)}: deleted, or of an account that was not read. Nobody of "
        "the accounts that were read has it.",
        fix="Left alone. It goes when the trust is saved again.",
        severity=Severity.INFO,
    )


def _told(
    role: Role,
    lost: list[str],
    again: list[UserRecord | RoleRecord],
    snapshots: Mapping[str, Snapshot],
    *,
    retrust: bool,
) -> Problem:
    own = _record(role.arn, snapshots)
    since = f", made {_day(own.created)}," if own and own.created else ""
    who = "; ".join(
        f"{record.arn} has the id {record.id} now"
        + (f" and was made {_day(record.created)}" if record.created else "")
        for record in again
    )
    bound = f"The trust of {role.address}{since} is bound to {', '.join(lost)}, which nobody has"
    detail = (
        f"{bound}: deleted and made again under the same name, it seems. {who}. Saved again, the trust would let "
        "that one in, whoever it is."
        if again
        else f"{bound} of the accounts that were read: deleted, or somebody who cannot be seen from here. Saved again, "
        "the trust would be without it."
    )
    return Problem(
        summary="Made again under the same name" if again else "Nobody's ids in a trust",
        detail=detail,
        fix="Trusted anew, as --retrust says."
        if retrust
        else "Find out who it is. Trust it anew with --retrust, or take it out of the manifest.",
        severity=Severity.INFO if retrust else Severity.ERROR,
    )


def _day(created: str) -> str:
    return f"on {created[:19].replace('T', ' at ')} UTC"
