"""What every kind of source system offers: its tables, with all values as text."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from metric_pipelines.dictionary.source_definitions import SourceTable


@dataclass(frozen=True)
class Span:
    """The rows of a table that are wanted: `column` (theirs) from `first` to before `last`, in its time."""

    column: str
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Since:
    """The rows of a table that are wanted: those with `column` (theirs) not below a value, in its time."""

    column: str
    value: int | date | datetime


@dataclass(frozen=True)
class Declared:
    """What a system itself says of a table: types of columns in our words (where it is sure of them), the
    primary key, comments.
    """

    kinds: dict[str, str] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    comments: dict[str, str] = field(default_factory=dict)


class System(Protocol):
    """An open source system, for one connection of DuckDB.

    `digits` is how many significant digits of a binary number its texts hold; None where all.
    """

    @property
    def digits(self) -> int | None: ...

    def tables(self) -> list[str]:
        """The names of its tables; file names where it is a folder."""

    def columns(self, table: str, spec: SourceTable) -> list[str]:
        """The names of a table's columns, as they are there."""

    def relation(self, table: str, spec: SourceTable, columns: list[str], part: Span | Since | None) -> str:
        """A relation of DuckDB with these columns (theirs) as VARCHAR: at least the rows of the part, and
        those whose column of the part is null or, of months, no year: they are refused.
        """

    def newest(self, table: str, spec: SourceTable, column: str, before: date) -> str | None:
        """The greatest text or time of a column before a day; None without rows."""

    def declared(self, table: str, spec: SourceTable) -> Declared:
        """What it says of a table, for a draft of its definition."""
