"""What is known of Excel and CSV files wherever they are read: cells as texts, merged cells, delimiters, and
what is no workbook.

Stays out: what a sheet is read for (a source's rows are streamed, a list is held by place).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zipfile import BadZipFile

from metric_pipelines.errors import MetricPipelinesError

DELIMITERS = ",;\t|"
OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"
"""How an .xls, and a workbook behind a password, begin."""
OLD = (
    "an old .xls, or a workbook with a password",
    "an .xlsx anybody can open",
    "open it in Excel and save it as .xlsx without a password",
)
"""Found, expected, remedy of such a file."""
BROKEN = (
    BadZipFile,
    zlib.error,
    EOFError,
    SyntaxError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RuntimeError,
    OSError,
)
"""What openpyxl, zip and XML say of a file that is no workbook, at once or in the middle of it."""


@dataclass(frozen=True)
class Merge:
    """Cells that are one: first and last row and column, from 1."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def columns(self) -> range:
        """Its columns."""
        return range(self.left, self.right + 1)


def text_of(cell: Any) -> str | None:
    """A cell's value as a text: ISO dates and times, whole numbers without a point, None for an empty one."""
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


def delimiter_of(line: str) -> str:
    """The delimiter that a line has most of."""
    return max(DELIMITERS, key=line.count)


@contextmanager
def as_workbook(where: str, kind: type[MetricPipelinesError]) -> Iterator[None]:
    """Turns what is said of a file that is no workbook into an error of this kind."""
    from openpyxl.utils.exceptions import InvalidFileException  # late: a fifth of a second, for this alone

    try:
        yield
    except (InvalidFileException, *BROKEN) as error:
        found = f"no workbook: {type(error).__name__}: {error}"[:200]
        raise kind(where, found, "an .xlsx file", "open it in Excel and save it anew") from error
