"""Small changes to a function, one at a time: each a mistake that a person could make."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType

_COMPARES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Mult: ast.Add,
}


@dataclass(frozen=True)
class Mutant:
    """One changed function: where it is, what was changed, and its code."""

    module: str
    function: str
    line: int
    what: str
    code: CodeType

    def __str__(self) -> str:
        """As a list of survivors has it; without the line, so that it stays true for a while."""
        return f"{self.module}:{self.function}: {self.what}"


def mutants(module: str, source: str, filename: str) -> Iterator[Mutant]:
    """Every mutant of every function of a module; texts for people are left alone."""
    tree = ast.parse(source)
    for qualified, function, alone in _functions(tree):
        parents = {id(child): node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
        skipped = {
            id(node) for inner in ast.walk(function) for one in _unchanged(inner) for node in ast.walk(one)
        }
        nodes = [node for part in function.body for node in ast.walk(part) if id(node) not in skipped]
        for node in nodes:
            for variant, what in enumerate(_changes(node)):
                shown = _shown(node)
                with _changed(node, parents[id(node)], variant):
                    code = _find(compile(alone, filename, "exec"), qualified)
                yield Mutant(module, qualified, node.lineno, f"{what} in {shown}", code)  # type: ignore[attr-defined]


def watched(source: str, filename: str, name: str) -> Iterator[tuple[str, CodeType]]:
    """Every function by its qualified name, made to add that name to the global set ``name`` when it is called."""
    for qualified, function, alone in _functions(ast.parse(source)):
        note = ast.parse(f"{name}.add({qualified!r})").body[0]
        function.body.insert(0, ast.copy_location(note, function.body[0]))
        ast.fix_missing_locations(function)
        yield qualified, _find(compile(alone, filename, "exec"), qualified)


def _shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 70 else f"{text[:67]}..."


def _changes(node: ast.AST) -> list[str]:
    match node:
        case ast.Compare(ops=ops):
            return [f"{type(op).__name__} to {_COMPARES[type(op)].__name__}" for op in ops]
        case ast.BoolOp(op=op):
            return ["and to or" if isinstance(op, ast.And) else "or to and"]
        case ast.UnaryOp(op=ast.Not()):
            return ["not left out"]
        case ast.BinOp(op=op) if type(op) in _OPERATORS:
            return [f"{type(op).__name__} to {_OPERATORS[type(op)].__name__}"]
        case ast.Return(value=value) if value is not None and not _is_nothing(value):
            return ["None returned"]
        case ast.Constant(value=bool()):
            return ["turned round"]
        case ast.Constant(value=int()):
            return ["one more"]
        case ast.Constant(value=str() as text) if " " not in text and len(text) < 40:
            return ["another text"]
        case ast.Continue():
            return ["continue to break"]
        case ast.Break():
            return ["break to continue"]
        case ast.IfExp():
            return ["the other way round"]
    return []


def _is_nothing(node: ast.expr) -> bool:
    """What None is as good as, in a condition: the change would be none."""
    return isinstance(node, ast.Constant) and not node.value


@contextmanager
def _changed(node: ast.AST, parent: ast.AST, variant: int) -> Iterator[None]:
    """The tree with one node changed; as it was again afterwards."""
    kept, kept_in = dict(vars(node)), dict(vars(parent))
    match node:
        case ast.Compare():
            node.ops = [
                _COMPARES[type(op)]() if place == variant else op for place, op in enumerate(node.ops)
            ]
        case ast.BoolOp(op=op):
            node.op = ast.Or() if isinstance(op, ast.And) else ast.And()
        case ast.BinOp(op=op):
            node.op = _OPERATORS[type(op)]()
        case ast.Return():
            node.value = ast.copy_location(ast.Constant(None), node)
        case ast.Constant(value=bool() as value):
            node.value = not value
        case ast.Constant(value=int() as value):
            node.value = value + 1
        case ast.Constant(value=str() as value):
            node.value = f"{value}~"
        case ast.IfExp():
            node.body, node.orelse = node.orelse, node.body
        case ast.UnaryOp():
            _replace(parent, node, node.operand)
        case ast.Continue():
            _replace(parent, node, ast.copy_location(ast.Break(), node))
        case ast.Break():
            _replace(parent, node, ast.copy_location(ast.Continue(), node))
    try:
        yield
    finally:
        vars(node).update(kept)
        vars(parent).update(kept_in)


def _replace(parent: ast.AST, node: ast.AST, other: ast.AST) -> None:
    for name, value in ast.iter_fields(parent):
        if value is node:
            setattr(parent, name, other)
        elif isinstance(value, list):
            setattr(parent, name, [other if one is node else one for one in value])


def _unchanged(node: ast.AST) -> Iterator[ast.AST]:
    """What has no effect, or only on the wording for people: docstrings, annotations, texts between braces."""
    match node:
        case ast.FunctionDef():
            if ast.get_docstring(node, clean=False) is not None:
                yield node.body[0]
            yield from (one for one in (node.returns,) if one is not None)
        case ast.arg(annotation=annotation) if annotation is not None:
            yield annotation
        case ast.AnnAssign(annotation=annotation):
            yield annotation
        case ast.JoinedStr(values=values):
            yield from (one for one in values if isinstance(one, ast.Constant))


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef, ast.Module]]:
    """The outermost functions by their qualified names, each with a module in which it stands alone."""
    future = [one for one in tree.body if isinstance(one, ast.ImportFrom) and one.module == "__future__"]

    def alone(*body: ast.stmt) -> ast.Module:
        return ast.Module(body=[*future, *body], type_ignores=[])

    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node, alone(node)
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef):
                    around = ast.ClassDef(node.name, [], [], [inner], [])
                    yield f"{node.name}.{inner.name}", inner, alone(ast.copy_location(around, node))


def _find(code: CodeType, qualified: str) -> CodeType:
    for name in qualified.split("."):
        code = next(one for one in code.co_consts if isinstance(one, CodeType) and one.co_name == name)
    return code
