"""Reads source tables into temp tables of the step's connection: types as the source's YAML says, months by
local day.

SQLite is read by DuckDB's scanner. A value that is not of its column's type is an error that names table,
column, count and an example; nothing is rounded or nulled on the way. Stays out: contracts (`quality/`) and
writing (`publication/`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from metric_pipelines.dictionary.definitions import Column, Source, SourceTable
from metric_pipelines.dictionary.months import WHOLE, day_after, first_day
from metric_pipelines.errors import (
    DefinitionError,
    SourceDataError,
    SourceUnavailableError,
    did_you_mean,
    listed,
)
from metric_pipelines.warehouse.staged import Staged
from metric_pipelines.warehouse.tables import MONTH, name

_TIME_STAMP = r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6}0*)?)?)?"
_AWAY = ("database is locked", "unable to open", "disk i/o error", "cannot open", "busy", "no such file")


@contextmanager
def attached(con: duckdb.DuckDBPyConnection, source: Source, home: Path) -> Iterator[None]:
    """The source system attached read-only as `source_system`, for one connection.

    Raises: SourceUnavailableError where it is gone or locked.
    """
    file = sqlite_file(source, home)
    if not file.exists():
        raise SourceUnavailableError(
            source.name,
            f"{file} is not there",
            "a SQLite database",
            "lay it out (load-demo), or mend connection",
        )
    con.execute("set sqlite_all_varchar = true")
    with _as_ours(source):
        con.execute(
            f"attach '{str(file).replace(chr(39), chr(39) * 2)}' as source_system (type sqlite, read_only)"
        )
    try:
        yield
    finally:
        con.execute("detach source_system")


def sqlite_file(source: Source, home: Path) -> Path:
    """The file of a SQLite source; a relative one is relative to the home folder.

    Raises: DefinitionError for other engines.
    """
    try:
        url = make_url(source.connection)
    except ArgumentError as error:
        raise DefinitionError(
            source.name, "connection is not a URL", "such as sqlite:///sources/crm.sqlite"
        ) from error
    if url.get_backend_name() != "sqlite" or not url.database:
        found = f"connection to {url.get_backend_name()}"
        raise DefinitionError(source.name, found, "sqlite:///<file>; other engines are not supported yet")
    return home / url.database


def stage(
    con: duckdb.DuckDBPyConnection, source: Source, table: str, zone: str, months: list[str], target: str
) -> Staged:
    """Reads months of a source table (or the whole) into the temp table `target`; the source must be
    attached.

    The temp table has the YAML's columns in their types, and `partition_month` where the table is monthly.
    Raises: SourceDataError (missing table or column, wrong type), SourceUnavailableError.
    """
    spec = source.tables[table]
    theirs = spec.table or table
    _check_columns(con, source, spec, theirs)
    selected = ", ".join(f"{_cast(spec, c)} as {name(c)}" for c in spec.columns)
    where = "" if months == [WHOLE] else f" where {_range(spec, source.time_zone, zone, months)}"
    month = f", {_month(spec, source.time_zone, zone)} as {MONTH}" if spec.partition_by else ""
    relation = f"source_system.{name(theirs)}"
    try:
        _refuse_rows_of_no_month(con, source, spec, table, relation)
        con.execute(
            f"create or replace temp table {target} as select {selected}{month} from {relation}{where}"
        )
        _refuse_what_a_cast_would_change(con, source, spec, table, relation + where)
    except duckdb.ConversionException as error:
        raise _wrong_type(con, source, table, relation) from error
    except duckdb.Error as error:
        raise _translated(source, table, error) from error
    return Staged(f"{source.name}/{table}", target, months)


def newest_day(con: duckdb.DuckDBPyConnection, source: Source, zone: str) -> date | None:
    """The newest local day that any monthly table of an attached source holds.

    Raises: SourceDataError where a table's newest text is no day, SourceUnavailableError.
    """
    found: list[date] = []
    for table, spec in source.tables.items():
        if spec.partition_by is None:
            continue
        with _as_ours(source):
            column, theirs = name(spec.partition_by), name(spec.table or table)
            row = con.execute(f"select max({column}) from source_system.{theirs}").fetchone()
        if row is not None and row[0] is not None:
            kind, where = spec.columns[spec.partition_by].type, f"{source.name}.{table}.{spec.partition_by}"
            found.append(_local_day(where, str(row[0]), kind, source.time_zone, zone))
    return max(found, default=None)


def _local_day(where: str, text: str, kind: str, source_zone: str, zone: str) -> date:
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError as error:
        raise SourceDataError(where, f"{text!r} is no {kind}", kind, "mend the source") from error
    if kind == "date":
        return stamp.date()
    return stamp.replace(tzinfo=ZoneInfo(source_zone)).astimezone(ZoneInfo(zone)).date()


def _cast(spec: SourceTable, column: str) -> str:
    return f"cast({name(column)} as {_sql_type(spec.columns[column])})"


def _range(spec: SourceTable, source_zone: str, zone: str, months: list[str]) -> str:
    """The rows of these local months, compared as times and never as texts: `T` sorts after a space."""
    assert spec.partition_by is not None
    column, kind = _cast(spec, spec.partition_by), spec.columns[spec.partition_by].type
    start, end = first_day(months[0]), day_after(months[-1])
    if kind == "date":
        return f"{column} >= date '{start}' and {column} < date '{end}'"
    first, last = (_utc_text(day, source_zone, zone) for day in (start, end))
    return f"{column} >= timestamp '{first}' and {column} < timestamp '{last}'"


def _utc_text(day: date, source_zone: str, zone: str) -> str:
    """Midnight of a local day, in the source's own time."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return midnight.astimezone(ZoneInfo(source_zone)).strftime("%Y-%m-%d %H:%M:%S")


def _month(spec: SourceTable, source_zone: str, zone: str) -> str:
    assert spec.partition_by is not None
    column = _cast(spec, spec.partition_by)
    if spec.columns[spec.partition_by].type == "date":
        return f"cast(date_trunc('month', {column}) as date)"
    return f"cast(date_trunc('month', {column} at time zone '{source_zone}' at time zone '{zone}') as date)"


def _refuse_rows_of_no_month(
    con: duckdb.DuckDBPyConnection, source: Source, spec: SourceTable, table: str, relation: str
) -> None:
    """A row without its partition column would belong to no month, and be lost without a word."""
    if spec.partition_by is None:
        return
    column = spec.partition_by
    row = con.execute(f"select count(*) from {relation} where {name(column)} is null").fetchone()
    if row is not None and row[0]:
        found, remedy = f"{row[0]:,} row(s) without it belong to no month", "mend the source"
        raise SourceDataError(f"{source.name}.{table}.{column}", found, "a value in every row", remedy)


def _check_columns(con: duckdb.DuckDBPyConnection, source: Source, spec: SourceTable, theirs: str) -> None:
    with _as_ours(source):
        rows = con.execute(
            "select table_name, column_name from duckdb_columns() where database_name = 'source_system'"
        ).fetchall()
    tables = {str(row[0]) for row in rows}
    if theirs not in tables:
        remedy = did_you_mean(theirs, tables) or "mend the source's YAML, or the source"
        raise SourceDataError(f"{source.name}.{theirs}", "no such table", f"one of {listed(tables)}", remedy)
    have = {str(row[1]) for row in rows if row[0] == theirs}
    for column in spec.columns:
        if column not in have:
            remedy = did_you_mean(column, have) or "mend the source's YAML, or the source"
            raise SourceDataError(
                f"{source.name}.{theirs}.{column}", "no such column", f"one of {listed(have)}", remedy
            )


def _sql_type(column: Column) -> str:
    return {"int64": "bigint", "string": "varchar"}.get(column.type, column.type)


def _wrong_type(con: duckdb.DuckDBPyConnection, source: Source, table: str, relation: str) -> SourceDataError:
    """Names the first column that holds values of another type, how many, and one of them."""
    for column, spec in source.tables[table].columns.items():
        raw = name(column)
        row = con.execute(
            f"select count(*), min({raw}) from {relation} {'and' if ' where ' in relation else 'where'} "
            f"{raw} is not null and try_cast({raw} as {_sql_type(spec)}) is null"
        ).fetchone()
        if row is not None and row[0]:
            found = f"{row[0]:,} value(s) that are not {spec.type}, such as {row[1]!r}"
            return SourceDataError(
                f"{source.name}.{table}.{column}", found, spec.type, "mend the source, or the type"
            )
    return SourceDataError(
        f"{source.name}.{table}", "values of another type", "the types of the source's YAML"
    )


def _refuse_what_a_cast_would_change(
    con: duckdb.DuckDBPyConnection, source: Source, spec: SourceTable, table: str, relation: str
) -> None:
    """A value that its type cannot hold exactly is an error: a cast would round it, or cut it, silently."""
    changed = {c: found for c, column in spec.columns.items() if (found := _changed(name(c), column.type))}
    if not changed:
        return
    counted = ", ".join(
        f"count(*) filter (where {condition}), min({name(c)}) filter (where {condition})"
        for c, condition in changed.items()
    )
    row = con.execute(f"select {counted} from {relation}").fetchone() or ()
    for column, count, example in zip(changed, row[::2], row[1::2], strict=True):
        if count:
            kind = spec.columns[column].type
            found = f"{count:,} value(s) that {kind} does not hold exactly, such as {example!r}"
            remedy = "widen the type in the YAML, or mend the source"
            raise SourceDataError(f"{source.name}.{table}.{column}", found, kind, remedy)


def _changed(column: str, kind: str) -> str:
    """A condition on the source's text: casting it to this type would change it; empty where a cast cannot.

    Nearly every text passes a cheap look at its form; only what looks odd is compared exactly. SQLite keeps
    decimals as binary doubles and prints 15 digits, so a text with more digits than the scale is the sign.
    """
    odd, exact = "", "true"
    if kind.startswith("decimal"):
        precision, scale = (int(part) for part in kind[len("decimal(") : -1].split(","))
        wide = 38 - (precision - scale)
        odd = f"not regexp_full_match({column}, '-?\\d+(\\.\\d{{0,{scale}}})?')"
        if wide > scale:
            exact = f"try_cast({column} as decimal(38, {wide})) is distinct from cast({column} as {kind})"
    elif kind == "int64":
        odd = f"not regexp_full_match({column}, '-?\\d+')"
        exact = f"try_cast({column} as decimal(38, 10)) is distinct from cast({column} as bigint)"
    elif kind == "date":
        odd = f"not regexp_full_match({column}, '\\d{{4}}-\\d\\d-\\d\\d')"
        exact = f"try_cast({column} as timestamp) is distinct from cast(cast({column} as date) as timestamp)"
    elif kind == "timestamp":  # a cast drops an offset or zone and keeps the hour
        odd = f"not regexp_full_match({column}, '{_TIME_STAMP}')"
    elif kind == "double":
        odd = f"regexp_matches({column}, '[a-df-zA-DF-Z]')"
        exact = f"not isfinite(cast({column} as double))"
    return f"case when {odd} then {exact} else false end" if odd else ""


@contextmanager
def _as_ours(source: Source) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise _translated(source, "", error) from error


def _translated(source: Source, table: str, error: duckdb.Error) -> SourceUnavailableError | SourceDataError:
    where = f"{source.name}.{table}" if table else source.name
    text = str(error).splitlines()[0]
    if any(sign in text.lower() for sign in _AWAY):
        return SourceUnavailableError(
            where, text, "a source that can be read", "try again; nothing was changed"
        )
    return SourceDataError(where, text, "a table as its YAML says", "mend the source, or its YAML")
