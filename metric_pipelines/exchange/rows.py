"""The rows of a list below its header: which hold a metric, and what stands in them, by field.

Merged cells count in each of their rows. Empty rows, repeated headers and section titles (a text merged over
most columns) are no metrics; the latter are told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from metric_pipelines.exchange.columns import Column, Header
from metric_pipelines.exchange.headings import NOTE
from metric_pipelines.exchange.sheets import Sheet
from metric_pipelines.exchange.wording import folded, language_of, plain, prose

NOTHING = ("-", "--", "—", "——", "/", "n/a")
"""What people write into a cell that says nothing."""
NUMBER = "number"
"""The field of a running number, which says nothing."""


@dataclass(frozen=True)
class Cell:
    """A text in a row, under its column."""

    column: Column
    text: str

    @property
    def lang(self) -> str:
        """The language its heading says, else that of the text."""
        return self.column.lang or language_of(self.text)


@dataclass(frozen=True)
class Row:
    """A row, as a spreadsheet numbers it: cells by field, and notes by heading."""

    number: int
    cells: dict[str, list[Cell]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def first(self, name: str) -> Cell | None:
        """The first cell of a field that is not empty."""
        return next(iter(self.cells.get(name, [])), None)

    def line(self, name: str) -> str:
        """A field as one plain line; empty where it is not given."""
        cell = self.first(name)
        return plain(cell.text) if cell is not None else ""

    def both(self, name: str) -> dict[str, str]:
        """A text field by language."""
        found: dict[str, str] = {}
        for cell in self.cells.get(name, []):
            found.setdefault(cell.lang, prose(cell.text))
        return found

    def note(self, heading: str, text: str) -> None:
        """Keeps a text that has no field, under its heading."""
        name, n = heading, 2
        while self.notes.get(name, text) != text:
            name, n = f"{heading} ({n})", n + 1
        self.notes[name] = text


def rows_of(sheet: Sheet, header: Header) -> Iterator[Row | tuple[int, str]]:
    """Each row with a text, from the first below the header; a section's title as its number and text."""
    texts = sheet.spread()
    headings = {column.number: folded(column.heading) for column in header.columns}
    wide = max(3, len(header.columns) // 2 + 1)
    sections = {merge.top for merge in sheet.merges if merge.right - merge.left + 1 >= wide}
    filled = sorted({row for row, _ in sheet.cells if row > header.last})
    for number in filled:
        if number in sections:
            yield number, next(text for (row, _), text in sorted(sheet.cells.items()) if row == number)
            continue
        row = Row(number)
        repeated = 0
        for column in header.columns:
            text = texts.get((number, column.number), "")
            text = "" if text.casefold() in NOTHING else text
            repeated += bool(text) and folded(text) == headings[column.number]
            if text and column.field == NOTE:
                row.note(column.heading or f"column {letters(column.number)}", prose(text))
            elif text and column.field != NUMBER:
                row.cells.setdefault(column.field, []).append(Cell(column, text))
        if (row.cells or row.notes) and repeated < 2:
            yield row


def letters(number: int) -> str:
    """A column as a spreadsheet names it: 1 is A, 27 is AA."""
    name = ""
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name
