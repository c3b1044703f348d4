"""Texts of a source system: in the form that DuckDB's casts take, and its complaints in our words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from metric_pipelines.dictionary.source_definitions import Reading, Source, SourceTable
from metric_pipelines.dictionary.yaml_types import Column
from metric_pipelines.errors import SourceDataError, SourceUnavailableError, did_you_mean, listed
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
NUMBERS = ("decimal", "double", "int64")
"""How the types of numbers begin."""
FIRST_YEAR = 1000
"""A year below it is one of two digits, or a zero date."""


def as_text(spec: SourceTable, column: str, there: str) -> str:
    """An expression for the text of a column (`there` in the source) as the casts take it: a decimal point,
    an ISO date. What has another form than its YAML says becomes what the cast refuses.
    """
    definition, text = spec.columns[column], name(there)
    if definition.format is not None:
        return _iso(text, definition.format, definition.type)
    if definition.type.startswith(NUMBERS):
        return _with_a_point(text, spec.read)
    return text


def _iso(text: str, form: str, kind: str) -> str:
    """A day or time of this form; `%Y` takes `24` for the year 24, which nobody means."""
    iso = "%Y-%m-%d" if kind == "date" else "%Y-%m-%d %H:%M:%S.%f"
    moment = f"try_strptime({text}, {quoted(form)})"
    found = f"case when year({moment}) >= {FIRST_YEAR} then strftime({moment}, '{iso}') end"
    return f"coalesce({found}, {_other(form, text)})"


def _with_a_point(text: str, read: Reading) -> str:
    """A number of these signs: that between thousands counts before three digits alone, and a point that is
    neither sign would be taken for the decimal sign.
    """
    if read.decimal == "." and read.thousands is None:
        return text
    text, signs = f"trim({text})", {".", read.decimal, read.thousands or "."}
    strange = " or ".join(f"contains({text}, {quoted(sign)})" for sign in sorted(signs - {read.decimal}))
    between, point = re.escape(read.thousands or ""), re.escape(read.decimal)
    grouped = quoted(rf"[-+]?[1-9]\d{{0,2}}({between}\d{{3}})+({point}\d*)?")
    bare = f"replace({text}, {quoted(read.thousands or '')}, '')"
    plain = f"replace({{}}, {quoted(read.decimal)}, '.')"
    cases = f"when regexp_full_match({text}, {grouped}) then {plain.format(bare)}" if read.thousands else ""
    other = _other(f"1{read.thousands or ''}234{read.decimal}5", text)
    return f"case {cases} when {strange} then {other} else {plain.format(text)} end"


def _other(form: str, text: str) -> str:
    """A text of another form, as the casts refuse and people understand it."""
    return f"{quoted(f'not {form}: ')} || {text}"


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


def no_such_column(source: Source, table: str, column: str, have: Sequence[str]) -> SourceDataError:
    """A column that a table of a source does not have; the nearest one that it has is suggested."""
    remedy = did_you_mean(column, have) or "mend the source's YAML, or the source"
    where = f"{source.name}.{table}.{column}"
    return SourceDataError(where, "no such column", f"one of {listed(have)}", remedy)


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
