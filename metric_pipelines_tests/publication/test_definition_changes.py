"""A changed definition recomputes what it changes, beside what was; a new one moves no neighbour."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from metric_pipelines.warehouse import groups
from metric_pipelines.warehouse.tables import columns
from metric_pipelines_tests.conftest import Story
from metric_pipelines_tests.small_shop import MONTHS, Shop, orders, revenue_by_month

SMALL = "metrics/sales/small_revenue.yaml"


def table_of(shop: Shop, metric: str) -> str:
    receipt = shop.ledger.history()[f"metrics/{metric}", "2024-01"].published
    assert receipt is not None
    return str(receipt.facts["table"])


def stored(shop: Shop, metric: str) -> set[str]:
    """The columns of a metric's wide table."""
    return {c for c in columns(shop.connection(), groups.relation(table_of(shop, metric))) if "__v" in c}


def small(limit: int) -> dict[str, Decimal]:
    return revenue_by_month(order for order in orders() if Decimal(order[5]) < limit)


@pytest.fixture
def another_limit(story: Story) -> Shop:
    """Small is what is below 15 USD now, no longer 10."""

    def tell(shop: Shop) -> None:
        shop.edit(SMALL, "amount < 10", "amount < 15")
        assert shop.refresh(read_sources=False).troubles == []

    return story("another_limit", tell)


def test_a_changed_filter_recomputes_the_metric_alone_into_a_column_of_its_own(
    another_limit: Shop, published_once: Shop
) -> None:
    assert published_once.months("small_revenue") == small(10)
    assert another_limit.computed() == {("metrics/small_revenue", month) for month in MONTHS}
    assert another_limit.months("small_revenue") == small(15)
    assert {"small_revenue__v1", "small_revenue__v2"} <= stored(another_limit, "small_revenue")


def test_a_definition_that_is_taken_back_has_its_old_column_again(
    another_limit: Shop, tmp_path: Path
) -> None:
    shop = another_limit.copy(tmp_path)
    shop.edit(SMALL, "amount < 15", "amount < 10")
    assert shop.refresh(read_sources=False).troubles == []
    assert shop.months("small_revenue") == small(10)
    assert "small_revenue__v3" not in stored(shop, "small_revenue")


def test_a_month_that_is_withheld_under_the_new_definition_shows_the_old_one_still(shop: Shop) -> None:
    """Only January has a day and category with more than 20 USD of orders below 15."""
    shop.edit(SMALL, "amount < 10", "amount < 15")
    shop.edit(SMALL, "min_rows: 0", "max: 20")
    done = shop.refresh(read_sources=False)
    assert {t.pair for t in done.troubles} == {("metrics/small_revenue", "2024-01")}
    assert shop.months("small_revenue") == small(15) | {"2024-01": small(10)["2024-01"]}


def test_a_changed_check_judges_again_and_recomputes_nothing_that_derives_from_it(shop: Shop) -> None:
    before = shop.ledger.history()["metrics/revenue", "2024-01"].published
    shop.edit("metrics/sales/revenue.yaml", "max_value: 500", "max_value: 400")
    shop.refresh(read_sources=False)
    assert shop.computed() == {("metrics/revenue", month) for month in MONTHS}
    after = shop.ledger.history()["metrics/revenue", "2024-01"].published
    assert before is not None
    assert after is not None
    assert (before.data_version, before.column_version) == (after.data_version, after.column_version)
    assert before.version != after.version


def test_a_changed_label_changes_nothing(shop: Shop) -> None:
    shop.edit("metrics/sales/revenue.yaml", "{en: Revenue}", "{en: Turnover}")
    assert shop.refresh(read_sources=False).works == []


def test_new_metrics_are_computed_alone_into_the_table_of_their_neighbours(shop: Shop) -> None:
    for limit in (5, 20, 40):
        shop.add_metric(f"below_{limit:02d}", "small_revenue", ("amount < 10", f"amount < {limit}"))
    assert shop.refresh(read_sources=False).troubles == []
    assert {key for key, _ in shop.computed()} == {"metrics/below_05", "metrics/below_20", "metrics/below_40"}
    for limit in (5, 20, 40):
        assert shop.months(f"below_{limit:02d}") == small(limit)
        assert table_of(shop, f"below_{limit:02d}") == table_of(shop, "revenue")
    assert shop.months("revenue") == revenue_by_month()


def test_a_metric_of_another_grain_moves_to_another_table_and_is_right_there(shop: Shop) -> None:
    before = table_of(shop, "small_revenue")
    shop.edit(SMALL, "dimensions: [category]", "grain: month")
    assert shop.refresh(read_sources=False).troubles == []
    assert table_of(shop, "small_revenue") != before
    assert shop.months("small_revenue") == small(10)
    assert shop.months("revenue") == revenue_by_month()


def test_a_new_column_of_a_model_is_filled_for_every_month(shop: Shop) -> None:
    shop.keep("revenue")
    shop.edit("models/order_lines.sql", "    line.quantity,", "    line.quantity,\n    line.product_id,")
    shop.edit("models/order_lines.yaml", "columns:\n", "columns:\n  product_id: {type: int64}\n")
    assert shop.refresh(read_sources=False).troubles == []
    assert shop.read("select count(*) from lake.models.order_lines where product_id is null") == [(0,)]
    assert shop.months("revenue") == revenue_by_month()


def test_a_metric_that_is_no_longer_defined_leaves_the_others_as_they_are(shop: Shop) -> None:
    (shop.center / SMALL).unlink()
    assert shop.refresh(read_sources=False).works == []
    assert shop.months("revenue") == revenue_by_month()


def test_what_is_selected_waits_for_an_input_that_is_due_and_was_not_selected(shop: Shop) -> None:
    before = shop.months("average_order")
    shop.edit("metrics/sales/revenue.yaml", "expr: amount", "expr: amount * 2")
    done = shop.refresh(assets=["metrics/average_order"], forced=True)
    assert done.works == []
    assert shop.months("average_order") == before
    assert {(t.pair, t.state) for t in done.troubles} == {
        (("metrics/average_order", month), "waiting") for month in MONTHS
    }
    assert "metrics/revenue 2024-01 is due, and was not selected" in str(done.troubles[0])

    done = shop.refresh(assets=["metrics/revenue", "metrics/average_order"], forced=True)
    assert done.troubles == []
    assert shop.months("average_order") == {month: value * 2 for month, value in before.items()}


def test_a_month_waits_for_a_month_before_it_that_was_not_selected(shop: Shop) -> None:
    shop.edit("metrics/sales/revenue.yaml", "expr: amount", "expr: amount * 2")
    done = shop.refresh(assets=["metrics/revenue", "metrics/revenue_growth"], months=[MONTHS[1]], forced=True)
    assert shop.computed() == {("metrics/revenue", MONTHS[1])}
    due = f"metrics/revenue {MONTHS[0]} is due, and was not selected"
    assert [str(t) for t in done.troubles] == [f"metrics/revenue_growth {MONTHS[1]} waiting: {due}"]
