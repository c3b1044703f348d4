"""What a metric computes, whatever it is called: two metrics of one computation give the same numbers.

A computation is followed down to simple metrics: model, time, aggregation, expression and filter in canonical
form (`canonical.py`), a column as what its model computes it from (`identities.py`); a filter of a metric or
of an input is one of what lies below it, as MetricFlow takes it; an input stands for what it computes, not
for its name. Two ways to say one thing that are known: rows counted as `1`, `*`, or a column that is never
empty, and different values of a column that is a key; what is not empty counted as `case when` it is not
`then 1 else 0`; a sum of several terms, none of which is ever empty, as their sums; an average as sum over
count; a median as percentile 0.5; a ratio as a division; `7 days` and `1 week`, `1 quarter` and `3 months`
(never months and days); a derived metric that is its one input; a condition in `case when` of what is
aggregated.

Zero is not nothing: where rows are there and none of them counts, `count` of a column and `else 0` publish 0,
a filter publishes no number, and what divides by it or adds it differs. Such two are two computations.

Grain and dimensions are *not* part of it: they say what is kept of a computation, and each can be asked for
by the other's. What is not known to be the same is taken for different.
"""

from __future__ import annotations

from fractions import Fraction

from sqlglot import exp

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.arithmetic import ONE, ZERO, Arithmetic
from metric_pipelines.dictionary.canonical import canonical, canonical_condition
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.column_facts import Columns, is_exact, never_empty
from metric_pipelines.dictionary.conditions import both
from metric_pipelines.dictionary.definitions import (
    ConversionMetric,
    CumulativeMetric,
    DerivedInput,
    DerivedMetric,
    Metric,
    MetricInput,
    Model,
    RatioMetric,
    SimpleMetric,
)
from metric_pipelines.dictionary.filters import expression_tree
from metric_pipelines.dictionary.forms import text
from metric_pipelines.dictionary.graph import digest
from metric_pipelines.dictionary.identities import identities
from metric_pipelines.dictionary.yaml_types import Column

Computation = tuple[object, ...]
"""Nested, hashable, equal where the numbers are."""


class Computations:
    """The computations of a center's metrics, each worked out once; metrics and all below them are valid."""

    def __init__(self, center: Center) -> None:
        self._center = center
        self._known: dict[tuple[str, tuple[str, ...]], Computation] = {}
        self._named: dict[str, Computation] = {}
        self._forms: dict[tuple[str, str], exp.Expr] = {}
        self._computed_columns: dict[str, dict[str, exp.Expr]] = {}
        self._columns: dict[str, Column] = {}
        self._together: dict[str, object] = {}

    def of(self, metric: str) -> Computation:
        """The computation of a metric."""
        return self._below(metric, ())

    def _below(self, name: str, filters: tuple[str, ...]) -> Computation:
        """The computation of a metric of the rows that filters leave."""
        key = (name, tuple(sorted(set(filters))))
        if key not in self._known:
            self._known[key] = self._worked_out(self._center.metrics[name], key[1])
        return self._known[key]

    def _worked_out(self, metric: Metric, filters: tuple[str, ...]) -> Computation:
        inner = (*filters, metric.filter) if metric.filter is not None else filters
        match metric:
            case SimpleMetric():
                return self._simple(metric, inner)
            case RatioMetric():
                return self._divided(
                    self._input(metric.numerator, inner), self._input(metric.denominator, inner)
                )
            case DerivedMetric():
                return self._derived(metric, inner)
            case CumulativeMetric():
                span = shapes.span_of(metric.window) if metric.window else metric.grain_to_date
                return "added up", self._input(metric.metric, inner), span, metric.period_agg
            case ConversionMetric():
                return self._conversion(metric, inner)

    def _input(self, part: MetricInput, filters: tuple[str, ...]) -> Computation:
        return self._below(part.name, (*filters, part.filter) if part.filter is not None else filters)

    # Simple metrics

    def _simple(self, metric: SimpleMetric, filters: tuple[str, ...]) -> Computation:
        model = self._center.models[metric.model]
        expr = self._form(model, metric.expr)
        given = both(model.columns, *(self._form(model, f) for f in filters))
        kept = shapes.fills_gaps(metric)
        if not kept and metric.agg not in ("count", "count_distinct"):
            expr, given = _without_case(expr, given, model.columns)
        rows = _Rows(model, metric.time or model.time, given)
        if kept:
            return "kept", metric.agg, text(expr), rows.known, metric.percentile, *_gaps(metric)
        expr = rows.among(expr)
        match metric.agg:
            case "average":
                return self._divided(self._sum(expr, rows), self._count(expr, rows))
            case "count":
                return self._count(expr, rows)
            case "count_distinct" if _is_key(expr, model):
                return self._count(expr, rows)
            case "sum":
                return self._sum(expr, rows)
            case "median" | "percentile":
                rank = 0.5 if metric.agg == "median" else metric.percentile
                return "percentile", rank, metric.percentile_type, text(expr), rows.known
            case _:
                return metric.agg, text(expr), rows.known

    def _count(self, expr: exp.Expr, rows: _Rows) -> Computation:
        """Rows where an expression is not empty, as a sum of ones and zeros."""
        value, asked = _without_case(expr, None, rows.model.columns)
        filled = exp.Not(this=exp.Is(this=value, expression=exp.null()))
        one = exp.If(this=both(rows.model.columns, asked, filled), true=ONE)
        return self._sum(rows.among(canonical(exp.Case(ifs=[one], default=ZERO), rows.model.columns)), rows)

    def _sum(self, expr: exp.Expr, rows: _Rows) -> Computation:
        """A sum as a sum of sums, with its constants before them. Where a term may be empty, the whole is
        one: a row that lacks any of it does not count.
        """
        columns = rows.model.columns
        terms = Arithmetic(columns).terms(expr)
        filled = all(never_empty(body, columns) for _, body in terms)
        parts = terms if filled or len(terms) == 1 else [(Fraction(1), expr)]
        placed = [(c, self._summed(body, rows, filled=filled)) for c, body in parts]
        return self._arithmetic(Arithmetic(self._columns, self._together).sum(placed))

    def _summed(self, body: exp.Expr, rows: _Rows, *, filled: bool) -> exp.Expr:
        """The sum of one term, as a column; sums of what is never empty have values for the same groups."""
        counted = body == ONE
        column = self._placed(("count", "*", rows.known) if counted else ("sum", text(body), rows.known))
        if is_exact(body, rows.model.columns):
            self._columns[column.name] = Column(type="decimal(38,10)", nullable=True)
        if filled:
            self._together[column.name] = rows.known
        return column

    def _form(self, model: Model, written: str) -> exp.Expr:
        key = (model.name, written)
        if key not in self._forms:
            known = self._identities(model)
            tree = expression_tree(written).transform(
                lambda node: (
                    exp.Paren(this=known[node.name].copy())
                    if isinstance(node, exp.Column) and node.name in known
                    else node
                )
            )
            self._forms[key] = canonical(tree, model.columns)
        return self._forms[key]

    def _identities(self, model: Model) -> dict[str, exp.Expr]:
        if model.name not in self._computed_columns:
            where = str(self._center.sql_file(model.name))
            found = identities(self._center.sql.get(model.name, ""), model.columns, where)
            self._computed_columns[model.name] = found
        return self._computed_columns[model.name]

    # What derives from others

    def _divided(self, above: Computation, below: Computation) -> Computation:
        return self._arithmetic(exp.Div(this=self._placed(above), expression=self._placed(below)))

    def _derived(self, metric: DerivedMetric, filters: tuple[str, ...]) -> Computation:
        parts = {
            part.alias or part.name: self._placed(self._shifted(part, filters)) for part in metric.metrics
        }
        tree = expression_tree(metric.expr)
        return self._arithmetic(
            tree.transform(lambda node: parts[node.name].copy() if isinstance(node, exp.Column) else node)
        )

    def _shifted(self, part: DerivedInput, filters: tuple[str, ...]) -> Computation:
        computed = self._input(part, filters)
        if part.offset_window is not None:
            return "before", computed, shapes.span_of(part.offset_window)
        if part.offset_to_grain is not None:
            return "at the start of", computed, part.offset_to_grain
        return computed

    def _placed(self, computed: Computation) -> exp.Expr:
        """A computation in an expression: its own expression, or a column that is called by its digest."""
        if computed[0] == "expression":
            return exp.Paren(this=expression_tree(str(computed[1])))
        name = f"of_{digest(repr(computed))}"
        self._named[name] = computed
        return exp.column(exp.to_identifier(name, quoted=True))

    def _arithmetic(self, tree: exp.Expr) -> Computation:
        """An expression over computations; what is one of them alone, is that."""
        form = canonical(tree, self._columns, self._together)
        return self._named[form.name] if isinstance(form, exp.Column) else ("expression", text(form))

    def _conversion(self, metric: ConversionMetric, filters: tuple[str, ...]) -> Computation:
        """What filters a conversion is left where it stands: it is a condition on base events alone."""
        return (
            "conversion",
            self._input(metric.base_metric, ()),
            self._input(metric.conversion_metric, ()),
            metric.entity,
            shapes.span_of(metric.window) if metric.window else None,
            metric.calculation,
            tuple(sorted(set(metric.constant_properties))),
            metric.fill_nulls_with,
            tuple(sorted({text(canonical_condition(expression_tree(f))) for f in filters})),
        )


class _Rows:
    """The rows of a model that a metric is computed from: by which time, and under which condition."""

    def __init__(self, model: Model, time: str | None, given: exp.Expr | None) -> None:
        self.model = model
        self._condition = canonical_condition(given or exp.true(), model.columns)
        self.known = (model.name, time, text(self._condition))

    def among(self, expr: exp.Expr) -> exp.Expr:
        """An expression on these rows: `case when c then x` as x where each of them meets c."""
        while isinstance(expr, exp.Case) and self._meet(expr.args["ifs"][0].this):
            expr = expr.args["ifs"][0].args["true"]
        return expr

    def _meet(self, condition: exp.Expr) -> bool:
        narrower = both(self.model.columns, self._condition, condition) or exp.true()
        return canonical_condition(narrower, self.model.columns) == self._condition


def _without_case(
    expr: exp.Expr, given: exp.Expr | None, columns: Columns
) -> tuple[exp.Expr, exp.Expr | None]:
    """`case when c then x end` as x where c: a filter is lowered into just that."""
    while isinstance(expr, exp.Case) and len(expr.args["ifs"]) == 1 and expr.args.get("default") is None:
        [branch] = expr.args["ifs"]
        expr, given = branch.args["true"], both(columns, given, branch.this)
    return expr, given


def _is_key(expr: exp.Expr, model: Model) -> bool:
    """Whether each row has a value of its own."""
    unique = isinstance(expr, exp.Column) and [expr.name] in model.checks.unique
    return unique and never_empty(expr, model.columns)


def _gaps(metric: SimpleMetric) -> tuple[object, ...]:
    """What a metric says of days without rows, and of which days it says anything."""
    by = metric.non_additive_dimension
    balance = (by.name, by.window_agg, tuple(sorted(set(by.group_by)))) if by is not None else None
    return metric.percentile_type, metric.fill_nulls_with, metric.join_to_timespine, balance
