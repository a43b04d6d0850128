"""Who gets in though nobody declares it, by the live documents: those as whom nobody can try; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xacct.access.estate import Estate
from xacct.access.explain import Hop, ask
from xacct.access.who import Reacher, who_can
from xacct.account import Account
from xacct.check import Caller, Check, Decision, Finding, Layer, Outcome, Want, Why
from xacct.engine.layer import ASSUME, short
from xacct.engine.verifying.declared import Declared
from xacct.engine.verifying.diagnose import statements_of
from xacct.manifest.documents import ACCESS
from xacct.manifest.expected.paths import EVERYBODY, Path, Target
from xacct.manifest.expected.reach import bucket_may_allow
from xacct.manifest.s3_actions import on_objects
from xacct.policy.document import Document
from xacct.policy.evaluate import Outcome as Decided
from xacct.policy.principal import Anonymous, Principal, Root, Session

_WORDS = {action: word for word, action in ACCESS.items()}


def neighbours(declared: Declared, checks: Sequence[Check], now: str = "") -> tuple[Finding, ...]:
    """A finding, too wide and only decided, for everyone whom the live documents let in and nobody declares.

    Into the roles of the manifest: everybody of the accounts that were read, and strangers whom a trust names.
    To its buckets without any role: principals of other accounts than the bucket's. Whoever ``checks`` try is
    left to them, and so is what a statement with a mark of xacct allows, which some manifest declares.
    """
    tried = {(check.caller.arn, check.role, check.action) for check in checks if check.caller.profile}
    asked = {(check.caller.arn, check.role) for check in checks if check.want is Want.ALLOWED}
    look = _Look(declared, tried, asked, now)
    found: dict[tuple[str, str, str], Finding] = {}
    for path in declared.paths:
        for finding in (*look.into_role(path), *look.to_buckets(path)):
            check = finding.check
            found.setdefault((check.caller.arn, check.role, f"{check.action} {check.resource}"), finding)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class _Look:
    """One look around, with what is declared and what is tried."""

    declared: Declared
    tried: set[tuple[str, str, str]]
    asked: set[tuple[str, str]]
    now: str

    @property
    def estate(self) -> Estate:
        return self.declared.estate

    def into_role(self, path: Path) -> Iterator[Finding]:
        """Whoever may assume the role of a path and is in none of the paths into it."""
        same = [one for one in self.declared.paths if one.role == path.role]
        named = {caller.arn for one in same for caller in one.callers}
        open_to = frozenset().union(*(one.open_to for one in same))
        for reacher in who_can(self.estate, ASSUME, path.role.arn, self._context()):
            arn = _arn(reacher.principal)
            declared = arn in named or open_to & {EVERYBODY, reacher.principal.account}
            if reacher.roles or declared or not _certain(reacher) or self._known(arn, path.role.arn, ASSUME):
                continue
            if reacher.principal.account == path.role.account.id and self._has_it_anyway(reacher, path):
                continue
            yield _finding(
                Check(
                    name=f"{self._called(reacher)}, who is not declared, cannot assume {path.role.name}",
                    link=path.name,
                    caller=self._caller(reacher),
                    owner=path.role.account,
                    role=path.role.arn,
                    action=ASSUME,
                    resource=path.role.arn,
                    want=Want.DENIED,
                    place=path.place,
                ),
                reacher.hops[0],
                self.estate,
                Layer.TRUST,
            )

    def to_buckets(self, path: Path) -> Iterator[Finding]:
        """Whoever of another account reaches a bucket of a path by the bucket's own policy."""
        for target in path.targets:
            declared = self.declared.manifest.buckets.get(str(target.bucket))
            for action in ACCESS.values():
                if declared and bucket_may_allow(declared.policy, action, target.bucket.name, target.prefix):
                    continue
                where = _sample(target, action)
                context = self._context()
                if action == ACCESS["list"]:
                    context["s3:prefix"] = target.prefix or ()
                for reacher in who_can(self.estate, action, where, context):
                    arn = _arn(reacher.principal)
                    at_home = reacher.principal.account == target.bucket.account.id
                    if reacher.roles or at_home or not _certain(reacher) or self._known(arn, "", action):
                        continue
                    if self._vouched(reacher.hops[0]):
                        continue
                    place = f"{target.bucket.name}/{target.prefix}" if target.prefix else target.bucket.name
                    yield _finding(
                        Check(
                            name=f"{self._called(reacher)}, who is not declared, cannot "
                            f"{_WORDS[action]} {place} without the role",
                            link=path.name,
                            caller=self._caller(reacher),
                            owner=target.bucket.account,
                            role="",
                            action=action,
                            resource=target.bucket.arn,
                            prefix=target.prefix,
                            want=Want.DENIED,
                            place=path.place,
                        ),
                        reacher.hops[0],
                        self.estate,
                        Layer.BUCKET_POLICY,
                    )

    def _has_it_anyway(self, reacher: Reacher, path: Path) -> bool:
        """Whether somebody of the owner's account may do all that the role may, without the role."""
        return all(
            ask(self.estate, reacher.principal, action, _sample(target, action), self._context()).outcome
            is Decided.ALLOWED
            for target in path.targets
            for action in target.actions
        )

    def _vouched(self, hop: Hop) -> bool:
        """Whether every statement of the bucket that lets it through is one that a manifest declares."""
        bucket = self.estate.bucket(hop.request.resource)
        policy = bucket.policy if bucket else None
        numbers = [one.number for one in hop.settled.decision.deciders if one.layer == "resource"]
        return (
            isinstance(policy, Document)
            and bool(numbers)
            and all(self.declared.vouched(policy.statements[number]) for number in numbers)
        )

    def _known(self, arn: str, role: str, action: str) -> bool:
        return (arn, role, action) in self.tried or (arn, role) in self.asked

    def _context(self) -> dict[str, object]:
        return {"aws:CurrentTime": self.now} if self.now else {}

    def _caller(self, reacher: Reacher) -> Caller:
        number = reacher.principal.account
        snapshot = self.estate.snapshots.get(number)
        account = snapshot.account if snapshot else Account(name=number or "anyone", id=number)
        return Caller(account=account, arn=_arn(reacher.principal))

    def _called(self, reacher: Reacher) -> str:
        principal = reacher.principal
        if isinstance(principal, Anonymous):
            return "anyone in the world"
        caller = self._caller(reacher)
        if isinstance(principal, Root):
            return f"anyone of account {caller.account.name}"
        return f"{caller.account.name}/{short(caller.arn)}"


def _sample(target: Target, action: str) -> str:
    """A resource of a target that an action is about."""
    return (
        f"{target.bucket.arn}/{target.prefix or ''}xacct-sample" if on_objects(action) else target.bucket.arn
    )


def _certain(reacher: Reacher) -> bool:
    """Allowed for certain; of a stranger's account only the side that was read can be."""
    if reacher.outcome is Decided.ALLOWED:
        return True
    return reacher.outside and all(gap.layer == "identity" for hop in reacher.hops for gap in hop.gaps)


def _arn(principal: Principal) -> str:
    if isinstance(principal, Anonymous):
        return EVERYBODY
    return principal.role_arn if isinstance(principal, Session) else principal.arn


def _finding(check: Check, hop: Hop, estate: Estate, layer: Layer) -> Finding:
    by = statements_of([hop], estate, "resource")
    keys = ", ".join(f"{key} = {value}" for key, value in hop.settled.when)
    text = f"It is let through by: {by or 'a statement that was not read'}.{f' Only with {keys}.' if keys else ''}"
    return Finding(
        check=check,
        outcome=Outcome.TOO_WIDE,
        detail="The live documents let it in, and nothing declares it; nobody could try.",
        why=Why(
            layer=layer,
            text=text,
            fix="Take that statement out, or declare the access; with checks: and expect: allowed where it is "
            "not this manifest's.",
        ),
        decided=Decision.ALLOWED,
    )
