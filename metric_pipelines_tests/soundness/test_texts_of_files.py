"""Texts of files that were read as another number, day or time than they say, without a word."""

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
from metric_pipelines.dictionary.source_definitions import Source, SourceColumn
from metric_pipelines.errors import SourceDataError
from metric_pipelines.ingest import opened, stage
from metric_pipelines.warehouse.lake import scratch_database

Con = duckdb.DuckDBPyConnection


@pytest.fixture(scope="module")
def con() -> Iterator[Con]:
    with scratch_database() as found:
        yield found


def source(folder: Path, column: dict[str, Any], table: str = "orders.csv", **more: Any) -> Source:
    about = {"table": table, "label": "x", "description": "x", "columns": {"value": column}}
    owners = {"business": "a@example.com", "technical": "b@example.com"}
    plain = {"name": "shop", "label": "x", "description": "x", "owners": owners}
    return Source.model_validate(plain | {"connection": f"file:{folder}", "tables": {"orders": about | more}})


def value_of(
    con: Con, folder: Path, text: str, column: dict[str, Any], months: str = WHOLE, **more: Any
) -> Any:
    (folder / "orders.csv").write_text(f'value\n"{text}"\n', "utf-8")
    found = source(folder, column, **more)
    with opened(con, found, folder) as system:
        stage(con, system, found, "orders", "UTC", [months], "staged")
    return con.execute("select value from staged").fetchall()


SIGNS = {
    "1.234,5": {"decimal": ",", "thousands": "."},
    "1234,5": {"decimal": ","},
    "1,234.5": {"thousands": ","},
    "1 234,5": {"decimal": ",", "thousands": " "},
    "1'234.5": {"thousands": "'"},
}
AMOUNT = {"type": "decimal(18,2)"}


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("1.234,5", "12.50"),
        ("1.234,5", "7.5"),
        ("1.234,5", "1.2.3,4"),
        ("1.234,5", "1234.567"),
        ("1.234,5", "0.500"),
        ("1.234,5", "1,234.5"),
        ("1.234,5", "1.234,567,8"),
        ("1234,5", "12.50"),
        ("1234,5", "1.234"),
        ("1234,5", "1.234,5"),
        ("1,234.5", "1,5"),
        ("1,234.5", "12,34"),
        ("1,234.5", "1,2345"),
        ("1,234.5", "0,850"),
        ("1,234.5", "1234,567"),
        ("1 234,5", "1 5"),
        ("1 234,5", "1.5"),
        ("1'234.5", "1'5"),
    ],
)
def test_a_number_with_other_signs_is_refused(con: Con, tmp_path: Path, form: str, text: str) -> None:
    with pytest.raises(SourceDataError) as caught:
        value_of(con, tmp_path, text, AMOUNT, read=SIGNS[form])
    assert caught.value.where == "shop.orders.value"
    assert f"not {form}: {text}" in caught.value.found


@pytest.mark.parametrize(
    ("form", "text", "meant"),
    [
        ("1.234,5", "1.234", "1234"),
        ("1.234,5", "-12.345.678,90", "-12345678.90"),
        ("1.234,5", "1234,5", "1234.5"),
        ("1.234,5", "0,5", "0.5"),
        ("1.234,5", ",5", "0.5"),
        ("1.234,5", "7", "7"),
        ("1234,5", " 12,5 ", "12.5"),
        ("1,234.5", "+1,234.5", "1234.5"),
        ("1,234.5", "1234.5", "1234.5"),
        ("1 234,5", " 1 234 567,8 ", "1234567.8"),
        ("1'234.5", "1'234.5", "1234.5"),
    ],
)
def test_a_number_with_its_signs_is_read(con: Con, tmp_path: Path, form: str, text: str, meant: str) -> None:
    assert value_of(con, tmp_path, text, AMOUNT, read=SIGNS[form]) == [(Decimal(meant),)]


@pytest.mark.parametrize("months", [WHOLE, "2024-04"])
@pytest.mark.parametrize("text", ["05/04/24", "05/04/124", "05/04/0024"])
def test_a_year_of_two_digits_is_not_the_year_24(con: Con, tmp_path: Path, text: str, months: str) -> None:
    column = {"type": "date", "format": "%d/%m/%Y"}
    with pytest.raises(SourceDataError, match=rf"shop\.orders\.value: .* 'not %d/%m/%Y: {text}'"):
        value_of(
            con, tmp_path, text, column, months, **({} if months == WHOLE else {"partition_by": "value"})
        )


def test_a_year_of_two_digits_is_refused_without_a_format_too(con: Con, tmp_path: Path) -> None:
    with pytest.raises(SourceDataError, match=r"shop\.orders\.value: 1 value\(s\).*'24-04-05'"):
        value_of(con, tmp_path, "24-04-05", {"type": "date"})
    assert value_of(con, tmp_path, "0001-01-01", {"type": "date"}) == [(date(1, 1, 1),)]
    assert value_of(con, tmp_path, "2024-4-5", {"type": "date"}) == [(date(2024, 4, 5),)]


@pytest.mark.parametrize("kind", ["date", "timestamp"])
def test_a_row_of_no_year_is_not_passed_over_by_months(con: Con, tmp_path: Path, kind: str) -> None:
    with pytest.raises(SourceDataError, match=r"1 row\(s\) belong to no month, such as '0024-04-05'"):
        value_of(con, tmp_path, "0024-04-05", {"type": kind}, "2024-04", partition_by="value")


@pytest.mark.parametrize(
    ("kind", "form", "lost"),
    [
        ("timestamp", "%Y-%m-%d %H:%M %z", "with %z"),
        ("timestamp", "%Y-%m-%d %H:%M %Z", "with %Z"),
        ("date", "%d.%m.%Y %H:%M", "of a date with %H"),
        ("date", "%d.%m.%Y %-I%p", "of a date with %I"),
        ("date", "%c", "of a date with %c"),
        ("date", "%d.%m", "without a year"),
        ("timestamp", "%H:%M", "without a year"),
        ("date", "%d.%m.%%Y", "without a year"),
    ],
)
def test_a_format_of_which_something_would_be_lost_is_refused(kind: str, form: str, lost: str) -> None:
    with pytest.raises(ValueError, match=f"format.*{lost}.*; expected"):
        SourceColumn(type=kind, format=form)


def test_what_is_the_same_in_every_text_may_stand_in_the_format(con: Con, tmp_path: Path) -> None:
    day = {"type": "date", "format": "%d.%m.%Y 00:00"}
    assert value_of(con, tmp_path, "05.04.2024 00:00", day) == [(date(2024, 4, 5),)]
    with pytest.raises(SourceDataError):
        value_of(con, tmp_path, "05.04.2024 08:00", day)
    time = {"type": "timestamp", "format": "%Y-%m-%d %H:%M +0000"}
    assert value_of(con, tmp_path, "2024-04-30 23:30 +0000", time) == [(datetime(2024, 4, 30, 23, 30),)]
    with pytest.raises(SourceDataError):
        value_of(con, tmp_path, "2024-04-30 23:30 +0800", time)


def sheet_of(con: Con, folder: Path, rows: list[list[Any]], *merged: str, **columns: str) -> list[Any]:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in [list(columns), *rows]:
        book.active.append(row)
    for cells in merged:
        book.active.merge_cells(cells)
    book.save(folder / "orders.xlsx")
    found = source(folder, {"type": "string"}, "orders.xlsx")
    typed = {c: SourceColumn(type=kind, nullable=True) for c, kind in columns.items()}
    table = found.tables["orders"].model_copy(update={"columns": typed})
    found = found.model_copy(update={"tables": {"orders": table}})
    with opened(con, found, folder) as system:
        stage(con, system, found, "orders", "UTC", [WHOLE], "staged")
    return con.execute("select * from staged").fetchall()


def test_merged_cells_below_the_header_count_in_each_of_their_rows(con: Con, tmp_path: Path) -> None:
    rows = [["N", 1], [None, 2], ["S", 3], [None, 4], [None, 5], ["W", 6]]
    found = sheet_of(con, tmp_path, rows, "A2:A3", "A4:A6", region="string", amount="int64")
    assert found == [("N", 1), ("N", 2), ("S", 3), ("S", 4), ("S", 5), ("W", 6)]


def test_merged_cells_fill_short_rows_and_no_empty_ones(con: Con, tmp_path: Path) -> None:
    day = datetime(2024, 1, 31)
    rows = [["a", "x", day], ["b"], [None], ["c", "z"]]
    found = sheet_of(con, tmp_path, rows, "B2:B4", "C2:C5", id="string", note="string", day="date")
    assert found == [("a", "x", day.date()), ("b", "x", day.date()), ("c", "z", day.date())]
    found = sheet_of(con, tmp_path, [["all", None], ["a", "b"]], "A2:B2", one="string", other="string")
    assert found == [("all", "all"), ("a", "b")]


@pytest.mark.parametrize("merged", ["B2:B4", "B2:C2", "A3:B3"])
def test_a_number_merged_over_rows_is_refused_with_its_range(con: Con, tmp_path: Path, merged: str) -> None:
    """One fee for three lines of an order: in each of them it would be three fees."""
    rows = [["a", 100.5, 7], ["b", None, 8], ["c", None, 9]]
    with pytest.raises(SourceDataError, match=rf"orders\.xlsx\)\.fee: cells merged over numbers, {merged};"):
        sheet_of(con, tmp_path, rows, merged, id="string", fee="decimal(18,2)", pieces="int64")


def test_empty_merged_cells_and_those_of_other_columns_are_no_matter(con: Con, tmp_path: Path) -> None:
    rows = [["a", 1.5, "x"], ["b", None, None], [None, None, None]]
    assert sheet_of(con, tmp_path, rows, "B3:B4", "C2:C3", id="string", fee="double", note="string") == [
        ("a", 1.5, "x"),
        ("b", None, "x"),
    ]


@pytest.mark.parametrize("read", list(SIGNS.values()), ids=list(SIGNS))
def test_a_number_of_excel_is_itself_whatever_signs_its_texts_have(
    con: Con, tmp_path: Path, read: dict[str, Any]
) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    text = f"2{read.get('decimal', '.')}5"
    for row in (["value"], [12.5], [1234.567], [7], [text]):
        book.active.append(row)
    book.save(tmp_path / "orders.xlsx")
    found = source(tmp_path, {"type": "decimal(18,3)"}, "orders.xlsx", read=read)
    with opened(con, found, tmp_path) as system:
        stage(con, system, found, "orders", "UTC", [WHOLE], "staged")
    values = [str(value) for (value,) in con.execute("select value from staged").fetchall()]
    assert values == ["12.500", "1234.567", "7.000", "2.500"]
