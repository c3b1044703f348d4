"""`add-source` as typed: each kind of source becomes one of a new center, whose refresh reads it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
import sqlalchemy as sa
import yaml
from sqlalchemy.engine import URL

from metric_pipelines.cli.source_texts import SOURCE_TEXTS
from metric_pipelines.exchange.new_center import make_center
from metric_pipelines.ingest.drafting.doubts import Kind
from metric_pipelines_tests.cli.conftest import Said, Sit, Terminal
from metric_pipelines_tests.servers import MARIADB, POSTGRES, database
from metric_pipelines_tests.small_shop import Shop

TODAY = date(2024, 4, 15)
"""The example of a new center then lies in January to March."""
MONTHS = ["2024-01", "2024-02", "2024-03"]


@pytest.fixture
def here(at: Sit, tmp_path: Path) -> Terminal:
    """A terminal at a new center."""
    make_center(tmp_path / "center", None, "en", TODAY, None)
    return at(Shop(tmp_path / "center", tmp_path / "center" / "data"))


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    (tmp_path / "exports").mkdir()
    return tmp_path / "exports"


def added(here: Terminal, what: object, *words: str) -> Any:
    """What was written, for programs; the center is still valid."""
    said = here("add-source", str(what), *words, "--write", "--json")
    assert said.code == 0, said.err
    assert here("validate").code == 0
    assert said.json["written"] is True
    return said.json


def rows(here: Terminal, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
    """The rows of a table after a refresh of its source, in which nothing was wrong."""
    source = table.partition(".")[0]
    ours = [key for key in here.shop.open().graph.nodes if key.startswith(f"{source}/")]
    assert here.shop.refresh(assets=ours).troubles == []
    return here.shop.read(f"select {columns} from lake.{table} order by all")


def doubts(said: Any, kind: str) -> list[tuple[str, str]]:
    return [(one["table"], one["column"]) for one in said["doubts"] if one["kind"] == kind]


def days(n: int = 30) -> list[str]:
    """Ten days of each month."""
    return [f"{MONTHS[i // 10]}-{1 + i % 10:02d}" for i in range(n)]


def test_a_chinese_csv_in_gb18030_becomes_a_source(here: Terminal, exports: Path) -> None:
    lines = [f"{i:05d},{day},{'北京' if i % 2 else '上海'}店,{i}.5" for i, day in enumerate(days())]
    text = "\n".join(["订单编号,日期,门店,金额", *lines])
    (exports / "销售明细.csv").write_bytes(text.encode("gb18030"))
    said = added(here, exports / "销售明细.csv", "--name", "sales")
    [table] = said["tables"].values()
    assert table == {
        "table": "销售明细.csv",
        "rows": 30,
        "partition_by": "column_2",
        "unique": [["column_1"]],
        "columns": {
            "column_1": "string",
            "column_2": "date",
            "column_3": "string",
            "column_4": "decimal(18,2)",
        },
    }
    text = (here.shop.center / said["file"]).read_text(encoding="utf-8")
    assert "column_1: {type: string, from: 订单编号, description: 订单编号}" in text
    assert "isin: [上海店, 北京店]" in text
    assert "encoding: gb18030" in text
    found = rows(here, "sales.table_1", "column_1, column_2, column_3, column_4")
    assert found[1] == ("00001", date(2024, 1, 2), "北京店", Decimal("1.50"))
    assert len(found) == 30


def test_a_workbook_with_merged_headers_below_a_title_becomes_a_source(here: Terminal, exports: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "明细"
    for row in (["销售日报", None, None, None], ["日期", "门店", "销售", None], [None, None, "金额", "数量"]):
        sheet.append(row)
    for i, day in enumerate(days()):
        sheet.append([datetime.fromisoformat(day), f"店{i % 2}", 12.1 + i, i])
    for cells in ("A1:D1", "A2:A3", "B2:B3", "C2:D2"):
        sheet.merge_cells(cells)
    book.create_sheet("说明").append(["本表由系统导出"])
    book.create_sheet("temp").sheet_state = "hidden"
    book.save(exports / "日报.xlsx")
    said = added(here, exports / "日报.xlsx", "--name", "daily")
    [(name, table)] = said["tables"].items()
    assert list(table["columns"].values()) == ["date", "string", "decimal(18,2)", "int64"]
    assert doubts(said, "left_out") == [("日报.xlsx, 说明", "")]
    assert doubts(said, "hidden") == [("日报.xlsx, temp", "")]
    assert "header_row: 2, header_rows: 2" in said["yaml"]
    assert "from: 销售 金额" in said["yaml"]
    found = rows(here, f"daily.{name}", "column_1, column_2, column_3, column_4")
    assert found[0] == (date(2024, 1, 1), "店0", Decimal("12.10"), 0)


def test_merged_numbers_of_a_workbook_are_drafted_as_texts_and_said(here: Terminal, exports: Path) -> None:
    """Merged names count in each row; whether a merged fee does, the owner of the file must say."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["day", "shop", "fee"])
    for i, day in enumerate(days()):
        sheet.append([datetime.fromisoformat(day), None if i % 2 else f"shop {i}", None if i == 1 else 10.5])
    for i in range(0, len(days()), 2):
        sheet.merge_cells(start_row=i + 2, end_row=i + 3, start_column=2, end_column=2)
    sheet.merge_cells("C2:C3")
    book.save(exports / "fees.xlsx")
    said = added(here, exports / "fees.xlsx")
    [(name, table)] = said["tables"].items()
    assert table["columns"] == {"day": "date", "shop": "string", "fee": "string"}
    assert any("C2:C3" in text for text in map(str, said["doubts"]))
    assert rows(here, f"fees.{name}", "shop, fee")[:2] == [("shop 0", "10.5")] * 2


def test_a_report_with_a_title_points_for_thousands_and_german_days(here: Terminal, exports: Path) -> None:
    lines = [f"{i + 1};{day[8:]}.{day[5:7]}.{day[:4]};Müller {i};1.{i:03d},5" for i, day in enumerate(days())]
    text = "\n".join(["Bericht 2024", "", "Bestellung;Tag;Käufer;Betrag", *lines])
    (exports / "umsatz.csv").write_bytes(text.encode("latin-1"))
    said = added(here, exports / "umsatz.csv")
    [table] = said["tables"].values()
    assert table["columns"] == {
        "bestellung": "int64",
        "tag": "date",
        "kaufer": "string",
        "betrag": "decimal(18,2)",
    }
    assert (table["partition_by"], table["unique"]) == ("tag", [["bestellung"]])
    assert doubts(said, "latin") == [("umsatz.csv", "")]
    assert yaml.safe_load(said["yaml"])["tables"]["umsatz"]["read"] == {
        "encoding": "cp1252",
        "delimiter": ";",
        "decimal": ",",
        "thousands": ".",
        "header_row": 3,
    }
    found = rows(here, "umsatz.umsatz", "bestellung, tag, kaufer, betrag")
    assert found[9] == (10, date(2024, 1, 10), "Müller 9", Decimal("1009.50"))


def test_monthly_files_are_one_table_and_a_folder_at_home_is_named_relative_to_it(here: Terminal) -> None:
    exports = here.shop.home / "exports"
    exports.mkdir()
    for month in MONTHS:
        lines = [f"{month[5:]}{i},{day},{i}" for i, day in enumerate(days()) if day.startswith(month)]
        (exports / f"orders_{month}.csv").write_text("\n".join(["id,day,pieces", *lines]), "utf-8")
    (exports / "stores.csv").write_text("store,town\n1,Bonn\n2,Köln\n", "utf-8")
    (exports / "readme.txt").write_text("12 files\n", "utf-8")
    said = added(here, exports)
    assert said["connection"] == "file:exports"
    assert {name: table["table"] for name, table in said["tables"].items()} == {
        "orders": "orders_*.csv",
        "stores": "stores.csv",
    }
    assert doubts(said, "left_out") == [("readme.txt", "")]
    assert said["tables"]["orders"]["columns"]["id"] == "string"  # 010 has a leading zero
    assert "min_rows: 1" in said["yaml"]
    assert len(rows(here, "exports.orders")) == 30
    assert here.shop.read("select town from lake.exports.stores order by 1") == [("Bonn",), ("Köln",)]


Fill = Callable[[URL], None]
PASSWORD = "s3cr%t/@x"


@pytest.fixture(params=[POSTGRES, MARIADB], ids=["postgres", "mariadb"])
def server(request: pytest.FixtureRequest) -> Iterator[URL]:
    """A database with orders and their lines, and a user with a password."""
    with database(request.param) as url:
        engine, at = sa.create_engine(url), sa.MetaData()
        orders = sa.Table(
            "orders",
            at,
            sa.Column("order_id", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("customer_code", sa.String(10), nullable=False),
            sa.Column("ordered_at", sa.DateTime, nullable=False),
            sa.Column("amount", sa.Numeric(12, 2), comment="before tax"),
            sa.Column("rate", sa.Double),
            sa.Column("note", sa.Text),
        )
        lines = sa.Table(
            "order_lines",
            at,
            sa.Column("order_id", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("line_no", sa.Integer, primary_key=True, autoincrement=False),
        )
        sa.Table("nothing_yet", at, sa.Column("day", sa.Date), sa.Column("price", sa.Numeric(10, 3)))
        at.create_all(engine)
        with engine.begin() as con:
            for i, day in enumerate(days()):
                stamp = datetime.fromisoformat(f"{day} 08:30:00")
                con.execute(
                    orders.insert().values(
                        order_id=2**53 + i,
                        customer_code=str(i % 9),
                        ordered_at=stamp,
                        amount=i,
                        rate=i / 3,
                        note=None if i % 2 else "x",
                    )
                )
                con.execute(lines.insert().values(order_id=i // 2, line_no=i % 2))
        engine.dispose()
        with user_of(url) as name:
            yield url.set(username=name, password=PASSWORD)


@contextmanager
def user_of(url: URL) -> Iterator[str]:
    """A user who may only read, with a password; dropped at the end."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    name = f"reader_{(url.database or '')[-8:]}"
    if url.get_backend_name() == "postgresql":
        create, grant = f"create role {name} login password", f"grant pg_read_all_data to {name}"
    else:
        create, grant = f"create user {name} identified by", f"grant select on *.* to {name}"
    with engine.connect() as con:
        con.execute(sa.text(f"{create} '{PASSWORD}'"))
        con.execute(sa.text(grant))
    try:
        yield name
    finally:
        with engine.connect() as con:
            con.execute(sa.text(f"drop {create.split()[1]} {name}"))
        engine.dispose()


def test_a_database_server_becomes_a_source_and_its_password_a_variable(
    here: Terminal, server: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = server.render_as_string(hide_password=False)
    looked = here("add-source", typed, "--name", "oms")
    said = added(here, typed, "--name", "oms")
    for text in (looked.out, looked.err, str(said), (here.shop.center / said["file"]).read_text()):
        assert "s3cr" not in text
    assert said["export"] == ["OMS_PASSWORD"]
    assert f"{server.username}:${{OMS_PASSWORD}}@" in said["connection"]
    assert "export OMS_PASSWORD=..." in looked.out
    assert said["tables"]["orders"] == {
        "table": "orders",
        "rows": 30,
        "partition_by": "ordered_at",
        "unique": [["order_id"]],
        "columns": {
            "order_id": "int64",
            "customer_code": "string",
            "ordered_at": "timestamp",
            "amount": "decimal(12,2)",
            "rate": "double",
            "note": "string",
        },
    }
    assert said["tables"]["order_lines"]["unique"] == [["order_id", "line_no"]]
    assert said["tables"]["nothing_yet"]["columns"] == {"day": "date", "price": "decimal(10,3)"}
    assert "description: before tax" in said["yaml"]
    assert said["yaml"].index("order_lines:") < said["yaml"].index("orders:")
    away = [str(trouble) for trouble in here.shop.refresh().troubles]
    assert any("OMS_PASSWORD is not set" in text for text in away), away
    assert here("add-source", typed, "--name", "oms2").code == 0  # another source's variable does not matter
    monkeypatch.setenv("OMS_PASSWORD", PASSWORD)
    found = rows(here, "oms.orders", "order_id, ordered_at, amount, note")
    assert found[0] == (2**53, datetime(2024, 1, 1, 8, 30), Decimal("0.00"), "x")


def test_a_wrong_password_is_never_printed(here: Terminal, server: URL) -> None:
    said = here(
        "add-source", server.set(password="n0t-this").render_as_string(hide_password=False), "--debug"
    )
    assert "n0t-this" not in said.out + said.err
    if said.code == 0:
        pytest.skip("this server lets everybody in from this machine")
    assert said.code == 1
    assert "user, password and rights" in said.err


def test_a_variable_of_the_environment_stays_one(
    here: Terminal, server: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("READER_SECRET", PASSWORD)
    typed = server.render_as_string(hide_password=False)
    typed = typed.replace(typed.split("@")[0].rpartition(":")[2], "${READER_SECRET}")
    said = added(here, typed, "--name", "oms", "--tables", "order_lines")
    assert (said["connection"], said["export"]) == (typed, [])
    assert list(said["tables"]) == ["order_lines"]
    assert len(rows(here, "oms.order_lines")) == 30


def fill_sqlite(file: Path) -> None:
    with closing(sqlite3.connect(file)) as con, con:
        con.execute("create table Sales (SaleID integer primary key, soldAt text, code text, price real)")
        con.executemany(
            "insert into Sales values (?, ?, ?, ?)",
            [(i, f"{day} 10:00:00", f"{100 + i}", i + 0.5) for i, day in enumerate(days())],
        )


def fill_duckdb(file: Path) -> None:
    with duckdb.connect(str(file)) as con:
        con.execute(
            "create table Sales (SaleID bigint primary key, soldAt timestamp, code text, price double)"
        )
        con.executemany(
            "insert into Sales values (?, ?, ?, ?)",
            [(i, f"{day} 10:00:00", f"{100 + i}", i + 0.5) for i, day in enumerate(days())],
        )


@pytest.mark.parametrize(("fill", "price"), [(fill_sqlite, "decimal(18,2)"), (fill_duckdb, "double")])
def test_a_database_file_becomes_a_source(
    here: Terminal, exports: Path, fill: Callable[[Path], None], price: str
) -> None:
    fill(exports / "till 1%.db")
    said = added(here, exports / "till 1%.db", "--name", "till")
    assert said["tables"]["sales"] == {
        "table": "Sales",
        "rows": 30,
        "partition_by": "sold_at",
        "unique": [["sale_id"]],
        "columns": {"sale_id": "int64", "sold_at": "timestamp", "code": "string", "price": price},
    }
    found = rows(here, "till.sales", "sale_id, sold_at, code, price")
    assert found[3][:3] == (3, datetime(2024, 1, 4, 10), "103")


def test_a_look_writes_nothing_and_shows_the_file(here: Terminal, exports: Path) -> None:
    (exports / "orders.csv").write_text("id,day\n1,2024-01-01\n2,2024-01-02\n", "utf-8")
    before = sorted(here.shop.center.rglob("*"))
    said = here("add-source", str(exports / "orders.csv"))
    assert said.code == 0
    assert sorted(here.shop.center.rglob("*")) == before
    for part in (
        "name: orders",
        "partition_by: day",
        "is it the key?",
        "add-source",
        "--write",
        "no min_rows",
    ):
        assert part in said.out, part
    chinese = here("--lang", "zh", "add-source", str(exports / "orders.csv"))
    assert "推断内容" in chinese.out
    assert "# day: 按此列分月" in chinese.out


def failed(said: Said, *parts: str) -> None:
    assert said.code in (1, 2)
    assert said.out == ""
    for part in parts:
        assert part in said.err, part


def test_what_cannot_become_a_source_is_said_and_nothing_is_written(here: Terminal, exports: Path) -> None:
    before = sorted(here.shop.center.rglob("*"))
    (exports / "orders.csv").write_text("id,day\n1,2024-01-01\n", "utf-8")
    (exports / "bare.csv").write_text("1,2\n3,4\n", "utf-8")
    (exports / "ragged.csv").write_text("a,b\n1,2\n1,2,3\n", "utf-8")
    (exports / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append([1, 2.5, datetime(2024, 1, 1)])
    book.save(exports / "bare.xlsx")

    def tried(what: str, *words: str) -> Said:
        return here("add-source", str(exports / what), *words, "--write")

    failed(tried("bare.csv"), "no header", "add a header")
    failed(tried("bare.xlsx"), "no header")
    failed(tried("ragged.csv"), "ragged.ragged")
    failed(tried("old.xls"), ".xlsx")
    failed(tried("missing.csv"), "no such file")
    failed(tried("orders.csv", "--tables", "order"), "did you mean 'orders'?")
    failed(tried("orders.csv", "--name", "Orders"), "--name")
    failed(tried("orders.csv", "--name", "example"), "a name that is free")
    failed(tried("orders.csv", "--name", "metrics"), "metrics")
    failed(here("add-source", "postgresql://a:p@ss@h/db", "--write"), "%40")
    assert sorted(here.shop.center.rglob("*")) == before


def test_the_shipped_center_is_written_only_where_it_is_named(
    here: Terminal, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports = tmp_path_factory.mktemp("exports")
    (exports / "orders.csv").write_text("id,day\n1,2024-01-01\n", "utf-8")
    monkeypatch.chdir(exports)
    monkeypatch.setattr(Terminal, "environment", {"METRIC_PIPELINES_LANG": "en"})
    monkeypatch.delenv("METRIC_PIPELINES_CENTER", raising=False)
    failed(here("add-source", "orders.csv", "--write"), "the center that comes with the package")


def test_every_doubt_has_its_words() -> None:
    for kind in Kind.__args__:  # type: ignore[attr-defined]
        assert f"doubt.{kind}" in SOURCE_TEXTS
