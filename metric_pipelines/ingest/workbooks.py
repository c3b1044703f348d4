"""Sheets of Excel workbooks as rows of texts, read in a stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from metric_pipelines.dictionary.source_definitions import Reading
from metric_pipelines.errors import SourceDataError, did_you_mean, listed
from metric_pipelines.ingest.headers import joined_header
from metric_pipelines.ingest.spool import ROWS


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
        below = sheet.iter_rows(min_row=read.header_row + read.header_rows, values_only=True)
        rows = (row for row in below if any(cell is not None for cell in row))
        texts = (tuple(text_of(row[i]) if i < len(row) else None for i in columns) for row in rows)
        while batch := list(islice(texts, ROWS)):
            yield batch


def text_of(cell: Any) -> str | None:
    """A cell as the casts take it: ISO dates, whole numbers without a point, nothing for an empty text."""
    match cell:
        case None | "":
            return None
        case bool():
            return "true" if cell else "false"
        case float():
            return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
        case datetime():
            return cell.isoformat(sep=" ") if cell.time() != time() else cell.date().isoformat()
        case date():
            return cell.isoformat()
        case _:
            return str(cell)


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
        yield book[read.sheet] if read.sheet is not None else book.worksheets[0]


@contextmanager
def opened_book(where: str, file: Path) -> Iterator[Any]:
    """A workbook, read in a stream.

    Raises: SourceDataError where the file is none.
    """
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except (InvalidFileException, BadZipFile, KeyError, OSError) as error:
        raise SourceDataError(where, f"no workbook: {error}", "an .xlsx file", "save it again") from error
    try:
        yield book
    finally:
        book.close()
