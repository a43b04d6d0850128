"""One step of a plan: its calls, with the waits and the lost answers that each may need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from xacct.aws.documents import plain
from xacct.aws.retry import Patience, busy, names_unknown_principal, persist
from xacct.engine.gateway import Gateway
from xacct.engine.journal import Broke, Event, Record, Sending, Sent
from xacct.engine.merge import Merge
from xacct.engine.records import tags
from xacct.errors import ServiceError, XacctError
from xacct.plan.outcome import Applied, Failed, Outcome, Started, Waiting
from xacct.plan.plan import Step
from xacct.policy.document import Document, MalformedDocument
from xacct.resource import Call, Splice

_DELETING = ("Delete", "Detach", "Remove", "Untag")
_NAMES = ("RoleName", "UserName", "GroupName", "PolicyArn")


class Sender:
    """Carries out steps, from several threads if need be, and remembers what this run has made."""

    def __init__(
        self,
        gateways: Mapping[str, Gateway],
        record: Record,
        patience: Patience,
        stopping: Callable[[], bool],
        report: Callable[[Outcome], None],
    ) -> None:
        self._gateways = gateways
        self._record = record
        self._patience = patience
        self._stopping = stopping
        self._report = report
        self._lock = Lock()
        self._made: set[str] = set()

    def carry_out(self, step: Step) -> None:
        """All calls of the step; what happens goes to ``report``, an error too."""
        self._report(Started(step))
        sent: list[Call] = []
        done = 0
        try:
            for index, request in enumerate(step.calls):
                if self._stopping():
                    raise XacctError("interrupted before its next call", fix="Run again.")
                if isinstance(request, Splice):
                    sent += self._merge(step, index, request)
                else:
                    self._write(step, index, request)
                    sent.append(request)
                done = index + 1
        except XacctError as error:
            self._report(Failed(step=step, error=error, calls_done=done))
        else:
            self._report(Applied(step, tuple(sent)))

    def _write(self, step: Step, index: int, call: Call) -> None:
        gateway = self._gateways[step.address.account.name]
        self._owner_first(gateway, call)
        self._note(Sending(step=step, index=index, call=call))
        try:
            answer = persist(
                lambda: gateway.tell(call),
                patience=self._patience,
                waits_for=lambda error: self._waits_for(step, call, error),
                progress=lambda what: self._report(Waiting(step, what)),
            )
        except ServiceError as error:
            if not (_gone_already(call, error) or _ours_already(gateway, call, error)):
                self._note(Broke(step=step, index=index, call=call, error=error))
                raise
            answer = {}
        self._note(Sent(step=step, index=index, call=call))
        if call.operation.startswith("Create"):
            with self._lock:
                self._made |= _identities(step, call, answer)

    def _owner_first(self, gateway: Gateway, call: Call) -> None:
        """Where a write does not heed the expected owner, HeadBucket does, and it comes first."""
        if call.service != "s3" or gateway.platform.owner_on_writes or "Bucket" not in call.params:
            return
        bucket = call.params["Bucket"]
        head = Call.of("s3", "HeadBucket", Bucket=bucket, ExpectedBucketOwner=gateway.account.id)
        if gateway.ask(head) is None:
            raise XacctError(
                f"account {gateway.account.name} has no bucket {bucket}",
                fix="Create it first, and plan again.",
            )

    def _waits_for(self, step: Step, call: Call, error: ServiceError) -> str | None:
        """What trying again may help against: only what this run itself has made can still be on its way."""
        if self._stopping():
            return None
        if what := busy(error):
            return what
        with self._lock:
            made = frozenset(self._made)
        if names_unknown_principal(error):
            texts = [str(value) for name, value in call.params.items() if "Policy" in name]
            new = sorted(arn for arn in made if any(f'"{arn}"' in text for text in texts))
            return f"{new[0]} to be seen as a principal" if new else None
        if error.absent and not call.operation.startswith(_DELETING):
            new = sorted(_names(step, call) & made)
            return f"{new[0].split(' ')[-1]} to be seen" if new else None
        return None

    def _merge(self, step: Step, index: int, splice: Splice) -> list[Call]:
        gateway = self._gateways[step.address.account.name]
        self._owner_first(gateway, splice.write)

        def put(call: Call, before: str | None, fresh: Callable[[], bool]) -> bool:
            return self._put_once(step, index, call, before, fresh)

        return Merge(
            splice=splice,
            gateway=gateway,
            where=str(step.address),
            patience=self._patience,
            put=put,
            waits_for=lambda error: self._waits_for(step, splice.write, error),
            waiting=lambda what: self._report(Waiting(step, what)),
            stopping=self._stopping,
        ).carry_out()

    def _put_once(
        self, step: Step, index: int, call: Call, before: str | None, fresh: Callable[[], bool]
    ) -> bool:
        """Written ahead, and sent only if what it was merged with is still fresh then."""
        if not fresh():
            return False
        self._note(Sending(step=step, index=index, call=call, before=before))
        if not fresh():
            return False
        try:
            self._gateways[step.address.account.name].tell_once(call)
        except ServiceError as error:
            if not _gone_already(call, error):
                self._note(Broke(step=step, index=index, call=call, error=error))
                raise
        self._note(Sent(step=step, index=index, call=call))
        return True

    def _note(self, event: Event) -> None:
        with self._lock:
            self._record(event)


def _gone_already(call: Call, error: ServiceError) -> bool:
    return error.absent and call.operation.startswith(_DELETING)


def _ours_already(gateway: Gateway, call: Call, error: ServiceError) -> bool:
    """Whether a create found what the SDK's own earlier try had made, whose answer was lost.

    Only then, and only what is exactly what the call would make; anything else was made by somebody else.
    """
    if error.code != "EntityAlreadyExists" or not error.retried:
        return False
    wanted = call.arguments()
    path = wanted.get("Path", "/")
    try:
        match call.operation:
            case "CreateRole":
                answer = gateway.ask(Call.of("iam", "GetRole", RoleName=wanted["RoleName"])) or {}
                live = answer.get("Role", {})
                return bool(live) and (
                    live.get("Path") == path
                    and _same(live.get("AssumeRolePolicyDocument"), wanted["AssumeRolePolicyDocument"])
                    and tags(live.get("Tags", ())) == tags(wanted.get("Tags", ()))
                )
            case "CreatePolicy":
                arn = gateway.account.iam_arn(f"policy{path}{wanted['PolicyName']}")
                found = gateway.ask(Call.of("iam", "GetPolicyVersion", PolicyArn=arn, VersionId="v1")) or {}
                return _same(found.get("PolicyVersion", {}).get("Document"), wanted["PolicyDocument"])
            case "CreateGroup":
                answer = gateway.ask(Call.of("iam", "GetGroup", GroupName=wanted["GroupName"])) or {}
                return bool(answer.get("Group", {}).get("Path") == path)
            case _:
                return False
    except (ServiceError, MalformedDocument):
        return False


def _same(live: Any, wanted: str) -> bool:
    return bool(live) and Document.parse(plain(live)) == Document.parse(wanted)


def _names(step: Step, call: Call) -> frozenset[str]:
    """What the call is about, in a form that tells the entities of all accounts apart."""
    account = step.address.account.name
    return frozenset(f"{account} {name} {call.params[name]}" for name in _NAMES if name in call.params)


def _identities(step: Step, call: Call, answer: Mapping[str, Any]) -> frozenset[str]:
    arns = {str(made["Arn"]) for made in answer.values() if isinstance(made, Mapping) and "Arn" in made}
    policies = {f"{step.address.account.name} PolicyArn {arn}" for arn in arns}
    return _names(step, call) | frozenset(arns) | policies
