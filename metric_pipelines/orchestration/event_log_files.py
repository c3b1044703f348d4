"""The files of the buffered event log: how one is made, and which are kept open."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from dagster._core.storage.event_log import schema
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.sql import get_alembic_config
from sqlalchemy.engine import Connection


def make_tables(connection: Connection) -> None:
    """The tables of an empty file and the stamp of Dagster's newest migration, in one transaction."""
    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    schema.SqlEventLogStorageMetadata.create_all(connection)
    MigrationContext.configure(connection).stamp(_migrations(), "head")
    connection.commit()


@cache
def _migrations() -> ScriptDirectory:
    """Dagster's migrations of event logs, read once a process."""
    return ScriptDirectory.from_config(get_alembic_config(sqlite_event_log.__file__))


def synchronous(connection: Connection, level: str) -> None:
    """Whether a commit waits for the disk (FULL) or not (NORMAL); outside transactions alone."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(f"PRAGMA synchronous={level}")


class KeptConnections:
    """Open connections by shard; beyond `most`, the least recently used is closed."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_shard: OrderedDict[str, tuple[Connection, tuple[int, int]]] = OrderedDict()

    def get(self, shard: str, path: str) -> Connection | None:
        if shard not in self._by_shard:
            return None
        connection, file = self._by_shard[shard]
        if connection.closed or file != _file_id(path):  # another process wiped or replaced it
            del self._by_shard[shard]
            connection.close()
            return None
        self._by_shard.move_to_end(shard)
        return connection

    def put(self, shard: str, path: str, connection: Connection) -> None:
        self._by_shard[shard] = (connection, _file_id(path))
        while len(self._by_shard) > self._most:
            self._by_shard.popitem(last=False)[1][0].close()

    @contextmanager
    def unsynced(self, shard: str) -> Iterator[None]:
        """Inside, commits to a file do not wait for the disk: they outlive a kill, and a power cut if one
        that waits follows. A file that is opened inside does wait.
        """
        connection, _ = self._by_shard.get(shard, (None, None))
        if connection is None or connection.closed or connection.in_transaction():
            yield
            return
        synchronous(connection, "NORMAL")
        try:
            yield
        finally:
            if not connection.closed:
                synchronous(connection, "FULL")

    def close(self) -> None:
        while self._by_shard:
            self._by_shard.popitem()[1][0].close()


def _file_id(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return 0, 0
    return status.st_dev, status.st_ino
