"""Staging: a source table's texts to the types of its YAML, by months of the center's own days.

A value that is not of its column's type is an error that names table, column, count and an example; nothing
is rounded or nulled on the way.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import duckdb

from metric_pipelines.dictionary.months import WHOLE, day_after, first_day
from metric_pipelines.dictionary.source_definitions import Source, SourceColumn, SourceTable
from metric_pipelines.errors import SourceDataError
from metric_pipelines.ingest.headers import refuse_unusable
from metric_pipelines.ingest.system import Since, Span, System
from metric_pipelines.ingest.texts import (
    FIRST_YEAR,
    as_ours,
    as_text,
    no_such_column,
    quoted,
    sql_type,
    translated,
)
from metric_pipelines.warehouse.staged import Staged
from metric_pipelines.warehouse.tables import MONTH, name, unordered

LONGEST_DOUBLE = 300
"""Digits; a number that has more may be beyond what a double holds, and a cast makes it infinite."""
ODD = "a row that is to be looked at"
TIME_STAMP = r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6}0*)?)?)?"


def stage(
    con: duckdb.DuckDBPyConnection,
    system: System,
    source: Source,
    table: str,
    zone: str,
    months: list[str],
    target: str,
) -> Staged:
    """Reads months of a source table (or the whole) into the temp table `target`, from the open `system`.

    The temp table has the YAML's columns in their types, and `partition_month` where the table is monthly.
    Raises: SourceDataError (missing table or column, wrong type), SourceUnavailableError.
    """
    spec = source.tables[table]
    theirs = spec.table or table
    check_columns(system, source, spec, theirs)
    span = None if months == [WHOLE] else _span(spec, source.time_zone, zone, months)
    if spec.in_place:
        from metric_pipelines.ingest.in_place import stage_in_place  # late: pyarrow

        return stage_in_place(con, system, source, table, target)
    try:
        relation = texts_of(system, spec, theirs, span)
        typed(con, system, source, table, zone, months, relation, target)
    except duckdb.ConversionException as error:
        raise wrong_type(con, source, table, relation) from error
    except duckdb.Error as error:
        raise translated(source, table, error) from error
    return Staged(f"{source.name}/{table}", target, months)


def typed(
    con: duckdb.DuckDBPyConnection,
    system: System,
    source: Source,
    table: str,
    zone: str,
    months: list[str],
    texts: str,
    target: str,
) -> None:
    """The rows of the months, from texts to types: in one pass over the source, which may be long. Only where
    something is odd is it asked again, what.
    """
    spec = source.tables[table]
    selected = ", ".join(f"{cast_of(spec, c)} as {name(c)}" for c in spec.columns)
    span = None if months == [WHOLE] else _span(spec, source.time_zone, zone, months)
    within = "true" if span is None else _within(spec, span)
    no_month, changed = _conditions_of_no_month(spec), _conditions_of_change(spec, system.digits)
    # Written once for all columns: a test of every row is what reading a long table costs.
    changes = [f"({within} and ({' or '.join(changed.values())}))"] if changed else []
    odd = " or ".join([*no_month, *changes])
    where = (
        f" where case when {odd} then error({quoted(ODD)}) else {within} end" if odd else f" where {within}"
    )
    month = f", {_month(spec, source.time_zone, zone)} as {MONTH}" if spec.partition_by else ""
    try:
        with unordered(con):
            con.execute(
                f"create or replace temp table {target} as select {selected}{month} from {texts}{where}"
            )
    except duckdb.InvalidInputException as error:
        if ODD not in str(error):
            raise
        _refuse_rows_of_no_month(con, source, spec, table, texts)
        # A value of another type is an error of its own, which comes first.
        con.execute(f"create or replace temp table {target} as select {selected} from {texts} where {within}")
        _refuse_what_a_cast_would_change(con, source, table, changed, f"{texts} where {within}")
        raise


def texts_of(system: System, spec: SourceTable, theirs: str, part: Span | Since | None) -> str:
    """The table under our column names, as texts that the casts take: decimal points, ISO dates."""
    named = {column.source_name or c: c for c, column in spec.columns.items()}
    raw = system.relation(theirs, spec, list(named), part)
    listed = ", ".join(f"{as_text(spec, c, there)} as {name(c)}" for there, c in named.items())
    return f"(select {listed} from {raw})"


def newest_day(system: System, source: Source, zone: str, before: date) -> date | None:
    """The newest local day, before a day, that any monthly table of an open source holds.

    Raises: SourceDataError where a table's newest text is no day, SourceUnavailableError.
    """
    found: list[date] = []
    for table, spec in source.tables.items():
        if spec.partition_by is None:
            continue
        column = spec.columns[spec.partition_by]
        with as_ours(source):
            there = column.source_name or spec.partition_by
            newest = system.newest(spec.table or table, spec, there, before)
        if newest is not None:
            where = f"{source.name}.{table}.{spec.partition_by}"
            found.append(_local_day(where, newest, column, source.time_zone, zone))
    return max(found, default=None)


def _local_day(where: str, text: str, column: SourceColumn, source_zone: str, zone: str) -> date:
    kind = column.type
    try:
        stamp = datetime.strptime(text, column.format) if column.format else datetime.fromisoformat(text)
    except ValueError as error:
        raise SourceDataError(where, f"{text!r} is no {kind}", kind, "mend the source") from error
    if kind == "date":
        return stamp.date()
    return stamp.replace(tzinfo=ZoneInfo(source_zone)).astimezone(ZoneInfo(zone)).date()


def cast_of(spec: SourceTable, column: str) -> str:
    return f"cast({name(column)} as {sql_type(spec.columns[column])})"


def _span(spec: SourceTable, source_zone: str, zone: str, months: list[str]) -> Span:
    """The local months in the source's own time."""
    assert spec.partition_by is not None
    column = spec.columns[spec.partition_by]
    days = (first_day(months[0]), day_after(months[-1]))
    first, last = (datetime(day.year, day.month, day.day) for day in days)
    if column.type != "date":
        first, last = (
            moment.replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo(source_zone)).replace(tzinfo=None)
            for moment in (first, last)
        )
    return Span(column.source_name or spec.partition_by, first, last)


def _within(spec: SourceTable, span: Span) -> str:
    """The rows of a span, compared as times and never as texts: `T` sorts after a space."""
    assert spec.partition_by is not None
    column = cast_of(spec, spec.partition_by)
    return f"{column} >= timestamp '{span.first}' and {column} < timestamp '{span.last}'"


def _month(spec: SourceTable, source_zone: str, zone: str) -> str:
    assert spec.partition_by is not None
    column = cast_of(spec, spec.partition_by)
    if spec.columns[spec.partition_by].type == "date":
        return f"cast(date_trunc('month', {column}) as date)"
    return f"cast(date_trunc('month', {column} at time zone '{source_zone}' at time zone '{zone}') as date)"


def _conditions_of_no_month(spec: SourceTable) -> list[str]:
    """A row without its partition column, or of a year that is no year (`24`, `0000`), would belong to no
    month, and be lost without a word.
    """
    if spec.partition_by is None:
        return []
    early = f"{cast_of(spec, spec.partition_by)} < date '{FIRST_YEAR}-01-01'"
    return [f"{name(spec.partition_by)} is null", early]


def _refuse_rows_of_no_month(
    con: duckdb.DuckDBPyConnection, source: Source, spec: SourceTable, table: str, relation: str
) -> None:
    if spec.partition_by is None:
        return
    column = spec.partition_by
    null, early = _conditions_of_no_month(spec)
    row = con.execute(
        f"select count(*) filter (where {null}), count(*) filter (where {early}),"
        f" min({name(column)}) filter (where {early}) from {relation}"
    ).fetchone()
    empty, before, example = row or (0, 0, "")
    where, remedy = f"{source.name}.{table}.{column}", "mend the source"
    if empty:
        found = f"{empty:,} row(s) without it belong to no month"
        raise SourceDataError(where, found, "a value in every row", remedy)
    if before:
        found = f"{before:,} row(s) belong to no month, such as {example!r}"
        raise SourceDataError(where, found, f"days since {FIRST_YEAR}", remedy)


def check_columns(system: System, source: Source, spec: SourceTable, theirs: str) -> None:
    with as_ours(source):
        have = system.columns(theirs, spec)
    wanted = [column.source_name or ours for ours, column in spec.columns.items()]
    refuse_unusable(f"{source.name}.{theirs}", wanted, "leave one out, or read a view that names them apart")
    for ours, column in spec.columns.items():
        there = column.source_name or ours
        if there not in have:
            raise no_such_column(source, theirs, there, have)


def wrong_type(con: duckdb.DuckDBPyConnection, source: Source, table: str, relation: str) -> SourceDataError:
    """Names the first column that holds values of another type, how many, and one of them."""
    for column, spec in source.tables[table].columns.items():
        raw = name(column)
        row = con.execute(
            f"select count(*), min({raw}) from {relation} "
            f"where {raw} is not null and try_cast({raw} as {sql_type(spec)}) is null"
        ).fetchone()
        if row is not None and row[0]:
            found = f"{row[0]:,} value(s) that are not {spec.type}, such as {row[1]!r}"
            return SourceDataError(
                f"{source.name}.{table}.{column}", found, spec.type, "mend the source, or the type"
            )
    return SourceDataError(
        f"{source.name}.{table}", "values of another type", "the types of the source's YAML"
    )


def _conditions_of_change(spec: SourceTable, digits: int | None) -> dict[str, str]:
    """By column: a value that its type cannot hold exactly is an error: a cast would round it, or cut it,
    silently.
    """
    return {
        c: found for c, column in spec.columns.items() if (found := _changed(name(c), column.type, digits))
    }


def _refuse_what_a_cast_would_change(
    con: duckdb.DuckDBPyConnection, source: Source, table: str, changed: dict[str, str], relation: str
) -> None:
    spec = source.tables[table]
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


def _changed(column: str, kind: str, digits: int | None) -> str:
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
        exact += f" or not isfinite(cast({column} as date)) or year(cast({column} as date)) < {FIRST_YEAR}"
    elif kind == "timestamp":  # a cast drops an offset or zone and keeps the hour
        odd = f"not regexp_full_match({column}, '{TIME_STAMP}')"
    elif kind == "double":
        odd = f"(regexp_matches({column}, '[a-zA-Z]') or length({column}) > {LONGEST_DOUBLE})"
        exact = f"not isfinite(cast({column} as double))"
    cut = _cut(column, digits) if digits is not None and kind.startswith(("decimal", "int64")) else "false"
    return f"case when {cut} then true when {odd} then {exact} else false end" if odd else ""


def _cut(column: str, digits: int) -> str:
    """A condition on a text: a binary number whose further digits the system may have left out."""
    mantissa = f"regexp_replace(regexp_replace({column}, '[eE].*', ''), '[^0-9]', '', 'g')"
    cut = f"length(ltrim({mantissa}, '0')) >= {digits} and regexp_matches({column}, '[.eE]')"
    return f"(case when length({column}) > {digits} then {cut} else false end)"
