"""Database servers, by SQLAlchemy: PostgreSQL, MariaDB, MySQL and whatever else has a driver.

All is read in one read-only transaction at REPEATABLE READ, so that the tables of one step agree. Every value
comes as the server's own text (exact decimals), in a stream; the months' range is left to the server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import duckdb
import sqlalchemy as sa
from sqlalchemy.dialects.mysql import TIMESTAMP as MYSQL_TIMESTAMP
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from metric_pipelines.dictionary.source_definitions import Source, SourceTable
from metric_pipelines.errors import (
    DefinitionError,
    EnvironmentBrokenError,
    SourceDataError,
    SourceRefusedError,
    SourceUnavailableError,
    did_you_mean,
    listed,
)
from metric_pipelines.ingest.spool import ROWS, spooled
from metric_pipelines.ingest.system import Declared, Since, Span
from metric_pipelines.ingest.texts import FIRST_YEAR
from metric_pipelines.warehouse.tables import name

CONNECT_SECONDS = 10
LOCK_SECONDS = 5
"""How long a table that somebody has locked is waited for, at each try."""
SILENT_SECONDS = 900
"""How long a server may take until it sends something; one that is gone without a word is not waited for."""
_MYSQL = (
    "set session time_zone = '+00:00'",
    "set session transaction read only",
    f"set session lock_wait_timeout = {LOCK_SECONDS}",
)
_POSTGRESQL = (
    "set datestyle to 'ISO'",
    "set extra_float_digits to 1",
    f"set lock_timeout to '{LOCK_SECONDS}s'",
)
SESSIONS = {"postgresql": _POSTGRESQL, "mysql": _MYSQL, "mariadb": _MYSQL}
_KEPT_ALIVE = {"keepalives_idle": 60, "keepalives_interval": 15, "keepalives_count": 8}
PATIENCE: dict[str, dict[str, int]] = {
    "psycopg": _KEPT_ALIVE,
    "psycopg2": _KEPT_ALIVE,
    "pymysql": {"read_timeout": CONNECT_SECONDS},
}
"""What drivers are told of a server that says nothing."""
LOCKED = frozenset({"55P03", "1205"})
NO_DATABASE = frozenset({"3D000", "1049"})
NO_DATABASE_SAID = re.compile('database ".*" does not exist')
REFUSED = frozenset({"28P01", "28000", "42501", "1045", "1044", "1142", "1143", "1698"})
"""Of PostgreSQL and MySQL: user or password are wrong, or the user may not."""
REFUSALS = (
    "authentication failed",
    "no password supplied",
    'role "',
    "permission denied",
    "no pg_hba.conf entry",
)
"""Signs of the same where PostgreSQL gives no code: before it is connected."""


@contextmanager
def opened_database(con: duckdb.DuckDBPyConnection, source: Source, url: URL) -> Iterator[Database]:
    """A database server, in one read-only transaction.

    Raises: SourceUnavailableError where it cannot be reached, SourceRefusedError where it refuses the user,
    EnvironmentBrokenError where its driver is not installed.
    """
    engine = _engine(source, url)
    with _as_ours(source, url):
        connection = _connected(source, engine).execution_options(**_options(url))
    database = Database(con, source, url, connection)
    try:
        with _as_ours(source, url):
            for statement in SESSIONS.get(url.get_backend_name(), ()):
                connection.exec_driver_sql(statement)
        yield database
    finally:
        database.forget()
        connection.close()


def _engine(source: Source, url: URL) -> sa.Engine:
    if not url.database and url.get_backend_name() in ("mysql", "mariadb"):
        found, expected = "a connection without a database", "mariadb://USER:${PASSWORD}@HOST/DATABASE"
        raise DefinitionError(source.name, found, expected, "add it to connection")
    try:
        patience = PATIENCE.get(url.get_driver_name(), {})
        if url.get_backend_name() in SESSIONS:
            patience = {"connect_timeout": CONNECT_SECONDS, **patience}
        return sa.create_engine(url, poolclass=NullPool, connect_args=patience)
    except (sa.exc.NoSuchModuleError, ModuleNotFoundError) as error:
        expected = "pip install 'metric-pipelines[postgres]' or [mysql], or the driver that SQLAlchemy names"
        raise EnvironmentBrokenError(source.name, f"no driver: {error}", expected) from error


def _connected(source: Source, engine: sa.Engine) -> sa.Connection:
    """A connection; what its driver does not take is the connection's fault.

    PyMySQL has one patience for everything: short until it is connected, then as long as a query may take.
    """
    try:
        connection = engine.connect()
    except (TypeError, sa.exc.ProgrammingError, sa.exc.ArgumentError) as error:
        said = str(getattr(error, "orig", error)).splitlines()[0]
        expected, remedy = "options that its driver knows", "mend connection"
        raise DefinitionError(source.name, said, expected, remedy) from None
    dbapi = connection.connection.dbapi_connection
    if engine.driver == "pymysql" and dbapi is not None:
        dbapi._read_timeout = SILENT_SECONDS
    return connection


def _options(url: URL) -> dict[str, Any]:
    if url.get_backend_name() not in SESSIONS:
        return {}
    readonly = {"postgresql_readonly": True} if url.get_backend_name() == "postgresql" else {}
    return {"isolation_level": "REPEATABLE READ", **readonly}


class Database:
    """A database server in a transaction; what is read of it is spooled into DuckDB until the end."""

    digits: int | None = None

    def __init__(
        self, con: duckdb.DuckDBPyConnection, source: Source, url: URL, connection: sa.Connection
    ) -> None:
        self._con, self._source, self._url, self._connection = con, source, url, connection
        self._spooled: list[str] = []

    def tables(self) -> list[str]:
        """Tables and views of the user's own schema."""
        with _as_ours(self._source, self._url):
            inspector = sa.inspect(self._connection)
            return sorted([*inspector.get_table_names(), *inspector.get_view_names()])

    def columns(self, table: str, spec: SourceTable) -> list[str]:
        """The columns of a table; `schema.table` names one of another schema."""
        return [column.name for column in self._table(table).columns]

    def relation(self, table: str, spec: SourceTable, columns: list[str], part: Span | Since | None) -> str:
        """A temp table of texts: the rows of the part; of months, where the server has times."""
        there = self._table(table)
        query = sa.select(*(self._text(there.c[c]).label(f"c{i}") for i, c in enumerate(columns)))
        if isinstance(part, Since):
            query = query.where(self._changed(there, part))
        elif part is not None and isinstance(there.c[part.column].type, (sa.Date, sa.DateTime)):
            column = there.c[part.column]
            first, last = (self._moment(column, moment) for moment in (part.first, part.last))
            inside, of_no_month = sa.and_(column >= first, column < last), column < datetime(FIRST_YEAR, 1, 1)
            query = query.where(sa.or_(inside, column.is_(None), of_no_month))
        self.forget()
        stream = self._connection.execution_options(stream_results=True, max_row_buffer=ROWS)
        with _as_ours(self._source, self._url, table):
            result = stream.execute(query)
            raw = spooled(self._con, columns, (rows for rows in result.partitions(ROWS)))
        self._spooled.append(raw)
        return self._in_source_time(raw, there, columns)

    def newest(self, table: str, spec: SourceTable, column: str, before: date) -> str | None:
        """The greatest value, as text."""
        there = self._table(table)
        is_time = isinstance(there.c[column].type, (sa.Date, sa.DateTime))
        end = self._moment(there.c[column], datetime(before.year, before.month, before.day))
        come = there.c[column] < (end if is_time else before.isoformat())
        greatest = sa.select(sa.func.max(there.c[column]).label(column)).where(come).subquery()
        found = greatest.c[column]
        found.type = there.c[column].type
        with _as_ours(self._source, self._url, table):
            raw = spooled(self._con, [column], [self._connection.execute(sa.select(self._text(found))).all()])
        self._spooled.append(raw)
        row = self._con.execute(f"select * from {self._in_source_time(raw, there, [column])}").fetchone()
        return None if row is None or row[0] is None else str(row[0])

    def declared(self, table: str, spec: SourceTable) -> Declared:
        """Types, primary key and comments, as the server has them."""
        there = self._table(table)
        comments = {c.name: c.comment for c in there.columns if c.comment}
        kinds = {c.name: _kind(c.type) for c in there.columns}
        return Declared(kinds, tuple(c.name for c in there.primary_key.columns), comments)

    def forget(self) -> None:
        """Drops what was spooled."""
        while self._spooled:
            self._con.execute(f"drop table if exists {self._spooled.pop()}")

    def _table(self, table: str) -> sa.Table:
        schema, _, bare = table.rpartition(".")
        with _as_ours(self._source, self._url, table):
            try:
                return sa.Table(bare, sa.MetaData(), schema=schema or None, autoload_with=self._connection)
            except sa.exc.NoSuchTableError as error:
                known = self.tables()
                remedy = did_you_mean(table, known) or "mend the source's YAML, or the source"
                where = f"{self._source.name}.{table}"
                raise SourceDataError(where, "no such table", f"one of {listed(known)}", remedy) from error

    def _text(self, column: Any) -> Any:
        """The server's own text of a value; an instant in the source's time."""
        if _is_instant(column) and self._url.get_backend_name() == "postgresql":
            column = sa.func.timezone(self._source.time_zone, column)
        return sa.cast(column, sa.CHAR if self._url.get_backend_name() in ("mysql", "mariadb") else sa.Text)

    def _changed(self, there: sa.Table, part: Since) -> sa.ColumnElement[bool]:
        """The rows from a cursor value on, as the server itself compares it: its indexes can be used."""
        column, value = there.c[part.column], part.value
        fitting = (sa.Numeric, sa.Integer) if isinstance(value, int) else (sa.Date, sa.DateTime)
        if not isinstance(column.type, fitting):
            where = f"{self._source.name}.{there.name}.{part.column}"
            kind = f"a cursor of the server's type {column.type}"
            raise SourceDataError(
                where, kind, "a number, date or time there", "take another column as cursor"
            )
        bound = self._moment(column, value) if isinstance(value, datetime) else value
        return sa.or_(column >= bound, column.is_(None))

    def _moment(self, column: Any, moment: datetime) -> datetime:
        """A moment of source time as the column compares with it."""
        zone = ZoneInfo(self._source.time_zone)
        if isinstance(column.type, MYSQL_TIMESTAMP):  # the session is at UTC
            return moment.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
        return moment.replace(tzinfo=zone) if _is_instant(column) else moment

    def _in_source_time(self, raw: str, there: sa.Table, columns: list[str]) -> str:
        """MySQL's TIMESTAMP came at UTC."""
        shifted = {c for c in columns if isinstance(there.c[c].type, MYSQL_TIMESTAMP)}
        if not shifted or self._source.time_zone == "UTC":
            return raw
        zone = self._source.time_zone
        local = "cast(cast({c} as timestamp) at time zone 'UTC' at time zone '{zone}' as varchar) as {c}"
        parts = [local.format(c=name(c), zone=zone) if c in shifted else name(c) for c in columns]
        return f"(select {', '.join(parts)} from {raw})"


def _kind(there: Any) -> str:
    """Our name of a server's type; empty where we have none."""
    match there:
        case sa.Boolean():
            return "boolean"
        case sa.Integer():
            return "int64"
        case sa.Float():
            return "double"
        case sa.Numeric():
            known = there.precision and there.precision <= 38
            return f"decimal({there.precision},{there.scale or 0})" if known else "decimal"
        case sa.DateTime():
            return "timestamp"
        case sa.Date():
            return "date"
        case sa.String():
            return "string"
        case _:
            return ""


def _is_instant(column: Any) -> bool:
    return isinstance(column.type, sa.DateTime) and bool(column.type.timezone)


@contextmanager
def _as_ours(source: Source, url: URL, table: str = "") -> Iterator[None]:
    """Turns the driver's errors into ours, without the password that some of them repeat."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        text = str(error.orig).splitlines()[0]
        for secret in (str(url.password), quote(str(url.password), safe="")) if url.password else ():
            text = text.replace(secret, "***")
        where = f"{source.name}.{table}" if table else source.name
        raise _translated(where, error, text) from None


def _translated(where: str, error: sa.exc.DBAPIError, text: str) -> Exception:
    codes = {str(getattr(error.orig, "sqlstate", "")), *map(str, getattr(error.orig, "args", ())[:1])}
    if codes & REFUSED or any(sign in text for sign in REFUSALS):
        remedy = "check user, password and rights"
        return SourceRefusedError(where, text, "a user who may read", remedy)
    if codes & NO_DATABASE or NO_DATABASE_SAID.search(text):
        return SourceRefusedError(where, text, "a database that is there", "mend connection")
    if codes & LOCKED:
        expected, remedy = "a table that can be read", "end what holds the lock, or try again"
        return SourceUnavailableError(where, f"the table is locked: {text}", expected, remedy)
    if isinstance(error, (sa.exc.OperationalError, sa.exc.InterfaceError)) or error.connection_invalidated:
        expected, remedy = "a source that can be read", "check host, port and network, or try again"
        return SourceUnavailableError(where, text, expected, remedy)
    return SourceDataError(where, text, "a table as its YAML says", "mend the source, or its YAML")
