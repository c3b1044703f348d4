"""Which of our months a partition of somebody else's asset is about, told by the date in its key.

A key that is no date concerns all months. How long a partition lasts is told by the others: as long as from
one to the next where they are nearest, in months where all begin on the first of one (quarters, years), else
in days (weeks, fortnights). One alone is taken for a year (on the first of January), a month or a week.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from metric_pipelines.dictionary.months import WHOLE, day_after, first_day, month_of, months_between, shift

DATE = re.compile(r"(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d)([-T ]\d\d:\d\d.*)?)?)?")
WEEK, YEAR = 7, 12


def months_of(keys: Collection[str], zones: tuple[str, str] | None = None) -> dict[str, list[str]]:
    """Our months by key; [''] where a key names no date.

    `zones`: the zone their days are told in and ours, where a row's month is told by its time: the first day
    of a month there may begin in the month before here.
    """
    days = {key: day for key in keys if (day := _day(key)) is not None}
    months, lasts = _length(sorted(set(days.values())))
    found: dict[str, list[str]] = {}
    for key in keys:
        first = days.get(key)
        found[key] = [WHOLE] if first is None else _months(first, _end(key, first, months, lasts), zones)
    return found


def _day(key: str) -> date | None:
    """The day a key begins with; of several dimensions, that of the one that is a date."""
    for part in key.split("|"):
        found = DATE.fullmatch(part)
        if found is None:
            continue
        try:
            return date(int(found["year"]), int(found["month"] or 1), int(found["day"] or 1))
        except ValueError:
            continue
    return None


def _length(days: list[date]) -> tuple[int, int]:
    """In months, or in days."""
    if all(day.day == 1 for day in days):
        alone = YEAR if all(day.month == 1 for day in days) else 1
        steps = [_month_number(later) - _month_number(day) for day, later in pairwise(days)]
        return min(steps, default=alone), 0
    return 0, min(((later - day).days for day, later in pairwise(days)), default=WEEK)


def _month_number(day: date) -> int:
    return YEAR * day.year + day.month


def _end(key: str, first: date, months: int, days: int) -> date:
    """The day after the last one."""
    if any(re.fullmatch(r"\d{4}-\d\d", part) for part in key.split("|")):
        return day_after(month_of(first))
    if any(re.fullmatch(r"\d{4}-\d\d-\d\d[-T ].+", part) for part in key.split("|")):
        return first + timedelta(days=1)  # an hour of it
    return first_day(shift(month_of(first), months)) if months else first + timedelta(days=days)


def _months(first: date, end: date, zones: tuple[str, str] | None) -> list[str]:
    begins, ends = datetime(first.year, first.month, first.day), datetime(end.year, end.month, end.day)
    if zones is not None:
        theirs, ours = (ZoneInfo(zone) for zone in zones)
        begins = begins.replace(tzinfo=theirs).astimezone(ours)
        ends = ends.replace(tzinfo=theirs).astimezone(ours)
    return months_between(month_of(begins.date()), month_of((ends - timedelta(microseconds=1)).date()))
