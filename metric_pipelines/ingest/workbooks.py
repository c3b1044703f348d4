"""Sheets of Excel workbooks as rows of texts, read in a stream."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.cell import column_index_from_string

from metric_pipelines.dictionary.source_definitions import Reading
from metric_pipelines.errors import SourceDataError, SourceUnavailableError, did_you_mean, listed
from metric_pipelines.exchange.cells import OLD, OLD_OR_LOCKED, as_workbook, text_of
from metric_pipelines.ingest.headers import joined_header
from metric_pipelines.ingest.spool import ROWS

warnings.filterwarnings(
    "ignore", module=r"openpyxl\."
)  # a date that cannot be is an error cell: refused below
UNCOMPUTED = re.compile(
    rb'<(?:\w+:)?c\b(?![^>]*\bt="str")[^>]*\br="([A-Z]+)(\d+)"[^>]*>\s*'
    rb"<(?:\w+:)?f\b[^>]*(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
"""A cell that has a formula and no value: nobody computed it since it was written."""


def header_of_sheet(where: str, file: Path, read: Reading) -> list[str]:
    """The names of a sheet's columns."""
    with _sheet(where, file, read) as sheet:
        last = read.header_row + read.header_rows - 1
        rows = sheet.iter_rows(min_row=read.header_row, max_row=last, values_only=True)
        return joined_header([[text_of(cell) for cell in row] for row in rows])


def rows_of_sheet(
    where: str, file: Path, read: Reading, columns: list[int]
) -> Iterator[list[tuple[str | None, ...]]]:
    """Batches of a sheet's rows below its header: the columns at these places. Empty rows are left out."""
    with _sheet(where, file, read) as sheet:
        _refuse_uncomputed(where, sheet, read, columns)
        below = sheet.iter_rows(min_row=read.header_row + read.header_rows, values_only=True)
        rows = (row for row in below if any(cell is not None for cell in row))
        texts = (tuple(text_of(row[i]) if i < len(row) else None for i in columns) for row in rows)
        while batch := list(islice(texts, ROWS)):
            yield batch


def _refuse_uncomputed(where: str, sheet: Any, read: Reading, columns: list[int]) -> None:
    """A formula without its value reads as an empty cell: its number would be missing without a word."""
    first, wanted = read.header_row + read.header_rows, {i + 1 for i in columns}
    found = [
        f"{letters}{row}"
        for letters, row in _uncomputed(sheet)
        if row >= first and column_index_from_string(letters) in wanted
    ]
    if found:
        said = f"{len(found):,} formula(s) without a value, such as {found[0]}"
        expected, remedy = "values beside all formulas", "open it in Excel or LibreOffice and save it"
        raise SourceDataError(f"{where}, sheet {sheet.title}", said, expected, remedy)


def _uncomputed(sheet: Any) -> Iterator[tuple[str, int]]:
    """Column letters and row of each such cell, from the sheet's own XML: openpyxl does not tell."""
    rest = b""
    with sheet._get_source() as content:
        while chunk := content.read(1 << 20):
            text = rest + chunk
            for cell in UNCOMPUTED.finditer(text):
                yield cell[1].decode(), int(cell[2])
            rest = text[max(text.rfind(b"</c>"), text.rfind(b":c>"), 0) :]


@contextmanager
def _sheet(where: str, file: Path, read: Reading) -> Iterator[Any]:
    """The sheet that is named, or the first.

    Raises: SourceDataError where the file is no workbook, or has no such sheet.
    """
    with opened_book(where, file) as book:
        if read.sheet is not None and read.sheet not in book.sheetnames:
            near = did_you_mean(read.sheet, book.sheetnames)
            expected = f"one of {listed(book.sheetnames)}"
            raise SourceDataError(where, f"no sheet {read.sheet!r}", expected, near)
        sheet = book[read.sheet] if read.sheet is not None else book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of its size may be less than it holds
        yield sheet


@contextmanager
def opened_book(where: str, file: Path) -> Iterator[Any]:
    """A workbook, read in a stream.

    Raises: SourceDataError where the file is none, SourceUnavailableError where it may not be read.
    """
    try:
        with file.open("rb") as content:
            if content.read(len(OLD_OR_LOCKED)) == OLD_OR_LOCKED:
                raise SourceDataError(where, *OLD)
    except OSError as error:
        found, expected = f"cannot be read: {error.strerror or error}", "a file and folder that may be read"
        raise SourceUnavailableError(where, found, expected, "mend the rights, or try again") from error
    with as_workbook(where, SourceDataError):
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        try:
            yield book
        finally:
            book.close()
