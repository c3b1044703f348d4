"""Laying out the demo's source systems: three SQLite databases in a folder, complete until a business day.

What does not belong here: what happens in them afterwards (`changes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from metric_pipelines.demo.business_days import FIRST_DAY, Days, day_of_the_year
from metric_pipelines.demo.database import connected, errors_named, laid_until, only_writer, written_anew
from metric_pipelines.demo.journey import Progress, copy_in_bulk, copy_rows, opened, silent
from metric_pipelines.demo.tables import DATABASES, ERP, ERPS, Database, Promotions


@dataclass(frozen=True)
class LaidDatabase:
    """One database as it now is: rows by table, and whether this load wrote it or found it complete."""

    name: str
    rows: dict[str, int]
    written: bool


@dataclass(frozen=True)
class Layout:
    """What a load left: the databases, complete until the business day `until`."""

    until: date
    databases: tuple[LaidDatabase, ...]

    @property
    def rows(self) -> dict[str, int]:
        """Rows by table, of all databases."""
        return {table: count for database in self.databases for table, count in database.rows.items()}


def load(
    folder: Path,
    until: date | None = None,
    progress: Progress = silent,
    servers: Mapping[str, str] | None = None,
    promotions: Promotions = "all",
) -> Layout:
    """Lay out crm.sqlite, erp.sqlite and oms.sqlite in the folder, business days up to `until` (None: all);
    `servers` are addresses of those (`crm`, `erp`, `oms`) that go to a database server instead. Of promotions
    `all` are 20.9 M rows; those of what the panel `bought` are few, and no number of what was sold differs.

    A database that is already complete until that very day is left alone, a bad month in it too; any other is
    written beside its place and moved in when whole. So a load that was killed is repeated and goes on with
    the database it had come to. Raises UsageError (a day outside of 2017, or a file in the way that is not
    the demo's), EnvironmentBrokenError (the demo's package is missing), SourceUnavailableError and BusyError
    (in use).
    """
    day = day_of_the_year(until)
    folder.mkdir(parents=True, exist_ok=True)
    with only_writer(folder), opened() as raw:
        found = []
        for database in (ERPS[promotions] if one is ERP else one for one in DATABASES):
            address = (servers or {}).get(database.name)
            found.append(
                laid_out(raw, database, folder, day, progress)
                if address is None
                else on_a_server(raw, database, address, day, progress)
            )
        return Layout(day, tuple(found))


def laid_out(
    raw: duckdb.DuckDBPyConnection, database: Database, folder: Path, until: date, progress: Progress
) -> LaidDatabase:
    path = folder / database.file
    complete = laid_until(path, database.layout) == database.complete_at(until)
    rows = counted_rows(path, database) if complete else write(raw, database, path, until, progress)
    return LaidDatabase(path.name, rows, written=not complete)


def on_a_server(
    raw: duckdb.DuckDBPyConnection, database: Database, address: str, until: date, progress: Progress
) -> LaidDatabase:
    from metric_pipelines.demo.servers import load_into  # late: SQLAlchemy, where a server is asked for

    rows, written = load_into(address, raw, database, until, progress)
    return LaidDatabase(f"{database.name} ({address.partition(':')[0]})", rows, written)


def write(
    raw: duckdb.DuckDBPyConnection, database: Database, path: Path, until: date, progress: Progress
) -> dict[str, int]:
    days, rows = Days(FIRST_DAY, until), dict.fromkeys((table.name for table in database.tables), 0)

    def fill(file: Path) -> None:
        for table in database.tables:
            if table.in_bulk:
                rows[table.name] = copy_in_bulk(raw, table, days, file, progress)

    with written_anew(path, database.complete_at(until), database.layout, fill) as connection:
        for table in database.tables:
            if not table.in_bulk:
                connection.execute(f"create table {table.name} ({table.columns})")
                rows[table.name] = copy_rows(raw, table, days, connection, progress)
            connection.execute(table.index)
    return rows


def counted_rows(path: Path, database: Database) -> dict[str, int]:
    with errors_named(path), closing(connected(path)) as connection:
        return {
            table.name: int(connection.execute(f"select count(*) from {table.name}").fetchone()[0])
            for table in database.tables
        }
