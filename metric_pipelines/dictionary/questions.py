"""Questions: a metric by dimensions at a grain over some days, under a condition, checked against what the
dictionary says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from metric_pipelines.dictionary import dimensions as dims
from metric_pipelines.dictionary import shapes
from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.definitions import GRAINS, CumulativeMetric, Dimension, Grain, Metric
from metric_pipelines.dictionary.dimensions import BY, Reached
from metric_pipelines.dictionary.filter_rules import filter_problems
from metric_pipelines.dictionary.filters import TIME, Condition, condition_over, dimensions_read
from metric_pipelines.dictionary.members import UNKNOWN
from metric_pipelines.dictionary.periods import period_start
from metric_pipelines.dictionary.yaml_types import Column
from metric_pipelines.errors import DefinitionError, UsageError, listed


@dataclass(frozen=True)
class Question:
    """A question that can be answered; `compilable` where the models know all its dimensions, which are
    `asked` for by these or by MetricFlow's names.
    """

    metric: Metric
    grain: Grain
    asked: list[str]
    dimensions: list[str]
    start: date | None
    end: date | None
    compilable: bool
    condition: Condition | None = None

    @property
    def dimensions_read(self) -> list[str]:
        """The dimensions that are grouped by, and those of the condition."""
        return dimensions_read(self.dimensions, self.condition)

    def includes(self, start: date) -> bool:
        """Whether the period from `start` on is asked for."""
        return (self.start is None or start >= self.start) and (self.end is None or start < self.end)


@dataclass(frozen=True)
class Asked:
    """What somebody asks of a metric: `by` are dimensions, `start` is the first day, `end` the day after
    the last, `filter` is a condition over dimensions and `metric_time`.
    """

    by: Sequence[str] = ()
    grain: str | None = None
    start: date | None = None
    end: date | None = None
    filter: str | None = None


def checked(center: Center, metric: str, asks: Asked) -> Question:
    """The question, or why it cannot be asked.

    Raises: UsageError.
    """
    if metric in center.drafts:
        raise center.drafts[metric].not_computed()
    if metric not in center.metrics:
        raise UsageError.unknown_name("", "metric", metric, center.metrics)
    definition = center.metrics[metric]
    grain = _grain(center, definition, asks.grain)
    known = dims.of_metric(center, definition)
    asked = list(dict.fromkeys(asks.by))
    dimensions = [_named(center, definition, text, known) for text in asked]
    _refuse_days_inside(grain, asks)
    compilable = all(dims.plain_of(dimension, known) in known for dimension in dimensions)
    condition = None if asks.filter is None else _condition(center, definition, asks.filter, known)
    return Question(definition, grain, asked, dimensions, asks.start, asks.end, compilable, condition)


def spec_of(center: Center, metric: Metric, text: str) -> Dimension | None:
    """What is said of a dimension that a metric can be asked by, in the words it was asked; None of one that
    no model says anything of.

    Raises: UsageError.
    """
    known = dims.of_metric(center, metric)
    found = known.get(dims.plain_of(_named(center, metric, text, known), known))
    return None if found is None else found.spec


def _grain(center: Center, metric: Metric, asked: str | None) -> Grain:
    chosen = asked or metric.grain
    if chosen not in GRAINS:
        raise UsageError.unknown_name("--grain", "grain", chosen, GRAINS)
    grain: Grain = chosen
    where, found = f"metrics/{metric.name}", f"grain {grain}"
    if GRAINS.index(grain) < GRAINS.index(metric.grain):
        raise UsageError(where, found, f"{metric.grain} or coarser", "it is defined by month")
    if grain != metric.grain and _carries_forward(center, metric):
        remedy = "what derives from a cumulative metric without period_agg has no coarser grain"
        raise UsageError(where, found, f"grain {metric.grain}", remedy)
    if metric.coarsest_grain and GRAINS.index(grain) > GRAINS.index(metric.coarsest_grain):
        raise UsageError(
            where, found, f"grain {metric.coarsest_grain}", "it has no meaning by longer periods"
        )
    reason = shapes.kept_to_its_grain(center, metric) if grain != metric.grain else ""
    if reason:
        raise UsageError(where, found, f"grain {metric.grain}", reason)
    return grain


def _refuse_days_inside(grain: Grain, asks: Asked) -> None:
    for day, option in ((asks.start, "--start"), (asks.end, "--end")):
        if day is None or (option == "--end" and day > date(9999, 1, 1)):
            continue
        border = period_start(grain, day)
        if border != day:
            expected = f"the first day of a {grain}, such as {border}"
            raise UsageError(option, f"{day} is inside a {grain}", expected)
    if asks.start and asks.end and asks.start >= asks.end:
        found = f"{asks.end} is not after {asks.start}"
        raise UsageError("--end", found, "a later day; --end itself is not included")


def _condition(center: Center, metric: Metric, text: str, known: Mapping[str, Reached]) -> Condition:
    """A filter over dimensions of the metric and its time.

    Raises: UsageError.
    """
    where = f"metrics/{metric.name}, filter"
    try:
        condition = condition_over(text, [*known, TIME], where)
    except DefinitionError as error:
        raise UsageError(error.where, error.found, error.expected, error.remedy) from error
    if TIME in condition.columns and shapes.spreads_rows(center, metric):
        found, remedy = f"a condition on {TIME}, by which its rows are spread", "ask by --start and --end"
        raise UsageError(where, found, "a condition on other dimensions", remedy)
    named = {c: c if c == TIME else _named(center, metric, c, known) for c in condition.columns}
    columns = {c: _contract_of(center, known.get(name), name) for c, name in named.items()}
    for problem in filter_problems(text, columns, {}, where):  # a member need not be listed to be there
        raise UsageError(problem.where, problem.found, problem.expected, problem.remedy)
    return replace(condition, columns=named)


def _contract_of(center: Center, found: Reached | None, name: str) -> Column:
    """What a condition's column can hold: by the contract of its model, and UNKNOWN where a join may fail."""
    if name == TIME:
        return Column(type="date")
    anything = Column(type="any", nullable=True)
    if found is None:
        return anything
    rule = center.models[found.model].columns.get(found.expr, anything)
    if found.join is None:
        return rule
    known = [*rule.isin, UNKNOWN] if rule.isin is not None else None
    return Column(type="string", isin=known, nullable=True) if rule.type == "string" else anything


def _named(center: Center, metric: Metric, text: str, known: Mapping[str, Reached]) -> str:
    """A dimension by the dictionary's name: `paid_at__month` is a time by a grain, `customer__region` is of
    the model that the entity `customer` joins to; MetricFlow's `order__channel` is `order_channel`, or
    `channel` where `order` is what a row of the model is.

    Raises: UsageError.
    """
    name, grain = _without_grain(center, metric, text, known)
    where = f"metrics/{metric.name}"
    if name is None:
        models = shapes.filtered_models(center, metric)
        expected, plain = f"one of {listed(known)}", dims.plain_of(text, known)
        raise UsageError(where, f"unknown dimension {text!r}", expected, dims.why_not(center, models, plain))
    if name in known and shapes.spreads_rows(center, metric) and _is_its_time(center, metric, name):
        found, remedy = f"by {text}, the time it is counted by", "ask for it by --grain"
        raise UsageError(where, found, "a dimension that is not its time", remedy)
    if name in known and known[name].spec.changing and shapes.shifts_days(center, metric):
        found, remedy = f"by {text}, which changes from day to day", "ask for the metrics it is computed from"
        raise UsageError(where, found, "what stays the same on other days", remedy)
    if name not in known or known[name].spec.type != "time":
        if grain is not None:
            raise UsageError(where, f"{text}: {name} is no time", f"{name} without a grain")
        return name
    return f"{name}{BY}{grain or 'day'}"


def _without_grain(
    center: Center, metric: Metric, text: str, known: Mapping[str, Reached]
) -> tuple[str | None, str | None]:
    """The dimension that a text means, None where it is none, and the grain it is asked by."""
    if text in known:
        return text, None
    *path, last = text.split(BY)
    grain = last if path and last in GRAINS else None
    parts = path if grain else [*path, last]
    entities = {center.models[m].primary_entity for m in shapes.models_of(center, metric)}
    readings = [BY.join(parts), "_".join(parts)]
    readings += ["_".join(parts[1:])] if parts[0] in entities and parts[1:] else []
    return next((one for one in readings if one in known or one in metric.dimensions), None), grain


def _is_its_time(center: Center, metric: Metric, dimension: str) -> bool:
    """Whether a dimension is the time by which a metric, or a part of it, is counted, or follows from it."""
    models = [center.models[name] for name in shapes.filtered_models(center, metric)]
    return dims.follows_time(center, metric, dimension) or any(
        (model.dimensions[dimension].expr or dimension) in shapes.times_of(center, metric, model.name)
        for model in models
        if dimension in model.dimensions
    )


def _carries_forward(center: Center, metric: Metric) -> bool:
    """Whether a metric is computed from a cumulative one that does not say what it is of longer periods."""
    inputs = [center.metrics[name] for name in shapes.input_names(metric)]
    return any(
        (isinstance(part, CumulativeMetric) and part.period_agg is None) or _carries_forward(center, part)
        for part in inputs
    )
