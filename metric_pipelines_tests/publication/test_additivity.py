"""What is declared to add up though its aggregation does not is proven on the data, or withheld."""

from __future__ import annotations

import pytest

from metric_pipelines.errors import InvalidCenterError
from metric_pipelines_tests.small_shop import Shop

CUSTOMERS = "metrics/service/customers.yaml"


def declared(shop: Shop, *changes: tuple[str, str]) -> None:
    shop.keep("customers")
    for old, new in changes:
        shop.edit(CUSTOMERS, old, new)


def withheld(shop: Shop) -> dict[str, str]:
    return {month: shop.reason("metrics/customers", month) for _, month in shop.stands("withheld")}


def test_customers_who_buy_in_two_categories_refute_that_they_add_up(fresh_shop: Shop) -> None:
    """In February alone: in January and March each customer keeps to one product."""
    declared(fresh_shop, ("expr: customer_id", "expr: customer_id\nadditive: [category]"))
    fresh_shop.refresh()
    found = withheld(fresh_shop)
    assert set(found) == {"2024-02"}
    assert found["2024-02"].startswith(
        "contract failed: additive: over category: 1 sum(s) are not what the model counts, such as 2024-02-01"
    )
    assert found["2024-02"].endswith(
        "added up, 2 counted anew; to do: take category out of additive in metrics/service/customers.yaml;"
        " rollups keep what is often asked for"
    )
    assert set(fresh_shop.months("customers")) == {"2024-01", "2024-03"}


def test_orders_add_up_over_categories_and_days(fresh_shop: Shop) -> None:
    declared(
        fresh_shop,
        ("expr: customer_id", "expr: order_id\nadditive: [category, time]"),
        ("grain: month\n", ""),
    )
    assert fresh_shop.refresh().troubles == []
    assert fresh_shop.stands("withheld") == set()


def test_customers_who_come_on_two_days_refute_that_days_add_up(fresh_shop: Shop) -> None:
    declared(fresh_shop, ("expr: customer_id", "expr: customer_id\nadditive: [time]"), ("grain: month\n", ""))
    fresh_shop.refresh()
    assert "additive: over time" in withheld(fresh_shop)["2024-03"]


@pytest.mark.parametrize("agg", ["average", "max", "median"])
@pytest.mark.parametrize("over", ["category", "time"])
def test_what_never_adds_up_is_refused_before_anything_is_computed(
    fresh_shop: Shop, agg: str, over: str
) -> None:
    changes = [
        ("agg: count_distinct", f"agg: {agg}"),
        ("expr: customer_id", f"expr: amount\nadditive: [{over}]"),
    ]
    declared(fresh_shop, *changes)
    with pytest.raises(InvalidCenterError, match=f"agg {agg}, additive over {over}"):
        fresh_shop.refresh()
