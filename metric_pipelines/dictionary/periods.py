"""Periods: where a day, week, month, quarter or year begins, and which months it touches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from metric_pipelines.dictionary.definitions import Grain
from metric_pipelines.dictionary.months import day_after, first_day, month_of, months_between


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


def periods_in(grain: Grain, month: str) -> list[date]:
    """The first days of the periods that overlap a month, in order."""
    starts = [period_start(grain, first_day(month))]
    while (start := period_after(grain, starts[-1])) < day_after(month):
        starts.append(start)
    return starts


def months_in(grain: Grain, start: date) -> list[str]:
    """The months that the period from `start` on overlaps, in order."""
    return months_between(month_of(start), month_of(period_after(grain, start) - timedelta(days=1)))


def period_after(grain: Grain, start: date) -> date:
    """The first day after the period from `start` on."""
    match grain:
        case "day":
            return start + timedelta(days=1)
        case "week":
            return start + timedelta(days=7)
        case "month":
            return day_after(month_of(start))
        case "quarter":
            return day_after(month_of(start + timedelta(days=62)))
        case "year":
            return date(start.year + 1, 1, 1)


def touches(grain: Grain, start: date, months: Iterable[str]) -> bool:
    """Whether the period from `start` on overlaps one of the months."""
    end = period_after(grain, start)
    return any(start < day_after(month) and first_day(month) < end for month in months)
