"""Expressions as equations: with other choices put into them, and in the signs of a textbook."""

import ast
import re
from collections.abc import Callable, Mapping
from functools import cache

from lstm_checks.museum.textbook import GATES

# What is put into an equation in place of its name, so that one line tells all.
PUT_IN = frozenset(
    f"{name}_{gate}" for name in ("xW", "hU", "bias", "z", "slope") for gate in GATES
)
SHOWN = {
    "c_next": "c'",
    "h_next": "h'",
    "x_t": "x",
    "tanh_c": "tanh(c')",
    "dh": "dh_next",
    "dc": "dc_next",
    "dh_all": "dh",
    "dc_all": "dc",
    "y_t": "y",
}
SIGNS = (
    (r"(\w)\.T\b", r"\1ᵀ"),
    (r" @ ", "·"),
    (r" \* ", "·"),
    (r" \*\* 2\b", "²"),
    (r" / ", "/"),
    (r"\bsigmoid\b", "σ"),
    (r"\bmaximum\((.*), 0\)", r"max(\1, 0)"),
    (r"\.sum\(axis=0\)", " summed over the batch"),
    (r"\.mean\(axis=0\)", " averaged over the batch"),
    (r"\bnp\.", ""),
)


def inlined(expression: str, choices: Mapping[str, str], names: frozenset[str] = PUT_IN) -> str:
    """The expression with the expressions of other choices in place of their names."""
    tree = _Inliner(choices, names).visit(ast.parse(expression, mode="eval"))
    return ast.unparse(tree)


class _Inliner(ast.NodeTransformer):
    def __init__(self, choices: Mapping[str, str], names: frozenset[str]) -> None:
        self._choices = choices
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self._names or node.id not in self._choices:
            return node
        tree = ast.parse(self._choices[node.id], mode="eval")
        body: ast.expr = self.visit(tree).body
        return body

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """Sums without the zeros in them, and differences in place of negative terms."""
        node.left, node.right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Add):
            if _is_zero(node.right):
                return node.left
            if _is_zero(node.left):
                return node.right
            if isinstance(node.right, ast.UnaryOp) and isinstance(node.right.op, ast.USub):
                return ast.BinOp(node.left, ast.Sub(), node.right.operand)
        return node


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0


def renamed(expression: str, new: Callable[[str], str | None]) -> str:
    """The expression with other expressions in place of names; None keeps a name."""

    tree = _Renamer(new).visit(ast.parse(expression, mode="eval"))
    return ast.unparse(tree)


class _Renamer(ast.NodeTransformer):
    def __init__(self, new: Callable[[str], str | None]) -> None:
        self._new = new

    def visit_Name(self, node: ast.Name) -> ast.expr:
        text = self._new(node.id)
        return node if text is None else _parsed(text)


@cache
def _parsed(text: str) -> ast.expr:
    """An expression's tree, which nobody changes."""
    return ast.parse(text, mode="eval").body


def pretty(expression: str) -> str:
    """Code as an equation shows it: f·c + i·g, σ(x·W_f + h·U_f + b_f), c'."""
    text = re.sub(r"[A-Za-z_]\w*", lambda match: SHOWN.get(match[0], match[0]), expression)
    for pattern, sign in SIGNS:
        text = re.sub(pattern, sign, text)
    return text


def equation(slot: str, choices: Mapping[str, str]) -> str:
    """The equation that shows what stands in a slot."""
    gate = slot[-1]
    for begin in ("xW_", "hU_", "bias_", "z_"):
        if slot == begin + gate:
            slot = gate
    if slot == f"slope_{gate}":
        slot = f"dz_{gate}"
    return f"{pretty(slot)} = {pretty(inlined(choices[slot], choices))}"


def equations(slots: Mapping[str, str], choices: Mapping[str, str]) -> list[str]:
    """The equations of several slots, one for all gates where they are alike."""
    lines = list(dict.fromkeys(equation(slot, choices) for slot in slots))
    general = {_general(line) for line in lines}
    return [*general] if len(lines) > 2 and len(general) == 1 else lines


def _general(line: str) -> str:
    """The line with k in place of the gate left of the equals sign."""
    left, right = line.split(" = ", 1)
    gate = left[-1]
    if left == gate:
        left, right = "k", re.sub(r"^(tanh|σ)\(", "act(", right)
    right = re.sub(rf"\b{gate}\b", "k", re.sub(rf"(?<=\w_){gate}(?=ᵀ|\b)", "k", right))
    return f"{re.sub(rf'_{gate}$', '_k', left)} = {right}"
