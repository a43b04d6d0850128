"""What a set of documents says of one request: the evaluation logic of IAM, with the statements that decide.

Sources: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic" and "IAM JSON
policy elements: Principal". Three-valued throughout: what hangs on something unknown is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from xacct.policy.document import Document
from xacct.policy.match import Truth
from xacct.policy.principal import (
    Anonymous,
    Federated,
    FederatedUser,
    Principal,
    Role,
    Root,
    Service,
    Session,
)
from xacct.policy.request import Reach, Request
from xacct.policy.statement import Clause, prepared

__all__ = ["Decider", "Decision", "Level", "Named", "Outcome", "Policies", "Request", "Truth", "decide"]


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


class Decider(NamedTuple):
    """A statement that decided: its layer, its document, its number from 0, and its Sid."""

    layer: str
    policy: str
    number: int
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

    __slots__ = ("allowing", "bounded", "denying", "doubtful", "doubts", "policies", "request")

    def __init__(self, request: Request, policies: Policies) -> None:
        self.request = request
        self.policies = policies
        self.bounded = bool(policies.boundary)
        self.allowing: list[Decider] = []
        self.denying: list[Decider] = []
        self.doubts: list[str] = []
        self.doubtful = False

    def decision(self) -> Decision:
        """Every document once; then explicit denials first, then what must allow."""
        sides = self._sides()
        if self.denying:
            first = self.denying[0].layer
            return Decision(
                outcome=Outcome.EXPLICITLY_DENIED,
                deciders=tuple(self.denying),
                reason=f"with an explicit deny in {_ARTICLES[first]}",
                missing=first,
            )
        allowed, missing = _allowed(self.request, sides)
        if allowed and not self.doubtful and not self.policies.unknown:
            return Decision(
                outcome=Outcome.ALLOWED,
                deciders=tuple(self.allowing),
                reason="allowed on every side that must",
            )
        if allowed is False:
            return Decision(
                outcome=Outcome.IMPLICITLY_DENIED,
                reason=f"because no {_LAYERS[missing]} allows the {self.request.action} action",
                missing=missing,
            )
        unread = (f"{_ARTICLES[layer]} could not be read" for layer in sorted(self.policies.unknown))
        doubts = tuple(dict.fromkeys((*self.doubts, *unread)))
        return Decision(outcome=Outcome.UNKNOWN, reason=f"not decided: {'; '.join(doubts)}", unknown=doubts)

    def _sides(self) -> _Sides:
        policies, unknown = self.policies, self.policies.unknown
        identity: Truth = False
        for named in policies.identity:
            identity = _or(identity, self._look("identity", named.document, named.name))
        granted = self._granted(policies.resource)
        boundary = policies.boundary is None or self._caps("boundary", policies.boundary)
        if policies.session is None:
            # Permissions for GetFederationToken: a user's own policies give nothing to a session without any.
            bare = isinstance(self.request.principal, FederatedUser)
            session: Truth = (None if "session" in unknown else False) if bare else True
        else:
            session = self._caps("session", policies.session)
        organization = not policies.scp or self._levels()
        if policies.rcp and not _service_linked(self.request.principal):
            for level in policies.rcp:
                for named in level.policies:
                    self._look("rcp", named.document, named.name)
        endpoint = not policies.vpc_endpoint or self._caps("vpc_endpoint", policies.vpc_endpoint)
        if unknown:  # what is unread may give; what it may take away, an unread layer makes unknown anyway
            identity = identity or (None if "identity" in unknown else identity)
            if "resource" in unknown:
                granted[Reach.ITSELF] = granted.get(Reach.ITSELF) or None
        return _Sides(identity, granted, boundary, session, organization, endpoint)

    def _caps(self, layer: str, documents: Document | tuple[Document, ...]) -> Truth:
        """Whether a layer that only limits lets the request through: one of its documents must allow."""
        truth: Truth = False
        for document in (documents,) if isinstance(documents, Document) else documents:
            truth = _or(truth, self._look(layer, document, ""))
        return truth

    def _levels(self) -> Truth:
        """Service control policies: every level must allow; they bind principals of member accounts only.

        AWS Organizations User Guide, "Service control policies": users and roles that are not service-linked.
        """
        if not _governed(self.request.principal):
            return True
        truth: Truth = True
        for level in self.policies.scp:
            allowed: Truth = False
            for named in level.policies:
                allowed = _or(allowed, self._look("scp", named.document, named.name))
            truth = _and(truth, allowed)
        return truth

    def _look(self, layer: str, document: Document, name: str) -> Truth:
        """Whether a document allows; what denies is gathered."""
        request = self.request
        truth: Truth = False
        by_name = layer in _NAMING
        for clause in prepared(document).about(request.verb):
            applies = clause.applies(request)
            if applies is False:
                continue
            if by_name and clause.reach(request, bounded=self.bounded) is Reach.NOBODY:
                continue
            self._note(clause, applies, layer, name)
            if not clause.denies and truth is not True:
                truth = applies
        return truth

    def _granted(self, document: Document | None) -> dict[Reach, Truth]:
        """For each way of naming the principal, whether the resource's policy allows."""
        found: dict[Reach, Truth] = {}
        if document is None:
            return found
        request = self.request
        for clause in prepared(document).about(request.verb):
            reach = clause.reach(request, bounded=self.bounded)
            if reach is Reach.NOBODY:
                continue
            applies = clause.applies(request)
            if applies is False:
                continue
            self._note(clause, applies, "resource", "")
            if not clause.denies and found.get(reach) is not True:
                found[reach] = applies
        return found

    def _note(self, clause: Clause, applies: Truth, layer: str, name: str) -> None:
        if applies is None:
            self.doubtful = self.doubtful or clause.denies
            self.doubts.append(clause.doubt(self.request))
            return
        statement = clause.statement
        decider = Decider(layer, name, statement.index, statement.sid)
        (self.denying if clause.denies else self.allowing).append(decider)


class _Sides(NamedTuple):
    """What each side says by itself, whether or not it has to."""

    identity: Truth
    granted: dict[Reach, Truth]
    boundary: Truth
    session: Truth
    organization: Truth
    endpoint: Truth


def _allowed(request: Request, sides: _Sides) -> tuple[Truth, str]:
    """Whether every side that must allow does; with the first layer that does not."""
    above = _and(sides.organization, sides.endpoint)
    if above is False:
        return False, "scp" if sides.organization is False else "vpc_endpoint"
    resource = _any_true(sides.granted.values())
    principal = request.principal
    if isinstance(principal, Root) and request.verb == "sts:assumerole" and not principal.delegated:
        return False, "identity"  # AssumeRole: not with credentials of the root user, whatever policies say
    if isinstance(principal, Service | Federated | Anonymous):
        return _and(above, resource), "resource"
    own, missing = _own_side(principal, sides)
    if request.across:
        return _and(above, _and(own, resource)), missing if own is False else "resource"
    direct, capped = _direct(sides)
    if needs_resource(request):
        truth = _or(direct, _and(own, resource))
        return _and(above, truth), "resource" if resource is False else capped or missing
    return _and(above, _or(direct, own)), capped or missing or "identity"


def _own_side(principal: Principal, sides: _Sides) -> tuple[Truth, str]:
    """What the principal's own account says: identity policies within boundary and session policies."""
    if isinstance(principal, Root):
        return True, ""
    if sides.identity is False:
        return False, "identity"
    if sides.boundary is False:
        return False, "boundary"
    if sides.session is False:
        return False, "session"
    return _and(sides.identity, _and(sides.boundary, sides.session)), ""


def _direct(sides: _Sides) -> tuple[Truth, str]:
    """What a resource's policy gives by itself within one account.

    One that names the user or the session, or anyone, gives it whatever boundary and session policy leave
    out; one that names the role, or the user who opened a federated session, is capped by them; one that
    names the account only delegates. IAM User Guide, "How AWS enforcement code logic evaluates requests".
    """
    granted = sides.granted
    alone = _or(granted.get(Reach.ITSELF, False), granted.get(Reach.ANYONE, False))
    if alone:
        return True, ""
    by_role = granted.get(Reach.ROLE, False)
    if by_role is False:
        return alone, ""
    if sides.boundary is False or sides.session is False:
        return alone, "boundary" if sides.boundary is False else "session"
    return _or(alone, _and(by_role, _and(sides.boundary, sides.session))), ""


def needs_resource(request: Request) -> bool:
    """Whether the resource's own policy must allow even within one account: trust and key policies."""
    verb = request.verb
    return (verb.startswith("sts:") and ":role/" in request.resource) or (
        verb.startswith("kms:") and ":key/" in request.resource
    )


def _governed(principal: Principal) -> bool:
    return not isinstance(principal, Service | Federated | Anonymous) and not _service_linked(principal)


def _service_linked(principal: Principal) -> bool:
    """Whether it is a service-linked role, which no control policy of an organization affects."""
    match principal:
        case Role(arn) | Session(arn):
            return ":role/aws-service-role/" in arn
        case _:
            return False


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
_NAMING = frozenset({"rcp", "vpc_endpoint"})
"""Layers beside the resource's own policy whose documents name principals."""


def _or(one: Truth, other: Truth) -> Truth:
    if one or other:
        return True
    return None if one is None or other is None else False


def _and(one: Truth, other: Truth) -> Truth:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _any_true(truths: Iterable[Truth]) -> Truth:
    found: Truth = False
    for truth in truths:
        if truth:
            return True
        found = None if truth is None else found
    return found
