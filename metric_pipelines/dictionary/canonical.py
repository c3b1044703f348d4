"""The canonical form of an SQL expression: two expressions of one form give the same value on every row.

Only what surely holds under SQL's three values of truth is made equal: operands in order, brackets, quotes,
`5 < a` and `a > 5`, `between`, lists, `not` moved inwards, products and sums as bags, a division by
`nullif(x, 0)` (a division by zero is NULL here anyway), growth as `(a - b) / b`, `n > 1` and `n >= 2` of
whole numbers. Of a filter, or what stands after `when`, it is only asked whether it holds: there `f is true`
is `f`, and `a is not null` says nothing beside `a = 1`. Doubles may differ in their last digit.

Left out, since it takes a solver: conditions that others imply (`a > 5 and a > 3`) or exclude, `a + 1 > 3`
for `a > 2`, a list of neighbours for `between`, `and` over `or`. Belongs here: expressions as `filters.py`
allows them. Stays out: metrics (`computations.py`), constants (`comparisons.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING

from sqlglot import exp

from metric_pipelines.dictionary.comparisons import Columns, compared_constants, in_steps, without_cast
from metric_pipelines.dictionary.yaml_types import Column

if TYPE_CHECKING:  # sqlglot 28, which dagster-dbt asks for beside Dagster 1.12, has no such name
    from sqlglot.expressions import Expr

ONE, ZERO = exp.Literal.number(1), exp.Literal.number(0)

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


NO_COLUMNS: Mapping[str, Column] = {}


def canonical(tree: Expr, columns: Columns = NO_COLUMNS) -> Expr:
    """The canonical form of an allowed expression over columns of which some are known."""
    return _Canonical(columns).of(tree)


def canonical_condition(tree: Expr, columns: Columns = NO_COLUMNS) -> Expr:
    """The canonical form of a condition of which only that it holds is asked: the rows of a filter."""
    form = _Canonical(columns)
    return form.held(form.of(tree))


def text(tree: Expr) -> str:
    """A canonical form as it is compared: with brackets wherever a reader could stumble."""
    return _bracketed(tree.copy()).sql(dialect="duckdb")


def both(*conditions: Expr | None) -> Expr | None:
    """Canonical conditions that all hold, as one; None where there is none."""
    given = [part for condition in conditions if condition for part in _parts(condition, exp.And)]
    kept = [part for part in given if part != exp.true()]
    return _joined(exp.And, kept) if kept else None


class _Canonical:
    """Brings expressions into their form, from the leaves up."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

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
                return _joined(type(tree), [self.of(tree.this), self.of(tree.expression)])
            case exp.Not():
                return self._not(tree.this)
            case exp.EQ() | exp.NEQ() | exp.GT() | exp.GTE() | exp.LT() | exp.LTE():
                return self._compared(type(tree), self.of(tree.this), self.of(tree.expression))
            case exp.Between():
                this, low, high = (self.of(tree.args[key]) for key in ("this", "low", "high"))
                within = [self._compared(exp.LTE, low, this), self._compared(exp.LTE, this, high)]
                return _joined(exp.And, within) if not tree.args.get("symmetric") else self._inside(tree)
            case exp.In() if tree.expressions:
                each = [self._compared(exp.EQ, self.of(tree.this), self.of(e)) for e in tree.expressions]
                return _joined(exp.Or, each)
            case exp.Add() | exp.Sub() | exp.Neg():
                return _sum(self._terms(tree, 1))
            case exp.Mul() | exp.Div():
                return self._product(tree)
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
        found = tree.copy()
        for key, value in tree.args.items():
            if isinstance(value, exp.Expression):
                found.set(key, self.of(value))
            elif isinstance(value, list):
                found.set(key, [self.of(v) if isinstance(v, exp.Expression) else v for v in value])
        return found

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
                condition = self._compared(exp.EQ, self.of(tree.this), condition)
            ifs.append(exp.If(this=self.held(condition), true=self.of(branch.args["true"])))
        default = self.of(tree.args.get("default") or exp.null())
        return exp.Case(ifs=ifs, default=None if isinstance(default.unnest(), exp.Null) else default)

    # Conditions

    def _not(self, tree: Expr) -> Expr:
        """The opposite, with NOT as far inside as it goes; unknown stays unknown all the way."""
        inner = tree.unnest()
        if isinstance(inner, exp.Not):
            return self._condition(inner.this)
        found = self.of(inner)
        if isinstance(found, (exp.And, exp.Or)):
            other = exp.Or if isinstance(found, exp.And) else exp.And
            return _joined(other, [self._not(part) for part in _parts(found, type(found))])
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
                parts = [self.held(part) for part in _parts(form, exp.And)]
                return _joined(exp.And, [part for part in parts if not _is_implied(part, parts)])
            case exp.Or():
                return _joined(exp.Or, [self.held(part) for part in _parts(form, exp.Or)])
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

    # Arithmetic

    def _terms(self, tree: Expr, sign: int) -> list[tuple[int, Expr]]:
        """What is added (1) and taken away (-1)."""
        match tree:
            case exp.Paren():
                return self._terms(tree.this, sign)
            case exp.Neg():
                return self._terms(tree.this, -sign)
            case exp.Add():
                return self._terms(tree.this, sign) + self._terms(tree.expression, sign)
            case exp.Sub():
                return self._terms(tree.this, sign) + self._terms(tree.expression, -sign)
            case _:
                found = self.of(tree)
                return self._terms(found, sign) if isinstance(found, _SUMS) else [(sign, found)]

    def _product(self, tree: Expr) -> Expr:
        above, below = self._factors(tree)
        above = [factor for factor in above if factor != ONE]
        below = sorted((factor for factor in below if factor != ONE), key=text)
        divided = isinstance(tree, exp.Div) or bool(below)
        share = self._share(above, below)
        if share is not None:
            return share
        found = _multiplied(sorted(above, key=text))
        if not divided:
            return found
        under = _multiplied(below)
        whole = any(isinstance(factor, exp.Div) for factor in below) and len(below) > 1
        return exp.Div(this=found, expression=self._product(under) if whole else under)

    def _share(self, above: list[Expr], below: list[Expr]) -> Expr | None:
        """`(a - b) / b` as `a / b - 1`: both are NULL where b is missing or zero. None where it is no such
        thing.
        """
        if len(above) != 1 or len(below) != 1 or not isinstance(above[0], (exp.Add, exp.Sub)):
            return None
        terms = _terms_of(above[0])
        same = [sign for sign, term in terms if term == below[0]]
        rest = [(sign, term) for sign, term in terms if term != below[0]]
        if len(same) != 1 or len(rest) != 1:
            return None
        part = self._product(exp.Div(this=rest[0][1], expression=below[0]))
        return _sum([*self._terms(part, rest[0][0]), (same[0], ONE)])

    def _factors(self, tree: Expr) -> tuple[list[Expr], list[Expr]]:
        """What is multiplied, and what it is divided by; zero among the latter is NULL in any order."""
        match tree:
            case exp.Paren():
                return self._factors(tree.this)
            case exp.Mul():
                (a, b), (c, d) = self._factors(tree.this), self._factors(tree.expression)
                return a + c, b + d
            case exp.Div():
                (a, b), (c, d) = self._factors(tree.this), self._factors(_denominator(tree.expression))
                return (a, b + c) if not d else (a, [*b, self.of(_denominator(tree.expression))])
            case _:
                found = self.of(tree)
                return self._factors(found) if isinstance(found, (exp.Mul, exp.Div)) else ([found], [])


_SUMS = (exp.Add, exp.Sub, exp.Neg)
_OPERATORS = (exp.Binary, exp.Unary, exp.Predicate)
_CHAINS = (exp.Add, exp.Sub, exp.Mul, exp.And, exp.Or)


def _denominator(tree: Expr) -> Expr:
    """What is divided by; `nullif(x, 0)` does what division does by itself."""
    inner = tree.unnest()
    if isinstance(inner, exp.Nullif) and inner.expression.unnest() == ZERO:
        return _denominator(inner.this)
    return inner


def _terms_of(tree: Expr) -> list[tuple[int, Expr]]:
    """The terms of a canonical sum."""
    match tree:
        case exp.Add():
            return [*_terms_of(tree.this), (1, tree.expression.unnest())]
        case exp.Sub():
            return [*_terms_of(tree.this), (-1, tree.expression.unnest())]
        case exp.Neg():
            return [(-1, tree.this.unnest())]
        case _:
            return [(1, tree.unnest())]


def _sum(terms: list[tuple[int, Expr]]) -> Expr:
    """Terms in order, what is added first; zeros are left out beside others."""
    kept = [(sign, term) for sign, term in terms if term != ZERO] or terms[:1]
    ordered = sorted(kept, key=lambda term: (-term[0], text(term[1])))
    sign, first = ordered[0]
    start = first if sign > 0 else exp.Neg(this=first)
    return reduce(_and_term, ordered[1:], start)


def _and_term(left: Expr, term: tuple[int, Expr]) -> Expr:
    sign, right = term
    return (exp.Add if sign > 0 else exp.Sub)(this=left, expression=right)


def _multiplied(factors: list[Expr]) -> Expr:
    return reduce(lambda left, right: exp.Mul(this=left, expression=right), factors or [ONE])


def _bracketed(tree: Expr) -> Expr:
    """The tree with brackets around each operator that is an operand, but for chains of one operator."""
    for node in reversed(list(tree.find_all(*_OPERATORS))):  # the innermost first
        parent = node.parent
        chained = type(parent) is type(node) and isinstance(node, _CHAINS) and parent.this is node
        if isinstance(parent, _OPERATORS) and not chained:
            node.replace(exp.Paren(this=node.copy()))
    return tree


def _number(tree: Expr) -> Expr:
    """`10`, `10.0` and `1e1` are one number."""
    try:
        return exp.Literal.number(f"{Decimal(tree.name).normalize():f}")
    except ArithmeticError:
        return tree.copy()


# Connections of conditions


def _parts(tree: Expr, kind: type[Expr]) -> list[Expr]:
    inner = tree.unnest()
    if not isinstance(inner, kind):
        return [inner]
    return [*_parts(inner.this, kind), *_parts(inner.expression, kind)]


def _joined(kind: type[Expr], conditions: Iterable[Expr]) -> Expr:
    """Conditions in order, each once; `true` and `false` as far as they decide."""
    decides, says_nothing = (
        (exp.false(), exp.true()) if issubclass(kind, exp.And) else (exp.true(), exp.false())
    )
    each = [part for condition in conditions for part in _parts(condition, kind)]
    if decides in each:
        return decides
    kept = {text(part): part for part in each if part != says_nothing}
    if not kept:
        return says_nothing
    ordered = [kept[key] for key in sorted(kept)]
    if len(ordered) == 1 and len(each) > 1 and not _is_truth(ordered[0]):
        return kind(this=ordered[0], expression=says_nothing)  # a number that was made a truth value
    return reduce(lambda left, right: kind(this=left, expression=right), ordered)


def _is_implied(part: Expr, others: Iterable[Expr]) -> bool:
    """Whether a part says that something is not empty, which another part could not hold without."""
    if not (isinstance(part, exp.Not) and isinstance(part.this.unnest(), exp.Is)):
        return False
    asked = part.this.unnest()
    return isinstance(asked.expression, exp.Null) and any(_needs(other, asked.this) for other in others)


def _needs(condition: Expr, operand: Expr) -> bool:
    """Whether a condition cannot hold where an operand is empty."""
    match condition:
        case exp.Or():
            return all(_needs(part, operand) for part in _parts(condition, exp.Or))
        case exp.EQ() | exp.NEQ() | exp.LT() | exp.LTE():
            return operand in (condition.this.unnest(), condition.expression.unnest())
        case exp.Like() | exp.Not():
            return bool(condition.this.unnest() == operand)
        case _:
            return condition == operand


def _is_truth(tree: Expr) -> bool:
    inner = tree.unnest()
    return isinstance(inner, (exp.Boolean, exp.Predicate, exp.Connector, exp.Not, exp.Column))
