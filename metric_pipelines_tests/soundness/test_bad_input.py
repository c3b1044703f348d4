"""Bad input that was read without a word, or never to its end: each is an error now, or read in full."""

from __future__ import annotations

import re
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import openpyxl
import pytest
import sqlalchemy as sa

from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.dictionary.source_definitions import Source
from metric_pipelines.errors import SourceDataError, SourceUnavailableError
from metric_pipelines.ingest import databases, opened, stage
from metric_pipelines.ingest.drafting.rules import months_by, with_rules
from metric_pipelines.warehouse.lake import scratch_database
from metric_pipelines_tests.servers import MARIADB, POSTGRES, database

Con = duckdb.DuckDBPyConnection


@pytest.fixture
def con() -> Iterator[Con]:
    with scratch_database() as found:
        yield found


def source(connection: str, table: str, **columns: str) -> Source:
    about = {"table": table, "label": "x", "description": "x"}
    typed = {column: {"type": kind, "nullable": True} for column, kind in columns.items()}
    owners = {"business": "a@example.com", "technical": "b@example.com"}
    plain = {"name": "shop", "label": "x", "description": "x", "owners": owners, "connection": connection}
    return Source.model_validate(plain | {"tables": {"orders": about | {"columns": typed}}})


def read(con: Con, found: Source, home: Path) -> list[tuple[object, ...]]:
    with opened(con, found, home) as system:
        stage(con, system, found, "orders", "UTC", [WHOLE], "staged")
    return con.execute("select * from staged order by all").fetchall()


@pytest.mark.parametrize("huge", ["1e400", "-1E999", "9" * 400])
def test_a_number_beyond_a_double_does_not_become_infinite(con: Con, tmp_path: Path, huge: str) -> None:
    (tmp_path / "orders.csv").write_text(f"id,rate\n1,1e3\n2,{huge}\n", "utf-8")
    with pytest.raises(SourceDataError, match=r"shop\.orders\.rate: 1 value\(s\)"):
        read(con, source(f"file:{tmp_path}", "orders.csv", id="int64", rate="double"), tmp_path)


def test_bounds_of_an_infinite_column_are_found_in_finite_time(con: Con) -> None:
    con.execute("create temp table rates as select 'inf'::double as rate from range(40)")
    con.execute("create temp table days as select (date '0001-01-01' - interval 400 day)::date as day")
    found = source("sqlite:///x", "x", rate="double", day="date").tables["orders"].columns
    assert with_rules(con, "rates", {"rate": found["rate"]})["rate"].max is None
    assert months_by(con, "days", {"day": found["day"]}, date(2024, 1, 1)) == []


def test_bytes_that_are_no_text_are_named_and_the_connection_lives(con: Con, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.sqlite")) as there:
        there.execute("create table orders (id integer, note blob)")
        there.execute("insert into orders values (1, 'good'), (2, x'00ff')")
        there.commit()
    with pytest.raises(SourceDataError, match=r"note.*no text in UTF-8"):
        read(con, source("sqlite:///shop.sqlite", "orders", id="int64", note="string"), tmp_path)
    assert con.execute("select 1").fetchone() == (1,)


def workbook(file: Path, formula: bool = False) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["id", "amount"])
    for number in range(1, 6):
        book.active.append([number, f"=A{number + 1}*2" if formula else number * 2])
    book.save(file)


def test_a_formula_that_nobody_computed_is_not_an_empty_cell(con: Con, tmp_path: Path) -> None:
    workbook(tmp_path / "orders.xlsx", formula=True)
    with pytest.raises(SourceDataError, match=r"5 formula\(s\) without a value, such as B2"):
        read(con, source(f"file:{tmp_path}", "orders.xlsx", id="int64", amount="int64"), tmp_path)
    read(con, source(f"file:{tmp_path}", "orders.xlsx", id="int64"), tmp_path)


def test_rows_beyond_the_size_that_a_workbook_claims_are_read(con: Con, tmp_path: Path) -> None:
    workbook(tmp_path / "right.xlsx")
    parts = zipfile.ZipFile(tmp_path / "right.xlsx")
    with zipfile.ZipFile(tmp_path / "orders.xlsx", "w") as wrong:
        for part in parts.namelist():
            content = parts.read(part)
            wrong.writestr(part, re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:A2"', content))
    found = read(con, source(f"file:{tmp_path}", "orders.xlsx", id="int64", amount="int64"), tmp_path)
    assert found == [(n, n * 2) for n in range(1, 6)]


def test_what_is_no_workbook_says_what_it_is(con: Con, tmp_path: Path) -> None:
    (tmp_path / "orders.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(SourceDataError, match=r"an old \.xls, or a workbook with a password"):
        read(con, source(f"file:{tmp_path}", "orders.xlsx", id="int64"), tmp_path)


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("xl/worksheets/sheet1.xml", rb'r="A1" t="inlineStr"><is>.*?</is>', b'r="A1" t="s"><v>99</v>'),
        ("xl/styles.xml", rb'<cellStyle name="Normal"', b"<cellStyle "),
        ("xl/workbook.xml", rb"<sheets>.*</sheets>", b""),
    ],
)
def test_a_workbook_that_is_broken_inside_is_the_sources_fault(
    con: Con, tmp_path: Path, part: str, old: bytes, new: bytes
) -> None:
    workbook(tmp_path / "right.xlsx")
    parts = zipfile.ZipFile(tmp_path / "right.xlsx")
    with zipfile.ZipFile(tmp_path / "orders.xlsx", "w") as wrong:
        for name in parts.namelist():
            content = parts.read(name)
            changed = re.sub(old, new, content) if name == part else content
            assert name != part or changed != content
            wrong.writestr(name, changed)
    with pytest.raises(SourceDataError, match=r"orders\.xlsx\): no workbook: \w+Error"):
        read(con, source(f"file:{tmp_path}", "orders.xlsx", id="int64"), tmp_path)


def test_a_byte_order_mark_is_no_part_of_a_name(con: Con, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("\ufeffid,note\n1,客户\n", "gb18030")
    found = source(f"file:{tmp_path}", "orders.csv", id="int64", note="string")
    table = found.tables["orders"]
    table = table.model_copy(update={"read": table.read.model_copy(update={"encoding": "gb18030"})})
    assert read(con, found.model_copy(update={"tables": {"orders": table}}), tmp_path) == [(1, "客户")]


@pytest.mark.parametrize(
    ("server", "lock"),
    [(POSTGRES, "lock table orders in access exclusive mode"), (MARIADB, "lock tables orders write")],
    ids=["postgres", "mariadb"],
)
def test_a_locked_table_is_not_waited_for_for_ever(
    con: Con, tmp_path: Path, server: str, lock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = {"postgresql": ("set lock_timeout to '1s'",), "mariadb": ("set session lock_wait_timeout = 1",)}
    for backend, statements in short.items():
        monkeypatch.setitem(databases.SESSIONS, backend, (*databases.SESSIONS[backend], *statements))
    with database(server) as url:
        engine = sa.create_engine(url)
        found = source(url.render_as_string(hide_password=False), "orders", id="int64")
        with engine.begin() as at:
            at.exec_driver_sql("create table orders (id bigint)")
        try:
            with engine.begin() as at:
                at.exec_driver_sql(lock)
                with pytest.raises(SourceUnavailableError, match=r"shop\.orders: the table is locked"):
                    read(con, found, tmp_path)
        finally:
            engine.dispose()


@pytest.mark.parametrize("backend", ["postgresql", "mysql", "mariadb"])
def test_every_session_has_a_time_limit_for_locks(backend: str) -> None:
    assert any("lock_" in statement for statement in databases.SESSIONS[backend])
