"""A document as rules look at it: statements with every value and its place, however wrong they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from xacct.policy.jsontext import JsonFault, JsonList, JsonObject, Node, parse_json
from xacct.policy.lint.finding import Finding, Kind
from xacct.policy.malformed import MalformedDocument, problems_of
from xacct.problem import Place, Severity


@dataclass(frozen=True, slots=True)
class Value:
    """A text (numbers and truths as their texts), its path, and where it stands."""

    text: str
    path: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One key of a condition with its operator and values; ``block`` is the place of the operator."""

    operator: Value
    key: Value
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One statement; ``parts`` are the elements it has, whatever they hold."""

    path: str
    at: int
    index: int
    parts: dict[str, Node]
    effect: str
    sid: Value | None
    values: dict[str, tuple[Value, ...]]
    principals: tuple[tuple[str, Value], ...]
    tests: tuple[Test, ...]

    @property
    def allows(self) -> bool:
        """Whether it is an Allow."""
        return self.effect == "Allow"

    def of(self, *names: str) -> tuple[Value, ...]:
        """The values of the first of these elements that the statement has."""
        return next((self.values[name] for name in names if name in self.values), ())


@dataclass(slots=True)
class Sheet:
    """A document under review and what was found so far."""

    text: str
    kind: Kind
    clauses: tuple[Clause, ...] = ()
    top: dict[str, Node] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    found: list[Finding] = field(default_factory=list)

    def say(
        self, severity: Severity, rule: str, where: Value | tuple[str, int], message: str, fix: str
    ) -> None:
        """Add a finding at a value or at a path with its offset."""
        path, at = (where.path, where.at) if isinstance(where, Value) else where
        line = self.text.count("\n", 0, at) + 1
        column = at - (self.text.rfind("\n", 0, at) + 1) + 1
        self.found.append(
            Finding(
                rule=rule,
                severity=severity,
                path=path,
                message=message,
                fix=fix,
                place=Place("", line, column),
            )
        )

    def error(self, rule: str, where: Value | tuple[str, int], message: str, fix: str) -> None:
        """The service refuses it, or it never does what it says."""
        self.say(Severity.ERROR, rule, where, message, fix)

    def warn(self, rule: str, where: Value | tuple[str, int], message: str, fix: str) -> None:
        """It gives more, or less, than one would think."""
        self.say(Severity.WARNING, rule, where, message, fix)

    def remark(self, rule: str, where: Value | tuple[str, int], message: str, fix: str) -> None:
        """It can stay, and could be better."""
        self.say(Severity.INFO, rule, where, message, fix)


def read(text: str, kind: Kind | None) -> Sheet:
    """The document as far as it makes sense.

    Raises:
        MalformedDocument: it is no JSON, no object, or has no Statement: no policy at all.
    """
    try:
        top = parse_json(text)
    except JsonFault:
        raise MalformedDocument(problems_of(text)) from None
    if not isinstance(top.value, JsonObject) or all(key != "Statement" for key, _, _ in top.value.members):
        raise MalformedDocument(problems_of(text))
    sheet = Sheet(text, kind or "identity")
    sheet.top = _members(sheet, top.value, "")
    node = sheet.top["Statement"]
    if isinstance(node.value, JsonList):
        bodies = [(f"Statement[{number}]", item) for number, item in enumerate(node.value.items)]
        if not bodies:
            sheet.error(
                "no-statements",
                ("Statement", node.start),
                "The document has no statement, so that it says nothing.",
                "Add a statement, or delete the document.",
            )
    else:
        bodies = [("Statement", node)]
    clauses = [_clause(sheet, path, body, index) for index, (path, body) in enumerate(bodies)]
    sheet.clauses = tuple(clause for clause in clauses if clause is not None)
    if kind is None:
        sheet.kind = _guess(sheet.clauses)
    return sheet


def _guess(clauses: Sequence[Clause]) -> Kind:
    """By what only a document of the kind has."""
    if not any("Principal" in clause.parts or "NotPrincipal" in clause.parts for clause in clauses):
        return "identity"
    services = {
        value.text.partition(":")[0].lower()
        for clause in clauses
        for value in clause.of("Action", "NotAction")
    }
    if services == {"sts"}:
        return "trust"
    return "kms" if services == {"kms"} else "resource"


def _members(sheet: Sheet, given: JsonObject, path: str) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for key, at, value in given.members:
        where = f"{path}.{key}" if path else key
        if key in found:
            sheet.error(
                "duplicate-key",
                (where, at),
                f"{key} stands twice in one object; only one of them counts.",
                "Keep one of them.",
            )
        found[key] = value
    return found


def _clause(sheet: Sheet, path: str, node: Node, index: int) -> Clause | None:
    if not isinstance(node.value, JsonObject):
        sheet.error("wrong-type", (path, node.start), "A statement must be an object.", "Write {...}.")
        return None
    parts = _members(sheet, node.value, path)
    values: dict[str, tuple[Value, ...]] = {
        name: tuple(_texts(sheet, parts[name], f"{path}.{name}"))
        for name in ("Action", "NotAction", "Resource", "NotResource")
        if name in parts
    }
    principals: list[tuple[str, Value]] = []
    for name in ("Principal", "NotPrincipal"):
        if name in parts:
            principals += _principals(sheet, parts[name], f"{path}.{name}")
    sid = parts.get("Sid")
    effect = parts.get("Effect")
    return Clause(
        path=path,
        at=node.start,
        index=index,
        parts=parts,
        effect=str(effect.value) if effect and isinstance(effect.value, str) else "",
        sid=Value(sid.value, f"{path}.Sid", sid.start) if sid and isinstance(sid.value, str) else None,
        values=values,
        principals=tuple(principals),
        tests=tuple(_tests(sheet, parts["Condition"], f"{path}.Condition")) if "Condition" in parts else (),
    )


def _texts(sheet: Sheet, node: Node, path: str) -> Iterator[Value]:
    several = isinstance(node.value, JsonList)
    items = node.value.items if isinstance(node.value, JsonList) else [node]
    if several and not items:
        element = path.rpartition(".")[2]
        sheet.remark(
            "empty-list",
            (path, node.start),
            f"{element} is empty, so that the statement has no effect.",
            "Fill it, or take the statement out.",
        )
    for number, item in enumerate(items):
        where = f"{path}[{number}]" if several else path
        if isinstance(item.value, JsonObject | JsonList) or item.value is None:
            sheet.error("wrong-type", (where, item.start), "A text is expected here.", "Write a text.")
            continue
        text = str(item.value).lower() if isinstance(item.value, bool) else str(item.value)
        yield Value(text, where, item.start)


def _principals(sheet: Sheet, node: Node, path: str) -> Iterator[tuple[str, Value]]:
    if node.value == "*":
        yield "*", Value("*", path, node.start)
        return
    if not isinstance(node.value, JsonObject):
        sheet.error(
            "wrong-type",
            (path, node.start),
            'A principal must be "*" or an object such as {"AWS": ...}.',
            'Write {"AWS": "arn:..."}.',
        )
        return
    if not node.value.members:
        sheet.remark("empty-list", (path, node.start), "It names nobody.", "Name somebody, or take it out.")
    for kind, value in _members(sheet, node.value, path).items():
        for text in _texts(sheet, value, f"{path}.{kind}"):
            yield kind, text


def _tests(sheet: Sheet, node: Node, path: str) -> Iterator[Test]:
    if not isinstance(node.value, JsonObject):
        sheet.error("wrong-type", (path, node.start), "A condition must be an object.", "Write {...}.")
        return
    if not node.value.members:
        sheet.remark("empty-condition", (path, node.start), "The condition is empty.", "Take it out.")
    _members(sheet, node.value, path)
    for operator, at, keys in node.value.members:
        if not isinstance(keys.value, JsonObject):
            sheet.error(
                "wrong-type",
                (f"{path}.{operator}", keys.start),
                "An operator holds an object of keys and values.",
                'Write {"aws:SourceIp": "192.0.2.0/24"}.',
            )
            continue
        if not keys.value.members:
            sheet.remark(
                "empty-condition", (f"{path}.{operator}", keys.start), "It asks for nothing.", "Take it out."
            )
        _members(sheet, keys.value, f"{path}.{operator}")
        for key, key_at, values in keys.value.members:
            where = f"{path}.{operator}.{key}"
            yield Test(
                operator=Value(operator, f"{path}.{operator}", at),
                key=Value(key, where, key_at),
                values=tuple(_texts(sheet, values, where)),
            )
