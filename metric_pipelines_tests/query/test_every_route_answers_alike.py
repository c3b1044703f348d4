"""Whatever route an answer takes, it is what the models say as of the receipts: random questions about the
small shop with rollups, while all is well, and while months are withheld, restated, or behind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metric_pipelines.query import open_for_reading
from metric_pipelines_tests.conftest import Story
from metric_pipelines_tests.query.answering import assert_as_the_model, questions
from metric_pipelines_tests.small_shop import Shop

ROLLUPS = {
    "metrics/service/customers.yaml": "[[day], [week], [month], [month, category], [quarter], [year]]",
    "metrics/service/returning_customers.yaml": "[[quarter], [year]]",
    "metrics/service/large_order_rate.yaml": "[[month, category], [quarter]]",
    "metrics/sales/average_order.yaml": "[[week], [month], [month, category], [quarter, category]]",
    "metrics/sales/revenue.yaml": "[[week], [month, category]]",
    "metrics/sales/revenue_growth.yaml": "[[month], [quarter]]",
    "metrics/sales/revenue_7d.yaml": "[[week], [month, category]]",
}
TEA_AND_COFFEE = {"category": ["'tea'", "'coffee'", "'unknown'"]}


def well(shop: Shop) -> None:
    """All published by day and category, with cuts beside; a metric of averages, one of a maximum."""
    shop.edit("metrics/service/customers.yaml", "grain: month\n", "")
    for file, cuts in ROLLUPS.items():
        shop.edit(file, "type: ", f"rollups: {cuts}\ntype: ")
    average = [("agg: count_distinct", "agg: average"), ("expr: customer_id", "expr: quantity")]
    shop.add_metric("usual_quantity", "customers", *average, ("[month, category], ", ""))
    largest = [("agg: count_distinct", "agg: max"), ("expr: customer_id", "expr: amount")]
    shop.add_metric("largest_amount", "customers", *largest, ("[quarter], ", ""))
    assert shop.refresh().troubles == []


def withheld(shop: Shop) -> None:
    """February's customers are too many, and so are its orders' amounts: both, and more, are withheld."""
    shop.edit("metrics/service/customers.yaml", "rollups:", "checks: {max: 4}\nrollups:")
    assert shop.refresh().troubles == []
    for i in range(6):
        stamp = f"2024-02-{1 + 27 * (i // 3):02d} 15:00:00"
        shop.sql("insert into orders values (?, ?, 1, ?, 1, '305.25')", 900 + i, 77 + i, stamp)
    assert {t.pair[1] for t in shop.refresh().troubles} >= {"2024-02"}


def restated(shop: Shop) -> None:
    """Rows came late at the ends of January and March, one at a time."""
    shop.sql("insert into orders values (950, 99, 1, '2024-01-31 15:00:00', 1, '5.00')")
    assert shop.refresh().troubles == []
    shop.sql("update orders set customer_id = 98, amount = 12.25 where order_id in (201, 600)")
    assert shop.refresh().troubles == []


def withheld_between_restated(shop: Shop) -> None:
    """January and March were restated after February was withheld."""
    shop.sql("insert into orders values (950, 99, 1, '2024-01-31 15:00:00', 1, '5.00')")
    shop.sql("insert into orders values (951, 98, 3, '2024-03-01 15:00:00', 1, '6.00')")
    shop.refresh()


def changed(shop: Shop) -> None:
    """Two definitions changed since the last refresh."""
    shop.edit("metrics/service/customers.yaml", "expr: customer_id", "expr: quantity")
    shop.edit("metrics/sales/revenue.yaml", "expr: amount", "expr: amount + 1")


def not_over(shop: Shop) -> None:
    """The middle of March; the source has rows of later days, too."""
    shop.edit("center.yaml", "newest_source_day", "2024-03-14")
    well(shop)


def behind(shop: Shop) -> None:
    """A month has gone by since the last refresh."""
    shop.edit("center.yaml", "newest_source_day", "2024-02-14")
    well(shop)
    shop.edit("center.yaml", "2024-02-14", "2024-03-10")


STATES: dict[str, Callable[[Shop], None]] = {
    tell.__name__: tell
    for tell in (well, withheld, restated, withheld_between_restated, changed, not_over, behind)
}
BEFORE = {
    "withheld": "well",
    "restated": "well",
    "withheld_between_restated": "withheld",
    "changed": "well",
}
"""The state that a state begins in; the others begin after the first refresh."""


def in_state(story: Story, state: str) -> Shop:
    """A shop in a state, not to be changed."""
    after = {"after": in_state(story, BEFORE[state])} if state in BEFORE else {}
    return story(f"routes_{state}", STATES[state], **after)


def _compared(shop: Shop, draws: int) -> Counter[str]:
    """The routes that were taken."""
    taken: Counter[str] = Counter()
    with open_for_reading(shop.open()) as reader:

        @settings(
            max_examples=draws,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.data())
        def compare(data: st.DataObject) -> None:
            taken[assert_as_the_model(reader, data.draw(questions(reader, TEA_AND_COFFEE)))] += 1

        compare()
    return taken


@pytest.mark.parametrize("state", STATES)
def test_every_answer_is_the_model_s(story: Story, state: str) -> None:
    taken = _compared(in_state(story, state), 15)
    assert taken["model"]
    assert taken["published"]


@pytest.mark.long
@pytest.mark.parametrize("state", STATES)
def test_a_thousand_answers_are_the_model_s(story: Story, state: str) -> None:
    taken = _compared(in_state(story, state), 1000)
    assert min(taken[route] for route in ("published", "rollup", "model")) > 20
