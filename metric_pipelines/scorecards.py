"""The scorecard: each metric's latest value, its change (环比, 同比), its health.

The period is the open month up to today. What is counted by day is compared with the same days of the other
month; what is counted by month is compared with the whole month, and marked while its own is not over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from metric_pipelines.dictionary.definitions import CumulativeMetric, Metric
from metric_pipelines.dictionary.months import day_after, first_day, month_of, shift
from metric_pipelines.errors import UsageError
from metric_pipelines.publication.health import Health
from metric_pipelines.publication.plan import CLOCK
from metric_pipelines.query import Reader

Number = Decimal | float | int
Judgement = Literal["good", "bad", "neutral"]
SPARK_MONTHS = 12


@dataclass(frozen=True)
class Change:
    """A change against another period: absolute, relative (None where that period was zero), whether it is
    good; `whole`: against a whole month, though its own is not over, which says nothing yet.
    """

    before: Number
    difference: float
    relative: float | None
    judgement: Judgement
    whole: bool = False


@dataclass(frozen=True)
class Line:
    """A metric on the scorecard; changes are None where there is no data to compare with. `months` has its
    totals.
    """

    metric: Metric
    value: Number | None
    period: str
    complete: bool
    month_before: Change | None
    year_before: Change | None
    trend: list[float | None]
    health: Health
    withheld: list[str] = field(default_factory=list)
    months: dict[str, Number] = field(default_factory=dict)

    @classmethod
    def without_data(cls, metric: Metric, health: Health) -> Line:
        """The line of a metric that has no published total."""
        return cls(metric, None, "", False, None, None, [], health, list(health.months))


def scorecard(reader: Reader, health: dict[str, Health]) -> list[Line]:
    """A line for every metric, by department, tier and name."""
    ordered = sorted(reader.center.metrics.values(), key=lambda m: (m.department, m.tier, m.name))
    return [line_of(reader, metric, health[metric.name]) for metric in ordered]


def line_of(reader: Reader, metric: Metric, health: Health) -> Line:
    """The line of one metric."""
    months = monthly(reader, metric)
    if not months:
        return Line.without_data(metric, health)
    month = max(months)
    last = day_after(month) - timedelta(days=1)
    until = min(reader.today, last, _known_until(reader, metric, month))
    value = months[month]
    return Line(
        metric,
        value,
        month if until == last else f"{month} to {until:%d}",
        until == last,
        _change(metric, value, *_compared(reader, metric, months, shift(month, -1), until, until == last)),
        _change(metric, value, *_compared(reader, metric, months, shift(month, -12), until, until == last)),
        [_float(months.get(m)) for m in reader.graph.months[-SPARK_MONTHS:]],
        health,
        list(health.months) if health.state == "withheld" else [],
        months,
    )


def _known_until(reader: Reader, metric: Metric, month: str) -> date:
    """How far the month had come when its values were published."""
    receipt = reader.receipt((f"metrics/{metric.name}", month))
    clock = receipt.inputs.get(CLOCK) if receipt is not None else None
    return date.fromisoformat(clock) if clock else reader.today


def monthly(reader: Reader, metric: Metric) -> dict[str, Number]:
    """The metric's total by month, as far as it was published; none where it has no total."""
    try:
        rows = reader.values(metric.name, grain="month").rows
    except UsageError:
        return {}  # published by dimensions only, and they do not add up
    return {month_of(row[0]): row[1] for row in rows}


def _compared(
    reader: Reader, metric: Metric, months: dict[str, Number], month: str, until: date, complete: bool
) -> tuple[Number | None, bool]:
    """The other month's value: up to the same day where the open month is not over and days can be told
    apart, else whole; and whether it is whole where it should not be.
    """
    if month not in months or complete or metric.grain == "month":
        return months.get(month), not complete
    last = min(day_after(month) - timedelta(days=1), first_day(month) + timedelta(days=until.day - 1))
    if isinstance(metric, CumulativeMetric):
        rows = reader.values(metric.name, start=last, end=last + timedelta(days=1)).rows
        return (rows[-1][1] if rows else None), False
    try:
        total: Number | None = reader.total(metric.name, first_day(month), last + timedelta(days=1))
        return total, False
    except UsageError:
        return months.get(month), True


def _change(metric: Metric, value: Number | None, before: Number | None, whole: bool) -> Change | None:
    if value is None or before is None:
        return None
    difference = float(value) - float(before)
    relative = difference / abs(float(before)) if before else None
    judgement = "neutral" if whole else _judgement(metric, difference)
    return Change(before, difference, relative, judgement, whole)


def _judgement(metric: Metric, difference: float) -> Judgement:
    if metric.direction == "none" or difference == 0:
        return "neutral"
    return "good" if (difference > 0) == (metric.direction == "up") else "bad"


def _float(value: Number | None) -> float | None:
    return None if value is None else float(value)
