"""Expressions over quantities: a small grammar, checked whole, then columns.

    tilt_deg > 30 and (water_under_cover > 0.5 or upstream.depth_mm >= 100)

The grammar is a part of Python's own: numbers, names of quantities (one's own, or
`upstream.` that of the device it hangs from), + - * / and brackets, comparisons,
`and`, `or`, `not`, `abs`, `min`, `max`. Nothing else is let through, and nothing is
ever evaluated by Python: the tree is walked over numpy columns. The outcome is true,
false or unknown (Kleene): what an unknown reading could turn either way is unknown,
and dividing by zero is.
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

MOST_CHARACTERS = 500
"""Longest expression: one that is longer belongs into two rules."""

MOST = 1e15
"""Largest number in an expression; no quantity comes near it."""

UPSTREAM = "upstream"
"""How an expression names the device that the judged one hangs from."""

Numbers: TypeAlias = NDArray[np.float64]
"""Shape (n,); NaN is unknown."""

Truths: TypeAlias = tuple[NDArray[np.bool_], NDArray[np.bool_]]
"""Surely true and surely false, shape (n,) each; neither is unknown."""


@dataclass(frozen=True, slots=True, order=True)
class Operand:
    """One quantity that an expression names.

    Attributes:
        is_upstream: Whether it is that of the device upstream.
        quantity: Its name.
    """

    is_upstream: bool
    quantity: str


@dataclass(frozen=True, slots=True)
class Slip:
    """One thing that is wrong with an expression.

    Attributes:
        column: Where in the text, from 0.
        what: In words.
    """

    column: int
    what: str


class ExpressionError(ValueError):
    """An expression is wrong.

    Attributes:
        slips: Everything that is wrong, from left to right.
    """

    def __init__(self, slips: Sequence[Slip]) -> None:
        super().__init__("; ".join(f"column {s.column + 1}: {s.what}" for s in slips))
        self.slips = tuple(slips)


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression.

    Attributes:
        text: As its author wrote it.
        tree: Only nodes that the grammar knows.
        operands: The quantities it names, each once, in a fixed order.
    """

    text: str
    tree: ast.expr
    operands: tuple[Operand, ...]


class _Kind(Enum):
    NUMBER = "a number"
    TRUTH = "true or false"


_ARITHMETIC: Mapping[type[ast.operator], Callable[[Numbers, Numbers], Numbers]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}

_COMPARISONS: Mapping[
    type[ast.cmpop], Callable[[Numbers, Numbers], NDArray[np.bool_]]
] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}

_FUNCTIONS: Mapping[str, Callable[[NDArray[np.float64]], Numbers]] = {
    "abs": lambda stack: np.abs(stack[0]),
    "min": lambda stack: stack.min(axis=0),
    "max": lambda stack: stack.max(axis=0),
}


def parse_expression(text: str, quantities: frozenset[str]) -> Expression:
    """Return a checked expression.

    Args:
        text: As its author wrote it, on one line.
        quantities: Names that it may use.

    Raises:
        ExpressionError: If anything is wrong with it.
    """
    if len(text) > MOST_CHARACTERS:
        what = f"longer than {MOST_CHARACTERS} characters"
        raise ExpressionError([Slip(MOST_CHARACTERS, what)])
    text = text.strip()
    check = _Check(text, quantities)
    try:
        tree = ast.parse(text, mode="eval").body
        check.wants(tree, _Kind.TRUTH)
    except SyntaxError as error:
        place = (error.offset or len(text) + 1) - 1  # 0: the end came too soon
        slip = Slip(max(place, 0), f"cannot be read: {error.msg}")
        raise ExpressionError([slip]) from error
    except (ValueError, MemoryError, RecursionError) as error:
        raise ExpressionError([Slip(0, f"cannot be read: {error}")]) from error
    if check.slips:
        raise ExpressionError(sorted(check.slips, key=lambda slip: slip.column))
    return Expression(text, tree, tuple(sorted(check.operands)))


def evaluate(
    expression: Expression, columns: Mapping[Operand, Numbers]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return whether it is true, and whether that is known; shape (n,) each.

    Args:
        expression: What to evaluate.
        columns: One column per operand, all of shape (n,); NaN where unknown.
    """
    length = len(next(iter(columns.values()))) if columns else 1
    walk = _Walk(columns, length)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        true, false = walk.truth(expression.tree)
    return true, true | false


class _Check:
    """Walks a tree once and notes every node that the grammar does not know."""

    def __init__(self, text: str, quantities: frozenset[str]) -> None:
        self._text = text
        self.slips: list[Slip] = []
        self.operands: set[Operand] = set()
        self._quantities = quantities

    def wants(self, node: ast.expr, kind: _Kind) -> None:
        found = self._kind(node)
        if found is not None and found is not kind:
            self._slip(node, f"must be {kind.value}, and is {found.value}")

    def _kind(self, node: ast.expr) -> _Kind | None:  # noqa: PLR0911 one per kind of node
        """Return what a node gives; None, and a slip, where that is nothing."""
        match node:
            case ast.BoolOp(values=parts):
                return self._all(parts, _Kind.TRUTH, gives=_Kind.TRUTH)
            case ast.UnaryOp(op=ast.Not(), operand=part):
                return self._all([part], _Kind.TRUTH, gives=_Kind.TRUTH)
            case ast.UnaryOp(op=ast.USub(), operand=part):
                return self._all([part], _Kind.NUMBER, gives=_Kind.NUMBER)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return self._all([left, right], _Kind.NUMBER, gives=_Kind.NUMBER)
            case ast.Compare(left=left, ops=ops, comparators=others) if all(
                type(op) in _COMPARISONS for op in ops
            ):
                return self._all([left, *others], _Kind.NUMBER, gives=_Kind.TRUTH)
            case ast.Call(func=ast.Name(id=name), args=parts, keywords=[]) if (
                name in _FUNCTIONS
            ):
                return self._call(node, name, parts)
            case ast.Constant(value=int() | float() as value) if not isinstance(
                value, bool
            ):
                return self._number(node, value)
            case ast.Name(id=name):
                return self._named(node, name, is_upstream=False)
            case ast.Attribute(value=ast.Name(id=whose), attr=name) if (
                whose == UPSTREAM
            ):
                return self._named(node, name, is_upstream=True)
            case _:
                self._slip(node, "is not part of the grammar")
                return None

    def _all(self, parts: Sequence[ast.expr], kind: _Kind, *, gives: _Kind) -> _Kind:
        for part in parts:
            self.wants(part, kind)
        return gives

    def _call(self, node: ast.expr, name: str, parts: Sequence[ast.expr]) -> _Kind:
        if (len(parts) == 1) != (name == "abs") or not parts:
            wanted = "one argument" if name == "abs" else "two or more arguments"
            self._slip(node, f"{name} takes {wanted}")
        return self._all(parts, _Kind.NUMBER, gives=_Kind.NUMBER)

    def _number(self, node: ast.expr, value: float) -> _Kind:
        if not abs(value) <= MOST:
            self._slip(node, "is too large")
        return _Kind.NUMBER

    def _named(self, node: ast.expr, name: str, *, is_upstream: bool) -> _Kind:
        if name not in self._quantities:
            self._slip(node, f"{name} is not a quantity")
        self.operands.add(Operand(is_upstream, name))
        return _Kind.NUMBER

    def _slip(self, node: ast.expr, what: str) -> None:
        # The tree counts octets.
        before = self._text.encode()[: node.col_offset].decode(errors="ignore")
        self.slips.append(Slip(len(before), f"{ast.unparse(node)}: {what}"))


@dataclass(frozen=True, slots=True)
class _Walk:
    columns: Mapping[Operand, Numbers]
    length: int

    def truth(self, node: ast.expr) -> Truths:
        match node:
            case ast.BoolOp(op=ast.And(), values=parts):
                return _every([self.truth(part) for part in parts])
            case ast.BoolOp(values=parts):
                return _negated(_every([_negated(self.truth(part)) for part in parts]))
            case ast.UnaryOp(operand=part):
                return _negated(self.truth(part))
            case ast.Compare(left=left, ops=ops, comparators=others):
                sides = [self.number(side) for side in (left, *others)]
                pairs = zip(ops, sides, sides[1:], strict=False)
                return _every([_compared(*pair) for pair in pairs])
            case _:
                raise AssertionError(ast.dump(node))  # the check lets nothing else in

    def number(self, node: ast.expr) -> Numbers:
        match node:
            case ast.Constant(value=int() | float() as value):
                return np.full(self.length, float(value))
            case ast.Name(id=name):
                return self.columns[Operand(False, name)]  # noqa: FBT003 a field, by place
            case ast.Attribute(attr=name):
                return self.columns[Operand(True, name)]  # noqa: FBT003 the same
            case ast.UnaryOp(operand=part):
                return -self.number(part)
            case ast.BinOp(left=left, op=op, right=right):
                found = _ARITHMETIC[type(op)](self.number(left), self.number(right))
                return np.where(np.isfinite(found), found, np.nan)
            case ast.Call(func=ast.Name(id=name), args=parts):
                return _FUNCTIONS[name](np.stack([self.number(p) for p in parts]))
            case _:
                raise AssertionError(ast.dump(node))  # the check lets nothing else in


def _compared(op: ast.cmpop, left: Numbers, right: Numbers) -> Truths:
    known = ~(np.isnan(left) | np.isnan(right))
    found = _COMPARISONS[type(op)](left, right)
    return known & found, known & ~found


def _every(parts: Sequence[Truths]) -> Truths:
    true = np.logical_and.reduce([part[0] for part in parts])
    false = np.logical_or.reduce([part[1] for part in parts])
    return true, false


def _negated(part: Truths) -> Truths:
    true, false = part
    return false, true
