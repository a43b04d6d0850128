"""What is wrong with a text that is no policy document, each problem with its place."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from xacct.errors import ExitCode, XacctError
from xacct.policy.jsontext import JsonFault, JsonList, JsonObject, Node, parse_json
from xacct.policy.normal import NEW, OLD, PAIRS, PARTS, PRINCIPALS, TOP
from xacct.problem import Place, Problem


class MalformedDocument(XacctError):
    """A text that is no policy document; ``problems`` says all that is wrong with it, each with its place."""

    exit_code = ExitCode.PROBLEM

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def not_text(at: int) -> MalformedDocument:
    """Bytes that are no UTF-8 from this one on."""
    return MalformedDocument([_problem("", at, "Not text", "It is not UTF-8.", "Save it as UTF-8.")])


def problems_of(text: str) -> tuple[Problem, ...]:
    """Everything that keeps a text from being a policy document; nothing where it is one."""
    reader = _Reader(text)
    try:
        reader.document(parse_json(text))
    except JsonFault as fault:
        return (_problem(text, fault.at, "Not JSON", f"Not JSON: {fault.why}.", "Correct the JSON."),)
    return tuple(reader.problems)


class _Reader:
    """Walks the tree of a text and gathers what is wrong with it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.problems: list[Problem] = []

    def wrong(self, at: int, summary: str, detail: str, fix: str = "Correct the document.") -> None:
        self.problems.append(_problem(self.text, at, summary, detail, fix))

    def members(self, node: Node, path: str, known: Collection[str] = ()) -> dict[str, Node]:
        """The members of an object by their name; unknown and doubled ones are problems."""
        if not isinstance(node.value, JsonObject):
            self.wrong(node.start, "Not an object", f"{path or 'The document'} must be an object.")
            return {}
        found: dict[str, Node] = {}
        for key, at, value in node.value.members:
            where = f"{path}.{key}" if path else key
            if key in found:
                self.wrong(at, "The same key twice", f"{where} stands twice; only one of them would count.")
            elif known and key not in known:
                self.wrong(at, "Unknown element", f"{where} is no element of a policy.")
            found[key] = value
        return found

    def document(self, top: Node) -> None:
        parts = self.members(top, "", TOP)
        version = parts.get("Version")
        if version and version.value not in (OLD, NEW):
            self.wrong(
                version.start, "Unknown version", f"Version must be {NEW} or {OLD}.", f'Write "{NEW}".'
            )
        name = parts.get("Id")
        if name and not isinstance(name.value, str):
            self.wrong(name.start, "Not a text", "Id must be a text.")
        node = parts.get("Statement")
        if node is None:
            if isinstance(top.value, JsonObject):
                self.wrong(top.start, "No statement", "The document has no Statement.")
        elif isinstance(node.value, JsonList):
            for index, item in enumerate(node.value.items):
                self.statement(item, f"Statement[{index}]")
        else:
            self.statement(node, "Statement")

    def statement(self, node: Node, path: str) -> None:
        parts = self.members(node, path, PARTS)
        if not isinstance(node.value, JsonObject):
            return
        for one, other in PAIRS:
            if one in parts and other in parts:
                self.wrong(
                    parts[other].start, "Two that exclude each other", f"{path} has {one} and {other}."
                )
        if "Effect" not in parts or parts["Effect"].value not in ("Allow", "Deny"):
            at = parts["Effect"].start if "Effect" in parts else node.start
            self.wrong(at, "No effect", f"{path}.Effect must be Allow or Deny.")
        if "Sid" in parts and not isinstance(parts["Sid"].value, str):
            self.wrong(parts["Sid"].start, "Not a text", f"{path}.Sid must be a text.")
        if "Action" not in parts and "NotAction" not in parts:
            self.wrong(node.start, "No action", f"{path} has neither Action nor NotAction.")
        for name in ("Action", "NotAction", "Resource", "NotResource"):
            if name in parts:
                self.texts(parts[name], f"{path}.{name}")
        for name in ("Principal", "NotPrincipal"):
            if name in parts:
                self.principals(parts[name], f"{path}.{name}")
        if "Condition" in parts:
            for operator, tests in self.members(parts["Condition"], f"{path}.Condition").items():
                for key, values in self.members(tests, f"{path}.Condition.{operator}").items():
                    self.texts(values, f"{path}.Condition.{operator}.{key}")

    def texts(self, node: Node, path: str) -> None:
        several = isinstance(node.value, JsonList)
        for number, item in enumerate(node.value.items if isinstance(node.value, JsonList) else [node]):
            if isinstance(item.value, JsonObject | JsonList) or item.value is None:
                where = f"{path}[{number}]" if several else path
                self.wrong(item.start, "Not a text", f"{where} must be a text.")

    def principals(self, node: Node, path: str) -> None:
        if node.value == "*":
            return
        if not isinstance(node.value, JsonObject):
            detail = f'{path} must be "*" or an object such as {{"AWS": ...}}.'
            self.wrong(node.start, "Not a principal", detail)
            return
        for kind, value in self.members(node, path).items():
            if kind not in PRINCIPALS:
                self.wrong(
                    value.start, "Unknown kind of principal", f"{path}.{kind} is no kind of principal."
                )
            self.texts(value, f"{path}.{kind}")


def _problem(text: str, at: int, summary: str, detail: str, fix: str) -> Problem:
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    return Problem(summary=summary, detail=detail, fix=fix, place=Place("", line, column))
