"""Answers: rows of numbers, and the months that are not as of now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from metric_pipelines.dictionary.definitions import Grain
from metric_pipelines.warehouse.groups import TIME


@dataclass(frozen=True)
class Gap:
    """A month that is not as of now: `kept` where its last good values are answered, else it is left out."""

    month: str
    state: str
    kept: bool
    reason: str


@dataclass(frozen=True)
class Answer:
    """Rows of (metric_time, dimensions, value[, numerator, denominator]), ordered, and their gaps."""

    metric: str
    grain: Grain
    dimensions: list[str]
    columns: list[str]
    rows: list[tuple[Any, ...]]
    route: str
    gaps: list[Gap] = field(default_factory=list)

    def frame(self) -> pd.DataFrame:
        """The rows as pandas: `metric_time` as datetime64, dimensions as text, `value` exact (Decimal) or
        float.
        """
        frame = pd.DataFrame(self.rows, columns=self.columns)
        frame[TIME] = pd.to_datetime(frame[TIME])
        return frame
