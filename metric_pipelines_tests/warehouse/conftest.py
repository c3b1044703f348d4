"""One lake a file of tests, emptied before each test: a connection costs more than what a test does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pytest

from metric_pipelines.warehouse.lake import Lake, writer
from metric_pipelines.warehouse.tables import name as quoted

Con = duckdb.DuckDBPyConnection


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Con, Lake]]:
    """A connection to a lake that the tests of a file share."""
    lake = Lake(tmp_path_factory.mktemp("shared") / "lake")
    with writer(lake) as con:
        yield con, lake


@pytest.fixture
def con(shared: tuple[Con, Lake]) -> Con:
    """The connection, to an empty lake."""
    con, _ = shared
    for kind in ("view", "table"):
        found = con.execute(
            f"select schema_name, {kind}_name from duckdb_{kind}s()"
            " where database_name = 'lake' and not internal"
        )
        for schema, name in found.fetchall():
            con.execute(f"drop {kind} lake.{quoted(schema)}.{quoted(name)}")
    return con


@pytest.fixture
def a_lake(shared: tuple[Con, Lake]) -> Lake:
    """The lake that `con` is connected to."""
    return shared[1]


@contextmanager
def transaction(con: Con) -> Iterator[None]:
    """A transaction of our own, where it does not matter how it is committed."""
    con.execute("begin")
    yield
    con.execute("commit")
