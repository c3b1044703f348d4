"""Models of a source system's YAML: its connection, its tables, how each is read and what it must keep."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from metric_pipelines.dictionary.yaml_types import (
    Column,
    Name,
    Owners,
    Strict,
    TableRules,
    Text,
    each_once,
)
from metric_pipelines.errors import did_you_mean

PLACEHOLDER = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
"""A variable of the environment in a connection: `${NAME}` or `${NAME:-default}`."""

_DIRECTIVE = re.compile(r"%(?:%|-?([A-Za-z]))")
_YEARS, _ZONES, _HOURS = frozenset("YyGcx"), frozenset("zZ"), frozenset("HIMSfgnpcX")
"""Directives of `strptime` as DuckDB has them."""


class SourceColumn(Column):
    """A column of a source table: its contract, and how it is read where the source has it otherwise.

    `from` is its name there; `format` (of `strptime`) is how it writes dates or times.
    """

    source_name: str | None = Field(default=None, alias="from")
    format: str | None = None

    @model_validator(mode="after")
    def _of_a_time(self) -> SourceColumn:
        if self.format is None:
            return self
        if self.type not in ("date", "timestamp"):
            raise ValueError(f"format of a {self.type}; expected it of a date or timestamp")
        parts = set(_DIRECTIVE.findall(self.format))
        if zone := parts & _ZONES:
            raise ValueError(
                f"format with %{min(zone)}, which would be lost; expected times of the source's time_zone: "
                "one offset of all is written as it stands (such as +0000), with its time_zone"
            )
        if self.type == "date" and (hour := parts & _HOURS):
            raise ValueError(
                f"format of a date with %{min(hour)}, which would be lost; expected type timestamp, or the "
                "text itself where it is always the same (such as 00:00)"
            )
        if not parts & _YEARS:
            raise ValueError(f"format {self.format!r} without a year; expected %Y or %y in it")
        return self


class Reading(Strict):
    """How a file is read: of CSV its encoding, delimiter and signs of numbers, of Excel its sheet, of both
    the row of the header (of several rows, `header_rows` of them, the names are joined).
    """

    encoding: str = "utf-8"
    delimiter: str | None = None
    decimal: Literal[".", ","] = "."
    thousands: Literal[",", ".", " ", "'"] | None = None
    sheet: str | None = None
    header_row: Annotated[int, Field(ge=1)] = 1
    header_rows: Annotated[int, Field(ge=1, le=5)] = 1

    @model_validator(mode="after")
    def _two_signs(self) -> Reading:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands are the same sign; expected two")
        return self


class Incremental(Strict):
    """How a table is read by what changed: the rows whose `cursor` is not below the last one seen, less an
    `overlap`; each replaces the row of the same `key`. Weekly, and where anything is in doubt, the table is
    read whole: rows that were deleted, or changed without a new cursor, are put right then.
    """

    cursor: str
    key: Annotated[list[str], Field(min_length=1), AfterValidator(each_once)]
    overlap: Annotated[int, Field(ge=0)] = 1


def _asset_key(value: Any) -> Any:
    parts = value.split("/") if isinstance(value, str) else value
    if not isinstance(parts, list) or not parts or not all(isinstance(p, str) and p.strip() for p in parts):
        raise ValueError("expected the key of an asset: [dbt, orders], or dbt/orders")
    return parts


AssetKey = Annotated[
    list[str],
    BeforeValidator(_asset_key),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""The key of an asset that is not ours, by its parts."""


class SourceTable(Strict):
    """One table of a source system: where it stands, its contract, how it is read.

    `table` is its name there (default: ours); in a folder of files a file name or a pattern such as
    `orders_*.csv`. `in_place` leaves Parquet files where they are: no copy is kept of them. `asset`
    is the asset in Dagster that makes it (`[dbt, orders]`), where there is one.
    """

    table: str | None = None
    asset: AssetKey | None = None
    label: Text
    description: Text
    partition_by: str | None = None
    reread: Annotated[int, Field(ge=1)] | Literal["all"] = 3
    incremental: Incremental | None = None
    in_place: bool = False
    columns: dict[str, SourceColumn]
    read: Reading = Reading()
    checks: TableRules = TableRules()

    @model_validator(mode="after")
    def _fit_to_be_read_in_place(self) -> SourceTable:
        if not self.in_place:
            return self
        if self.partition_by is not None or self.incremental is not None:
            other = "incremental" if self.incremental is not None else "partition_by"
            raise ValueError(
                f"in_place and {other}; expected one of them: what is read in place has no months"
            )
        if not (self.table or "").lower().endswith(".parquet"):
            raise ValueError("in_place of what is no Parquet; expected table: a name or pattern of .parquet")
        if formatted := next((name for name, column in self.columns.items() if column.format), None):
            raise ValueError(f"in_place with a format of {formatted}; expected columns in their own types")
        return self

    @model_validator(mode="after")
    def _fit_for_increments(self) -> SourceTable:
        if self.incremental is None:
            return self
        if "reread" in self.model_fields_set:
            raise ValueError("reread and incremental; expected one of them")
        named = [self.incremental.cursor, *self.incremental.key]
        unknown = next((column for column in named if column not in self.columns), None)
        if unknown is not None:
            near = did_you_mean(unknown, self.columns)
            raise ValueError(
                f"incremental names {unknown!r}; expected a column of the table" + (near and f"; {near}")
            )
        nullable = next((column for column in named if self.columns[column].nullable), None)
        if nullable is not None:
            raise ValueError(
                f"incremental by {nullable}, which may be empty; expected columns without nullable"
            )
        cursor = self.columns[self.incremental.cursor]
        if cursor.type not in ("int64", "date", "timestamp") or cursor.format is not None:
            found = f"a cursor of type {cursor.type}" + (" with a format" if cursor.format else "")
            raise ValueError(f"{found}; expected int64, date or timestamp, as the source itself has it")
        return self

    def computation(self) -> dict[str, Any]:
        """What the stored rows depend on."""
        types = {name: column.type for name, column in self.columns.items()}
        there = {
            name: [column.source_name, column.format]
            for name, column in self.columns.items()
            if column.source_name or column.format
        }
        read = self.read.model_dump(exclude_defaults=True)
        found: dict[str, Any] = {"table": self.table, "partition_by": self.partition_by, "columns": types}
        found |= {"in_place": True} if self.in_place else {}
        return found | ({"there": there} if there else {}) | ({"read": read} if read else {})


class Source(Strict):
    """A source system: a connection and its tables.

    `connection` is a SQLAlchemy URL (`postgresql://reader:${OMS_PASSWORD}@host/db`), a database file
    (`sqlite:///sources/crm.sqlite`, `duckdb:///...`) or a folder of files (`file:exports`); files are
    relative to the home folder. `${NAME}` and `${NAME:-default}` come from the environment, as every secret
    must.
    `time_zone` is that of its time stamps without a zone.
    """

    name: Name
    label: Text
    description: Text
    owners: Owners
    connection: str
    time_zone: str = "UTC"
    tables: dict[Name, SourceTable]
