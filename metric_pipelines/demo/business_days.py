"""The grocer's business days: local days of the stores, and the instants at which they begin and end.

What does not belong here: the center's own time zone and calendar; the demo knows only when its stores were
open.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from metric_pipelines.errors import UsageError

FIRST_DAY = date(2017, 1, 1)
LAST_DAY = date(2017, 12, 31)
FIRST_MONDAY = date(2017, 1, 2)
STORE_TIME = ZoneInfo("America/New_York")


@dataclass(frozen=True)
class Days:
    """Business days from `first` to `last`, both of them inside."""

    first: date
    last: date

    def in_local_time(self) -> tuple[datetime, datetime]:
        """Half-open bounds in the stores' own time, without a zone."""
        return midnight(self.first), midnight(self.last + timedelta(days=1))

    def by_month(self) -> Iterator[Days]:
        """The same days, month by month."""
        first = self.first
        while first <= self.last:
            end = first.replace(day=monthrange(first.year, first.month)[1])
            yield Days(first, min(end, self.last))
            first = end + timedelta(days=1)

    def in_utc(self) -> tuple[datetime, datetime]:
        """Half-open bounds in UTC, without a zone, as the order system keeps its time stamps."""
        begin, end = self.in_local_time()
        return as_utc(begin), as_utc(end)

    def in_weeks(self) -> tuple[int, int]:
        """Half-open bounds of the grocer's weeks that begin on one of these days."""
        return weeks_begun(self.first - timedelta(days=1)) + 1, weeks_begun(self.last) + 1


def weeks_begun(day: date) -> int:
    """How many of the grocer's weeks have begun by a day: they turn on Monday, and the first begins with the
    year, on a Sunday.
    """
    return (day - FIRST_MONDAY).days // 7 + 2 if day >= FIRST_DAY else 0


def midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def as_utc(local: datetime) -> datetime:
    return local.replace(tzinfo=STORE_TIME).astimezone(UTC).replace(tzinfo=None)


def day_of_the_year(day: date | None) -> date:
    """The day itself, the last one for None; UsageError outside of the year."""
    if day is None:
        return LAST_DAY
    if not FIRST_DAY <= day <= LAST_DAY:
        raise UsageError("until", f"{day} is outside of the demo's year", f"{FIRST_DAY} to {LAST_DAY}")
    return day


def days_of_month(month: str) -> Days:
    """All days of a month written YYYY-MM; UsageError when it is not one."""
    try:
        first = datetime.strptime(month, "%Y-%m").date()
    except ValueError:
        raise UsageError("month", f"{month!r} is not a month", "YYYY-MM, such as 2017-06") from None
    return Days(first, first.replace(day=monthrange(first.year, first.month)[1]))
