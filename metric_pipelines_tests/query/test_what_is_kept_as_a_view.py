"""Answers from models that are views over files read in place: what the files say, while they are what was
published; nothing silently of others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml

from metric_pipelines.query import Answer, Reader, open_for_reading
from metric_pipelines_tests.shop_in_place import ORDERS, lay_out, with_orders_in_place
from metric_pipelines_tests.small_shop import MONTHS, Shop

CUSTOMERS = "metrics/service/customers.yaml"
BY_HAND = """
    select cast(date_trunc('month', ordered_at at time zone 'UTC' at time zone 'America/New_York') as date),
        {by}, {value}
    from read_parquet('{file}') group by all order by all
"""


@pytest.fixture
def in_place(shop: Shop) -> Shop:
    shop.keep("revenue", "customers")
    with_customers_as_a_dimension(shop)
    assert shop.refresh().troubles == []
    return shop


def with_customers_as_a_dimension(shop: Shop) -> None:
    with_orders_in_place(shop)
    category = "  category: {label: Category}\n"
    customer = "  customer: {expr: customer_id, label: Customer}\n"
    shop.edit("models/order_lines.yaml", category, category + customer)


@contextmanager
def reading(shop: Shop) -> Iterator[Reader]:
    with open_for_reading(shop.open()) as reader:
        yield reader


def of_the_files(shop: Shop, value: str = "sum(amount)", by: str = "customer_id") -> list[tuple[Any, ...]]:
    return shop.read(BY_HAND.format(by=by, value=value, file=shop.home / "exports/orders.parquet"))


def by_customer(shop: Shop) -> Answer:
    """Revenue is not published by customer."""
    with reading(shop) as reader:
        return reader.values("revenue", ["customer"], "month")


def lost(answer: Answer) -> set[tuple[str, str]]:
    return {(gap.month, gap.reason) for gap in answer.gaps if not gap.kept}


CHANGED = {(month, "the files it was computed from have changed") for month in MONTHS}


def test_by_what_it_is_not_published_by_it_is_what_the_files_say(in_place: Shop) -> None:
    answer = by_customer(in_place)
    assert answer.route == "model"
    assert answer.gaps == []
    assert answer.rows == of_the_files(in_place)


def test_files_that_were_replaced_answer_nothing_before_a_refresh_and_rightly_after(in_place: Shop) -> None:
    before = by_customer(in_place)
    lay_out(in_place, "amount + 1")
    replaced = by_customer(in_place)
    assert (replaced.rows, lost(replaced)) == ([], CHANGED)
    with reading(in_place) as reader:
        published = reader.values("revenue", grain="month")
    assert len(published.rows) == len(MONTHS)
    assert published.gaps == []
    assert in_place.refresh().troubles == []
    after = by_customer(in_place)
    assert after.gaps == []
    assert after.rows == of_the_files(in_place) != before.rows


def test_files_that_are_away_answer_nothing(in_place: Shop) -> None:
    (in_place.home / "exports/orders.parquet").unlink()
    answer = by_customer(in_place)
    assert (answer.rows, lost(answer)) == ([], CHANGED)


def test_a_withheld_source_answers_nothing(in_place: Shop) -> None:
    lay_out(in_place, "-amount")
    in_place.refresh()
    assert ("shop/orders", "") in in_place.stands("withheld")
    answer = by_customer(in_place)
    assert answer.rows == []
    assert {(gap.month, gap.state, gap.kept) for gap in answer.gaps} == {
        (month, "blocked", False) for month in MONTHS
    }


def test_a_month_that_was_published_from_other_files_is_left_out(in_place: Shop) -> None:
    """February is withheld when the files change: its last good receipt is of the files before."""
    lay_out(in_place, "case when order_id = 101 then 900 else amount end")
    assert {t.pair for t in in_place.refresh().troubles} == {("metrics/revenue", "2024-02")}
    answer = by_customer(in_place)
    assert answer.rows == [row for row in of_the_files(in_place) if row[0].month != 2]
    assert [(gap.month, gap.kept) for gap in answer.gaps] == [("2024-02", False)]


def test_files_that_change_while_they_are_read_are_seen(in_place: Shop) -> None:
    class Interrupted(Reader):
        def _rows(self, *asked: Any) -> list[tuple[Any, ...]]:
            lay_out(in_place, "amount + 1")
            return super()._rows(*asked)

    with reading(in_place) as reader:
        interrupted = Interrupted(in_place.open(), reader.con, reader.history)
        answer = interrupted.values("revenue", ["customer"], "month")
    assert (answer.rows, lost(answer)) == ([], CHANGED)


def test_nothing_is_computed_from_files_that_nobody_has_judged(in_place: Shop) -> None:
    """A new definition is computed without a look at the sources, whose files are others by now."""
    before = in_place.months("revenue")
    lay_out(in_place, "amount + 1")
    in_place.edit("metrics/sales/revenue.yaml", "expr: amount", "expr: amount * 2")
    troubles = in_place.refresh(read_sources=False).troubles
    assert {(t.pair, t.state) for t in troubles} == {(("metrics/revenue", m), "withheld") for m in MONTHS}
    assert "have changed" in in_place.reason("metrics/revenue", MONTHS[0])
    assert in_place.months("revenue") == before
    assert in_place.refresh().troubles == []
    doubled = of_the_files(in_place, "sum(amount * 2)", "1")
    assert list(in_place.months("revenue").values()) == [row[2] for row in doubled]


def test_a_view_over_a_table_that_moved_on_without_it_answers_nothing(shop: Shop) -> None:
    """Order lines, a view over products, are withheld: they would read the new products."""
    shop.keep("revenue")
    with_customers_as_a_dimension(shop)
    source = shop.center / ORDERS
    definition = yaml.safe_load(source.read_text())
    definition["tables"]["products"]["checks"] = {}
    source.write_text(yaml.safe_dump(definition))
    assert shop.refresh().troubles == []
    answer = by_customer(shop)
    assert answer.rows == of_the_files(shop)
    products = "(values (1, 'tea'), (1, 'coffee'), (2, 'tea'), (3, 'coffee')) v(product_id, category)"
    shop.read(f"copy (from {products}) to '{shop.home}/exports/products.parquet' (format parquet)")
    shop.refresh()
    assert ("models/order_lines", "") in shop.stands("withheld")
    answer = by_customer(shop)
    assert answer.rows == []
    assert {gap.kept for gap in answer.gaps} == {False}


def test_kept_cuts_answer_of_files_that_are_gone(shop: Shop) -> None:
    shop.keep("customers")
    shop.edit(CUSTOMERS, "type: ", "rollups: [[month], [quarter]]\ntype: ")
    with_orders_in_place(shop)
    assert shop.refresh().troubles == []
    expected = of_the_files(shop, "count(distinct customer_id)", "1")
    (shop.home / "exports/orders.parquet").unlink()
    with reading(shop) as reader:
        answer = reader.values("customers", grain="month")
        model = reader.values("customers", grain="month", route="model")
    assert answer.route == "rollup"
    assert answer.rows == [(row[0], row[2]) for row in expected]
    assert (model.rows, lost(model)) == ([], CHANGED)
