"""Tables of the lake by month: source tables and models. What is staged replaces whole months; other months
stay.

Every monthly table carries `partition_month DATE`, the first day of the month its rows belong to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import duckdb

from metric_pipelines.dictionary.months import MONTH_COLUMN, WHOLE, first_day

MONTH = MONTH_COLUMN
HASH = "duckdb-hash-sum-1"


def name(text: str) -> str:
    """An SQL identifier, quoted."""
    return '"' + text.replace('"', '""') + '"'


def relation(key: str) -> str:
    """The lake's table of a source or model asset: `oms/transactions` is `lake."oms"."transactions"`."""
    schema, table = key.split("/")
    return f"lake.{name(schema)}.{name(table)}"


def exists(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    """Whether the lake has this table. DuckDB's own list of tables looks at each of them, this at one."""
    try:
        columns(con, relation(f"{schema}/{table}"))
    except duckdb.CatalogException:
        return False
    return True


@contextmanager
def unordered(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Rows may be stored in any order: DuckDB holds them back for their order else, and a table larger than
    its memory takes twice the time.
    """
    con.execute("set preserve_insertion_order = false")
    try:
        yield
    finally:
        con.execute("set preserve_insertion_order = true")


def columns(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Column names and types of a table or view, in order."""
    return {str(row[0]): str(row[1]) for row in con.execute(f"describe {table}").fetchall()}


def month_list(months: list[str]) -> str:
    """Months as a list of SQL dates."""
    return ", ".join(f"date '{first_day(month)}'" for month in months)


def gather(con: duckdb.DuckDBPyConnection, parts: Sequence[str], target: str) -> None:
    """Makes one temp table of parts with the same columns, which are gone then; no row is held twice."""
    first, *others = parts
    con.execute(f"alter table {first} rename to {target}")
    for part in others:
        with unordered(con):
            con.execute(f"insert into {target} by name select * from {part}")
        con.execute(f"drop table {part}")


def content_versions(
    con: duckdb.DuckDBPyConnection, table: str, months: list[str], of: list[str], some: str = "true"
) -> dict[str, tuple[str, int]]:
    """A hash of the contents of `of` columns of `table` for each month (or the whole), and its number of
    rows.

    The sum of row hashes, with the count, a tag of the algorithm and one of the columns: order does not
    matter, doubled rows do. `some` is a condition that rows must meet.
    """
    types = columns(con, table)
    query = f"select {month_of(months)}, count(*), {contents(types, of)} from {table} where {some} group by 1"
    found = {
        str(m): (content_version(types, of, n, total), int(n))
        for m, n, total in con.execute(query).fetchall()
    }
    return {month: found.get(month, (content_version(types, of, 0, 0), 0)) for month in months}


def month_of(months: list[str]) -> str:
    """The month of a staged row as its key; '' where the table has none."""
    return "''" if months == [WHOLE] else f"strftime({MONTH}, '%Y-%m')"


def contents(types: Mapping[str, str], of: list[str], some: str = "true") -> str:
    """An aggregate over rows that meet a condition: the sum of the hashes of these columns."""
    hashed = f"hash({', '.join(f'round({name(c)}, 9)' if types[c] == 'DOUBLE' else name(c) for c in of)})"
    return f"sum({hashed})" if some == "true" else f"sum(case when {some} then {hashed} end)"


def content_version(types: Mapping[str, str], of: list[str], rows: int, total: int | None) -> str:
    """The data version of that many rows, whose hashes add up to `total`."""
    shape = hashlib.sha256(repr([(c, types[c]) for c in of]).encode()).hexdigest()[:8]
    return f"{HASH}:{shape}:{rows}:{total or 0}"


def replace(con: duckdb.DuckDBPyConnection, key: str, staged: str, months: list[str]) -> None:
    """Replaces these months (or the whole) of an asset's table by what is staged; inside the caller's
    transaction.

    A changed schema is a new table with the old months carried over: what a column no longer has is dropped,
    what it did not have is null.
    """
    schema, table = key.split("/")
    target, new = relation(key), columns(con, staged)
    con.execute(f"create schema if not exists lake.{name(schema)}")
    chosen = "" if months == [WHOLE] else f" where {MONTH} in ({month_list(months)})"
    if is_view(con, schema, table):
        con.execute(f"drop view {target}")
    if not exists(con, schema, table):
        _create(con, target, new)
    elif columns(con, target) != new:
        _recreate(con, target, new, chosen)
    else:
        con.execute(f"delete from {target}{chosen}")
    names = ", ".join(name(c) for c in new)
    order = f" order by {MONTH}" if chosen else ""
    con.execute(f"insert into {target} ({names}) select {names} from {staged}{chosen}{order}")


def replace_view(con: duckdb.DuckDBPyConnection, key: str, query: str) -> None:
    """Makes an asset's table a view; inside the caller's transaction. Its text names no catalog, so that any
    client may attach under any name.
    """
    schema, table = key.split("/")
    con.execute(f"create schema if not exists lake.{name(schema)}")
    if _is_table(con, schema, table):
        con.execute(f"drop table {relation(key)}")
    with in_lake(con):
        con.execute(f"create or replace view {name(schema)}.{name(table)} as {query}")


def apart(one: str, other: str) -> str:
    """The condition that two inexact numbers differ: by more than 1e-9 of their size, and by more than 1e-12,
    which adding up in another order may leave of numbers that cancel.
    """
    return f"abs({one} - {other}) > 1e-9 * greatest(abs({one}), abs({other}), 1e-3)"


@contextmanager
def in_lake(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Inside, names are the lake's. Where the transaction is aborted, who rolls it back goes back as well."""
    con.execute("use lake")
    try:
        yield
    finally:
        with suppress(duckdb.TransactionException):
            con.execute("use memory")


def _is_table(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    return exists(con, schema, table) and not is_view(con, schema, table)


def is_view(con: duckdb.DuckDBPyConnection, schema: str, view: str) -> bool:
    """Whether the lake has a view of this name."""
    mine = "database_name = 'lake' and schema_name = ? and view_name = ?"
    return con.execute(f"select 1 from duckdb_views() where {mine}", [schema, view]).fetchone() is not None


def _create(con: duckdb.DuckDBPyConnection, target: str, new: dict[str, str]) -> None:
    con.execute(f"create table {target} ({', '.join(f'{name(c)} {t}' for c, t in new.items())})")
    if MONTH in new:
        con.execute(f"alter table {target} set partitioned by ({MONTH})")


def _recreate(con: duckdb.DuckDBPyConnection, target: str, new: dict[str, str], chosen: str) -> None:
    old = columns(con, target)
    taken = {c: name(c) if c in old else "null" for c in new}
    kept = ", ".join(f"cast({taken[c]} as {t}) as {name(c)}" for c, t in new.items())
    others = chosen.replace(" in (", " not in (") or " where false"
    if MONTH not in old:
        others = " where false"
    con.execute(f"create or replace temp table carried as select {kept} from {target}{others}")
    con.execute(f"drop table {target}")
    _create(con, target, new)
    con.execute(f"insert into {target} select * from carried")
    con.execute("drop table carried")
