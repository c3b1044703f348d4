"""The key of a table: what its database says, or the smallest column or pair that is unique in its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import duckdb

from metric_pipelines.dictionary.source_definitions import SourceColumn
from metric_pipelines.warehouse.tables import name

LIKE_A_KEY = ("_id", "id", "_no", "_nr", "_key", "_code", "_number", "号", "编码", "编号", "代码")
IN_PAIRS = 8
MOST_ROWS_FOR_PAIRS = 5_000_000


def unique_key(
    con: duckdb.DuckDBPyConnection, rows: str, columns: Mapping[str, SourceColumn]
) -> list[str] | None:
    """One column, or two, that no two rows share and that are never null; None where there are none."""
    total, facts = _facts(con, rows, columns)
    full = [c for c in columns if facts[c][0] == total and not _measures(columns[c])]
    if total < 2 or not full:
        return None
    singles = [c for c in full if facts[c][1] >= 0.8 * total and not _is_time(columns[c])]
    for column in sorted(singles, key=lambda c: not like_a_key(c, columns[c])):
        if _distinct(con, rows, [column]) == total:
            return [column]
    if total > MOST_ROWS_FOR_PAIRS:
        return None
    likely = sorted(full, key=lambda c: (not like_a_key(c, columns[c]), -facts[c][1]))[:IN_PAIRS]
    for pair in combinations(likely, 2):
        if facts[pair[0]][1] * facts[pair[1]][1] >= 0.8 * total and _distinct(con, rows, pair) == total:
            return sorted(pair, key=list(columns).index)
    days = [c for c in full if _is_time(columns[c]) and facts[c][1] >= 0.8 * total]
    return next(([c] for c in days if _distinct(con, rows, [c]) == total), None)


def _facts(
    con: duckdb.DuckDBPyConnection, rows: str, columns: Mapping[str, SourceColumn]
) -> tuple[int, dict[str, tuple[int, int]]]:
    """How many rows; of each column how many values, and about how many different ones."""
    asked = [part for c in columns for part in (f"count({name(c)})", f"approx_count_distinct({name(c)})")]
    row: Any = con.execute(f"select count(*), {', '.join(asked)} from {rows}").fetchone()
    return int(row[0]), dict(zip(columns, zip(row[1::2], row[2::2], strict=True), strict=True))


def _distinct(con: duckdb.DuckDBPyConnection, rows: str, columns: Sequence[str]) -> int:
    listed = ", ".join(map(name, columns))
    row: Any = con.execute(f"select count(*) from (select distinct {listed} from {rows})").fetchone()
    return int(row[0])


def _measures(column: SourceColumn) -> bool:
    return column.type.startswith(("decimal", "double", "boolean"))


def _is_time(column: SourceColumn) -> bool:
    return column.type in ("date", "timestamp")


def like_a_key(ours: str, column: SourceColumn) -> bool:
    """Whether a column is called as a key is."""
    return any((text or "").lower().endswith(LIKE_A_KEY) for text in (ours, column.source_name))
