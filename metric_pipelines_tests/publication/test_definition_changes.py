"""A changed definition recomputes what it changes, beside what was; a new one moves no neighbour."""

from __future__ import annotations

from decimal import Decimal

from metric_pipelines.warehouse import groups
from metric_pipelines.warehouse.lake import writer
from metric_pipelines.warehouse.tables import columns
from metric_pipelines_tests.small_shop import MONTHS, Shop, orders, revenue_by_month


def table_of(shop: Shop, metric: str) -> str:
    receipt = shop.ledger.history()[f"metrics/{metric}", "2024-01"].published
    assert receipt is not None
    return str(receipt.facts["table"])


def stored_columns(shop: Shop, metric: str) -> set[str]:
    with writer(shop.open().lake) as con:
        return {c for c in columns(con, groups.relation(table_of(shop, metric))) if "__v" in c}


def small(limit: int) -> dict[str, Decimal]:
    return revenue_by_month(order for order in orders() if Decimal(order[5]) < limit)


def test_a_changed_filter_recomputes_the_metric_alone_into_a_column_of_its_own(shop: Shop) -> None:
    assert shop.months("small_revenue") == small(10)
    shop.edit("metrics/sales/small_revenue.yaml", "amount < 10", "amount < 15")
    done = shop.refresh(read_sources=False)
    assert done.computed() == {("metrics/small_revenue", month) for month in MONTHS}
    assert shop.months("small_revenue") == small(15)
    assert {"small_revenue__v1", "small_revenue__v2"} <= stored_columns(shop, "small_revenue")


def test_a_definition_that_is_taken_back_has_its_old_column_again(shop: Shop) -> None:
    shop.edit("metrics/sales/small_revenue.yaml", "amount < 10", "amount < 15")
    shop.refresh(read_sources=False)
    shop.edit("metrics/sales/small_revenue.yaml", "amount < 15", "amount < 10")
    assert shop.refresh(read_sources=False).troubles == []
    assert shop.months("small_revenue") == small(10)
    assert "small_revenue__v3" not in stored_columns(shop, "small_revenue")


def test_a_month_that_is_withheld_under_the_new_definition_shows_the_old_one_still(shop: Shop) -> None:
    """25 USD and more are no longer small, only January and March have values below 30."""
    shop.edit("metrics/sales/small_revenue.yaml", "amount < 10", "amount < 15")
    shop.edit("metrics/sales/small_revenue.yaml", "min_rows: 0", "max: 12")
    done = shop.refresh(read_sources=False)
    withheld = {t.pair[1] for t in done.troubles if t.state == "withheld"}
    assert withheld
    assert withheld != set(MONTHS)
    expected = {month: small(10 if month in withheld else 15).get(month) for month in MONTHS}
    assert shop.months("small_revenue") == {m: v for m, v in expected.items() if v is not None}


def test_a_changed_check_judges_again_and_writes_nothing_anew(shop: Shop) -> None:
    before = shop.ledger.history()["metrics/revenue", "2024-01"].published
    shop.edit("metrics/sales/revenue.yaml", "max_value: 500", "max_value: 400")
    done = shop.refresh(read_sources=False)
    assert done.computed() == {("metrics/revenue", month) for month in MONTHS}, "nothing that derives from it"
    after = shop.ledger.history()["metrics/revenue", "2024-01"].published
    assert before is not None
    assert after is not None
    assert (before.data_version, before.column_version) == (after.data_version, after.column_version)
    assert before.version != after.version


def test_a_changed_label_changes_nothing(shop: Shop) -> None:
    shop.edit("metrics/sales/revenue.yaml", "{en: Revenue}", "{en: Turnover}")
    assert shop.refresh(read_sources=False).works == []


def test_a_new_metric_is_computed_alone_into_the_table_of_its_neighbours(shop: Shop) -> None:
    shop.add_metric("tea_money", "small_revenue", ("amount < 10", "category = 'tea'"))
    done = shop.refresh(read_sources=False)
    assert done.computed() == {("metrics/tea_money", month) for month in MONTHS}
    assert table_of(shop, "tea_money") == table_of(shop, "revenue")
    tea = revenue_by_month(order for order in orders() if order[2] in (1, 2))
    assert shop.months("tea_money") == tea
    assert shop.months("revenue") == revenue_by_month()


def test_three_new_metrics_arrive_in_one_refresh(shop: Shop) -> None:
    for i in (5, 20, 40):
        shop.add_metric(f"below_{i:02d}", "small_revenue", ("amount < 10", f"amount < {i}"))
    assert shop.refresh(read_sources=False).troubles == []
    for i in (5, 20, 40):
        assert shop.months(f"below_{i:02d}") == small(i)


def test_a_metric_of_another_grain_moves_to_another_table_and_is_right_there(shop: Shop) -> None:
    before = table_of(shop, "small_revenue")
    shop.edit("metrics/sales/small_revenue.yaml", "dimensions: [category]", "grain: month")
    assert shop.refresh(read_sources=False).troubles == []
    assert table_of(shop, "small_revenue") != before
    assert shop.months("small_revenue") == small(10)
    assert shop.months("revenue") == revenue_by_month()


def test_a_new_column_of_a_model_is_filled_for_every_month(shop: Shop) -> None:
    shop.edit("models/order_lines.sql", "    line.quantity,", "    line.quantity,\n    line.product_id,")
    shop.edit("models/order_lines.yaml", "  quantity: {type: int64, min: 1}", "  quantity: {type: int64, min: 1}\n  product_id: {type: int64}")
    assert shop.refresh(read_sources=False).troubles == []
    assert shop.read("select count(*) from lake.models.order_lines where product_id is null") == [(0,)]
    assert shop.months("revenue") == revenue_by_month()


def test_a_metric_that_is_no_longer_defined_leaves_the_others_as_they_are(shop: Shop) -> None:
    (shop.center / "metrics/sales/small_revenue.yaml").unlink()
    done = shop.refresh()
    assert done.troubles == []
    assert shop.months("revenue") == revenue_by_month()
