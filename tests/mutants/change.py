"""Small changes to a function, one at a time: each a mistake that a person could make."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
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
    places = [node for node in ast.walk(tree) if hasattr(node, "lineno")]
    owners = _owners(tree)
    for number, node in enumerate(places):
        owner = owners.get(id(node))
        if owner is None:
            continue
        for variant, what in enumerate(_changes(node)):
            changed = copy.deepcopy(tree)
            target = [one for one in ast.walk(changed) if hasattr(one, "lineno")][number]
            _apply(changed, target, variant)
            ast.fix_missing_locations(changed)
            code = _find(compile(changed, filename, "exec"), owner)
            if code is not None:
                yield Mutant(module, owner, node.lineno, f"{what} in {_shown(node)}", code)  # type: ignore[attr-defined]


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


def _apply(tree: ast.Module, node: ast.AST, variant: int) -> None:
    match node:
        case ast.Compare():
            node.ops[variant] = _COMPARES[type(node.ops[variant])]()
        case ast.BoolOp(op=op):
            node.op = ast.Or() if isinstance(op, ast.And) else ast.And()
        case ast.BinOp(op=op):
            node.op = _OPERATORS[type(op)]()
        case ast.Return():
            node.value = ast.Constant(None)
        case ast.Constant(value=bool() as value):
            node.value = not value
        case ast.Constant(value=int() as value):
            node.value = value + 1
        case ast.Constant(value=str() as value):
            node.value = f"{value}~"
        case ast.IfExp():
            node.body, node.orelse = node.orelse, node.body
        case ast.UnaryOp():
            _replace(tree, node, node.operand)
        case ast.Continue():
            _replace(tree, node, ast.Break())
        case ast.Break():
            _replace(tree, node, ast.Continue())


def _replace(tree: ast.Module, node: ast.AST, other: ast.AST) -> None:
    class Exchange(ast.NodeTransformer):
        def visit(self, one: ast.AST) -> ast.AST:
            return ast.copy_location(other, node) if one is node else self.generic_visit(one)

    Exchange().visit(tree)


def _owners(tree: ast.Module) -> dict[int, str]:
    """The outermost function around each node, by identity; none for docstrings and annotations."""
    found: dict[int, str] = {}
    for qualified, function in _functions(tree, ""):
        skipped = {
            id(node) for inner in ast.walk(function) for one in _unchanged(inner) for node in ast.walk(one)
        }
        for part in function.body:
            found.update({id(node): qualified for node in ast.walk(part) if id(node) not in skipped})
    return found


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


def _functions(tree: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in getattr(tree, "body", ()):
        if isinstance(node, ast.FunctionDef):
            yield f"{prefix}{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{prefix}{node.name}.")


def _find(code: CodeType, qualified: str) -> CodeType | None:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_qualname == qualified:
                return constant
            found = _find(constant, qualified)
            if found is not None:
                return found
    return None
