"""Dagster's SQLite event log, written in batches over connections that stay open.

Same files and same schema as `SqliteEventLogStorage`: the stock class reads the folder, before and after a
kill, so who takes the setting out of `dagster.yaml` loses speed and nothing else. Set it by

    event_log_storage:
      module: metric_pipelines.orchestration.event_log
      class: BufferedSqliteEventLogStorage
      config: {base_dir: <home of Dagster>/history/runs}

What is promised: an event that tells of something done (a materialization, the end of a step, the status of
a run) is written when `store_event` returns, or `together` ends, with all that came before it: other
processes see it, no kill loses it. It is fsynced too, in the run's own file with the end of the step: a power
cut may take lines of the log of a run that had not ended, but nothing that the index tells of assets. The
other events (planned, evaluations, outputs, log lines) wait for the next such event, for a read, for 1,000 of
them, or for a second or so. A kill loses those that wait; their checks then stay planned, and never look
passed.

What does not belong here: which events a run yields, how long they are kept, any other storage. All that is
overridden is private to Dagster: at an upgrade, run Dagster's own `TestEventLogStorage` against this class.
"""

from __future__ import annotations

import atexit
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from itertools import groupby
from typing import Any, Self
from weakref import WeakSet

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from dagster import DagsterError
from dagster._check import CheckError
from dagster._core.event_api import EventHandlerFn
from dagster._core.events import (
    ASSET_CHECK_EVENTS,
    ASSET_EVENTS,
    EVENT_TYPE_TO_PIPELINE_RUN_STATUS,
    DagsterEventType,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.instance import RUNLESS_RUN_ID
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    SqliteEventLogStorage,
    SqliteEventLogStorageWatchdog,
)
from dagster._serdes import ConfigurableClassData
from dagster._time import datetime_from_timestamp
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from watchdog.events import FileSystemEvent
from watchdog.observers import Observer

from metric_pipelines.orchestration.event_log_files import KeptConnections, make_tables, synchronous
from metric_pipelines.orchestration.event_log_rows import (
    INSERT_CHECK,
    INSERT_EVENT,
    INSERT_MIRRORED,
    UPDATE_CHECK,
    Mirrored,
    Row,
    Waiting,
    planned_rows,
    upsert_asset,
    verdict,
)

MAY_WAIT = frozenset(
    {
        DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
        DagsterEventType.ASSET_CHECK_EVALUATION,
        DagsterEventType.ASSET_OBSERVATION,
        DagsterEventType.STEP_OUTPUT,
        DagsterEventType.STEP_INPUT,
        DagsterEventType.HANDLED_OUTPUT,
        DagsterEventType.LOADED_INPUT,
    }
)
MOST_WAITING = 1000
LONGEST_WAIT = 1.0  # seconds
LOOK_EVERY = 0.5  # seconds
BUSY_TIMEOUT = 30  # seconds, as Dagster 1.13 waits for another writer; 1.12 has no name for it
MOST_CONNECTIONS = 8

# Copied into the index for queries across runs, as the stock class does.
_MIRRORED = ASSET_EVENTS | ASSET_CHECK_EVENTS | set(EVENT_TYPE_TO_PIPELINE_RUN_STATUS)

# What one event that cannot be stored may raise, from SQLite to Dagster's reading of its payload.
_BAD_PAYLOAD = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
_REFUSALS = (SQLAlchemyError, DagsterError, CheckError, *_BAD_PAYLOAD)
# SQLite's primary codes after which the same write may succeed later.
_PASSING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})


class BufferedSqliteEventLogStorage(SqliteEventLogStorage):
    """The SQLite event log of Dagster at a fraction of its cost; the module says what it promises.

    Errors: what the database or Dagster raises for an event comes out of the call that writes it, which may
    be a later `store_event` or a read; the other events of the batch are stored all the same. While the
    database is locked or the disk full, nothing is dropped: each call raises, and the next tries again.
    """

    _obs: Any  # the base declares None and puts an Observer there
    _refused: Exception | None

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._start_afresh()  # first, since the base already reads while it is made
        super().__init__(base_dir, inst_data)
        _STORAGES.add(self)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """The storage that `dagster.yaml` describes: `base_dir`, as for the stock class."""
        return cls(inst_data=inst_data, **config_value)

    def store_event(self, event: EventLogEntry) -> None:
        """Keep the event, and unless its type may wait, write it and all before it."""
        with self._lock:
            self._waiting.append(Waiting(event, self._event_to_row(event), time.monotonic()))
            urgent = not (self._together or _may_wait(event))
            if urgent or self._refused or len(self._waiting) >= MOST_WAITING:
                self.flush()
            else:
                self._look_after_age()

    def flush(self) -> None:
        """Write all that waits; raises the first error since the last call, after the rest was stored."""
        with self._lock:
            if self._flushing:
                return
            self._write_all()
            refused, self._refused = self._refused, None
            if refused is not None:
                raise refused

    @contextmanager
    def together(self) -> Iterator[None]:
        """Inside, every event of this process may wait, until the end."""
        self._together = True
        try:
            yield
        finally:
            self._together = False
            self.flush()

    def wipe(self) -> None:
        """Delete all events, those that wait too."""
        with self._lock:
            self._waiting.clear()
            self._refused = None
            self._kept.close()
            super().wipe()

    def dispose(self) -> None:
        """Write what waits and close the connections; a later call opens them again."""
        try:
            super().dispose()
            self.flush()
        finally:
            with self._lock:
                self._kept.close()

    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        """Call back for each new event of a run, seen at its commit."""
        if self._obs is None:
            self._obs = Observer()
            self._obs.start()
        handler = _WalWatchdog(self, run_id, callback, cursor)
        watch = self._obs.schedule(handler, self._base_dir, recursive=True)
        self._watchers[run_id][callback] = (handler, watch)

    def _start_afresh(self) -> None:
        self._lock = threading.RLock()
        self._kept = KeptConnections(MOST_CONNECTIONS)
        self._waiting: list[Waiting] = []
        self._flushing = self._together = False
        self._refused = None
        self._ager: threading.Thread | None = None
        self._known: set[tuple[str, str]] = set()

    # Connections. Each read and write of the base passes through `_connect`.

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._lock:
            self.flush()
            connection = self._kept.get(shard, self.path_for_shard(shard)) or self._open(shard)
            if connection.in_transaction():  # a flush runs: its parts join it
                yield connection
            else:
                with connection.begin():
                    yield connection

    def _open(self, shard: str) -> Connection:
        path = self.path_for_shard(shard)
        engine = sa.create_engine(
            self.conn_string_for_shard(shard),
            poolclass=NullPool,
            connect_args={"timeout": BUSY_TIMEOUT, "check_same_thread": False},
        )
        if shard not in self._initialized_dbs or not os.path.exists(path):
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        connection = engine.connect()
        synchronous(connection, "FULL")  # fsync each commit, whatever the build says
        self._kept.put(shard, path, connection)
        return connection

    def _initdb(self, engine: Engine, for_index_shard: bool = False) -> None:
        """The tables of a file and their stamp. The base reads all migrations twice for each file, 0.1 s;
        left to it is the index, what is neither new nor stamped, and what another process is making.
        """
        with suppress(DatabaseError), engine.connect() as connection:
            if MigrationContext.configure(connection).get_current_revision() is not None:
                return
            if not for_index_shard and not sa.inspect(connection).get_table_names():
                make_tables(connection)
                return
        super()._initdb(engine, for_index_shard)

    # What the base asks anew for each event. A yes holds for the life of the process; a no may change.

    def has_table(self, table_name: str) -> bool:
        """Whether the index has the table."""
        return self._once_yes(super().has_table, table_name)

    def has_secondary_index(self, name: str) -> bool:
        """Whether the data migration of that name is done."""
        return self._once_yes(super().has_secondary_index, name)

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        return self._once_yes(super()._has_asset_key_col_on_connection, column_name, conn)

    def _once_yes(self, ask: Callable[..., bool], name: str, *before: Connection) -> bool:
        known = (ask.__name__, name)
        if known not in self._known and ask(*before, name):
            self._known.add(known)
        return known in self._known

    # Age: nothing waits much longer than a second, in a process that stores nothing more.

    def _look_after_age(self) -> None:
        if self._ager is not None:
            return
        ager = threading.Thread(target=self._age, name="event-log-age", daemon=True)
        try:
            ager.start()
        except RuntimeError:  # the interpreter is shutting down
            self.flush()
        else:
            self._ager = ager
            atexit.register(self.flush)

    def _age(self) -> None:
        time.sleep(LOOK_EVERY)
        while self._still_waits():
            time.sleep(LOOK_EVERY)

    def _still_waits(self) -> bool:
        """Write what is old. False when nothing waits: the thread ends, and the storage can be collected."""
        with self._lock:
            if self._waiting and time.monotonic() - self._waiting[0].since >= LONGEST_WAIT:
                self._write_all_keeping_errors()
            if not self._waiting:
                self._ager = None
                atexit.unregister(self.flush)
            return bool(self._waiting)

    def _write_all_keeping_errors(self) -> None:
        try:
            self._write_all()
        except Exception as error:  # noqa: BLE001  the edge of the thread: the next store or read raises it
            if not _is_passing(error):  # if it is, all still waits, and the next flush says how it fares
                self._keep(error)

    def _keep(self, error: Exception) -> None:
        self._refused = self._refused or error

    # Writing.

    def _write_all(self) -> None:
        """Write what waits, run by run. If it raises, nothing was dropped; refusals are in `_refused`."""
        self._flushing = True
        try:
            while self._waiting:
                run_id, batch = next(groupby(self._waiting, key=lambda waiting: waiting.event.run_id))
                self._write_some(run_id, list(batch))
        finally:
            self._flushing = False

    def _write_some(self, run_id: str, batch: Sequence[Waiting]) -> None:
        waiting = len(self._waiting)
        try:
            self._write(run_id, batch)
        except _REFUSALS as error:
            if len(self._waiting) < waiting:  # the run's file has them: never twice
                self._keep(error)
            elif _is_passing(error):
                raise
            else:
                self._write_singly(batch)
        with suppress(OSError):  # tells who watches: a commit writes to the -wal, and the .db stays as it was
            os.utime(self.path_for_shard(run_id))

    def _write(self, run_id: str, batch: Sequence[Waiting]) -> None:
        """A transaction in the run's file and one in the index, committed in the order of the stock class."""
        if run_id == RUNLESS_RUN_ID:
            self._write_singly(batch)
            return
        types = {w.event.dagster_event_type for w in batch}
        step_goes_on = types <= MAY_WAIT | {None, DagsterEventType.ASSET_MATERIALIZATION}
        with self._kept.unsynced(run_id) if step_goes_on else nullcontext(), self.index_connection() as index:
            with self.run_connection(run_id) as run:
                run.execute(INSERT_EVENT, [waiting.row for waiting in batch])
                self._mirror(index, [w for w in batch if w.event.dagster_event_type in _MIRRORED])
            del self._waiting[: len(batch)]

    def _write_singly(self, batch: Sequence[Waiting]) -> None:
        """The stock way, so that one bad event does not keep out the others."""
        for waiting in batch:
            del self._waiting[0]
            try:
                super().store_event(waiting.event)
            except _REFUSALS as error:
                self._keep(error)

    def _mirror(self, index: Connection, batch: Sequence[Waiting]) -> None:
        if not batch:
            return
        ids = index.execute(INSERT_MIRRORED, [waiting.row for waiting in batch]).scalars().all()
        mirrored = [Mirrored(w.event, w.row, id_) for w, id_ in zip(batch, ids, strict=True)]
        for type_, group in groupby(mirrored, key=lambda m: m.event.dagster_event_type):
            if type_ in ASSET_EVENTS:
                self._write_assets(index, list(group))
            elif type_ is DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED:
                index.execute(INSERT_CHECK, [row for planned in group for row in planned_rows(planned)])
            elif type_ is DagsterEventType.ASSET_CHECK_EVALUATION:
                self._write_verdicts(index, group)

    def _write_assets(self, index: Connection, batch: Sequence[Mirrored]) -> None:
        self._store_asset_event_tags(index, [m.event for m in batch], [m.id for m in batch])
        has_columns = self._has_asset_key_index_cols_on_connection(index)
        rows = [
            {"asset_key": m.row["asset_key"], **values}
            for m in batch
            if m.row["asset_key"] and (values := self._asset_values(m, has_columns))
        ]
        for columns, group in groupby(rows, key=tuple):
            index.execute(upsert_asset(columns), list(group))

    def _asset_values(self, mirrored: Mirrored, has_columns: bool) -> Row:
        """What the base says of an event's asset. It would pack a materialization once more, to put it into a
        record; here its text is, as it was packed when it came.
        """
        event = mirrored.event
        if not event.get_dagster_event().is_step_materialization:
            return self._get_asset_entry_values(event, mirrored.id, has_columns)
        record = (
            f'{{"__class__": "EventLogRecord", "event_log_entry": {mirrored.row["event"]}, '
            f'"storage_id": {mirrored.id}}}'
        )
        at = {"last_materialization_timestamp": datetime_from_timestamp(event.timestamp)}
        return {"last_materialization": record, "last_run_id": event.run_id} | (at if has_columns else {})

    def _write_verdicts(self, index: Connection, batch: Iterable[Mirrored]) -> None:
        for evaluated in batch:
            if index.execute(UPDATE_CHECK, verdict(evaluated)).rowcount != 1:
                # Not planned, or planned twice: the base knows what to do, within this transaction.
                self._update_asset_check_evaluation(evaluated.event, evaluated.id)


class _WalWatchdog(SqliteEventLogStorageWatchdog):
    """Looks at the -wal as well, where the stock class writes while another process keeps the file open."""

    def __init__(
        self, storage: SqliteEventLogStorage, run_id: str, callback: EventHandlerFn, cursor: str | None
    ) -> None:
        super().__init__(storage, run_id, callback, cursor)
        self._turn = threading.Lock()  # two files change at once; without it events come twice

    @property
    def patterns(self) -> list[str]:
        return [self._log_path, f"{self._log_path}-wal"]

    def on_modified(self, event: FileSystemEvent) -> None:
        with self._turn:
            try:
                self._process_log()
            except _REFUSALS:  # raised, it would end the observer's thread, and all watching
                logging.exception("Run %s could not be read for those who watch it.", self._run_id)


def _may_wait(event: EventLogEntry) -> bool:
    unhurried = not event.is_dagster_event or event.dagster_event_type in MAY_WAIT
    return unhurried and event.run_id != RUNLESS_RUN_ID


def _is_passing(error: Exception) -> bool:
    """Whether the same write may succeed later: locked by another process, disk full."""
    code = getattr(error.orig, "sqlite_errorcode", None) if isinstance(error, OperationalError) else None
    return code is not None and code & 0xFF in _PASSING  # the low byte of SQLite's extended codes


# Forks. SQLite forbids one while a file is open: parent and child would take each other's locks for theirs.
# So the connections are closed before it; what waits is the parent's to write.

_STORAGES: WeakSet[BufferedSqliteEventLogStorage] = WeakSet()
_HELD: list[BufferedSqliteEventLogStorage] = []


def _hold_all() -> None:
    for storage in list(_STORAGES):
        storage._lock.acquire()
        storage._kept.close()
        _HELD.append(storage)


def _release_all() -> None:
    while _HELD:
        _HELD.pop()._lock.release()


def _renew_all() -> None:
    while _HELD:
        _HELD.pop()._start_afresh()


if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(before=_hold_all, after_in_parent=_release_all, after_in_child=_renew_all)
