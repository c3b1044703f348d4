"""Months as partitions: keys such as `2017-06`, arithmetic, borders. Nothing else knows how a month is
written.
"""

from __future__ import annotations

import re
from datetime import date

_KEY = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")

WHOLE = ""
"""The partition of an asset that is not partitioned."""


MONTH_COLUMN = "partition_month"
"""The column of a monthly table that says which month a row belongs to: its first day."""


def is_month(key: str) -> bool:
    """Whether `key` is written `YYYY-MM`."""
    return _KEY.fullmatch(key) is not None


def month_of(day: date) -> str:
    """The month that holds `day`."""
    return f"{day.year:04d}-{day.month:02d}"


def first_day(month: str) -> date:
    """The first day of a month."""
    return date(int(month[:4]), int(month[5:7]), 1)


def shift(month: str, by: int) -> str:
    """The month `by` months later (earlier when negative)."""
    index = int(month[:4]) * 12 + int(month[5:7]) - 1 + by
    return f"{index // 12:04d}-{index % 12 + 1:02d}"


def day_after(month: str) -> date:
    """The first day that is no longer in the month."""
    return first_day(shift(month, 1))


def months_between(first: str, last: str) -> list[str]:
    """All months from `first` to `last`, both included; none when `last` is earlier."""
    start, end = (int(month[:4]) * 12 + int(month[5:7]) for month in (first, last))
    return [shift(first, by) for by in range(end - start + 1)]


def spans(months: list[str]) -> list[tuple[str, str]]:
    """Contiguous stretches of ascending months, as (first, last)."""
    found: list[tuple[str, str]] = []
    for month in months:
        if found and shift(found[-1][1], 1) == month:
            found[-1] = (found[-1][0], month)
        else:
            found.append((month, month))
    return found
