"""What a set of documents says of one request: the evaluation logic of IAM, with the statements that decide.

Sources: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic" and "IAM JSON
policy elements: Principal". Three-valued throughout: what hangs on something unknown is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from immutabledict import immutabledict

from xacct.policy.document import Document
from xacct.policy.principal import (
    Anonymous,
    Federated,
    FederatedUser,
    Principal,
    Role,
    Root,
    Service,
    Session,
    User,
)
from xacct.policy.statement import Answer, Reach, applies, reach

Truth = bool | None
"""True, False, or None for not decided."""


class Outcome(Enum):
    """The answer to a request."""

    ALLOWED = "Allowed"
    IMPLICITLY_DENIED = "ImplicitlyDenied"
    EXPLICITLY_DENIED = "ExplicitlyDenied"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Named:
    """A document with the name it goes by in answers."""

    name: str
    document: Document


@dataclass(frozen=True, slots=True)
class Level:
    """The service or resource control policies of one level (root, unit, account); one of them must allow."""

    name: str
    policies: tuple[Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. ``resource`` is an ARN or ``*``; ``resource_account`` "" means the principal's own.

    ``context`` holds the condition keys in lower case; ``unknown_keys`` those of which nothing is known.
    """

    principal: Principal
    action: str
    resource: str
    resource_account: str = ""
    context: immutabledict[str, tuple[str, ...]] = field(default_factory=immutabledict)
    unknown_keys: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        principal: Principal,
        action: str,
        resource: str,
        *,
        resource_account: str = "",
        context: Mapping[str, object] | None = None,
        unknown_keys: Iterable[str] = (),
    ) -> Request:
        """A request whose keys that follow from the principal are filled in; a given key wins."""
        given = {key.lower(): _values(value) for key, value in (context or {}).items()}
        return cls(
            principal=principal,
            action=action,
            resource=resource,
            resource_account=resource_account,
            context=immutabledict({**_of_principal(principal), **given}),
            unknown_keys=frozenset(key.lower() for key in unknown_keys),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Every document that has a say.

    ``identity`` are the principal's own (a user's with those of the groups, or a role's). ``resource`` is the
    bucket's policy, the role's trust policy for AssumeRole, the key's policy for KMS. ``session`` None means
    that none was passed. ``unknown`` names layers that could not be read: ``identity``, ``resource``,
    ``session``, ``boundary``, ``scp``, ``rcp``, ``vpc_endpoint``.
    """

    identity: tuple[Named, ...] = ()
    resource: Document | None = None
    session: tuple[Document, ...] | None = None
    boundary: Document | tuple[Document, ...] | None = None
    scp: tuple[Level, ...] = ()
    rcp: tuple[Level, ...] = ()
    vpc_endpoint: tuple[Document, ...] = ()
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decider:
    """A statement that decided: its layer, its document, its number from 0, and its Sid."""

    layer: str
    policy: str
    index: int
    sid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer, the statements behind it, and a sentence for people.

    ``missing`` is the layer that did not allow, or that denied; ``unknown`` says what an unknown answer
    hangs on.
    """

    outcome: Outcome
    deciders: tuple[Decider, ...] = ()
    reason: str = ""
    missing: str = ""
    unknown: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the request is allowed, for certain."""
        return self.outcome is Outcome.ALLOWED


def decide(request: Request, policies: Policies) -> Decision:
    """Whether the documents allow the request."""
    return _Judgement(request, policies).decision()


class _Judgement:
    """One request against one set of documents; gathers deciders and doubts on the way."""

    def __init__(self, request: Request, policies: Policies) -> None:
        self.request = request
        self.policies = policies
        self.allowing: list[Decider] = []
        self.denying: list[Decider] = []
        self.doubts: list[str] = []
        boundary = policies.boundary
        if boundary is None:
            self.boundaries: tuple[Document, ...] = ()
        else:
            self.boundaries = boundary if isinstance(boundary, tuple) else (boundary,)

    def decision(self) -> Decision:
        """Explicit denials first, then what must allow."""
        denied = self._denied()
        if self.denying:
            first = self.denying[0]
            return Decision(
                outcome=Outcome.EXPLICITLY_DENIED,
                deciders=tuple(self.denying),
                reason=f"with an explicit deny in {_ARTICLES[first.layer]}",
                missing=first.layer,
            )
        allowed, missing = self._allowed()
        if allowed is False:
            return Decision(
                outcome=Outcome.IMPLICITLY_DENIED,
                reason=f"because no {_LAYERS[missing]} allows the {self.request.action} action",
                missing=missing,
            )
        layers = self.policies.unknown & _CAN_DENY
        if allowed is None or denied is None or layers:
            doubts = (*self.doubts, *(f"{_ARTICLES[layer]} could not be read" for layer in sorted(layers)))
            return Decision(
                outcome=Outcome.UNKNOWN,
                reason=f"not decided: {'; '.join(dict.fromkeys(doubts)) or 'something is unknown'}",
                unknown=tuple(dict.fromkeys(doubts)),
            )
        return Decision(
            outcome=Outcome.ALLOWED, deciders=tuple(self.allowing), reason="allowed on every side that must"
        )

    def _denied(self) -> Truth:
        truth: Truth = False
        policies = self.policies
        for layer, documents in (
            ("identity", policies.identity),
            ("session", _named(policies.session or ())),
            ("boundary", _named(self.boundaries)),
            ("scp", tuple(named for level in policies.scp for named in level.policies)),
            ("rcp", tuple(named for level in policies.rcp for named in level.policies)),
            ("vpc_endpoint", _named(policies.vpc_endpoint)),
        ):
            for named in documents:
                truth = _or(truth, self._deny_in(layer, named))
        if policies.resource is not None:
            truth = _or(truth, self._deny_in("resource", Named("", policies.resource)))
        return truth

    def _deny_in(self, layer: str, named: Named) -> Truth:
        truth: Truth = False
        for statement in named.document.statements:
            if statement.effect != "Deny":
                continue
            answer = applies(
                statement, named.document.version, self.request.action, self.request.resource, *self._keys()
            )
            if layer in ("resource", "rcp", "vpc_endpoint") and answer.truth is not False:
                who = reach(statement, self.request.principal, bounded=bool(self.boundaries))
                if who is Reach.NOBODY:
                    continue
            truth = _or(
                truth, self._note(answer, layer, named.name, statement.index, statement.sid, self.denying)
            )
        return truth

    def _allow_in(self, layer: str, documents: Iterable[Named]) -> Truth:
        """Whether one of these documents allows, whoever asks."""
        truth: Truth = False
        for named in documents:
            for statement in named.document.statements:
                if statement.effect != "Allow":
                    continue
                answer = applies(
                    statement,
                    named.document.version,
                    self.request.action,
                    self.request.resource,
                    *self._keys(),
                )
                whom = reach(statement, self.request.principal, bounded=False)
                if layer == "vpc_endpoint" and whom is Reach.NOBODY:
                    continue
                truth = _or(
                    truth,
                    self._note(answer, layer, named.name, statement.index, statement.sid, self.allowing),
                )
        return truth

    def _note(
        self, answer: Answer, layer: str, name: str, index: int, sid: str, into: list[Decider]
    ) -> Truth:
        if answer.truth:
            into.append(Decider(layer, name, index, sid))
        elif answer.truth is None:
            self.doubts.append(answer.why)
        return answer.truth

    def _keys(self) -> tuple[Mapping[str, tuple[str, ...]], frozenset[str]]:
        return self.request.context, self.request.unknown_keys

    def _granted(self) -> dict[Reach, Truth]:
        """For each way of naming the principal, whether the resource's policy allows."""
        found: dict[Reach, Truth] = {}
        document = self.policies.resource
        if document is None:
            return found
        for statement in document.statements:
            if statement.effect != "Allow":
                continue
            who = reach(statement, self.request.principal, bounded=False)
            if who is Reach.NOBODY:
                continue
            answer = applies(
                statement, document.version, self.request.action, self.request.resource, *self._keys()
            )
            noted = self._note(answer, "resource", "", statement.index, statement.sid, self.allowing)
            found[who] = _or(found.get(who, False), noted)
        return found

    def _allowed(self) -> tuple[Truth, str]:
        """Whether every side that must allow does; with the first layer that does not."""
        principal = self.request.principal
        capped, missing = self._caps_of_organization()
        if capped is False:
            return False, missing
        granted = self._granted()
        anyhow = _any(granted.values())
        resource: Truth = None if "resource" in self.policies.unknown and not anyhow else anyhow
        if isinstance(principal, Service | Federated | Anonymous):
            return _and(capped, resource), "resource"
        own, own_missing = self._own_side()
        if self._across():
            truth = _and(own, resource)
            return _and(capped, truth), own_missing if own is False else "resource"
        direct, direct_missing = self._direct(granted)
        if self._needs_resource():
            truth = _or(direct, _and(own, resource))
            return _and(capped, truth), "resource" if resource is False else own_missing or direct_missing
        if resource is None:
            direct = _or(direct, None)
        return _and(capped, _or(direct, own)), own_missing or direct_missing or "identity"

    def _across(self) -> bool:
        owner = self.request.resource_account
        return bool(owner) and owner != self.request.principal.account

    def _needs_resource(self) -> bool:
        """Whether the resource's own policy must allow even within one account: trust and key policies."""
        action = self.request.action.lower()
        return (action.startswith("sts:") and ":role/" in self.request.resource) or (
            action.startswith("kms:") and ":key/" in self.request.resource
        )

    def _own_side(self) -> tuple[Truth, str]:
        """What the principal's own account says: identity policies within boundary and session policies."""
        if isinstance(self.request.principal, Root):
            return True, ""
        identity = self._allow_in("identity", self.policies.identity)
        if not identity and "identity" in self.policies.unknown:
            identity = None
            self.doubts.append(f"{_ARTICLES['identity']} could not be read")
        if identity is False:
            return False, "identity"
        capped, missing = self._caps()
        return _and(identity, capped), missing

    def _caps(self) -> tuple[Truth, str]:
        """Boundary and session policies, which allow nothing by themselves."""
        truth: Truth = True
        if self.boundaries:
            boundary = self._allow_in("boundary", _named(self.boundaries))
            if boundary is False:
                return False, "boundary"
            truth = _and(truth, boundary)
        if self.policies.session is not None:
            session = self._allow_in("session", _named(self.policies.session))
            if session is False:
                return False, "session"
            truth = _and(truth, session)
        return truth, ""

    def _direct(self, granted: Mapping[Reach, Truth]) -> tuple[Truth, str]:
        """What a resource's policy gives by itself within one account.

        One that names the user or the session gives it whatever the boundary or session policy leave out; one
        that names the role, or anyone, is capped by them; one that names the account only delegates.
        """
        alone = granted.get(Reach.ITSELF, False)
        if alone:
            return alone, ""
        by_role = _or(granted.get(Reach.ROLE, False), granted.get(Reach.ANYONE, False))
        if by_role is False:
            return alone, "identity"
        capped, missing = self._caps()
        return _or(alone, _and(by_role, capped)), missing

    def _caps_of_organization(self) -> tuple[Truth, str]:
        truth: Truth = True
        for level in self.policies.scp:
            allowed = self._allow_in("scp", level.policies)
            if allowed is False:
                return False, "scp"
            truth = _and(truth, allowed)
        if self.policies.vpc_endpoint:
            allowed = self._allow_in("vpc_endpoint", _named(self.policies.vpc_endpoint))
            if allowed is False:
                return False, "vpc_endpoint"
            truth = _and(truth, allowed)
        return truth, ""


_LAYERS = {
    "identity": "identity-based policy",
    "resource": "resource-based policy",
    "session": "session policy",
    "boundary": "permissions boundary",
    "scp": "service control policy",
    "rcp": "resource control policy",
    "vpc_endpoint": "VPC endpoint policy",
}
_ARTICLES = {layer: f"an {text}" if text.startswith("i") else f"a {text}" for layer, text in _LAYERS.items()}
_CAN_DENY = frozenset({"identity", "resource", "session", "boundary", "scp", "rcp", "vpc_endpoint"})


def _named(documents: Iterable[Document]) -> tuple[Named, ...]:
    return tuple(Named("", document) for document in documents)


def _values(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        return tuple(_text(one) for one in value)
    return (_text(value),)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_principal(principal: Principal) -> dict[str, tuple[str, ...]]:
    """The condition keys that follow from who asks. IAM User Guide, "AWS global condition context keys"."""
    match principal:
        case User(arn, unique):
            keys = {
                "aws:principalarn": arn,
                "aws:principaltype": "User",
                "aws:username": arn.rpartition("/")[2],
            }
            userid = unique
        case Role(arn, unique):
            keys = {"aws:principalarn": arn, "aws:principaltype": "AssumedRole"}
            userid = unique
        case Session(role_arn, name, role_id):
            keys = {"aws:principalarn": role_arn, "aws:principaltype": "AssumedRole"}
            userid = f"{role_id}:{name}" if role_id else ""
        case Root(account):
            keys = {"aws:principalarn": principal.arn, "aws:principaltype": "Account"}
            userid = account
        case FederatedUser(arn):
            keys = {"aws:principalarn": arn, "aws:principaltype": "FederatedUser"}
            userid = f"{principal.account}:{arn.rpartition('/')[2]}"
        case Service(name):
            keys = {"aws:principalservicename": name, "aws:principalisawsservice": "true"}
            userid = ""
        case Federated():
            keys, userid = {}, ""
        case Anonymous():
            keys, userid = {"aws:principaltype": "Anonymous"}, "anonymous"
    if principal.account:
        keys["aws:principalaccount"] = principal.account
        keys["aws:principalisawsservice"] = "false"
    if userid:
        keys["aws:userid"] = userid
    return {key: (value,) for key, value in keys.items()}


def _or(one: Truth, other: Truth) -> Truth:
    if one or other:
        return True
    return None if one is None or other is None else False


def _and(one: Truth, other: Truth) -> Truth:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _any(truths: Iterable[Truth]) -> Truth:
    found: Truth = False
    for truth in truths:
        found = _or(found, truth)
    return found
