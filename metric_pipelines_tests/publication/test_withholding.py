"""What fails a blocking check keeps its last good contents; what derives from it waits; the rest goes on."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.publication.roots import roots_of
from metric_pipelines.publication.standing import chain, standing
from metric_pipelines_tests.conftest import Story
from metric_pipelines_tests.small_shop import MONTHS, Shop, revenue_by_month

FEBRUARY = "2024-02"
REVENUE = ("metrics/revenue", FEBRUARY)
DERIVED = ("average_order", "revenue_7d", "revenue_growth")
BLOCKED = {
    ("metrics/average_order", FEBRUARY),
    ("metrics/revenue_7d", FEBRUARY),
    ("metrics/revenue_7d", "2024-03"),
    ("metrics/revenue_growth", FEBRUARY),
    ("metrics/revenue_growth", "2024-03"),
}


@pytest.fixture
def too_much(story: Story) -> Shop:
    """One order of 600 USD in February; revenue of a day and category is expected to be at most 500."""

    def tell(shop: Shop) -> None:
        shop.keep("revenue", "orders_placed", "small_revenue", "large_orders", *DERIVED)
        shop.sql("update orders set amount = 600 where order_id = 102")
        shop.refresh()

    return story("too_much", tell)


def test_a_failed_blocking_check_keeps_the_last_published_table(too_much: Shop, published_once: Shop) -> None:
    everything = "select * from lake.metrics.revenue order by all"
    assert too_much.stands("withheld") == {REVENUE}
    assert too_much.read(everything) == published_once.read(everything)


def test_a_withheld_metric_says_what_was_expected_and_observed(too_much: Shop) -> None:
    reason = too_much.reason(*REVENUE)
    assert "expect_column_max_to_be_between" in reason
    assert "max_value=500" in reason
    assert "observed 608" in reason, "600 USD and another order of that day"


def test_neighbours_of_the_same_group_and_month_are_published(too_much: Shop) -> None:
    assert {
        (f"metrics/{name}", FEBRUARY) for name in ("orders_placed", "small_revenue", "large_orders")
    } <= too_much.published()
    assert too_much.months("large_orders")[FEBRUARY] == 7, "one more than before"


def test_what_derives_from_a_withheld_metric_is_blocked_with_the_chain_to_its_root(too_much: Shop) -> None:
    assert too_much.stands("blocked") == BLOCKED
    assert too_much.reason("metrics/revenue_7d", "2024-03").startswith(
        "metrics/revenue 2024-02: expectations failed"
    )
    facts = too_much.open().facts()
    stands = standing(facts.graph, facts.history)
    assert chain(stands, ("metrics/average_order", FEBRUARY)) == [
        ("metrics/average_order", FEBRUARY),
        REVENUE,
    ]


def test_the_roots_are_named_before_what_they_block(too_much: Shop) -> None:
    assert [t.state for t in too_much.troubles()] == ["withheld"] + ["blocked"] * len(BLOCKED)


def test_what_is_blocked_keeps_its_last_good_values(too_much: Shop, published_once: Shop) -> None:
    for name in DERIVED:
        assert too_much.months(name) == published_once.months(name)


def test_the_rows_of_what_was_withheld_are_kept_outside_the_lake(too_much: Shop) -> None:
    [file] = list((too_much.home / "rejected").rglob("*.parquet"))
    assert file.name == "metrics__revenue@2024-02.parquet"
    rows = duckdb.sql(f"select * from '{file}'").fetchall()
    assert any(value == 608 for row in rows for value in row if isinstance(value, Decimal))
    assert too_much.home / "lake" not in file.parents


def test_what_was_withheld_is_named_but_not_computed_again_until_something_changes(
    too_much: Shop, tmp_path: Path
) -> None:
    shop = too_much.copy(tmp_path)
    done = shop.refresh()
    assert {pair[0] for pair in shop.computed()} == {"shop/orders", "shop/products"}
    assert len(done.troubles) == 1 + len(BLOCKED)


def test_what_was_withheld_is_published_when_it_is_mended_and_what_waited_with_it(
    too_much: Shop, tmp_path: Path
) -> None:
    shop = too_much.copy(tmp_path)
    shop.sql("update orders set amount = 60 where order_id = 102")
    assert shop.refresh().troubles == []
    assert BLOCKED | {REVENUE} <= shop.published()
    assert shop.months("revenue")[FEBRUARY] == revenue_by_month()[FEBRUARY] - Decimal("10.01") + 60


def test_a_source_put_back_as_it_was_releases_what_it_withheld(
    too_much: Shop, published_once: Shop, tmp_path: Path
) -> None:
    shop = too_much.copy(tmp_path)
    shop.sql("update orders set amount = '10.01' where order_id = 102")
    assert shop.refresh().troubles == []
    everything = "select * from lake.metrics.average_order order by all"
    assert shop.read(everything) == published_once.read(everything)


def test_a_loosened_check_releases_what_it_withheld(too_much: Shop, tmp_path: Path) -> None:
    shop = too_much.copy(tmp_path)
    shop.edit("metrics/sales/revenue.yaml", "max_value: 500", "max_value: 700")
    assert shop.refresh(read_sources=False).troubles == []
    assert shop.months("revenue")[FEBRUARY] > 600


def test_a_check_that_only_warns_publishes_and_keeps_what_it_said(too_much: Shop, tmp_path: Path) -> None:
    shop = too_much.copy(tmp_path)
    shop.edit("metrics/sales/revenue.yaml", "max_value: 500}", "max_value: 500, severity: warn}")
    assert shop.refresh(read_sources=False, assets=["metrics/revenue"]).troubles == []
    receipt = shop.ledger.history()[REVENUE].published
    assert receipt is not None
    [_, verdict] = shop.ledger.verdicts([receipt.id])[receipt.id]
    assert (verdict.passed, verdict.severity) == (False, "warn")
    assert shop.months("revenue")[FEBRUARY] > 600


# Sources


@pytest.fixture
def revenue_only(published_once: Shop, tmp_path: Path) -> Shop:
    """A shop of one metric, the test's own."""
    shop = published_once.copy(tmp_path)
    shop.keep("revenue")
    return shop


def test_a_source_month_that_breaks_its_contract_is_withheld_and_other_months_go_on(
    revenue_only: Shop,
) -> None:
    shop = revenue_only
    shop.sql("update orders set quantity = 101 where order_id = 103")
    shop.sql("update orders set amount = 77 where order_id = 3")
    shop.refresh()
    assert shop.stands("withheld") == {("shop/orders", FEBRUARY)}
    assert "quantity" in shop.reason("shop/orders", FEBRUARY)
    assert "101" in shop.reason("shop/orders", FEBRUARY)
    assert shop.read("select max(quantity) from lake.shop.orders")[0][0] <= 3
    assert shop.stands("blocked") == {("models/order_lines", FEBRUARY), REVENUE}
    expected = revenue_by_month()
    assert shop.months("revenue") == expected | {"2024-01": expected["2024-01"] + 77 - Decimal("7.02")}


def test_a_wrong_type_in_one_month_is_named_and_takes_no_other_month_along(revenue_only: Shop) -> None:
    revenue_only.sql("update orders set quantity = 'many' where order_id = 103")
    revenue_only.refresh()
    assert revenue_only.stands("withheld") == {("shop/orders", FEBRUARY)}
    said = "shop.orders.quantity: 1 value(s) that are not int64, such as 'many'"
    assert said in revenue_only.reason("shop/orders", FEBRUARY)


def test_a_key_that_came_twice_in_two_months_is_withheld_in_both(revenue_only: Shop) -> None:
    shop = revenue_only
    shop.sql(
        "create table double as select * from orders union all select 1, 1, 1, '2024-02-09 12:00:00', 1, 5"
    )
    shop.sql("drop table orders")
    shop.sql("alter table double rename to orders")
    shop.sql("update orders set quantity = 101 where order_id = 203")
    shop.refresh()
    assert shop.stands("withheld") == {("shop/orders", month) for month in MONTHS}
    assert shop.months("revenue") == revenue_by_month()


def test_a_missing_column_withholds_its_table_alone(revenue_only: Shop) -> None:
    revenue_only.sql("alter table orders rename column quantity to pieces")
    revenue_only.refresh()
    assert revenue_only.stands("withheld") == {("shop/orders", month) for month in MONTHS}
    assert "no such column" in revenue_only.reason("shop/orders", "2024-01")
    assert revenue_only.months("revenue") == revenue_by_month()


def test_a_newest_day_that_is_no_day_withholds_its_source_and_stops_no_refresh(revenue_only: Shop) -> None:
    revenue_only.sql("update orders set ordered_at = 'soon' where order_id = 600")
    revenue_only.refresh()
    assert {pair[0] for pair in revenue_only.stands("withheld")} == {"shop/orders"}
    assert revenue_only.months("revenue") == revenue_by_month()


@pytest.mark.parametrize("day", ["2042-03-31", "9999-12-31"])
def test_a_day_that_cannot_have_come_does_not_move_the_clock(revenue_only: Shop, day: str) -> None:
    revenue_only.edit("center.yaml", ", end: 2024-03", "")
    revenue_only.sql(f"update orders set ordered_at = '{day} 18:00:00' where order_id = 600")
    assert revenue_only.open().today.year == 2024
    revenue_only.sql("update orders set ordered_at = '2024-03-31 18:00:00' where order_id = 600")
    assert revenue_only.open().today.isoformat() == "2024-03-31"


def test_a_source_that_is_away_keeps_what_was_published_and_is_named(revenue_only: Shop) -> None:
    shop = revenue_only
    shop.database.rename(shop.home / "away.sqlite")
    done = shop.refresh()
    assert {t.state for t in done.troubles} == {"unavailable"}
    assert shop.stands("withheld") == shop.stands("blocked") == set()
    assert shop.months("revenue") == revenue_by_month()
    (shop.home / "away.sqlite").rename(shop.database)
    assert shop.refresh().troubles == []


def test_a_withheld_source_that_is_away_now_says_that_it_is_away(revenue_only: Shop) -> None:
    shop = revenue_only
    shop.sql("update orders set amount = 'x' where order_id = 600")
    shop.refresh()
    shop.database.rename(shop.home / "away.sqlite")
    shop.refresh()
    facts = shop.open().facts()
    stands = standing(facts.graph, facts.history)
    [root] = roots_of(facts, stands, [("shop/orders", "2024-03")])
    assert root.state == "unavailable"
    assert "is not there" in root.reasons["2024-03"]


def test_a_source_that_was_away_at_the_first_refresh_is_read_at_the_next(fresh_shop: Shop) -> None:
    shop = fresh_shop
    shop.keep("revenue")
    shop.edit("center.yaml", "today: newest_source_day", "today: 2024-03-31")
    shop.database.rename(shop.home / "away.sqlite")
    shop.refresh()
    assert ("shop/products", WHOLE) in shop.stands("withheld")
    assert REVENUE in shop.stands("blocked")
    (shop.home / "away.sqlite").rename(shop.database)
    assert shop.refresh().troubles == []
    assert shop.months("revenue") == revenue_by_month()


# Models and metrics


def test_an_error_of_a_models_sql_in_one_month_withholds_that_month(revenue_only: Shop) -> None:
    shop = revenue_only
    shop.sql("update orders set amount = 13.37 where order_id = 102")
    cast = "cast(case when line.amount = 13.37 then 'x' else '1' end as bigint) as quantity,"
    shop.edit("models/order_lines.sql", "line.quantity,", cast)
    shop.refresh()
    assert shop.stands("withheld") == {("models/order_lines", FEBRUARY)}
    assert "order_lines.sql" in shop.reason("models/order_lines", FEBRUARY)
    assert ("models/order_lines", "2024-01") in shop.published()
    assert shop.months("revenue")[FEBRUARY] == revenue_by_month()[FEBRUARY]


def test_a_column_that_a_models_sql_does_not_give_withholds_it_with_its_file(revenue_only: Shop) -> None:
    revenue_only.edit("models/order_lines.sql", "    line.quantity,\n", "")
    revenue_only.refresh(read_sources=False)
    assert "order_lines.sql" in revenue_only.reason("models/order_lines", "2024-01")
    assert "quantity" in revenue_only.reason("models/order_lines", "2024-01")


def test_rows_of_a_model_that_belong_to_no_month_are_not_lost_in_silence(revenue_only: Shop) -> None:
    day = "cast(line.ordered_at at time zone 'UTC' at time zone 'America/New_York' as date)"
    revenue_only.edit("models/order_lines.sql", day, f"case when line.order_id <> 102 then {day} end")
    revenue_only.refresh(read_sources=False)
    assert ("models/order_lines", FEBRUARY) in revenue_only.stands("withheld")
    assert "1 row(s) without order_day" in revenue_only.reason("models/order_lines", FEBRUARY)
    assert revenue_only.months("revenue") == revenue_by_month()


def test_a_metric_that_cannot_be_computed_takes_no_neighbour_of_its_group_along(shop: Shop) -> None:
    shop.keep("revenue", "small_revenue")
    shop.edit("metrics/sales/small_revenue.yaml", "expr: amount", "expr: cast(category as bigint)")
    shop.edit("metrics/sales/revenue.yaml", "expr: amount", "expr: amount * 2")
    shop.refresh(read_sources=False)
    assert shop.stands("withheld") == {("metrics/small_revenue", month) for month in MONTHS}
    assert shop.months("revenue") == {month: 2 * value for month, value in revenue_by_month().items()}
    assert shop.months("small_revenue")["2024-01"] > 0, "what was good is still there"


def test_a_rule_that_cannot_be_carried_out_withholds_with_its_place_and_takes_no_neighbour_along(
    shop: Shop,
) -> None:
    shop.keep("revenue", "small_revenue")
    shop.edit("metrics/sales/revenue.yaml", "max_value: 500", "max_value: 500, notes: [[a]]")
    shop.edit("metrics/sales/small_revenue.yaml", "amount < 10", "amount < 11")
    shop.refresh(read_sources=False)
    reason = shop.reason("metrics/revenue", "2024-01")
    assert "expect_column_max_to_be_between with" in reason
    assert "notes" in reason
    assert f"{Path('metrics') / 'sales' / 'revenue.yaml'}:" in reason
    assert {pair[0] for pair in shop.stands("withheld")} == {"metrics/revenue"}


@pytest.mark.parametrize("rule", ["min: 10", "max: 20", "min_rows: 1000"])
def test_each_rule_of_a_metric_withholds_what_was_good_and_its_values_stay(
    revenue_only: Shop, rule: str
) -> None:
    revenue_only.edit("metrics/sales/revenue.yaml", "min: 0", rule)
    revenue_only.refresh(read_sources=False)
    assert ("metrics/revenue", "2024-01") in revenue_only.stands("withheld")
    assert revenue_only.months("revenue") == revenue_by_month()


def test_a_metric_whose_dimension_is_missing_in_a_row_is_withheld(revenue_only: Shop) -> None:
    shop = revenue_only
    shop.edit("models/order_lines.sql", "coalesce(product.category, 'unknown')", "product.category")
    shop.edit("models/order_lines.yaml", "isin: [tea, coffee, unknown]", "nullable: true")
    shop.refresh(read_sources=False)
    assert ("metrics/revenue", "2024-01") in shop.stands("withheld")
    assert "category" in shop.reason("metrics/revenue", "2024-01")


def test_a_key_that_another_published_month_has_is_withheld_whatever_is_staged_beside_it(shop: Shop) -> None:
    """March alone is read again: its first amount becomes that of January's first order."""
    shop.keep("revenue")
    shop.edit("sources/shop.yaml", "reread: all", "reread: 1")
    shop.edit("sources/shop.yaml", "unique: [[order_id]]", "unique: [[amount]]")
    assert shop.refresh().troubles == []
    shop.sql("update orders set amount = 3 where order_id = 201")
    shop.refresh()
    assert {pair for pair in shop.stands("withheld") if pair[0] == "shop/orders"} == {
        ("shop/orders", MONTHS[2])
    }
    assert "unique" in shop.reason("shop/orders", MONTHS[2])
