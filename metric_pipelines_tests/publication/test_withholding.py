"""What fails a blocking check keeps its last good contents; what derives from it waits and says why; the rest goes on."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.publication.standing import chain, standing
from metric_pipelines_tests.small_shop import MONTHS, Refreshed, Shop, revenue_by_month

TOO_MUCH = "update orders set amount = 600 where order_id = 102"
"""In February; revenue of a day and category is expected to be at most 500."""
BLOCKED_BY_REVENUE = {
    ("metrics/average_order", "2024-02"),
    ("metrics/revenue_to_date", "2024-02"),
    ("metrics/revenue_7d", "2024-02"),
    ("metrics/revenue_7d", "2024-03"),
    ("metrics/revenue_growth", "2024-02"),
    ("metrics/revenue_growth", "2024-03"),
}


def stands(done: Refreshed, state: str) -> set[tuple[str, str]]:
    facts = done.shop.facts()
    return {pair for pair, stand in standing(facts.graph, facts.history).items() if stand.state == state}


def reasons(done: Refreshed) -> dict[tuple[str, str], str]:
    return {trouble.pair: trouble.reason for trouble in done.troubles}


def test_a_failed_blocking_check_keeps_the_last_published_table(shop: Shop) -> None:
    before = shop.read("select * from lake.metrics.revenue order by all")
    shop.sql(TOO_MUCH)
    done = shop.refresh()
    assert stands(done, "withheld") == {("metrics/revenue", "2024-02")}
    assert shop.read("select * from lake.metrics.revenue order by all") == before


def test_a_withheld_metric_says_what_was_observed(shop: Shop) -> None:
    shop.sql(TOO_MUCH)
    reason = reasons(shop.refresh())["metrics/revenue", "2024-02"]
    assert "expect_column_max_to_be_between" in reason
    assert "max_value=500" in reason
    assert "61" in reason, "the observed maximum: 600 USD and another order of that day"


def test_neighbours_of_the_same_group_and_month_are_published(shop: Shop) -> None:
    shop.sql(TOO_MUCH)
    done = shop.refresh()
    published = {o.pair for o in done.outcomes if o.state == "published"}
    for name in ("orders_placed", "small_revenue", "large_orders", "customers"):
        assert (f"metrics/{name}", "2024-02") in published
    assert shop.months("large_orders")["2024-02"] == 7, "one more than before"
    assert shop.months("small_revenue").get("2024-02") == Decimal("8.00")


def test_what_derives_from_a_withheld_metric_is_blocked_with_the_chain_to_its_root(shop: Shop) -> None:
    shop.sql(TOO_MUCH)
    done = shop.refresh()
    assert stands(done, "blocked") == BLOCKED_BY_REVENUE
    said = reasons(done)["metrics/revenue_7d", "2024-03"]
    assert said.startswith("metrics/revenue 2024-02: expectations failed")
    facts = done.shop.facts()
    path = chain(standing(facts.graph, facts.history), ("metrics/average_order", "2024-02"))
    assert path == [("metrics/average_order", "2024-02"), ("metrics/revenue", "2024-02")]


def test_the_roots_are_named_before_what_they_block(shop: Shop) -> None:
    shop.sql(TOO_MUCH)
    assert [t.state for t in shop.refresh().troubles] == ["withheld"] + ["blocked"] * len(BLOCKED_BY_REVENUE)


def test_what_is_blocked_keeps_its_last_good_values(shop: Shop) -> None:
    before = {m: shop.months(m) for m in ("average_order", "revenue_7d", "revenue_growth", "revenue_to_date")}
    shop.sql(TOO_MUCH)
    shop.refresh()
    assert {m: shop.months(m) for m in before} == before


def test_what_was_withheld_is_published_when_it_is_mended(shop: Shop) -> None:
    shop.sql(TOO_MUCH)
    shop.refresh()
    shop.sql("update orders set amount = 60 where order_id = 102")
    done = shop.refresh()
    assert done.troubles == []
    assert BLOCKED_BY_REVENUE | {("metrics/revenue", "2024-02")} <= done.computed()
    assert shop.months("revenue")["2024-02"] == revenue_by_month()["2024-02"] - Decimal("10.01") + 60


def test_what_was_withheld_is_released_by_putting_the_source_back_as_it_was(shop: Shop) -> None:
    before = shop.read("select * from lake.metrics.average_order order by all")
    [(amount,)] = shop.read("select amount from lake.shop.orders where order_id = 102")
    shop.sql(TOO_MUCH)
    shop.refresh()
    shop.sql("update orders set amount = ? where order_id = 102", str(amount))
    assert shop.refresh().troubles == []
    assert shop.read("select * from lake.metrics.average_order order by all") == before


def test_what_was_withheld_is_not_computed_again_until_something_changes(shop: Shop) -> None:
    shop.sql(TOO_MUCH)
    shop.refresh()
    again = shop.refresh()
    assert {pair[0] for pair in again.computed()} == {"shop/orders", "shop/products"}
    assert len(again.troubles) == 1 + len(BLOCKED_BY_REVENUE), "and is still named"


def test_a_loosened_check_releases_what_it_withheld(shop: Shop) -> None:
    shop.sql(TOO_MUCH)
    shop.refresh()
    shop.edit("metrics/sales/revenue.yaml", "max_value: 500", "max_value: 700")
    assert shop.refresh(read_sources=False).troubles == []
    assert shop.months("revenue")["2024-02"] > 600


def test_a_tightened_check_withholds_what_was_good_and_its_values_stay(shop: Shop) -> None:
    shop.edit("metrics/sales/revenue.yaml", "max_value: 500", "max_value: 50")
    done = shop.refresh(read_sources=False)
    assert ("metrics/revenue", "2024-03") in stands(done, "withheld")
    assert shop.months("revenue") == revenue_by_month()


def test_a_warning_publishes_and_is_kept(shop: Shop) -> None:
    shop.edit("metrics/sales/revenue.yaml", "max_value: 500}", "max_value: 500, severity: warn}")
    shop.sql(TOO_MUCH)
    done = shop.refresh()
    assert done.troubles == []
    receipt = done.shop.ledger.history()["metrics/revenue", "2024-02"].published
    assert receipt is not None
    [_, verdict] = done.shop.ledger.verdicts([receipt.id])[receipt.id]
    assert (verdict.passed, verdict.severity) == (False, "warn")
    assert shop.months("revenue")["2024-02"] > 600


def test_the_rows_of_what_was_withheld_are_kept_outside_the_lake(shop: Shop) -> None:
    shop.sql(TOO_MUCH)
    done = shop.refresh()
    [file] = list((shop.home / "rejected").rglob("*.parquet"))
    assert file.name == "metrics__revenue@2024-02.parquet"
    rows = duckdb.sql(f"select * from '{file}'").fetchall()
    assert any(600 <= float(value) for row in rows for value in row if isinstance(value, Decimal))
    assert not str(file).startswith(str(done.shop.lake.folder))


# Sources


def test_a_source_month_that_breaks_its_contract_is_withheld_and_keeps_its_last_good_rows(shop: Shop) -> None:
    shop.sql("update orders set quantity = 101 where order_id = 103")
    shop.sql("update orders set amount = 77 where order_id = 3")
    done = shop.refresh()
    assert stands(done, "withheld") == {("shop/orders", "2024-02")}
    assert "quantity" in reasons(done)["shop/orders", "2024-02"]
    assert "101" in reasons(done)["shop/orders", "2024-02"]
    assert shop.read("select max(quantity) from lake.shop.orders")[0][0] <= 3
    assert ("models/order_lines", "2024-02") in stands(done, "blocked")
    assert ("metrics/revenue", "2024-01") in done.computed(), "another month goes on"
    assert shop.months("revenue")["2024-02"] == revenue_by_month()["2024-02"]


def test_a_wrong_type_in_one_month_is_named_and_takes_no_other_month_along(shop: Shop) -> None:
    shop.sql("update orders set quantity = 'many' where order_id = 103")
    done = shop.refresh()
    assert stands(done, "withheld") == {("shop/orders", "2024-02")}
    assert "shop.orders.quantity: 1 value(s) that are not int64, such as 'many'" in reasons(done)["shop/orders", "2024-02"]


def test_a_missing_column_withholds_all_months_of_its_table_alone(shop: Shop) -> None:
    shop.sql("alter table orders rename column quantity to pieces")
    done = shop.refresh()
    assert stands(done, "withheld") == {("shop/orders", month) for month in MONTHS}
    assert "no such column" in reasons(done)["shop/orders", "2024-01"]
    assert ("shop/products", WHOLE) in stands(done, "published")
    assert shop.months("revenue") == revenue_by_month()


def test_a_newest_day_that_is_no_day_withholds_its_source_and_does_not_stop_the_refresh(shop: Shop) -> None:
    shop.sql("update orders set ordered_at = 'soon' where order_id = 600")
    done = shop.refresh()
    assert {pair[0] for pair in stands(done, "withheld")} == {"shop/orders"}
    assert shop.months("revenue") == revenue_by_month()


def test_a_day_far_ahead_that_was_mended_does_not_keep_the_clock_there(shop: Shop) -> None:
    shop.edit("center.yaml", ", end: 2024-03", "")
    shop.sql("update orders set ordered_at = '2042-03-31 18:00:00' where order_id = 600")
    assert shop.open().today.year == 2042
    shop.sql("update orders set ordered_at = '2024-03-31 18:00:00' where order_id = 600")
    assert str(shop.open().today) == "2024-03-31"


def test_a_source_that_is_away_keeps_what_was_published_and_is_named(shop: Shop) -> None:
    shop.database.rename(shop.home / "away.sqlite")
    done = shop.refresh()
    assert {t.state for t in done.troubles} == {"unavailable"}
    assert stands(done, "withheld") == stands(done, "blocked") == set()
    assert shop.months("revenue") == revenue_by_month()
    (shop.home / "away.sqlite").rename(shop.database)
    assert shop.refresh().troubles == []


def test_a_source_that_was_away_at_the_first_refresh_is_read_at_the_next(fresh_shop: Shop) -> None:
    fresh_shop.database.rename(fresh_shop.home / "away.sqlite")
    first = fresh_shop.refresh()
    assert {t.pair[0] for t in first.troubles if t.state == "withheld"} >= {"shop/products"}
    (fresh_shop.home / "away.sqlite").rename(fresh_shop.database)
    assert fresh_shop.refresh().troubles == []
    assert fresh_shop.months("revenue") == revenue_by_month()


# Models and definitions


def test_an_error_of_a_models_sql_in_one_month_withholds_that_month(shop: Shop) -> None:
    shop.sql("update orders set amount = 13 where order_id = 102")
    shop.edit("models/order_lines.sql", "line.quantity,", "cast(case when line.amount = 13 then 'x' else '1' end as bigint) as quantity,")
    done = shop.refresh()
    assert stands(done, "withheld") == {("models/order_lines", "2024-02")}
    assert "order_lines.sql" in reasons(done)["models/order_lines", "2024-02"]
    assert ("models/order_lines", "2024-01") in done.computed()
    assert shop.months("revenue")["2024-02"] == revenue_by_month()["2024-02"]


def test_a_models_column_that_its_sql_does_not_give_withholds_it_with_the_file(shop: Shop) -> None:
    shop.edit("models/order_lines.sql", "    line.quantity,\n", "")
    done = shop.refresh()
    assert "order_lines.sql" in reasons(done)["models/order_lines", "2024-01"]
    assert "quantity" in reasons(done)["models/order_lines", "2024-01"]


def test_rows_of_a_model_that_belong_to_no_month_are_not_lost_in_silence(shop: Shop) -> None:
    shop.edit("models/order_lines.sql", "as order_day", "as day_of_order")
    shop.edit("models/order_lines.sql", "    coalesce(product", "    case when line.order_id <> 102 then day_of_order end as order_day,\n    coalesce(product")
    done = shop.refresh()
    assert ("models/order_lines", "2024-02") in stands(done, "withheld")
    assert "order_day" in reasons(done)["models/order_lines", "2024-02"]
    assert shop.months("revenue") == revenue_by_month()


def test_a_metric_that_cannot_be_computed_takes_no_neighbour_of_its_group_along(shop: Shop) -> None:
    shop.edit("metrics/sales/small_revenue.yaml", "expr: amount", "expr: cast(category as bigint)")
    done = shop.refresh()
    assert stands(done, "withheld") == {("metrics/small_revenue", month) for month in MONTHS}
    assert shop.months("revenue") == revenue_by_month()
    assert shop.months("small_revenue")["2024-01"] > 0, "what was good is still there"


def test_a_rule_that_cannot_be_carried_out_withholds_with_its_place_and_no_neighbour(shop: Shop) -> None:
    shop.edit("metrics/sales/revenue.yaml", "expect_column_max_to_be_between", "expect_column_max_to_be_betwen")
    done = shop.refresh()
    reason = reasons(done)["metrics/revenue", "2024-01"]
    assert "unknown expectation" in reason
    assert "did you mean 'expect_column_max_to_be_between'?" in reason
    assert f"{Path('metrics') / 'sales' / 'revenue.yaml'}:" in reason
    assert {pair[0] for pair in stands(done, "withheld")} == {"metrics/revenue"}


@pytest.mark.parametrize(("old", "new"), [("min: 0", "min: 5"), ("min: 0", "max: 20"), ("min: 0", "min_rows: 1000")])
def test_each_rule_of_a_metric_withholds(shop: Shop, old: str, new: str) -> None:
    shop.edit("metrics/sales/revenue.yaml", old, new)
    done = shop.refresh(read_sources=False)
    assert ("metrics/revenue", "2024-01") in stands(done, "withheld")
    assert shop.months("revenue") == revenue_by_month()


def test_a_metric_whose_dimension_is_missing_in_a_row_is_withheld(shop: Shop) -> None:
    shop.edit("models/order_lines.sql", "coalesce(product.category, 'unknown')", "product.category")
    shop.edit("models/order_lines.yaml", "category: {type: string, isin: [tea, coffee, unknown]}", "category: {type: string, nullable: true}")
    done = shop.refresh()
    assert ("metrics/revenue", "2024-01") in stands(done, "withheld")
    assert "category" in reasons(done)["metrics/revenue", "2024-01"]
