"""Numbers for people: digits, units, changes, curves, months. A Decimal is shown with its own digits.

What does not belong here: where a number comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from rich.text import Text

from metric_pipelines import figures
from metric_pipelines.cli.texts import Words
from metric_pipelines.figures import Number
from metric_pipelines.figures import number as number

if TYPE_CHECKING:  # `scorecards` imports DuckDB and pandas
    from metric_pipelines.scorecards import Change

BLOCKS = "▁▂▃▄▅▆▇█"
WHOLE_MONTH = "~"
"""Before a change against a whole month while its own is not over."""


def with_unit(say: Words, value: Number | None, unit: str) -> str:
    """A value and its unit; `no data` for None."""
    if value is None:
        return say("no_data")
    return figures.with_unit(say.lang, value, unit)


def change(say: Words, moved: Change | None, unit: str) -> Text:
    """A change: percentage points for shares, else percent; coloured by what is good for the metric."""
    if moved is None:
        return Text(say("no_data"), style="neutral")
    words = difference(say, moved.difference, moved.relative, unit)
    return Text(f"{WHOLE_MONTH} {words}" if moved.whole else words, style=moved.judgement)


def difference(say: Words, absolute: float, relative: float | None, unit: str) -> str:
    """The words of a change; absolute where it was zero before."""
    return figures.difference(say.lang, absolute, relative, unit)


def sparkline(values: Sequence[float | None]) -> str:
    """A curve of unicode blocks; a blank where there is no value."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    steps = len(BLOCKS) - 1
    return "".join(
        " "
        if value is None
        else BLOCKS[round((value - low) / (high - low) * steps) if high > low else steps // 2]
        for value in values
    )


def month_spans(say: Words, months: Iterable[str]) -> str:
    """Months in words: `2017-03 to 2017-05, 2017-08`; empty for the whole."""
    return figures.month_spans(say.lang, months)


def seconds(value: float) -> str:
    """A duration: `0.8 s`, `1 min 12 s`."""
    if value < 60:
        return f"{value:.1f} s"
    return f"{int(value) // 60} min {int(value) % 60} s"


def gap(say: Words, absolute: float, unit: str) -> str:
    """A difference between two values of one unit, with its sign; percentage points for shares."""
    return figures.gap(say.lang, absolute, unit)


def period(grain: str, first: date) -> str:
    """A period by its first day: `2017-06`, `2017-Q2`, `2017`; days and weeks as that day itself."""
    match grain:
        case "month":
            return f"{first:%Y-%m}"
        case "quarter":
            return f"{first.year}-Q{(first.month + 2) // 3}"
        case "year":
            return f"{first.year}"
        case _:
            return first.isoformat()
