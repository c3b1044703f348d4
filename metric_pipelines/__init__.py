"""A metric center on the Dagster asset graph: each metric defined once, and published only when it passes.

`values` gives a metric's published numbers as a pandas DataFrame, `saved_query` those of several metrics;
`build_definitions` and the component `MetricCenter` put a center into a Dagster project. Everything else is
for the command line and whoever builds on the rooms below.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # pandas takes half a second to import, and `import metric_pipelines` imports nothing
    import pandas as pd

    from metric_pipelines.orchestration.component import MetricCenter, build_definitions

__all__ = ["MetricCenter", "build_definitions", "saved_query", "values"]

_OF_DAGSTER = ("MetricCenter", "build_definitions")


def __getattr__(name: str) -> Any:
    if name in _OF_DAGSTER:
        from metric_pipelines.orchestration import component  # late: Dagster takes a second

        return getattr(component, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_OF_DAGSTER})


def values(
    metric: str,
    by: Sequence[str] | str = (),
    grain: str | None = None,
    start: date | str | None = None,
    end: date | str | None = None,
    filter: str | None = None,
    *,
    explain: bool = False,
) -> pd.DataFrame:
    """The published numbers of a metric, of the center that METRIC_PIPELINES_CENTER names.

    `by` are dimensions; `grain` is day, week, month, quarter or year (default: the metric's own); `start`
    and `end` (a date or an ISO text) are the first day and the day after the last; `filter` is a condition in
    SQL over dimensions and `metric_time`, such as `"department = 'GROCERY'"`.

    Returns the columns `metric_time` (datetime64, first day of the period), the dimensions, `value`
    (Decimal for sums of money, int for counts, float for ratios; 0.14 is 14 % where the unit is %) and,
    for ratios over coarser periods, `numerator` and `denominator`. `attrs["withheld"]` lists the months
    that are not as of now: `month`, `state`, `kept` (the values published before are answered; else the
    month is left out) and `reason`; `attrs["unmatched"]` is the filter where the span is published and
    nothing in it fits the filter, else None. `attrs["source"]` is `published`, `rollup` or `model`; with
    `explain`, `attrs["explanation"]` says how the answer was found (`how`, `cut`, `why_not`, `tables`,
    `receipts` with the months of each snapshot, `sql`).

    Raises: UsageError for unknown names, a finer grain than is kept, or dates inside a period;
    EnvironmentBrokenError where nothing was published yet; InvalidCenterError with every problem of the
    definitions.
    """
    from metric_pipelines.frames import values_frame  # late: pandas, DuckDB, SQLAlchemy

    dimensions = [by] if isinstance(by, str) else list(by)
    return values_frame(
        metric, dimensions, grain, _day("start", start), _day("end", end), filter, explain=explain
    )


def saved_query(name: str, start: date | str | None = None, end: date | str | None = None) -> pd.DataFrame:
    """The answer to a saved query of that center: `metric_time`, its dimensions, and a column a metric, as in
    `values`. `attrs["withheld"]` lists the months that are not as of now, by metric; `attrs["unmatched"]` is
    as there.

    Raises: as `values`.
    """
    from metric_pipelines.frames import saved_frame  # late: pandas, DuckDB, SQLAlchemy

    return saved_frame(name, _day("start", start), _day("end", end))


def _day(argument: str, day: date | str | None) -> date | None:
    if not isinstance(day, str):
        return day
    try:
        return date.fromisoformat(day)
    except ValueError:
        from metric_pipelines.errors import UsageError  # late: `import metric_pipelines` imports nothing

        raise UsageError(argument, repr(day), "a day such as 2017-11-30") from None
