"""Cuts by dimensions of models that are joined to: what the models say of now, and no number of the metric
moves for them.
"""

from __future__ import annotations

from typing import Any

import pytest

from metric_pipelines.dictionary.graph import Edge
from metric_pipelines.errors import InvalidCenterError
from metric_pipelines.query import Answer, open_for_reading
from metric_pipelines_tests.joined_shop import publish_by, with_customers
from metric_pipelines_tests.small_shop import Shop

CUSTOMERS = "metrics/service/customers.yaml"
CUTS = "rollups: [[month, customer__region], [quarter, category, customer__region], [year]]\n"


@pytest.fixture
def kept(shop: Shop) -> Shop:
    with_customers(shop)
    shop.keep("revenue", "customers", models=["customers"])
    shop.edit(CUSTOMERS, "type: ", CUTS + "type: ")
    assert shop.refresh().troubles == []
    return shop


def same(shop: Shop, *by: str, **more: Any) -> Answer:
    """An answer by whatever route, which must be the model's."""
    with open_for_reading(shop.open()) as reader:
        answer = reader.values("customers", by, **more)
        model = reader.values("customers", by, route="model", **more)
    assert answer.rows == model.rows
    return answer


def by_region(shop: Shop) -> list[tuple[Any, ...]]:
    return sorted(
        shop.read(
            "select cast(date_trunc('month', order_day) as date), coalesce(region, 'UNKNOWN'),"
            " count(distinct customer_id) from lake.models.order_lines"
            " left join lake.models.customers using (customer_id) group by all"
        )
    )


def test_a_cut_by_a_joined_dimension_is_kept_and_is_what_the_models_say(kept: Shop) -> None:
    answer = same(kept, "customer__region")
    assert answer.route == "rollup"
    assert sorted(answer.rows) == by_region(kept)
    assert [row[1] for row in answer.rows[:3]] == ["south", "north", "UNKNOWN"]
    assert same(kept, "category", "customer__region", grain="quarter").route == "rollup"
    assert same(kept, grain="year").route == "rollup"
    assert same(kept, "customer__region", grain="quarter").route == "model"


def test_what_is_joined_for_a_cut_alone_makes_it_anew_and_moves_no_number(kept: Shop) -> None:
    node = kept.open().graph.nodes["metrics/customers"]
    assert Edge("models/customers", beside=True) in node.inputs
    before = {a.pair: (a.data_version, a.column_version) for a in kept.attempts()}
    kept.sql("update customers set region = 'south' where customer_id = 1")
    assert kept.refresh().troubles == []
    receipts = [a for a in kept.attempts() if a.asset == "metrics/customers"]
    assert len(receipts) == 3
    assert all(before[a.pair] == (a.data_version, a.column_version) for a in receipts)
    answer = same(kept, "customer__region")
    assert answer.route == "rollup"
    assert sorted(answer.rows) == by_region(kept)


def test_a_new_cut_by_a_joined_dimension_makes_no_receipt_outdated(shop: Shop) -> None:
    with_customers(shop)
    shop.keep("customers", models=["customers"])
    assert shop.refresh().troubles == []
    computation = shop.open().graph.nodes["metrics/customers"].computation
    shop.edit(CUSTOMERS, "type: ", CUTS + "type: ")
    assert shop.open().graph.nodes["metrics/customers"].computation == computation
    assert same(shop, "customer__region").route == "model"
    assert shop.refresh().troubles == []
    assert same(shop, "customer__region").route == "rollup"


def test_a_cut_whose_joined_model_moved_on_is_not_used(kept: Shop) -> None:
    """February is withheld when a customer moves: its cut knows the old region, and answers are of now."""
    kept.edit(CUSTOMERS, "rollups:", "checks: {max: 3}\nrollups:")
    assert kept.refresh().troubles == []
    kept.sql("update customers set region = 'south' where customer_id = 1")
    for i in range(4):
        kept.sql("insert into orders values (?, ?, 1, '2024-02-01 15:00:00', 1, '5.00')", 900 + i, 77 + i)
    assert {t.pair for t in kept.refresh().troubles} == {("metrics/customers", "2024-02")}
    assert same(kept, "customer__region").route == "model"


def test_a_metric_that_is_published_by_a_joined_dimension_keeps_cuts_by_it(shop: Shop) -> None:
    with_customers(shop)
    shop.keep("customers", models=["customers"])
    publish_by(shop, "customers", "category", "customer__region")
    shop.edit(CUSTOMERS, "type: ", CUTS + "type: ")
    assert shop.refresh().troubles == []
    assert Edge("models/customers") in shop.open().graph.nodes["metrics/customers"].inputs
    answer = same(shop, "customer__region")
    assert answer.route == "rollup"
    assert sorted(answer.rows) == by_region(shop)


def test_a_cut_that_no_join_reaches_is_refused(kept: Shop) -> None:
    kept.edit(CUSTOMERS, "[month, customer__region]", "[month, customer__regoin]")
    with pytest.raises(InvalidCenterError, match="did you mean 'customer__region'"):
        kept.open()
