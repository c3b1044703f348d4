"""A refresh computes what is due and nothing else, in waves that never hold an asset beside its input."""

from __future__ import annotations

from decimal import Decimal

import pytest

from metric_pipelines.dictionary.months import WHOLE, months_between
from metric_pipelines.ledger.ledger import now
from metric_pipelines.publication.plan import Scope, Work, foreseen, plan, rectangles
from metric_pipelines.publication.standing import standing
from metric_pipelines.warehouse.lake import newest_snapshot, writer
from metric_pipelines_tests.small_shop import MONTHS, Refreshed, Shop, revenue_by_month

SOURCES = {("shop/products", WHOLE), *(("shop/orders", month) for month in MONTHS)}


def assert_no_wave_holds_an_asset_beside_its_input(done: Refreshed) -> None:
    for work in done.works:
        for key in work.assets:
            assert not done.shop.graph.upstream(key) & set(work.assets)


def of(asset: str, *months: str) -> set[tuple[str, str]]:
    return {(asset, month) for month in months}


def test_a_first_refresh_publishes_everything(fresh_shop: Shop) -> None:
    done = fresh_shop.refresh()
    assert done.troubles == []
    assert done.computed() == set(done.shop.graph.pairs())
    facts = done.shop.facts()
    assert {stand.state for stand in standing(facts.graph, facts.history).values()} == {"published"}
    assert fresh_shop.months("revenue") == revenue_by_month()
    assert plan(facts, Scope()) == []
    assert_no_wave_holds_an_asset_beside_its_input(done)


def test_every_receipt_names_a_snapshot_the_inputs_and_the_verdicts(shop: Shop) -> None:
    opened = shop.open()
    history = opened.ledger.history()
    receipts = [own.published for own in history.values() if own.published is not None]
    assert {r.pair for r in receipts} == set(opened.graph.pairs())
    assert all(r.snapshot and r.data_version and r.rows is not None and r.closed_at for r in receipts)
    for receipt in receipts:
        for given in opened.graph.inputs(receipt.pair):
            published = history[given].published
            assert published is not None
            assert receipt.inputs[f"{given[0]}@{given[1]}"] == published.data_version
    verdicts = opened.ledger.verdicts(r.id for r in receipts)
    assert all([(v.check, v.library, v.passed) for v in said] == [("contract", "pandera", True), ("expectations", "great_expectations", True)]
               for said in verdicts.values())  # fmt: skip


def test_an_unchanged_second_refresh_computes_the_sources_only_and_writes_nothing(shop: Shop) -> None:
    with writer(shop.open().lake) as con:
        before = newest_snapshot(con)
    done = shop.refresh()
    assert done.troubles == []
    assert done.computed() == SOURCES
    assert sum(len(work.assets) for work in done.works) == 2
    with writer(done.shop.lake) as con:
        assert newest_snapshot(con) == before


def test_a_refresh_that_reads_no_source_and_finds_nothing_due_does_nothing(shop: Shop) -> None:
    assert shop.refresh(read_sources=False).works == []


def test_a_changed_amount_in_one_month_recomputes_that_month_and_what_reads_it(shop: Shop) -> None:
    shop.sql("update orders set amount = 11 where order_id = 102")  # February; 10 USD before
    done = shop.refresh()
    assert done.troubles == []
    assert done.computed() - SOURCES == {
        *of("models/order_lines", "2024-02"),
        *of("models/customer_months", "2024-02", "2024-03"),
        *of("metrics/revenue", "2024-02"),
        *of("metrics/orders_placed", "2024-02"),
        *of("metrics/small_revenue", "2024-02"),
        *of("metrics/large_orders", "2024-02"),
        *of("metrics/customers", "2024-02"),
        *of("metrics/average_order", "2024-02"),
        *of("metrics/revenue_to_date", "2024-02"),
        *of("metrics/revenue_7d", "2024-02", "2024-03"),
        *of("metrics/revenue_growth", "2024-02", "2024-03"),
        *of("metrics/large_order_rate", "2024-01", "2024-02"),
    }
    assert_no_wave_holds_an_asset_beside_its_input(done)
    written = {o.pair for o in done.outcomes if o.attempt and o.attempt.snapshot == max(x.attempt.snapshot for x in done.outcomes if x.attempt)}
    assert ("metrics/revenue", "2024-01") not in written


def test_what_was_recomputed_to_the_same_contents_stops_the_wave(shop: Shop) -> None:
    """The number of orders did not change, so what reads only it, and what reads customers, is not computed again."""
    shop.sql("update orders set amount = 11 where order_id = 102")
    done = shop.refresh()
    assert not of("metrics/returning_customers", *MONTHS) & done.computed()
    customers = [o.attempt for o in done.outcomes if o.pair == ("metrics/customers", "2024-02")]
    [before, after] = [a for a in shop.ledger.attempts_of(["metrics/customers"]) if a.partition == "2024-02"]
    assert customers[0] is not None
    assert before.data_version == after.data_version


def test_the_numbers_follow_the_source(shop: Shop) -> None:
    shop.sql("update orders set amount = amount + 1.5 where order_id in (3, 205)")
    shop.sql("delete from orders where order_id = 104")
    shop.sql("insert into orders values (901, 2, 2, '2024-02-15 12:00:00', 1, 33.25)")
    assert shop.refresh().troubles == []
    expected = revenue_by_month()
    gone = Decimal("14.03")  # order 104: 3 + 2 * 3 + 5 * 1 USD and 3 cents
    changed = {"2024-01": Decimal("1.5"), "2024-02": Decimal("33.25") - gone, "2024-03": Decimal("1.5")}
    assert shop.months("revenue") == {month: expected[month] + changed[month] for month in MONTHS}


def test_a_changed_whole_table_recomputes_all_months_of_its_dependents(shop: Shop) -> None:
    shop.sql("update products set category = 'coffee' where product_id = 2")
    done = shop.refresh()
    assert done.troubles == []
    assert of("models/order_lines", *MONTHS) <= done.computed()
    assert not of("metrics/revenue_to_date", *MONTHS) - done.computed(), "its input changed, though the totals did not"
    assert not of("models/calendar", WHOLE) & done.computed()
    assert shop.months("revenue") == revenue_by_month()


def test_a_selected_asset_is_computed_alone_and_only_if_due(shop: Shop) -> None:
    assert shop.refresh(assets=["metrics/revenue"], read_sources=False).works == []
    done = shop.refresh(assets=["metrics/revenue"], forced=True)
    assert done.computed() == of("metrics/revenue", *MONTHS)
    assert done.troubles == []


def test_a_forced_selection_of_some_months_computes_exactly_these(shop: Shop) -> None:
    done = shop.refresh(assets=["metrics/revenue", "metrics/average_order"], months=["2024-02"], forced=True)
    assert done.computed() == of("metrics/revenue", "2024-02") | of("metrics/average_order", "2024-02")


def test_a_selected_source_is_read_and_its_dependents_wait(shop: Shop) -> None:
    shop.sql("update orders set amount = 11 where order_id = 102")
    done = shop.refresh(assets=["shop/orders"])
    assert done.computed() == of("shop/orders", *MONTHS)
    assert of("models/order_lines", "2024-02") <= shop.refresh(read_sources=False).computed()


def test_a_step_over_months_of_which_one_is_unchanged_leaves_every_month_right(shop: Shop) -> None:
    """The months that are due are two stretches then, staged one by one and published together."""
    shop.sql("update orders set amount = amount + 1 where order_id in (1, 201)")
    shop.refresh(assets=["shop/orders"])
    shop.refresh(assets=["models/order_lines"], read_sources=False)
    outcomes = shop.carry_out(["metrics/revenue", "metrics/orders_placed"], MONTHS)
    assert {o.pair[1]: o.state for o in outcomes if o.pair[0] == "metrics/revenue"} == {"2024-01": "published", "2024-02": "unchanged", "2024-03": "published"}
    expected = revenue_by_month()
    assert shop.months("revenue") == expected | {m: expected[m] + 1 for m in ("2024-01", "2024-03")}


def test_a_month_that_has_not_come_is_not_computed(fresh_shop: Shop) -> None:
    fresh_shop.sql("delete from orders where ordered_at >= '2024-03-01 05:00:00'")
    done = fresh_shop.refresh()
    assert done.troubles == []
    assert {month for _, month in done.computed()} == {WHOLE, "2024-01", "2024-02"}
    [outcome] = fresh_shop.carry_out(["metrics/revenue"], ["2024-03"])
    assert (outcome.state, "not yet due" in outcome.reason) == ("blocked", True)


def test_a_month_that_opens_is_added_to_what_is_there(fresh_shop: Shop) -> None:
    fresh_shop.sql("create table later as select * from orders where ordered_at >= '2024-03-01 05:00:00'")
    fresh_shop.sql("delete from orders where ordered_at >= '2024-03-01 05:00:00'")
    fresh_shop.refresh()
    fresh_shop.sql("insert into orders select * from later")
    done = fresh_shop.refresh()
    assert done.troubles == []
    assert fresh_shop.months("revenue") == revenue_by_month()
    assert of("metrics/large_order_rate", "2024-02") <= done.computed(), "its conversions may lie in March"
    assert not of("metrics/revenue", "2024-01", "2024-02") & done.computed()


def test_an_open_month_grows_day_by_day(fresh_shop: Shop) -> None:
    fresh_shop.sql("create table later as select * from orders where ordered_at >= '2024-03-10 00:00:00'")
    fresh_shop.sql("delete from orders where ordered_at >= '2024-03-10 00:00:00'")
    fresh_shop.refresh()
    newest = "select max(metric_time) from lake.metrics.revenue_to_date"
    assert str(fresh_shop.read(newest)[0][0]) == "2024-03-07"
    fresh_shop.sql("insert into orders select * from later")
    assert fresh_shop.refresh().troubles == []
    assert str(fresh_shop.read(newest)[0][0]) == "2024-03-31"
    assert fresh_shop.months("revenue") == revenue_by_month()


def test_a_month_without_a_single_order_is_published_empty_where_that_is_allowed(fresh_shop: Shop) -> None:
    for file in ("sources/shop.yaml", "models/order_lines.yaml", "models/customer_months.yaml"):
        text = (fresh_shop.center / file).read_text().replace("min_rows: 1", "min_rows: 0")
        (fresh_shop.center / file).write_text(text)
    for metric in ("revenue", "orders_placed", "average_order", "customers", "revenue_7d", "revenue_to_date", "large_order_rate"):
        [file] = fresh_shop.center.rglob(f"metrics/*/{metric}.yaml")
        text = file.read_text()
        file.write_text(text.replace("checks:", "checks:\n  min_rows: 0", 1) if "checks:\n" in text else text.replace("checks: {", "checks: {min_rows: 0, ") if "checks:" in text else text + "checks: {min_rows: 0}\n")
    fresh_shop.sql("delete from orders where ordered_at between '2024-02-01 05:00:00' and '2024-03-01 04:59:59'")
    assert fresh_shop.refresh().troubles == []
    assert set(fresh_shop.months("revenue")) == {"2024-01", "2024-03"}
    fresh_shop.sql("insert into orders values (901, 2, 2, '2024-02-15 12:00:00', 1, 33.25)")
    assert fresh_shop.refresh().troubles == []
    assert fresh_shop.months("revenue")["2024-02"] == Decimal("33.25")
    fresh_shop.sql("delete from orders where order_id = 901")
    assert fresh_shop.refresh().troubles == []
    assert set(fresh_shop.months("revenue")) == {"2024-01", "2024-03"}


# Plans


def test_a_plan_is_a_list_of_small_values(shop: Shop) -> None:
    shop.sql("update orders set amount = 11 where order_id = 102")
    facts = shop.open().facts()
    assert plan(facts, Scope(read_since=now())) == [Work(("shop/products",), WHOLE, WHOLE), Work(("shop/orders",), "2024-01", "2024-03")]
    assert str(plan(facts, Scope(read_since=now()))[1]) == "shop/orders for 2024-01 to 2024-03"


def test_a_dry_run_foresees_all_that_a_refresh_then_does(shop: Shop) -> None:
    shop.sql("update orders set amount = 11 where order_id = 102")
    works = foreseen(shop.open().facts(), Scope(read_since=now()))
    expected = {(key, m) for w in works for key in w.assets for m in ([WHOLE] if w.first == WHOLE else months_between(w.first, w.last))}
    assert shop.refresh().computed() <= expected


def test_rectangles_give_back_exactly_their_pairs() -> None:
    pairs = {*of("a", "2024-01", "2024-02", "2024-05"), *of("b", "2024-01", "2024-02", "2024-05"), *of("c", "2024-02"), ("d", WHOLE)}
    works = rectangles(pairs)
    found = [(key, m) for w in works for key in w.assets for m in ([WHOLE] if w.first == WHOLE else months_between(w.first, w.last))]
    assert sorted(found) == sorted(pairs)
    assert len(works) == 4


@pytest.mark.parametrize(("reread", "months"), [("all", 3), ("1", 1), ("2", 2)])
def test_a_source_is_read_again_as_far_back_as_its_yaml_says(shop: Shop, reread: str, months: int) -> None:
    shop.edit("sources/shop.yaml", "reread: all", f"reread: {reread}")
    assert {pair for pair in shop.refresh().computed("shop/orders")} == of("shop/orders", *MONTHS[-months:])
