"""A file of SQLite, read by DuckDB's scanner, or one of DuckDB: attached read-only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import duckdb

from metric_pipelines.dictionary.source_definitions import Source, SourceTable
from metric_pipelines.errors import SourceDataError, SourceUnavailableError, did_you_mean, listed
from metric_pipelines.ingest.system import Declared, Since, Span
from metric_pipelines.ingest.texts import as_ours, kind_of, no_such_column, quoted
from metric_pipelines.warehouse.tables import name

SYSTEM = "source_system"
NOT_TEXT = "column {}: bytes that are no text in UTF-8"
BUSY_MILLISECONDS = 5_000
"""How long a reader of SQLite waits while somebody commits."""


@contextmanager
def opened_file(
    con: duckdb.DuckDBPyConnection, source: Source, file: Path, kind: str
) -> Iterator[AttachedFile]:
    """A database file of DuckDB or SQLite (`kind`), attached read-only.

    Raises: SourceUnavailableError where it is gone or locked.
    """
    present(source, file, kind)
    catalog = _catalog(con, file, kind)
    try:
        con.execute("set sqlite_all_varchar = true")
        with as_ours(source):
            patience = f", busy_timeout {BUSY_MILLISECONDS}" if kind == "sqlite" else ""
            con.execute(f"attach {quoted(str(file))} as {name(catalog)} (type {kind}, read_only{patience})")
        try:
            yield AttachedFile(con, source, kind, catalog)
        finally:
            con.execute(f"detach {name(catalog)}")
    finally:
        con.execute("set sqlite_all_varchar = false")


def _catalog(con: duckdb.DuckDBPyConnection, file: Path, kind: str) -> str:
    """What it is attached as. Views in a file of DuckDB go by the file's own name where dbt wrote them; they
    cannot be read where that name stands for something else here.
    """
    own = file.name.partition(".")[0]
    query = "select database_name from duckdb_databases() union all select schema_name from duckdb_schemas()"
    taken = {str(row[0]).lower() for row in con.execute(query).fetchall()}
    return own if kind == "duckdb" and own and own.lower() not in taken else SYSTEM


def present(source: Source, file: Path, kind: str) -> None:
    """Raises SourceUnavailableError where a database file is gone."""
    if not file.exists():
        found, expected = f"{file} is not there", f"a {kind} database"
        raise SourceUnavailableError(source.name, found, expected, "lay it out, or mend connection")


class AttachedFile:
    """A database file that is attached as `catalog`."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, source: Source, kind: str, catalog: str = SYSTEM
    ) -> None:
        self._con, self._source, self._kind, self._catalog = con, source, kind, catalog
        self.digits = 15 if kind == "sqlite" else None

    def tables(self) -> list[str]:
        """Its tables and views; those of another schema than the main one as `schema.table`."""
        rows = self._con.execute(
            "select distinct if(schema_name = 'main', '', schema_name || '.') || table_name"
            f" from duckdb_columns() where database_name = {quoted(self._catalog)} order by 1"
        )
        return [str(row[0]) for row in rows.fetchall()]

    def columns(self, table: str, spec: SourceTable) -> list[str]:
        """The columns of a table or view; `main.orders` is `orders`."""
        known = self.tables()
        if _bare(table) not in known:
            remedy = did_you_mean(table, known) or "mend the source's YAML, or the source"
            where = f"{self._source.name}.{table}"
            raise SourceDataError(where, "no such table", f"one of {listed(known)}", remedy)
        try:
            rows = self._con.execute(f"describe {self._relation(table)}").fetchall()
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            raise self._unreadable(table, error) from error
        return [str(row[0]) for row in rows]

    def _unreadable(self, view: str, error: duckdb.Error) -> SourceDataError:
        found = f"a view that cannot be read: {str(error).splitlines()[0]}"
        expected = "a table, or a view over what is in its own file"
        remedy = "materialize it as a table, or keep the name that its file had when it was made"
        return SourceDataError(f"{self._source.name}.{view}", found, expected, remedy)

    def relation(self, table: str, spec: SourceTable, columns: list[str], part: Span | Since | None) -> str:
        """The table as it stands; DuckDB reads the rows and columns that it needs."""
        listed_ = ", ".join(f"{self._text(name(c))} as {name(c)}" for c in columns)
        if not isinstance(part, Since):
            return f"(select {listed_} from {self._relation(table)})"
        if self._kind == "sqlite":
            return self._by_sqlite(table, columns, part)
        column, value = name(part.column), _literal(part.value)
        return (
            f"(select {listed_} from {self._relation(table)} where {column} >= {value} or {column} is null)"
        )

    def _relation(self, table: str) -> str:
        return ".".join(name(part) for part in (self._catalog, *table.split(".", 1)))

    def _text(self, column: str) -> str:
        """A column as text. SQLite lets any bytes be one, its scanner hands them on, and then DuckDB may end:
        an error in their place.
        """
        if self._kind != "sqlite":
            return f"cast({column} as varchar)"
        bytes_ = f"error({quoted(NOT_TEXT.format(column))})"
        return f"coalesce(try(decode(encode({column}))), if({column} is null, null, {bytes_}))"

    def _by_sqlite(self, table: str, columns: list[str], part: Since) -> str:
        """Asked of SQLite itself, which has indexes; DuckDB's scanner would read all rows.

        Times are texts there, in whatever form: from the start of the day they sort alike. What is no text
        sorts before them all, and comes along to be refused.
        """
        column, value = _column(table, part.column), str(part.value)
        wanted = f"{column} >= {value}"
        if not isinstance(part.value, int):
            wanted = f"{column} >= {quoted(value[:10])} or {column} < ''"
        elif self._kinds(table).get(part.column) == "string":
            raise SourceDataError(
                f"{self._source.name}.{table}.{part.column}",
                "a cursor of texts",
                "numbers that SQLite compares",
            )
        texts = ", ".join(f"cast({_column(table, c)} as text) as {name(c)}" for c in columns)
        query = f"select {texts} from {name(_bare(table))} where {wanted} or {column} is null"
        checked = ", ".join(f"{self._text(name(c))} as {name(c)}" for c in columns)
        return f"(select {checked} from sqlite_query('{SYSTEM}', {quoted(query)}))"

    def newest(self, table: str, spec: SourceTable, column: str, before: date) -> str | None:
        """The greatest text; ISO dates and times sort as texts, and words after all of them."""
        if column not in (have := self.columns(table, spec)):
            raise no_such_column(self._source, table, column, have)
        text = self._text(name(column))
        relation, come = self._relation(table), f"({text} < '{before}' or {text} >= ':')"
        if self._kind == "sqlite" and self._all_texts(table, column):
            relation, come = self._newest_by_sqlite(table, column, before), "true"
        row = self._con.execute(f"select max({text}) from {relation} where {come}").fetchone()
        return None if row is None or row[0] is None else str(row[0])

    def _all_texts(self, table: str, column: str) -> bool:
        """Whether a column of SQLite holds nothing but texts: numbers are below them there, bytes above."""
        there = _column(table, column)
        ends = " and ".join(
            f"coalesce((select typeof({end}({there})) from {name(_bare(table))}), '') = 'text'"
            for end in ("min", "max")
        )
        query = f"select * from sqlite_query('{SYSTEM}', {quoted(f'select {ends} as texts')})"
        row = self._con.execute(query).fetchone()
        return row is not None and str(row[0]) == "1"

    def _newest_by_sqlite(self, table: str, column: str, before: date) -> str:
        """A relation with the newest texts, of days and of words; SQLite finds them by an index it has."""
        there = _column(table, column)
        greatest = f"select max({there}) as {name(column)} from {name(_bare(table))}"
        query = f"{greatest} where {there} < '{before}' union all {greatest} where {there} >= ':'"
        return f"sqlite_query('{SYSTEM}', {quoted(query)})"

    def declared(self, table: str, spec: SourceTable) -> Declared:
        """Types and primary key, as its catalog has them; a file of SQLite knows whether a column is of
        numbers or of texts.
        """
        schema, dot, bare = table.rpartition(".")
        key = self._con.execute(
            "select constraint_column_names from duckdb_constraints()"
            f" where database_name = {quoted(self._catalog)} and constraint_type = 'PRIMARY KEY'"
            " and table_name = ? and schema_name = ?",
            [bare, schema if dot else "main"],
        ).fetchone()
        return Declared(self._kinds(table), tuple(key[0]) if key else ())

    def _kinds(self, table: str) -> dict[str, str]:
        if self._kind != "sqlite":
            rows = self._con.execute(f"describe {self._relation(table)}").fetchall()
            return {str(row[0]): kind_of(str(row[1])) for row in rows}
        query = f"select path from duckdb_databases() where database_name = {quoted(self._catalog)}"
        file = (self._con.execute(query).fetchone() or ("",))[0]
        self._con.execute("set sqlite_all_varchar = false")
        self._con.execute(f"attach {quoted(file)} as {SYSTEM}_types (type sqlite, read_only)")
        try:
            query = (
                f"select column_name, data_type from duckdb_columns() where database_name = '{SYSTEM}_types'"
            )
            rows = self._con.execute(f"{query} and table_name = ?", [_bare(table)]).fetchall()
        finally:
            self._con.execute(f"detach {SYSTEM}_types")
            self._con.execute("set sqlite_all_varchar = true")
        return {str(c): "string" for c, declared in rows if declared == "VARCHAR"}


def _literal(value: int | date) -> str:
    if isinstance(value, int):
        return str(value)
    return f"timestamp '{value}'" if isinstance(value, datetime) else f"date '{value}'"


def _column(table: str, column: str) -> str:
    """A column as SQLite is asked for it: what is quoted and no column of its table is an error, no text."""
    return f"{name(_bare(table))}.{name(column)}"


def _bare(table: str) -> str:
    """`main.orders` is `orders`: SQLite has one schema."""
    return table.removeprefix("main.")
