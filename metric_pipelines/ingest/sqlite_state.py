"""One state of a SQLite file for all tables of a step.

DuckDB's scanner sees what others commit meanwhile, even within one transaction. So SQLite itself is asked
before and after whether anybody has written (`pragma data_version`, in either journal mode); where somebody
has, all is read again from a copy that SQLite makes in one read transaction, below the home folder, and which
is removed after. Nothing is asked while the scanner reads: locks of a file belong to a process, and two
copies of SQLite in one process would take them from each other.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import duckdb

from metric_pipelines.dictionary.source_definitions import Source
from metric_pipelines.errors import SourceDataError, SourceUnavailableError
from metric_pipelines.ingest.attached import BUSY_MILLISECONDS, opened_file, present
from metric_pipelines.ingest.system import System
from metric_pipelines.ingest.texts import translated

T = TypeVar("T")
PREFIX = "source_"
LEFT_SECONDS = 86_400
ROOM = 64 * 2**20
"""Bytes that are left free beside a copy."""


def read_one_state(
    con: duckdb.DuckDBPyConnection, source: Source, file: Path, home: Path, work: Callable[[System], T]
) -> T:
    """What `work` reads from a SQLite file, all in one state of it.

    Raises: SourceUnavailableError where the file is gone or locked, or there is no room for a copy.
    """
    present(source, file, "sqlite")
    if _needs_a_copy(source, file):
        return _read_copy(con, source, file, home, work, "immutable=1")
    with _opened(source, file, "mode=ro") as watch:
        before = _version(source, watch)
        try:
            with opened_file(con, source, file, "sqlite") as system:
                found = work(system)
        except (SourceDataError, SourceUnavailableError):
            if _version(source, watch) == before:
                raise
        else:
            if _version(source, watch) == before:
                return found
    return _read_copy(con, source, file, home, work, "mode=ro")


def _needs_a_copy(source: Source, file: Path) -> bool:
    """Whether it is one in WAL mode that was closed, in a folder where nobody may write: its readers would
    have to make a file there. SQLite reads it as one that does not change.
    """
    with _opened(source, file, "mode=ro") as watch:
        try:
            watch.execute("pragma data_version").fetchone()
        except sqlite3.OperationalError as error:
            log = file.with_name(file.name + "-wal")
            return "readonly" in str(error) and not (log.exists() and log.stat().st_size)
        except sqlite3.DatabaseError as error:
            raise translated(source, "", error) from error
    return False


def _version(source: Source, watch: sqlite3.Connection) -> int:
    """A number that is another one when another connection has written."""
    try:
        return int(watch.execute("pragma data_version").fetchone()[0])
    except sqlite3.Error as error:
        raise translated(source, "", error) from error


@contextmanager
def _opened(source: Source, file: Path, how: str) -> Iterator[sqlite3.Connection]:
    try:
        con = sqlite3.connect(f"file:{quote(str(file))}?{how}", uri=True, timeout=BUSY_MILLISECONDS / 1000)
    except sqlite3.Error as error:
        raise translated(source, "", error) from error
    with closing(con):
        yield con


def _read_copy(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    file: Path,
    home: Path,
    work: Callable[[System], T],
    how: str,
) -> T:
    with _copied(source, file, home, how) as copy, opened_file(con, source, copy, "sqlite") as system:
        return work(system)


@contextmanager
def _copied(source: Source, file: Path, home: Path, how: str) -> Iterator[Path]:
    """A copy of the file as it is now, below the home folder, removed at the end."""
    room = home / "tmp"
    room.mkdir(parents=True, exist_ok=True)
    _age_out(room)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=room))
    try:
        with _opened(source, file, how) as there, closing(sqlite3.connect(folder / "copy.sqlite")) as here:
            _refuse_without_room(source, there, folder)
            try:
                there.backup(here)
                here.execute("pragma journal_mode = delete")
            except sqlite3.Error as error:
                raise translated(source, "", error) from error
        yield folder / "copy.sqlite"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _age_out(room: Path) -> None:
    """Copies that a killed process has left."""
    oldest = time.time() - LEFT_SECONDS
    for old in room.glob(f"{PREFIX}*"):
        if old.stat().st_mtime < oldest:
            shutil.rmtree(old, ignore_errors=True)


def _refuse_without_room(source: Source, there: sqlite3.Connection, folder: Path) -> None:
    pages, size = (_number(source, there, f"pragma {what}") for what in ("page_count", "page_size"))
    free = shutil.disk_usage(folder).free
    if pages * size + ROOM > free:
        found = f"it is written to while it is read, and {free:,} bytes at {folder.parent} hold no copy of it"
        expected, remedy = f"{pages * size + ROOM:,} bytes free", "make room, or refresh while nobody writes"
        raise SourceUnavailableError(source.name, found, expected, remedy)


def _number(source: Source, there: sqlite3.Connection, query: str) -> int:
    try:
        return int(there.execute(query).fetchone()[0])
    except sqlite3.Error as error:
        raise translated(source, "", error) from error
