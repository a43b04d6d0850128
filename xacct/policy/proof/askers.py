"""Everyone whom documents can tell apart, by one principal for each, with what follows from who it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from xacct.policy.document import Condition, Document
from xacct.policy.principal import (
    Anonymous,
    Principal,
    Service,
    Session,
    User,
    parse_principal,
)
from xacct.policy.request import Reach, Request
from xacct.policy.statement import prepared

STRANGER = "000000000000"
"""An account that no document names."""

SOMEONE = "someone"
_OF_WHO = ("aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:username", "aws:userid")
_ANYBODYS = ("aws:principalarn", "aws:username", "aws:userid")


@dataclass(frozen=True, slots=True)
class Asker:
    """A principal that stands for all who cannot be told from it.

    ``fixed`` are keys whose values follow from it, absent ones with no value; ``given`` conditions that hold
    of all for whom it stands.
    """

    principal: Principal
    fixed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    given: tuple[Condition, ...] = ()

    def as_asked(self, context: Mapping[str, tuple[str, ...]]) -> Principal:
        """The principal with the ARN or account that a request's keys ask for, where it is only someone."""
        if not _is_someone(self.principal):
            return self.principal
        arn = next(iter(context.get("aws:principalarn", ())), "")
        account = next(iter(context.get("aws:principalaccount", ())), self.principal.account)
        if not arn:
            arn = self.principal.role_arn if isinstance(self.principal, Session) else self.principal.arn
            arn = arn.replace(f"::{self.principal.account}:", f"::{account}:")
        return Session(arn, SESSION) if isinstance(self.principal, Session) else User(arn)


SESSION = "session"


def named_principals(document: Document) -> bool:
    """Whether a document says for whom it is: a trust, bucket or key policy."""
    return any(
        statement.principals is not None or statement.not_principals is not None
        for statement in document.statements
    )


def askers(documents: Iterable[Document]) -> tuple[Asker, ...]:
    """Whoever the documents name, some user and some role of every account they name and of none, and nobody.

    Those of whom all statements speak alike, and whose keys no condition tells apart, come once.
    """
    read = list(documents)
    asked = {key for document in read for one in document.statements for _, key, _ in one.conditions}
    everyone = _everyone(read)
    accounts = sorted({one.account for one in everyone if one.account} - {STRANGER})
    found: list[Asker] = []
    seen: set[object] = set()
    for principal in everyone:
        asker = Asker(principal, _fixed(principal, asked), _given(principal, asked, accounts))
        signature = (_spoken_of(read, principal), tuple(sorted(asker.fixed.items())), asker.given)
        if signature not in seen:
            seen.add(signature)
            found.append(asker)
    return tuple(found)


def _everyone(documents: Iterable[Document]) -> tuple[Principal, ...]:
    found: dict[Principal, None] = {}
    for document in documents:
        for statement in document.statements:
            for element in (*(statement.principals or ()), *(statement.not_principals or ())):
                found.update(dict.fromkeys(_named(element.type, element.value)))
    found.update(dict.fromkeys(_some(STRANGER)))
    found[Anonymous()] = None
    found[Service("unnamed.amazonaws.com")] = None
    return tuple(found)


def _some(account: str, unique: str = "") -> Iterator[Principal]:
    yield User(f"arn:aws:iam::{account}:user/{SOMEONE}", unique)
    yield Session(f"arn:aws:iam::{account}:role/{SOMEONE}", SESSION, unique)


def _named(kind: str, value: str) -> Iterator[Principal]:
    if value == "*" or kind == "CanonicalUser":
        return
    if kind == "AWS" and value.startswith(("AIDA", "AROA")):
        yield from _some(STRANGER, value)
        return
    try:
        principal = parse_principal({"type": kind, "arn": value} if kind == "Federated" else value)
    except ValueError:
        return
    if kind == "AWS" and principal.account:
        yield from _some(principal.account)
    if kind == "AWS" and ":role/" in principal.arn:
        yield Session(principal.arn, SESSION)
    yield principal


def _is_someone(principal: Principal) -> bool:
    match principal:
        case User(arn) | Session(arn):
            return arn.endswith(f"/{SOMEONE}")
    return False


def _fixed(principal: Principal, asked: set[str]) -> Mapping[str, tuple[str, ...]]:
    """The keys that follow from the principal, as far as anything asks for them."""
    context = _asking(principal).context
    keys = {key for key in asked if key in _OF_WHO or key in context}
    if isinstance(principal, Anonymous):
        keys |= {key for key in asked if key.startswith("aws:principal")}
    if _is_someone(principal):
        keys -= set(_ANYBODYS)
        if principal.account == STRANGER:
            keys.discard("aws:principalaccount")
    elif isinstance(principal, User | Session):
        keys.discard("aws:userid")  # documents name them by ARN, and say nothing of their ids
    return MappingProxyType({key: context.get(key, ()) for key in sorted(keys)})


def _given(principal: Principal, asked: set[str], accounts: list[str]) -> tuple[Condition, ...]:
    """What is true of someone of whom only the account is known, or only that it is none of these."""
    if not _is_someone(principal):
        return ()
    kind = "role" if isinstance(principal, Session) else "user"
    found: list[Condition] = []
    if "aws:principalarn" in asked:
        owner = "*" if principal.account == STRANGER else principal.account
        found.append(("arnlike", "aws:principalarn", (f"arn:*:iam::{owner}:{kind}/?*",)))
        if principal.account == STRANGER and accounts:
            others = tuple(f"arn:*:iam::{account}:*" for account in accounts)
            found.append(("arnnotlike", "aws:principalarn", others))
    if "aws:principalaccount" in asked and principal.account == STRANGER:
        found.append(("stringlike", "aws:principalaccount", ("????????????",)))
        if accounts:
            found.append(("stringnotequals", "aws:principalaccount", tuple(accounts)))
    return tuple(found)


def _asking(principal: Principal) -> Request:
    """A request of which only matters who asks."""
    return Request.of(principal, "*", "*")


def _spoken_of(documents: Iterable[Document], principal: Principal) -> tuple[bool, ...]:
    request = _asking(principal)
    return tuple(
        clause.reach(request, bounded=False) is not Reach.NOBODY
        for document in documents
        for clause, _, _ in prepared(document).clauses
    )
