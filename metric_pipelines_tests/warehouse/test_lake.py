"""Connections and transactions: a commit is whole and named, readers change nothing, writers lose nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import duckdb_extension_ducklake
import pytest

from metric_pipelines.errors import BusyError, EnvironmentBrokenError
from metric_pipelines.warehouse import lake, tables
from metric_pipelines.warehouse.lake import (
    Lake,
    commit,
    kept_open,
    open_reader,
    prepare,
    publications,
    scanning_database,
    step_database,
    step_of_kept,
    writer,
)

Con = duckdb.DuckDBPyConnection
ROOT = Path(__file__).parents[2]


def put(con: Con, lake: Lake, number: int, publication: str = "") -> int:
    con.execute(
        f"create or replace temp table staged as select date '2024-01-01' as partition_month, {number} as id"
    )
    return commit(
        con,
        lake,
        publication or f"p{number}",
        lambda: tables.replace(con, "shop/orders", "staged", ["2024-01"]),
    )


def test_a_publication_is_found_by_its_id_with_its_snapshot(con: Con, a_lake: Lake) -> None:
    first, second = put(con, a_lake, 1, "one"), put(con, a_lake, 2, "two")
    found = publications(con)
    assert (found["one"], found["two"]) == (first, second)
    with writer(a_lake) as other:
        assert publications(other) == found


def test_a_publication_that_failed_is_not_found(con: Con, a_lake: Lake) -> None:
    put(con, a_lake, 1)

    def write() -> None:
        con.execute("delete from lake.shop.orders")
        raise RuntimeError("in the midst")

    with pytest.raises(RuntimeError):
        commit(con, a_lake, "bad", write)
    assert "bad" not in publications(con)
    assert con.execute("select id from lake.shop.orders").fetchall() == [(1,)]


def test_a_fence_that_raises_leaves_nothing_written_and_the_connection_usable(con: Con, a_lake: Lake) -> None:
    put(con, a_lake, 1)

    def fence() -> None:
        raise BusyError("publish", "the lease moved on")

    con.execute("create temp table more as select date '2024-01-01' as partition_month, 2 as id")
    with pytest.raises(BusyError):
        commit(con, a_lake, "late", lambda: tables.replace(con, "shop/orders", "more", ["2024-01"]), fence)
    assert "late" not in publications(con)
    assert con.execute("select id from lake.shop.orders").fetchall() == [(1,)]
    put(con, a_lake, 3)
    assert con.execute("select id from lake.shop.orders").fetchall() == [(3,)]


def test_the_fence_is_asked_after_the_writing_and_before_the_commit(con: Con, a_lake: Lake) -> None:
    seen: list[str] = []
    commit(con, a_lake, "p", lambda: seen.append("write"), lambda: seen.append("fence"))
    assert seen == ["write", "fence"]


def test_a_transaction_that_changed_nothing_gives_the_newest_snapshot(con: Con, a_lake: Lake) -> None:
    newest = put(con, a_lake, 1)
    with writer(a_lake) as other:
        assert commit(other, a_lake, "nothing", lambda: None) == newest


def test_the_files_of_a_commit_and_their_folders_are_on_disk_before_it(
    con: Con, a_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(con, a_lake, 1)
    known, synced = set(a_lake.data.rglob("*")), list[Path]()
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(Path(os.readlink(f"/proc/self/fd/{file}"))))

    def write() -> None:
        for name in ("shop/orders", "shop/visits"):
            tables.replace(con, name, "staged", ["2024-01"])

    commit(con, a_lake, "p2", write, lambda: synced.clear())
    new = set(a_lake.data.rglob("*")) - known
    assert any(path.is_file() for path in new)
    assert {*new, *(path.parent for path in new)} <= set(synced)


def test_steps_share_a_database_that_is_kept_open_and_nothing_in_it(a_lake: Lake) -> None:
    with kept_open(a_lake):
        with step_of_kept(a_lake) as first:
            assert first is not None
            put(first, a_lake, 7)
            first.execute("create schema memory.models")
            first.execute("create view memory.models.orders as select 1 as id")
        with step_of_kept(a_lake) as second:
            assert second is not None
            assert second.execute("select id from lake.shop.orders").fetchall() == [(7,)]
            assert second.execute("select 1.0::double / 0").fetchall() == [(None,)]
            assert second.execute("select current_setting('TimeZone')").fetchall() == [("UTC",)]
            for gone in ("staged", "memory.models.orders", "not_a_table"):
                with pytest.raises(duckdb.CatalogException):
                    second.execute(f"from {gone}")
    with step_of_kept(a_lake) as after:
        assert after is None


def test_a_step_that_fails_says_its_own_error_and_leaves_nothing_to_the_next(a_lake: Lake) -> None:
    with kept_open(a_lake):
        with pytest.raises(duckdb.ConversionException), step_of_kept(a_lake) as con:
            _fail_within(con)
        with step_of_kept(a_lake) as con:
            assert con is not None
            with pytest.raises(duckdb.CatalogException):
                con.execute("from memory.main.inputs")


def _fail_within(con: Con | None) -> None:
    assert con is not None
    con.execute("create view memory.main.inputs as select 1 as id")
    con.execute("begin")
    con.execute("select 'a'::integer")


def test_a_step_after_a_fatal_error_of_another_has_a_database_of_its_own(
    a_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(_: Con) -> None:
        raise duckdb.FatalException("the database has been invalidated")

    with kept_open(a_lake):
        monkeypatch.setattr(lake, "_settle", ended)
        with step_of_kept(a_lake) as con:
            assert con is None


def test_a_catalog_that_is_locked_while_views_are_made_is_tried_again(con: Con, a_lake: Lake) -> None:
    tries = []

    def write() -> None:
        tries.append(1)
        with tables.in_lake(con):
            if len(tries) == 1:
                con.execute("select error('database is locked')")
            con.execute("create schema if not exists made_again")

    commit(con, a_lake, "again", write)
    assert len(tries) == 2
    assert con.execute("select current_database()").fetchall() == [("memory",)]


def test_a_step_of_another_lake_does_not_get_the_one_kept_open(a_lake: Lake, tmp_path: Path) -> None:
    with kept_open(a_lake), step_of_kept(Lake(tmp_path / "other")) as con:
        assert con is None


def test_the_newest_snapshot_is_a_number_also_where_sqlite_is_read_as_text(con: Con, a_lake: Lake) -> None:
    con.execute("set sqlite_all_varchar = true")
    try:
        found = [put(con, a_lake, number) for number in range(12)]
    finally:
        con.execute("set sqlite_all_varchar = false")
    assert found == list(range(found[0], found[0] + 12))


def test_temp_tables_of_a_step_outlive_a_failed_commit(con: Con, a_lake: Lake) -> None:
    con.execute("create temp table kept as select 1 as id")
    with pytest.raises(ZeroDivisionError):
        commit(con, a_lake, "bad", lambda: 1 / 0)
    assert con.execute("select id from kept").fetchall() == [(1,)]


def test_there_is_no_division_by_zero_to_infinity_in_any_connection(con: Con, a_lake: Lake) -> None:
    put(con, a_lake, 1)
    reader = open_reader(a_lake)
    for connection in (con, reader):
        assert connection.execute("select 1.0::double / 0, 0.0::double / 0").fetchall() == [(None, None)]
    reader.close()


def test_days_are_told_in_utc_whatever_the_machine_says(con: Con) -> None:
    assert con.execute("select current_setting('TimeZone')").fetchall() == [("UTC",)]


def test_a_lake_may_stand_in_a_folder_with_a_quote_and_a_space(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "it's a lake")
    with writer(lake) as con:
        put(con, lake, 1)
    reader = open_reader(lake)
    assert reader.execute("select id from lake.shop.orders").fetchall() == [(1,)]
    reader.close()


# Readers


@pytest.fixture(scope="module")
def locked_down(tmp_path_factory: pytest.TempPathFactory) -> Con:
    """One reader for all that it must refuse."""
    lake = Lake(tmp_path_factory.mktemp("locked_down") / "lake")
    with writer(lake) as con:
        put(con, lake, 1)
    return open_reader(lake)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into lake.shop.orders values (date '2024-01-01', 2)",
        "delete from lake.shop.orders",
        "update lake.shop.orders set id = 2",
        "create table lake.shop.other (id int)",
        "create view lake.shop.other_view as select 1",
        "drop table lake.shop.orders",
        "update __ducklake_metadata_lake.ducklake_metadata set value = 'x'",
        "call ducklake_expire_snapshots('lake', versions => [0])",
        "attach '{elsewhere}/other.duckdb'",
        "copy (select 1) to '{elsewhere}/out.csv'",
        "copy lake.shop.orders to '{elsewhere}/out.parquet'",
        "export database '{elsewhere}/dump'",
        "select * from read_text('{elsewhere}/secret.txt')",
        "select * from read_csv('{elsewhere}/secret.txt')",
        "select * from '{elsewhere}/secret.txt'",
        "select * from glob('{elsewhere}/../../*')",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set allowed_directories = ['/']",
        "set memory_limit = '100GB'",
        "reset lock_configuration",
    ],
)
def test_a_reader_neither_writes_nor_looks_elsewhere(
    locked_down: Con, tmp_path: Path, statement: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.txt").write_text("secret")
    with pytest.raises(duckdb.Error):
        locked_down.execute(statement.format(elsewhere=elsewhere)).fetchall()
    assert [file.name for file in elsewhere.iterdir()] == ["secret.txt"]
    assert locked_down.execute("select id from lake.shop.orders").fetchall() == [(1,)]


def test_a_reader_of_no_lake_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentBrokenError, match=r"no lake yet.*refresh"):
        open_reader(Lake(tmp_path / "nothing"))
    assert not (tmp_path / "nothing").exists()


def test_a_reader_goes_on_reading_while_a_month_is_replaced(con: Con, a_lake: Lake) -> None:
    put(con, a_lake, 1)
    reader = open_reader(a_lake)
    reader.execute("begin")
    assert reader.execute("select id from lake.shop.orders").fetchall() == [(1,)]
    put(con, a_lake, 2)
    assert reader.execute("select id from lake.shop.orders").fetchall() == [(1,)]
    reader.execute("commit")
    assert reader.execute("select id from lake.shop.orders").fetchall() == [(2,)]


def test_a_step_database_has_no_lake() -> None:
    with step_database() as con, pytest.raises(duckdb.Error):
        con.execute("select * from lake.shop.orders")


# Extensions


@pytest.fixture
def changed_extension(tmp_path: Path) -> Path:
    """An extension of ours with one bit changed; under another name, since ours is not loaded twice."""
    signed = next(Path(str(duckdb_extension_ducklake.__file__)).parent.rglob("*.duckdb_extension"))
    content = bytearray(signed.read_bytes())
    content[1000] ^= 1
    (tmp_path / "other.duckdb_extension").write_bytes(content)
    return tmp_path / "other.duckdb_extension"


def test_once_it_has_ours_no_connection_takes_an_unsigned_extension(
    con: Con, locked_down: Con, changed_extension: Path
) -> None:
    with step_database() as step, scanning_database() as scanning:
        for connection in (con, locked_down, step, scanning):
            with pytest.raises(duckdb.Error):
                connection.execute(f"load '{changed_extension}'")
            with pytest.raises(duckdb.Error):
                connection.execute("set allow_unsigned_extensions = true")


def test_an_extension_of_ours_that_was_changed_is_not_loaded(changed_extension: Path) -> None:
    with step_database() as con, pytest.raises(duckdb.Error, match="signature"):
        lake._load(con, str(changed_extension.parent / "__init__.py"))


def test_a_table_that_is_not_there_is_no_variable_of_python(con: Con, a_lake: Lake) -> None:
    put(con, a_lake, 1)
    assert tables.exists(con, "shop", "orders")
    assert not any(tables.exists(con, "shop", missing) for missing in ("table", "con", "columns", "nothing"))
    assert not tables.exists(con, "nowhere", "orders")


# Several writers

WRITER = """
import sys
from pathlib import Path
from metric_pipelines.warehouse import tables
from metric_pipelines.warehouse.lake import Lake, commit, writer

lake, who = Lake(Path(sys.argv[1])), sys.argv[2]
with writer(lake) as con:
    for i in range(20):
        row = f"select date '2024-01-01' as partition_month, {i} as id"
        con.execute(f"create or replace temp table staged as {row}")
        commit(con, lake, f"{who}-{i}", lambda: tables.replace(con, f"shop/{who}", "staged", ["2024-01"]))
"""


def test_twenty_transactions_of_each_of_two_processes_all_land(a_lake: Lake) -> None:
    begun = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(a_lake.folder), who], cwd=ROOT, stderr=subprocess.PIPE
        )
        for who in ("left", "right")
    ]
    for process in begun:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said.decode()
    with writer(a_lake) as con:
        assert set(publications(con)) >= {f"{who}-{i}" for who in ("left", "right") for i in range(20)}
        assert con.execute(
            "select id from lake.shop.left union all select id from lake.shop.right"
        ).fetchall() == [(19,), (19,)]


def test_preparing_a_lake_twice_is_preparing_it_once(con: Con, a_lake: Lake) -> None:
    put(con, a_lake, 1)
    other = prepare(duckdb.connect(":memory:"), a_lake)
    assert other.execute("select id from lake.shop.orders").fetchall() == [(1,)]
    other.close()
