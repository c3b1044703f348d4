"""What changed of a source table since a cursor value: read once, typed like a staged table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from metric_pipelines.dictionary.source_definitions import Source, SourceTable
from metric_pipelines.errors import SourceDataError
from metric_pipelines.ingest.staging import cast_of, check_columns, texts_of, typed, wrong_type
from metric_pipelines.ingest.system import Since, System
from metric_pipelines.ingest.texts import translated
from metric_pipelines.warehouse.tables import name

Cursor = int | date | datetime
"""A value of a cursor column, in the source's own time."""


@dataclass(frozen=True)
class Changes:
    """What changed of a table since a cursor value, as temp tables: `rows` like a staged table, for the
    months that were asked for; `keys` of all that changed, also out of these months; `read` rows of the
    source in all, `newest` the greatest cursor of them. `key` are the columns by which they are merged.
    """

    rows: str
    keys: str
    read: int
    newest: Cursor | None
    key: tuple[str, ...]


def stage_changes(
    con: duckdb.DuckDBPyConnection,
    system: System,
    source: Source,
    table: str,
    zone: str,
    months: list[str],
    since: Cursor,
    target: str,
) -> Changes:
    """Reads the rows of a table whose cursor is not below `since`, in temp tables whose names begin with
    `target`.

    Raises: SourceDataError (missing table or column, wrong type, a cursor or key that is empty or doubled),
    SourceUnavailableError.
    """
    spec = source.tables[table]
    assert spec.incremental is not None
    theirs, raw, keys = spec.table or table, f"{target}_texts", f"{target}_keys"
    check_columns(system, source, spec, theirs)
    cursor = spec.columns[spec.incremental.cursor].source_name or spec.incremental.cursor
    try:
        texts = texts_of(system, spec, theirs, Since(cursor, since))
        con.execute(f"create or replace temp table {raw} as select * from {texts}")
        named = dict.fromkeys([*spec.incremental.key, spec.incremental.cursor])
        chosen = ", ".join(f"{cast_of(spec, c)} as {name(c)}" for c in named)
        con.execute(f"create or replace temp table {keys} as select {chosen} from {raw}")
        typed(con, system, source, table, zone, months, raw, target)
    except duckdb.ConversionException as error:
        raise wrong_type(con, source, table, raw) from error
    except duckdb.Error as error:
        raise translated(source, table, error) from error
    newest, read = refuse_unmergeable(con, source, table, keys)
    con.execute(f"drop table {raw}")
    return Changes(target, keys, read, newest, tuple(spec.incremental.key))


def contract_finds_doubled_keys(spec: SourceTable) -> bool:
    """Whether the contract refuses a doubled key as well. It looks at a month at a time: the key must say
    which month a row is of.
    """
    assert spec.incremental is not None
    key = set(spec.incremental.key)
    told = spec.partition_by is None or spec.partition_by in key
    return told and any(set(unique) <= key for unique in spec.checks.unique)


def refuse_unmergeable(
    con: duckdb.DuckDBPyConnection, source: Source, table: str, rows: str, *, judged: bool = False
) -> tuple[Cursor | None, int]:
    """The greatest cursor, and the number of rows; by an empty cursor or a doubled key rows would be lost.
    What is `judged` by its contract too is not searched for doubled keys twice.

    Raises: SourceDataError that counts them.
    """
    how = source.tables[table].incremental
    assert how is not None
    columns = list(map(name, how.key))
    empty = " or ".join(f"{c} is null" for c in columns)
    once = (
        "0"
        if judged
        else f"count(*) - (select count(*) from (select distinct {', '.join(columns)} from {rows}))"
    )
    newest, read, no_cursor, no_key, doubled = con.execute(
        f"select max({name(how.cursor)}), count(*), count(*) filter (where {name(how.cursor)} is null),"
        f" count(*) filter (where {empty}),"
        f" {once} from {rows}"
    ).fetchone() or (None, 0, 0, 0, 0)
    for count, column, found in (
        (no_cursor, how.cursor, "row(s) without the cursor"),
        (no_key, ", ".join(how.key), "row(s) without a key"),
        (doubled, ", ".join(how.key), "row(s) more than there are keys"),
    ):
        if count:
            expected, remedy = "one value in every row", "mend the source, or read the table whole"
            raise SourceDataError(f"{source.name}.{table}.{column}", f"{count:,} {found}", expected, remedy)
    return newest, read
