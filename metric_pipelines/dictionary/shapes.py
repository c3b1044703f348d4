"""What follows from a metric's definition alone: inputs, additivity, look-back, where it is computed from.

Pure rules over the dictionary; `graph.py` builds edges from them and `semantics/` compiles by them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import (
    GRAINS,
    ConversionMetric,
    CumulativeMetric,
    DerivedInput,
    DerivedMetric,
    Grain,
    Metric,
    MetricInput,
    RatioMetric,
    SimpleMetric,
)

TIME = "time"

ALL_MONTHS = 10_000
"""More than any center has."""

_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_SHORTEST_MONTH = 28


@dataclass(frozen=True)
class Reach:
    """How many months before and after its own a value depends on."""

    back: int = 0
    ahead: int = 0


def inputs_of(metric: Metric) -> list[MetricInput]:
    """The inputs of a metric as they are written, with their filters."""
    match metric:
        case RatioMetric():
            return [metric.numerator, metric.denominator]
        case DerivedMetric():
            return [*metric.metrics]
        case CumulativeMetric():
            return [metric.metric]
        case ConversionMetric():
            return [metric.base_metric, metric.conversion_metric]
        case _:
            return []


def input_names(metric: Metric) -> list[str]:
    """The metrics a metric is computed from, each once, in order."""
    return list(dict.fromkeys(part.name for part in inputs_of(metric)))


def fills_gaps(metric: Metric) -> bool:
    """Whether a metric says something of days without rows, or of some rows alone: such values neither add up
    nor can others be computed from them.
    """
    return isinstance(metric, SimpleMetric) and (
        metric.fill_nulls_with is not None
        or metric.join_to_timespine
        or metric.non_additive_dimension is not None
    )


def counts_elsewhere(center: Center, metric: Metric) -> bool:
    """Whether a row counts in other periods than its own, in a metric or in one below it."""
    below = (center.metrics[name] for name in input_names(metric))
    return needs_calendar(metric) or any(counts_elsewhere(center, part) for part in below)


def shifts_days(center: Center, metric: Metric) -> bool:
    """Whether rows of some days are counted on others, in a metric or in one below it: added up since a day,
    or read at an offset.
    """
    shifted = isinstance(metric, DerivedMetric) and any(_is_shifted(part) for part in metric.metrics)
    below = (center.metrics[name] for name in input_names(metric))
    return shifted or isinstance(metric, CumulativeMetric) or any(shifts_days(center, part) for part in below)


def kept_to_its_grain(center: Center, metric: Metric) -> str:
    """Why a metric has no number by longer periods than its own; empty where it has one: what is counted once
    a month cannot be set beside what is counted once in all of them.
    """
    below = (kept_to_its_grain(center, center.metrics[name]) for name in input_names(metric))
    reason = next((reason for reason in below if reason), "")
    if reason or not isinstance(metric, (DerivedMetric, RatioMetric)):
        return reason
    counted = leaves(center, metric)
    for leaf in counted:
        for other in counted:
            recounted = other.agg == "count_distinct" and not adds_up(other, {TIME})
            if leaf.agg == "count" and recounted and other.expr in _single_by_time(center, leaf):
                return f"{leaf.name} has each {other.expr} once a {metric.grain}, {other.name} once in all"
    return ""


def _single_by_time(center: Center, metric: SimpleMetric) -> set[str]:
    """The columns of which each value has one row a day or month of a metric's model, by its unique keys."""
    model = center.models[metric.model]
    time = metric.time or model.time
    return {c for key in model.checks.unique if len(key) == 2 and time in key for c in key if c != time}


def spreads_rows(center: Center, metric: Metric) -> bool:
    """Whether a row counts in other periods than its own, or in some of them alone: what shifts days,
    conversions, days without rows, balances. By its own time such a metric is asked for as a period alone.
    """
    balances = any(leaf.non_additive_dimension is not None for leaf in leaves(center, metric))
    return balances or counts_elsewhere(center, metric)


def _is_shifted(part: DerivedInput) -> bool:
    return bool(part.offset_window or part.offset_to_grain)


def times_of(center: Center, metric: Metric, model: str) -> set[str]:
    """The columns of a model by which a metric, or one below it, is counted."""
    leaves_ = (leaf for leaf in leaves(center, metric) if leaf.model == model)
    return {time for leaf in leaves_ if (time := leaf.time or center.models[model].time)}


def filters_rows(metric: SimpleMetric) -> bool:
    """Whether a simple metric's filter takes rows away before anything is counted (else it is lowered into
    what is aggregated, which is faster and says the same).
    """
    return metric.filter is not None and fills_gaps(metric)


def filtered_models(center: Center, metric: Metric) -> list[str]:
    """The models whose rows a filter of a metric, or of it as an input, is a condition on: of a conversion
    its base events'.
    """
    if isinstance(metric, ConversionMetric):
        return models_of(center, center.metrics[metric.base_metric.name])
    return models_of(center, metric)


def leaves(center: Center, metric: Metric) -> list[SimpleMetric]:
    """The simple metrics at the bottom of a metric."""
    if isinstance(metric, SimpleMetric):
        return [metric]
    found = [leaf for name in input_names(metric) for leaf in leaves(center, center.metrics[name])]
    return list({leaf.name: leaf for leaf in found}.values())


def models_of(center: Center, metric: Metric) -> list[str]:
    """The models at the bottom of a metric, in order of name."""
    return sorted({leaf.model for leaf in leaves(center, metric)})


def depth(center: Center, metric: Metric) -> int:
    """0 for a simple metric, else one more than its deepest input."""
    return max((depth(center, center.metrics[name]) + 1 for name in input_names(metric)), default=0)


def adds_up(metric: Metric, over: set[str]) -> bool:
    """Whether values of a metric may be added up over these dimensions (and `time`)."""
    if not isinstance(metric, SimpleMetric) or (over and fills_gaps(metric)):
        return False
    if metric.additive is not None:
        return over <= set(metric.additive)
    return metric.agg in ("sum", "count") or not over


def rolls_up(metric: Metric, grain: Grain, dimensions: list[str], *, always_time: bool = False) -> bool:
    """Whether the published table of `metric` gives exact sums at this grain and these dimensions."""
    if not set(dimensions) <= set(metric.dimensions) or GRAINS.index(grain) < GRAINS.index(metric.grain):
        return False
    if grain == "week" and metric.grain == "month":
        return False
    dropped = set(metric.dimensions) - set(dimensions)
    if grain != metric.grain or always_time:
        dropped.add(TIME)
    return adds_up(metric, dropped)


def reads_published(center: Center, metric: Metric) -> bool:
    """Whether a metric is computed from the published tables of its inputs (else from their models).

    Conversions need entities, so they always go to the model.
    """
    if isinstance(metric, (SimpleMetric, ConversionMetric)) or _filters_or_fills(center, metric):
        return False
    over_time = isinstance(metric, CumulativeMetric)
    return all(
        rolls_up(center.metrics[name], metric.grain, metric.dimensions, always_time=over_time)
        or (not over_time and _same_shape(center.metrics[name], metric))
        for name in input_names(metric)
    )


def _filters_or_fills(center: Center, metric: Metric) -> bool:
    """Whether a metric needs rows that the published values of its inputs have lost."""
    if not isinstance(metric, SimpleMetric) and metric.filter is not None:
        return True
    parts = inputs_of(metric)
    return any(part.filter is not None for part in parts) or any(
        fills_gaps(center.metrics[part.name]) or _filters_or_fills(center, center.metrics[part.name])
        for part in parts
    )


def _same_shape(a: Metric, b: Metric) -> bool:
    return a.grain == b.grain and set(a.dimensions) == set(b.dimensions)


def needs_calendar(metric: Metric) -> bool:
    """Whether MetricFlow joins the time spine for this metric."""
    shifted = isinstance(metric, DerivedMetric) and any(_is_shifted(part) for part in metric.metrics)
    joined = isinstance(metric, SimpleMetric) and metric.join_to_timespine
    return shifted or joined or isinstance(metric, (CumulativeMetric, ConversionMetric))


def joins_calendar(center: Center, metric: Metric) -> bool:
    """Whether the time spine is joined for this metric, or for an input that is computed along with it from
    the models.
    """
    if needs_calendar(metric) or reads_published(center, metric):
        return needs_calendar(metric)
    return any(joins_calendar(center, center.metrics[name]) for name in input_names(metric))


def own_reach(metric: Metric) -> Reach:
    """The months around its own that a metric reads of its inputs."""
    match metric:
        case DerivedMetric():
            return Reach(back=max(_back_of_input(i.offset_window, i.offset_to_grain) for i in metric.metrics))
        case CumulativeMetric(window=str() as window):
            return Reach(back=months_touched(window, include_today=True))
        case CumulativeMetric(grain_to_date=str() as grain):
            return Reach(back=_back_to_start(grain))
        case CumulativeMetric():
            return Reach(back=ALL_MONTHS)
        case ConversionMetric(window=str() as window):
            return Reach(ahead=months_touched(window))
        case ConversionMetric():
            return Reach(ahead=ALL_MONTHS)
        case _:
            return Reach()


def whole_reach(center: Center, metric: Metric) -> Reach:
    """The months around its own that a metric reads of its models, through all its inputs."""
    own = own_reach(metric)
    below = [whole_reach(center, center.metrics[name]) for name in input_names(metric)]
    back, ahead = max((r.back for r in below), default=0), max((r.ahead for r in below), default=0)
    return Reach(own.back + back, own.ahead + ahead)


def _back_of_input(window: str | None, to_grain: Grain | None) -> int:
    return max(months_touched(window) if window else 0, _back_to_start(to_grain))


def _back_to_start(grain: Grain | None) -> int:
    """Months before its own that the start of the grain may lie in."""
    return {None: 0, "day": 0, "week": 1, "month": 0, "quarter": 2, "year": 11}[grain]


def window_parts(window: str) -> tuple[int, str]:
    """`28 days` as (28, 'day').

    Raises: ValueError where it is not a count and a grain.
    """
    count, _, unit = window.strip().lower().partition(" ")
    unit = unit.strip().removesuffix("s")
    if not count.isdigit() or int(count) < 1 or unit not in GRAINS:
        raise ValueError(f"{window!r}; expected a count and a grain, such as 28 days")
    return int(count), unit


def span_of(window: str) -> tuple[int, str]:
    """A window in days or in months, which have no common measure: `2 weeks` as (14, 'day').

    Raises: ValueError, as `window_parts`.
    """
    count, unit = window_parts(window)
    if unit in _MONTHS:
        return count * _MONTHS[unit], "month"
    return count * _DAYS[unit], "day"


def months_touched(window: str, *, include_today: bool = False) -> int:
    """The most months outside its own that a window of this length can reach into."""
    count, unit = span_of(window)
    return count if unit == "month" else math.ceil((count - include_today) / _SHORTEST_MONTH)
