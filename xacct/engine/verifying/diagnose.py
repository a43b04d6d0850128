"""Why a check comes out as it does, by the live documents: what differs from what it needs, to the statement; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from xacct.access.estate import Estate
from xacct.access.explain import Hop
from xacct.check import Check, Decision, Layer, Want, Why
from xacct.engine.layer import (
    ASSUME,
    bucket_denied,
    grant_denied,
    grant_missing,
    key_refused,
    role_denied,
    role_lacks,
    short,
    too_long,
    trust_denied,
    trust_missing,
)
from xacct.engine.ruling import Ruling, rule
from xacct.errors import XacctError
from xacct.kinds.mark import MANIFEST_TAG
from xacct.policy.arn import Arn
from xacct.policy.document import Document, Statement
from xacct.policy.evaluate import Decider, Outcome
from xacct.policy.match import glob
from xacct.policy.principal import is_unique_id
from xacct.snapshot import Entity, RoleRecord, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the live documents say of a check: the decision, why, and what hangs in doubt.

    ``entered`` tells whether the role itself can be assumed, so that a denial is one of what comes after.
    """

    decision: Decision
    why: Why | None = None
    doubt: str = ""
    entered: bool = True


class Judge:
    """Judges checks by documents that are read once, when the first is asked for; or that cannot be.

    ``read`` may raise ``XacctError``; then nothing is decided, and the doubt says why. ``now`` is the time as
    in ``aws:CurrentTime``.
    """

    def __init__(self, read: Callable[[], Estate], now: str = "") -> None:
        self._read = read
        self._now = now
        self._estate: Estate | None = None
        self._trouble = ""

    @property
    def estate(self) -> Estate | None:
        """The accounts as they were read; None where nothing could be."""
        if self._estate is None and not self._trouble:
            try:
                self._estate = self._read()
            except XacctError as error:
                self._trouble = str(error)
        return self._estate

    @property
    def trouble(self) -> str:
        """Why nothing could be read; empty where something was, or nobody has asked yet."""
        return self._trouble

    def __call__(self, check: Check) -> Judgement:
        """The judgement on one check."""
        estate = self.estate
        if estate is None:
            return Judgement(decision=Decision.OPEN, doubt=self._trouble)
        ruling, why = judge(check, estate, self._now)
        refusing = ruling.refusing
        inside = check.role != "" and check.action != ASSUME
        barred = inside and (
            (refusing is not None and refusing.request.verb.startswith(ASSUME.lower()))
            or (why is not None and why.layer in (Layer.PRINCIPAL, Layer.ROLE))
        )
        return Judgement(decision=ruling.decision, why=why, doubt=ruling.doubt, entered=not barred)


def judge(check: Check, estate: Estate, now: str = "") -> tuple[Ruling, Why | None]:
    """The decision on a check over the live documents, and why it is denied (or, of what must not work, allowed).

    What is not there, or there under another path, is denied before any document is asked.
    """
    ruling = rule(check, estate, now)
    fault = _fault(check, estate)
    if fault is not None:
        return replace(ruling, decision=Decision.DENIED), fault
    hop = ruling.refusing
    if hop is not None:
        return ruling, _denial(check, estate, hop)
    if ruling.decision is Decision.ALLOWED:
        return ruling, _allowance(check, estate, ruling)
    return ruling, None


def _fault(check: Check, estate: Estate) -> Why | None:
    """What is wrong before any policy is asked: principal, role, session length, bucket."""
    role = _role(check, estate) if check.role else None
    return _principal(check, estate) or role or _bucket(check, estate)


def _principal(check: Check, estate: Estate) -> Why | None:
    snapshot = estate.snapshots.get(check.caller.account.id)
    kind, _, rest = short(check.caller.arn).partition("/")
    name = rest.rpartition("/")[2]
    if snapshot is None or kind not in ("user", "role") or snapshot.why_unread(f"{kind}s", f"{kind}/{name}"):
        return None
    table = snapshot.users if kind == "user" else snapshot.roles
    found = table.get(name)
    if found is not None and found.arn == check.caller.arn:
        return None
    account = check.caller.account.name
    if found is not None:
        text = (
            f"The {kind} {name} of account {account} is {found.arn} now: its path changed, and {check.caller.arn} "
            "is nobody any more."
        )
    else:
        near = sorted(one for one in table if one.lower() == name.lower())
        hint = f" There is {', '.join(near)}: names are compared with their case." if near else ""
        text = f"Account {account} has no {kind} {name} any more: it was renamed or deleted.{hint}"
    return Why(
        layer=Layer.PRINCIPAL,
        text=text,
        fix=f"Give it back its name and path, or change {account}/{short(check.caller.arn)} in the manifest "
        "and apply.",
    )


def _role(check: Check, estate: Estate) -> Why | None:
    snapshot, record = _owner(check, estate)
    if snapshot is None or snapshot.why_unread("roles", f"role/{check.role.rpartition('/')[2]}"):
        return None
    plan = f"Run xacct plan --account {snapshot.account.name}: it shows the difference."
    if record is None:
        text = f"There is no role {check.role} in account {snapshot.account.name}."
        return Why(layer=Layer.ROLE, text=text, fix=plan)
    if record.arn != check.role:
        text = (
            f"The role is {record.arn} now: its path changed, so it was made again, and whoever asks for "
            f"{check.role} is refused."
        )
        return Why(layer=Layer.ROLE, text=text, fix=plan)
    hoped = check.action == ASSUME and check.want is Want.ALLOWED
    if hoped and check.session_seconds > record.max_session:
        return too_long(check, record.max_session)
    return None


def _bucket(check: Check, estate: Estate) -> Why | None:
    owner = estate.snapshots.get(check.owner.id)
    name = check.resource.rpartition(":")[2]
    if check.action == ASSUME or owner is None or owner.why_unread("buckets", f"bucket/{name}"):
        return None
    record = owner.buckets.get(name)
    if record is None or record.exists:
        return None
    text = f"Account {owner.account.name} has no bucket {name}."
    return Why(
        layer=Layer.BUCKET, text=text, fix="Make the bucket, or correct its name; xacct never makes one."
    )


def _owner(check: Check, estate: Estate) -> tuple[Snapshot | None, RoleRecord | None]:
    arn = Arn.parse(check.role)
    snapshot = estate.snapshots.get(arn.account) if arn else None
    return snapshot, snapshot.roles.get(check.role.rpartition("/")[2]) if snapshot else None


# ---- denied


def _denial(check: Check, estate: Estate, hop: Hop) -> Why:
    decision = hop.settled.decision
    explicit = hop.outcome is Outcome.EXPLICITLY_DENIED
    layer = decision.missing
    if layer == "boundary":
        return Why(
            layer=Layer.BOUNDARY,
            text=f"The permissions boundary of {hop.request.principal.arn} does not let {hop.request.action} through.",
            fix="Ask who set the boundary to widen it; no other policy can make up for it.",
        )
    where = _where(decision.deciders[0], hop, estate) if explicit and decision.deciders else ""
    entering = hop.request.verb.startswith(ASSUME.lower())
    if hop.request.verb.startswith("kms:"):
        return key_refused(check, hop.request.action, hop.request.resource)
    if entering and layer == "identity":
        return grant_denied(check, where) if explicit else grant_missing(check, _near_grant(check, estate))
    if entering:
        return (
            trust_denied(check, where)
            if explicit
            else trust_missing(check, _near_trust(check, estate), exists=True)
        )
    if layer == "resource" and explicit:
        return bucket_denied(check, where)
    if explicit:
        return role_denied(check, where)
    return role_lacks(check, _made_again(check, estate))


def _where(decider: Decider, hop: Hop, estate: Estate) -> str:
    """A statement as people find it: its document, its number from 1, its Sid, its text."""
    document = _document(decider, hop, estate)
    statement = _numbered(document, decider.number)
    sid = f' "{decider.sid}"' if decider.sid else ""
    text = f": {_shortened(statement.source)}" if statement is not None else ""
    entering = hop.request.verb.startswith(ASSUME.lower())
    whose = decider.policy or ("the trust" if entering else f"the policy of {hop.request.resource}")
    name = f" of {whose}"
    return f"Statement {decider.number + 1}{sid}{name}{text}"


def _numbered(document: Document | None, number: int) -> Statement | None:
    if document is None:
        return None
    return next((one for one in document.statements if one.index == number), None)


def _document(decider: Decider, hop: Hop, estate: Estate) -> Document | None:
    policies, _ = estate.policies(hop.request)
    if decider.layer == "resource":
        return policies.resource
    return next((named.document for named in policies.identity if named.name == decider.policy), None)


def _shortened(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= 300 else f"{plain[:297]}..."


def _near_trust(check: Check, estate: Estate) -> str:
    """What the trust says in the place of the caller, where one can tell that it was meant."""
    _, record = _owner(check, estate)
    if record is None:
        return ""
    if not isinstance(record.trust, Document):
        return f"Its trust is no policy that can be understood: {record.trust.reason}."
    mine = Arn.parse(check.caller.arn)
    named = [
        element.value
        for statement in record.trust.statements
        if statement.effect == "Allow"
        for element in statement.principals or ()
    ]
    for value in named:
        if value == check.caller.arn:
            return _unmet(record.trust, check)
        if is_unique_id(value):
            return (
                f"It names {value}, which is what is left of a principal that was deleted: one that is made again "
                "under the same name is somebody else."
            )
        arn = Arn.parse(value)
        if arn is None or mine is None:
            continue
        same_name = arn.resource.rpartition("/")[2] == mine.resource.rpartition("/")[2]
        if same_name and arn.account == mine.account:
            return f"It names {value}: the same name under another path."
        if same_name:
            return f"It names {value}: the same name in account {arn.account}, which is not {mine.account}."
    others = ", ".join(dict.fromkeys(named))
    return f"It lets in {others}." if others else "It lets nobody in."


def _unmet(trust: Document, check: Check) -> str:
    """The conditions of the statement that names the caller."""
    asked = [
        f"{key} {operator} {', '.join(values)}"
        for statement in trust.statements
        if statement.effect == "Allow"
        and check.caller.arn in [element.value for element in statement.principals or ()]
        for operator, key, values in statement.conditions
    ]
    return f"It names the caller, but asks for {'; '.join(asked)}." if asked else ""


def _near_grant(check: Check, estate: Estate) -> str:
    """Where the grant is instead: in a group that the caller is not in, or for another role."""
    snapshot = estate.snapshots.get(check.caller.account.id)
    name = check.caller.arn.rpartition("/")[2]
    if snapshot is None or name not in snapshot.users:
        return ""
    mine = snapshot.users[name].groups
    for group in sorted(snapshot.groups.values(), key=lambda one: one.name):
        if group.name not in mine and any(_grants(one, check.role) for one in group.inline.values()):
            return f"The group {group.name} has it, but {name} is not in that group."
    held: list[Entity] = [snapshot.users[name]]
    held += [snapshot.groups[one] for one in sorted(mine) if one in snapshot.groups]
    for holder in held:
        for document in holder.inline.values():
            for resource in _granted_roles(document):
                if resource.rpartition("/")[2] == check.role.rpartition("/")[2]:
                    return f"{short(holder.arn)} is granted {resource} instead."
    return ""


def _grants(document: object, role: str) -> bool:
    return any(glob(pattern).fullmatch(role) for pattern in _granted_roles(document))


def _granted_roles(document: object) -> Iterator[str]:
    if not isinstance(document, Document):
        return
    for statement in document.statements:
        if statement.effect == "Allow" and any(
            glob(one.lower()).fullmatch(ASSUME.lower()) for one in statement.actions or ()
        ):
            yield from statement.resources or ()


def _made_again(check: Check, estate: Estate) -> str:
    """Whether the role looks as if somebody else had made it in the place of ours."""
    _, record = _owner(check, estate)
    if record is None or MANIFEST_TAG in record.tags:
        return ""
    if not record.inline and not record.attached:
        return "It has no policies at all and no mark of xacct: it was deleted and made again, or never was ours."
    return ""


# ---- allowed though it must not be


def _allowance(check: Check, estate: Estate, ruling: Ruling) -> Why:
    """The statements that let it through, of the request that must not work."""
    last = ruling.hops[-1]
    layers = {decider.layer for decider in last.settled.decision.deciders}
    if check.action == ASSUME:
        layer = Layer.TRUST
    elif "resource" in layers:
        layer = Layer.BUCKET_POLICY
    else:
        layer = Layer.ROLE_POLICY if check.role else Layer.OWN_POLICY
    keys = ", ".join(f"{key} = {value}" for hop in ruling.hops for key, value in hop.settled.when)
    only = f" Only with {keys}." if keys else ""
    found = statements_of(ruling.hops[-1:], estate)
    return Why(
        layer=layer,
        text=f"It is let through by: {found or 'no statement that was read'}.{only}",
        fix=f"Take that out, or declare it; xacct plan --account {check.owner.name} shows what is not foreign.",
    )


def statements_of(hops: Sequence[Hop], estate: Estate, layer: str = "") -> str:
    """The statements that decide these requests, in words; with ``layer`` those of one layer only."""
    found = [
        _where(decider, hop, estate)
        for hop in hops
        for decider in hop.settled.decision.deciders
        if layer in ("", decider.layer)
    ]
    return "; ".join(dict.fromkeys(found))
