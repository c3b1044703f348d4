"""Periods: where a day, week, month, quarter or year begins, and which months it touches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from metric_pipelines.dictionary.definitions import Grain
from metric_pipelines.dictionary.months import day_after, first_day, month_of


def period_start(grain: Grain, day: date) -> date:
    """The first day of the period that holds a day; weeks start on Monday."""
    match grain:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
        case "year":
            return date(day.year, 1, 1)


def touches(grain: Grain, start: date, months: Iterable[str]) -> bool:
    """Whether the period from `start` on overlaps one of the months."""
    end = {
        "day": start + timedelta(days=1),
        "week": start + timedelta(days=7),
        "month": day_after(month_of(start)),
        "quarter": day_after(month_of(start + timedelta(days=62))),
        "year": date(start.year + 1, 1, 1),
    }[grain]
    return any(start < day_after(month) and first_day(month) < end for month in months)
