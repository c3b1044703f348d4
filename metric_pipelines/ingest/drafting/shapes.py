"""Shapes that all values of a column may have: each a type, how it is written, and a condition in SQL.

Numbers by their signs (`1,234.5`, `1.234,5`), days and times by their formats. A number with a leading zero
is a code, and a text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from metric_pipelines.dictionary.source_definitions import Reading
from metric_pipelines.ingest.staging import TIME_STAMP
from metric_pipelines.ingest.texts import quoted

Base = Literal["boolean", "number", "double", "date", "timestamp"]
Order = Literal["", "day", "month"]


@dataclass(frozen=True)
class Signs:
    """The decimal sign, and that between thousands."""

    decimal: Literal[".", ","] = "."
    thousands: Literal[",", ".", " ", "'"] | None = None

    def of(self, read: Reading) -> Reading:
        """A reading with these signs."""
        return read.model_copy(update={"decimal": self.decimal, "thousands": self.thousands})


PLAIN = Signs()
SIGNS = (
    PLAIN,
    Signs(",", None),
    Signs(".", ","),
    Signs(",", "."),
    Signs(",", " "),
    Signs(".", " "),
    Signs(".", "'"),
)


@dataclass(frozen=True)
class Shape:
    """A shape; `{}` in `condition` is the text. `order`: whether days or months come first, where that is
    not said by the values' own form.
    """

    base: Base
    condition: str
    format: str | None = None
    signs: Signs = PLAIN
    order: Order = ""


def shapes(kind: str, *, signs: bool) -> list[Shape]:
    """All shapes that may be meant, the likelier first. `kind` is the type the system says, or an empty
    text; `signs`: whether numbers may be written with other signs than a decimal point.
    """
    times = [ISO_DATE, ISO_TIME, *FORMATS]
    if kind == "string":  # digits in a text of a database are a code
        return times
    numbers = [_number(one) for one in (SIGNS if signs else (PLAIN,))]
    numbers += [_double(one) for one in ((PLAIN, SIGNS[1]) if signs else (PLAIN,))]
    if kind in ("double", "int64") or kind.startswith("decimal"):
        return numbers[:1] + numbers[-1:]
    return [BOOLEAN, *([DIGITS] if signs else []), *numbers, *times]


def _match(pattern: str) -> str:
    return f"regexp_full_match({{}}, {quoted(pattern)})"


def _number(signs: Signs) -> Shape:
    point = re.escape(signs.decimal)
    plain = rf"(0|[1-9]\d*)({point}\d+)?|{point}\d+"
    if signs.thousands:
        plain += rf"|[1-9]\d{{0,2}}({re.escape(signs.thousands)}\d\d\d)+({point}\d+)?"
    return Shape("number", _match(f" *-?({plain}) *"), signs=signs)


def _double(signs: Signs) -> Shape:
    point = re.escape(signs.decimal)
    digits = rf" *-?(0|[1-9]\d*)?({point}\d+)?([eE][-+]?\d+)? *"
    return Shape("double", f"{_match(digits)} and regexp_matches({{}}, '\\d')", signs=signs)


def _formatted(format_: str, order: Order = "") -> Shape:
    parts = {"Y": r"\d{4}", "y": r"\d\d", "m": r"\d{1,2}", "d": r"\d{1,2}", "H": r"\d{1,2}", "I": r"\d{1,2}"}
    parts |= {"M": r"\d\d", "S": r"\d\d", "f": r"\d{1,6}", "b": "[A-Za-z]{3}", "p": "[AaPp][Mm]"}
    pattern = re.sub(
        r"%(\w)|([^%\w\s])",
        lambda found: parts[found[1]] if found[1] else re.escape(found[2]),
        format_,
    )
    condition = f"{_match(pattern)} and try_strptime({{}}, {quoted(format_)}) is not null"
    timed = any(f"%{part}" in format_ for part in "HI")
    return Shape("timestamp" if timed else "date", condition, format_, order=order)


DAYS: tuple[tuple[str, Order], ...] = (
    ("%Y-%m-%d", ""),
    ("%Y/%m/%d", ""),
    ("%Y.%m.%d", ""),
    ("%Y年%m月%d日", ""),
    ("%d.%m.%Y", ""),
    ("%d.%m.%y", ""),
    ("%d %b %Y", ""),
    ("%d-%b-%Y", ""),
    ("%d/%m/%Y", "day"),
    ("%m/%d/%Y", "month"),
    ("%d-%m-%Y", "day"),
    ("%m-%d-%Y", "month"),
    ("%d/%m/%y", "day"),
    ("%m/%d/%y", "month"),
)
"""Of days; with points, days come first wherever points are used."""
TIMES = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M:%S %p", "%I:%M %p")

BOOLEAN = Shape("boolean", "lower({}) in ('true', 'false')")
ISO_DATE = Shape("date", _match(r"\d{4}-\d\d-\d\d") + " and try_cast({} as date) is not null")
ISO_TIME = Shape("timestamp", _match(TIME_STAMP) + " and try_cast({} as timestamp) is not null")
FORMATS = [_formatted(day, order) for day, order in DAYS] + [
    _formatted(f"{day} {time}", order) for day, order in DAYS for time in TIMES
]
DIGITS = Shape(
    "date",
    _match(r"(19[9]\d|20\d\d)[01]\d[0-3]\d") + " and try_strptime({}, '%Y%m%d') is not null",
    "%Y%m%d",
)
"""20240131: a day, where every value of the column is one since 1990."""
