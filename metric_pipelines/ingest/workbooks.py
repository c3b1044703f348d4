"""Sheets of Excel workbooks as rows of texts, read in a stream."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.cell import column_index_from_string, get_column_letter

from metric_pipelines.dictionary.source_definitions import Reading
from metric_pipelines.errors import SourceDataError, SourceUnavailableError, did_you_mean, listed
from metric_pipelines.exchange.cells import OLD, OLD_OR_LOCKED, Merge, as_workbook, text_of
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
MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*\bref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
"""Cells that are one: letters and row of the first and the last."""


def header_of_sheet(where: str, file: Path, read: Reading) -> list[str]:
    """The names of a sheet's columns."""
    with _sheet(where, file, read) as sheet:
        last = read.header_row + read.header_rows - 1
        rows = sheet.iter_rows(min_row=read.header_row, max_row=last, values_only=True)
        return joined_header([[text_of(cell) for cell in row] for row in rows])


def rows_of_sheet(
    where: str, file: Path, read: Reading, columns: list[int], numbers: Collection[int] = ()
) -> Iterator[list[tuple[str | None, ...]]]:
    """Batches of a sheet's rows below its header: the columns at these places, of which `numbers` are read as
    numbers. Empty rows are left out; a text of merged cells stands in each of them.
    """
    with _sheet(where, file, read) as sheet:
        _refuse_uncomputed(where, sheet, read, columns)
        rows = (row for _, row in _spread(sheet, read))
        texts = (
            tuple(_text(row[i], read, i in numbers) if i < len(row) else None for i in columns)
            for row in rows
        )
        while batch := list(islice(texts, ROWS)):
            yield batch


def merged_numbers(
    where: str, file: Path, read: Reading, columns: Mapping[int, str]
) -> tuple[str, str] | None:
    """The first of these columns of numbers over whose cells a value is merged, and the range: in each of
    them it would count more than once, in the first it might count too little.
    """
    with _sheet(where, file, read) as sheet:
        merges = [
            merge for merge in _merges(sheet, read) if any(column - 1 in columns for column in merge.columns)
        ]
        if not merges:
            return None
        by_top = {(merge.top, merge.left): merge for merge in merges}
        last = max(merge.top for merge in merges)
        for number, row in takewhile(lambda one: one[0] <= last, _numbered(sheet, read)):
            for i, cell in enumerate(row, 1):
                merge = by_top.get((number, i)) if cell is not None else None
                if merge is not None and (touched := _twice(merge, columns)):
                    return columns[
                        touched[0]
                    ], f"{_at(merge.top, merge.left)}:{_at(merge.bottom, merge.right)}"
    return None


def _twice(merge: Merge, columns: Collection[int]) -> list[int]:
    """The columns of numbers that a merge would fill, where it fills more than one cell."""
    touched = [column - 1 for column in merge.columns if column - 1 in columns]
    return touched if merge.bottom > merge.top or len(touched) > 1 or merge.left - 1 not in columns else []


def _at(row: int, column: int) -> str:
    return f"{get_column_letter(column)}{row}"


def _text(cell: Any, read: Reading, number: bool) -> str | None:
    """A cell as the casts of its column take it: a number in a column of numbers has the table's sign."""
    text = text_of(cell)
    return text.replace(".", read.decimal) if text and number and isinstance(cell, float) else text


def _numbered(sheet: Any, read: Reading) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """The rows below the header that hold anything, as the sheet numbers them."""
    first = read.header_row + read.header_rows
    for number, row in enumerate(sheet.iter_rows(min_row=first, values_only=True), first):
        if any(cell is not None for cell in row):
            yield number, row


def _spread(sheet: Any, read: Reading) -> Iterator[tuple[int, Sequence[Any]]]:
    """These rows, with the value of merged cells in each of them."""
    waiting = sorted(_merges(sheet, read), key=lambda merge: -merge.top)
    filled: list[tuple[Merge, Any]] = []
    for number, row in _numbered(sheet, read):
        filled = [(merge, value) for merge, value in filled if merge.bottom >= number]
        while waiting and waiting[-1].top <= number:
            merge = waiting.pop()
            if merge.top == number and merge.left <= len(row) and row[merge.left - 1] is not None:
                filled.append((merge, row[merge.left - 1]))
        yield number, _with(row, filled) if filled else row


def _with(row: Sequence[Any], filled: Sequence[tuple[Merge, Any]]) -> Sequence[Any]:
    width = max(merge.right for merge, _ in filled)
    cells = [*row, *[None] * (width - len(row))]
    for merge, value in filled:
        for column in merge.columns:
            cells[column - 1] = value
    return cells


def _merges(sheet: Any, read: Reading) -> list[Merge]:
    """What is merged below the header, from the sheet's own XML: a stream of openpyxl does not tell."""
    found = {
        Merge(int(top), column_index_from_string(left), int(bottom), column_index_from_string(right))
        for left, top, right, bottom in (
            [part.decode() for part in one.groups()] for one in _in_xml(sheet, MERGED, b"<")
        )
    }
    return [merge for merge in found if merge.top >= read.header_row + read.header_rows]


def _refuse_uncomputed(where: str, sheet: Any, read: Reading, columns: list[int]) -> None:
    """A formula without its value reads as an empty cell: its number would be missing without a word."""
    first, wanted = read.header_row + read.header_rows, {i + 1 for i in columns}
    cells = ((cell[1].decode(), int(cell[2])) for cell in _in_xml(sheet, UNCOMPUTED, b"</c>", b":c>"))
    found = [
        f"{letters}{row}"
        for letters, row in cells
        if row >= first and column_index_from_string(letters) in wanted
    ]
    if found:
        said = f"{len(found):,} formula(s) without a value, such as {found[0]}"
        expected, remedy = "values beside all formulas", "open it in Excel or LibreOffice and save it"
        raise SourceDataError(f"{where}, sheet {sheet.title}", said, expected, remedy)


def _in_xml(sheet: Any, pattern: re.Pattern[bytes], *ends: bytes) -> Iterator[re.Match[bytes]]:
    """Where a pattern stands in the XML of a sheet, which is read in parts that are cut at one of `ends`."""
    rest = b""
    with sheet._get_source() as content:  # pinned in tests of openpyxl
        while chunk := content.read(1 << 20):
            text = rest + chunk
            yield from pattern.finditer(text)
            rest = text[max(0, *(text.rfind(end) for end in ends)) :]


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
