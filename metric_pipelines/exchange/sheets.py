"""Sheets of texts from an Excel workbook or a CSV file, with what is merged.

Every cell becomes a text as a person sees it: numbers without a trailing `.0`, dates as ISO, a formula that
Excel could not compute as it was typed (somebody who writes `=income/orders` under "formula" means the text).
Stays out: which row is the header, and what columns mean (`columns.py`).
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.cells import OLD, OLD_OR_LOCKED, Merge, as_workbook, delimiter_of, text_of

MAX_BYTES = 50_000_000
MAX_UNPACKED = 400_000_000
"""A small file that unpacks to more is no list of metrics."""
MAX_ROWS = 20_000
MAX_COLUMNS = 200
ENCODINGS = ("utf-8-sig", "gb18030")
SUFFIXES = (".xlsx", ".xlsm", ".csv", ".tsv", ".txt")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u2060\ufeff]|_x000D_")

Place = tuple[int, int]
"""Row and column, both from 1."""


@dataclass(frozen=True)
class Sheet:
    """Texts by place (empty cells are absent), and what is merged; `name` is None in a CSV file."""

    name: str | None
    cells: dict[Place, str]
    merges: list[Merge] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """The last row with a text."""
        return max((row for row, _ in self.cells), default=0)

    @property
    def columns(self) -> int:
        """The last column with a text."""
        return max((column for _, column in self.cells), default=0)

    def text(self, row: int, column: int) -> str:
        """The text of a cell, or an empty one."""
        return self.cells.get((row, column), "")

    def spread(self) -> dict[Place, str]:
        """The texts, with that of merged cells in each of them."""
        found = dict(self.cells)
        for merge in self.merges:
            text = self.text(merge.top, merge.left)
            if text:
                rows = range(merge.top, min(merge.bottom, self.rows) + 1)
                columns = range(merge.left, min(merge.right, self.columns) + 1)
                found |= {(row, column): text for row in rows for column in columns}
        return found


def read_sheets(path: Path) -> list[Sheet]:
    """The visible sheets of a workbook that hold anything, or the one sheet of a CSV file.

    Raises: UsageError for a file that is missing, too large, encrypted, of the old format or no table.
    """
    if path.suffix.lower() not in SUFFIXES:
        if path.suffix.lower() == ".xls":
            raise UsageError(str(path), *OLD)
        raise UsageError(str(path), f"a file {path.suffix or 'without an ending'}", ", ".join(SUFFIXES))
    try:
        raw = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError as error:
        raise UsageError(str(path), f"cannot be read: {error.strerror}", "an Excel or CSV file") from error
    if raw is None:
        raise UsageError(str(path), "a file too large for a list", f"at most {MAX_BYTES:,} bytes")
    sheets = _workbook(path, raw) if path.suffix.lower() in (".xlsx", ".xlsm") else [_csv(path, raw)]
    for sheet in sheets:
        if sheet.rows > MAX_ROWS or sheet.columns > MAX_COLUMNS:
            found = f"{sheet.rows:,} rows and {sheet.columns} columns"
            raise UsageError(_place(path, sheet), found, f"a list of at most {MAX_ROWS:,} and {MAX_COLUMNS}")
    return [sheet for sheet in sheets if sheet.cells]


def _place(path: Path, sheet: Sheet) -> str:
    return f"{path}, sheet {sheet.name}" if sheet.name else str(path)


def _workbook(path: Path, raw: bytes) -> list[Sheet]:
    import openpyxl  # late: a fifth of a second, for this alone

    if raw.startswith(OLD_OR_LOCKED):
        raise UsageError(str(path), *OLD)
    with as_workbook(str(path), UsageError):
        unpacked = sum(part.file_size for part in zipfile.ZipFile(io.BytesIO(raw)).infolist())
        if unpacked > MAX_UNPACKED:
            raise UsageError(str(path), f"{unpacked:,} bytes unpacked", f"at most {MAX_UNPACKED:,}")
        shown = openpyxl.load_workbook(io.BytesIO(raw), data_only=True)
        typed = openpyxl.load_workbook(io.BytesIO(raw), data_only=False)
    visible = [sheet for sheet in shown.worksheets if sheet.sheet_state == "visible"]
    return [_sheet(sheet, typed[sheet.title]) for sheet in visible]


def _sheet(shown: Any, typed: Any) -> Sheet:
    # `_cells` holds the cells there are; iterating over rows would make one for every gap, up to a million
    # rows where somebody coloured a whole column.
    cells: dict[Place, str] = {}
    for place, cell in typed._cells.items():
        value = shown.cell(*place).value if cell.data_type == "f" else cell.value
        broken = value is None or (isinstance(value, str) and value.startswith("#"))
        text = _text(_formula(cell.value) if cell.data_type == "f" and broken else value)
        if text:
            cells[place] = text
    merges = [Merge(m.min_row, m.min_col, m.max_row, m.max_col) for m in typed.merged_cells.ranges]
    return Sheet(shown.title, dict(sorted(cells.items())), merges)


def _formula(value: Any) -> str:
    return str(getattr(value, "text", value) or "").removeprefix("=")


def _text(value: Any) -> str:
    """A cell without invisible characters, and without blanks around its lines."""
    lines = _INVISIBLE.sub("", text_of(value) or "").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.strip() for line in lines).strip()


def _csv(path: Path, raw: bytes) -> Sheet:
    text = _decoded(path, raw)
    delimiter = delimiter_of(text.lstrip("\n\r").split("\n", 1)[0])
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise UsageError(str(path), f"not CSV: {error}", 'lines of cells, quoted with "') from error
    cells = {
        (r, c): found
        for r, row in enumerate(rows, 1)
        for c, value in enumerate(row, 1)
        if (found := _text(value))
    }
    return Sheet(None, cells)


def _decoded(path: Path, raw: bytes) -> str:
    marked = raw[:2] in (b"\xff\xfe", b"\xfe\xff")  # Excel's "Unicode text"
    for encoding in ("utf-16",) if marked else ENCODINGS:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    found = "not UTF-16, as its first bytes say" if marked else "neither UTF-8 nor GB18030"
    raise UsageError(str(path), found, "a text file", "save it as CSV UTF-8")
