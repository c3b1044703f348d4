"""Texts of a source system: in the form that DuckDB's casts take, and its complaints in our words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from metric_pipelines.dictionary.source_definitions import Source, SourceTable
from metric_pipelines.dictionary.yaml_types import Column
from metric_pipelines.errors import SourceDataError, SourceUnavailableError
from metric_pipelines.warehouse.tables import name

_CSV = re.compile(r"CSV Error on Line: (\d+)|CSV Parser state machine")
_CSV_LINE = re.compile(r"Original Line: ?(.*)")
_CSV_FILE = re.compile(r"^  file = (.*)$", re.MULTILINE)
_CSV_WIDTH = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
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
    if csv := _CSV.search(str(error)):
        return _no_csv(where, csv[1], str(error))
    text = str(error).splitlines()[0]
    if any(sign in text.lower() for sign in _AWAY):
        return SourceUnavailableError(
            where, text, "a source that can be read", "try again; nothing was changed"
        )
    return SourceDataError(where, text, "a table as its YAML says", "mend the source, or its YAML")


def _no_csv(where: str, line: str | None, text: str) -> SourceDataError:
    """DuckDB's complaint about a CSV file, with file and line; its own remedies are options of DuckDB."""
    file, shown, width = _CSV_FILE.search(text), _CSV_LINE.search(text), _CSV_WIDTH.search(text)
    place = ":".join(part for part in (Path(file[1]).name if file else "", line) if part)
    if width:
        found, expected = f"{width[2]} cell(s)", f"{width[1]}, as the header has"
    elif "unterminated quote" in text:
        found, expected = "a quote that is not closed", 'a closing "'
    elif "Maximum line size" in text:
        found, expected = "a line of more than 2,000,000 bytes", "shorter lines"
    elif line:
        found, expected = (
            next((one for one in text.splitlines()[2:] if one.strip()), "no CSV"),
            "a row of CSV",
        )
    else:
        found, expected = "lines that are no CSV", "one kind of line end throughout, and quotes that close"
    row = f": {shown[1].strip()[:60]}" if shown else ""
    return SourceDataError(f"{where} ({place})", found + row, expected, "mend the file, or read.delimiter")
