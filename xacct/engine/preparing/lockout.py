"""Whether whoever applies a plan could still undo it: judged by the accounts as they will be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xacct.access.estate import Estate
from xacct.access.explain import Hop, ask
from xacct.access.settle import settle
from xacct.account import AccountSpec, Enter, Environment, Profile
from xacct.engine.preparing.limits import Lifted
from xacct.kinds.role import Role
from xacct.kinds.role_trust import RoleTrust
from xacct.permission.needed import needed
from xacct.permission.permission import Asker, Permission
from xacct.plan.narrow import takes_away
from xacct.plan.plan import Change, Create, Delete, Plan, Step, Update
from xacct.policy.arn import account_of
from xacct.policy.document import Document
from xacct.policy.evaluate import Named, Outcome, Policies
from xacct.policy.principal import Principal, Root, Session, User
from xacct.policy.statement import prepared
from xacct.problem import Problem
from xacct.resource import Call, Resource, Splice
from xacct.snapshot import Section, Snapshot

_FIX = (
    "Leave yourself a way back, such as an exception from the Deny. If it is meant, or another may undo it, "
    "say --allow-lockout."
)
_ANYTHING = Document.of({"Effect": "Allow", "Action": "*", "Resource": "*"})
_SECTIONS: dict[str, Section] = {"role": "roles", "user": "users", "group": "groups"}
_ROOTS_OWN = frozenset({"s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"})
"""What a root user may always do on AWS, whatever the bucket's policy says (S3 API, PutBucketPolicy)."""


def locked_out(
    plan: Plan,
    specs: Mapping[str, AccountSpec],
    snapshots: Mapping[str, Snapshot],
    before: Estate,
    after: Estate,
    lifted: Lifted,
) -> tuple[Problem, ...]:
    """Steps that whoever applies them could not undo, and ways into an account that would close behind them.

    Where the plan changes what decides about that and the outcome cannot be told, it counts as locked out.
    """
    if lifted.lockout or plan.empty:
        return ()
    judge = _Judge(plan, specs, snapshots, before, after)
    return (*judge.steps(), *judge.entrances())


class _Judge:
    """One plan, with the accounts before and after it."""

    def __init__(
        self,
        plan: Plan,
        specs: Mapping[str, AccountSpec],
        snapshots: Mapping[str, Snapshot],
        before: Estate,
        after: Estate,
    ) -> None:
        self.plan = plan
        self.specs = specs
        self.snapshots = snapshots
        self.before = before
        self.after = after

    def steps(self) -> Iterator[Problem]:
        """A problem for each step that its own applier could not take back."""
        for step in self.plan.steps:
            snapshot = self.snapshots.get(step.address.account.name)
            if snapshot is None:
                continue
            if why := self._closed(step, snapshot):
                yield Problem(
                    summary="Locks you out",
                    detail=f"{snapshot.caller or 'Whoever applies it'} could not undo {step.address}: {why}.",
                    fix=_FIX,
                )

    def _closed(self, step: Step, snapshot: Snapshot) -> str:
        permissions = list(_undoing(step, snapshot))
        principal = _principal(self.before, snapshot.caller)
        if principal is None:
            return _denied_to_anyone(step.change, permissions)
        for one in permissions:
            root = isinstance(principal, Root) and snapshot.platform.startswith("aws")
            if root and one.action.lower() in _ROOTS_OWN:
                continue
            if why := self._lost(principal, one):
                return why
        return ""

    def _lost(self, principal: Principal, one: Permission) -> str:
        """Why a permission that is there now will not surely be there afterwards; nothing where it will."""
        then = ask(self.after, _today(self.after, principal), one.action, one.resource, one.context)
        now = ask(self.before, principal, one.action, one.resource, one.context)
        extra = set(then.settled.when) - set(now.settled.when)
        if then.outcome is Outcome.ALLOWED and not extra:
            return ""
        if now.outcome not in (Outcome.ALLOWED, Outcome.UNKNOWN):
            return ""
        had, has = self.before.policies(now.request)[0], self.after.policies(then.request)[0]
        if had == has:
            return ""
        what = f"{one.action} on {one.resource}"
        if then.outcome not in (Outcome.ALLOWED, Outcome.UNKNOWN):
            return f"{what} would be refused, {then.settled.decision.reason}"
        if now.outcome is Outcome.UNKNOWN and _harmless(then, had, has):
            return ""
        if extra:
            asked = ", ".join(sorted(key for key, _ in extra))
            return f"{what} would be allowed only with a fitting {asked}"
        return f"whether {what} would still be allowed cannot be told, {then.settled.decision.reason}"

    def entrances(self) -> Iterator[Problem]:
        """A problem for each role that an account was entered by and could not be entered by again."""
        for name, snapshot in sorted(self.snapshots.items()):
            principal = _principal(self.before, snapshot.caller)
            if not isinstance(principal, Session):
                continue
            why = self._shut(self.specs.get(name), principal.role_arn)
            if why:
                yield Problem(
                    summary="Locks you out",
                    detail=f"Account {name} is entered by the role {principal.role_arn}, and {why}.",
                    fix=_FIX,
                )

    def _shut(self, spec: AccountSpec | None, role: str) -> str:
        sources = self._sources(spec)
        context = {}
        if spec is not None and isinstance(spec.credentials, Enter) and spec.credentials.external_id:
            context["sts:ExternalId"] = spec.credentials.external_id
        for source in sources:
            principal = _principal(self.before, source)
            entering = Permission(action="sts:AssumeRole", resource=role, context=context)
            if principal is not None and (why := self._lost(principal, entering)):
                return f"{source} could not assume it again: {why}"
        if sources:
            return ""
        for step in self.plan.steps:
            trust = step.address.kind in (Role.kind, RoleTrust.kind)
            same = trust and step.address.parts[0] == role.rpartition("/")[2]
            if same and step.address.account.id == account_of(role) and takes_away(step.change):
                return (
                    "its trust policy gets narrower; whether it still lets in who entered it cannot be told"
                )
        return ""

    def _sources(self, spec: AccountSpec | None) -> list[str]:
        """Who entered the account's role, where another account uses the same credentials directly."""
        if spec is None or not isinstance(spec.credentials, Enter):
            return []
        profile = spec.credentials.profile
        direct = Profile(profile) if profile else Environment()
        return [
            self.snapshots[other].caller
            for other, one in sorted(self.specs.items())
            if one.credentials == direct and other in self.snapshots and self.snapshots[other].caller
        ]


def _principal(estate: Estate, arn: str) -> Principal | None:
    """Who applies; None where that is not known, or is nobody whose rights documents decide."""
    try:
        found = estate.principal(arn) if arn else None
    except ValueError:
        return None
    return found if isinstance(found, User | Session | Root) else None


def _today(estate: Estate, principal: Principal) -> Principal:
    return estate.principal(principal.arn) if isinstance(principal, User) else principal


def _undoing(step: Step, snapshot: Snapshot) -> Iterator[Permission]:
    """What the calls need that would take a step back."""
    account = snapshot.account

    def find(kind: str, name: str) -> str | None:
        section = _SECTIONS.get(kind)
        found = snapshot.entity(section, name) if section else None
        return found.arn if found is not None else None

    asker = Asker(account=account.id, partition=account.partition, find=find)
    seen: set[tuple[str, str]] = set()
    for call in _calls(step.change):
        for one in needed(call.service, call.operation, call.arguments(), asker):
            if (one.action, one.resource) not in seen:
                seen.add((one.action, one.resource))
                yield one


def _calls(change: Change) -> Iterator[Call]:
    match change:
        case Create(after):
            requests = after.delete()
        case Update(before, after):
            requests = before.update(after)
        case Delete(before):
            requests = before.create()
    for request in requests:
        if isinstance(request, Splice):
            yield from (request.read, request.write)
        else:
            yield request


def _denied_to_anyone(change: Change, permissions: list[Permission]) -> str:
    """For an unknown applier: whether a new Deny speaks of what undoing needs, whomever it names."""
    if isinstance(change, Delete):
        return ""
    had = _denials(change.before) if isinstance(change, Update) else frozenset()
    if not _denials(change.after) - had:
        return ""
    for document in _documents(change.after):
        for one in permissions:
            if any(clause.denies for clause in prepared(document).about(one.action.lower())):
                return f"a Deny speaks of {one.action}, and who applies it is not known"
    return ""


def _harmless(then: Hop, had: Policies, has: Policies) -> bool:
    """Whether a change cannot have taken anything from somebody whose own policies are not all known.

    Their known ones must all still be there with no Deny beside them, and the rest must allow the request if
    theirs do.
    """
    if set(had.identity) - set(has.identity) or had.boundary != has.boundary:
        return False
    if any(_denies(named.document) for named in set(has.identity) - set(had.identity)):
        return False
    own = (Named("own", _ANYTHING),)
    hoped = settle(then.request, Policies(identity=own, resource=has.resource))
    was = settle(then.request, Policies(identity=own, resource=had.resource))
    return hoped.decision.allowed and set(hoped.when) <= set(was.when)


def _denies(document: Document) -> bool:
    return any(statement.effect == "Deny" for statement in document.statements)


def _denials(resource: Resource) -> frozenset[str]:
    return frozenset(
        statement.canonical
        for document in _documents(resource)
        for statement in document.statements
        if statement.effect == "Deny"
    )


def _documents(resource: Resource) -> Iterator[Document]:
    yield from (value for _, value in resource.shown() if isinstance(value, Document))
