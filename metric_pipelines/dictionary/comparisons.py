"""Comparisons with constants: of two constants, which are true or false; of what goes in steps, which are
said one way; and what one says of another. `n > 1`, `n >= 2` and `n > 1.5` leave the same whole numbers,
`c > 1` and `c >= 1.01` the same cents, `d > '2017-06-30'` and `d >= '2017-07-01'` the same days; `a > 5` says
`a > 3` too, and never holds beside `a = 4`.

Belongs here: comparisons of canonical forms (`canonical.py`), `<` and `<=` alone and never `>`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from sqlglot import exp

from metric_pipelines.dictionary.column_facts import Columns, is_day, number_of, scale_of

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")

Operator = Literal["=", "<>", "<", "<=", ">", ">="]
_OPERATORS: dict[type[Expr], tuple[Operator, Operator]] = {
    exp.EQ: ("=", "="),
    exp.NEQ: ("<>", "<>"),
    exp.LT: ("<", ">"),
    exp.LTE: ("<=", ">="),
}
"""How a comparison reads from the left, and from the right."""


@dataclass(frozen=True)
class Limit:
    """What a comparison with a constant leaves of the values of an operand: numbers, days, or texts."""

    operand: Expr
    operator: Operator
    value: Decimal | date | str

    def leaves(self, value: Decimal | date | str) -> bool:
        """Whether a value of the same kind is left."""
        this: int = (value > self.value) - (value < self.value)  # type: ignore[operator]  # of one kind
        return {
            "=": this == 0, "<>": this != 0, "<": this < 0, "<=": this <= 0, ">": this > 0, ">=": this >= 0,
        }[self.operator]  # fmt: skip

    def is_of(self, other: Limit) -> bool:
        """Whether both are about the same values."""
        return type(self.value) is type(other.value) and self.operand == other.operand

    def says(self, other: Limit) -> bool:
        """Whether the other leaves all that this leaves."""
        if self.operator == "=":
            return other.leaves(self.value)
        if self.operator == "<>":
            return self == other
        if other.operator == "<>":
            return not self.leaves(other.value)
        tighter = self.operator == other.operator or "=" in other.operator or self.value != other.value
        return self.operator[0] == other.operator[0] and tighter and other._within(self.value)

    def excludes(self, other: Limit) -> bool:
        """Whether the other leaves nothing that this leaves."""
        if "=" in (self.operator, other.operator):
            one, more = (self, other) if self.operator == "=" else (other, self)
            return not more.leaves(one.value)
        if "<>" in (self.operator, other.operator) or self.operator[0] == other.operator[0]:
            return False
        return not (self.leaves(other.value) and other.leaves(self.value))

    def _within(self, value: Decimal | date | str) -> bool:
        return value == self.value or self.leaves(value)


def limit_of(tree: Expr, columns: Columns) -> Limit | None:
    """The comparison with a constant that a canonical condition is; None where it is none that is sure."""
    operators = _OPERATORS.get(type(tree))
    if operators is None:
        return None
    sides = (tree.this.unnest(), tree.expression.unnest())
    for operand, constant, operator in (
        (sides[0], sides[1], operators[0]),
        (sides[1], sides[0], operators[1]),
    ):
        value = _constant(operand, constant, columns)
        if value is not None and not (isinstance(value, str) and operator not in ("=", "<>")):
            return Limit(operand, operator, value)
    return None


def _constant(operand: Expr, constant: Expr, columns: Columns) -> Decimal | date | str | None:
    """The value of a constant beside an operand: texts beside texts, days beside anything, else numbers."""
    known = (columns[column.name].type for column in operand.find_all(exp.Column) if column.name in columns)
    of_text = "string" in known
    if isinstance(constant, exp.Literal) and constant.is_string:
        if of_text:
            return constant.name if isinstance(operand, exp.Column) else None
        return _day_of(constant)
    return None if of_text or isinstance(operand, exp.Literal) else number_of(constant)


def compared_constants(kind: type[Expr], left: Expr, right: Expr) -> exp.Boolean | None:
    """What a comparison of two numbers says, or of a text with itself; None where either is no constant."""
    one, other = number_of(left), number_of(right)
    if one is None or other is None:
        same = isinstance(left, exp.Literal) and left.is_string and left == right
        return exp.true() if same and kind in (exp.EQ, exp.LTE) else exp.false() if same else None
    answers: dict[type[Expr], bool] = {exp.EQ: one == other, exp.NEQ: one != other, exp.LT: one < other}
    return exp.true() if answers.get(kind, one <= other) else exp.false()


def in_steps(kind: type[Expr], left: Expr, right: Expr, columns: Columns) -> exp.LTE | None:
    """`<` and `<=` of what goes in steps (whole numbers, decimals, days) and a constant as `<=`; None where
    it is no such thing.
    """
    strict = kind is exp.LT
    if (scale := scale_of(left, columns)) is not None and (most := number_of(right)) is not None:
        units = most.scaleb(scale)
        return exp.LTE(
            this=left, expression=_number(math.ceil(units) - 1 if strict else math.floor(units), scale)
        )
    if (scale := scale_of(right, columns)) is not None and (least := number_of(left)) is not None:
        units = least.scaleb(scale)
        return exp.LTE(
            this=_number(math.floor(units) + 1 if strict else math.ceil(units), scale), expression=right
        )
    if is_day(left, columns) and (last := _day_of(right)) is not None and last != date.min:
        return exp.LTE(this=left, expression=_day(last - timedelta(days=strict)))
    if is_day(right, columns) and (first := _day_of(left)) is not None and first != date.max:
        return exp.LTE(this=_day(first + timedelta(days=strict)), expression=right)
    return None


def without_cast(tree: Expr, other: Expr, columns: Columns) -> Expr:
    """`date '2017-06-30'` as the text, where it is compared with a day: that is what it becomes."""
    day = _day_of(tree) if is_day(other, columns) else None
    return tree if day is None else _day(day)


def _number(units: int, scale: int) -> Expr:
    literal = exp.Literal.number(f"{Decimal(abs(units)).scaleb(-scale).normalize():f}")
    return exp.Neg(this=literal) if units < 0 else literal


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
