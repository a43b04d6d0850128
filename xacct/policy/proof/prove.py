"""What documents allow, over all requests: whether one allows more than another, and what nobody would miss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from xacct.platform import PARTITIONS
from xacct.policy.document import NEW, Document, Statement
from xacct.policy.match import Truth, Variable, pieces
from xacct.policy.principal import User
from xacct.policy.proof.askers import SOMEONE, STRANGER, Asker, askers, named_principals
from xacct.policy.proof.language import TooLarge
from xacct.policy.proof.region import Region, predicate, region
from xacct.policy.proof.search import Point, Search, unheard_of
from xacct.policy.request import Reach, Request
from xacct.policy.statement import prepared


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


def no_more_than(new: Document, old: Document, *, but: frozenset[str] = frozenset()) -> Answer:
    """Whether everything that ``new`` allows, ``old`` allows too.

    A document allows what one of its statements allows and none denies; where statements name principals,
    everyone is asked for who can be told apart, but for the principals of the accounts in ``but``.
    """
    try:
        return _compared(new, old, but)
    except TooLarge:
        return NotDecided("there are too many combinations of conditions and patterns to look at them all")


def allows(document: Document, request: Request) -> Truth:
    """Whether a document by itself allows a request: one statement does and none denies."""
    truth: Truth = False
    denied: Truth = False
    for clause in prepared(document).about(request.verb):
        if named_principals(document) and clause.reach(request, bounded=False) is Reach.NOBODY:
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
    return no_more_than(document, _nothing(), but=frozenset(accounts))


def _nothing() -> Document:
    return Document.parse({"Version": NEW, "Statement": []})


def _without(document: Document, statement: Statement) -> Document:
    rest = [one.source for one in document.statements if one.index != statement.index]
    return Document.parse(f'{{"Version":"{document.version}","Statement":[{",".join(rest)}]}}')


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


def _compared(new: Document, old: Document, but: frozenset[str]) -> Answer:
    doubt = ""
    for asker in _askers(new, old, but):
        answer = _one(new, old, asker)
        if isinstance(answer, Counterexample):
            return answer
        if isinstance(answer, NotDecided):
            doubt = doubt or answer.reason
    if any(_by_canonical_id(one) and one not in old.statements for one in new.statements):
        doubt = doubt or "a canonical user id stands for an account that the document does not tell"
    return NotDecided(doubt) if doubt else Proven()


def _askers(new: Document, old: Document, but: frozenset[str]) -> tuple[Asker | None, ...]:
    """Everyone who can be told apart; None, for anyone at all, where no document names anybody."""
    if not (named_principals(new) or named_principals(old)):
        return (None,)
    documents = [new, old]
    if but:
        # Their principals are known to the search, so that somebody else is none of them.
        known = [{"Effect": "Deny", "Principal": {"AWS": one}, "Action": "x:x"} for one in sorted(but)]
        documents.append(Document.of(*known))
    return tuple(one for one in askers(documents) if one.principal.account not in but)


def _by_canonical_id(statement: Statement) -> bool:
    return statement.effect == "Allow" and any(
        one.type == "CanonicalUser" for one in statement.principals or ()
    )


def _one(new: Document, old: Document, asker: Asker | None) -> Answer:
    """One principal, or all of them where nobody is named; real actions first, then those nobody has heard of."""
    allowed = _drawn(new, _speaking(new, asker), over=True)
    before = _drawn(old, _speaking(old, asker), over=False)
    doubt = ""
    for real in (True, False):
        for grant in allowed.allow:
            for inside, excluded in _questions(
                grant, allowed, before, same_version=new.version == old.version
            ):
                point = _outside(inside, excluded, asker, real)
                if point is None:
                    continue
                checked = _checked(new, old, point, asker)
                if isinstance(checked, Counterexample):
                    return checked
                doubt = doubt or checked.reason
    return NotDecided(doubt) if doubt else Proven()


def _outside(
    inside: Sequence[Region], excluded: Sequence[Region], asker: Asker | None, real: bool
) -> Point | None:
    fixed = asker.fixed if asker else {}
    given = tuple(predicate(condition) for condition in asker.given) if asker else ()
    search = Search(fixed, real, _partitions([*inside, *excluded]), given)
    if real:
        return search.outside(inside, excluded)
    odd = Region(
        statement=inside[0].statement,
        mask=0,
        actions=(unheard_of(inside), True),
        resources=None,
        atoms=(),
    )
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


def _checked(new: Document, old: Document, point: Point, asker: Asker | None) -> Counterexample | NotDecided:
    """The point as a request that the decision code judges too; the proof alone is not believed."""
    for request in _requests(new, old, point, asker):
        if allows(new, request) and allows(old, request) is False:
            return Counterexample(request=request, real=point.real)
    return NotDecided(
        "it hangs on a policy variable, or on an operator that is not known: a request that is allowed "
        "by the new document alone could be neither found nor ruled out"
    )


def _requests(new: Document, old: Document, point: Point, asker: Asker | None) -> Iterator[Request]:
    """The point as requests, with values for the variables of the documents."""
    who = (asker or Asker(User(f"arn:aws:iam::{STRANGER}:user/{SOMEONE}"))).as_asked(point.context)
    base = Request.of(who, point.action, point.resource, resource_account=STRANGER, context=point.context)
    yield base
    keys = sorted(_variables(new) | _variables(old))
    if not keys:
        return
    pieces_of_resource = [one for one in point.resource.replace(":", "/").split("/") if one]
    for value in dict.fromkeys([*pieces_of_resource, SOMEONE, "x"]):
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


def _speaking(document: Document, asker: Asker | None) -> list[Statement]:
    if asker is None or not named_principals(document):
        return list(document.statements)
    request = Request.of(asker.principal, "*", "*")
    return [
        clause.statement
        for clause, _, _ in prepared(document).clauses
        if clause.reach(request, bounded=False) is not Reach.NOBODY
    ]
