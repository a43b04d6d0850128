"""Statements as regions of the space of requests: sets of actions, of resources, and of values of each key.

A region is exact where no policy variable and no unknown operator stands in the statement. Where one does,
it is drawn too large or too small on purpose (``over``), so that what is proved of it holds of the statement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal as Choice
from typing import TypeAlias

from xacct.policy.catalogue import matching
from xacct.policy.condition import is_known
from xacct.policy.document import Condition, Statement
from xacct.policy.match import Literal, Piece, Variable, pieces
from xacct.policy.proof.language import ANY, Language, Pattern, Token, segmented, tokens
from xacct.policy.values import block, moment, number

_SEGMENTS = 6
Kind: TypeAlias = Choice["text", "number", "date", "address", "truth", "bytes", "null"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Atom:
    """One condition as a predicate over the values of its key.

    ``absent`` is the answer where the key is not there. With ``every`` all values must pass, else one must;
    a value passes where it matches, or with ``negated`` where it does not. ``several`` tells that the
    condition is made for keys with many values.
    """

    key: str
    kind: Kind
    relation: str
    values: tuple[str, ...]
    language: Language | None
    negated: bool
    every: bool
    several: bool
    absent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A statement as a region: bits of the catalogue's actions, patterns of actions and resources, conditions."""

    statement: Statement
    mask: int
    actions: tuple[Language, bool]
    resources: tuple[Language, bool] | None
    atoms: tuple[Atom, ...]


def region(statement: Statement, *, variables: bool, over: bool) -> Region | None:
    """The region of a statement; None where it is drawn too small and nothing is left of it."""
    listed = statement.actions if statement.actions is not None else statement.not_actions or ()
    mask = 0
    for pattern in listed:
        mask |= matching(pattern)
    excluded = statement.actions is None
    if excluded:
        mask = matching("*") & ~mask
    atoms: list[Atom] = []
    for condition in statement.conditions:
        atom = _atom(condition, variables=variables, over=over)
        if atom is None:
            if not over:
                return None
            continue
        atoms.append(atom)
    return Region(
        statement=statement,
        mask=mask,
        actions=(Language.of(tokens(one) for one in listed), not excluded),
        resources=_resources(statement, variables=variables, over=over),
        atoms=tuple(atoms),
    )


def _resources(statement: Statement, *, variables: bool, over: bool) -> tuple[Language, bool] | None:
    listed = statement.resources if statement.resources is not None else statement.not_resources
    if listed is None or (statement.resources is not None and "*" in listed):
        return None
    inside = statement.resources is not None
    wide = over if inside else not over
    patterns = (
        _arn(one, variables=variables, wide=wide) if one.startswith("arn:") else _glob(one, variables, wide)
        for one in listed
    )
    return Language.of(one for one in patterns if one is not None), inside


def _parsed(text: str, variables: bool) -> tuple[Piece, ...]:
    return pieces(text) if variables else (text,)


def _piece(piece: Piece, *, wild: bool, but: str, fold: bool, wide: bool) -> Pattern | None:
    match piece:
        case Variable():
            return (Token(), ANY) if wide else None
        case Literal(character):
            return (Token(chars=character),)
        case _:
            return tokens(piece, wild=wild, but=but, fold=fold)


def _glob(text: str, variables: bool, wide: bool, *, wild: bool = True, fold: bool = False) -> Pattern | None:
    """A pattern; a variable in it may be anything, or with ``wide`` False makes it match nothing."""
    found: list[Token] = []
    for piece in _parsed(text, variables):
        part = _piece(piece, wild=wild, but="", fold=fold, wide=wide)
        if part is None:
            return None
        found += part
    return tuple(found)


def _arn(text: str, *, variables: bool, wide: bool, fill: bool = True) -> Pattern | None:
    """The same segment by segment; missing segments are anything."""
    segments: list[list[Token]] = [[]]
    for piece in _parsed(text, variables):
        texts = piece.split(":", _SEGMENTS - len(segments)) if isinstance(piece, str) else [piece]
        for place, part in enumerate(texts):
            if place:
                segments.append([])
            but = ":" if len(segments) < _SEGMENTS else ""
            made = _piece(part, wild=True, but=but, fold=False, wide=wide)
            if made is None:
                return None
            segments[-1] += made
    if len(segments) < _SEGMENTS and not fill:
        return _glob(text, variables, wide)
    for place in range(len(segments), _SEGMENTS):
        segments.append([Token(but=":" if place < _SEGMENTS - 1 else "", star=True)])
    return segmented([tuple(segment) for segment in segments])


_RELATIONS = {
    "equals": "==",
    "lessthan": "<",
    "lessthanequals": "<=",
    "greaterthan": ">",
    "greaterthanequals": ">=",
}


def predicate(condition: Condition) -> Atom:
    """A condition without variables as a predicate."""
    found = _atom(condition, variables=False, over=True)
    assert found is not None
    return found


def _atom(condition: Condition, *, variables: bool, over: bool) -> Atom | None:
    """A condition as a predicate; None where it cannot be said exactly nor drawn to the side that is safe."""
    name, key, values = condition
    if not is_known(name):
        return None
    quantifier, colon, rest = name.partition(":")
    operator = (rest if colon else name).removesuffix("ifexists")
    if_exists = name.endswith("ifexists")
    quantifier = quantifier if colon else ""
    negated = "not" in operator
    kind, relation = _kind(operator)
    language = None
    if kind == "null":
        if not set(values) <= {"true", "false"} or not values:
            return None
    elif kind == "text":
        language = _texts(operator, values, variables=variables, wide=over != negated)
    elif not all(_understood(kind, value) for value in values):
        return None
    for_all, for_any = quantifier == "forallvalues", quantifier == "foranyvalue"
    return Atom(
        key=key,
        kind=kind,
        relation=relation,
        values=values,
        language=language,
        negated=negated,
        every=for_all or (negated and not for_any),
        several=bool(quantifier),
        absent=if_exists or for_all or (negated and not for_any),
    )


def _understood(kind: Kind, value: str) -> bool:
    """Whether a value is of the kind that its operator compares."""
    match kind:
        case "number":
            return number(value) is not None
        case "date":
            return moment(value) is not None
        case "address":
            return block(value) is not None
        case "truth":
            return value.lower() in ("true", "false")
        case _:
            return True


def _kind(operator: str) -> tuple[Kind, str]:
    if operator == "null":
        return "null", ""
    if operator == "bool":
        return "truth", "=="
    if operator == "binaryequals":
        return "bytes", "=="
    if operator.endswith("ipaddress"):
        return "address", "=="
    for prefix, kind in (("numeric", "number"), ("date", "date")):
        if operator.startswith(prefix):
            relation = _RELATIONS[operator.removeprefix(prefix).replace("notequals", "equals")]
            return ("number" if kind == "number" else "date"), relation
    return "text", operator


def _texts(operator: str, values: Iterable[str], *, variables: bool, wide: bool) -> Language:
    patterns: list[Pattern] = []
    for value in values:
        if operator.startswith("arn"):
            made = _arn(value, variables=variables, wide=wide, fill=False)
        else:
            wild = operator.endswith("like")
            made = _glob(value, variables, wide, wild=wild, fold=operator.endswith("ignorecase"))
        if made is not None:
            patterns.append(made)
    return Language.of(patterns)
