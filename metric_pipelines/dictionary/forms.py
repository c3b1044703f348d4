"""Canonical forms as they are compared: as text."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:  # sqlglot 28, which dagster-dbt asks for beside Dagster 1.12, has no such name
    from sqlglot.expressions import Expr

_OPERATORS = (exp.Binary, exp.Unary, exp.Predicate)
_CHAINS = (exp.Add, exp.Sub, exp.Mul, exp.And, exp.Or)


@lru_cache(maxsize=4096)
def text(tree: Expr) -> str:
    """A canonical form as it is compared: with brackets wherever a reader could stumble."""
    return _bracketed(tree.copy()).sql(dialect="duckdb")


def _bracketed(tree: Expr) -> Expr:
    """The tree with brackets around each operator that is an operand, but for chains of one operator."""
    for node in reversed(list(tree.find_all(*_OPERATORS))):  # the innermost first
        parent = node.parent
        chained = type(parent) is type(node) and isinstance(node, _CHAINS) and parent.this is node
        if isinstance(parent, _OPERATORS) and not chained:
            node.replace(exp.Paren(this=node.copy()))
    return tree
