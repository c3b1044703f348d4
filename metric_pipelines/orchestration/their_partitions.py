"""Which of our months a partition of somebody else's asset is about, told by the date in its key.

A key that is no date concerns all months. How long a partition lasts is told by the others: all on the first
of a month are months (all on the first of January: years), two within a week are days, else weeks. Where that
is not certain, too many months are named rather than too few.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from metric_pipelines.dictionary.months import WHOLE, day_after, month_of, months_between

DATE = re.compile(r"(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d)([-T ]\d\d:\d\d.*)?)?)?")
WEEK = timedelta(days=7)


def months_of(keys: Collection[str], zones: tuple[str, str] | None = None) -> dict[str, list[str]]:
    """Our months by key; [''] where a key names no date.

    `zones`: the zone their days are told in and ours, where a row's month is told by its time: the first day
    of a month there may begin in the month before here.
    """
    days = {key: day for key in keys if (day := _day(key)) is not None}
    lasts = _length(sorted(set(days.values())))
    found: dict[str, list[str]] = {}
    for key in keys:
        first = days.get(key)
        found[key] = [WHOLE] if first is None else _months(first, _end(key, first, lasts), zones)
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


def _length(days: list[date]) -> str:
    if all(day.day == 1 for day in days):
        return "year" if all(day.month == 1 for day in days) else "month"
    return "day" if any(later - day < WEEK for day, later in pairwise(days)) else "week"


def _end(key: str, first: date, lasts: str) -> date:
    """The day after the last one."""
    if any(re.fullmatch(r"\d{4}-\d\d", part) for part in key.split("|")):
        return day_after(month_of(first))
    if any(re.fullmatch(r"\d{4}-\d\d-\d\d[-T ].+", part) for part in key.split("|")):
        return first + timedelta(days=1)  # an hour of it
    match lasts:
        case "year":
            return date(first.year + 1, 1, 1)
        case "month":
            return day_after(month_of(first))
        case "day":
            return first + timedelta(days=1)
        case _:
            return first + WEEK


def _months(first: date, end: date, zones: tuple[str, str] | None) -> list[str]:
    begins, ends = datetime(first.year, first.month, first.day), datetime(end.year, end.month, end.day)
    if zones is not None:
        theirs, ours = (ZoneInfo(zone) for zone in zones)
        begins = begins.replace(tzinfo=theirs).astimezone(ours)
        ends = ends.replace(tzinfo=theirs).astimezone(ours)
    return months_between(month_of(begins.date()), month_of((ends - timedelta(microseconds=1)).date()))
