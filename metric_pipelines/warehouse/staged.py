"""What a step has staged: a temp table of its own connection, waiting to be audited and published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from metric_pipelines.warehouse.groups import MetricColumns


@dataclass(frozen=True)
class StagedCut:
    """A cut of a metric, staged: the temp table has a row a month, period and group, for each month that a
    period overlaps. `target` is the lake's wide table; `read` is the snapshot its models were read at, and
    `until` the day up to which they were.
    """

    name: str
    grain: str
    dimensions: list[str]
    table: str
    target: str
    columns: MetricColumns
    read: int
    until: date


@dataclass(frozen=True)
class Staged:
    """A staged asset: `table` is a temp table with `partition_month` where the asset is monthly.

    A metric's values are columns of its group's staged table: `columns` says which, `dimensions` are its keys
    beside `metric_time`. `facts` are what its receipts keep of how it was read, by month. `cuts` are
    published with it. `read` is the snapshot its inputs were read at, where that is known.
    Of what the lake keeps as a view and not as rows, `view` is the query, and `version` the data version
    where it is known without one of what it reads.
    """

    key: str
    table: str
    months: list[str]
    columns: MetricColumns | None = None
    dimensions: list[str] = field(default_factory=list)
    sql: str = ""
    facts: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    view: str = ""
    version: str = ""
    cuts: Sequence[StagedCut] = ()
    read: int | None = None
