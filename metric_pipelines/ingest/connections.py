"""What a source's `connection` means: its engine, secrets from the environment, further tries while away."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import duckdb
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.source_definitions import PLACEHOLDER, Source
from metric_pipelines.errors import (
    DefinitionError,
    Problem,
    SourceRefusedError,
    SourceUnavailableError,
    did_you_mean,
    listed,
)
from metric_pipelines.ingest.attached import opened_file
from metric_pipelines.ingest.sqlite_state import read_one_state
from metric_pipelines.ingest.system import System

T = TypeVar("T")
Secrets = Callable[[str], str | None]
FILES = "file:"
DRIVERS = {"mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql", "postgresql": "postgresql+psycopg"}
"""The drivers we bring, for schemes that name none."""
SCHEMES = ("file", "sqlite", "duckdb", *DRIVERS)
"""What connections begin with that need no other package."""
TRIES = 4
"""Of a system across a network; a file that is away is away."""
BACK_OFF = wait_exponential(multiplier=0.5, max=10) + wait_random(0, 1)
"""Seconds between them; of tenacity's own sum of both, the parameters have other names in 9.1 and 9.2."""


def folders_in_place(sources: Iterable[Source], home: Path, secrets: Secrets = os.environ.get) -> list[Path]:
    """The folders of files that are read where they stand."""
    in_place = [source for source in sources if any(table.in_place for table in source.tables.values())]
    return [_folder_of(resolved(source, secrets), home).resolve() for source in in_place]


def _folder_of(connection: str, home: Path) -> Path:
    return home / Path(connection.removeprefix(FILES)).expanduser()


@contextmanager
def opened(
    con: duckdb.DuckDBPyConnection, source: Source, home: Path, secrets: Secrets = os.environ.get
) -> Iterator[System]:
    """The source system, open for one connection.

    Raises: SourceUnavailableError where it is gone or locked, SourceRefusedError where it refuses the user or
    a variable is not set, DefinitionError where the connection means nothing.
    """
    connection = resolved(source, secrets)
    if connection.startswith(FILES):
        from metric_pipelines.ingest.files import Files  # late: pyarrow

        files = Files(con, source, _folder_of(connection, home))
        try:
            yield files
            files.refuse_changed()
        finally:
            files.forget()
        return
    url = server_url(source.name, connection)
    kind = url.get_backend_name()
    if kind in ("sqlite", "duckdb"):
        with opened_file(con, source, _file_of(source, url, home), kind) as system:
            yield system
        return
    from metric_pipelines.ingest.databases import opened_database  # late: pyarrow, drivers

    with opened_database(con, source, url) as database:
        yield database


def read(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    home: Path,
    work: Callable[[System], T],
    secrets: Secrets = os.environ.get,
) -> T:
    """What `work` reads from the open source system, in one state of it where its engine gives one; all of it
    again, with back-off, while it is away.

    PostgreSQL, MariaDB and MySQL give one transaction at REPEATABLE READ, a file of DuckDB its own; SQLite is
    asked whether it was written to, and then copied (`sqlite_state.py`); files that change meanwhile are
    refused.
    """
    connection = resolved(source, secrets)
    local = connection.startswith((FILES, "sqlite", "duckdb"))
    url = server_url(source.name, connection) if connection.startswith("sqlite") else None
    for attempt in Retrying(
        stop=stop_after_attempt(1 if local else TRIES),
        wait=BACK_OFF,
        retry=retry_if_exception(
            lambda e: isinstance(e, SourceUnavailableError) and not isinstance(e, SourceRefusedError)
        ),
        reraise=True,
    ):
        with attempt:
            if url is not None:
                return read_one_state(con, source, _file_of(source, url, home), home, work)
            with opened(con, source, home, secrets) as system:
                return work(system)
    raise AssertionError("unreachable: the last attempt returns or raises")


def scheme_problems(center: Center) -> Iterator[Problem]:
    """The sources whose connection begins with what neither we nor SQLAlchemy know, as it is installed."""
    for name, source in center.sources.items():
        scheme = source.connection.partition(":")[0]
        if re.fullmatch(r"[a-z][a-z0-9+_]*", scheme) and scheme not in SCHEMES and not _is_known(scheme):
            found = f"a connection of the unknown scheme {scheme!r}"
            expected = f"one of {listed(SCHEMES)}, or what an installed package brings to SQLAlchemy"
            remedy = did_you_mean(scheme, SCHEMES) or "install that package, or mend connection"
            yield Problem(center.where(f"sources/{name}", "connection"), found, expected, remedy)


def _is_known(scheme: str) -> bool:
    try:
        make_url(f"{scheme}://").get_dialect()
    except (NoSuchModuleError, ModuleNotFoundError):
        return False
    return True


def _file_of(source: Source, url: URL, home: Path) -> Path:
    kind = url.get_backend_name()
    if not url.database:
        raise DefinitionError(source.name, f"a {kind} database without a file", f"{kind}:///<file>")
    return home / url.database


def resolved(source: Source, secrets: Secrets) -> str:
    """The connection with `${NAME}` and `${NAME:-default}` filled in; in front of an @ as a URL wants it.

    Raises: SourceRefusedError that names a variable that is not set, never a value.
    """

    def value(found: re.Match[str]) -> str:
        name, default = found["name"], found["default"]
        given = secrets(name) or default
        if given is None:
            unset, expected = f"environment variable {name} is not set", f"export {name}=..."
            raise SourceRefusedError(source.name, unset, expected, "set it where the refresh runs")
        return quote(given, safe="") if "@" in source.connection[found.end() :] else given

    return PLACEHOLDER.sub(value, source.connection)


def server_url(where: str, connection: str) -> URL:
    """A SQLAlchemy URL with the driver we bring where it names none.

    Raises: DefinitionError where it is no URL.
    """
    try:
        url = make_url(connection)
    except (ArgumentError, ValueError):
        expected = "such as sqlite:///sources/crm.sqlite, postgresql://... or file:exports"
        raise DefinitionError(where, "connection is not a URL", expected) from None
    return url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
