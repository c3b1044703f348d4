"""The canonical form of an SQL expression: two expressions of one form give the same value on every row.

Only what surely holds under SQL's three values of truth is made equal: operands in order, brackets, quotes,
`5 < a` and `a > 5`, `between`, lists, `not` moved inwards, conditions that others imply (`a > 5 and a > 3`)
or share (`conditions.py`), products and sums with their constants (`arithmetic.py`), `n > 1` and `n >= 2` of
whole numbers (`comparisons.py`), and what columns that are never empty make needless: `coalesce(n, 0)` is n
there. Of a filter, or what stands after `when`, it is only asked whether it holds: there `f is true` is `f`,
and `a is not null` says nothing beside `a = 1`. Doubles may differ in their last digit, but not where it
decides: what is compared, rounded or cast stays as it is written, as far as it is not exact.

Left out, since it takes a solver: `a + 1 > 3` for `a > 2`, a list of neighbours for `between`, two limits for
what they leave (`a >= 1 and a <= 1`), conditions that only some alternatives share, what a contract's bounds
make needless, products over sums (`(a + b) * c`). Belongs here: expressions as `filters.py` allows them.
Stays out: metrics (`computations.py`), constants (`comparisons.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from sqlglot import exp

from metric_pipelines.dictionary.arithmetic import ZERO, Arithmetic, factors
from metric_pipelines.dictionary.column_facts import NO_COLUMNS, Columns, is_exact, never_empty, number_of
from metric_pipelines.dictionary.comparisons import compared_constants, in_steps, without_cast
from metric_pipelines.dictionary.conditions import is_implied, joined, parts_of
from metric_pipelines.dictionary.forms import text

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

_TURNED: dict[type[Expr], type[exp.Binary]] = {exp.GT: exp.LT, exp.GTE: exp.LTE}
"""Comparisons that are written with their sides changed."""
_NEGATED: dict[type[Expr], type[exp.Binary]] = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.LT: exp.GTE,
    exp.LTE: exp.GT,
    exp.GT: exp.LTE,
    exp.GTE: exp.LT,
}
_PARTS_OF_DAYS = {"YEAR": exp.Year, "MONTH": exp.Month, "DAY": exp.Day}


def canonical(
    tree: Expr, columns: Columns = NO_COLUMNS, together: Mapping[str, object] | None = None
) -> Expr:
    """The canonical form of an allowed expression over columns of which some are known; those of one
    `together` are empty on the same rows.
    """
    return _Canonical(Arithmetic(columns, together or {})).of(tree)


def canonical_condition(tree: Expr, columns: Columns = NO_COLUMNS) -> Expr:
    """The canonical form of a condition of which only that it holds is asked: the rows of a filter."""
    form = _Canonical(Arithmetic(columns))
    return form.held(form.of(tree))


class _Canonical:
    """Brings expressions into their form, from the leaves up."""

    def __init__(self, arithmetic: Arithmetic, *, to_the_digit: bool = False) -> None:
        self._arithmetic, self._columns = arithmetic, arithmetic.columns
        self._digits = to_the_digit

    @cached_property
    def _to_the_digit(self) -> _Canonical:
        """The same for what stands where a last digit decides."""
        return self if self._digits else _Canonical(self._arithmetic, to_the_digit=True)

    def of(self, tree: Expr) -> Expr:
        """The canonical form of a part."""
        match tree:
            case exp.Paren():
                return self.of(tree.this)
            case exp.Column():
                return exp.column(exp.to_identifier(tree.name, quoted=True))
            case exp.Literal():
                return tree.copy() if tree.is_string else _number(tree)
            case exp.And() | exp.Or():
                return self._joined(type(tree), [self.of(part) for part in parts_of(tree, type(tree))])
            case exp.Not():
                return self._not(tree.this)
            case exp.EQ() | exp.NEQ() | exp.GT() | exp.GTE() | exp.LT() | exp.LTE():
                sides = (self._to_the_digit.of(side) for side in (tree.this, tree.expression))
                return self._compared(type(tree), *sides)
            case exp.Between() if not tree.args.get("symmetric"):
                this, low, high = (self._to_the_digit.of(tree.args[key]) for key in ("this", "low", "high"))
                within = [self._compared(exp.LTE, low, this), self._compared(exp.LTE, this, high)]
                return self._joined(exp.And, within)
            case exp.In() if tree.expressions:
                this, *values = map(self._to_the_digit.of, [tree.this, *tree.expressions])
                return self._joined(exp.Or, [self._compared(exp.EQ, this, value) for value in values])
            case exp.Is():
                return self._is(tree)
            case exp.Neg() | exp.Add() | exp.Sub() | exp.Mul() | exp.Div() if self._digits:
                return self._computed_to_the_digit(tree)
            case exp.Add() | exp.Sub() | exp.Neg():
                return self._arithmetic.sum(self._arithmetic.terms(tree, self.of))
            case exp.Mul() | exp.Div():
                return self._arithmetic.product(*factors(tree, self.of))
            case exp.Coalesce():
                return self._coalesce(tree)
            case exp.Case():
                return self._case(tree)
            case exp.Extract() if tree.name.upper() in _PARTS_OF_DAYS:
                return _PARTS_OF_DAYS[tree.name.upper()](this=self.of(tree.expression))
            case exp.Cast():
                return self._cast(tree)
            case exp.Greatest() | exp.Least():
                return self._unordered(tree)
            case _:
                return self._inside(tree)

    def _inside(self, tree: Expr) -> Expr:
        """The same, with canonical parts."""
        found, of = tree.copy(), self._to_the_digit.of
        for key, value in tree.args.items():
            if isinstance(value, exp.Expression):
                found.set(key, of(value))
            elif isinstance(value, list):
                found.set(key, [of(v) if isinstance(v, exp.Expression) else v for v in value])
        return found

    def _computed_to_the_digit(self, tree: Expr) -> Expr:
        """Arithmetic where a last digit decides: what may lose one stays as it is written, and only the two
        sides of one sign may change.
        """
        of = {key: self.of(tree.args[key]) for key in ("this", "expression") if key in tree.args}
        below = of.get("expression")
        if isinstance(tree, exp.Div) and isinstance(below, exp.Nullif) and below.expression == ZERO:
            of["expression"] = below.this  # a division by zero is NULL here anyway
        if isinstance(tree, (exp.Add, exp.Mul)):
            of["this"], of["expression"] = sorted(of.values(), key=text)
        made = type(tree)(**of)
        if number_of(made) is None and not is_exact(made, self._columns):
            return made
        if isinstance(made, (exp.Mul, exp.Div)):
            return self._arithmetic.product(*factors(made))
        return self._arithmetic.sum(self._arithmetic.terms(made))

    def _cast(self, tree: exp.Cast) -> Expr:
        """A cast; the digits of a number that becomes a text are left as they are."""
        if isinstance(tree.this.unnest(), exp.Literal):
            found = tree.copy()
            found.set("this", tree.this.unnest().copy())
            return found
        return self._inside(tree)

    def _unordered(self, tree: exp.Greatest | exp.Least) -> Expr:
        operands = sorted((self.of(e) for e in [tree.this, *tree.expressions]), key=text)
        return type(tree)(
            this=operands[0], expressions=operands[1:], ignore_nulls=tree.args.get("ignore_nulls")
        )

    def _case(self, tree: exp.Case) -> Expr:
        """`case x when 1` as `case when x = 1`, without `else null`."""
        ifs = []
        for branch in tree.args["ifs"]:
            condition = self.of(branch.this)
            if tree.this is not None:
                this, condition = (self._to_the_digit.of(side) for side in (tree.this, branch.this))
                condition = self._compared(exp.EQ, this, condition)
            ifs.append(exp.If(this=self.held(condition), true=self.of(branch.args["true"])))
        default = self.of(tree.args.get("default") or exp.null())
        return exp.Case(ifs=ifs, default=None if isinstance(default.unnest(), exp.Null) else default)

    def _coalesce(self, tree: exp.Coalesce) -> Expr:
        """The first of some that is not empty: none is looked at behind one that never is."""
        kept: list[Expr] = []
        for part in map(self.of, [tree.this, *tree.expressions]):
            if not kept or not never_empty(kept[-1], self._columns):
                kept += [] if isinstance(part, exp.Null) else [part]
        if len(kept) > 1:
            return exp.Coalesce(this=kept[0], expressions=kept[1:])
        return kept[0] if kept else exp.null()

    # Conditions

    def _joined(self, kind: type[Expr], conditions: list[Expr]) -> Expr:
        return joined(kind, conditions, self._columns)

    def _is(self, tree: exp.Is) -> Expr:
        """Whether something is NULL, true or false; of what is never empty, that is known."""
        found = self._inside(tree)
        asked, wanted = found.this.unnest(), found.expression
        if not never_empty(asked, self._columns):
            return found
        if isinstance(wanted, exp.Null):
            return exp.false()
        if isinstance(wanted, exp.Boolean) and self._is_condition(asked):
            return asked if wanted.this else self._not(asked)
        return found

    def _not(self, tree: Expr) -> Expr:
        """The opposite, with NOT as far inside as it goes; unknown stays unknown all the way."""
        inner = tree.unnest()
        if isinstance(inner, exp.Not):
            return self._condition(inner.this)
        found = self.of(inner)
        if isinstance(found, (exp.And, exp.Or)):
            other = exp.Or if isinstance(found, exp.And) else exp.And
            return self._joined(other, [self._not(part) for part in parts_of(found, type(found))])
        kind = _NEGATED.get(type(found))
        if kind is not None:
            return self._compared(kind, found.this, found.expression)
        if isinstance(found, exp.Boolean):
            return exp.false() if found.this else exp.true()
        opposite: Expr = exp.Not(this=found)
        if isinstance(found, exp.Not) and self._is_condition(found.this):
            opposite = found.this
        return opposite

    def _condition(self, tree: Expr) -> Expr:
        """What stood under two NOTs: a number there was made a truth value, and stays one."""
        found = self.of(tree)
        return found if self._is_condition(found) else exp.Not(this=exp.Not(this=found))

    def held(self, form: Expr) -> Expr:
        """A canonical condition of which only that it holds is asked: unknown is as good as false."""
        match form:
            case exp.And():
                parts = [self.held(part) for part in parts_of(form, exp.And)]
                return self._joined(exp.And, [part for part in parts if not is_implied(part, parts)])
            case exp.Or():
                return self._joined(exp.Or, [self.held(part) for part in parts_of(form, exp.Or)])
            case exp.Is(expression=exp.Boolean() as wanted) if self._is_condition(form.this.unnest()):
                return self.held(form.this.unnest() if wanted.this else self._not(form.this))
            case exp.Coalesce(expressions=[exp.Boolean(this=False)]) if self._is_condition(form.this):
                return self.held(form.this)
            case _:
                return form

    def _is_condition(self, tree: Expr) -> bool:
        if isinstance(tree, exp.Column):
            return tree.name in self._columns and self._columns[tree.name].type == "boolean"
        if isinstance(tree, exp.Coalesce):
            return all(self._is_condition(part) for part in [tree.this, *tree.expressions])
        return isinstance(tree, (exp.Boolean, exp.Predicate, exp.Connector, exp.Not))

    def _compared(self, kind: type[Expr], left: Expr, right: Expr) -> Expr:
        """A comparison: smaller before greater, equal sides in order, `= true` of what is true or false left
        out.
        """
        if kind in _TURNED:
            return self._compared(_TURNED[kind], right, left)
        left, right = (
            without_cast(left, right, self._columns),
            without_cast(right, left, self._columns),
        )
        constant = compared_constants(kind, left, right)
        if constant is not None:
            return constant
        if kind not in (exp.EQ, exp.NEQ):
            return in_steps(kind, left, right, self._columns) or kind(this=left, expression=right)
        for one, other in ((left, right), (right, left)):
            if isinstance(other, exp.Boolean) and self._is_condition(one):
                return one if bool(other.this) == (kind is exp.EQ) else self._not(one)
        first, second = sorted((left, right), key=text)
        return kind(this=first, expression=second)


def _number(tree: Expr) -> Expr:
    """`10`, `10.0` and `1e1` are one number."""
    try:
        return exp.Literal.number(f"{Decimal(tree.name).normalize():f}")
    except ArithmeticError:
        return tree.copy()
