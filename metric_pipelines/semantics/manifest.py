"""The dictionary as a semantic manifest, in plain values; MetricFlow's specification gives the keys.

Two kinds: over the *models* (simple metrics, conversions, what does not add up), and over the *published
values* of input metrics (one table `inputs` with a column an input), so that what was withheld cannot be read
by what derives from it.

A dimension is written as a foreign entity of its model: MetricFlow then knows it by its bare name in every
model that has it, where a dimension would carry the name of its own model's entity.
A simple metric's filter is lowered into the aggregated expression: one scan for all metrics of a group. Where
rows must go before anything is counted (a filter of an input, of a conversion, of what fills gaps) it stays a
condition on rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from metric_pipelines.dictionary import dimensions as dims
from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import (
    ConversionMetric,
    CumulativeMetric,
    DerivedMetric,
    Metric,
    MetricInput,
    RatioMetric,
    SimpleMetric,
)
from metric_pipelines.dictionary.dimensions import BY
from metric_pipelines.dictionary.filters import TIME, Condition, parsed_filter
from metric_pipelines.dictionary.graph import calendar_of, digest
from metric_pipelines.semantics import joined_views

INPUTS = "inputs"
INPUTS_RELATION = "memory.main.inputs"
INPUT_TIME = "input_day"

Manifest = dict[str, Any]


def over_models(center: Center, metrics: Iterable[Metric], dimensions: Iterable[str] = ()) -> Manifest:
    """The manifest of some metrics by some dimensions, with all they are computed from, over models."""
    needed = _with_inputs(center, metrics)
    simple = [m for m in needed if isinstance(m, SimpleMetric)]
    models = {name: _SemanticModel(center, name) for name in sorted({m.model for m in simple})}
    for metric in simple:
        models[metric.model].add_times(metric)
    for conversion in (m for m in needed if isinstance(m, ConversionMetric)):
        for name in (conversion.entity, *conversion.constant_properties):
            _everywhere(models, name)
    for dimension in dimensions:
        _everywhere(models, dimension)
    conditions = _Conditions(center, models)
    zeros = _filled_conversions(needed)
    entries = [entry for m in needed for entry in _metric(m, conditions, zeros.get(m.name))]
    return _manifest(center, [model.plain() for model in models.values()], entries)


def over_inputs(center: Center, metrics: Iterable[Metric], dimensions: Iterable[str]) -> Manifest:
    """The manifest of some metrics over the published values of their inputs."""
    chosen = list(metrics)
    names = list(dict.fromkeys(name for metric in chosen for name in shapes.input_names(metric)))
    columns = [_simple(name, INPUTS, "sum", name, None) for name in names]
    model = {
        "name": INPUTS,
        "node_relation": _relation(INPUTS_RELATION),
        "defaults": {"agg_time_dimension": INPUT_TIME},
        "entities": [_row_of(INPUTS), *(_entity(_bare(name), name) for name in dimensions)],
        "dimensions": [_time(INPUT_TIME, "metric_time", "day")],
        "measures": [],
    }
    return _manifest(center, [model], columns + [entry for m in chosen for entry in _metric(m, None, None)])


def parts_of(metric: Metric) -> tuple[str, str] | None:
    """The names, in a manifest, of the metrics that are numerator and denominator of a metric; None where it
    has none.
    """
    match metric:
        case RatioMetric() if not (metric.filter or metric.numerator.filter or metric.denominator.filter):
            return metric.numerator.name, metric.denominator.name
        case ConversionMetric(calculation="conversion_rate", filter=None) if not metric.base_metric.filter:
            return f"{metric.name}_conversions", metric.base_metric.name
        case _:
            return None


def group_by(grain: str, dimensions: Iterable[str]) -> list[str]:
    """The group-by names of MetricFlow, and with them the columns of its query."""
    return [f"metric_time__{grain}", *map(_bare, dimensions)]


def where_template(condition: Condition, grain: str) -> str:
    """MetricFlow's form of a condition over dimensions and the metrics' time, which is by `grain`."""
    return condition.sql(
        lambda column: _time_by(grain) if column == TIME else f"{{{{ Entity('{_bare(column)}') }}}}"
    )


def since(day: date, grain: str) -> str:
    """MetricFlow's form of the condition that events are of `day` or later, the start of a period of `grain`.

    MetricFlow's own time constraint is widened to whole periods of the grain that is asked for.
    """
    return f"{_time_by(grain)} >= '{day}'"


def _time_by(grain: str) -> str:
    return f"{{{{ TimeDimension('{TIME}', '{grain}') }}}}"


class _SemanticModel:
    """One model of a manifest, as far as it is asked for."""

    def __init__(self, center: Center, name: str) -> None:
        self.center, self.model = center, center.models[name]
        model = self.model
        self._times = {model.time: model.time} if model.time else {}
        self._entities: dict[str, dict[str, Any]] = {}
        self._asked: list[str] = []

    def add_times(self, metric: SimpleMetric) -> None:
        """The times that a metric is counted by, and the entities its balances are kept for."""
        by = metric.non_additive_dimension
        self._times |= {name: name for name in (metric.time, by.name if by else None) if name}
        for name in by.group_by if by else []:
            self.add(name)

    def has(self, name: str) -> bool:
        """Whether the model knows an entity, or reaches a dimension, which may be a time by a grain."""
        is_entity = name in [e.name for e in self.model.entities]
        return is_entity or dims.asked_of(self.center, self.model.name, name) is not None

    def add(self, name: str) -> None:
        """An entity, or a dimension as an entity."""
        entity = next((e for e in self.model.entities if e.name == name), None)
        if entity is not None:
            self._entities[name] = entity.model_dump()
            return
        found = dims.asked_of(self.center, self.model.name, name)
        assert found is not None, f"{self.model.name} knows no {name}"
        reached, grain = found
        expr = reached.expr
        if reached.join is not None:
            expr, self._asked = name.removesuffix(f"{BY}{grain}"), [*self._asked, name]
        if reached.spec.type == "time":
            expr = f"date_trunc('{grain or 'day'}', {expr})"
        self._entities[name] = _entity(_bare(name), expr)

    def add_condition(self, condition: str) -> str:
        """A condition on rows, as an entity that is 1 or 0; its name."""
        name = f"is_{digest(condition)}"
        self._entities[name] = _entity(name, f"case when {condition} then 1 else 0 end")
        return name

    def plain(self) -> dict[str, Any]:
        """The semantic model as plain values."""
        model, own = self.model, list(self._entities.values())
        primary = [] if any(e["type"] == "primary" for e in own) else [_row_of(model.name)]
        return {
            "name": model.name,
            "node_relation": _relation(joined_views.relation(self.center, model.name, self._asked)),
            "defaults": {"agg_time_dimension": model.time},
            "entities": [*own, *primary],
            "dimensions": [_time(t, t, model.time_granularity) for t in sorted(self._times)],
            "measures": [],
        }


class _Conditions:
    """Filters as conditions on the rows of all models that a metric is computed from."""

    def __init__(self, center: Center, models: dict[str, _SemanticModel]) -> None:
        self._center, self._models = center, models

    def of(self, metric: Metric, filter_: str | None, over: Metric | str) -> dict[str, Any] | None:
        """MetricFlow's form of a filter that stands in a metric, over the models of it or of its input.

        Raises: DefinitionError where a model lacks a column.
        """
        if filter_ is None:
            return None
        center = self._center
        whole = center.metrics[over] if isinstance(over, str) else over
        where = center.where(f"metrics/{metric.name}")
        name = ""
        for model in shapes.filtered_models(center, whole):
            condition = parsed_filter(filter_, center.models[model].columns, where)
            name = self._models[model].add_condition(condition)
        return {"where_filters": [_is_one(name)]}

    def of_base(self, metric: ConversionMetric) -> dict[str, Any] | None:
        """All that filters the base events of a conversion: what is no base event must not be converted."""
        base = self._center.metrics[metric.base_metric.name]
        found = [self.of(metric, metric.base_metric.filter, base)]
        found.append(self.of(base, base.filter, base) if isinstance(base, SimpleMetric) else None)
        filters = [one for condition in found if condition for one in condition["where_filters"]]
        return {"where_filters": filters} if filters else None

    def lowered(self, metric: SimpleMetric) -> str | None:
        """The filter of a simple metric as a condition in SQL; None where it has none."""
        if metric.filter is None:
            return None
        columns = self._center.models[metric.model].columns
        where = self._center.where(f"metrics/{metric.name}", "filter")
        return parsed_filter(metric.filter, columns, where)


def _everywhere(models: dict[str, _SemanticModel], name: str) -> None:
    for model in models.values():
        if model.has(name):
            model.add(name)


def _bare(dimension: str) -> str:
    """A dimension's name in a manifest: MetricFlow reads two underscores its own way."""
    return dimension.replace(BY, "_by_")


def _is_one(name: str) -> dict[str, str]:
    return {"where_sql_template": f"{{{{ Entity('{name}') }}}} = 1"}


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


def _filled_conversions(metrics: Iterable[Metric]) -> dict[str, int]:
    """What stands for no conversion at all, by the name of the metric that is counted."""
    conversions = (m for m in metrics if isinstance(m, ConversionMetric))
    return {m.conversion_metric.name: m.fill_nulls_with for m in conversions if m.fill_nulls_with is not None}


def _relation(relation: str) -> dict[str, str]:
    database, schema, alias = relation.split(".")
    return {"relation_name": relation, "database": database, "schema_name": schema, "alias": alias}


def _time(name: str, expr: str, granularity: str) -> dict[str, Any]:
    params = {"time_granularity": granularity}
    return {"name": name, "type": "time", "expr": expr, "type_params": params}


def _entity(name: str, expr: str) -> dict[str, Any]:
    return {"name": name, "type": "foreign", "expr": expr}


def _row_of(model: str) -> dict[str, Any]:
    return {"name": f"row_of_{model}", "type": "primary", "expr": "1"}


def _simple(name: str, model: str, agg: str, expr: str, time: str | None) -> dict[str, Any]:
    aggregation: dict[str, Any] = {"semantic_model": model, "agg": agg, "agg_time_dimension": time}
    params: dict[str, Any] = {"expr": expr, "metric_aggregation_params": aggregation}
    return {"name": name, "type": "simple", "type_params": params}


def _metric(metric: Metric, conditions: _Conditions | None, zero: int | None) -> Iterator[dict[str, Any]]:
    match metric:
        case SimpleMetric():
            yield _aggregate(metric, conditions, zero)
        case RatioMetric():
            parts = {"numerator": metric.numerator, "denominator": metric.denominator}
            params = {key: _part(metric, key, part, conditions) for key, part in parts.items()}
            yield _entry(metric, "ratio", params, conditions)
        case DerivedMetric():
            yield _entry(metric, "derived", _derived(metric, conditions), conditions)
        case CumulativeMetric():
            yield _entry(metric, "cumulative", _cumulative(metric, conditions), conditions)
        case ConversionMetric():
            yield _conversion(metric, metric.name, metric.calculation, conditions)
            parts_ = parts_of(metric)
            if parts_:
                yield _conversion(metric, parts_[0], "conversions", conditions)


def _entry(
    metric: Metric, kind: str, params: dict[str, Any], conditions: _Conditions | None
) -> dict[str, Any]:
    condition = conditions.of(metric, metric.filter, metric) if conditions else None
    return {"name": metric.name, "type": kind, "type_params": params, "filter": condition}


def _input(metric: Metric, part: MetricInput, conditions: _Conditions | None) -> dict[str, Any]:
    condition = conditions.of(metric, part.filter, part.name) if conditions else None
    return {"name": part.name, "filter": condition}


def _part(metric: RatioMetric, key: str, part: MetricInput, conditions: _Conditions | None) -> dict[str, Any]:
    """A part of a ratio; a filtered one under a name of its own, or MetricFlow takes it for the other."""
    alias = {"alias": f"{metric.name}_{key}"} if part.filter else {}
    return _input(metric, part, conditions) | alias


def _aggregate(metric: SimpleMetric, conditions: _Conditions | None, zero: int | None) -> dict[str, Any]:
    agg: str = metric.agg
    expr = metric.expr
    by_rows = shapes.filters_rows(metric)
    condition = conditions.lowered(metric) if conditions and not by_rows else None
    if condition is not None:
        if agg == "count":  # SUM of nothing is NULL, where COUNT of nothing would be a ghost zero
            agg, expr = "sum", f"case when ({expr}) is not null then 1 else 0 end"
        expr = f"case when {condition} then {expr} end"
    entry = _simple(metric.name, metric.model, agg, expr, metric.time)
    params = entry["type_params"]
    params["fill_nulls_with"] = metric.fill_nulls_with if zero is None else zero
    params["join_to_timespine"] = metric.join_to_timespine
    aggregation = params["metric_aggregation_params"]
    if metric.percentile is not None:
        discrete = metric.percentile_type == "discrete"
        aggregation["agg_params"] = {"percentile": metric.percentile, "use_discrete_percentile": discrete}
    if metric.non_additive_dimension is not None:
        aggregation["non_additive_dimension"] = {
            "name": metric.non_additive_dimension.name,
            "window_choice": metric.non_additive_dimension.window_agg,
            "window_groupings": metric.non_additive_dimension.group_by,
        }
    if conditions and by_rows:
        entry["filter"] = conditions.of(metric, metric.filter, metric)
    return entry


def _derived(metric: DerivedMetric, conditions: _Conditions | None) -> dict[str, Any]:
    inputs = [
        {
            **_input(metric, part, conditions),
            "alias": part.alias,
            "offset_window": _window(part.offset_window),
            "offset_to_grain": part.offset_to_grain,
        }
        for part in metric.metrics
    ]
    return {"expr": metric.expr, "metrics": inputs}


def _cumulative(metric: CumulativeMetric, conditions: _Conditions | None) -> dict[str, Any]:
    span = {
        "window": _window(metric.window),
        "grain_to_date": metric.grain_to_date,
        "metric": _input(metric, metric.metric, conditions),
        "period_agg": metric.period_agg or "last",
    }
    return {"cumulative_type_params": span}


def _conversion(
    metric: ConversionMetric, name: str, calculation: str, conditions: _Conditions | None
) -> dict[str, Any]:
    constants = [{"base_property": p, "conversion_property": p} for p in metric.constant_properties]
    params = {
        "entity": metric.entity,
        "base_metric": {
            "name": metric.base_metric.name,
            "filter": conditions.of_base(metric) if conditions else None,
        },
        "conversion_metric": _input(metric, metric.conversion_metric, conditions),
        "calculation": calculation,
        "window": _window(metric.window),
        "constant_properties": constants or None,
    }
    entry = _entry(metric, "conversion", {"conversion_type_params": params}, conditions)
    return entry | {"name": name}


def _window(window: str | None) -> dict[str, Any] | None:
    if window is None:
        return None
    count, unit = shapes.window_parts(window)
    return {"count": count, "granularity": unit}
