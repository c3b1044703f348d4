"""How a file of texts or a sheet is laid out: encoding, delimiter, and where its header stands.

A header is the first row, or rows that join, with a name over every column that holds something; what stands
above it (titles, empty rows) is passed over. Its cells are words, not numbers or dates.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from metric_pipelines.exchange.cells import DELIMITERS
from metric_pipelines.ingest.files import UTF_8
from metric_pipelines.ingest.headers import joined_header

Row = Sequence[str | None]
LOOKED_AT = 40
"""Rows that are looked at for a header."""
DEEPEST = 20
MOST_ROWS = 3
CHUNK = 1 << 20
_LETTER = re.compile(r"[^\W\d_]")
_OF_A_DATE = re.compile(r"[年月日时分秒]|(?<=\d)T(?=\d)|(?<=\d)Z$")
_YEAR = re.compile(r"(19|20)\d\d")


def encoding_of(files: Sequence[Path]) -> str:
    """The encoding that all bytes of all files fit: UTF-8 (UTF-16 with its mark), GB18030, or Latin."""
    with files[0].open("rb") as first:
        if first.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
    if _fits(files, "utf-8"):
        return "utf-8"
    if _fits(files, "gb18030") and not all(_looks_latin(file) for file in files):
        return "gb18030"
    return "cp1252" if _fits(files, "cp1252") else "latin-1"


def _fits(files: Sequence[Path], encoding: str) -> bool:
    return all(_fits_one(file, encoding) for file in files)


def _fits_one(file: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with file.open("rb") as content:
            while chunk := content.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _looks_latin(file: Path) -> bool:
    """Whether bytes beyond ASCII mostly stand alone between Latin letters, as in `Noël`: GB18030 would take
    them with the letter behind as one rare character.
    """
    with file.open("rb") as content:
        raw = content.read(CHUNK)
    alone = len(re.findall(rb"(?<![\x80-\xff])[\x80-\xff](?=[\x00-\x7f])", raw))
    pairs = len(re.findall(rb"[\x80-\xff][\xa1-\xfe]", raw))
    return alone > pairs


def first_lines(file: Path, encoding: str) -> list[str]:
    """The first lines of a file."""
    taken = "utf-8-sig" if encoding in UTF_8 else encoding
    with file.open(encoding=taken, newline="") as lines:
        first = list(islice(lines, LOOKED_AT))
    return [first[0].removeprefix("\ufeff"), *first[1:]] if first else []


def delimiter_of(lines: Sequence[str]) -> str:
    """The delimiter by which most lines have as many cells."""

    def regular(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
        widths.pop(1, None)
        return max(((count, width) for width, count in widths.items()), default=(0, 0))

    return max(DELIMITERS, key=regular)


def cells_of(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """The cells of each line by itself: header rows are counted in lines."""
    return [next(csv.reader([line], delimiter=delimiter), []) for line in lines]


def header_rows(rows: Sequence[Row]) -> tuple[int, int] | None:
    """The header's first row (from 1) and how many rows it has; None where there is none.

    Of all that could be one, that which ends first; of those, the one with the fewest rows.
    """
    for whole in (True, False):
        found = [
            (first + count, count)
            for first in range(min(len(rows), DEEPEST))
            for count in range(1, MOST_ROWS + 1)
            if _is_header(rows, first, count, whole=whole)
        ]
        if found:
            end, count = min(found)
            more = _has_row_of_units(rows, end) and _is_header(rows, end - count, count + 1, whole=whole)
            return end - count + 1, count + more
    return None


def _is_header(rows: Sequence[Row], first: int, count: int, *, whole: bool) -> bool:
    """Names, each once, over all columns that hold something (not `whole`: over most of them)."""
    chosen, below = rows[first : first + count], rows[first + count :]
    if len(chosen) < count or any(_is_data(cell) for row in chosen for cell in _years_apart(row)):
        return False
    names = joined_header(chosen)
    named = [i for i, name in enumerate(names) if name]
    needed = {i for row in below for i, cell in enumerate(row) if (cell or "").strip()} or set(named)
    if len(named) < 1 + (not below) or not any((cell or "").strip() for cell in chosen[0]):
        return False
    if len({names[i] for i in named}) < len(named):
        return False
    missing = needed - set(named)
    return not missing if whole else len(missing) < len(needed) / 2 and len(named) > 1


def _years_apart(row: Row) -> list[str]:
    """The filled cells; years stand over columns, too, where there are words beside them."""
    cells = [cell.strip() for cell in row if cell and cell.strip()]
    words = [cell for cell in cells if not _YEAR.fullmatch(cell)]
    return words or cells


def _has_row_of_units(rows: Sequence[Row], at: int) -> bool:
    """Whether a row below the header holds words alone, where all below it are numbers or dates."""
    if len(rows) < at + 3 or any(_is_data(cell) for cell in rows[at] if cell):
        return False
    for i, cell in enumerate(rows[at]):
        below = [row[i] for row in rows[at + 1 :] if i < len(row) and row[i]]
        if cell and len(below) > 1 and all(_is_data(one) for one in below):
            return True
    return False


def _is_data(cell: str | None) -> bool:
    """Whether a cell is a number, a date or a time."""
    text = (cell or "").strip()
    return any(c.isdigit() for c in text) and not _LETTER.search(_OF_A_DATE.sub("", text))
