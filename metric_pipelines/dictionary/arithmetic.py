"""Sums and products of canonical forms, as bags: terms that are one are counted (`x + x` is `2 * x`),
constants are folded exactly (`x / 1000` is `0.001 * x`), and what is added and taken away goes, as far as
nothing that is empty and nothing that is rounded is lost by that. A division by `nullif(x, 0)` is one by x: a
division by zero is NULL here anyway. Doubles may differ in their last digit by that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING

from sqlglot import exp

from metric_pipelines.dictionary.column_facts import (
    MOST_DIGITS,
    Columns,
    is_arithmetic,
    is_exact,
    never_empty,
    number_of,
)
from metric_pipelines.dictionary.forms import text

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

ONE, ZERO = exp.Literal.number(1), exp.Literal.number(0)
MINUS_ONE = exp.Neg(this=ONE)

Term = tuple[Fraction, "Expr"]
"""How often something is added; a number is so many ones."""
Factors = tuple[list["Expr"], list["Expr"]]
"""What is multiplied, and what it is divided by; zero among the latter is NULL in any order."""

_SUMS = (exp.Add, exp.Sub, exp.Neg)
_PRODUCTS = (exp.Mul, exp.Div, exp.Neg)


@dataclass(frozen=True)
class Arithmetic:
    """Arithmetic over columns. Those of one `together` are empty on the same rows."""

    columns: Columns
    together: Mapping[str, object] = field(default_factory=dict)

    def sum(self, terms: Iterable[Term]) -> Expr:
        """Terms in order, what is added first."""
        counted = self._counted(list(terms))
        kept = [(c, body) for c, body in counted if c]
        kept += [(c, body) for c, body in counted if not c and not self._says_nothing(body, kept)]
        written = [(c < 0, self._written(abs(c), *factors(body))) for c, body in kept or [(Fraction(), ONE)]]
        (minus, first), *rest = sorted(written, key=lambda one: (one[0], text(one[1])))
        return reduce(_and_term, rest, exp.Neg(this=first) if minus else first)

    def terms(
        self, tree: Expr, of: Callable[[Expr], Expr] | None = None, c: Fraction = Fraction(1)
    ) -> list[Term]:
        """The terms of an expression; `of` gives the canonical form of a part."""
        match tree:
            case exp.Paren():
                return self.terms(tree.this, of, c)
            case exp.Neg():
                return self.terms(tree.this, of, -c)
            case exp.Add():
                return self.terms(tree.this, of, c) + self.terms(tree.expression, of, c)
            case exp.Sub():
                return self.terms(tree.this, of, c) + self.terms(tree.expression, of, -c)
            case _:
                found = of(tree) if of else tree
                if of and isinstance(found, _SUMS):
                    return self.terms(found, None, c)
                times, above, below = self._without_constants(*factors(found))
                return [(c * times, self._written(Fraction(1), above, below))]

    def product(self, above: list[Expr], below: list[Expr]) -> Expr:
        """Factors in order, over what they are divided by."""
        if any(number_of(factor) == 0 for factor in below):
            return exp.null()
        times, above, below = self._without_constants(above, below)
        if len(above) == 1 and isinstance(above[0], (exp.Add, exp.Sub)):
            spread = self._spread(times, above[0], below)
            if spread is not None:
                return spread
        return self._written(times, above, below)

    def _spread(self, times: Fraction, whole: Expr, below: list[Expr]) -> Expr | None:
        """A constant times a sum, term by term; `(a - b) / b` as `a / b - 1`: both are NULL where b is
        missing or zero. None where it is no such thing.
        """
        terms = [(c * times, body) for c, body in self.terms(whole)]
        if not below:
            return self.sum(terms) if times != 1 else None
        same = [c for c, body in terms if [body] == below]
        rest = [(c, body) for c, body in terms if [body] != below]
        if len(same) != 1 or len(rest) != 1:
            return None
        above, under = factors(rest[0][1])
        share = self.product(above, [*under, *below])
        return self.sum([*self.terms(share, None, rest[0][0]), (same[0], ONE)])

    def _without_constants(
        self, above: list[Expr], below: list[Expr]
    ) -> tuple[Fraction, list[Expr], list[Expr]]:
        """One constant for all; but as they are where there are too many digits to be sure of."""
        numbers = [Fraction(n) for n in map(number_of, above) if n is not None]
        divisors = [Fraction(n) for n in map(number_of, below) if n is not None]
        over = [factor for factor in above if number_of(factor) is None]
        under = [factor for factor in below if number_of(factor) is None]
        times, divisor = math.prod(numbers, start=Fraction(1)), math.prod(divisors, start=Fraction(1))
        times /= divisor
        return (times, over, under) if _fits(times) else (Fraction(1), above, below)

    def _written(self, times: Fraction, above: list[Expr], below: list[Expr]) -> Expr:
        top, bottom = (abs(times), Fraction(1)) if _is_decimal(times) else abs(times).as_integer_ratio()
        over = sorted([*([_literal(top)] if top != 1 else []), *(f for f in above if f != ONE)], key=text)
        under = sorted([*([_literal(bottom)] if bottom != 1 else []), *below], key=text)
        found: Expr = _multiplied(over)
        if under:
            whole = any(isinstance(factor, exp.Div) for factor in under) and len(under) > 1
            divisor = _multiplied(under)
            found = exp.Div(this=found, expression=self.product(*factors(divisor)) if whole else divisor)
        return exp.Neg(this=found) if times < 0 else found

    def _counted(self, terms: list[Term]) -> list[Term]:
        """Each term once; of what is rounded, what is added and what is taken away."""
        exact = all(is_exact(body, self.columns) for _, body in terms)
        found: dict[tuple[str, bool], Term] = {}
        for c, body in terms:
            key = (text(body), exact or c < 0)
            found[key] = (c + found[key][0] if key in found else c, body)
        counted = list(found.values())
        return counted if all(_fits(c) for c, _ in counted) else terms

    def _says_nothing(self, body: Expr, others: Iterable[Term]) -> bool:
        """Whether no times something adds nothing on any row: it has a value, or another term has none."""
        if not is_exact(body, self.columns):
            return False
        asked = {
            self._with(column) for _, other in others if is_arithmetic(other) for column in _columns(other)
        }
        lacking = [column for column in _columns(body) if not never_empty(column, self.columns)]
        beside = is_arithmetic(body) and {self._with(column) for column in lacking} <= asked
        return beside or never_empty(body, self.columns)

    def _with(self, column: exp.Column) -> object:
        return self.together.get(column.name, column.name)


def factors(tree: Expr, of: Callable[[Expr], Expr] | None = None) -> Factors:
    """The factors of an expression; `of` gives the canonical form of a part."""
    match tree:
        case exp.Paren():
            return factors(tree.this, of)
        case exp.Neg() if number_of(tree) is None:
            above, below = factors(tree.this, of)
            return [MINUS_ONE, *above], below
        case exp.Mul():
            (a, b), (c, d) = factors(tree.this, of), factors(tree.expression, of)
            return a + c, b + d
        case exp.Div():
            above, below = factors(tree.this, of)
            return above, [*below, *_divisors(tree.expression, of)]
        case _:
            found = of(tree) if of else tree
            return factors(found) if of and isinstance(found, _PRODUCTS) else ([found], [])


def _divisors(tree: Expr, of: Callable[[Expr], Expr] | None = None) -> list[Expr]:
    """What is divided by; `nullif(x, 0)` does what division does by itself. A quotient stays one: what that
    is divided by gives NULL where it is zero.
    """
    inner = tree.unnest()
    if isinstance(inner, exp.Nullif) and inner.expression.unnest() == ZERO:
        return _divisors(inner.this, of)
    if of:
        return _divisors(of(inner))
    above, below = factors(inner)
    if below or above == [inner]:
        return [inner]
    return [part for factor in above for part in _divisors(factor)]


def _and_term(left: Expr, term: tuple[bool, Expr]) -> Expr:
    minus, right = term
    return (exp.Sub if minus else exp.Add)(this=left, expression=right)


def _multiplied(parts: list[Expr]) -> Expr:
    return reduce(lambda left, right: exp.Mul(this=left, expression=right), parts or [ONE])


def _columns(tree: Expr) -> Iterable[exp.Column]:
    return tree.find_all(exp.Column)


def _is_decimal(value: Fraction) -> bool:
    """Whether a number ends somewhere behind its point."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def _fits(value: Fraction) -> bool:
    """Whether a number, or what it is a quotient of, can be written with few enough digits to be sure of."""
    if not _is_decimal(value):
        return all(abs(part) < 10**MOST_DIGITS for part in value.as_integer_ratio())
    number = number_of(_literal(value))
    return number is not None and Fraction(number) == value


def _literal(value: Fraction | int) -> Expr:
    top, bottom = value.as_integer_ratio()
    return exp.Literal.number(f"{(Decimal(top) / Decimal(bottom)).normalize():f}")
