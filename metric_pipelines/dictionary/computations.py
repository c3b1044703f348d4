"""What a metric computes, whatever it is called: two metrics of one computation give the same numbers.

A computation is followed down to simple metrics: model, time, aggregation, expression and filter in canonical
form (`canonical.py`); a filter of a metric or of an input is one of what lies below it, as MetricFlow takes
it; an input stands for what it computes, not for its name. Two ways to say one thing that are known:
rows counted as `1`, `*`, or a column that is never empty; `sum` of 1; an average as sum over count; a median
as percentile 0.5; a ratio as a division; `7 days` and `1 week`, `1 quarter` and `3 months` (never months and
days); a derived metric that is its one input; a condition in `case when` of what is aggregated.

Grain and dimensions are *not* part of it: they say what is kept of a computation, and each can be asked for
by the other's. What is not known to be the same is taken for different.
"""

from __future__ import annotations

from sqlglot import exp

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.canonical import both, canonical, canonical_condition, text
from metric_pipelines.dictionary.center_files import Center
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
from metric_pipelines.dictionary.graph import digest

Computation = tuple[object, ...]
"""Nested, hashable, equal where the numbers are."""


class Computations:
    """The computations of a center's metrics, each worked out once; metrics and all below them are valid."""

    def __init__(self, center: Center) -> None:
        self._center = center
        self._known: dict[tuple[str, tuple[str, ...]], Computation] = {}
        self._named: dict[str, Computation] = {}
        self._forms: dict[tuple[str, str], exp.Expr] = {}

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
        expr, given = self._form(model, metric.expr), both(*(self._form(model, f) for f in filters))
        kept = shapes.fills_gaps(metric)
        if not kept and metric.agg != "count":
            expr, given = _without_case(expr, given)
        given = canonical_condition(given, model.columns) if given is not None else None
        of_rows = (model.name, metric.time or model.time, text(given) if given is not None else None)
        if kept:
            return "kept", metric.agg, text(expr), of_rows, metric.percentile, *_gaps(metric)
        if metric.agg == "average":
            return self._divided(("sum", text(expr), of_rows), _count(expr, model, of_rows))
        if metric.agg == "count" or (metric.agg == "sum" and text(expr) == "1"):
            return _count(expr, model, of_rows)
        if metric.agg in ("median", "percentile"):
            rank = 0.5 if metric.agg == "median" else metric.percentile
            return "percentile", rank, metric.percentile_type, text(expr), of_rows
        return metric.agg, text(expr), of_rows

    def _form(self, model: Model, written: str) -> exp.Expr:
        key = (model.name, written)
        if key not in self._forms:
            self._forms[key] = canonical(expression_tree(written), model.columns)
        return self._forms[key]

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
        form = canonical(tree)
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


def _without_case(expr: exp.Expr, given: exp.Expr | None) -> tuple[exp.Expr, exp.Expr | None]:
    """`case when c then x end` as x where c: a filter is lowered into just that."""
    while isinstance(expr, exp.Case) and len(expr.args["ifs"]) == 1 and expr.args.get("default") is None:
        [branch] = expr.args["ifs"]
        expr, given = branch.args["true"], both(given, branch.this)
    return expr, given


def _count(expr: exp.Expr, model: Model, of_rows: tuple[object, ...]) -> Computation:
    """Rows where an expression is not empty; a column that must not be, and a constant, never is."""
    column = model.columns.get(expr.name) if isinstance(expr, exp.Column) else None
    always = isinstance(expr, (exp.Literal, exp.Boolean)) or (column is not None and not column.nullable)
    return "count", "*" if always else text(expr), of_rows


def _gaps(metric: SimpleMetric) -> tuple[object, ...]:
    """What a metric says of days without rows, and of which days it says anything."""
    by = metric.non_additive_dimension
    balance = (by.name, by.window_agg, tuple(sorted(set(by.group_by)))) if by is not None else None
    return metric.percentile_type, metric.fill_nulls_with, metric.join_to_timespine, balance
