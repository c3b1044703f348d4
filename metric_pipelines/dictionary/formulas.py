"""A metric's computation in one line, for people: what stands on its card and at the top of its asset's
description.
"""

from __future__ import annotations

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


def formula(center: Center, metric: Metric) -> str:
    """Such as `sum(sales_value) from basket_lines where brand = 'Private'` or `net_revenue / baskets`."""
    match metric:
        case SimpleMetric():
            where = f" where {metric.filter}" if metric.filter else ""
            argument = "*" if metric.expr == "1" else metric.expr
            return f"{metric.agg}({argument}) from {metric.model}{where}"
        case RatioMetric():
            return f"{metric.numerator} / {metric.denominator}"
        case DerivedMetric():
            return f"{metric.expr} where {'; '.join(_input(part) for part in metric.metrics)}"
        case CumulativeMetric():
            span = (
                f"over the last {metric.window}"
                if metric.window
                else f"since the start of the {metric.grain_to_date}"
            )
            return f"{metric.metric} {span}"
        case ConversionMetric():
            share = f"{metric.conversion_metric} within {metric.window} of {metric.base_metric}"
            return f"{share}, by {metric.entity}"


def _input(part: MetricInput) -> str:
    offset, grain = part.offset_window, part.offset_to_grain
    shifted = f" {offset} before" if offset else f" at the start of the {grain}" if grain else ""
    return f"{part.alias or part.name} = {part.name}{shifted}"
