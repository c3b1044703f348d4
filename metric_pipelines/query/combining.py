"""Published rows combined to a coarser grain or fewer dimensions, where that is exact."""

from __future__ import annotations

from typing import Literal

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import ConversionMetric, CumulativeMetric, Grain, Metric
from metric_pipelines.semantics.manifest import parts_of
from metric_pipelines.semantics.staging import last_of_period
from metric_pipelines.warehouse import tables
from metric_pipelines.warehouse.groups import TIME
from metric_pipelines.warehouse.tables import name

Combination = Literal["same", "sum", "ratio", "last"]


def combination_of(center: Center, metric: Metric, grain: Grain, dimensions: list[str]) -> Combination | None:
    """How published rows combine at a grain and dimensions: `same`, `sum`, `ratio`, `last`; None where they
    do not.
    """
    if not set(dimensions) <= set(metric.dimensions) or (grain == "week" and metric.grain == "month"):
        return None
    dropped = set(metric.dimensions) - set(dimensions)
    coarser = grain != metric.grain
    parts = parts_of(metric)
    if parts:
        over = dropped | ({shapes.TIME} if coarser else set())
        return "ratio" if all(_part_adds_up(center, metric, part, over) for part in parts) else None
    if not dropped and not coarser:
        return "same"
    if isinstance(metric, CumulativeMetric):
        if metric.period_agg is not None or metric.filter or metric.metric.filter:
            return None
        return "last" if shapes.adds_up(center.metrics[metric.metric.name], dropped) else None
    return "sum" if shapes.rolls_up(metric, grain, dimensions) else None


def _part_adds_up(center: Center, metric: Metric, part: str, over: set[str]) -> bool:
    if not over:
        return True
    if part in center.metrics:
        return shapes.adds_up(center.metrics[part], over)
    return isinstance(metric, ConversionMetric)  # conversions are counted once each, so they add up


def from_published(
    metric: Metric, grain: Grain, dimensions: list[str], combination: str, months: list[str]
) -> str:
    """A query over the metric's view that combines its rows."""
    view, keys = f"lake.metrics.{name(metric.name)}", [name(d) for d in dimensions]
    time = f"cast(date_trunc('{grain}', {TIME}) as date) as {TIME}"
    rows = f"(select * from {view} where date_trunc('month', {TIME}) in ({tables.month_list(months)}))"
    if combination == "same":
        return f"select {', '.join([TIME, *keys, 'value'])} from {rows} where value is not null"
    if combination == "last":
        return last_of_period(rows, grain, dimensions)
    value = "sum(value) as value"
    if combination == "ratio":
        value = (
            "sum(numerator)::double / nullif(sum(denominator), 0)::double as value, "
            "sum(numerator) as numerator, sum(denominator) as denominator"
        )
    return f"select {', '.join([time, *keys, value])} from {rows} group by all"
