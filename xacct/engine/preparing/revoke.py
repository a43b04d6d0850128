"""What has to be done in the account that owns the data to take access away at once; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from xacct.engine.preparing.whom import Target
from xacct.errors import XacctError
from xacct.kinds.mark import FINGERPRINT_TAG
from xacct.kinds.role import Role
from xacct.kinds.role_policy import RolePolicy
from xacct.manifest.model import (
    Foreign,
    Manifest,
    Members,
    Name,
    Trusted,
    TrustList,
    WholeAccount,
    WrittenDocument,
)
from xacct.plan.plan import Plan, Step, Update
from xacct.plan.reach import admits, anchor, names
from xacct.plan.revocation import AT_SENDING, POLICY, denial, shut
from xacct.policy.arn import account_of
from xacct.policy.document import Document
from xacct.policy.shared import parts
from xacct.resource import Call, Request
from xacct.snapshot import RoleRecord, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """The plan, and what it leaves, in sentences; ``denials`` are the steps to be sent once more later.

    ``unread`` are roles of which nothing could be seen, so that nothing is done; ``was`` the documents of others
    that are written over, because nothing else keeps them.
    """

    plan: Plan
    remains: tuple[str, ...]
    denials: frozenset[int] = frozenset()
    unread: tuple[str, ...] = ()
    was: tuple[str, ...] = ()


def revoke(
    manifest: Manifest, snapshots: Mapping[str, Snapshot], target: Target, *, kill: bool
) -> Revocation:
    """The steps, the trust first and nothing waiting for anything else.

    With ``kill`` every session of the roles that is open when it is sent is ended, whoever has it. A role that
    could not be read holds the others back as little.
    """
    steps: list[Step] = []
    remains: list[str] = []
    unread: list[str] = []
    was: list[str] = []
    denials: list[int] = []
    marks: list[tuple[Role, Role, int]] = []
    inside = False
    for name in target.roles:
        try:
            role = _live(snapshots, name)
        except XacctError as error:
            unread.append(f"{error}\n  {error.fix}")
            continue
        if role is None:
            remains += (
                [f"{name} does not exist, so there is nothing to take away."] if not target.people else []
            )
            continue
        trust = shut(role.trust, target.people, name.account.partition)
        concerned = not target.people or any(
            admits(role.trust, one) or _declared(manifest, name, one) for one in target.people
        )
        inside = inside or concerned
        if trust != role.trust:
            after = replace(role, trust=trust)
            after = replace(after, fingerprint=after.stamp if role.manifest else "")
            put = Call.of("iam", "UpdateAssumeRolePolicy", RoleName=role.name, PolicyDocument=trust.source)
            steps.append(_step(len(steps) + 1, Update(role, after, "narrow"), (put,)))
            marks += [(role, after, len(steps))] if role.manifest else []
            was.append(f"The trust of {name} was {_line(role.trust)}")
        elif concerned:
            remains.append(f"The trust of {name} lets none of them in already.")
        if concerned and kill:
            wanted = denial(name.account, name.name)
            was += [f"{wanted.address} was {theirs}" for theirs in _theirs(snapshots, wanted)]
            denials.append(len(steps) + 1)
            steps.append(_step(len(steps) + 1, Update(wanted, wanted), wanted.create()))
        elif concerned:
            remains.append(
                f"Sessions of {name} that are open go on for up to {role.max_session / 3600:g} h, with all that "
                "the role may do; --kill-sessions ends them."
            )
    if target.people and not inside and not unread:
        remains.append(
            f"No role of the manifest lets {', '.join(sorted(target.people))} in; nothing was changed. Sessions "
            "from before go on: name the role, with --kill-sessions, to end them."
        )
    for role, after, put_by in marks:  # last, because a fingerprint must hold nothing up
        tags = [{"Key": FINGERPRINT_TAG, "Value": after.fingerprint}]
        call = Call.of("iam", "TagRole", RoleName=role.name, Tags=tags)
        steps.append(_step(len(steps) + 1, Update(role, after), (call,), put_by))
    plan = Plan(
        name=manifest.name,
        accounts=tuple(spec.account for _, spec in sorted(manifest.accounts.items())),
        steps=tuple(steps),
    )
    return Revocation(
        plan=plan,
        remains=tuple(remains),
        denials=frozenset(denials),
        unread=tuple(unread),
        was=tuple(was),
    )


def _declared(manifest: Manifest, role: Name, person: str) -> bool:
    """Whether the manifest lets someone into a role, who may so have sessions though the live trust does not."""
    trusted = [one for link in manifest.links.values() if link.role == role for one in link.trust]
    match spec.trust if (spec := manifest.roles.get(str(role))) else None:
        case TrustList(principals=principals):
            trusted += principals
        case WrittenDocument(document=document) if admits(document, person):
            return True
    return any(_meant(one, person) for one in trusted)


def _meant(trusted: Trusted, person: str) -> bool:
    match trusted:
        case Name(arn=arn) | Foreign(arn=arn):
            return person == account_of(arn) or anchor(person) == anchor(arn)
        case Members(group=Name(account=account)) | WholeAccount(account=account):
            return account.id in (person, account_of(person))
        case _:
            return False


def _step(number: int, change: Update, calls: tuple[Request, ...], *after: int) -> Step:
    return Step(
        number=number, address=change.after.address, change=change, calls=calls, after=frozenset(after)
    )


def _theirs(snapshots: Mapping[str, Snapshot], wanted: RolePolicy) -> Iterator[str]:
    """What lives under the name of the policy that ends sessions and is no earlier one of these."""
    for one in RolePolicy.pick(snapshots[wanted.account.name]):
        if one.address == wanted.address and not _ends_sessions(one.document, wanted.document):
            yield _line(one.document)


def _line(document: Document) -> str:
    return json.dumps(json.loads(document.source), ensure_ascii=False)


def _ends_sessions(found: Document, wanted: Document) -> bool:
    """Whether a document is a Deny on sessions, of whatever time."""
    timed = re.sub(r'"aws:TokenIssueTime": ?"[^"]*"', f'"aws:TokenIssueTime":"{AT_SENDING}"', found.source)
    return Document.parse(timed).canonical == wanted.canonical


def _live(snapshots: Mapping[str, Snapshot], name: Name) -> Role | None:
    snapshot = snapshots.get(name.account.name)
    if snapshot is None:
        return None
    why = snapshot.why_unread("roles", f"role/{name.name}")
    record = snapshot.roles.get(name.name)
    if isinstance(record, RoleRecord) and isinstance(record.trust, Document):
        return next(role for role in Role.pick(snapshot) if role.name == name.name)
    if why is None and record is None:
        return None
    raise XacctError(
        f"{name} cannot be read, so nothing is known of its trust: {why or 'its trust is no policy'}",
        fix=f"In the console: take the role's trust away, or attach the policy {POLICY} by hand.",
    )


def trusted_elsewhere(
    snapshots: Iterable[Snapshot], people: frozenset[str], roles: Iterable[Name]
) -> Iterator[str]:
    """Roles of the read accounts, beyond these, whose trust lets one of the people in by name."""
    known = {name.arn for name in roles}
    for snapshot in snapshots:
        for role in Role.pick(snapshot):
            allowed = [part for part in parts(role.trust) if not part.denies and part.principal is not None]
            if role.arn not in known and any(
                part.principal.value != "*" and names(part, one)  # type: ignore[union-attr]
                for part in allowed
                for one in people
            ):
                yield f"{snapshot.account.name}/role/{role.name}"


def let_in_by_buckets(snapshots: Iterable[Snapshot], people: frozenset[str]) -> Iterator[str]:
    """Buckets of the read accounts whose own policy lets one of the people in, without any role."""
    for snapshot in snapshots:
        for bucket in snapshot.buckets.values():
            where = f"{snapshot.account.name}/bucket/{bucket.name}"
            if bucket.policy is None:
                continue
            if not isinstance(bucket.policy, Document):
                yield f"The policy of {where} could not be understood, and may let them in."
                continue
            allowed = [part for part in parts(bucket.policy) if not part.denies]
            sids = {
                part.statement.sid or "one without a Sid"
                for part in allowed
                for one in people
                if names(part, one)
            }
            if sids:
                yield f"The policy of {where} lets them in still, without any role: {', '.join(sorted(sids))}."
        for gap in snapshot.unread:
            if gap.what.startswith("bucket"):
                yield f"The policy of {snapshot.account.name}/{gap.what} could not be read, and may let them in."
