"""What an earlier manifest declared and this one does not: nobody may do it any more, with fresh credentials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from xacct.check import Caller, Check, Want
from xacct.manifest.expected.expect import hop, in_session, short
from xacct.manifest.expected.paths import EVERYBODY, Path, paths
from xacct.manifest.expected.reach import may_allow
from xacct.manifest.model import Conditions, Manifest, Name, Removed, RoleSpec, UserSpec
from xacct.snapshot import Snapshot


def gone(
    manifest: Manifest, earlier: Manifest | None, snapshots: Mapping[str, Snapshot]
) -> tuple[Check, ...]:
    """A check for each way in that was closed, and for each thing that a session may not do any more.

    The earlier manifest tells what there was; ``removed`` tells of roles alone, and then whoever has a profile
    must not get in. Of the way in the session length is the earlier one: so long do old sessions go on.
    """
    now = paths(manifest, snapshots)
    found: list[Check] = []
    for path in paths(earlier, snapshots) if earlier else ():
        found += _of_path(manifest, path, now)
    for one in manifest.removed:
        if one.kind == "role":
            found += _of_role(manifest, one)
    known: dict[tuple[object, ...], Check] = {}
    for check in found:
        key = (check.caller.arn, check.role, check.action, check.resource, check.prefix, check.external_id)
        known.setdefault(key, check)
    return tuple(known.values())


def _of_path(manifest: Manifest, path: Path, now: tuple[Path, ...]) -> Iterator[Check]:
    same = [one for one in now if one.role == path.role]
    for before in path.callers:
        caller = replace(before, profile=_profile(manifest, before.arn) or before.profile)
        way = replace(hop(path, caller), link=path.name, removed=True)
        if not _let_in(same, caller):
            name = f"{short(caller)} cannot assume {path.role.name} any more"
            yield replace(way, name=name, ended=True, want=Want.DENIED)
            continue
        for target in path.targets:
            for action in sorted(target.actions):
                if not _declared(manifest, same, target.bucket, target.prefix, action):
                    check = in_session(way, target.bucket, action, target.prefix, Want.DENIED)
                    yield replace(check, name=f"{check.name} any more")


def _let_in(same: list[Path], caller: Caller) -> bool:
    return any(
        path.open_to & {caller.account.id, EVERYBODY} or any(one.arn == caller.arn for one in path.callers)
        for path in same
    )


def _declared(manifest: Manifest, same: list[Path], bucket: Name, prefix: str | None, action: str) -> bool:
    """Whether some of it is declared still: then nothing is said of the rest, which other checks try."""
    spec = manifest.roles.get(str(same[0].role)) if same else None
    if spec is not None and may_allow(spec, action, bucket.name, prefix):
        return True
    return any(
        target.bucket == bucket and action in target.actions and _overlap(target.prefix, prefix)
        for path in same
        for target in path.targets
    )


def _overlap(one: str | None, other: str | None) -> bool:
    """Whether a place lies within another, or the other way round; None is the whole bucket."""
    if one is None or other is None:
        return True
    return one.startswith(other) or other.startswith(one)


def _of_role(manifest: Manifest, removed: Removed) -> Iterator[Check]:
    """Nobody with a profile gets into a role that must not exist."""
    *folders, role = [part for whole in removed.parts for part in whole.split("/")]
    path = f"/{'/'.join(folders)}/" if folders else "/"
    name = Name(account=removed.account, kind="role", name=role, path=path, place=removed.place)
    closed = Path(
        name=role,
        role=name,
        callers=(),
        targets=(),
        conditions=Conditions(),
        session_seconds=43_200,
        open_to=frozenset(),
        unnamed=(),
        place=removed.place,
    )
    for user in manifest.users.values():
        if user.profile:
            caller = Caller(account=user.name.account, arn=user.name.arn, profile=user.profile)
            yield replace(
                hop(closed, caller),
                name=f"{short(caller)} cannot assume {role} any more",
                ended=True,
                removed=True,
                want=Want.DENIED,
            )


def _profile(manifest: Manifest, arn: str) -> str:
    specs: list[UserSpec | RoleSpec] = [*manifest.users.values(), *manifest.roles.values()]
    return next((one.profile for one in specs if one.name.arn == arn), "")
