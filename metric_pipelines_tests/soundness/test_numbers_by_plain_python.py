"""Every type of metric gives what plain Python gives from the same rows."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.semantics.staging import Question, stage
from metric_pipelines.warehouse.groups import MetricColumns
from metric_pipelines.warehouse.lake import step_database
from metric_pipelines_tests.small_shop import (
    CATEGORIES,
    CENTER,
    MONTHS,
    Order,
    Shop,
    day_of,
    orders,
    revenue_by_month,
)

FIRST, LAST = date(2024, 1, 1), date(2024, 3, 31)
DAYS = [FIRST + timedelta(days=i) for i in range((LAST - FIRST).days + 1)]


def day(order: Order) -> date:
    return date.fromisoformat(day_of(order))


def category(order: Order) -> str:
    return CATEGORIES.get(order[2], "unknown")


def amount(order: Order) -> Decimal:
    return Decimal(order[5])


def published(
    shop: Shop, metric: str, columns: str = "metric_time, category, value"
) -> dict[tuple[Any, ...], Any]:
    rows = shop.read(f"select {columns} from lake.metrics.{metric}")
    found = {row[:-1]: row[-1] for row in rows}
    assert len(found) == len(rows), "a key stands twice"
    return found


def by_day(rows: Iterable[Order]) -> dict[tuple[Any, ...], Decimal]:
    found: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for order in rows:
        found[day(order), category(order)] += amount(order)
    return dict(found)


def test_a_sum_by_day_and_dimension_to_the_cent(published_once: Shop) -> None:
    assert published(published_once, "revenue") == by_day(orders())


def test_an_order_of_late_evening_belongs_to_the_shops_own_day(published_once: Shop) -> None:
    assert published(published_once, "revenue")[date(2024, 1, 31), "coffee"] == Decimal("40.25")


def test_a_filtered_sum_has_no_rows_where_nothing_is_counted(published_once: Shop) -> None:
    assert published(published_once, "small_revenue") == by_day(o for o in orders() if amount(o) < 10)


@pytest.mark.parametrize(("metric", "least"), [("orders_placed", 0), ("large_orders", 20)])
def test_a_count_and_a_filtered_count_without_ghost_zeros(
    published_once: Shop, metric: str, least: int
) -> None:
    assert published(published_once, metric) == Counter(
        (day(o), category(o)) for o in orders() if amount(o) >= least
    )


def test_a_ratio_and_its_parts(published_once: Shop) -> None:
    sums, counts = by_day(orders()), Counter((day(o), category(o)) for o in orders())
    assert published(published_once, "average_order", "metric_time, category, numerator") == sums
    assert published(published_once, "average_order", "metric_time, category, denominator") == counts
    found = published(published_once, "average_order")
    assert {key: pytest.approx(float(sums[key]) / counts[key]) for key in sums} == found


def test_a_distinct_count_by_month(published_once: Shop) -> None:
    customers: dict[tuple[Any, ...], set[int]] = defaultdict(set)
    for order in orders():
        customers[day(order).replace(day=1), category(order)].add(order[1])
    assert published(published_once, "customers") == {key: len(found) for key, found in customers.items()}


def test_a_growth_on_the_month_before_has_no_value_without_one(published_once: Shop) -> None:
    sums: dict[tuple[Any, ...], float] = defaultdict(float)
    for order in orders():
        sums[day(order).replace(day=1), category(order)] += float(amount(order))
    before = {date(2024, 2, 1): date(2024, 1, 1), date(2024, 3, 1): date(2024, 2, 1)}
    expected = {
        (m, c): sums[m, c] / sums[b, c] - 1 for m, b in before.items() for c in ("tea", "coffee", "unknown")
    }
    assert published(published_once, "revenue_growth") == {
        key: pytest.approx(v) for key, v in expected.items()
    }


def test_a_rolling_sum_over_month_borders_on_every_day(published_once: Shop) -> None:
    expected = {}
    for today in DAYS:
        within = [amount(o) for o in orders() if today - timedelta(days=6) <= day(o) <= today]
        if within:
            expected[(today,)] = sum(within)
    assert published(published_once, "revenue_7d", "metric_time, value") == expected


def test_a_running_total_begins_again_with_each_month(published_once: Shop) -> None:
    expected = {}
    for today in DAYS:
        within = [amount(o) for o in orders() if today.replace(day=1) <= day(o) <= today]
        if within:
            expected[(today,)] = sum(within)
    assert published(published_once, "revenue_to_date", "metric_time, value") == expected


def test_a_count_over_a_model_that_looks_back(published_once: Shop) -> None:
    active = {m: {o[1] for o in orders() if day_of(o)[:7] == m} for m in MONTHS}
    expected = {month: len(active[month] & active[before]) for before, month in itertools.pairwise(MONTHS)}
    assert published_once.months("returning_customers") == expected


def test_a_conversion_counts_each_event_that_was_followed(published_once: Shop) -> None:
    """Every large order is an order itself, so the last order before it is of its own day."""
    large = Counter(day_of(o)[:7] for o in orders() if amount(o) >= 20)
    placed = Counter(day_of(o)[:7] for o in orders())
    assert published_once.months("large_order_rate") == {
        m: pytest.approx(large[m] / placed[m]) for m in MONTHS
    }


def test_what_is_no_base_event_is_not_converted(shop: Shop) -> None:
    """Customer 3 orders for 23.10 on 27 January and for 10.01 on 2 February: the second, too small to be a
    base event itself, converts the first.
    """
    shop.edit("metrics/sales/large_orders.yaml", "amount >= 20", "amount >= 10 and amount < 11")
    shop.edit("metrics/sales/orders_placed.yaml", "agg: count", "agg: count\nfilter: amount >= 12")
    shop.refresh()
    rows = shop.read("select numerator, denominator from lake.metrics.large_order_rate order by metric_time")
    placed = Counter(day_of(o)[:7] for o in orders() if amount(o) >= 12)
    assert rows == [(1, placed["2024-01"]), (0, placed["2024-02"]), (0, placed["2024-03"])]


# Metrics over metrics, recomputed for a month alone


def growth_change() -> float:
    """March's growth less February's, all categories together."""
    january, february, march = (float(revenue_by_month()[m]) for m in MONTHS)
    return march / february - february / january


def test_a_month_recomputed_alone_reads_as_far_back_as_all_its_inputs_together(shop: Shop) -> None:
    shop.keep("revenue", "revenue_growth")
    shop.add_metric(
        "growth_change",
        "revenue_growth",
        ("name: revenue,", "name: revenue_growth,"),
        ("this_month / month_before - 1", "this_month - month_before"),
        ("dimensions: [category]", "dimensions: []"),
    )
    shop.refresh(read_sources=False)
    assert shop.months("growth_change")["2024-03"] == pytest.approx(growth_change())
    shop.refresh(assets=["metrics/growth_change"], months=["2024-03"], forced=True)
    assert shop.computed() == {("metrics/growth_change", "2024-03")}
    assert shop.months("growth_change")["2024-03"] == pytest.approx(growth_change())


def test_a_ratio_of_a_rolling_input_that_does_not_add_up_is_computed_alone(shop: Shop) -> None:
    shop.keep("customers", "orders_placed", "average_order", "revenue_7d")
    shop.edit("metrics/service/customers.yaml", "grain: month\ndimensions: [category]\n", "")
    shop.edit("metrics/sales/revenue_7d.yaml", "metric: revenue", "metric: customers")
    shop.edit("metrics/sales/average_order.yaml", "numerator: revenue", "numerator: revenue_7d")
    shop.edit("metrics/sales/average_order.yaml", "dimensions: [category]", "dimensions: []")
    assert shop.refresh(read_sources=False).troubles == []
    daily = Counter(day(o) for o in orders())
    seen = {d: {o[1] for o in orders() if d - timedelta(days=6) <= day(o) <= d} for d in daily}
    expected = {(d,): pytest.approx(len(seen[d]) / n) for d, n in daily.items()}
    everything = "select metric_time, value from lake.metrics.average_order where value is not null"
    assert {row[:-1]: row[-1] for row in shop.read(everything)} == expected
    shop.refresh(assets=["metrics/average_order"], months=["2024-02"], forced=True)
    assert {row[:-1]: row[-1] for row in shop.read(everything)} == expected


# Any rows

SIMPLE = ["revenue", "orders_placed", "small_revenue", "large_orders"]
lines = st.tuples(
    st.dates(date(2024, 1, 1), date(2024, 2, 29)),
    st.sampled_from(["tea", "coffee"]),
    st.one_of(st.none(), st.decimals("0.00", "30.00", places=2)),
)


@pytest.fixture(scope="module")
def center() -> Center:
    return load_valid_center(CENTER)


@pytest.fixture(scope="module")
def step() -> Any:
    with step_database() as con:
        con.execute("create schema memory.models")
        con.execute(
            "create table memory.models.order_lines (order_id bigint, customer_id bigint, order_day date,"
            " category varchar, quantity bigint, amount decimal(18,2))"
        )
        con.execute(
            "create table memory.models.calendar as"
            " select date '2024-01-01' + i::int as date_day from range(60) t(i)"
        )
        yield con


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(lines, max_size=12))
def test_any_rows_give_what_plain_python_gives(
    center: Center, step: duckdb.DuckDBPyConnection, rows: list[tuple[date, str, Decimal | None]]
) -> None:
    step.execute("delete from memory.models.order_lines")
    if rows:
        filled = [[i, 1, *row[:2], 1, row[2]] for i, row in enumerate(rows)]
        step.executemany("insert into memory.models.order_lines values (?, ?, ?, ?, ?, ?)", filled)
    question = Question([center.metrics[name] for name in SIMPLE], "day", ["category"])
    columns = {name: MetricColumns(name, 1) for name in SIMPLE}
    stage(step, center, question, columns, ["2024-02"], date(2024, 2, 20), "staged")
    listed = ", ".join(f"{name}__v1" for name in SIMPLE)
    found = step.execute(f"select metric_time, category, {listed} from staged").fetchall()
    assert {row[:2]: row[2:] for row in found if any(v is not None for v in row[2:])} == plain(rows)


def plain(rows: list[tuple[date, str, Decimal | None]]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    grouped: dict[tuple[Any, ...], list[Decimal | None]] = defaultdict(list)
    for at, kind, value in rows:
        if date(2024, 2, 1) <= at <= date(2024, 2, 20):
            grouped[at, kind].append(value)
    return {key: _values(found) for key, found in grouped.items()}


def _values(found: list[Decimal | None]) -> tuple[Any, ...]:
    """SUM of no value is no value; a filtered COUNT of no row is none, either."""
    filled = [v for v in found if v is not None]
    small, large = [v for v in filled if v < 10], [v for v in filled if v >= 20]
    return (sum(filled) if filled else None, len(found), sum(small) if small else None, len(large) or None)


def test_the_center_of_these_tests_has_a_metric_of_every_type(center: Center) -> None:
    assert {metric.type for metric in center.metrics.values()} == {
        "simple",
        "ratio",
        "derived",
        "cumulative",
        "conversion",
    }
    assert Path(center.folder).name == "small_center"
