"""What we rely on, or work round, in openpyxl: parts without a promise, and what it does not tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = openpyxl.Workbook()
    sheet: Any = written.active
    sheet["A1"], sheet["B2"] = "a", "=A1"
    sheet.merge_cells("A2:A3")
    sheet.cell(1_000, 50).number_format = "0.00"
    file = tmp_path_factory.mktemp("pins") / "book.xlsx"
    written.save(file)
    return file


def test_the_xml_of_a_streamed_sheet_can_be_read_since_it_tells_neither_formulas_nor_merged_cells(
    book: Path,
) -> None:
    read = openpyxl.load_workbook(book, read_only=True, data_only=True)
    sheet: Any = read.worksheets[0]
    with sheet._get_source() as content:
        xml = content.read()
    assert b'<mergeCell ref="A2:A3"' in xml
    assert b"<f>A1</f>" in xml
    assert not hasattr(sheet, "merged_cells"), "public now: use it in place of the XML"
    assert sheet.cell(2, 2).value is None
    read.close()


def test_the_cells_of_a_sheet_are_those_that_are_written_by_place(book: Path) -> None:
    """Rows and columns would be made for every gap, up to a million."""
    sheet: Any = openpyxl.load_workbook(book).worksheets[0]
    assert {place: cell.value for place, cell in sheet._cells.items()} == {
        (1, 1): "a",
        (2, 1): None,
        (2, 2): "=A1",
        (3, 1): None,
        (1_000, 50): None,
    }
