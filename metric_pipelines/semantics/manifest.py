"""The dictionary as a semantic manifest, in plain values; MetricFlow's specification gives the keys.

Two kinds: over the *models* (simple metrics, conversions, what does not add up), and over the *published
values* of input metrics (one table `inputs` with a column an input), so that what was withheld cannot be read
by what derives from it. A filter over a model's columns is lowered into the aggregated expression: one scan
for all metrics of a group. The base events of a conversion are joined row by row: their filter stays one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import (
    ConversionMetric,
    CumulativeMetric,
    DerivedMetric,
    Metric,
    Model,
    RatioMetric,
    SimpleMetric,
)
from metric_pipelines.dictionary.filters import parsed_filter
from metric_pipelines.dictionary.graph import calendar_of

INPUTS = "inputs"
INPUTS_RELATION = "memory.main.inputs"
INPUT_ROW = "input_row"
INPUT_TIME = "input_day"

Manifest = dict[str, Any]


def over_models(center: Center, metrics: Iterable[Metric]) -> Manifest:
    """The manifest of some metrics, with all they are computed from, over models."""
    needed = _with_inputs(center, metrics)
    extra_times: dict[str, set[str]] = {}
    for metric in needed:
        if isinstance(metric, SimpleMetric) and metric.time:
            extra_times.setdefault(metric.model, set()).add(metric.time)
    models = sorted({m.model for m in needed if isinstance(m, SimpleMetric)})
    conversions = [m for m in needed if isinstance(m, ConversionMetric)]
    zeros = {m.conversion_metric for m in conversions}
    bases = [b for b in {m.base_metric: _filtered_base(center, m) for m in conversions}.values() if b]
    built = [_semantic_model(center.models[name], extra_times.get(name, set())) for name in models]
    for model in built:
        model["dimensions"] += [_condition(center, base) for base in bases if base.model == model["name"]]
    entries = [entry for m in needed for entry in _metric(center, m, zero=m.name in zeros)]
    return _manifest(center, built, entries + [_events(center, base) for base in bases])


def over_inputs(center: Center, metrics: Iterable[Metric], dimensions: Iterable[str]) -> Manifest:
    """The manifest of some metrics over the published values of their inputs."""
    chosen = list(metrics)
    names = list(dict.fromkeys(name for metric in chosen for name in shapes.input_names(metric)))
    columns = [_simple(name, INPUTS, "sum", name, None) for name in names]
    model = {
        "name": INPUTS,
        "node_relation": _relation(INPUTS_RELATION),
        "defaults": {"agg_time_dimension": INPUT_TIME},
        "entities": [{"name": INPUT_ROW, "type": "primary", "expr": "1"}],
        "dimensions": [
            _time(INPUT_TIME, "metric_time"),
            *({"name": d, "type": "categorical"} for d in dimensions),
        ],
        "measures": [],
    }
    return _manifest(center, [model], columns + [entry for m in chosen for entry in _metric(center, m)])


def parts_of(metric: Metric) -> tuple[str, str] | None:
    """The names, in a manifest, of the metrics that are numerator and denominator of a metric; None where it
    has none.
    """
    match metric:
        case RatioMetric():
            return metric.numerator, metric.denominator
        case ConversionMetric(calculation="conversion_rate"):
            return f"{metric.name}_conversions", metric.base_metric
        case _:
            return None


def group_by(entity: str, grain: str, dimensions: Iterable[str]) -> list[str]:
    """The group-by names of MetricFlow, and with them the columns of its query."""
    return [f"metric_time__{grain}", *(f"{entity}__{dimension}" for dimension in dimensions)]


def _manifest(center: Center, models: list[dict[str, Any]], metrics: list[dict[str, Any]]) -> Manifest:
    spine = {
        "node_relation": _relation(f"memory.models.{calendar_of(center)}"),
        "primary_column": {"name": "date_day", "time_granularity": "day"},
    }
    unique = list({metric["name"]: metric for metric in metrics}.values())
    return {"semantic_models": models, "metrics": unique, "project_configuration": {"time_spines": [spine]}}


def _with_inputs(center: Center, metrics: Iterable[Metric]) -> list[Metric]:
    found: dict[str, Metric] = {}
    todo = list(metrics)
    while todo:
        metric = todo.pop()
        if metric.name not in found:
            found[metric.name] = metric
            todo += [center.metrics[name] for name in shapes.input_names(metric)]
    return [found[name] for name in sorted(found)]


def _relation(relation: str) -> dict[str, str]:
    database, schema, alias = relation.split(".")
    return {"relation_name": relation, "database": database, "schema_name": schema, "alias": alias}


def _time(name: str, expr: str) -> dict[str, Any]:
    return {"name": name, "type": "time", "expr": expr, "type_params": {"time_granularity": "day"}}


def _semantic_model(model: Model, more_times: set[str]) -> dict[str, Any]:
    times = {t for t in {model.time, *more_times} if t}
    entities = [e.model_dump() for e in model.entities]
    if not any(e["type"] == "primary" for e in entities):
        entities.append({"name": model.primary_entity, "type": "primary", "expr": "1"})
    dimensions = [
        _time(name, d.expr or name)
        if d.type == "time"
        else {"name": name, "type": "categorical", "expr": d.expr or name}
        for name, d in model.dimensions.items()
        if name not in times
    ]
    return {
        "name": model.name,
        "node_relation": _relation(f"memory.models.{model.name}"),
        "defaults": {"agg_time_dimension": model.time},
        "entities": entities,
        "dimensions": [*dimensions, *(_time(t, t) for t in sorted(times))],
        "measures": [],
    }


def _simple(
    name: str, model: str, agg: str, expr: str, time: str | None, zero: bool = False
) -> dict[str, Any]:
    aggregation = {"semantic_model": model, "agg": agg, "agg_time_dimension": time}
    params: dict[str, Any] = {"expr": expr, "metric_aggregation_params": aggregation}
    if zero:
        params["fill_nulls_with"] = 0
    return {"name": name, "type": "simple", "type_params": params}


def _metric(center: Center, metric: Metric, *, zero: bool = False) -> list[dict[str, Any]]:
    match metric:
        case SimpleMetric():
            return [_lowered(center, metric, zero)]
        case RatioMetric():
            params = {"numerator": {"name": metric.numerator}, "denominator": {"name": metric.denominator}}
            return [{"name": metric.name, "type": "ratio", "type_params": params}]
        case DerivedMetric():
            return [_derived(metric)]
        case CumulativeMetric():
            return [_cumulative(metric)]
        case ConversionMetric():
            base = _filtered_base(center, metric)
            events = _name_of_events(base) if base else metric.base_metric
            entries = [_conversion(metric, metric.name, metric.calculation, events)]
            parts = parts_of(metric)
            return [*entries, _conversion(metric, parts[0], "conversions", events)] if parts else entries


def _lowered(center: Center, metric: SimpleMetric, zero: bool) -> dict[str, Any]:
    agg: str = metric.agg
    expr = metric.expr
    if metric.filter is not None:
        columns = center.models[metric.model].columns
        condition = parsed_filter(metric.filter, columns, center.where(f"metrics/{metric.name}", "filter"))
        if agg == "count":  # SUM of nothing is NULL, where COUNT of nothing would be a ghost zero
            agg, expr = "sum", f"case when ({expr}) is not null then 1 else 0 end"
        expr = f"case when {condition} then {expr} end"
    return _simple(metric.name, metric.model, agg, expr, metric.time, zero)


def _condition(center: Center, metric: SimpleMetric) -> dict[str, Any]:
    """A metric's filter as a dimension of its model, for MetricFlow to filter rows by."""
    assert metric.filter is not None
    columns = center.models[metric.model].columns
    condition = parsed_filter(metric.filter, columns, center.where(f"metrics/{metric.name}", "filter"))
    expr = f"case when {condition} then 1 else 0 end"
    return {"name": f"is_{metric.name}", "type": "categorical", "expr": expr}


def _filtered_base(center: Center, metric: ConversionMetric) -> SimpleMetric | None:
    base = center.metrics[metric.base_metric]
    return base if isinstance(base, SimpleMetric) and base.filter is not None else None


def _name_of_events(base: SimpleMetric) -> str:
    return f"{base.name}__events"


def _events(center: Center, base: SimpleMetric) -> dict[str, Any]:
    """A base metric whose filter takes rows away: what is no base event must not be converted."""
    entry = _simple(_name_of_events(base), base.model, base.agg, base.expr, base.time)
    dimension = f"{center.models[base.model].primary_entity}__is_{base.name}"
    where = {"where_sql_template": f"{{{{ Dimension('{dimension}') }}}} = 1"}
    return entry | {"filter": {"where_filters": [where]}}


def _derived(metric: DerivedMetric) -> dict[str, Any]:
    inputs = [
        {
            "name": part.name,
            "alias": part.alias,
            "offset_window": _window(part.offset_window),
            "offset_to_grain": part.offset_to_grain,
        }
        for part in metric.metrics
    ]
    return {"name": metric.name, "type": "derived", "type_params": {"expr": metric.expr, "metrics": inputs}}


def _cumulative(metric: CumulativeMetric) -> dict[str, Any]:
    span = {
        "window": _window(metric.window),
        "grain_to_date": metric.grain_to_date,
        "metric": {"name": metric.metric},
        "period_agg": "last",
    }
    return {"name": metric.name, "type": "cumulative", "type_params": {"cumulative_type_params": span}}


def _conversion(metric: ConversionMetric, name: str, calculation: str, base: str) -> dict[str, Any]:
    constants = [{"base_property": p, "conversion_property": p} for p in metric.constant_properties]
    params = {
        "entity": metric.entity,
        "base_metric": {"name": base},
        "conversion_metric": {"name": metric.conversion_metric},
        "calculation": calculation,
        "window": _window(metric.window),
        "constant_properties": constants or None,
    }
    return {"name": name, "type": "conversion", "type_params": {"conversion_type_params": params}}


def _window(window: str | None) -> dict[str, Any] | None:
    if window is None:
        return None
    count, unit = shapes.window_parts(window)
    return {"count": count, "granularity": unit}
