"""Workbooks and CSV files as texts by place, whatever their encoding; what is no list is refused."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.cells import Merge
from metric_pipelines.exchange.sheets import Sheet, read_sheets

CHINESE = "指标名称,部门,口径\n销售额,销售部,已支付订单的金额\n"


def workbook(file: Path, *rows: list[Any], merge: str = "") -> Path:
    book = Workbook()
    sheet: Any = book.active
    for row in rows:
        sheet.append(row)
    if merge:
        sheet.merge_cells(merge)
    book.save(file)
    return file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_csv_is_read_in_any_encoding_that_excel_writes(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(CHINESE.encode(encoding))
    [sheet] = read_sheets(file)
    assert (sheet.name, sheet.text(1, 1), sheet.text(2, 3)) == (None, "指标名称", "已支付订单的金额")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_is_read_with_any_delimiter(tmp_path: Path, delimiter: str) -> None:
    file = tmp_path / "list.csv"
    file.write_text(CHINESE.replace(",", delimiter), encoding="utf-8")
    assert read_sheets(file)[0].columns == 3


def test_values_are_texts_as_a_person_sees_them(tmp_path: Path) -> None:
    row = [
        3.0,
        0.5,
        2.0**60,
        True,
        date(2024, 6, 30),
        datetime(2024, 6, 30, 8),
        " a\u200b \r\n b ",
        None,
        "=B1/A1",
    ]
    [sheet] = read_sheets(workbook(tmp_path / "list.xlsx", row))
    found = [sheet.text(1, column) for column in range(1, 10)]
    # What Excel has not computed stays as it was typed.
    assert found == [
        "3",
        "0.5",
        "1.152921504606847e+18",
        "true",
        "2024-06-30",
        "2024-06-30 08:00:00",
        "a\nb",
        "",
        "B1/A1",
    ]


def test_merged_cells_count_in_each_of_them() -> None:
    sheet = Sheet("x", {(1, 1): "a", (3, 2): "b"}, [Merge(1, 1, 3, 1)])
    assert sheet.spread() == {(1, 1): "a", (2, 1): "a", (3, 1): "a", (3, 2): "b"}


def test_a_column_that_is_coloured_to_the_last_row_costs_nothing(tmp_path: Path) -> None:
    book = Workbook()
    sheet: Any = book.active
    sheet.append(["Name", "Department"])
    sheet.cell(1_048_576, 200).number_format = "0.00"
    book.save(tmp_path / "list.xlsx")
    [found] = read_sheets(tmp_path / "list.xlsx")
    assert (found.rows, found.columns) == (1, 2)


def refused(file: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_sheets(file)
    return str(caught.value)


def test_what_is_no_list_is_refused_with_a_hint(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path / "missing.xlsx")
    for name, content, hint in (
        ("old.xls", b"\xd0\xcf\x11\xe0", "save it as .xlsx"),
        ("locked.xlsx", b"\xd0\xcf\x11\xe0 a password", "a password"),
        ("broken.xlsx", b"PK\x03\x04 and no more", "no workbook"),
        ("list.pdf", b"%PDF", ".xlsx"),
        ("binary.csv", b"\x00\x01\xff\xff\x80", "neither UTF-8 nor GB18030"),
        ("open.csv", b'a,"b\nc,d', "not CSV"),
        ("cut.csv", "指标名称".encode("utf-16")[:-1], "not UTF-16"),
        ("half.csv", b"\xff\xfea\x00\x00\xd8b\x00", "not UTF-16"),
    ):
        (tmp_path / name).write_bytes(content)
        assert hint in refused(tmp_path / name), name


def test_a_zip_that_is_no_workbook_or_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "no.xlsx", "w") as archive:
        archive.writestr("a.txt", "b")
    assert "no workbook" in refused(tmp_path / "no.xlsx")
    with (
        zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(401):
            part.write(b" " * 1_000_000)
    assert "unpacked" in refused(tmp_path / "bomb.xlsx")
