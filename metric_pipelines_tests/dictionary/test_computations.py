"""Which metrics compute the same, whatever they are called: pairs that do, and pairs that only look so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from metric_pipelines.dictionary.center_files import load_center
from metric_pipelines.dictionary.computations import Computations
from metric_pipelines.settings import SHIPPED
from metric_pipelines_tests.small_shop import Shop

LINES = "type: simple\nmodel: order_lines\n"
MONTHS = "type: simple\nmodel: customer_months\nagg: count\n"
SUM, COUNT = LINES + "agg: sum\n", LINES + "agg: count\n"
KEPT = "expr: amount\nfill_nulls_with: 0\njoin_to_timespine: true\n"
GROWTH = (
    "type: derived\nexpr: {}\nmetrics:\n"
    "  - {{name: revenue, alias: this_one}}\n  - {{name: revenue, alias: before, {}}}\n"
)
CONVERSION = (
    "type: conversion\nentity: customer\nbase_metric: orders_placed\nconversion_metric: large_orders\n"
)
SAME = {
    "brackets and order": (SUM + "expr: (quantity * amount)\n", SUM + "expr: amount*quantity\n"),
    "a filter turned": (COUNT + "filter: amount >= 20\n", COUNT + "filter: 20.0 <= amount\n"),
    "a filter in pieces": (
        COUNT + "filter: amount >= 20 and category in ('tea', 'coffee')\n",
        COUNT + "filter: (category = 'coffee' or category = 'tea') and not amount < 20\n",
    ),
    "a filter of whole numbers": (COUNT + "filter: quantity > 1\n", COUNT + "filter: quantity >= 2\n"),
    "a filter of whole days": (
        COUNT + "filter: order_day > '2024-01-31'\n",
        COUNT + "filter: not order_day < '2024-02-01'\n",
    ),
    "a filter that says nothing": (COUNT, COUNT + "filter: 1 = 1\n"),
    "a condition that says nothing beside another": (
        COUNT + "filter: category = 'tea'\n",
        COUNT + "filter: true and category in ('tea') and category is not null\n",
    ),
    "what is true": (MONTHS + "filter: active\n", MONTHS + "filter: active is true\n"),
    "a filter that another implies": (
        COUNT + "filter: quantity > 5\n",
        COUNT + "filter: quantity > 3 and quantity >= 6\n",
    ),
    "a filter of cents": (COUNT + "filter: amount > 1\n", COUNT + "filter: amount >= 1.01\n"),
    "filters that share a condition": (
        COUNT + "filter: category = 'tea' and (quantity > 1 or amount > 9)\n",
        COUNT + "filter: category = 'tea' and quantity > 1 or amount > 9 and category = 'tea'\n",
    ),
    "a thousandth": (SUM + "expr: quantity / 1000\n", SUM + "expr: quantity * 0.001\n"),
    "a percentage of a sum": (
        SUM + "expr: amount / 100\n",
        "type: derived\nexpr: revenue * 0.01\nmetrics: [revenue]\n",
    ),
    "ones and zeros": (
        COUNT + "expr: case when amount < 10 then 1 end\n",
        SUM + "expr: case when 10 > amount then 1 else 0 end\n",
    ),
    "zeros that a filter leaves out": (
        SUM + "expr: amount\nfilter: amount < 10\n",
        SUM + "expr: case when amount < 10 then amount else 0 end\nfilter: amount < 10\n",
    ),
    "different keys": (COUNT, LINES + "agg: count_distinct\nexpr: order_id\n"),
    "different keys under a filter": (
        COUNT + "filter: amount < 10\n",
        LINES + "agg: count_distinct\nexpr: order_id\nfilter: amount < 10\n",
    ),
    "rows counted": (COUNT, SUM + 'expr: "1"\n'),
    "rows counted by what is never empty": (COUNT, COUNT + "expr: order_id\n"),
    "a filter in case when": (
        SUM + "expr: amount\nfilter: amount < 10\n",
        SUM + "expr: case when 10 > amount then amount else null end\n",
    ),
    "its model's own time": (SUM + "expr: amount\n", SUM + "expr: amount\ntime: order_day\n"),
    "other grain and dimensions": (
        SUM + "expr: amount\ngrain: month\n",
        SUM + "expr: amount\ndimensions: [category]\n",
    ),
    "other rules on values": (SUM + "expr: amount\n", SUM + "expr: amount\nchecks: {min_rows: 0}\n"),
    "an average is a ratio": (
        LINES + "agg: average\nexpr: amount\n",
        "type: ratio\nnumerator: revenue\ndenominator: orders_placed\n",
    ),
    "a median is a percentile": (
        LINES + "agg: median\nexpr: amount\n",
        LINES + "agg: percentile\npercentile: 0.5\nexpr: amount\n",
    ),
    "a ratio is a division": (
        "type: ratio\nnumerator: revenue\ndenominator: orders_placed\n",
        "type: derived\nexpr: revenue / nullif(orders, 0)\n"
        "metrics: [revenue, {name: orders_placed, alias: orders}]\n",
    ),
    "a filter of the whole, of the parts": (
        "type: ratio\nnumerator: revenue\ndenominator: orders_placed\nfilter: amount >= 20\n",
        "type: ratio\nnumerator: {name: revenue, filter: amount >= 20}\ndenominator: large_orders\n",
    ),
    "one input alone": (SUM + "expr: amount\n", "type: derived\nexpr: revenue\nmetrics: [revenue]\n"),
    "a step between": (
        "type: derived\nexpr: average_order - 1\nmetrics: [average_order]\n",
        "type: derived\nexpr: revenue / orders_placed - 1\nmetrics: [revenue, orders_placed]\n",
    ),
    "growth written two ways": (
        GROWTH.format("this_one / before - 1", "offset_window: 1 quarter") + "grain: month\n",
        GROWTH.format("(this_one - before) / before", "offset_window: 3 months") + "grain: month\n",
    ),
    "a week is seven days": (
        "type: cumulative\nmetric: revenue\nwindow: 7 days\n",
        "type: cumulative\nmetric: revenue\nwindow: 1 week\n",
    ),
    "a conversion's window": (CONVERSION + "window: 7 days\n", CONVERSION + "window: 1 week\n"),
}
OTHER = {
    "another column": (SUM + "expr: amount\n", SUM + "expr: quantity\n"),
    "another filter": (COUNT + "filter: amount >= 20\n", COUNT + "filter: amount > 20\n"),
    "a filter of numbers with digits": (COUNT + "filter: amount > 1\n", COUNT + "filter: amount >= 2\n"),
    "a filter that another does not imply": (
        COUNT + "filter: quantity > 5\n",
        COUNT + "filter: quantity > 5 and amount > 3\n",
    ),
    "a hundredth": (SUM + "expr: quantity / 1000\n", SUM + "expr: quantity * 0.01\n"),
    "a third, nearly": (SUM + "expr: quantity / 3\n", SUM + "expr: quantity * 0.3333\n"),
    "different customers": (COUNT, LINES + "agg: count_distinct\nexpr: customer_id\n"),
    "a sum under another filter": (
        SUM + "expr: amount + quantity\nfilter: amount < 10\n",
        "type: derived\nexpr: revenue + small_revenue\nmetrics: [revenue, small_revenue]\n",
    ),
    "a product is no product of sums": (
        SUM + "expr: amount * quantity\n",
        "type: derived\nexpr: revenue * orders_placed\nmetrics: [revenue, orders_placed]\n",
    ),
    "the greatest of a sum": (
        LINES + "agg: max\nexpr: amount + quantity\n",
        SUM + "expr: amount + quantity\n",
    ),
    "no filter": (COUNT + "filter: amount >= 20\n", COUNT),
    "a zero for the rest": (
        SUM + "expr: case when amount < 10 then amount end\n",
        SUM + "expr: case when amount < 10 then amount else 0 end\n",
    ),
    "a count in case when has zeros": (
        COUNT + "filter: amount < 10\n",
        COUNT + "expr: case when amount < 10 then 1 end\n",
    ),
    "a distinct count in case when has zeros": (
        LINES + "agg: count_distinct\nexpr: customer_id\nfilter: amount < 10\n",
        LINES + "agg: count_distinct\nexpr: case when amount < 10 then customer_id end\n",
    ),
    "counted once": (COUNT + "expr: customer_id\n", LINES + "agg: count_distinct\nexpr: customer_id\n"),
    "another model": (
        COUNT,
        "type: simple\nmodel: customer_months\nagg: count\n",
    ),
    "filled days": (SUM + "expr: amount\n", SUM + KEPT),
    "days filled otherwise": (SUM + KEPT, SUM + KEPT.replace("with: 0", "with: 1")),
    "upside down": (
        "type: ratio\nnumerator: revenue\ndenominator: orders_placed\n",
        "type: ratio\nnumerator: orders_placed\ndenominator: revenue\n",
    ),
    "a filter of one part": (
        "type: ratio\nnumerator: revenue\ndenominator: orders_placed\nfilter: amount >= 20\n",
        "type: ratio\nnumerator: {name: revenue, filter: amount >= 20}\ndenominator: orders_placed\n",
    ),
    "a month is no number of days": (
        GROWTH.format("this_one / before - 1", "offset_window: 1 month") + "grain: month\n",
        GROWTH.format("this_one / before - 1", "offset_window: 28 days") + "grain: month\n",
    ),
    "before, and at the start": (
        GROWTH.format("this_one / before - 1", "offset_window: 1 month") + "grain: month\n",
        GROWTH.format("this_one / before - 1", "offset_to_grain: month") + "grain: month\n",
    ),
    "since when": (
        "type: cumulative\nmetric: revenue\ngrain_to_date: month\n",
        "type: cumulative\nmetric: revenue\ngrain_to_date: year\n",
    ),
    "since when, and how long": (
        "type: cumulative\nmetric: revenue\n",
        "type: cumulative\nmetric: revenue\nwindow: 7 days\n",
    ),
    "which day stands for the month": (
        "type: cumulative\nmetric: revenue\nwindow: 7 days\n",
        "type: cumulative\nmetric: revenue\nwindow: 7 days\nperiod_agg: average\n",
    ),
    "percentiles": (
        LINES + "agg: percentile\npercentile: 0.5\nexpr: amount\n",
        LINES + "agg: percentile\npercentile: 0.9\nexpr: amount\n",
    ),
    "percentiles of another kind": (
        LINES + "agg: percentile\npercentile: 0.5\nexpr: amount\n",
        LINES + "agg: percentile\npercentile: 0.5\npercentile_type: discrete\nexpr: amount\n",
    ),
    "a conversion's filter is no filter of what converts": (
        CONVERSION + "window: 7 days\n",
        CONVERSION + "window: 7 days\nfilter: category = 'tea'\n",
    ),
    "numbers and shares of conversions": (
        CONVERSION + "window: 7 days\n",
        CONVERSION + "window: 7 days\ncalculation: conversions\n",
    ),
    "with the same properties": (
        CONVERSION + "window: 7 days\n",
        CONVERSION + "window: 7 days\nconstant_properties: [category]\n",
    ),
}
FILLED = {
    "rows counted by a column": (COUNT, COUNT + "expr: quantity\n"),
    "what is not empty": (COUNT, COUNT + "filter: quantity is not null\n"),
    "what is not true is false": (
        MONTHS + "filter: not active\n",
        MONTHS + "filter: active is not true\n",
    ),
    "nothing as zero": (SUM + "expr: amount\n", SUM + "expr: coalesce(amount, 0)\n"),
    "what is added and taken away": (SUM + "expr: amount\n", SUM + "expr: amount + quantity - quantity\n"),
    "different keys": (COUNT, LINES + "agg: count_distinct\nexpr: order_id\n"),
    "a sum of sums": (
        SUM + "expr: amount + 2 * quantity\n",
        "type: derived\nexpr: revenue + quantities + quantities\nmetrics: [revenue, quantities]\n",
    ),
    "a sum and a count": (
        SUM + "expr: amount - 1\n",
        "type: derived\nexpr: revenue - orders_placed\nmetrics: [revenue, orders_placed]\n",
    ),
    "an average of a sum": (
        LINES + "agg: average\nexpr: amount + quantity\n",
        "type: derived\nexpr: (quantities + revenue) / orders_placed\n"
        "metrics: [quantities, revenue, orders_placed]\n",
    ),
    "sums that cancel": (
        "type: derived\nexpr: together - quantities\nmetrics: [together, quantities]\n",
        SUM + "expr: amount\n",
    ),
    "a share of what cancels": (
        "type: derived\nexpr: (together - revenue) / together\nmetrics: [together, revenue]\n",
        "type: ratio\nnumerator: quantities\ndenominator: together\n",
    ),
}
"""What is the same as long as no column may be empty."""
ZEROS = {
    "what is not empty counted": (COUNT + "filter: quantity is not null\n", COUNT + "expr: quantity\n"),
    "ones and zeros": (
        COUNT + "expr: quantity\n",
        SUM + "expr: case when quantity is not null then 1 else 0 end\n",
    ),
}
"""Over columns that may be empty: no number for groups that hold nothing else, and 0; and 0 twice."""


def computations(folder: Path, pair: tuple[str, str]) -> list[object]:
    card = (folder / "metrics/sales/average_order.yaml").read_text().split("type: ")[0]
    for name, computed in zip(("first_one", "second_one"), pair, strict=True):
        text = card.replace("name: average_order", f"name: {name}") + computed
        (folder / f"metrics/sales/{name}.yaml").write_text(text)
    known = Computations(load_center(folder))
    return [known.of("first_one"), known.of("second_one")]


@pytest.mark.parametrize("kind", SAME)
def test_what_gives_the_same_numbers_is_one_computation(small_center: Path, kind: str) -> None:
    one, other = computations(small_center, SAME[kind])
    assert one == other


@pytest.mark.parametrize("kind", OTHER)
def test_what_may_give_other_numbers_is_another_computation(small_center: Path, kind: str) -> None:
    one, other = computations(small_center, OTHER[kind])
    assert one != other


def may_be_empty(folder: Path) -> None:
    for model in ("order_lines", "customer_months"):
        file = folder / f"models/{model}.yaml"
        file.write_text(file.read_text().replace("{type:", "{nullable: true, type:"))


def also(folder: Path, **metrics: str) -> None:
    shop = Shop(folder, folder)
    for name, expr in metrics.items():
        shop.add_metric(name, "revenue", ("expr: amount", f"expr: {expr}"))


@pytest.mark.parametrize("kind", FILLED)
def test_columns_that_are_never_empty_make_one_computation_of_two(small_center: Path, kind: str) -> None:
    also(small_center, quantities="quantity", together="amount + quantity")
    one, other = computations(small_center, FILLED[kind])
    assert one == other
    may_be_empty(small_center)
    one, other = computations(small_center, FILLED[kind])
    assert one != other


def test_zero_is_not_nothing(small_center: Path) -> None:
    may_be_empty(small_center)
    one, other = computations(small_center, ZEROS["what is not empty counted"])
    assert one != other
    one, other = computations(small_center, ZEROS["ones and zeros"])
    assert one == other


TOTAL = "cast(line.amount + line.quantity as decimal(18, 2))"


@pytest.mark.parametrize(
    ("computed", "same"),
    [
        (TOTAL, True),
        ("line.amount + line.quantity", True),
        (TOTAL.replace("18, 2", "18, 1"), False),
        (TOTAL.replace("line.quantity", "line.order_id % 2"), False),
        (TOTAL.replace("line.quantity", "product.size"), False),
        ("round(line.amount + line.quantity, 2)", False),
    ],
)
def test_a_column_is_what_its_model_computes_it_from(small_center: Path, computed: str, same: bool) -> None:
    shop = Shop(small_center, small_center)
    shop.edit("models/order_lines.sql", "line.amount\n", f"line.amount,\n    {computed} as total\n")
    shop.edit("models/order_lines.yaml", "checks:", '  total: {type: "decimal(18,2)"}\nchecks:')
    one, other = computations(small_center, (SUM + "expr: total - quantity\n", SUM + "expr: amount\n"))
    assert (one == other) == same


def test_the_shipped_center_takes_list_value_for_what_its_model_says() -> None:
    center = load_center(SHIPPED / "retail")
    net = center.metrics["net_revenue"]
    again = net.model_copy(update={"name": "again", "expr": "list_value - (retail_disc + coupon_match_disc)"})
    known = Computations(replace(center, metrics={**center.metrics, "again": again}))
    assert known.of("again") == known.of("net_revenue") != known.of("list_revenue")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["an average is a ratio", "a ratio is a division", "a step between"])
def test_what_is_one_computation_gives_the_same_published_numbers(fresh_shop: Shop, kind: str) -> None:
    computations(fresh_shop.center, SAME[kind])
    for name in ("first_one", "second_one"):
        others = [n for n in ("average_order", "first_one") if n != name]
        marks = ", ".join(f"{{with: {n}, reason: to be compared}}" for n in others)
        file = f"metrics/sales/{name}.yaml"
        fresh_shop.edit(file, "type: ", f"intended: [{marks}]\ntype: ")
        fresh_shop.edit(file, "code: SAL-005", f"code: {name}")
    fresh_shop.refresh()
    one, other = (fresh_shop.months(name) for name in ("first_one", "second_one"))
    assert one.keys() == other.keys()
    assert [float(v) for v in one.values()] == pytest.approx([float(v) for v in other.values()])
