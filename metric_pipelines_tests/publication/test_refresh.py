"""A refresh computes what is due and nothing else, in waves that never hold an asset beside its input."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.ledger.ledger import now
from metric_pipelines.publication.plan import Scope, Work, foreseen, plan, rectangles
from metric_pipelines.warehouse.lake import newest_snapshot
from metric_pipelines_tests.conftest import Story
from metric_pipelines_tests.small_shop import MONTHS, Shop, months_of, revenue_by_month

SOURCES = {("shop/products", WHOLE), *(("shop/orders", month) for month in MONTHS)}
ELEVEN_DOLLARS = "update orders set amount = 11 where order_id = 102"
"""In February, 10.01 USD before: no number of orders or customers changes."""


def of(asset: str, *months: str) -> set[tuple[str, str]]:
    return {(asset, month) for month in months}


def test_a_first_refresh_publishes_everything(published_once: Shop) -> None:
    everything = set(published_once.open().graph.pairs())
    assert published_once.published() == everything
    assert published_once.stands("published") == everything
    assert published_once.months("revenue") == revenue_by_month()
    assert plan(published_once.open().facts(), Scope()) == []


def test_every_receipt_names_a_snapshot_the_inputs_and_the_verdicts(published_once: Shop) -> None:
    opened = published_once.open()
    history = opened.ledger.history()
    receipts = [own.published for own in history.values() if own.published is not None]
    assert {r.pair for r in receipts} == set(opened.graph.pairs())
    assert all(r.snapshot and r.data_version and r.rows is not None and r.closed_at for r in receipts)
    for receipt in receipts:
        for given in opened.graph.inputs(receipt.pair):
            published = history[given].published
            assert published is not None
            assert receipt.inputs[f"{given[0]}@{given[1]}"] == published.data_version
    both = [("contract", "pandera", True), ("expectations", "great_expectations", True)]
    verdicts = opened.ledger.verdicts(r.id for r in receipts)
    assert all([(v.check, v.library, v.passed) for v in said] == both for said in verdicts.values())


def test_an_unchanged_second_refresh_computes_the_sources_only_and_writes_nothing(shop: Shop) -> None:
    before = newest_snapshot(shop.connection())
    done = shop.refresh()
    assert done.troubles == []
    assert shop.computed() == SOURCES
    assert sum(len(work.assets) for work in done.works) == 2
    assert newest_snapshot(shop.connection()) == before
    assert shop.refresh(read_sources=False).works == []


# One amount changed in February


@pytest.fixture
def eleven_dollars(story: Story) -> Shop:
    def tell(shop: Shop) -> None:
        shop.sql(ELEVEN_DOLLARS)
        done = shop.refresh()
        assert done.troubles == []
        for work in done.works:
            for key in work.assets:
                assert not done.shop.graph.upstream(key) & set(work.assets), "an asset beside its input"

    return story("eleven_dollars", tell)


def test_a_changed_amount_in_one_month_recomputes_that_month_and_what_reads_it(eleven_dollars: Shop) -> None:
    assert eleven_dollars.computed() - SOURCES == {
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
    expected = revenue_by_month()
    expected["2024-02"] += Decimal("0.99")
    assert eleven_dollars.months("revenue") == expected


def test_what_was_recomputed_to_the_same_contents_stops_the_wave(eleven_dollars: Shop) -> None:
    """The customers did not change, nor did the model of their months, so what reads that is not due."""
    assert of("models/customer_months", "2024-03") <= eleven_dollars.computed()
    assert not eleven_dollars.computed("metrics/returning_customers")
    [before, after] = [
        a for a in eleven_dollars.ledger.attempts_of(["metrics/customers"]) if a.partition == "2024-02"
    ]
    assert before.data_version == after.data_version


def test_only_what_changed_is_written(eleven_dollars: Shop) -> None:
    """The snapshot of what did not change is of no new transaction of its own."""
    snapshots = {a.pair: a.snapshot for a in eleven_dollars.attempts()}
    assert snapshots["shop/orders", "2024-02"] == snapshots["shop/orders", "2024-01"], (
        "one transaction for the step"
    )
    assert snapshots["metrics/revenue", "2024-02"] is not None


def test_a_dry_run_foresees_all_that_a_refresh_then_does(eleven_dollars: Shop, published_once: Shop) -> None:
    certain, then = foreseen(published_once.open().facts(), Scope(read_since=now()))
    works = [*certain, *then]
    assert eleven_dollars.computed() <= {(key, m) for w in works for key in w.assets for m in months_of(w)}
    assert {key for w in certain for key in w.assets} == {"shop/orders", "shop/products"}


def test_a_dry_run_tells_what_is_due_by_itself_from_what_may_follow(shop: Shop) -> None:
    shop.edit("metrics/sales/small_revenue.yaml", "amount < 10", "amount < 15")
    certain, then = foreseen(shop.open().facts(), Scope(read_since=now()))
    assert {key for w in certain for key in w.assets} == {
        "shop/orders",
        "shop/products",
        "metrics/small_revenue",
    }
    assert "metrics/revenue" in {key for w in then for key in w.assets}


# Changes of the source


def test_the_numbers_follow_the_source(shop: Shop) -> None:
    shop.keep("revenue")
    shop.sql("update orders set amount = amount + 1.5 where order_id in (3, 205)")
    shop.sql("delete from orders where order_id = 104")
    shop.sql("insert into orders values (901, 2, 2, '2024-02-15 12:00:00', 1, 33.25)")
    assert shop.refresh().troubles == []
    gone = Decimal("14.03")  # order 104: 3 + 2 * 3 + 5 * 1 USD and 3 cents
    changed = {"2024-01": Decimal("1.5"), "2024-02": Decimal("33.25") - gone, "2024-03": Decimal("1.5")}
    assert shop.months("revenue") == {m: revenue_by_month()[m] + changed[m] for m in MONTHS}


def test_a_changed_whole_table_recomputes_all_months_of_its_dependents(shop: Shop) -> None:
    shop.keep("revenue", "revenue_to_date")
    shop.sql("update products set category = 'coffee' where product_id = 2")
    assert shop.refresh().troubles == []
    assert of("models/order_lines", *MONTHS) <= shop.computed()
    assert not shop.computed("models/calendar")
    assert shop.months("revenue") == revenue_by_month()


def test_a_month_without_a_single_order_is_published_empty_where_that_is_allowed(shop: Shop) -> None:
    shop.keep("revenue")
    for file in ("sources/shop.yaml", "models/order_lines.yaml"):
        shop.edit(file, "min_rows: 1", "min_rows: 0")
    shop.edit("metrics/sales/revenue.yaml", "min: 0", "min: 0\n  min_rows: 0")
    shop.sql("delete from orders where ordered_at between '2024-02-01 05:00:00' and '2024-03-01 04:59:59'")
    assert shop.refresh().troubles == []
    assert set(shop.months("revenue")) == {"2024-01", "2024-03"}
    shop.sql("insert into orders values (901, 2, 2, '2024-02-15 12:00:00', 1, 33.25)")
    assert shop.refresh().troubles == []
    assert shop.months("revenue")["2024-02"] == Decimal("33.25")


# What is selected


def test_a_selected_asset_is_computed_alone_and_only_if_due_or_forced(shop: Shop) -> None:
    assert shop.refresh(assets=["metrics/revenue"], read_sources=False).works == []
    done = shop.refresh(assets=["metrics/revenue"], months=["2024-02"], forced=True)
    assert shop.computed() == of("metrics/revenue", "2024-02")
    assert done.troubles == []


def test_a_forced_selection_computes_inputs_first(shop: Shop) -> None:
    done = shop.refresh(
        assets=["metrics/revenue", "metrics/average_order"], months=["2024-01", "2024-02"], forced=True
    )
    assert [work.assets for work in done.works] == [("metrics/revenue",), ("metrics/average_order",)]
    assert shop.computed() == of("metrics/revenue", *MONTHS[:2]) | of("metrics/average_order", *MONTHS[:2])


def test_what_depends_on_a_selected_source_is_due_at_the_next_refresh(shop: Shop) -> None:
    shop.keep("revenue")
    shop.sql(ELEVEN_DOLLARS)
    shop.refresh(assets=["shop/orders"])
    assert shop.computed() == of("shop/orders", *MONTHS)
    shop.refresh(read_sources=False)
    assert shop.computed() == of("models/order_lines", "2024-02") | of("metrics/revenue", "2024-02")


def test_a_step_over_months_of_which_one_is_unchanged_leaves_every_month_right(shop: Shop) -> None:
    """The months that are due are two stretches then, staged one by one and published together."""
    shop.sql("update orders set amount = amount + 1 where order_id in (1, 201)")
    shop.refresh(assets=["shop/orders"])
    shop.refresh(assets=["models/order_lines"], read_sources=False)
    outcomes = shop.carry_out(["metrics/revenue", "metrics/orders_placed"], MONTHS)
    states = {o.pair[1]: o.state for o in outcomes if o.pair[0] == "metrics/revenue"}
    assert states == {"2024-01": "published", "2024-02": "unchanged", "2024-03": "published"}
    expected = revenue_by_month()
    assert shop.months("revenue") == expected | {m: expected[m] + 1 for m in ("2024-01", "2024-03")}


@pytest.mark.parametrize(("reread", "months"), [("1", 1), ("2", 2)])
def test_a_source_is_read_again_as_far_back_as_its_yaml_says(shop: Shop, reread: str, months: int) -> None:
    shop.edit("sources/shop.yaml", "reread: all", f"reread: {reread}")
    works = plan(shop.open().facts(), Scope(read_since=now()))
    assert Work(("shop/orders",), MONTHS[-months], MONTHS[-1]) in works


# Months come and go on


@pytest.fixture
def until_10_march(story: Story) -> Shop:
    """A shop whose clock stands in the midst of March, and had never seen more."""

    def tell(shop: Shop) -> None:
        shop.keep("revenue", "revenue_to_date", "orders_placed", "large_orders", "large_order_rate")
        shop.sql("create table later as select * from orders where ordered_at >= '2024-03-10 00:00:00'")
        shop.sql("delete from orders where ordered_at >= '2024-03-10 00:00:00'")
        for file in [*shop.home.glob("ledger.*"), *(shop.home / "lake").glob("*.sqlite*")]:
            file.unlink()
        assert shop.refresh().troubles == []

    return story("until_10_march", tell)


def test_a_running_total_ends_today(until_10_march: Shop) -> None:
    assert (
        until_10_march.read("select max(metric_time) from lake.metrics.revenue_to_date")[0][0].isoformat()
        == "2024-03-07"
    )


def test_an_open_month_grows_day_by_day(until_10_march: Shop, tmp_path: Path) -> None:
    shop = until_10_march.copy(tmp_path)
    shop.sql("insert into orders select * from later")
    assert shop.refresh().troubles == []
    assert (
        shop.read("select max(metric_time) from lake.metrics.revenue_to_date")[0][0].isoformat()
        == "2024-03-31"
    )
    assert shop.months("revenue") == revenue_by_month()
    revenue = {pair for pair in shop.computed() if pair[0] == "metrics/revenue"}
    assert revenue == of("metrics/revenue", "2024-03"), "February was over"


def test_a_month_that_has_not_come_is_not_computed_and_one_that_opens_is_added(
    until_10_march: Shop, tmp_path: Path
) -> None:
    shop = until_10_march.copy(tmp_path)
    shop.sql("create table march as select * from orders where ordered_at >= '2024-03-01 05:00:00'")
    shop.sql("delete from orders where ordered_at >= '2024-03-01 05:00:00'")
    for file in [*shop.home.glob("ledger.*"), *(shop.home / "lake").glob("*.sqlite*")]:
        file.unlink()
    assert shop.refresh().troubles == []
    assert {month for _, month in shop.computed()} == {WHOLE, "2024-01", "2024-02"}
    [outcome] = shop.carry_out(["metrics/revenue"], ["2024-03"])
    assert (outcome.state, "not yet due" in outcome.reason) == ("blocked", True)
    shop.sql("insert into orders select * from march")
    assert shop.refresh().troubles == []
    revenue = {pair for pair in shop.computed() if pair[0] == "metrics/revenue"}
    assert revenue == of("metrics/revenue", "2024-02", "2024-03"), "February's last day was still to come"
    assert of("metrics/large_order_rate", "2024-02") <= shop.computed(), "its conversions may lie in March"


# Plans


def test_a_plan_is_a_list_of_small_values(published_once: Shop) -> None:
    works = plan(published_once.open().facts(), Scope(read_since=now()))
    assert works == [Work(("shop/orders",), "2024-01", "2024-03"), Work(("shop/products",), WHOLE, WHOLE)]
    assert [str(work) for work in works] == ["shop/orders for 2024-01 to 2024-03", "shop/products"]


def test_rectangles_give_back_exactly_their_pairs() -> None:
    pairs = of("a", "2024-01", "2024-02", "2024-05") | of("b", "2024-01", "2024-02", "2024-05")
    pairs |= of("c", "2024-02") | {("d", WHOLE)}
    works = rectangles(pairs)
    assert sorted((key, m) for w in works for key in w.assets for m in months_of(w)) == sorted(pairs)
    assert len(works) == 4
