"""The gate: each request authenticated, read, decided, and only then handed to the store."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from xacct.permission.permission import Unmapped
from xacct.policy.principal import Anonymous
from xacct.sandbox import (
    answer,
    buckets,
    entities,
    kms,
    multidelete,
    normal,
    rights,
    saves,
    second_factor,
    sts,
    web_identity,
)
from xacct.sandbox.answer import Answer
from xacct.sandbox.authenticate import Authenticated, authenticate, protocol_of
from xacct.sandbox.credentials import Origin, Vault
from xacct.sandbox.demands import demands, request_context
from xacct.sandbox.faults import ServiceFault
from xacct.sandbox.forward import Forward
from xacct.sandbox.operations import identify
from xacct.sandbox.request import Demand, Incoming, Operation
from xacct.sandbox.store import Entity, Store
from xacct.sandbox.tokens import KeySets

READS = ("Get", "List", "Head", "Simulate", "Select")
"""How the names of operations begin that change nothing in the store."""

FREE = frozenset({"GetCallerIdentity", "GetSessionToken"})
"""No policy has a say in these, not even an explicit Deny (STS API, each operation's "Permissions")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request that arrived: ``operation`` is "" where it did not come so far as to have one."""

    service: str
    operation: str
    account: str
    status: int
    code: str = ""


@dataclass(slots=True)
class Hooks:
    """Where a test can step in; both are called with the store's lock held.

    ``before`` sees a decided operation and may answer in the store's place; ``after`` may exchange the
    answer.
    """

    before: Callable[[Operation], Answer | None] = field(default=lambda _: None)
    after: Callable[[Operation, Answer], Answer] = field(default=lambda _, given: given)


class Gate:
    """Decides requests one at a time; ``keep`` is told which (service, account) pairs a request changed.

    ``keys`` are looked at when a token comes; an issuer that is not among them is not believed.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        forward: Forward,
        *,
        clock: Callable[[], datetime],
        keep: Callable[[set[tuple[str, str]]], None],
        hooks: Hooks,
        keys: KeySets,
    ) -> None:
        self._store = store
        self._vault = vault
        self._forward = forward
        self._clock = clock
        self._keep = keep
        self._hooks = hooks
        self._keys = keys
        self._seen: list[Seen] = []

    @property
    def seen(self) -> tuple[Seen, ...]:
        """Every request so far, in order."""
        with self._store.lock:
            return tuple(self._seen)

    def handle(self, incoming: Incoming) -> Answer:
        """The answer to a request as it came over the wire; every refusal is an answer too."""
        passage = _Passage(self, answer.new_request_id())
        with self._store.lock:
            try:
                given = passage.through(incoming)
            except ServiceFault as refusal:
                given = passage.refused(refusal, incoming)
            except Unmapped as refusal:
                given = passage.refused(_not_mapped(str(refusal)), incoming)
            except Exception as error:  # noqa: BLE001 - a fault of our own: refused and told, the cloud lives on
                traceback.print_exc()
                given = passage.refused(_own_fault(error), incoming)
            self._seen.append(passage.note(given, incoming))
            return given


class _Passage:
    """One request on its way through the gate, and how far it came."""

    def __init__(self, gate: Gate, request_id: str) -> None:
        self.gate = gate
        self.request_id = request_id
        self.signed: Authenticated | None = None
        self.operation: Operation | None = None
        self.code = ""
        self.denied: dict[tuple[str, str], ServiceFault] = {}

    def through(self, incoming: Incoming) -> Answer:
        gate = self.gate
        now = gate._clock()
        signed = authenticate(incoming, gate._store, gate._vault, now)
        signed = replace(signed, incoming=normal.before_reading(signed.incoming, signed.protocol))
        self.signed = signed
        operation = self.operation = identify(signed.incoming)
        if operation.service == "sts":
            if operation.name == web_identity.WITH_SAML:
                raise web_identity.refuse_saml()
            if operation.name not in sts.OPERATIONS:
                raise Unmapped(f"sts:{operation.name} is not played")
            sts.check(operation)
            if operation.name == web_identity.NAME:
                signed = self.signed = web_identity.vouched(operation, signed, gate._store, gate._keys, now)
        elif operation.service == "s3":
            buckets.check(operation, signed, gate._store)
        if operation.service != "s3" and isinstance(signed.caller.principal, Anonymous):
            raise _no_token()
        mfa = operation.service == "sts" and second_factor.proved(operation, signed, gate._store, now)
        if operation.name not in FREE:
            self._decide(operation, signed, mfa=mfa)
        given = gate._hooks.before(operation) or self._do(operation, signed, now, mfa=mfa)
        return gate._hooks.after(operation, given)

    def _decide(self, operation: Operation, signed: Authenticated, *, mfa: bool) -> None:
        store = self.gate._store
        needed = demands(operation, signed.caller, store)
        if not needed:
            raise Unmapped(f"nobody said which permission {operation.service}:{operation.name} needs")
        _check_session(operation, signed, mfa_of_session=signed.session is not None and signed.session.mfa)
        shared = request_context(signed.incoming, self.gate._clock())
        for needs in needed:
            demand = replace(needs, context={**shared, **needs.context})
            try:
                self._check(operation, demand, signed, mfa=mfa)
            except ServiceFault as refusal:
                if operation.name != "DeleteObjects":
                    raise
                self.denied[multidelete.named(demand)] = refusal
        buckets.check_public(operation, signed, store)

    def _check(self, operation: Operation, demand: Demand, signed: Authenticated, *, mfa: bool) -> None:
        store = self.gate._store
        if mfa:
            extra = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"}
            demand = replace(demand, context={**demand.context, **extra})
        if operation.name in buckets.MAKES_BUCKETS:
            demand = replace(demand, account=signed.caller.account)
        if operation.service == "s3":
            instead = buckets.of_missing_key(operation, demand, store)
            if instead is not None:
                rights.check(instead, signed, store)
                raise buckets.no_such_key(operation)
        rights.check(demand, signed, store)
        kms.check_state(operation.service, demand, store)
        if operation.service == "s3":
            buckets.check_owner_only(operation, demand, signed)

    def _do(self, operation: Operation, signed: Authenticated, now: datetime, *, mfa: bool) -> Answer:
        gate = self.gate
        if operation.service == "iam":
            entities.check(operation, signed.caller.account, gate._store)
        saved = saves.before(operation, signed.caller, gate._store)
        if operation.service == "sts":
            issued = sts.perform(saved, signed, gate._store, gate._vault, now, mfa=mfa)
            if issued.changed:
                gate._keep(set())
            return answer.result("sts", operation.name, issued.inner, self.request_id)
        account = signed.caller.account
        if operation.service == "kms":
            done = kms.perform(operation, signed, gate._store, self.request_id)
            if not operation.name.startswith(READS):
                gate._keep({("kms", account)})
            return done
        if operation.service == "s3":
            buckets.check_taken(operation, account, gate._store)
            account = gate._store.bucket_owner(str(operation.params.get("Bucket") or "")) or account
            request = normal.bucket_call(signed.incoming, operation, saved)
        else:
            request = normal.query_call(signed.incoming, operation, saved)
        user = self._user_to_rename(operation, account)
        many = operation.name == "DeleteObjects"
        allowed = multidelete.without(request, self.denied) if many else request
        given = multidelete.nothing_deleted()
        if allowed is not None:
            given = gate._forward.send(
                operation.service,
                allowed,
                account=account,
                access_key_id=signed.caller.access_key_id,
                region=signed.region,
            )
        if self.denied and given.ok:
            given = multidelete.with_errors(given, request.body, self.denied)
        if user is not None and given.ok:
            gate._store.renamed(user)
        return self._finish(operation, saved, given, account)

    def _user_to_rename(self, operation: Operation, account: str) -> Entity | None:
        if (operation.service, operation.name) != ("iam", "UpdateUser"):
            return None
        return self.gate._store.user(account, str(operation.params.get("UserName") or ""))

    def _finish(self, operation: Operation, saved: Operation, given: Answer, account: str) -> Answer:
        gate = self.gate
        if given.status >= 500:
            raise _store_failed(operation, given)
        body = given.body
        if given.ok:
            if operation.service == "iam":
                for old, new in gate._store.give_ids(account).items():
                    body = body.replace(old.encode(), new.encode())
            body = saves.after(saved, gate._store, body)
            if not operation.name.startswith(READS):
                gate._keep({(operation.service, account)})
        name = "x-amz-request-id" if operation.service == "s3" else "x-amzn-requestid"
        kept = tuple(
            header for header in given.headers if header[0] not in {name, "access-control-allow-origin"}
        )
        return replace(given, body=body, headers=((name, self.request_id), *kept))

    def refused(self, refusal: ServiceFault, incoming: Incoming) -> Answer:
        self.code = refusal.code
        service = self.operation.service if self.operation is not None else protocol_of(incoming)
        return answer.fault(
            refusal, service=service, request_id=self.request_id, head=incoming.method == "HEAD"
        )

    def note(self, given: Answer, incoming: Incoming) -> Seen:
        operation = self.operation
        return Seen(
            service=operation.service if operation is not None else protocol_of(incoming),
            operation=operation.name if operation is not None else "",
            account=self.signed.caller.account if self.signed is not None else "",
            status=given.status,
            code=self.code,
        )


def _check_session(operation: Operation, signed: Authenticated, *, mfa_of_session: bool) -> None:
    """What sessions of a user may never do, whatever their policies say (GetSessionToken, "Permissions")."""
    session = signed.session
    if session is None or session.origin is Origin.ROLE:
        return
    federated = session.origin is Origin.FEDERATED
    refused = {
        "iam": federated or not mfa_of_session,
        "sts": federated or operation.name != "AssumeRole",
    }
    if refused.get(operation.service, False):
        raise ServiceFault(
            status=403,
            code="AccessDenied" if operation.service == "sts" else "InvalidClientTokenId",
            message=f"Cannot call {operation.name} with session credentials"
            if operation.service == "sts"
            else "The security token included in the request is invalid",
        )


def _no_token() -> ServiceFault:
    return ServiceFault(
        status=403, code="MissingAuthenticationToken", message="Request is missing Authentication Token"
    )


def _own_fault(error: Exception) -> ServiceFault:
    return ServiceFault(
        status=500,
        code="InternalFailure",
        message=f"A fault in the embedded cloud itself, see its stderr: {type(error).__name__}",
    )


def _not_mapped(why: str) -> ServiceFault:
    return ServiceFault(
        status=501,
        code="NotImplemented",
        message=f"The embedded cloud refuses what it cannot map to permissions: {why}",
    )


def _store_failed(operation: Operation, given: Answer) -> ServiceFault:
    return ServiceFault(
        status=501 if given.status == 501 else 500,
        code="NotImplemented" if given.status == 501 else "InternalFailure",
        message=f"The store of the embedded cloud (moto) cannot do {operation.service}:{operation.name}.",
    )
