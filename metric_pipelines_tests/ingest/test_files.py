"""A folder of CSV, Parquet and Excel files as a source: encodings, headers, signs of numbers, exactly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.dictionary.source_definitions import Source
from metric_pipelines.errors import SourceDataError, SourceUnavailableError
from metric_pipelines.ingest import System, newest_day, opened, stage
from metric_pipelines.ingest import read as from_source
from metric_pipelines.ingest.headers import joined_header
from metric_pipelines.warehouse.lake import step_database

Con = duckdb.DuckDBPyConnection


@pytest.fixture(scope="module")
def con() -> Iterator[Con]:
    with step_database() as found:
        yield found


def folder_of(table: str, columns: dict[str, Any], **more: Any) -> Source:
    """A folder with one table `orders`; columns as `type`, or as the YAML has them."""
    typed = {c: {"type": x, "nullable": True} if isinstance(x, str) else x for c, x in columns.items()}
    orders = {"label": "Orders", "description": "x", "table": table, "columns": typed} | more
    return Source.model_validate(
        {
            "name": "erp",
            "label": "ERP",
            "description": "x",
            "owners": {"business": "a@example.com", "technical": "b@example.com"},
            "connection": "file:exports",
            "tables": {"orders": orders},
        }
    )


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    (tmp_path / "exports").mkdir()
    return tmp_path / "exports"


def read(con: Con, exports: Path, source: Source, months: list[str] | None = None) -> list[tuple[Any, ...]]:
    with opened(con, source, exports.parent) as at:
        stage(con, at, source, "orders", "UTC", months or [WHOLE], "staged")
    return con.execute("select * from staged order by all").fetchall()


def refusal(con: Con, exports: Path, source: Source) -> str:
    with pytest.raises((SourceDataError, SourceUnavailableError)) as caught:
        read(con, exports, source)
    return str(caught.value)


PLAIN = {"id": "int64", "amount": "decimal(18,2)", "note": "string"}


def test_a_plain_csv(con: Con, exports: Path) -> None:
    (exports / "orders.csv").write_text('id,amount,note\n1,2.50,"a, ""quoted"" one"\n2,,""\n3,-7,\n', "utf-8")
    assert read(con, exports, folder_of("orders.csv", PLAIN)) == [
        (1, Decimal("2.50"), 'a, "quoted" one'),
        (2, None, ""),
        (3, Decimal("-7.00"), None),
    ]


def test_a_file_that_is_written_to_while_it_is_read_is_unavailable(con: Con, exports: Path) -> None:
    file, source = exports / "orders.csv", folder_of("orders.csv", PLAIN)
    file.write_text("id,amount,note\n1,2.50,a\n", "utf-8")

    def read_while_written(at: System) -> None:
        stage(con, at, source, "orders", "UTC", [WHOLE], "staged")
        file.write_text("id,amount,note\n1,2.50,a\n2,3.50,b\n", "utf-8")

    with pytest.raises(SourceUnavailableError, match="written to while it was read"):
        from_source(con, source, exports.parent, read_while_written)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "latin-1"])
def test_encodings(con: Con, exports: Path, encoding: str) -> None:
    note = "Zoë" if encoding == "latin-1" else "北京 𠮷"
    (exports / "orders.csv").write_bytes(f"id;amount;note\n1;1.5;{note}\n".encode(encoding))
    read_as = "utf-8" if encoding == "utf-8-sig" else encoding
    source = folder_of("orders.csv", PLAIN, read={"encoding": read_as})
    assert read(con, exports, source) == [(1, Decimal("1.50"), note)]


def test_a_file_in_another_encoding_is_refused(con: Con, exports: Path) -> None:
    (exports / "orders.csv").write_bytes("id,amount,note\n1,1,北京\n".encode("gb18030"))
    assert "erp" in refusal(con, exports, folder_of("orders.csv", PLAIN))
    assert "not ascii" in refusal(con, exports, folder_of("orders.csv", PLAIN, read={"encoding": "ascii"}))
    assert "unknown encoding" in refusal(
        con, exports, folder_of("orders.csv", PLAIN, read={"encoding": "gbx"})
    )


def test_names_dates_and_numbers_as_another_country_writes_them(con: Con, exports: Path) -> None:
    text = "Bericht 2024\n\nBestellung;Tag;Betrag\n1;31.01.2024;1.234.567,89\n2;01.02.2024;-0,50\n"
    (exports / "orders.csv").write_text(text, "utf-8")
    columns = {
        "id": {"type": "int64", "from": "Bestellung"},
        "day": {"type": "date", "from": "Tag", "format": "%d.%m.%Y"},
        "amount": {"type": "decimal(18,2)", "from": "Betrag"},
    }
    how = {"decimal": ",", "thousands": ".", "header_row": 3}
    source = folder_of("orders.csv", columns, read=how, partition_by="day")
    with opened(con, source, exports.parent) as at:
        assert newest_day(at, source, "UTC", date(2100, 1, 1)) == date(2024, 2, 1)
    assert read(con, exports, source, ["2024-01"]) == [
        (1, date(2024, 1, 31), Decimal("1234567.89"), date(2024, 1, 1))
    ]


def test_a_day_in_another_form_than_said_is_refused(con: Con, exports: Path) -> None:
    (exports / "orders.csv").write_text("day\n31.01.2024\n2024/02/01\n", "utf-8")
    source = folder_of("orders.csv", {"day": {"type": "date", "format": "%d.%m.%Y"}})
    found = "erp.orders.day: 1 value(s) that are not date, such as 'not %d.%m.%Y: 2024/02/01'"
    assert found in refusal(con, exports, source)


def test_an_english_number_where_a_comma_is_the_decimal_sign_is_refused(con: Con, exports: Path) -> None:
    """1,234.56 with the signs changed would silently be 1.23456."""
    (exports / "orders.csv").write_text("id;amount;note\n1;1,234.56;x\n", "utf-8")
    source = folder_of("orders.csv", PLAIN, read={"decimal": ",", "thousands": "."})
    assert "amount" in refusal(con, exports, source)


def test_all_files_of_a_pattern_are_one_table_whatever_the_order_of_their_columns(
    con: Con, exports: Path
) -> None:
    (exports / "orders_1.csv").write_text("id,amount,note\n1,1,a\n", "utf-8")
    (exports / "orders_2.csv").write_text("note,id,amount,more\nb,2,2,x\n", "utf-8")
    (exports / "others.csv").write_text("id\n9\n", "utf-8")
    found = read(con, exports, folder_of("orders_*.csv", PLAIN))
    assert found == [(1, Decimal("1.00"), "a"), (2, Decimal("2.00"), "b")]


def test_a_column_that_one_file_lacks_is_named(con: Con, exports: Path) -> None:
    (exports / "orders_1.csv").write_text("id,amount,note\n1,1,a\n", "utf-8")
    (exports / "orders_2.csv").write_text("id,note\n2,b\n", "utf-8")
    assert "erp.orders_*.csv.amount: no such column" in refusal(
        con, exports, folder_of("orders_*.csv", PLAIN)
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("id,amount,note\n1,2\n", "(orders.csv:2): 2 cell(s)"),
        ("id,amount,note\n1,2,a,b\n", "(orders.csv:2): 4 cell(s)"),
        ('id,amount,note\n1,"2,a\n', "(orders.csv:2): a quote that is not closed"),
    ],
)
def test_a_row_that_is_no_row_is_named_with_file_and_line(
    con: Con, exports: Path, text: str, found: str
) -> None:
    (exports / "orders.csv").write_text(text, "utf-8")
    assert found in refusal(con, exports, folder_of("orders.csv", PLAIN))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "an empty file"),
        ("\n\n", "no names"),
        ("id,id,note\n1,2,3\n", "column 'id' twice"),
        ("id,Id,note\n1,2,3\n", "'id' beside 'Id'"),
        ("id,a\0b,note\n1,2,3\n", "a NUL byte"),
    ],
)
def test_a_file_without_a_usable_header_is_refused(con: Con, exports: Path, text: str, found: str) -> None:
    (exports / "orders.csv").write_text(text, "utf-8")
    assert found in refusal(con, exports, folder_of("orders.csv", PLAIN))


def test_what_is_not_there_is_unavailable_with_the_nearest(con: Con, exports: Path) -> None:
    (exports / "orders.csv").write_text("id,amount,note\n", "utf-8")
    assert "did you mean 'orders.csv'?" in refusal(con, exports, folder_of("order.csv", PLAIN))
    assert "leaves its folder" in refusal(con, exports, folder_of("../orders.csv", PLAIN))


def test_parquet_keeps_every_digit_and_its_instants_are_in_source_time(con: Con, exports: Path) -> None:
    con.execute(
        "copy (select 9007199254740993::bigint as id, 0.10::decimal(18,2) as amount, 'x' as note,"
        f" timestamptz '2024-01-31 23:00:00+00' as moment) to '{exports}/orders.parquet'"
    )
    source = folder_of("orders.parquet", PLAIN | {"moment": "timestamp"})
    shanghai = source.model_copy(update={"time_zone": "Asia/Shanghai"})
    row = (9007199254740993, Decimal("0.10"), "x")
    assert read(con, exports, source) == [(*row, datetime(2024, 1, 31, 23))]
    assert read(con, exports, shanghai) == [(*row, datetime(2024, 2, 1, 7))]


def workbook(path: Path, *rows: list[Any], merged: tuple[str, ...] = (), sheet: str = "Sheet") -> None:
    book = openpyxl.Workbook()
    at = book.active
    assert at is not None
    at.title = sheet
    for row in rows:
        at.append(row)
    for cells in merged:
        at.merge_cells(cells)
    book.save(path)


def test_a_workbook_with_merged_headers(con: Con, exports: Path) -> None:
    workbook(
        exports / "销售.xlsx",
        ["销售日报", None, None, None],
        ["日期", "门店", "销售", None],
        [None, None, "金额", "数量"],
        [datetime(2024, 1, 31), "北京 1 店", 12.1, 3],
        [None, None, None, None],
        [datetime(2024, 2, 1), "上海", 100, 2],
        merged=("A1:D1", "A2:A3", "B2:B3", "C2:D2"),
        sheet="明细",
    )
    columns = {
        "day": {"type": "date", "from": "日期"},
        "store": {"type": "string", "from": "门店"},
        "amount": {"type": "decimal(18,2)", "from": "销售 金额"},
        "pieces": {"type": "int64", "from": "销售 数量"},
    }
    how = {"sheet": "明细", "header_row": 2, "header_rows": 2}
    source = folder_of("销售.xlsx", columns, read=how, partition_by="day")
    assert read(con, exports, source, ["2024-01", "2024-02"]) == [
        (date(2024, 1, 31), "北京 1 店", Decimal("12.10"), 3, date(2024, 1, 1)),
        (date(2024, 2, 1), "上海", Decimal("100.00"), 2, date(2024, 2, 1)),
    ]


def test_cells_keep_what_they_are(con: Con, exports: Path) -> None:
    workbook(
        exports / "orders.xlsx", ["id", "at", "ok", "note"], [1, datetime(2024, 1, 1, 8, 30), True, " 007 "]
    )
    columns = {"id": "int64", "at": "timestamp", "ok": "boolean", "note": "string"}
    source = folder_of("orders.xlsx", columns)
    assert read(con, exports, source) == [(1, datetime(2024, 1, 1, 8, 30), True, " 007 ")]


def test_an_unknown_sheet_and_a_file_that_is_no_workbook_are_named(con: Con, exports: Path) -> None:
    workbook(exports / "orders.xlsx", ["id"], [1], sheet="data")
    source = folder_of("orders.xlsx", {"id": "int64"}, read={"sheet": "date"})
    assert "did you mean 'data'?" in refusal(con, exports, source)
    (exports / "orders.xlsx").write_text("nonsense", "utf-8")
    assert "no workbook" in refusal(con, exports, source)


def test_nothing_is_left_behind(con: Con, exports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(exports.parent))
    (exports / "orders.csv").write_bytes("id,amount,note\n1,1,北\n".encode("gb18030"))
    workbook(exports / "more.xlsx", ["id", "amount", "note"], [1, 1, "x"])
    read(con, exports, folder_of("orders.csv", PLAIN, read={"encoding": "gb18030"}))
    read(con, exports, folder_of("more.xlsx", PLAIN))
    assert [path.name for path in exports.parent.iterdir()] == ["exports"]
    assert con.execute(
        "select count(*) from duckdb_tables() where table_name like 'spooled%'"
    ).fetchone() == (0,)


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([["a", " b "]], ["a", "b"]),
        ([["Sales", None, None], ["x", "y", "z"]], ["Sales x", "Sales y", "Sales z"]),
        ([["Day", "Sales", None], [None, "x", "y"]], ["Day", "Sales x", "Sales y"]),
        ([["Day", "Day"], ["Day", "Night"]], ["Day", "Day Night"]),
        ([], []),
    ],
)
def test_rows_of_a_header_are_joined(rows: list[list[str | None]], names: list[str]) -> None:
    assert joined_header(rows) == names
