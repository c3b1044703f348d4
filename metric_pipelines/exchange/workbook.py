"""Tables as an Excel workbook: headings frozen and filtered, widths that can be read, and no text that a
spreadsheet would compute.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from metric_pipelines.errors import EnvironmentBrokenError, UsageError
from metric_pipelines.exchange.tables import Table, Value
from metric_pipelines.exchange.wording import is_chinese
from metric_pipelines.exchange.workbook_words import WORDS, word

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet computes a text that begins so (OWASP, CSV injection)."""
NARROWEST, WIDEST = 8, 60
LONGEST = 32_767
"""Characters that Excel holds in a cell."""
CUT = " …"
LOCALIZED = ("role", "kind")
"""Columns whose values are words of ours."""


def write_workbook(tables: Sequence[Table], file: Path, lang: str, *, replace: bool = False) -> None:
    """Writes one sheet a table, whole or not at all.

    Raises: UsageError where the file is there and not to be replaced, EnvironmentBrokenError where it cannot
    be written.
    """
    if file.suffix.lower() != ".xlsx":
        raise UsageError(str(file), f"the ending {file.suffix!r}", ".xlsx")
    if file.exists() and not replace:
        raise UsageError(str(file), "the file is there already", "a new name", "--force replaces it")
    book = Workbook()
    book.remove(book.worksheets[0])
    for table in tables:
        _sheet(book.create_sheet(word(table.name, lang)), table, lang)
    try:
        _save(book, file)
    except OSError as error:
        found = f"cannot be written: {error.strerror}"
        raise EnvironmentBrokenError(str(file), found, "a folder and disk that can be written") from error


def _save(book: Any, file: Path) -> None:
    handle, name = tempfile.mkstemp(dir=file.parent or Path(), prefix=f".{file.name}-")
    os.close(handle)
    try:
        book.save(name)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)  # as any new file; a temporary one is its owner's alone
        os.replace(name, file)
    finally:
        Path(name).unlink(missing_ok=True)


def _sheet(sheet: Any, table: Table, lang: str) -> None:
    for number, key in enumerate(table.columns, 1):
        cell = sheet.cell(1, number, word(key, lang))
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DDE6F0")
        cell.alignment = Alignment(vertical="top", wrap_text=True)
    widths = [_width(word(key, lang)) + 3 for key in table.columns]  # 3 for the filter's button
    for line, row in enumerate(table.rows, 2):
        for number, key in enumerate(table.columns, 1):
            value = row.get(key)
            text = word(str(value), lang) if key in LOCALIZED and value in WORDS else value
            _write(sheet.cell(line, number), text)
            widths[number - 1] = max(widths[number - 1], _width(str(text or "")) + 1)
    for number, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(number)].width = min(max(width, NARROWEST), WIDEST)
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(table.columns))}{len(table.rows) + 1}"


def _write(cell: Any, value: Value) -> None:
    if not isinstance(value, str):
        cell.value = value
        cell.alignment = Alignment(vertical="top")
        return
    text = ILLEGAL_CHARACTERS_RE.sub("", value)
    cell.value = text if len(text) <= LONGEST else text[: LONGEST - len(CUT)] + CUT
    cell.data_type = "s"  # openpyxl takes a leading = for a formula
    cell.quotePrefix = text.startswith(FORMULA_STARTS)  # and so would whoever edits the cell
    cell.alignment = Alignment(vertical="top", wrap_text=True)


def _width(text: str) -> int:
    """Places the longest line takes; a Chinese character takes two."""
    return max((sum(2 if is_chinese(c) else 1 for c in line) for line in text.split("\n")), default=0)
