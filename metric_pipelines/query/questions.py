"""Questions: a metric by dimensions at a grain over some days, checked against what the dictionary says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import GRAINS, CumulativeMetric, DerivedMetric, Grain, Metric
from metric_pipelines.errors import UsageError
from metric_pipelines.query.periods import period_start


@dataclass(frozen=True)
class Question:
    """A question that can be answered; `compilable` where the models know all its dimensions."""

    metric: Metric
    grain: Grain
    dimensions: list[str]
    start: date | None
    end: date | None
    compilable: bool


def checked(
    center: Center, metric: str, by: list[str], grain: str | None, start: date | None, end: date | None
) -> Question:
    """The question, or why it cannot be asked.

    Raises: UsageError.
    """
    if metric in center.drafts:
        raise center.drafts[metric].not_computed()
    if metric not in center.metrics:
        raise UsageError.unknown_name("", "metric", metric, center.metrics)
    definition = center.metrics[metric]
    chosen = grain or definition.grain
    if chosen not in GRAINS:
        raise UsageError.unknown_name("--grain", "grain", chosen, GRAINS)
    finest: Grain = chosen
    if GRAINS.index(finest) < GRAINS.index(definition.grain):
        raise UsageError(
            f"metrics/{metric}", f"grain {chosen}", f"{definition.grain} or coarser", "it is defined by month"
        )
    known = set.intersection(
        *(set(center.models[m].dimensions) for m in shapes.models_of(center, definition))
    )
    for dimension in by:
        if dimension not in known | set(definition.dimensions):
            raise UsageError.unknown_name(f"metrics/{metric}", "dimension", dimension, known)
    if finest != definition.grain and _has_no_coarser_grain(center, definition):
        remedy = "what compares periods, or derives from what is carried forward, has no coarser grain"
        raise UsageError(f"metrics/{metric}", f"grain {chosen}", f"grain {definition.grain}", remedy)
    for day, option in ((start, "--start"), (end, "--end")):
        if (
            day is not None
            and period_start(finest, day) != day
            and not (option == "--end" and day > date(9999, 1, 1))
        ):
            border = period_start(finest, day)
            raise UsageError(
                option, f"{day} is inside a {chosen}", f"the first day of a {chosen}, such as {border}"
            )
    if start and end and start >= end:
        raise UsageError("--end", f"{end} is not after {start}", "a later day; --end itself is not included")
    return Question(definition, finest, list(dict.fromkeys(by)), start, end, set(by) <= known)


def _has_no_coarser_grain(center: Center, metric: Metric) -> bool:
    """Whether a metric, or one below it, compares with another period, or derives from a cumulative one."""
    offsets = metric.metrics if isinstance(metric, DerivedMetric) else []
    inputs = [center.metrics[name] for name in shapes.input_names(metric)]
    return (
        any(part.offset_window or part.offset_to_grain for part in offsets)
        or any(isinstance(part, CumulativeMetric) for part in inputs)
        or any(_has_no_coarser_grain(center, part) for part in inputs)
    )
