"""What the contracts of columns tell of an expression over them: whether it may be empty, whether it is
exact, in which steps its numbers go. What they do not tell surely, they do not tell.

Belongs here: expressions as `filters.py` allows them. Stays out: what is made of it (`comparisons.py`,
`arithmetic.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlglot import exp

from metric_pipelines.dictionary.yaml_types import Column

if TYPE_CHECKING:  # sqlglot 28, which dagster-dbt asks for beside Dagster 1.12, has no such name
    from sqlglot.expressions import Expr

Columns = Mapping[str, Column]
NO_COLUMNS: Columns = {}

MOST_DIGITS = 15
"""Numbers of so many digits are the same as decimals and as doubles."""
MOST_DECIMAL_DIGITS = 22
"""Decimals of so many digits, compared with such numbers, are compared as decimals."""

_WHOLE = (exp.Length, exp.Year, exp.Month, exp.Day)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Paren)
_FILLED = (
    *_ARITHMETIC, exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between,
    exp.In, exp.Abs, exp.Lower, exp.Upper, exp.Length, exp.Greatest, exp.Least,
)  # fmt: skip
"""What has a value where all its parts have one."""


def never_empty(tree: Expr, columns: Columns) -> bool:
    """Whether an expression has a value on every row."""
    match tree.unnest():
        case exp.Column(name=name):
            return name in columns and not columns[name].nullable
        case exp.Literal() | exp.Boolean() | exp.Is():
            return True
        case exp.Coalesce() as tree:
            return any(never_empty(part, columns) for part in [tree.this, *tree.expressions])
        case exp.Case() as tree:
            values = [*(branch.args["true"] for branch in tree.args["ifs"]), tree.args.get("default")]
            return all(value is not None and never_empty(value, columns) for value in values)
        case tree if isinstance(tree, _FILLED):
            return all(never_empty(part, columns) for part in tree.iter_expressions())
        case _:
            return False


def is_arithmetic(tree: Expr) -> bool:
    """Whether columns and numbers are only added and multiplied: empty where any of them is."""
    return all(
        isinstance(node, (*_ARITHMETIC, exp.Column, exp.Literal, exp.Identifier)) for node in tree.walk()
    )


def is_exact(tree: Expr, columns: Columns) -> bool:
    """Whether an expression gives numbers without rounding, from columns that hold such numbers."""
    match tree.unnest():
        case exp.Column(name=name):
            return name in columns and columns[name].type.startswith(("int64", "decimal"))
        case exp.Case() as tree:
            values = [*(branch.args["true"] for branch in tree.args["ifs"]), tree.args.get("default")]
            return all(value is None or is_exact(value, columns) for value in values)
        case tree if isinstance(tree, (*_ARITHMETIC, exp.Coalesce)):
            return all(is_exact(part, columns) for part in tree.iter_expressions())
        case tree:
            return number_of(tree) is not None


def scale_of(tree: Expr, columns: Columns) -> int | None:
    """How many digits stand after the point of what an expression over columns gives, at most; None where
    that is not known.
    """
    return _scale(tree, columns) if tree.find(exp.Column) is not None else None


def is_day(tree: Expr, columns: Columns) -> bool:
    """Whether an expression is a column of days."""
    return isinstance(tree, exp.Column) and tree.name in columns and columns[tree.name].type == "date"


def number_of(tree: Expr) -> Decimal | None:
    """The number that an expression is; None where it is none, or has too many digits to be sure of."""
    inner = tree.unnest()
    if isinstance(inner, exp.Neg):
        found = number_of(inner.this)
        return None if found is None else -found
    if not isinstance(inner, exp.Literal) or inner.is_string:
        return None
    try:
        number = Decimal(inner.name)
    except ArithmeticError:
        return None
    digits = number.as_tuple()
    fits = isinstance(digits.exponent, int) and len(digits.digits) + abs(digits.exponent) <= MOST_DIGITS
    return number if fits else None


def _scale(tree: Expr, columns: Columns) -> int | None:
    inner = tree.unnest()
    if isinstance(inner, exp.Column):
        return scale_of_type(columns[inner.name].type) if inner.name in columns else None
    if isinstance(inner, _ARITHMETIC):
        scales = [_scale(part, columns) for part in inner.iter_expressions()]
        known = [scale for scale in scales if scale is not None]
        most = max(known, default=0)
        sure = len(known) == len(scales) and not (isinstance(inner, exp.Mul) and most)
        return most if sure else None
    if isinstance(inner, _WHOLE):
        return 0
    number = number_of(inner)
    return None if number is None else digits_after_the_point(number)


def scale_of_type(kind: str) -> int | None:
    """How many digits stand after the point of numbers of a type; None of types that round, or hold none."""
    found = re.fullmatch(r"decimal\((\d+), ?(\d+)\)", kind)
    if found is not None and int(found[1]) <= MOST_DECIMAL_DIGITS:
        return int(found[2])
    return 0 if kind == "int64" else None


def digits_after_the_point(number: Decimal) -> int:
    """How many digits a number needs there: one of 1.50, none of 100."""
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
