"""The small changes that :mod:`benchmarks.mutants` makes to a module's source."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

COMPARED = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.In: "not in", ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is",
}  # fmt: skip
COMBINED = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.FloorDiv: "*", ast.Mod: "*",
    ast.Pow: "*", ast.LShift: ">>", ast.RShift: "<<", ast.BitAnd: "|", ast.BitOr: "&",
    ast.MatMult: "*",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: bytes ``start`` to ``end`` of the file become ``now``.

    ``line`` to ``last`` are the lines of the statement it is in, counted from 1.
    """

    path: Path
    line: int
    last: int
    start: int
    end: int
    was: str
    now: str


def mutated(source: bytes, mutant: Mutant) -> bytes:
    """The source with the change."""
    return source[: mutant.start] + mutant.now.encode() + source[mutant.end :]


def mutants_of(path: Path) -> list[Mutant]:
    """All changes of one module, in the order of their places."""
    source = path.read_bytes()
    found = _Finder(path, source)
    found.visit(ast.parse(source))
    return sorted(found.mutants, key=lambda one: (one.start, one.end, one.now))


class _Finder(ast.NodeVisitor):
    """Walks a module; annotations, docstrings and the words of errors stay as they are."""

    def __init__(self, path: Path, source: bytes) -> None:
        self.path, self.source = path, source
        self.mutants: list[Mutant] = []
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.lines = (1, 1)
        self.telling = False  # inside a raise statement

    def visit(self, node: ast.AST) -> None:
        before = self.lines, self.telling
        if isinstance(node, ast.stmt):
            simple = not hasattr(node, "body")
            last = node.end_lineno if simple and node.end_lineno else node.lineno
            self.lines = (node.lineno, last)
        self.telling = self.telling or isinstance(node, ast.Raise)
        super().visit(node)
        self.lines, self.telling = before

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self.visit(default)
        for statement in node.body:
            self.visit(statement)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases):
            return  # it is never run
        for statement in node.body:  # not how it is decorated
            self.visit(statement)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)  # type: ignore[arg-type]

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):  # a docstring
            return
        if isinstance(node.value, ast.Call):
            self._add(node, "pass")
        self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Words with values in them are for people."""

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.value, ast.Name) and node.value.id == "Literal":
            return
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        self._not(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._not(node.test)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            self._between(left, right, COMPARED[type(operator)])
            left = right
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self._between(node.left, node.right, COMBINED[type(node.op)])
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        now = COMBINED[type(node.op)] + "="
        self._between(node.target, node.value, now)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        now = "or" if isinstance(node.op, ast.And) else "and"
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._between(left, right, now)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not | ast.USub):
            self._add(node, f"({self._text(node.operand)})")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self._add(node, str(not value))
        elif isinstance(value, int):
            self._add(node, str(value + 1))
        elif isinstance(value, float):
            self._add(node, repr(2 * value if value else 1.0))
        elif isinstance(value, str | bytes) and not self.telling:
            other: str | bytes = b"X" if isinstance(value, bytes) else "X"
            self._add(node, repr(value[:0] if value else other))

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not isinstance(node.value, ast.Constant):
            self._add(node, "return None")
        self.generic_visit(node)

    def visit_Break(self, node: ast.Break) -> None:
        self._add(node, "continue")

    def visit_Continue(self, node: ast.Continue) -> None:
        self._add(node, "break")

    def _not(self, test: ast.expr) -> None:
        self._add(test, f"(not ({self._text(test)}))")

    def _between(self, left: ast.expr, right: ast.expr, now: str) -> None:
        """The operator between two operands; what else stands there (brackets, comments) stays."""
        begin, end = self._end(left), self._start(right)
        text = self.source[begin:end].decode()
        operator = re.search(
            r"is not|not in|is|in|and|or|[-+*/%@<>=!&|^]+", re.sub("#.*", "", text)
        )
        if operator is not None and "#" not in text:
            start = begin + len(text[: operator.start()].encode())
            stop = start + len(operator[0].encode())
            self._put(start, stop, operator[0], now)

    def _add(self, node: ast.expr | ast.stmt, now: str) -> None:
        self._put(self._start(node), self._end(node), self._text(node), now)

    def _put(self, start: int, end: int, was: str, now: str) -> None:
        if was != now:
            shown = " ".join(was.split())
            self.mutants.append(Mutant(self.path, *self.lines, start, end, shown[:100], now))

    def _start(self, node: ast.expr | ast.stmt) -> int:
        return self.starts[node.lineno - 1] + node.col_offset

    def _end(self, node: ast.expr | ast.stmt) -> int:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self.starts[node.end_lineno - 1] + node.end_col_offset

    def _text(self, node: ast.expr | ast.stmt) -> str:
        return self.source[self._start(node) : self._end(node)].decode()
