"""Texts of a source system: in the form that DuckDB's casts take, and its complaints in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from metric_pipelines.dictionary.source_definitions import Source, SourceTable
from metric_pipelines.dictionary.yaml_types import Column
from metric_pipelines.errors import SourceDataError, SourceUnavailableError
from metric_pipelines.warehouse.tables import name

_AWAY = (
    "database is locked",
    "unable to open",
    "disk i/o error",
    "cannot open",
    "busy",
    "no such file",
    "readonly database",
)


def as_text(spec: SourceTable, column: str, there: str) -> str:
    """An expression for the text of a column (`there` in the source) as the casts take it: a decimal point,
    an ISO date. What has another form than its YAML says becomes what the cast refuses.
    """
    definition, text, read = spec.columns[column], name(there), spec.read
    if definition.format is not None:
        form = "%Y-%m-%d" if definition.type == "date" else "%Y-%m-%d %H:%M:%S.%f"
        there_as = quoted(definition.format)
        other = f"{quoted(f'not {definition.format}: ')} || {text}"
        return f"coalesce(strftime(try_strptime({text}, {there_as}), '{form}'), {other})"
    if definition.type.startswith(("decimal", "double", "int64")):
        if read.thousands:
            text = f"replace({text}, {quoted(read.thousands)}, '')"
        if read.decimal != ".":
            text = f"replace({text}, {quoted(read.decimal)}, '.')"
    return text


def sql_type(column: Column) -> str:
    """DuckDB's name of a column's type."""
    return {"int64": "bigint", "string": "varchar"}.get(column.type, column.type)


def kind_of(sql: str) -> str:
    """Our name of a type of DuckDB; empty where we have none."""
    found = sql.upper()
    if found.startswith("DECIMAL"):
        return found.lower()
    if found in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"):
        return "int64"
    if found.startswith("TIMESTAMP"):
        return "timestamp"
    named = {"FLOAT": "double", "DOUBLE": "double", "VARCHAR": "string", "DATE": "date", "BOOLEAN": "boolean"}
    return named.get(found, "")


def quoted(text: str) -> str:
    """An SQL text literal."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def as_ours(source: Source) -> Iterator[None]:
    """Turns DuckDB's errors into ours."""
    try:
        yield
    except duckdb.Error as error:
        raise translated(source, "", error) from error


def translated(source: Source, table: str, error: Exception) -> SourceUnavailableError | SourceDataError:
    """DuckDB's or SQLite's complaint about a source: it is away, or its data are not as its YAML says."""
    where = f"{source.name}.{table}" if table else source.name
    text = str(error).splitlines()[0]
    if any(sign in text.lower() for sign in _AWAY):
        return SourceUnavailableError(
            where, text, "a source that can be read", "try again; nothing was changed"
        )
    return SourceDataError(where, text, "a table as its YAML says", "mend the source, or its YAML")
