"""A large center of invented orders, for benchmarks: how long it takes to load, and to compute.

Of ten metrics six are simple ones by two dimensions, two ratios, one a rolling sum, one a distinct count that
does not add up. Measured are, in processes of their own: the code location, in a new home and again, without
Great Expectations; and one night that computes everything, at `--metrics` and at a quarter of them, with
where the time goes, so that a step that grows faster than the metrics shows.

    python benchmarks/large_center.py --metrics 1000 --months 3 --folder /tmp/large
"""

import argparse
import os
import random
import resource
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import yaml

from metric_pipelines.dictionary.months import shift

FIRST = "2024-01"
ORDERS_A_DAY = 60
AREAS = [f"area_{letter}" for letter in "abcdefghijkl"]
OWNERS = {"business": "owner@example.com", "technical": "data@example.com"}
WORDS = (
    "It is what the department looks at every morning, compared with the month before and the year before."
)
ORDER_LINES = """
select order_id, customer_id, cast(ordered_at as date) as order_day, area, channel, quantity, amount
from shop.orders
"""
CALENDAR = """
select cast(unnest(generate_series(date '2023-01-01', date '2027-12-31', interval 1 day)) as date) as date_day
"""
LOAD = """
import sys, time
began = time.monotonic()
from metric_pipelines.definitions import defs
repository = defs().get_repository_def()
assets = len(repository.asset_graph.get_all_asset_keys())
loaded = [name for name in ("great_expectations", "metricflow", "pandera") if name in sys.modules]
print(f"{time.monotonic() - began:6.1f} s  {assets} assets; of the slow libraries: {loaded or 'none'}")
"""
NIGHT = Path(__file__).parent / "nightly" / "ours.py"


def main() -> None:
    """Generates the centers where they are not there yet, then measures."""
    arguments = _arguments()
    for metrics in (arguments.metrics // 4, arguments.metrics):
        center, home = (arguments.folder / f"{word}_{metrics}" for word in ("center", "home"))
        if not center.exists():
            generate(center, home, metrics, arguments.months)
        for word in ("new home", "again"):
            _say(f"{metrics} metrics, code location, {word}: ")
            _run(center, home, "-c", LOAD)
        _say(f"{metrics} metrics, one night of {arguments.months} months:\n")
        began = time.monotonic()
        _run(center, home, str(NIGHT), str(center), str(home), "--phases")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        _say(f"    {time.monotonic() - began:6.1f} s in all, {peak:.0f} MB at most\n")


def _run(center: Path, home: Path, *arguments: str) -> None:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ours = {"METRIC_PIPELINES_CENTER": str(center), "METRIC_PIPELINES_HOME": str(home), "COLUMNS": "110"}
    subprocess.run([sys.executable, "-W", "ignore", *arguments], env=kept | ours, check=True)


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--metrics", type=int, default=1000)
    parser.add_argument("--months", type=int, default=3)
    parser.add_argument("--folder", type=Path, required=True)
    return parser.parse_args()


def generate(center: Path, home: Path, metrics: int, months: int) -> None:
    """Writes the center, and its source below the home folder."""
    last = shift(FIRST, months - 1)
    _put(
        center / "center.yaml",
        {
            "name": "large",
            "label": {"en": "Large", "zh": "大型中心"},
            "description": {"en": "Invented.", "zh": "虚构数据。"},
            "time_zone": "UTC",
            "partitions": {"start": FIRST, "end": last},
            "clock": {"today": "newest_source_day"},
            "departments": {area: {"label": {"en": area, "zh": f"部门 {area}"}} for area in AREAS},
        },
    )
    _orders(home / "sources" / "shop.sqlite", months)
    _put(center / "sources" / "shop.yaml", _source())
    _model(center, "order_lines", ORDER_LINES, _order_lines())
    _model(center, "calendar", CALENDAR, _calendar())
    for number in range(metrics):
        metric = _metric(number)
        _put(center / "metrics" / metric["department"] / f"{metric['name']}.yaml", metric)


def _put(file: Path, value: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(value, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _model(center: Path, name: str, sql: str, definition: dict[str, object]) -> None:
    _put(center / "models" / f"{name}.yaml", definition)
    (center / "models" / f"{name}.sql").write_text(sql, encoding="utf-8")


def _orders(file: Path, months: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    rng, day = random.Random(1), date.fromisoformat(f"{FIRST}-01")
    end = date.fromisoformat(f"{shift(FIRST, months)}-01")
    with closing(sqlite3.connect(file)) as con, con:
        con.execute(
            "create table orders (order_id integer primary key, customer_id integer, ordered_at text,"
            " area text, channel text, quantity integer, amount numeric)"
        )
        while day < end:
            rows = [
                (
                    rng.randint(1, 900),
                    f"{day} 10:00:00",
                    rng.choice(AREAS),
                    rng.choice(["web", "shop"]),
                    rng.randint(1, 9),
                    str(rng.randint(100, 9999) / 100),
                )
                for _ in range(ORDERS_A_DAY)
            ]
            con.executemany(
                "insert into orders (customer_id, ordered_at, area, channel, quantity, amount)"
                " values (?, ?, ?, ?, ?, ?)",
                rows,
            )
            day += timedelta(days=1)


def _columns() -> dict[str, object]:
    return {
        "order_id": {"type": "int64"},
        "customer_id": {"type": "int64"},
        "area": {"type": "string"},
        "channel": {"type": "string"},
        "quantity": {"type": "int64", "min": 0},
        "amount": {"type": "decimal(18,2)", "min": 0},
    }


def _source() -> dict[str, object]:
    orders = {
        "label": "Orders",
        "description": "One row per order.",
        "partition_by": "ordered_at",
        "columns": {**_columns(), "ordered_at": {"type": "timestamp"}},
    }
    texts = {"label": "Shop", "description": "Invented orders."}
    connection = {"connection": "sqlite:///sources/shop.sqlite", "time_zone": "UTC"}
    return {"name": "shop", **texts, "owners": OWNERS, **connection, "tables": {"orders": orders}}


def _order_lines() -> dict[str, object]:
    return {
        "name": "order_lines",
        "label": {"en": "Order lines", "zh": "订单明细"},
        "description": "One row per order.",
        "owners": OWNERS,
        "partition_by": "order_day",
        "time": "order_day",
        "entities": [{"name": "order_line", "type": "primary", "expr": "order_id"}],
        "dimensions": {"area": {"label": "Area"}, "channel": {"label": "Channel"}},
        "columns": {**_columns(), "order_day": {"type": "date"}},
    }


def _calendar() -> dict[str, object]:
    texts = {"label": "Calendar", "description": "One row per day."}
    return {
        "name": "calendar",
        **texts,
        "owners": OWNERS,
        "time_spine": True,
        "columns": {"date_day": {"type": "date"}},
    }


def _metric(number: int) -> dict[str, object]:
    """Of ten metrics six are simple, two ratios, one rolling, one a distinct count that does not add up."""
    texts = {
        key: {"en": f"{WORDS} ({key})", "zh": f"部门每天早上查看的数值，与上月和去年同期比较（{key}）。"}
        for key in ("description", "purpose", "counted", "not_counted", "caveats", "scenario")
    }
    card = {
        "name": f"metric_{number:04d}",
        "code": f"LRG-{number:04d}",
        "label": {"en": f"Metric number {number}", "zh": f"第 {number} 号指标"},
        **texts,
        "synonyms": [f"figure {number}", f"数值 {number}", f"common word {number % 250}"],
        "intended": [
            {"with": f"metric_{other:04d}", "reason": "One word for several, as in a company."}
            for other in range(number % 250, number, 250)
        ],
        "department": AREAS[number % len(AREAS)],
        "owners": {"business": f"owner{number % 40}@example.com", "technical": "data@example.com"},
        "tier": 1 + number % 3,
        "unit": "USD",
        "direction": "up",
        "reviewed_on": "2024-03-01",
        "checks": {"min_rows": 0},
    }
    ten, kind = number - number % 10, number % 10
    if kind in (6, 7):
        parts = {"numerator": f"metric_{ten:04d}", "denominator": f"metric_{ten + kind - 5:04d}"}
        return {**card, "type": "ratio", **parts, "dimensions": ["area", "channel"]}
    if kind == 8:
        return {**card, "type": "cumulative", "metric": f"metric_{ten:04d}", "window": "28 days"}
    simple = {
        "type": "simple",
        "model": "order_lines",
        "filter": f"quantity <= {3 + number % 7} and customer_id <> {number + 1}",
    }
    if kind == 9:
        distinct = {"agg": "count_distinct", "expr": "customer_id", "grain": "month", "dimensions": ["area"]}
        return {**card, **simple, **distinct, "unit": "customers"}
    summed = {"agg": "sum", "expr": f"amount * {1 + number % 5}", "dimensions": ["area", "channel"]}
    return {**card, **simple, **summed}


if __name__ == "__main__":
    main()
