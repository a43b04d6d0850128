"""Statements made ready to be asked: whether one speaks of a request, and in which way it names who asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from xacct.policy.condition import Test, prepare
from xacct.policy.document import NEW, Document, PrincipalElement, Statement
from xacct.policy.match import Match, Truth, any_of, any_resource
from xacct.policy.principal import FederatedUser, Principal, Role, Session, User
from xacct.policy.request import Reach, Request, named

_REMEMBERED = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One statement, ready; ``without`` tells that what it lists is excluded (Not... elements)."""

    statement: Statement
    denies: bool
    resources: Match | None
    without_resources: bool
    conditions: tuple[Test, ...]
    principals: frozenset[str]
    without_principals: bool

    def applies(self, request: Request) -> Truth:
        """Whether resource and conditions fit; action and principal are other questions."""
        truth: Truth = True
        context, unknown = request.context, request.unknown_keys
        if self.resources is not None:
            truth = self.resources(request.resource, context, unknown)
            if self.without_resources and truth is not None:
                truth = not truth
            if truth is False:
                return False
        for test in self.conditions:
            met = test(context, unknown)
            if met is False:
                return False
            if met is None:
                truth = None
        return truth

    def doubt(self, request: Request) -> str:
        """What the answer of ``applies`` hangs on, where it is None."""
        for condition, test in zip(self.statement.conditions, self.conditions, strict=True):
            if test(request.context, request.unknown_keys) is None:
                return f"the condition {condition[0]} on {condition[1]} cannot be decided"
        return "a policy variable in the resource has an unknown value"

    def reach(self, request: Request, *, bounded: bool) -> Reach:
        """In which way the statement names who asks: the strongest one.

        ``bounded`` tells that the principal has a permissions boundary: a Deny with NotPrincipal then always
        hits it (IAM User Guide, "IAM JSON policy elements: NotPrincipal").
        """
        if self.without_principals:
            return self._beyond(request, bounded=bounded)
        for name, reach in request.names:
            if name in self.principals:
                return reach
        return Reach.NOBODY

    def _beyond(self, request: Request, *, bounded: bool) -> Reach:
        """NotPrincipal: everyone but these. With Deny account, role and session must all be listed."""
        if bounded and self.denies:
            return Reach.ANYONE
        listed = {reach for name, reach in request.names if name in self.principals}
        if Reach.ANYONE in listed:
            return Reach.NOBODY
        needed = _needed(request.principal) if self.denies else frozenset()
        spared = needed <= listed if needed else bool(listed)
        return Reach.NOBODY if spared else Reach.ANYONE


def _needed(principal: Principal) -> frozenset[Reach]:
    """All the ways in which a Deny with NotPrincipal must list someone to spare him."""
    match principal:
        case Session():
            return frozenset({Reach.ITSELF, Reach.ROLE, Reach.ACCOUNT})
        case Role():
            return frozenset({Reach.ROLE, Reach.ACCOUNT})
        case User() | FederatedUser():
            return frozenset({Reach.ITSELF, Reach.ACCOUNT})
        case _:
            return frozenset()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document's statements, ready; those that speak of an action are remembered by the action."""

    clauses: tuple[tuple[Clause, Match, bool], ...]
    _by_verb: dict[str, tuple[Clause, ...]] = field(default_factory=dict, compare=False, repr=False)

    def about(self, verb: str) -> tuple[Clause, ...]:
        """The statements whose Action or NotAction element fits an action, which is in lower case."""
        found = self._by_verb.get(verb)
        if found is None:
            if len(self._by_verb) >= _REMEMBERED:
                self._by_verb.clear()
            found = tuple(
                clause for clause, actions, without in self.clauses if actions(verb, {}, ()) is not without
            )
            self._by_verb[verb] = found
        return found


def prepared(document: Document) -> Prepared:
    """A document made ready to be asked; the same text is made ready once."""
    return _prepared(document.source)


@lru_cache(maxsize=16384)
def _prepared(source: str) -> Prepared:
    document = Document.parse(source)
    variables = document.version == NEW
    return Prepared(tuple(_clause(statement, variables) for statement in document.statements))


def _clause(statement: Statement, variables: bool) -> tuple[Clause, Match, bool]:
    resources = statement.resources if statement.resources is not None else statement.not_resources
    actions = statement.actions if statement.actions is not None else statement.not_actions
    if resources is not None and "*" in resources and statement.resources is not None:
        resources = None
    clause = Clause(
        statement=statement,
        denies=statement.effect == "Deny",
        resources=None if resources is None else any_resource(resources, variables=variables),
        without_resources=statement.resources is None,
        conditions=tuple(prepare(condition, variables=variables) for condition in statement.conditions),
        principals=_named(
            statement.principals if statement.principals is not None else statement.not_principals or ()
        ),
        without_principals=statement.not_principals is not None,
    )
    return clause, any_of(actions or (), variables=False), statement.actions is None


def _named(elements: Iterable[PrincipalElement]) -> frozenset[str]:
    return frozenset(named(element.type, element.value) for element in elements)
