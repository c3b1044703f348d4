"""What holds of typed rows and is likely to go on holding: filled columns, bounds, allowed values, months."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from math import isfinite
from typing import Any

import duckdb

from metric_pipelines.dictionary.source_definitions import SourceColumn
from metric_pipelines.ingest.drafting.keys import like_a_key
from metric_pipelines.warehouse.tables import name

MOST_VALUES = 12
LONGEST_VALUE = 40
REPEATED = 3
"""So often a value comes on average, where a column has few different ones."""
ENOUGH_FOR_A_BOUND = 30
ROOM = 10
EARLIEST = date(1970, 1, 1)
AHEAD = timedelta(days=366)


def with_rules(
    con: duckdb.DuckDBPyConnection, rows: str, columns: Mapping[str, SourceColumn]
) -> dict[str, SourceColumn]:
    """The columns with what all rows keep to; as they are where there are no rows."""
    counted = ", ".join(f"count({name(c)})" for c in columns)
    row: Any = con.execute(f"select count(*), {counted} from {rows}").fetchone()
    total = int(row[0])
    if not total:
        return dict(columns)
    found = {}
    for (ours, column), count in zip(columns.items(), row[1:], strict=True):
        rules: dict[str, Any] = {"nullable": count < total}
        if column.type.startswith(("int64", "decimal", "double")):
            rules |= _bounds(con, rows, ours, column.type, int(count))
        elif column.type == "string" and not like_a_key(ours, column):
            rules |= _allowed(con, rows, ours, int(count))
        found[ours] = column.model_copy(update=rules)
    return found


def _bounds(con: duckdb.DuckDBPyConnection, rows: str, column: str, kind: str, count: int) -> dict[str, Any]:
    """Not below zero, where nothing is; of amounts also ten times the next power of ten: a month that came
    a hundred times too large is caught, a good year is not.
    """
    if not count:
        return {}
    query = f"select min({name(column)}), max({name(column)}) from {rows}"
    row: Any = con.execute(query).fetchone()
    low, high = row
    if low < 0:
        return {}
    if kind == "int64" or count < ENOUGH_FOR_A_BOUND or not high or not isfinite(high):
        return {"min": 0}
    bound = ROOM
    while bound < high * ROOM:
        bound *= 10
    return {"min": 0, "max": bound} if len(str(bound)) <= 15 else {"min": 0}


def _allowed(con: duckdb.DuckDBPyConnection, rows: str, column: str, count: int) -> dict[str, Any]:
    query = f"select distinct {name(column)} from {rows} where {name(column)} is not null"
    values = [str(v) for (v,) in con.execute(f"{query} limit {MOST_VALUES + 1}").fetchall()]
    few = 0 < len(values) <= MOST_VALUES and count >= max(REPEATED * len(values), MOST_VALUES)
    return {"isin": sorted(values)} if few and max(map(len, values)) <= LONGEST_VALUE else {}


def months_by(
    con: duckdb.DuckDBPyConnection, rows: str, columns: Mapping[str, SourceColumn], today: date
) -> list[str]:
    """The columns that say of every row when it was: days or times, never null, none out of all reason."""
    found = []
    for ours, column in columns.items():
        if column.type not in ("date", "timestamp"):
            continue
        day = f"cast({name(ours)} as date)"
        query = f"select bool_and({day} is not null and {day} between ? and ?) from {rows}"
        row: Any = con.execute(query, [EARLIEST, today + AHEAD]).fetchone()
        if row[0]:
            found.append(ours)
    return found
