"""When a definition is to be looked at again."""

from __future__ import annotations

from datetime import date, timedelta

from metric_pipelines.dictionary.definitions import Metric
from metric_pipelines.dictionary.months import day_after, first_day, month_of, shift

REVIEW_MONTHS = {"quarter": 3, "half_year": 6, "year": 12}


def review_due(metric: Metric) -> date:
    """The day by which a metric is to be reviewed again."""
    return day_in(metric.reviewed_on, REVIEW_MONTHS[metric.review_every])


def day_in(day: date, months: int) -> date:
    """The same day some months later, or the last one of a shorter month."""
    month = shift(month_of(day), months)
    last = day_after(month) - timedelta(days=1)
    return min(last, first_day(month) + timedelta(days=day.day - 1))
