"""Column lineage of what is reached by a join: the other model's column, and the keys of both."""

from __future__ import annotations

import pytest

from metric_pipelines.dictionary.graph import Edge
from metric_pipelines.semantics.lineage import columns_behind, metric_inputs, metrics_reading
from metric_pipelines_tests.joined_shop import publish_by, with_customers
from metric_pipelines_tests.small_shop import Shop


@pytest.fixture
def joined(fresh_shop: Shop) -> Shop:
    shop = with_customers(fresh_shop)
    shop.keep("revenue", "orders_placed", models=["customers"])
    return publish_by(shop, "revenue", "customer__region")


def test_a_joined_dimension_comes_from_the_other_model_and_both_keys(joined: Shop) -> None:
    center = joined.open().center
    used = {str(use.column): set(use.roles) for use in metric_inputs(center, "revenue")}
    assert used["models.customers.region"] == {"dimension"}
    assert used["models.customers.customer_id"] == {"dimension"}
    assert used["models.order_lines.customer_id"] == {"dimension"}
    sources = {
        str(use.column) for use in columns_behind(center, "metrics/revenue") if "dimension" in use.roles
    }
    assert sources == {"shop.customers.region", "shop.customers.customer_id", "shop.orders.customer_id"}


def test_who_reads_the_other_models_source_is_found(joined: Shop) -> None:
    center = joined.open().center
    assert metrics_reading(center, "shop.customers.region") == ["revenue"]
    assert metrics_reading(center, "shop.customers") == ["revenue"]


def test_the_graph_leads_to_the_other_model_where_it_is_published_by_it(joined: Shop) -> None:
    nodes = joined.open().graph.nodes
    assert Edge("models/customers") in nodes["metrics/revenue"].inputs
    assert Edge("models/customers") not in nodes["metrics/orders_placed"].inputs
    assert nodes["metrics/revenue"].step != nodes["metrics/orders_placed"].step
