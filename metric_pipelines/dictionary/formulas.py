"""A metric's computation in one line, for people: what stands on its card and at the top of its asset's
description.
"""

from __future__ import annotations

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import (
    ConversionMetric,
    CumulativeMetric,
    DerivedInput,
    DerivedMetric,
    Metric,
    RatioMetric,
    SimpleMetric,
)


def formula(center: Center, metric: Metric) -> str:
    """Such as `sum(sales_value) from basket_lines where brand = 'Private'` or `net_revenue / baskets`."""
    match metric:
        case SimpleMetric():
            return f"{metric.agg}({_argument(metric)}) from {metric.model}{_where(metric)}"
        case RatioMetric():
            return f"{metric.numerator.text} / {metric.denominator.text}{_where(metric)}"
        case DerivedMetric():
            inputs = "; ".join(_input(part) for part in metric.metrics)
            return f"{metric.expr} where {inputs}{f'; {metric.filter}' if metric.filter else ''}"
        case CumulativeMetric():
            return f"{metric.metric.text} {_span(metric)}{_where(metric)}"
        case ConversionMetric():
            window = f" within {metric.window}" if metric.window else ""
            share = f"{metric.conversion_metric.text}{window} of {metric.base_metric.text}"
            return f"{share}, by {metric.entity}{_where(metric)}"


def _argument(metric: SimpleMetric) -> str:
    """What is aggregated, and of a percentile which."""
    if metric.agg == "count" and metric.expr == "1":
        return "*"
    if metric.percentile is None:
        return metric.expr
    kind = "" if metric.percentile_type == "continuous" else f" {metric.percentile_type}"
    return f"{metric.expr}, {metric.percentile}{kind}"


def _where(metric: Metric) -> str:
    return f" where {metric.filter}" if metric.filter else ""


def _span(metric: CumulativeMetric) -> str:
    if metric.window:
        return f"over the last {metric.window}"
    return f"since the start of the {metric.grain_to_date}" if metric.grain_to_date else "since the beginning"


def _input(part: DerivedInput) -> str:
    offset, grain = part.offset_window, part.offset_to_grain
    shifted = f" {offset} before" if offset else f" at the start of the {grain}" if grain else ""
    return f"{part.alias or part.name} = {part.text}{shifted}"
