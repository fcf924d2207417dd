"""Small faults in pure modules: an operator flipped, a number one off, another member answered, a step left out."""

import ast
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

from wallet.accounts import ChangeOutcome
from wallet.transfers import Outcome

_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add,
}  # fmt: skip
_FAULTY = (ast.Compare, ast.BoolOp, ast.BinOp, ast.AugAssign, ast.Constant, ast.Attribute, ast.UnaryOp, ast.Expr)
_MEMBERS = {"Outcome": list(Outcome.__members__), "ChangeOutcome": list(ChangeOutcome.__members__)}


@dataclass(frozen=True)
class Mutant:
    """One fault: where it is, what it says there now, and the module's text with it."""

    module: str
    line: int
    what: str
    text: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.what}"


def mutants(module: str) -> list[Mutant]:
    """Every fault of a module, in the order of its text."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    with open(spec.origin, encoding="utf-8") as source:  # noqa: PTH123 - a path as importlib gives it
        tree = ast.parse(source.read())
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found: list[Mutant] = []
    for node in list(ast.walk(tree)):
        for choice in range(2) if isinstance(node, _FAULTY) else ():
            whole = {name: list(value) if isinstance(value, list) else value for name, value in vars(node).items()}
            what = _fault(node, parents[node], choice)
            if what is not None:
                text = ast.unparse(ast.fix_missing_locations(tree))
                found.append(Mutant(module, getattr(node, "lineno", 0), what, text))
            vars(node).update(whole)
    return found


def _fault(node: ast.AST, parent: ast.AST, choice: int) -> str | None:
    """Put a fault into a node, in place; what it says then, None if there is no such choice."""
    if choice == 0 and isinstance(node, ast.Compare | ast.BoolOp | ast.BinOp | ast.AugAssign):
        return _flip(node)
    if isinstance(node, ast.Compare) and len(node.ops) > 1:
        node.ops[1] = _OPERATORS[type(node.ops[1])]()  # type: ignore[call-overload]
        return ast.unparse(node)
    if isinstance(node, ast.Constant) and type(node.value) is int:
        node.value += 1 - 2 * choice
        return f"{node.value} in {ast.unparse(parent)}"
    if choice:
        return None
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in _MEMBERS:
        members = _MEMBERS[node.value.id]
        node.attr = members[(members.index(node.attr) + 1) % len(members)]
        return ast.unparse(node)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        node.operand = ast.UnaryOp(ast.Not(), node.operand)
        return ast.unparse(node)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        left_out = ast.unparse(node)
        node.value = ast.Constant(None)
        return f"without {left_out}"
    return None


def _flip(node: ast.Compare | ast.BoolOp | ast.BinOp | ast.AugAssign) -> str | None:
    if isinstance(node, ast.Compare):
        node.ops[0] = _OPERATORS[type(node.ops[0])]()  # type: ignore[call-overload]
    elif type(node.op) in _OPERATORS:
        node.op = _OPERATORS[type(node.op)]()  # type: ignore[assignment]
    else:
        return None
    return ast.unparse(node)


@contextmanager
def in_place(mutant: Mutant | None, modules: Sequence[str]) -> Iterator[dict[str, ModuleType]]:
    """Fresh copies of these modules, in the order in which they need each other, one of them with the fault."""
    before = {name: sys.modules.get(name) for name in modules}
    try:
        yield {name: _load(name, mutant) for name in modules}
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def _load(name: str, mutant: Mutant | None) -> ModuleType:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if mutant is not None and mutant.module == name:
        exec(compile(mutant.text, str(mutant), "exec"), module.__dict__)  # noqa: S102 - our own text, one node of it changed
    else:
        spec.loader.exec_module(module)
    return module
