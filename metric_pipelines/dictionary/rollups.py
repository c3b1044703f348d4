"""Rollups: the cuts of a metric that are kept beside its values, each a grain and dimensions.

Stays out: which may be written (`rollup_rules.py`), how they are computed (`publication/cuts.py`) and read
(`query/kept_cuts.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from metric_pipelines.dictionary.definitions import Grain, Metric


@dataclass(frozen=True)
class Cut:
    """A grain and dimensions, in order of name."""

    grain: Grain
    dimensions: tuple[str, ...]

    @classmethod
    def of(cls, grain: Grain, dimensions: Iterable[str]) -> Cut:
        return cls(grain, tuple(sorted(dimensions)))

    @property
    def name(self) -> str:
        """`month, department`."""
        return ", ".join([self.grain, *self.dimensions])


def cuts_of(metric: Metric) -> list[Cut]:
    """The cuts of a metric whose rollups are valid."""
    return [Cut.of(cast(Grain, grain), by) for grain, *by in metric.rollups]


def is_reconciled(metric: Metric) -> bool:
    """Whether a metric's values are compared with its models: where it says so, or has rollups."""
    return metric.checks.reconcile or bool(metric.rollups)
