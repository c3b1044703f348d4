"""Answers: rows of numbers, and the months that are not as of now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from metric_pipelines.dictionary.definitions import Grain
from metric_pipelines.warehouse.groups import TIME

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Gap:
    """A month that is not as of now: `kept` where its last good values are answered, else it is left out."""

    month: str
    state: str
    kept: bool
    reason: str


Kind = Literal["published", "rollup", "model"]
"""Where an answer is from: published rows, a cut that is kept, or the models."""


@dataclass(frozen=True)
class Explanation:
    """How an answer was found: `how` it was made of `tables` as of `receipts` (months by snapshot), why not
    otherwise, and its SQL. `how` and the values of `why_not` are words that the texts explain.
    """

    how: str
    cut: str
    why_not: dict[str, str]
    tables: list[str]
    receipts: dict[int, list[str]]
    sql: str


@dataclass(frozen=True)
class Answer:
    """Rows of (metric_time, dimensions, value[, numerator, denominator]), ordered, and their gaps.

    `unmatched` is the filter where months of the span are published, and no row of them fits it.
    """

    metric: str
    grain: Grain
    dimensions: list[str]
    columns: list[str]
    rows: list[tuple[Any, ...]]
    route: Kind
    gaps: list[Gap] = field(default_factory=list)
    explanation: Explanation | None = None
    unmatched: str | None = None

    def frame(self) -> pd.DataFrame:
        """The rows as pandas: `metric_time` as datetime64, dimensions as text, `value` exact (Decimal) or
        float.
        """
        import pandas as pd  # late: 0.4 s, where a frame is asked for

        frame = pd.DataFrame(self.rows, columns=self.columns)
        frame[TIME] = pd.to_datetime(frame[TIME])
        return frame
