"""What we rely on, or work round, in DuckDB and DuckLake: an upgrade that changes it shows here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from metric_pipelines.warehouse import tables
from metric_pipelines.warehouse.lake import Lake, commit, open_reader, writer

Con = duckdb.DuckDBPyConnection


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(tmp_path_factory.mktemp("pins") / "lake")


@pytest.fixture(scope="module")
def con(home: Lake) -> Iterator[Con]:
    with writer(home) as connection:
        for schema in ("models", "metrics"):
            connection.execute(f"create schema lake.{schema}")
        yield connection


def test_without_ieee_floating_point_one_by_zero_is_null() -> None:
    with closing(duckdb.connect()) as con:
        assert str(con.execute("select 1.0::double / 0").fetchall()[0][0]) == "inf", "as it comes"
        con.execute("set ieee_floating_point_ops = false")
        divided = "select 1.0::double / 0, 0.0::double / 0, 1::decimal(18,2) / 0, 1 // 0, 1 % 0"
        assert con.execute(divided).fetchall() == [(None,) * 5]


def test_a_table_is_dropped_and_made_again_with_its_view_in_one_transaction(con: Con, home: Lake) -> None:
    def first() -> None:
        con.execute("create schema if not exists lake.pins")
        con.execute("create table lake.pins.t (a int)")
        con.execute("insert into lake.pins.t values (1)")
        con.execute("create view lake.metrics.pinned as select a from lake.pins.t")

    def again() -> None:
        con.execute("drop table lake.pins.t")
        con.execute("create table lake.pins.t (b varchar, a bigint)")
        con.execute("insert into lake.pins.t values ('x', 2)")
        con.execute("create or replace view lake.metrics.pinned as select a, b from lake.pins.t")
        assert con.execute("select * from lake.metrics.pinned").fetchall() == [(2, "x")]

    before = commit(con, home, "first", first)
    commit(con, home, "again", again)
    for at, expected in ((before, [(1,)]), (None, [(2, "x")])):
        reader = open_reader(home, at)
        assert reader.execute("select * from lake.metrics.pinned").fetchall() == expected
        reader.close()


def test_a_failed_transaction_takes_the_drop_and_the_view_back_too(con: Con, home: Lake) -> None:
    con.execute("create schema if not exists lake.pins")
    con.execute("create or replace table lake.pins.kept as select 1 as a")

    def half() -> None:
        con.execute("drop table lake.pins.kept")
        con.execute("create view lake.metrics.half_done as select 1 as a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        commit(con, home, "half", half)
    assert con.execute("select a from lake.pins.kept").fetchall() == [(1,)]
    with pytest.raises(duckdb.CatalogException):
        con.execute("select * from lake.metrics.half_done")


def test_no_row_is_inlined_into_the_catalog(con: Con, home: Lake) -> None:
    con.execute("create table lake.models.one_row as select 1 as a")
    assert list((home.data / "models" / "one_row").glob("*.parquet"))


def test_the_newest_snapshot_stands_in_the_catalog_under_its_documented_name(con: Con) -> None:
    con.execute("create or replace table lake.models.counted as select 1 as a")
    asked = "select (select max(snapshot_id) from __ducklake_metadata_lake.ducklake_snapshot)"
    assert con.execute(f"{asked} = (select max(snapshot_id) from lake.snapshots())").fetchall() == [(True,)]


def test_a_cursor_has_the_attached_lake_but_not_the_settings_of_its_connection(con: Con) -> None:
    with closing(con.cursor()) as other:
        other.execute("select count(*) from duckdb_schemas() where database_name = 'lake'")
        assert con.execute("select 1.0::double / 0").fetchall() == [(None,)]
        assert str(other.execute("select 1.0::double / 0").fetchall()[0][0]) == "inf"


def test_hashes_of_rows_are_what_they_were_when_receipts_were_given() -> None:
    """An upgrade that changes the hash changes every data version: give `tables.HASH` a new name then."""
    row = duckdb.sql(
        "select hash(1::bigint, 'tea', 12.50::decimal(18,2), date '2024-01-31', true, null)"
    ).fetchall()
    assert tables.HASH == "duckdb-hash-sum-1"
    assert row == [(HASHED,)]


HASHED = 6831277254780050844


@pytest.mark.parametrize(
    ("cast", "becomes"),
    [
        ("cast('1.7' as bigint)", "2"),
        ("cast('1.005' as decimal(18,2))", "1.01"),
        ("cast('1.0e-05' as decimal(18,2))", "0.00"),
        ("cast('2024-01-31 23:59:59' as date)", "2024-01-31"),
        ("cast('2024-01-31 23:59:59+05' as timestamp)", "2024-01-31 23:59:59"),
    ],
)
def test_casts_of_text_round_and_cut_in_silence_so_that_ingest_must_look(cast: str, becomes: str) -> None:
    assert [str(value) for value in duckdb.sql(f"select {cast}").fetchall()[0]] == [becomes]


def test_texts_of_stamps_with_a_t_sort_after_those_with_a_space_so_that_borders_are_compared_as_times() -> (
    None
):
    assert duckdb.sql("select '2024-02-01T04:30:00' > '2024-02-01 05:00:00'").fetchall() == [(True,)]


def test_a_locked_down_connection_still_attaches_sqlite_files_so_that_no_text_of_people_may_reach_one(
    con: Con, home: Lake, tmp_path: Path
) -> None:
    """The scanner opens files by itself, past the list of folders: the catalog could be attached anew."""
    file = tmp_path / "elsewhere.sqlite"
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("create table t (a integer)")
    reader = open_reader(home)
    with pytest.raises(duckdb.PermissionException):
        reader.execute(f"attach '{tmp_path}/elsewhere.duckdb'")
    reader.execute(f"attach '{file}' as elsewhere (type sqlite)")
    reader.execute("insert into elsewhere.t values (1)")
    assert reader.execute("select a from elsewhere.t").fetchall() == [(1,)]
    reader.close()


def test_names_differ_not_by_case(con: Con) -> None:
    con.execute("create table lake.models.named (a int)")
    with pytest.raises(duckdb.Error):
        con.execute("create table lake.models.NAMED (a int)")
