"""What is answered from the models is as of the receipts: nothing withheld shows, nothing counts twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from metric_pipelines.query import Answer, open_for_reading
from metric_pipelines_tests.small_shop import Shop

REVENUE = "metrics/sales/revenue.yaml"


def ask(shop: Shop, metric: str, by: Sequence[str] = (), **more: Any) -> Answer:
    with open_for_reading(shop.open()) as reader:
        return reader.values(metric, by, **more)


def test_a_model_without_months_gives_no_withheld_number_by_another_dimension(shop: Shop) -> None:
    shop.keep("revenue")
    shop.edit("models/order_lines.yaml", "partition_by: order_day\n", "")
    shop.edit(REVENUE, "dimensions: [category]", "dimensions: []")
    shop.edit(REVENUE, "min: 0", "max: 200")
    assert shop.refresh().troubles == []
    good = ask(shop, "revenue", ["category"], grain="month").rows
    shop.sql("update orders set amount = amount * 10 where order_id between 201 and 212")
    shop.sql("update orders set amount = amount + 1 where order_id = 1")
    assert {t.pair for t in shop.refresh().troubles} == {("metrics/revenue", "2024-03")}

    answer = ask(shop, "revenue", ["category"], grain="month")
    assert answer.route == "model"
    assert [(gap.month, gap.state, gap.kept) for gap in answer.gaps] == [("2024-03", "withheld", False)]
    assert {row[0] for row in answer.rows} == {date(2024, 1, 1), date(2024, 2, 1)}
    assert sum(row[2] for row in answer.rows) == sum(r[2] for r in good if r[0] < date(2024, 3, 1)) + Decimal(
        1
    )


def test_a_conversion_waits_for_the_months_that_it_looks_ahead_into(shop: Shop) -> None:
    """January's one conversion is known in February; both later months, without any, are withheld."""
    shop.keep("orders_placed", "large_orders", "large_order_rate")
    rate, no_zero = "metrics/service/large_order_rate.yaml", "expect_column_values_to_not_be_in_set"
    shop.edit("metrics/sales/large_orders.yaml", "amount >= 20", "amount >= 10 and amount < 11")
    shop.edit("metrics/sales/orders_placed.yaml", "agg: count", "agg: count\nfilter: amount >= 12")
    shop.edit(rate, "checks: {", f"checks: {{expectations: [{{expect: {no_zero}, value_set: [0.0]}}], ")
    assert {t.pair[1] for t in shop.refresh().troubles} == {"2024-02", "2024-03"}
    answer = ask(shop, "large_order_rate", ["category"])
    assert answer.rows == []
    assert [(gap.month, gap.state) for gap in answer.gaps] == [
        ("2024-01", "incomplete"),
        ("2024-02", "withheld"),
        ("2024-03", "withheld"),
    ]
    published = {row[0]: row[1] for row in ask(shop, "large_order_rate").rows}
    assert published[date(2024, 1, 1)] > 0


def test_a_window_over_months_of_several_snapshots_counts_each_day_once(shop: Shop) -> None:
    shop.keep("revenue", "revenue_7d")
    shop.sql("update orders set amount = amount + 1 where order_id = 201")
    assert shop.refresh().troubles == []
    asked = {"start": date(2024, 3, 5), "end": date(2024, 3, 6)}
    by_category, whole = ask(shop, "revenue_7d", ["category"], **asked), ask(shop, "revenue_7d", **asked)
    assert by_category.route == "model"
    assert sum(row[2] for row in by_category.rows) == whole.rows[0][1]


@pytest.mark.parametrize("grain", ["week", "month", "quarter", "year"])
def test_what_is_carried_forward_is_read_at_the_last_day_of_the_period_for_every_group(
    shop: Shop, grain: str
) -> None:
    """Some categories are not ordered at the end of a month: the parts still are as many as the whole."""
    shop.keep("revenue", "revenue_7d", "revenue_to_date")
    assert shop.refresh().troubles == []
    for metric in ("revenue_7d", "revenue_to_date"):
        parts: dict[date, Decimal] = {}
        for row in ask(shop, metric, ["category"], grain=grain).rows:
            parts[row[0]] = parts.get(row[0], Decimal(0)) + row[2]
        assert parts == dict(ask(shop, metric, grain=grain).rows)


def test_a_model_without_months_shows_no_period_before_the_center_begins(shop: Shop) -> None:
    shop.keep("revenue")
    shop.edit("models/order_lines.yaml", "partition_by: order_day\n", "")
    shop.edit("metrics/sales/revenue.yaml", "dimensions: [category]", "dimensions: []")
    shop.edit("center.yaml", "start: 2024-01", "start: 2024-02")
    shop.edit("center.yaml", "newest_source_day", "2024-03-31")
    shop.edit("sources/shop.yaml", "    partition_by: ordered_at\n    reread: all\n", "")
    assert shop.refresh().troubles == []
    for grain in ("day", "week", "month", "year"):
        by_category = ask(shop, "revenue", ["category"], grain=grain)
        assert by_category.route == "model"
        assert sum(row[2] for row in by_category.rows) == sum(r[1] for r in ask(shop, "revenue").rows)


def test_a_reader_shows_nothing_that_is_published_meanwhile(shop: Shop) -> None:
    with open_for_reading(shop.open()) as reader:
        before = reader.values("revenue").rows
        shop.sql("update orders set amount = amount + 1 where order_id = 1")
        assert shop.refresh().troubles == []
        assert reader.values("revenue").rows == before
    assert ask(shop, "revenue").rows != before
