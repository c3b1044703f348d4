"""What happens in the demo's source systems once they are laid out: a next day, a bad month, its repair.

What does not belong here: what the center makes of it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import duckdb

from metric_pipelines.demo.business_days import LAST_DAY, Days, days_of_month
from metric_pipelines.demo.database import (
    changed,
    connected,
    errors_named,
    laid_until,
    mark,
    marked,
    not_laid_out,
    only_writer,
)
from metric_pipelines.demo.journey import copy_rows, opened
from metric_pipelines.demo.tables import CRM, ERP, OMS, SMALL_ERP, Database
from metric_pipelines.errors import UsageError

PRICES = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")

# Prices are whole cents. Rounding to cents and dividing by 100 gives the number nearest to the decimal, so
# that ten times and a tenth undo each other to the last bit.
TEN_TIMES = "round({price} * 1000) / 100.0"
A_TENTH = "round({price} * 10) / 100.0"


def next_day(folder: Path) -> date:
    """Lay in one more business day of redemptions, promotions and transactions, as a night would; returns the
    day. Promotions come with the first day of their week.

    One transaction per database, the order system last; a killed run is simply repeated. 2017-12-25 has no
    transactions. Raises UsageError (the year is over, or nothing is laid out), EnvironmentBrokenError,
    SourceUnavailableError and BusyError as `load` does.
    """
    with only_writer(folder), opened() as raw:
        day = day_to_come(folder)
        for database in (CRM, laid_erp(folder), OMS):
            lay_in(raw, database, folder / database.file, day)
    return day


def bad_month(folder: Path, month: str = "2017-06") -> int:
    """Multiply all prices of a local month (YYYY-MM) by ten in the order system; returns the lines changed.

    Raises UsageError when the month is bad already or has no lines, SourceUnavailableError when the database
    is busy.
    """
    whole = days_of_month(month)
    with only_writer(folder):
        until = laid_day(folder, OMS)
        days = Days(whole.first, min(whole.last, until))
        with changed(folder / OMS.file) as connection:
            record(connection, month, days.last)
            lines = reprice(connection, days, TEN_TIMES)
            if not lines:
                raise no_lines(month, until)
    return lines


def fix(folder: Path) -> tuple[str, ...]:
    """Undo all bad months exactly; returns them (none: there was nothing to undo).

    Raises UsageError when nothing is laid out, SourceUnavailableError when the database is busy.
    """
    with only_writer(folder):
        laid_day(folder, OMS)
        with changed(folder / OMS.file) as connection:
            recorded = bad_months(connection)
            for month, last in recorded.items():
                reprice(connection, Days(days_of_month(month).first, last), A_TENTH)
            connection.execute("drop table if exists demo_bad_months")
    return tuple(recorded)


def spoiled(folder: Path) -> tuple[str, ...]:
    """The months that are bad now; none where nothing is laid out."""
    if not (folder / OMS.file).exists():
        return ()
    with errors_named(folder / OMS.file), closing(connected(folder / OMS.file)) as connection:
        return tuple(bad_months(connection))


def day_to_come(folder: Path) -> date:
    last = laid_day(folder, OMS)
    if last >= LAST_DAY:
        raise UsageError(
            str(folder), f"the year is over: {last} is laid out", remedy="load the demo until an earlier day"
        )
    day = last + timedelta(days=1)
    for database in (CRM, laid_erp(folder)):
        if laid_day(folder, database) not in (last, day):
            found = f"{database.name} and oms end on different days"
            raise UsageError(str(folder), found, remedy="load the demo again, until one of them")
    return day


def laid_erp(folder: Path) -> Database:
    """The ERP as it is laid out there: with all promotions, or those of what was bought."""
    small = laid_until(folder / SMALL_ERP.file, SMALL_ERP.layout) is not None
    return SMALL_ERP if small else ERP


def laid_day(folder: Path, database: Database) -> date:
    day = laid_until(folder / database.file, database.layout)
    if day is None:
        raise not_laid_out(folder / database.file)
    return day


def lay_in(raw: duckdb.DuckDBPyConnection, database: Database, path: Path, day: date) -> None:
    with changed(path) as connection:
        # A run that was killed between the databases left this one a day ahead.
        if marked(connection, database.layout) == day:
            return
        for table in database.growing:
            copy_rows(raw, table, Days(day, day), connection)
        mark(connection, day, database.layout)


def reprice(connection: sqlite3.Connection, days: Days, price: str) -> int:
    prices = ", ".join(f"{column} = {price.format(price=column)}" for column in PRICES)
    return connection.execute(
        f"update transactions set {prices} where transaction_timestamp >= ? and transaction_timestamp < ?",
        [bound.isoformat(sep=" ") for bound in days.in_utc()],
    ).rowcount


def no_lines(month: str, until: date) -> UsageError:
    return UsageError("month", f"no lines of {month} are laid out", f"a month of 2017 up to {until:%Y-%m}")


def record(connection: sqlite3.Connection, month: str, last: date) -> None:
    # With the last day that was there: days that come later have their own prices.
    if month in bad_months(connection):
        raise UsageError("month", f"{month} has ten times its prices already", remedy="fix the demo first")
    connection.execute("create table if not exists demo_bad_months (month TEXT PRIMARY KEY, last_day DATE)")
    connection.execute("insert into demo_bad_months values (?, ?)", (month, last.isoformat()))


def bad_months(connection: sqlite3.Connection) -> dict[str, date]:
    there = connection.execute("select 1 from sqlite_master where name = 'demo_bad_months'").fetchone()
    rows = connection.execute("select month, last_day from demo_bad_months order by month") if there else ()
    return {month: date.fromisoformat(last) for month, last in rows}
