"""Connections to the lake, and its one kind of write transaction.

A connection is an in-memory DuckDB with the lake attached as `lake`; temp tables of a step live in it and
vanish with it. Steps of one refresh share a database (`kept_open`), each by a connection of its own. Readers
attach read-only and locked down. A commit is made under a file lock (two writers on a SQLite catalog fail at
once without it), after the data is on disk, and carries the publication's id.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import duckdb_extension_ducklake
import duckdb_extension_sqlite_scanner
from filelock import FileLock

from metric_pipelines.errors import EnvironmentBrokenError
from metric_pipelines.warehouse.tables import name

TRIES = 6
MEMORY_LIMIT = "850MB"
WITHOUT_BAR = "set enable_progress_bar = false"
"""DuckDB draws one on stdout after two seconds, into whatever is written there."""
TRUSTING = {"allow_unsigned_extensions": "true"}
"""How a connection is opened that loads our extensions. To verify the signature of one takes 0.1 s: that is
done once a process, not for each connection, which takes signed extensions only as soon as it has ours.
"""


@dataclass(frozen=True)
class Lake:
    """Where a lake stands: its catalog (a SQLite file), its Parquet files, its lock, and room to spill."""

    folder: Path

    @property
    def catalog(self) -> Path:
        return self.folder / "catalog.sqlite"

    @property
    def data(self) -> Path:
        return self.folder / "files"

    @property
    def lock(self) -> Path:
        return self.folder / "writer.lock"

    @property
    def spill(self) -> Path:
        return self.folder / "spill"


def connect() -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB for our extensions; everything but dagster-duckdb's resource gets its connection
    here.
    """
    con = duckdb.connect(":memory:", config={**TRUSTING})
    con.execute(WITHOUT_BAR)
    return con


def prepare(con: duckdb.DuckDBPyConnection, lake: Lake) -> duckdb.DuckDBPyConnection:
    """Attaches the lake for writing, creating it where it is not there yet."""
    lake.data.mkdir(parents=True, exist_ok=True)
    _configure(con, lake)
    with locked(lake):
        _attach(con, lake, "META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 10000")
    return con


_KEPT: ContextVar[tuple[Lake, duckdb.DuckDBPyConnection] | None] = ContextVar("kept lake", default=None)


@contextmanager
def kept_open(lake: Lake) -> Iterator[None]:
    """Inside, the steps of this lake share one database: to open and to close one takes 0.06 s."""
    with writer(lake) as con:
        before = _KEPT.set((lake, con))
        try:
            yield
        finally:
            _KEPT.reset(before)


@contextmanager
def step_of_kept(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection | None]:
    """A step's connection to the database that is kept open; None where none is, or a fatal error of another
    step has ended it. What that step left in it, but for what was its connection's own, is dropped.
    """
    kept = _KEPT.get()
    con = _renewed(kept[1]) if kept is not None and kept[0] == lake else None
    try:
        yield con
    finally:
        if con is not None:
            con.close()


def _renewed(kept: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection | None:
    con = kept.cursor()
    try:
        _settle(con)
        views = con.execute(
            "select schema_name, view_name from duckdb_views()"
            " where database_name = 'memory' and not internal"
        )
        for schema, view in views.fetchall():
            con.execute(f"drop view memory.{name(schema)}.{name(view)}")
    except duckdb.FatalException:
        con.close()
        return None
    return con


def open_reader(lake: Lake, at: int | None = None, also: Iterable[Path] = ()) -> duckdb.DuckDBPyConnection:
    """A read-only, locked-down connection, at a snapshot or at the newest. It reads the lake's folder, and
    folders of files that are read in place.

    Raises: EnvironmentBrokenError where there is no lake yet.
    """
    if not lake.catalog.exists():
        raise EnvironmentBrokenError(
            str(lake.folder), "no lake yet", "published data", "run metric-pipelines refresh"
        )
    con = connect()
    _configure(con, lake)
    _attach(con, lake, "read_only" + (f", snapshot_version {int(at)}" if at is not None else ""))
    folders = ", ".join(f"'{_quoted(folder)}'" for folder in (lake.folder, *also))
    con.execute(f"set allowed_directories = [{folders}]")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
    return con


@contextmanager
def step_database() -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory DuckDB without a lake, closed at the end."""
    with closing(connect()) as con:
        refuse_unsigned(con)
        con.execute("set autoinstall_known_extensions = false")
        _settle(con)
        yield con


@contextmanager
def scanning_database() -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory DuckDB that reads other databases, closed at the end."""
    with closing(connect()) as con:
        load_scanners(con)
        refuse_unsigned(con)
        yield con


@contextmanager
def scratch_database() -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory DuckDB that reads other databases and spills beside the system's temporary files."""
    with tempfile.TemporaryDirectory(prefix="metric_pipelines_") as spill, scanning_database() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute("set ieee_floating_point_ops = false")
        con.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        con.execute(f"set temp_directory = '{spill}'")
        yield con


def load_scanners(con: duckdb.DuckDBPyConnection) -> None:
    """Loads the extensions that read other databases, from the file their wheel carries."""
    _load(con, str(duckdb_extension_sqlite_scanner.__file__))


def refuse_unsigned(con: duckdb.DuckDBPyConnection) -> None:
    """From now on this connection takes signed extensions only; that cannot be taken back."""
    con.execute("set allow_unsigned_extensions = false")


def _load(con: duckdb.DuckDBPyConnection, module_file: str) -> None:
    con.execute(f"load '{_quoted(_verified(module_file))}'")


@cache
def _verified(module_file: str) -> Path:
    """The extension of a wheel, after a connection that takes signed ones only has loaded it."""
    file = _extension_file(module_file)
    with closing(duckdb.connect(":memory:")) as strict:
        strict.execute(f"load '{_quoted(file)}'")
    return file


def _configure(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    con.execute(WITHOUT_BAR)
    load_scanners(con)
    _load(con, str(duckdb_extension_ducklake.__file__))
    refuse_unsigned(con)
    for setting, value in {
        "autoinstall_known_extensions": "false",
        "memory_limit": f"'{MEMORY_LIMIT}'",
        "temp_directory": f"'{_quoted(lake.spill)}'",
    }.items():
        con.execute(f"set {setting} = {value}")
    _settle(con)


def _settle(con: duckdb.DuckDBPyConnection) -> None:
    """The settings that hold of one connection alone."""
    con.execute("set python_enable_replacements = false")  # a table that is not there is no variable of ours
    con.execute("set ieee_floating_point_ops = false")
    con.execute("set TimeZone = 'UTC'")


def _attach(con: duckdb.DuckDBPyConnection, lake: Lake, options: str) -> None:
    target, data = _quoted(lake.catalog), _quoted(lake.data)
    try:
        con.execute(
            f"attach 'ducklake:sqlite:{target}' as lake "
            f"(data_path '{data}', override_data_path true, data_inlining_row_limit 0, {options})"
        )
    except duckdb.Error as error:
        remedy = "check that the folder is readable and the disk is not full"
        raise EnvironmentBrokenError(
            str(lake.folder), f"the lake cannot be opened: {error}", "", remedy
        ) from error


def _extension_file(module_file: str) -> Path:
    found = next(Path(module_file).parent.rglob("*.duckdb_extension"), None)
    if found is None:
        raise EnvironmentBrokenError(
            module_file, "no extension file", "the wheel's own", "reinstall the package"
        )
    return found


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


@contextmanager
def locked(lake: Lake) -> Iterator[None]:
    """The writers' lock of the lake, across processes; it may be taken again inside."""
    lake.folder.mkdir(parents=True, exist_ok=True)
    with FileLock(lake.lock, is_singleton=True):
        yield


def commit(
    con: duckdb.DuckDBPyConnection,
    lake: Lake,
    publication: str,
    write: Callable[[], None],
    fence: Callable[[], None] = lambda: None,
) -> int:
    """Runs `write` in one lake transaction, under the writers' lock, and returns the snapshot's number.

    `fence` is asked just before the commit and raises where this writer has lost its right. The whole
    transaction is tried again when another process holds the catalog.
    """
    with locked(lake):
        for attempt in range(1, TRIES):
            try:
                return _commit_once(con, lake, publication, write, fence)
            except duckdb.Error as error:
                if "database is locked" not in str(error):
                    raise
                time.sleep(0.05 * 2**attempt * (1 + random.random()))
        return _commit_once(con, lake, publication, write, fence)


def _commit_once(
    con: duckdb.DuckDBPyConnection,
    lake: Lake,
    publication: str,
    write: Callable[[], None],
    fence: Callable[[], None],
) -> int:
    before = _folders(lake)
    con.execute("begin")
    try:
        write()
        con.execute(
            "call lake.set_commit_message('metric_pipelines', ?, extra_info => ?)",
            [publication, json.dumps({"publication": publication})],
        )
        fence()
        _force_to_disk(lake, before)
        con.execute("commit")
    except BaseException:
        _rolled_back(con)
        raise
    return newest_snapshot(con)


def _folders(lake: Lake) -> dict[str, int]:
    """When each folder of data files last changed. Those of months have no folders in them: they are not
    listed, however many nights have left a file there.
    """
    found, open_ones = dict[str, int](), [str(lake.data)]
    while open_ones:
        folder = open_ones.pop()
        found[folder] = os.stat(folder).st_mtime_ns
        for entry in os.scandir(folder):
            if entry.is_dir() and "=" in entry.name:
                found[entry.path] = entry.stat().st_mtime_ns
            elif entry.is_dir():
                open_ones.append(entry.path)
    return found


def _force_to_disk(lake: Lake, before: dict[str, int]) -> None:
    """The files of folders that have changed, and their names: DuckLake leaves that to the operating system,
    and a power cut could leave a snapshot that names a torn file.
    """
    changed = [folder for folder, at in _folders(lake).items() if before.get(folder) != at]
    files = [entry.path for folder in changed for entry in os.scandir(folder) if entry.is_file()]
    for path in (*files, *changed, *([str(lake.folder)] if changed else [])):
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def newest_snapshot(con: duckdb.DuckDBPyConnection) -> int:
    """The newest snapshot; a transaction that changed nothing makes none of its own. Asked of the catalog:
    DuckLake would read all its tables and views first. It is a text while a source in SQLite is read.
    """
    query = "select max(snapshot_id::bigint) from __ducklake_metadata_lake.ducklake_snapshot"
    row = con.execute(query).fetchone()
    return int(row[0]) if row else 0


def _rolled_back(con: duckdb.DuckDBPyConnection) -> None:
    with suppress(duckdb.TransactionException):  # a failed commit has rolled back already
        con.execute("rollback")
    con.execute("use memory")  # where an aborted transaction would not have it


def publications(con: duckdb.DuckDBPyConnection, after: int = -1) -> dict[str, int]:
    """The snapshot of every publication that was committed after a snapshot, by the publication's id."""
    rows = con.execute(
        "select commit_message, snapshot_id from lake.snapshots()"
        " where commit_message is not null and snapshot_id > ?",
        [after],
    )
    return {str(message): int(snapshot) for message, snapshot in rows.fetchall()}


@contextmanager
def writer(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for writing, closed at the end."""
    con = prepare(connect(), lake)
    try:
        yield con
    finally:
        con.close()
