"""Cuts that are kept beside a metric's values: used where they are what the models give as of receipts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from metric_pipelines.errors import InvalidCenterError
from metric_pipelines.publication.measures import ROLLUPS
from metric_pipelines.query import Answer, Reader, open_for_reading
from metric_pipelines_tests.conftest import Story
from metric_pipelines_tests.small_shop import Shop

CUSTOMERS, AVERAGE = "metrics/service/customers.yaml", "metrics/sales/average_order.yaml"
ALL = "[[day], [week], [month], [month, category], [quarter], [year]]"


def with_cuts(shop: Shop, file: str = CUSTOMERS, cuts: str = ALL) -> None:
    """Customers by day and category, with cuts beside them."""
    if file == CUSTOMERS:
        shop.edit(file, "grain: month\n", "")
    shop.edit(file, "type: ", f"rollups: {cuts}\ntype: ")


def keeping(shop: Shop) -> None:
    """Customers and the average order have cuts."""
    shop.keep("revenue", "orders_placed", "average_order", "customers")
    with_cuts(shop)
    with_cuts(shop, AVERAGE, "[[week], [month, category]]")
    assert shop.refresh().troubles == []


@pytest.fixture
def kept(story: Story, tmp_path: Path) -> Shop:
    return story("keeping_cuts", keeping).copy(tmp_path)


@contextmanager
def reading(shop: Shop) -> Iterator[Reader]:
    with open_for_reading(shop.open()) as reader:
        yield reader


def same(shop: Shop, metric: str, by: Sequence[str] = (), **more: Any) -> Answer:
    """An answer by whatever route, which must be the model's."""
    with reading(shop) as reader:
        answer = reader.values(metric, by, **more)
        model = reader.values(metric, by, **more, route="model")
    assert answer.rows == model.rows
    assert answer.gaps == model.gaps
    return answer


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
def test_a_cut_answers_for_what_does_not_add_up(kept: Shop, grain: str) -> None:
    answer = same(kept, "customers", grain=grain)
    assert answer.route == "rollup"
    theirs = kept.read(
        f"select cast(date_trunc('{grain}', order_day) as date), count(distinct customer_id)"
        " from lake.models.order_lines group by 1 order by 1"
    )
    assert answer.rows == theirs


def test_a_ratio_s_cut_has_its_parts(kept: Shop) -> None:
    answer = same(kept, "average_order", ["category"], grain="month")
    assert answer.route == "rollup"
    assert answer.columns == ["metric_time", "category", "value", "numerator", "denominator"]


def test_what_is_not_kept_goes_back_to_the_model(kept: Shop) -> None:
    assert same(kept, "customers", ["category"], grain="week").route == "model"
    assert same(kept, "customers", ["category"]).route == "published"
    assert same(kept, "customers", grain="month", filter="category = 'tea'").route == "model"


def test_a_month_that_changed_moves_every_period_that_it_touches(kept: Shop) -> None:
    """The first days of February and the last of January share a week."""
    before = {grain: same(kept, "customers", grain=grain).rows for grain in ("week", "quarter", "year")}
    kept.sql("insert into orders values (900, 77, 1, '2024-02-01 15:00:00', 1, '5.00')")
    assert kept.refresh().troubles == []
    assert {p for p in kept.computed("metrics/customers")} == {("metrics/customers", "2024-02")}
    for grain, rows in before.items():
        answer = same(kept, "customers", grain=grain)
        assert answer.route == "rollup"
        assert answer.rows != rows


def test_a_withheld_month_answers_by_what_was_published_of_it(kept: Shop) -> None:
    kept.edit(CUSTOMERS, "rollups:", "checks: {max: 3}\nrollups:")
    assert kept.refresh().troubles == []
    before = {grain: same(kept, "customers", grain=grain).rows for grain in ("month", "week", "year")}
    for i in range(4):
        stamp = "2024-02-01 15:00:00"
        kept.sql("insert into orders values (?, ?, 1, ?, 1, '5.00')", 900 + i, 77 + i, stamp)
    assert {t.pair for t in kept.refresh().troubles} == {("metrics/customers", "2024-02")}
    for grain, rows in before.items():
        answer = same(kept, "customers", grain=grain)
        assert (answer.route, answer.rows) == ("rollup", rows)
        assert [(gap.month, gap.kept) for gap in answer.gaps] == [("2024-02", True)]


def test_a_cut_over_months_that_are_not_as_it_read_them_is_not_used(kept: Shop) -> None:
    """February is withheld; January, restated after, has read February's new rows for their common week."""
    kept.edit(CUSTOMERS, "rollups:", "checks: {max: 3}\nrollups:")
    assert kept.refresh().troubles == []
    for i in range(4):
        stamp = "2024-02-01 15:00:00"
        kept.sql("insert into orders values (?, ?, 1, ?, 1, '5.00')", 900 + i, 77 + i, stamp)
    kept.refresh()
    kept.sql("insert into orders values (950, 99, 1, '2024-01-31 15:00:00', 1, '5.00')")
    kept.refresh()
    assert kept.stands("withheld") == {("metrics/customers", "2024-02")}
    assert same(kept, "customers", grain="month").route == "rollup"
    for grain in ("week", "quarter", "year"):
        assert same(kept, "customers", grain=grain).route == "model"
    first = {"start": date(2024, 3, 4), "end": date(2024, 3, 11)}
    assert same(kept, "customers", grain="week", **first).route == "rollup"


def test_an_open_period_is_as_of_the_day_it_was_shown_up_to(shop: Shop) -> None:
    shop.keep("customers")
    with_cuts(shop)
    shop.edit("center.yaml", "newest_source_day", "2024-02-14")
    assert shop.refresh().troubles == []
    for grain in ("day", "week", "month", "quarter", "year"):
        answer = same(shop, "customers", grain=grain)
        assert answer.route == "rollup"
        assert max(row[0] for row in answer.rows) <= date(2024, 2, 14)
    shop.edit("center.yaml", "2024-02-14", "2024-03-31")
    for grain in ("week", "month"):
        assert same(shop, "customers", grain=grain).rows
    assert shop.refresh().troubles == []
    for grain in ("week", "month", "quarter", "year"):
        assert same(shop, "customers", grain=grain).route == "rollup"


def test_a_changed_definition_is_not_answered_from_its_old_cuts(kept: Shop) -> None:
    kept.edit(
        CUSTOMERS, "expr: customer_id", "expr: product_id_of\n".strip().replace("product_id_of", "quantity")
    )
    answer = same(kept, "customers", grain="month")
    assert answer.rows == []
    assert {gap.state for gap in answer.gaps} == {"stale"}
    assert kept.refresh().troubles == []
    assert same(kept, "customers", grain="month").route == "rollup"


def test_a_new_rollup_is_computed_and_moves_no_number(shop: Shop) -> None:
    shop.keep("revenue", "customers")
    assert shop.refresh().troubles == []
    versions = {
        a.pair: (a.data_version, a.column_version) for a in shop.ledger.attempts_of(["metrics/customers"])
    }
    shop.edit(CUSTOMERS, "type: ", "rollups: [[month]]\ntype: ")
    assert same(shop, "customers", grain="month").route == "model"
    done = shop.refresh()
    assert done.troubles == []
    assert {a for a, _ in shop.computed()} - {"shop/orders", "shop/products"} == {"metrics/customers"}
    receipts = shop.attempts()
    assert all(versions[a.pair] == (a.data_version, a.column_version) for a in receipts if a.pair in versions)
    assert same(shop, "customers", grain="month").route == "rollup"


def test_metrics_of_a_group_share_a_cut_s_table_and_are_withheld_each_for_itself(shop: Shop) -> None:
    """Revenue of February is withheld: customers beside it move on, and their cut with them."""
    shop.keep("revenue", "orders_placed", "customers")
    for file in (CUSTOMERS, "metrics/sales/revenue.yaml"):
        with_cuts(shop, file, "[[week], [month]]")
    shop.edit("metrics/sales/revenue.yaml", "min: 0", "min: 0\n  max: 200")
    assert shop.refresh().troubles == []
    tables = {
        cut["table"] for a in shop.attempts() for cut in a.facts.get(ROLLUPS, {}).get("cuts", {}).values()
    }
    assert len(tables) == 2
    shop.sql("update orders set amount = 900, customer_id = 88 where order_id = 101")
    assert {t.pair for t in shop.refresh().troubles} == {("metrics/revenue", "2024-02")}
    for metric in ("revenue", "customers"):
        for grain in ("week", "month"):
            same(shop, metric, grain=grain)
    assert same(shop, "customers", grain="week").route == "rollup"


def test_a_conversion_s_cut_waits_for_the_months_that_it_looks_ahead_into(shop: Shop) -> None:
    rate = "metrics/service/large_order_rate.yaml"
    shop.keep("orders_placed", "large_orders", "large_order_rate")
    with_cuts(shop, rate, "[[month, category], [quarter]]")
    assert shop.refresh().troubles == []
    assert same(shop, "large_order_rate", ["category"]).route == "rollup"
    assert same(shop, "large_order_rate", grain="quarter").route == "rollup"
    shop.sql("insert into orders values (900, 3, 1, '2024-02-01 15:00:00', 1, '55.00')")
    assert shop.refresh().troubles == []
    assert same(shop, "large_order_rate", ["category"]).route == "rollup"
    same(shop, "large_order_rate", grain="quarter")


@pytest.mark.parametrize(
    ("cuts", "told"),
    [
        ("[[fortnight]]", "begins with 'fortnight'"),
        ("[[category]]", "begins with 'category'"),
        ("[[month, categry]]", "did you mean 'category'"),
        ("[[month], [month]]", "twice"),
        ("[[month, category]]", "which it is published by"),
        ("[[week]]", "grain week"),
        ("[[]]", "at least 1"),
    ],
)
def test_a_rollup_that_cannot_be_kept_is_refused(shop: Shop, cuts: str, told: str) -> None:
    shop.edit(CUSTOMERS, "type: ", f"rollups: {cuts}\ntype: ")
    with pytest.raises(InvalidCenterError, match=told):
        shop.open()
