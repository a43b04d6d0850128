"""What a plan is made from, written down with it: files, options, and fingerprints of all that was read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_type_hints

from xacct.engine.preparing.prepare import Choice, Prepared
from xacct.kinds import live, marker
from xacct.kinds.mark import statement_mark
from xacct.plan.bound import checksum, fingerprint, printed
from xacct.plan.codec import plan_to_json
from xacct.policy.document import Document
from xacct.snapshot import BucketRecord, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a plan came from: the words of the command line, and every file that was read, with its digest."""

    made: str
    paths: tuple[str, ...]
    choice: Choice
    files: tuple[tuple[str, str], ...] = ()
    was: str | None = None
    earlier: tuple[tuple[str, str], ...] = ()


def plan_file(prepared: Prepared, snapshots: Mapping[str, Snapshot], origin: Origin) -> dict[str, Any]:
    """The plan as it is saved."""
    body = {**plan_to_json(prepared.plan), "bound": _bound(prepared, snapshots, origin)}
    return {**body, "checksum": checksum(body)}


def files_of(origin: Origin) -> dict[str, Any]:
    """The files of a plan's origin, as they are saved."""
    return {
        "files": _files(origin.files),
        "was": None if origin.was is None else {"word": origin.was, "files": _files(origin.earlier)},
    }


def choice_of(saved: Mapping[str, Any]) -> Choice:
    """The options of a saved plan.

    Raises:
        ValueError: there is an option that this version does not have.
    """
    choice: Choice = _built(Choice, saved)
    return choice


def _built(kind: Any, saved: Mapping[str, Any]) -> Any:
    hints = get_type_hints(kind)
    if unknown := sorted(saved.keys() - hints.keys()):
        raise ValueError(", ".join(unknown))
    given = {name: frozenset(value) if isinstance(value, list) else value for name, value in saved.items()}
    nested = {name: _built(hints[name], value) for name, value in given.items() if isinstance(value, Mapping)}
    return kind(**{**given, **nested})


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return sorted(value) if isinstance(value, frozenset) else value


def _bound(prepared: Prepared, snapshots: Mapping[str, Snapshot], origin: Origin) -> dict[str, Any]:
    return {
        "made": origin.made,
        "paths": list(origin.paths),
        **files_of(origin),
        "choice": _plain(origin.choice),
        "live": dict(sorted(_live(prepared, snapshots))),
        "unread": [
            {"account": gap.account, "what": gap.what}
            for name in sorted(snapshots)
            for gap in sorted(snapshots[name].unread, key=lambda gap: gap.what)
        ],
    }


def _files(read: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"path": path, "sha256": digest} for path, digest in read]


def _live(prepared: Prepared, snapshots: Mapping[str, Snapshot]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything that was read; what the manifest declares, marks or names is its own, with its fields."""
    declared = prepared.desired.state.resources
    touched = {step.address for step in prepared.plan.steps}
    mark = marker(prepared.plan.name)
    own_roles: set[tuple[str, str]] = set()
    for address, resource in live(snapshots.values()).resources.items():
        marked = resource.mark is not None and resource.mark.manifest == mark
        own = marked or address in declared or address in touched
        if own and address.kind == "role":
            own_roles.add((address.account.name, address.parts[0]))
        yield str(address), printed(resource, own=own)
    named = frozenset(arn for resource in declared.values() for arn in resource.principals())
    for name, snapshot in snapshots.items():
        yield from _people(name, snapshot, named, own_roles)
        for bucket in snapshot.buckets.values():
            yield from _bucket(name, bucket)


def _people(
    account: str, snapshot: Snapshot, named: frozenset[str], own_roles: set[tuple[str, str]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Users, and who a role is: one that was deleted and made again is another one, whatever its name."""
    for user in snapshot.users.values():
        shown = {"unique id": user.id, "path": user.path, "boundary": user.boundary}
        shown |= {f"tag {key}": value for key, value in user.tags.items()}
        yield f"{account}/user/{user.name}", _fields(shown, own=user.arn in named)
    for role in snapshot.roles.values():
        yield (
            f"{account}/role/{role.name}/id",
            _fields({"unique id": role.id}, own=(account, role.name) in own_roles),
        )


def _bucket(account: str, bucket: BucketRecord) -> Iterator[tuple[str, dict[str, Any]]]:
    shown = {
        "exists": "yes" if bucket.exists else "no",
        "region": bucket.region or "",
        "encryption": bucket.encryption or "",
        "key": bucket.key or "",
        "ownership": bucket.ownership or "",
        "public access block": ", ".join(sorted(bucket.public_access_block or ())),
    }
    yield f"{account}/bucket/{bucket.name}", _fields(shown, own=True)
    if isinstance(bucket.policy, Document):
        others = [one for one in bucket.policy.statements if statement_mark(one) is None]
        text = json.dumps(sorted(one.canonical for one in others))
    else:
        text = bucket.policy.text if bucket.policy else "[]"
    yield f"{account}/bucket/{bucket.name}/statements of others", _fields({"text": text}, own=False)


def _fields(shown: dict[str, str], *, own: bool) -> dict[str, Any]:
    return {"hash": fingerprint(shown), **({"own": shown} if own else {})}
