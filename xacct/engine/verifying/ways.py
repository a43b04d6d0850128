"""Ways of a link's people to more of its buckets than is declared, past the link, by the live documents; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from xacct.access.explain import ASSUME, LONGEST, Hop, ask
from xacct.check import Caller, Check, Decision, Finding, Layer, Outcome, Want, Why
from xacct.engine.layer import short
from xacct.engine.verifying.beyond import Asked, Excess, beyond, known_of
from xacct.engine.verifying.declared import Declared
from xacct.engine.verifying.diagnose import statements_of
from xacct.manifest.expected.expect import short as called
from xacct.manifest.expected.paths import Path
from xacct.manifest.model import Name
from xacct.policy.addressed import addressed
from xacct.policy.arn import account_of
from xacct.policy.document import Document
from xacct.policy.evaluate import Outcome as Decided
from xacct.policy.principal import Federated, Principal, Session, User
from xacct.policy.request import Reach, Request
from xacct.policy.statement import prepared
from xacct.snapshot import RoleRecord


def ways(declared: Declared, checks: Sequence[Check] = (), now: str = "") -> tuple[Finding, ...]:
    """A finding for each way past a link on which its people get more of its bucket than is declared for them.

    The ways are a role that the manifest does not speak of, entered by one of them or by a session of a role on the
    way, up to three deep; and what the bucket's policy gives by itself to one of them or to sessions of the link's
    role. People are those whom a trust names, and who are in a group that it names. What a statement or a role of
    another manifest gives is declared there, as long as its mark is intact; what ``checks`` ask for is declared too,
    and a role that the manifest only names is its owner's. Of the bucket's own account nobody gets more who may do it
    without any role. What hangs on something that could not be read is not decided, and told only where a trust names
    somebody of the link.
    """
    return tuple(_Look(declared, checks, now).findings())


@dataclass(frozen=True, slots=True)
class _Way:
    """How somebody comes to where a question is asked: the roles entered, and what each entering was."""

    principal: Principal
    hops: tuple[Hop, ...] = ()
    roles: tuple[RoleRecord, ...] = ()

    @property
    def doubt(self) -> str:
        """What the way hangs on; nothing where it is certain."""
        return "; ".join(dict.fromkeys(gap.reason for hop in self.hops for gap in hop.gaps))


class _Look:
    """One look around. What was found for one of the people is said once, with whom it holds for too."""

    def __init__(self, declared: Declared, checks: Sequence[Check], now: str) -> None:
        self._declared = declared
        self._estate = estate = declared.estate
        self._now = now
        self._asked = {(one.caller.arn, one.role) for one in checks if one.want is Want.ALLOWED}
        self._records = sorted(estate.roles(), key=lambda role: role.arn)
        self._walked: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[_Way, ...]] = {}
        self._next: dict[Principal, tuple[tuple[RoleRecord, Hop], ...]] = {}
        self._known: dict[Asked, Excess | None] = {}

    def findings(self) -> Iterator[Finding]:
        """Link by link."""
        first: dict[tuple[str, str, str], Finding] = {}
        others: dict[tuple[str, str, str], list[str]] = {}
        for path in self._declared.paths:
            for bucket in dict.fromkeys(target.bucket for target in path.targets):
                record = self._estate.bucket(bucket.arn)
                if record is None or not record.exists:
                    continue
                for through, finding in (*self._of_people(path, bucket), *self._of_sessions(path, bucket)):
                    key = (path.name, through, bucket.name)
                    if first.setdefault(key, finding) is not finding:
                        others.setdefault(key, []).append(called(finding.check.caller))
        for key, finding in first.items():
            who = [one for one in dict.fromkeys(others.get(key, ())) if one != called(finding.check.caller)]
            yield replace(finding, notes=(f"The same goes for {', '.join(who)}.",)) if who else finding

    def _of_people(self, path: Path, bucket: Name) -> Iterator[tuple[str, Finding]]:
        for caller in path.callers:
            principal = self._principal(caller)
            rights = self._declared.to(caller)
            if principal is None or rights.anything:
                continue
            home = caller.account.id == bucket.account.id
            if not home and isinstance(principal, User | Session) and (caller.arn, "") not in self._asked:
                excess = self._beyond(principal, bucket, rights.documents)
                if excess is not None:
                    yield "", self._directly(path, caller, bucket, excess)
            own = self._own(principal) if home else ()
            for way in self._ways(caller, principal):
                role = way.roles[-1]
                if role.arn in self._declared.roles or self._declared.elsewhere(role):
                    continue
                excess = self._beyond(way.principal, bucket, (*rights.documents, *own))
                if excess is not None:
                    yield role.arn, self._through(path, caller, bucket, way, excess)

    def _of_sessions(self, path: Path, bucket: Name) -> Iterator[tuple[str, Finding]]:
        """What the bucket's policy gives to sessions of the link's own role, whose own policies ``excess`` looks at."""
        snapshot = self._estate.snapshots.get(path.role.account.id)
        record = snapshot.roles.get(path.role.name) if snapshot else None
        known = (path.role.arn, "") in self._asked or path.role.arn in self._declared.existing
        if record is None or record.arn != path.role.arn or known:
            return
        rights = self._declared.by(path.role.arn)
        excess = self._beyond(self._estate.session(record), bucket, rights.documents, given=True)
        if excess is not None and not rights.anything:
            yield path.role.arn, self._by_policy(path, bucket, excess)

    def _beyond(
        self, principal: Principal, bucket: Name, declared: tuple[Document, ...], *, given: bool = False
    ) -> Excess | None:
        asked = Asked(
            principal=principal,
            bucket=bucket.arn,
            declared=declared,
            vouched=self._declared.vouched,
            given=given,
            now=self._now,
        )
        if asked not in self._known:
            self._known[asked] = beyond(self._estate, asked)
        return self._known[asked]

    def _own(self, principal: Principal) -> tuple[Document, ...]:
        """What somebody of the bucket's account has without any role, as far as no boundary takes it away."""
        if not isinstance(principal, User | Session):
            return ()
        asking = Request.of(principal, "s3:GetObject", "*")
        policies, _ = self._estate.policies(asking)
        known = known_of(self._estate, principal, principal.account, self._now)
        found = tuple(addressed(one.document, asking, known) for one in policies.identity)
        return () if policies.boundary else found

    # ---- the way there

    def _principal(self, caller: Caller) -> Principal | None:
        """Who asks first; None for those as whom nobody could: services, patterns, what is not there."""
        try:
            principal = self._estate.principal(caller.arn)
        except ValueError:
            return None
        if isinstance(principal, Federated):
            return replace(principal, claims=caller.claims)
        if not isinstance(principal, User | Session) or self._estate.nobody(principal):
            return None
        return principal

    def _ways(self, caller: Caller, principal: Principal) -> tuple[_Way, ...]:
        """Every role that somebody can be in, by the shortest way."""
        key = (caller.arn, caller.claims)
        if key not in self._walked:
            found: dict[str, _Way] = {}
            frontier = [_Way(principal)]
            for _ in range(LONGEST):
                frontier = [
                    further
                    for way in frontier
                    for further in self._further(caller, way)
                    if found.setdefault(further.roles[-1].arn, further) is further
                ]
            self._walked[key] = tuple(found.values())
        return self._walked[key]

    def _further(self, caller: Caller, way: _Way) -> Iterator[_Way]:
        here = _arn(way.principal)
        for role, hop in self._entered(way.principal):
            declared = {(caller.arn, role.arn), (here, role.arn)} & self._asked
            if not declared or role.arn in self._declared.roles:
                yield _Way(self._estate.session(role), (*way.hops, hop), (*way.roles, role))

    def _entered(self, principal: Principal) -> tuple[tuple[RoleRecord, Hop], ...]:
        """The roles that somebody may enter next, or may enter for all that was read."""
        if principal not in self._next:
            self._next[principal] = tuple(self._entering(principal))
        return self._next[principal]

    def _entering(self, principal: Principal) -> Iterator[tuple[RoleRecord, Hop]]:
        here = _arn(principal)
        if here in self._declared.existing:
            return
        for role in self._records:
            if role.arn == here or not isinstance(role.trust, Document):
                continue
            reach = _named(role.trust, principal, role.arn)
            if reach is Reach.NOBODY:
                continue
            context: dict[str, object] = {"aws:CurrentTime": self._now} if self._now else {}
            hop = ask(self._estate, principal, ASSUME, role.arn, context)
            maybe = reach in (Reach.ITSELF, Reach.ROLE) and {one.layer for one in hop.gaps} == {"identity"}
            if hop.outcome is Decided.ALLOWED or (hop.outcome is Decided.UNKNOWN and maybe):
                yield role, hop

    # ---- findings

    def _through(self, path: Path, caller: Caller, bucket: Name, way: _Way, excess: Excess) -> Finding:
        role = way.roles[-1]
        names = [self._called(one) for one in way.roles]
        before = f" from {names[-2]}" if len(names) > 1 else ""
        let_in = statements_of(way.hops[-1:], self._estate, "resource")
        return self._finding(
            self._check(path, caller, bucket, excess, f"through {names[-1]}", role.arn),
            excess,
            way,
            Why(
                layer=Layer.TRUST,
                text=f"{names[-1]} is entered{before} by: {let_in or 'a statement that was not read'}. There it is "
                f"allowed by: {statements_of(excess.hops[:1], self._estate) or 'what was not read'}.",
                fix="Take who enters out of that trust, narrow what the role may do, or declare the access; with "
                "checks: and expect: allowed where it is not this manifest's.",
            ),
        )

    def _directly(self, path: Path, caller: Caller, bucket: Name, excess: Excess) -> Finding:
        check = self._check(path, caller, bucket, excess, "without the role", "")
        return self._finding(check, excess, _Way(self._estate.principal(caller.arn)), self._statement(excess))

    def _by_policy(self, path: Path, bucket: Name, excess: Excess) -> Finding:
        caller = Caller(account=path.role.account, arn=path.role.arn)
        check = self._check(path, caller, bucket, excess, "by the bucket's policy", path.role.arn)
        return self._finding(check, excess, _Way(self._estate.principal(caller.arn)), self._statement(excess))

    def _statement(self, excess: Excess) -> Why:
        by = statements_of(excess.hops[:1], self._estate, "resource")
        return Why(
            layer=Layer.BUCKET_POLICY,
            text=f"It is let through by: {by or 'a statement that was not read'}.",
            fix="Take that statement out, or declare the access; with checks: and expect: allowed where it is not this "
            "manifest's.",
        )

    def _check(self, path: Path, caller: Caller, bucket: Name, excess: Excess, how: str, role: str) -> Check:
        request = excess.request
        return Check(
            name=f"{called(caller)} gets nothing on {bucket.name} that is not declared: {how}",
            link=path.name,
            caller=caller,
            owner=bucket.account,
            role=role,
            action=request.action if request else "*",
            resource=request.resource if request else bucket.arn,
            want=Want.DENIED,
            place=path.place,
        )

    def _finding(self, check: Check, excess: Excess, way: _Way, why: Why) -> Finding:
        request = excess.request
        if request is None or way.doubt:
            doubt = "; ".join(dict.fromkeys(one for one in (way.doubt, excess.doubt) if one))
            return Finding(
                check=check,
                outcome=Outcome.NOT_TRIED,
                detail=f"Whether that gives more than is declared is not decided: {doubt}.",
                decided=Decision.OPEN,
            )
        keys = dict.fromkeys([*(pair for hop in way.hops for pair in hop.settled.when), *excess.when])
        only = f" Only with {', '.join(f'{key} = {value}' for key, value in keys)}." if keys else ""
        return Finding(
            check=check,
            outcome=Outcome.TOO_WIDE,
            detail=f"By the live documents {request.action} on {request.resource} is allowed, and nothing declares it; "
            "nobody tried.",
            why=replace(why, text=why.text + only),
            decided=Decision.ALLOWED,
        )

    def _called(self, role: RoleRecord) -> str:
        account = self._estate.snapshots[account_of(role.arn)].account
        return f"{account.name}/{short(role.arn)}"


def _arn(principal: Principal) -> str:
    return principal.role_arn if isinstance(principal, Session) else principal.arn


def _named(trust: Document, principal: Principal, role: str) -> Reach:
    """The strongest way in which a trust lets in somebody."""
    asking = Request.of(principal, ASSUME, role)
    return max(
        (
            clause.reach(asking, bounded=False)
            for clause, _, _ in prepared(trust).clauses
            if not clause.denies
        ),
        default=Reach.NOBODY,
    )
