"""Comparisons with constants: of two constants, which are true or false, and of what goes in whole steps,
which are said one way. `n > 1`, `n >= 2` and `n > 1.5` leave the same whole numbers, `d > '2017-06-30'` and
`d >= '2017-07-01'` the same days.

Belongs here: comparisons of canonical forms (`canonical.py`), `<` and `<=` alone and never `>`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlglot import exp

from metric_pipelines.dictionary.yaml_types import Column

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

Columns = Mapping[str, Column]

MOST_DIGITS = 15
"""Numbers of so many digits are the same as decimals and as doubles."""

_WHOLE = (exp.Length, exp.Year, exp.Month, exp.Day)
_OF_WHOLE = (exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Paren)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


def compared_constants(kind: type[Expr], left: Expr, right: Expr) -> exp.Boolean | None:
    """What a comparison of two numbers says, or of a text with itself; None where either is no constant."""
    one, other = number_of(left), number_of(right)
    if one is None or other is None:
        same = isinstance(left, exp.Literal) and left.is_string and left == right
        return exp.true() if same and kind in (exp.EQ, exp.LTE) else exp.false() if same else None
    answers: dict[type[Expr], bool] = {exp.EQ: one == other, exp.NEQ: one != other, exp.LT: one < other}
    return exp.true() if answers.get(kind, one <= other) else exp.false()


def in_steps(kind: type[Expr], left: Expr, right: Expr, columns: Columns) -> exp.LTE | None:
    """`<` and `<=` of a whole number or day and a constant as `<=`; None where it is no such thing."""
    strict = kind is exp.LT
    if is_whole(left, columns) and (most := number_of(right)) is not None:
        return exp.LTE(this=left, expression=_number(math.ceil(most) - 1 if strict else math.floor(most)))
    if is_whole(right, columns) and (least := number_of(left)) is not None:
        return exp.LTE(this=_number(math.floor(least) + 1 if strict else math.ceil(least)), expression=right)
    if is_day(left, columns) and (last := _day_of(right)) is not None and last != date.min:
        return exp.LTE(this=left, expression=_day(last - timedelta(days=strict)))
    if is_day(right, columns) and (first := _day_of(left)) is not None and first != date.max:
        return exp.LTE(this=_day(first + timedelta(days=strict)), expression=right)
    return None


def without_cast(tree: Expr, other: Expr, columns: Columns) -> Expr:
    """`date '2017-06-30'` as the text, where it is compared with a day: that is what it becomes."""
    day = _day_of(tree) if is_day(other, columns) else None
    return tree if day is None else _day(day)


def is_whole(tree: Expr, columns: Columns) -> bool:
    """Whether an expression that is no constant gives whole numbers alone."""
    return _gives_whole(tree, columns) and tree.find(exp.Column) is not None


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


def _gives_whole(tree: Expr, columns: Columns) -> bool:
    inner = tree.unnest()
    if isinstance(inner, exp.Column):
        return inner.name in columns and columns[inner.name].type == "int64"
    if isinstance(inner, _OF_WHOLE):
        return all(_gives_whole(part, columns) for part in inner.iter_expressions())
    number = number_of(inner)
    return isinstance(inner, _WHOLE) or (number is not None and number == int(number))


def _number(value: int) -> Expr:
    literal = exp.Literal.number(abs(value))
    return exp.Neg(this=literal) if value < 0 else literal


def _day_of(tree: Expr) -> date | None:
    inner = tree.unnest()
    if isinstance(inner, exp.Cast) and inner.to.is_type(exp.DataType.Type.DATE):
        inner = inner.this.unnest()
    if not (isinstance(inner, exp.Literal) and inner.is_string and _ISO.fullmatch(inner.name)):
        return None
    try:
        return date.fromisoformat(inner.name)
    except ValueError:
        return None


def _day(value: date) -> Expr:
    return exp.Literal.string(value.isoformat())
