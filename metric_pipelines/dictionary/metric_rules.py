"""Rules about one metric of a center: its inputs, columns, expressions, filters, and the shape that its
inputs can give. Each problem is a value with file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import (
    GRAINS,
    ConversionMetric,
    CumulativeMetric,
    DerivedMetric,
    Metric,
    Model,
    SimpleMetric,
)
from metric_pipelines.dictionary.dimensions import dimension_of, follows_time, of_model, why_not
from metric_pipelines.dictionary.expectation_rules import expectation_problems
from metric_pipelines.dictionary.filter_rules import filter_problems
from metric_pipelines.dictionary.filters import columns_in, parsed_expression, parsed_filter
from metric_pipelines.dictionary.join_rules import unproven_problem
from metric_pipelines.dictionary.members import listed_members
from metric_pipelines.dictionary.problems import caught, department_problems
from metric_pipelines.dictionary.rollup_rules import rollup_problems
from metric_pipelines.errors import Problem, did_you_mean, listed

COLUMNS = ("metric_time", "value", "numerator", "denominator")
"""What every metric's view has."""


def metric_problems(center: Center, metric: Metric) -> Iterator[Problem]:
    key = f"metrics/{metric.name}"
    yield from department_problems(center, key, metric.department)
    yield from expectation_problems(center, (key,), metric.checks.expectations, COLUMNS[1:], of_value=True)
    for name in shapes.input_names(metric):
        if name in center.drafts:
            where = next((w for w in _places(center, key, name)), center.where(key))
            remedy = f"say how {name} is computed, in {center.where(f'metrics/{name}', 'type')}"
            yield Problem(where, f"metric {name!r} is a draft", "a metric that is computed", remedy)
        elif name not in center.metrics:
            where = next((w for w in _places(center, key, name)), center.where(key))
            yield Problem(
                where,
                f"unknown metric {name!r}",
                f"one of {listed(center.metrics)}",
                did_you_mean(name, center.metrics),
            )
    match metric:
        case SimpleMetric():
            yield from _simple(center, key, metric)
        case DerivedMetric():
            yield from _derived(center, key, metric)
        case CumulativeMetric(window=str() as window) | ConversionMetric(window=str() as window):
            yield from _window(center, key, window, "window")
        case _:
            pass


def shape_problems(center: Center, metric: Metric) -> Iterator[Problem]:
    """Grain and dimensions that the inputs can give."""
    key = f"metrics/{metric.name}"
    for name in shapes.input_names(metric):
        part = center.metrics[name]
        if GRAINS.index(metric.grain) < GRAINS.index(part.grain) and not isinstance(metric, ConversionMetric):
            yield Problem(
                center.where(key, "grain"),
                f"grain {metric.grain} from {name} by {part.grain}",
                f"grain: {part.grain}",
            )
    yield from _filters(center, key, metric)
    yield from rollup_problems(center, metric)
    if isinstance(metric, (ConversionMetric, CumulativeMetric)):
        wrong = list(_of_rows(center, key, metric))
        yield from wrong
        if isinstance(metric, ConversionMetric) and not wrong:
            yield from _conversion(center, key, metric)
    yield from _dimensions_below(center, key, metric)


def _dimensions_below(center: Center, key: str, metric: Metric) -> Iterator[Problem]:
    """What a metric is published by, each model below it must reach, and days that are shifted must not
    change.
    """
    where = center.where(key, "dimensions")
    for leaf in shapes.leaves(center, metric) if not isinstance(metric, SimpleMetric) else ():
        lacking = [n for n in metric.dimensions if dimension_of(center, leaf.model, n) is None]
        if lacking:
            yield unproven_problem(center, leaf.model, lacking[0]) or Problem(
                where,
                f"dimensions {listed(lacking)}",
                f"dimensions of model {leaf.model}",
                why_not(center, [leaf.model], lacking[0]),
            )
    for name in metric.dimensions if shapes.spreads_rows(center, metric) else ():
        reached = [dimension_of(center, leaf.model, name) for leaf in shapes.leaves(center, metric)]
        changes = any(one is not None and one.spec.changing for one in reached)
        if changes or follows_time(center, metric, name):
            found = f"dimension {name!r}, which follows the day that rows are counted by"
            yield Problem(where, found, "what stays the same on all days", "publish what it is computed from")


def _places(center: Center, key: str, value: str) -> Iterator[str]:
    file = center.files[key]
    for location in file.lines:
        at: Any = file.value
        for part in location:
            at = at[part]
        if at == value and location:
            yield file.where(location)


def _window(center: Center, key: str, window: str, *place: str | int) -> Iterator[Problem]:
    try:
        shapes.window_parts(window)
    except ValueError as error:
        found, _, expected = str(error).partition("; expected ")
        short = re.fullmatch(r"(\d+) ?(d|w|m|mo|q|y|day|week|month|quarter|year)s?", window.strip().lower())
        grain = next((g for g in GRAINS if short and g.startswith(short[2])), "")
        remedy = f"write {short[1]} {grain}s" if short and grain else ""
        yield Problem(center.where(key, *place), found, expected, remedy)


def _simple(center: Center, key: str, metric: SimpleMetric) -> Iterator[Problem]:
    model = center.models.get(metric.model)
    if model is None:
        where = center.where(key, "model")
        yield Problem(
            where,
            f"unknown model {metric.model!r}",
            f"one of {listed(center.models)}",
            did_you_mean(metric.model, center.models),
        )
        return
    columns = list(model.columns)
    if not (metric.time or model.time):
        yield Problem(
            center.where(key, "model"), f"model {metric.model} has no time", "time: <column> in the model"
        )
    if metric.time and metric.time not in columns:
        yield Problem(
            center.where(key, "time"), f"unknown column {metric.time!r}", f"one of {listed(columns)}"
        )
    time, months = metric.time or model.time, model.partition_by
    kind = model.columns[months].type if months in model.columns else ""
    if kind in ("date", "timestamp") and time is not None and time != months:
        place = ("time",) if metric.time else ("model",)
        found = f"time {time} of model {model.name}, whose months are those of {months}"
        remedy = f"time: {months}, or a model with partition_by: {time}"
        yield Problem(center.where(key, *place), found, "rows of one month in one month", remedy)
    for dimension in metric.dimensions:
        reached = dimension_of(center, model.name, dimension)
        if reached is not None and (reached.spec.type == "time" or dimension in (model.time, metric.time)):
            found = f"dimension {dimension!r}, which is a time"
            yield Problem(center.where(key, "dimensions"), found, "categorical dimensions", "ask by grain")
    named = [(dimension, "dimensions") for dimension in metric.dimensions]
    for dimension, key_ in [*named, *((dimension, "additive") for dimension in metric.additive or [])]:
        if dimension != shapes.TIME and dimension_of(center, model.name, dimension) is None:
            yield unproven_problem(center, model.name, dimension) or Problem(
                center.where(key, key_),
                f"unknown dimension {dimension!r}",
                f"one of {listed(of_model(center, model.name))}",
                why_not(center, [model.name], dimension),
            )
    yield from caught(lambda: parsed_expression(metric.expr, columns, center.where(key, "expr")))
    if metric.filter is not None:
        text = metric.filter
        where = center.where(key, "filter")
        wrong = list(caught(lambda: parsed_filter(text, columns, where)))
        members = listed_members(model.dimensions)
        yield from wrong or filter_problems(text, model.columns, members, where)
    yield from _aggregation(center, key, metric, model)


def _aggregation(center: Center, key: str, metric: SimpleMetric, model: Model) -> Iterator[Problem]:
    """A percentile says which; balances say by which day, and for which entities they are kept."""
    if (metric.agg == "percentile") != (metric.percentile is not None):
        found = f"agg {metric.agg} {'with' if metric.percentile else 'without'} percentile"
        yield Problem(center.where(key, "agg"), found, "agg: percentile with percentile: 0.9")
    column = model.columns.get(metric.expr.strip())
    if metric.agg not in ("count", "count_distinct") and column is not None and column.type in NO_NUMBERS:
        found = f"agg {metric.agg} of {metric.expr} ({column.type})"
        remedy = f"agg: count_distinct, if different values of {metric.expr} are counted"
        yield Problem(center.where(key, "expr"), found, "a number to aggregate", remedy)
    yield from _additive(center, key, metric)
    by = metric.non_additive_dimension
    if by is None:
        return
    where = center.where(key, "non_additive_dimension")
    column = model.columns.get(by.name)
    if column is None or column.type not in ("date", "timestamp"):
        times = [name for name, spec in model.columns.items() if spec.type in ("date", "timestamp")]
        yield Problem(where, f"unknown time {by.name!r}", f"one of {listed(times)}")
    entities = [entity.name for entity in model.entities]
    for name in by.group_by:
        if name not in entities:
            near = did_you_mean(name, entities)
            yield Problem(where, f"unknown entity {name!r}", f"one of {listed(entities)}", near)


NO_NUMBERS = ("string", "date", "timestamp")
"""Types of columns whose sums, averages and extremes are no numbers."""

NEVER_ADDS_UP = {
    "average": "publish the sum and the count, and a ratio of them",
    **dict.fromkeys(
        ("min", "max", "median", "percentile"),
        "leave additive out: it is computed anew for each period and group",
    ),
}
"""What to do instead of adding up what never adds up, by aggregation."""


def _additive(center: Center, key: str, metric: SimpleMetric) -> Iterator[Problem]:
    """What is declared to add up though it cannot; whether distinct counts do, only the data can say."""
    where, declared = center.where(key, "additive"), metric.additive or []
    if declared and metric.agg in NEVER_ADDS_UP:
        found = f"agg {metric.agg}, additive over {listed(declared)}"
        expected = "sum, count or count_distinct where values are added up"
        yield Problem(where, found, expected, NEVER_ADDS_UP[metric.agg])
    elif shapes.TIME in declared and metric.non_additive_dimension is not None:
        found = "non_additive_dimension, and additive over time"
        yield Problem(where, found, "one of them", "balances are of a day: take time out of additive")
    elif shapes.TIME in declared and metric.agg == "count_distinct" and metric.grain != "day":
        found = f"agg {metric.agg} by {metric.grain}, additive over time"
        remedy = "a month cannot prove that months have nothing in common"
        yield Problem(where, found, "grain: day, or additive without time", remedy)


def _filters(center: Center, key: str, metric: Metric) -> Iterator[Problem]:
    """A filter is a condition over columns that each model below it has."""
    filters: list[tuple[str | None, Metric]] = []
    if not isinstance(metric, SimpleMetric):
        filters.append((metric.filter, metric))
    filters += [(part.filter, center.metrics[part.name]) for part in shapes.inputs_of(metric)]
    for text, over in filters:
        for model in shapes.filtered_models(center, over) if text is not None else ():
            columns = center.models[model].columns
            members = listed_members(center.models[model].dimensions)
            where = next((place for place in _places(center, key, text or "")), center.where(key, "filter"))
            wrong = list(caught(partial(parsed_filter, text or "", columns, where)))
            wrong = wrong or list(filter_problems(text or "", columns, members, where))
            yield from wrong or _of_days(center, metric, over, model, text or "")
    if isinstance(metric, SimpleMetric) and metric.filter is not None:
        yield from _of_days(center, metric, metric, metric.model, metric.filter)


def _of_days(center: Center, metric: Metric, over: Metric, model: str, text: str) -> Iterator[Problem]:
    """A condition on its time, or on what changes, holds before or after days are shifted or added up: which,
    nobody could say.
    """
    if not (shapes.spreads_rows(center, metric) or shapes.spreads_rows(center, over)):
        return
    dimensions = center.models[model].dimensions
    changing = {spec.expr or name for name, spec in dimensions.items() if spec.changing}
    read = columns_in(text) & (shapes.times_of(center, over, model) | changing)
    if read:
        found = f"a filter on {listed(read)}, its time or what changes, where days are shifted or added up"
        where = center.where(f"metrics/{metric.name}", "filter")
        yield Problem(where, found, "a filter on what stays the same on all days")


def _derived(center: Center, key: str, metric: DerivedMetric) -> Iterator[Problem]:
    names = [i.alias or i.name for i in metric.metrics]
    yield from caught(lambda: parsed_expression(metric.expr, names, center.where(key, "expr")))
    for i, part in enumerate(metric.metrics):
        if names[i] in names[:i]:
            found, remedy = f"two inputs called {names[i]!r}", "give one of them an alias of its own"
            yield Problem(center.where(key, "metrics", i), found, "a name for each", remedy)
        if part.offset_window is None:
            continue
        if part.offset_to_grain is not None:
            found = "offset_window and offset_to_grain of one input"
            yield Problem(center.where(key, "metrics", i), found, "one of them")
        wrong = list(_window(center, key, part.offset_window, "metrics", i, "offset_window"))
        yield from wrong
        if (
            not wrong
            and metric.grain == "day"
            and shapes.window_parts(part.offset_window)[1] not in ("day", "week")
        ):
            yield Problem(
                center.where(key, "metrics", i, "offset_window"),
                f"offset of {part.offset_window} at grain day",
                "grain: month, or an offset in days or weeks",
                "set grain: month, or go back by 28 or 364 days: months differ in length",
            )


def _of_rows(center: Center, key: str, metric: ConversionMetric | CumulativeMetric) -> Iterator[Problem]:
    """Windows look at rows of a model: what is added up or followed is a simple metric."""
    for name in shapes.input_names(metric):
        part, where = center.metrics[name], next(_places(center, key, name), center.where(key))
        if not isinstance(part, SimpleMetric):
            found, near = f"{name}, a {part.type} metric", "take the simple metrics it is computed from"
            yield Problem(where, found, f"a simple metric below a {metric.type} one", near)


def _conversion(center: Center, key: str, metric: ConversionMetric) -> Iterator[Problem]:
    """What follows whom is told by an entity, and by properties, that both events' models have."""
    models = [center.models[name] for name in shapes.models_of(center, metric)]
    for name in shapes.input_names(metric):
        yield from _event(center, key, metric.entity, name)
    entities = set.intersection(*({entity.name for entity in model.entities} for model in models))
    if metric.entity not in entities:
        found, near = f"unknown entity {metric.entity!r}", did_you_mean(metric.entity, entities)
        yield Problem(center.where(key, "entity"), found, f"one of {listed(entities)}", near)
    dimensions = set.intersection(*(set(model.dimensions) for model in models))
    for name in metric.constant_properties:
        if name not in dimensions:
            found, near = f"unknown dimension {name!r}", did_you_mean(name, dimensions)
            where = center.where(key, "constant_properties")
            yield Problem(where, found, f"one of {listed(dimensions)}", near)


def _event(center: Center, key: str, entity: str, name: str) -> Iterator[Problem]:
    """A conversion's events are rows (counted, or a number of them added up), or what they are of: a rate of
    anything else is none.
    """
    part = center.metrics[name]
    assert isinstance(part, SimpleMetric)
    model = center.models[part.model]
    own = {e.expr for e in model.entities if e.name == entity}
    number = part.expr not in model.columns or model.columns[part.expr].type in ("int64", "any")
    match part.agg:
        case "count":
            return
        case "count_distinct" if own & columns_in(part.expr):
            return
        case "sum" if number:
            return
    found = f"{name}, the {part.agg} of {part.expr}"
    expected = f"a count of rows, or a distinct count of {entity}"
    yield Problem(next(_places(center, key, name), center.where(key)), found, expected)
