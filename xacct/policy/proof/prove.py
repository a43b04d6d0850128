"""What documents allow, over all requests: whether one allows more than another, and what nobody would miss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from xacct.policy.arn import PARTITIONS
from xacct.policy.document import NEW, Document, Statement
from xacct.policy.match import Truth, Variable, pieces
from xacct.policy.principal import Anonymous, Principal, Service, Session, User, parse_principal
from xacct.policy.proof.language import TooLarge
from xacct.policy.proof.region import Region, region
from xacct.policy.proof.search import Point, Search, unheard_of
from xacct.policy.request import Reach, Request
from xacct.policy.statement import prepared

STRANGER = "000000000000"
"""An account that no document names."""

_SOMEONE = "someone"


@dataclass(frozen=True, slots=True)
class Proven:
    """It holds of every request there can be."""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A request of which it does not hold; ``real`` tells that a service has its action today."""

    request: Request
    real: bool


@dataclass(frozen=True, slots=True)
class NotDecided:
    """It could not be found out, and why; nothing may be concluded from it."""

    reason: str


Answer: TypeAlias = Proven | Counterexample | NotDecided


def no_more_than(new: Document, old: Document, *, asking: Sequence[Principal] | None = None) -> Answer:
    """Whether everything that ``new`` allows, ``old`` allows too.

    A document allows what one of its statements allows and none denies; where statements name principals,
    everyone is asked for who can be told apart, or only those in ``asking``.
    """
    try:
        return _compared(new, old, asking)
    except TooLarge:
        return NotDecided("there are too many combinations of conditions and patterns to look at them all")


def allows(document: Document, request: Request) -> Truth:
    """Whether a document by itself allows a request: one statement does and none denies."""
    truth: Truth = False
    denied: Truth = False
    for clause in prepared(document).about(request.verb):
        if _names_principals(document) and clause.reach(request, bounded=False) is Reach.NOBODY:
            continue
        applies = clause.applies(request)
        if applies is False:
            continue
        if clause.denies:
            denied = True if applies else denied or None
        else:
            truth = True if applies else truth or None
    if denied or truth is False:
        return False
    return None if denied is None else truth


def dead_statements(document: Document) -> tuple[tuple[Statement, Answer], ...]:
    """Statements that change nothing: whose absence allows neither less nor more, each with its proof."""
    found: list[tuple[Statement, Answer]] = []
    for statement in document.statements:
        rest = _without(document, statement)
        denies = statement.effect == "Deny"
        answer = no_more_than(rest, document) if denies else no_more_than(document, rest)
        found.append((statement, answer))
    return tuple(found)


def reaches_beyond(document: Document, accounts: Iterable[str]) -> Answer:
    """Whether a document lets nobody in but principals of these accounts.

    Services and identity providers that it names count as beyond.
    """
    own = frozenset(accounts)
    asking = [one for one in _askers([document]) if one.account not in own]
    return no_more_than(document, _nothing(), asking=asking)


def _nothing() -> Document:
    return Document.parse({"Version": NEW, "Statement": []})


def _without(document: Document, statement: Statement) -> Document:
    rest = [one.source for one in document.statements if one.index != statement.index]
    return Document.parse(f'{{"Version":"{document.version}","Statement":[{",".join(rest)}]}}')


def _names_principals(document: Document) -> bool:
    return any(
        statement.principals is not None or statement.not_principals is not None
        for statement in document.statements
    )


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A document as regions on one side of the truth: what it allows and what it denies."""

    allow: tuple[Region, ...]
    deny: tuple[Region, ...]


def _drawn(document: Document, statements: Iterable[Statement], *, over: bool) -> _Drawn:
    """What a document allows drawn too large (``over``) or too small, and what it denies the other way."""
    variables = document.version == NEW
    allow: list[Region] = []
    deny: list[Region] = []
    for statement in statements:
        denies = statement.effect == "Deny"
        found = region(statement, variables=variables, over=over is not denies)
        if found is not None:
            (deny if denies else allow).append(found)
    return _Drawn(tuple(allow), tuple(deny))


def _compared(new: Document, old: Document, asking: Sequence[Principal] | None) -> Answer:
    doubt = ""
    for principal, extra in _groups(new, old, asking):
        mine = _speaking(new, principal)
        yours = _speaking(old, principal)
        answer = _one(new, old, mine, yours, principal, extra)
        if isinstance(answer, Counterexample):
            return answer
        if isinstance(answer, NotDecided):
            doubt = doubt or answer.reason
    canonical = next(
        (one for one in new.statements if _by_canonical_id(one) and one not in old.statements), None
    )
    if canonical is not None:
        doubt = doubt or "a canonical user id stands for an account that the document does not tell"
    return NotDecided(doubt) if doubt else Proven()


def _by_canonical_id(statement: Statement) -> bool:
    return statement.effect == "Allow" and any(
        one.type == "CanonicalUser" for one in statement.principals or ()
    )


def _one(
    new: Document,
    old: Document,
    mine: Sequence[Statement],
    yours: Sequence[Statement],
    principal: Principal | None,
    fixed: Mapping[str, tuple[str, ...]],
) -> Answer:
    """One principal, or all of them where nobody is named; real actions first, then those nobody has heard of."""
    allowed, before = _drawn(new, mine, over=True), _drawn(old, yours, over=False)
    doubt = ""
    for real in (True, False):
        for grant in allowed.allow:
            for inside, excluded in _questions(
                grant, allowed, before, same_version=new.version == old.version
            ):
                point = _outside(inside, excluded, fixed, real)
                if point is None:
                    continue
                checked = _checked(new, old, point, principal)
                if isinstance(checked, Counterexample):
                    return checked
                doubt = doubt or checked.reason
    return NotDecided(doubt) if doubt else Proven()


def _outside(
    inside: Sequence[Region], excluded: Sequence[Region], fixed: Mapping[str, tuple[str, ...]], real: bool
) -> Point | None:
    if real:
        return Search(fixed, True, _partitions([*inside, *excluded])).outside(inside, excluded)
    search = Search(fixed, False)
    strange = unheard_of(inside)
    odd = Region(statement=inside[0].statement, mask=0, actions=(strange, True), resources=None, atoms=())
    return search.outside([odd, *inside], excluded)


def _partitions(regions: Iterable[Region]) -> tuple[str, ...]:
    """The partitions that resources are named in, else the public one."""
    named = [
        arn.split(":")[1]
        for one in regions
        for arn in (*(one.statement.resources or ()), *(one.statement.not_resources or ()))
        if arn.startswith("arn:")
    ]
    return tuple(sorted({name for name in named if name in PARTITIONS})) or ("aws",)


def _questions(
    grant: Region, new: _Drawn, old: _Drawn, *, same_version: bool
) -> Iterator[tuple[list[Region], list[Region]]]:
    """In which ways a request of this grant can be one that the old document does not allow.

    Either none of its statements allows it, or one of them denies it. What both documents say in the same
    words cancels out, variables included.
    """
    denied = list(new.deny)
    same = same_version and any(one.statement == grant.statement for one in old.allow)
    if not same:
        yield [grant], [*denied, *old.allow]
    said = [one.statement for one in new.deny]
    for one in old.deny:
        if not (same_version and one.statement in said):
            yield [grant, one], denied


def _checked(
    new: Document, old: Document, point: Point, principal: Principal | None
) -> Counterexample | NotDecided:
    """The point as a request that the decision code judges too; the proof alone is not believed."""
    for request in _requests(new, old, point, principal):
        if allows(new, request) and allows(old, request) is False:
            return Counterexample(request=request, real=point.real)
    return NotDecided(
        "it hangs on a policy variable, or on an operator that is not known: a request that is allowed "
        "by the new document alone could be neither found nor ruled out"
    )


def _requests(new: Document, old: Document, point: Point, principal: Principal | None) -> Iterator[Request]:
    """The point as requests, with values for the variables of the documents."""
    who = principal or User(f"arn:aws:iam::{STRANGER}:user/{_SOMEONE}")
    base = Request.of(who, point.action, point.resource, resource_account=STRANGER, context=point.context)
    yield base
    keys = sorted(_variables(new) | _variables(old))
    if not keys:
        return
    pieces_of_resource = [one for one in point.resource.replace(":", "/").split("/") if one]
    for value in dict.fromkeys([*pieces_of_resource, _SOMEONE, "x"]):
        filled = dict.fromkeys(keys, (value,))
        yield Request.of(
            who, point.action, point.resource, resource_account=STRANGER, context={**filled, **point.context}
        )


def _variables(document: Document) -> set[str]:
    if document.version != NEW:
        return set()
    texts: list[str] = []
    for statement in document.statements:
        texts += [*(statement.resources or ()), *(statement.not_resources or ())]
        texts += [value for _, _, values in statement.conditions for value in values]
    return {piece.key for text in texts for piece in pieces(text) if isinstance(piece, Variable)}


def _groups(
    new: Document, old: Document, asking: Sequence[Principal] | None
) -> Iterator[tuple[Principal | None, Mapping[str, tuple[str, ...]]]]:
    """Everyone who can be told apart, one for each way of being named, with the keys that follow from him."""
    if not (_names_principals(new) or _names_principals(old)):
        yield None, {}
        return
    derived = {key for document in (new, old) for one in document.statements for _, key, _ in one.conditions}
    seen: set[object] = set()
    for principal in _askers([new, old]) if asking is None else asking:
        request = Request.of(principal, "*", "*")
        fixed = {key: value for key, value in request.context.items() if key in derived}
        if _is_someone(principal):
            for key in ("aws:principalarn", "aws:username", "aws:userid"):
                fixed.pop(key, None)
        named = tuple(
            clause.reach(request, bounded=False) is not Reach.NOBODY
            for document in (new, old)
            for clause, _, _ in prepared(document).clauses
        )
        signature = (named, tuple(sorted(fixed.items())))
        if signature not in seen:
            seen.add(signature)
            yield principal, MappingProxyType(fixed)


def _is_someone(principal: Principal) -> bool:
    return isinstance(principal, User) and principal.arn.endswith(f":user/{_SOMEONE}")


def _askers(documents: Iterable[Document]) -> tuple[Principal, ...]:
    """Whoever the documents name, somebody of every account they name, somebody else, and nobody at all."""
    found: dict[Principal, None] = {}
    for document in documents:
        for statement in document.statements:
            for element in (*(statement.principals or ()), *(statement.not_principals or ())):
                for principal in _named(element.type, element.value):
                    found[principal] = None
    found[User(f"arn:aws:iam::{STRANGER}:user/{_SOMEONE}")] = None
    found[Anonymous()] = None
    found[Service("unnamed.amazonaws.com")] = None
    return tuple(found)


def _named(kind: str, value: str) -> Iterator[Principal]:
    if value == "*" or kind == "CanonicalUser":
        return
    if kind == "AWS" and not value.startswith("arn:") and value.startswith(("AIDA", "AROA")):
        yield User(f"arn:aws:iam::{STRANGER}:user/{_SOMEONE}", value)
        return
    try:
        principal = parse_principal({"type": kind, "arn": value} if kind == "Federated" else value)
    except ValueError:
        return
    if kind == "AWS" and principal.account:
        yield User(f"arn:aws:iam::{principal.account}:user/{_SOMEONE}")
    if kind == "AWS" and ":role/" in principal.arn:
        yield Session(principal.arn, _SOMEONE)
    yield principal


def _speaking(document: Document, principal: Principal | None) -> list[Statement]:
    if principal is None:
        return list(document.statements)
    request = Request.of(principal, "*", "*")
    named = _names_principals(document)
    return [
        clause.statement
        for clause, _, _ in prepared(document).clauses
        if not named or clause.reach(request, bounded=False) is not Reach.NOBODY
    ]
