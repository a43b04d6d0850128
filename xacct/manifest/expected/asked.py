"""What the section ``checks`` asks for, as checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from xacct.account import Account
from xacct.check import Caller, Check, Want
from xacct.manifest.expected.expect import hop, in_session, short, without_role
from xacct.manifest.expected.paths import Path, paths
from xacct.manifest.model import ASSUME, AskedCheck, Conditions, Foreign, Manifest, Name
from xacct.policy.arn import Arn
from xacct.snapshot import Snapshot

ALONE = "checks"
"""The name of the group in which what goes through no link is reported."""


def asked(manifest: Manifest, snapshots: Mapping[str, Snapshot]) -> tuple[Check, ...]:
    """The checks that the manifest asks for by itself, beside those that follow from the links."""
    every = paths(manifest, snapshots)
    return tuple(check for one in manifest.checks.more for check in _checks(manifest, every, one))


def _checks(manifest: Manifest, every: tuple[Path, ...], one: AskedCheck) -> Iterator[Check]:
    caller = _caller(manifest, one.who)
    want = Want.ALLOWED if one.expect == "allowed" else Want.DENIED
    for action in one.actions:
        if action == ASSUME:
            path = _into(every, one.where) or _bare(one.where, one)
            may = "assumes" if want is Want.ALLOWED else "cannot assume"
            yield replace(
                hop(path, caller),
                name=f"{short(caller)} {may} {one.where.name}",
                external_id=one.external_id or (path.conditions.external_id if want is Want.ALLOWED else ""),
                want=want,
                place=one.place,
            )
            continue
        path = _through(every, one) if one.through else _bare(one.where, one)
        check = in_session(hop(path, caller), one.where, action, one.prefix or None, want, key=one.key)
        if one.through:
            yield replace(check, place=one.place)
        else:
            yield replace(without_role(check), place=one.place)


def _through(every: tuple[Path, ...], one: AskedCheck) -> Path:
    """The path of a link, or of a role in full; rules have seen to it that there is one."""
    for path in every:
        if one.through in (path.name, str(path.role)):
            return path
    account, _, rest = one.through.partition("/role/")
    *_, name = rest.split("/")
    owner = replace(one.where.account, name=account)
    return _bare(Name(account=owner, kind="role", name=name), one)


def _into(every: tuple[Path, ...], role: Name) -> Path | None:
    return next((path for path in every if path.role == role), None)


def _bare(where: Name, one: AskedCheck) -> Path:
    """A path that leads nowhere, for who tries by itself or at a role that the manifest does not make."""
    return Path(
        name=ALONE,
        role=where,
        callers=(),
        targets=(),
        conditions=Conditions(external_id=one.external_id),
        session_seconds=3600,
        open_to=frozenset(),
        unnamed=(),
        place=one.place,
    )


def _caller(manifest: Manifest, who: Name | Foreign) -> Caller:
    if isinstance(who, Foreign):
        arn = Arn.parse(who.arn)
        number = arn.account if arn else ""
        return Caller(account=Account(name=number, id=number), arn=who.arn)
    user, role = manifest.users.get(str(who)), manifest.roles.get(str(who))
    profile = user.profile if user else role.profile if role else ""
    return Caller(account=who.account, arn=who.arn, profile=profile)
