"""The shipped center's metrics computed a second time: plain DuckDB SQL on the package's raw files.

The oracle of the end-to-end tests: a module a department, a query a metric, written from what its card says
in words, by month (or by day, where it is a window) and by some dimensions. What does not belong here: any
import of the product, its SQL, its words, or its results.

Read it with this in mind:
- Money is summed in cents (decimal), never in floating point; ratios are floating point.
- A month without a month before (January) has no growth and no retention: the row is left out, not null. So
  is a ratio of which nothing was counted above or below the line.
- By-day metrics have a row for all 365 days, 2017-12-25 too; their windows hold what there is so far.
- Campaign metrics stand at the month in which the campaign starts: two months of 2016 and none of January.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TypeAlias

from metric_pipelines_tests.end_to_end.independent_sql import (
    customers,
    finance,
    marketing,
    operations,
    sales,
)
from metric_pipelines_tests.end_to_end.independent_sql.query import COLUMNS, Query
from metric_pipelines_tests.end_to_end.independent_sql.raw_files import raw_files

Value: TypeAlias = Decimal | float | int

QUERIES: dict[str, Query] = {
    **sales.QUERIES,
    **customers.QUERIES,
    **marketing.QUERIES,
    **operations.QUERIES,
    **finance.QUERIES,
}


def rows(name: str) -> list[tuple[date, Value]]:
    """The metric's rows in order of their days: (day or first day of the month, value)."""
    found = raw_files().execute(QUERIES[name].text(None)).fetchall()
    return sorted((as_day(day), value) for day, value in found if value is not None)


def rows_by(name: str, dimension: str) -> list[tuple[date, str, Value]]:
    """The metric's rows by a dimension: (day or first day of the month, member, value)."""
    found = raw_files().execute(QUERIES[name].text(dimension)).fetchall()
    return sorted((as_day(day), str(member), value) for day, member, value in found if value is not None)


def members(table: str, dimension: str) -> set[str]:
    """The members of a dimension that occur in a table."""
    column = COLUMNS.get(dimension, dimension)
    return {
        str(member) for (member,) in raw_files().execute(f"select distinct {column} from {table}").fetchall()
    }


def as_day(day: date) -> date:
    return date(day.year, day.month, day.day)
