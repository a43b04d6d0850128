"""What may exist and not be seen yet: IAM answers from copies that learn of a change seconds later.

Waiting for a name that nobody has made would only hide a typo. So what this run has made is waited for, and of
everything else it is asked first whether it exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Any

from xacct.aws.retry import Wait, names_unknown_principal
from xacct.engine.gateway import Gateway
from xacct.errors import ServiceError
from xacct.plan.plan import Step
from xacct.policy.document import Document, MalformedDocument
from xacct.resource import Call

DELETING = ("Delete", "Detach", "Remove", "Untag")
"""How the names of operations begin that take something away."""

_NAMES = {
    "RoleName": "GetRole",
    "UserName": "GetUser",
    "GroupName": "GetGroup",
    "PolicyArn": "GetPolicy",
}
_PRINCIPAL = 2.0
_REFUSED = 0.5
"""In usual deadlines: a new principal takes longest to be seen, and a refusal is a refusal in the end."""


class Unseen:
    """What this run has made, and what of it an error may still be waiting for. For several threads."""

    def __init__(self, gateways: Mapping[str, Gateway]) -> None:
        self._gateways = gateways
        self._lock = Lock()
        self._made: set[str] = set()

    def made(self, step: Step, call: Call, answer: Mapping[str, Any]) -> None:
        """Something was created; it may be a while until everybody knows."""
        arns = {str(one["Arn"]) for one in answer.values() if isinstance(one, Mapping) and "Arn" in one}
        policies = {f"{step.address.account.name} PolicyArn {arn}" for arn in arns}
        with self._lock:
            self._made |= {*arns, *policies, *(key for key, _ in _named(step, call))}

    def waits_for(
        self, step: Step, call: Call, error: ServiceError, statements: tuple[str, ...] = ()
    ) -> Wait | None:
        """What an error waits for, if anything; where it waits for nothing, its ``fix`` says what is missing.

        ``statements`` are our own among those of a shared document.
        """
        with self._lock:
            made = frozenset(self._made)
        if names_unknown_principal(error):
            return self._principal([*_documents(call), *statements], error, made)
        if call.operation.startswith(DELETING):
            return None
        if error.absent:
            return self._thing(step, call, made)
        if error.denied:
            new = sorted(value for key, value in _named(step, call) if key in made)
            return Wait(f"{new[0]} to be seen (it is refused so far)", _REFUSED) if new else None
        return None

    def _thing(self, step: Step, call: Call, made: frozenset[str]) -> Wait | None:
        """Something that the call names is not there, says the service."""
        named = list(_named(step, call))
        new = sorted(value for key, value in named if key in made)
        if new:
            return Wait(f"{new[0]} to be seen")
        if not named:
            return None
        gateway = self._gateways[step.address.account.name]
        asked = [_question(parameter, value) for parameter, value in _parameters(call)]
        if all(_exists(gateway, question) for question in asked):
            return Wait(f"{named[0][1]} to be seen")
        return None

    def _principal(self, texts: list[str], error: ServiceError, made: frozenset[str]) -> Wait | None:
        """A principal of a document is not there, says the service."""
        arns = sorted({arn for text in texts for arn in _principals(text)})
        new = [arn for arn in arns if arn in made]
        if new:
            return Wait(f"{new[0]} to be seen as a principal", _PRINCIPAL)
        seen = []
        for arn in arns:
            gateway = self._owner(arn)
            if gateway is None:
                return None
            kind, name = arn.rpartition(":")[2].split("/")[0], arn.rpartition("/")[2]
            if kind not in ("user", "role"):
                continue
            if not _exists(gateway, _question(f"{kind.capitalize()}Name", name)):
                error.fix = (
                    f"There is no {kind} {name} in account {gateway.account.name} that could be seen: create it "
                    "first, or correct the name."
                )
                return None
            seen.append(arn)
        return Wait(f"{seen[0]} to be seen as a principal", _PRINCIPAL) if seen else None

    def _owner(self, arn: str) -> Gateway | None:
        """The gateway of the account that a principal belongs to."""
        for gateway in self._gateways.values():
            if f"::{gateway.account.id}:" in arn:
                return gateway
        return None


def _parameters(call: Call) -> Iterator[tuple[str, str]]:
    """What the call says is there, other than what it makes."""
    for parameter in _NAMES:
        if parameter in call.params and call.operation != f"Create{parameter.removesuffix('Name')}":
            yield parameter, str(call.params[parameter])
    if "PermissionsBoundary" in call.params:
        yield "PolicyArn", str(call.params["PermissionsBoundary"])


def _named(step: Step, call: Call) -> Iterator[tuple[str, str]]:
    """What the call is about, with a key that tells the entities of all accounts apart."""
    for parameter in _NAMES:
        if parameter in call.params:
            value = str(call.params[parameter])
            yield f"{step.address.account.name} {parameter} {value}", value


def _question(parameter: str, value: str) -> Call:
    return Call.of("iam", _NAMES[parameter], **{parameter: value})


def _exists(gateway: Gateway, question: Call) -> bool:
    """Whether it is there; who may not look does not know, and then nothing is waited for."""
    try:
        return gateway.ask(question) is not None
    except ServiceError:
        return False


def _documents(call: Call) -> Iterator[str]:
    for name, value in call.params.items():
        if "Policy" in name and isinstance(value, str) and value.lstrip().startswith("{"):
            yield value


def _principals(text: str) -> Iterator[str]:
    """The ARNs of users and roles that a document, or a statement, names as principals."""
    try:
        whole = Document.parse(text if '"Statement"' in text else f'{{"Statement":[{text}]}}')
    except MalformedDocument:
        return
    for statement in whole.statements:
        for one in (*(statement.principals or ()), *(statement.not_principals or ())):
            if one.type == "AWS" and one.value.startswith("arn:") and not one.value.endswith(":root"):
                yield one.value
