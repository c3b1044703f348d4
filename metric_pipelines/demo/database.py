"""One demo database as a file: written whole, changed in one transaction, marked with its last day.

The mark is SQLite's own: `application_id` says that the file is the demo's, `user_version` until which
business day it is complete, and by which layout. Both are part of the transaction that brings the rows, and
no table is added to the source system. What does not belong here: which tables there are and what is in them.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from metric_pipelines.errors import (
    BusyError,
    EnvironmentBrokenError,
    MetricPipelinesError,
    SourceUnavailableError,
    UsageError,
)

DEMO_FILE = 0x4D50444D
BUSY_SECONDS = 5.0


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Keep a second writer out of the folder: BusyError when there is one, UsageError without the folder."""
    if not folder.is_dir():
        raise not_laid_out(folder)
    try:
        with FileLock(folder / ".demo.lock", timeout=0):
            yield
    except Timeout:
        raise BusyError(
            str(folder), "somebody else is writing this demo", remedy="wait for it and try again"
        ) from None


@contextmanager
def written_anew(
    path: Path, until: date, layout: int, fill: Callable[[Path], None]
) -> Iterator[sqlite3.Connection]:
    """A new database, put in place of `path` when the block is through; until then `path` stays. `fill` is
    given the new file first, while nobody has it open.
    """
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        fill(part)
        with errors_named(path), closing(sqlite3.connect(part, isolation_level=None)) as connection:
            connection.execute("pragma journal_mode = off")
            connection.execute("begin")
            yield connection
            mark(connection, until, layout)
            connection.execute("commit")
        put_in_place(part, path)
    finally:
        part.unlink(missing_ok=True)


def put_in_place(part: Path, path: Path) -> None:
    # Nobody may be writing, and a journal that a killed writer left must not be taken for the new file's.
    if path.exists():
        with changed(path):
            pass
    else:
        path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
    try:
        os.replace(part, path)
    except PermissionError as error:
        raise busy(path, str(error)) from error


@contextmanager
def changed(path: Path) -> Iterator[sqlite3.Connection]:
    """An existing database in one transaction: committed when the block is through, else as it was."""
    with errors_named(path), closing(connected(path)) as connection:
        connection.execute("begin immediate")
        yield connection
        connection.execute("commit")


def laid_until(path: Path, layout: int) -> date | None:
    """The last business day in the file; None without a file, or when it has another layout.

    Raises UsageError when the file is somebody else's.
    """
    if not path.exists():
        return None
    with errors_named(path), closing(connected(path)) as connection:
        if pragma(connection, "application_id") != DEMO_FILE:
            raise foreign(path)
        return marked(connection, layout)


def mark(connection: sqlite3.Connection, until: date, layout: int) -> None:
    """Say, inside the running transaction, that the database is complete until this day."""
    connection.execute(f"pragma application_id = {DEMO_FILE}")
    connection.execute(f"pragma user_version = {layout}{until:%Y%m%d}")


def marked(connection: sqlite3.Connection, layout: int) -> date | None:
    found, day = divmod(pragma(connection, "user_version"), 100_000_000)
    return datetime.strptime(str(day), "%Y%m%d").date() if found == layout else None


def pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"pragma {name}").fetchone()[0])


def connected(path: Path) -> sqlite3.Connection:
    # Opened by address, so that a missing file is an error and not an empty database.
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None
    )


@contextmanager
def errors_named(path: Path) -> Iterator[None]:
    """Turn SQLite's complaints about the file into ours; those about a statement are bugs and pass."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        named = named_error(path, error)
        if named is None:
            raise
        raise named from error


def named_error(path: Path, error: sqlite3.DatabaseError) -> MetricPipelinesError | None:
    # SQLite's extended codes carry the plain one in their lowest byte.
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return busy(path, str(error))
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_IOERR | sqlite3.SQLITE_FULL:
            return EnvironmentBrokenError(str(path), str(error), "a file and disk that can be written")
        case sqlite3.SQLITE_NOTADB:
            return foreign(path)
    return None


def busy(path: Path, found: str) -> SourceUnavailableError:
    return SourceUnavailableError(
        str(path), found, "a database nobody else is writing", "close what uses it and try again"
    )


def not_laid_out(path: Path) -> UsageError:
    return UsageError(str(path), "no demo is laid out here", remedy="load the demo first")


def foreign(path: Path) -> UsageError:
    return UsageError(
        str(path),
        "the file was not laid out by the demo",
        remedy="choose another folder or move the file away",
    )
