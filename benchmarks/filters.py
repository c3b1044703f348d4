"""What filters of metrics cost: twenty aggregates of one model, each with a filter of its own, beside the
same twenty without any: sums, and distinct counts. Over TPC-H's lines as the nightly benchmark has them.

    python benchmarks/nightly/run.py --folder /tmp/nightly --scale 1 --peers floor     makes the lines
    python benchmarks/filters.py /tmp/nightly/data_1
"""

import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent / "nightly"))

from make_center import (
    CALENDAR,
    LINES,
    calendar,
    in_the_source,
    lines,
    metric,
    model,
    settings,
    source,
    write,
)
from workload import JOIN, TABLES

from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.semantics import staging
from metric_pipelines.semantics.filtered_aggregates import with_filters
from metric_pipelines.warehouse.lake import scratch_database

MANY, TIMES = 20, 3
AGGREGATES = {"sum": "l_extendedprice * {} / 100", "count_distinct": "l_orderkey + {}"}


def main() -> None:
    """Prints medians of seconds, and ratios."""
    data = Path(sys.argv[1]).resolve()
    for agg, expr in AGGREGATES.items():
        plain, filtered = (_seconds(data, agg, expr, filters=filters) for filters in (False, True))
        sys.stdout.write(
            f"{agg:16} plain {plain:5.2f} s  filtered {filtered:5.2f} s  {filtered / plain:.2f}\n"
        )


def _seconds(data: Path, agg: str, expr: str, *, filters: bool) -> float:
    with TemporaryDirectory() as name, scratch_database() as con:
        folder = Path(name)
        write(folder / "center.yaml", settings())
        write(folder / "sources" / "tpch.yaml", source(data))
        model(folder, "order_lines", LINES.format(join=in_the_source(JOIN)), lines())
        model(folder, "calendar", CALENDAR, calendar())
        for number in range(MANY):
            own = {"agg": agg, "expr": expr.format(number)}
            condition = {"filter": f"l_quantity > {number}"} if filters else {}
            one = metric(f"metric_{number}", "gmv", "", None, []) | own | condition
            write(folder / "metrics" / "sales" / f"metric_{number}.yaml", one)
        center = load_valid_center(folder)
        con.execute("create schema tpch; create schema models")
        for table in TABLES:
            con.execute(f"create view tpch.{table} as select * from '{data}/{table}.parquet'")
        con.execute(f"create view models.order_lines as {center.sql['order_lines']}")
        metrics = list(center.metrics.values())
        sql = staging.group_sql(center, staging.Question(metrics, "month", sorted(metrics[0].dimensions)))
        taken = []
        for _ in range(TIMES):
            began = time.monotonic()
            con.execute(f"create or replace temp table made as {with_filters(sql)}")
            taken.append(time.monotonic() - began)
        return statistics.median(taken)


if __name__ == "__main__":
    main()
