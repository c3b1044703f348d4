"""Joins to other models: no row is counted twice, none is lost, and no member is taken for another."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from metric_pipelines.errors import InvalidCenterError
from metric_pipelines.query import open_for_reading
from metric_pipelines_tests.joined_shop import REGIONS, publish_by, with_customers, with_weekdays
from metric_pipelines_tests.small_shop import Shop, day_of, orders


@pytest.fixture
def joined(fresh_shop: Shop) -> Shop:
    shop = with_customers(fresh_shop)
    shop.keep("revenue", "orders_placed", "average_order", "revenue_growth", models=["customers"])
    for metric in ("revenue", "orders_placed", "average_order", "revenue_growth"):
        publish_by(shop, metric, "customer__region")
    return shop


def by_region() -> dict[tuple[str, str], Decimal]:
    """Revenue by month and region, by plain addition."""
    found: dict[tuple[str, str], Decimal] = {}
    for order in orders():
        key = day_of(order)[:7], REGIONS.get(order[1]) or "UNKNOWN"
        found[key] = found.get(key, Decimal(0)) + Decimal(order[5])
    return found


def published(shop: Shop, metric: str = "revenue") -> dict[tuple[str, str], Any]:
    rows = shop.read(
        f"select strftime(metric_time, '%Y-%m'), customer__region, sum(value) from lake.metrics.{metric}"
        " group by all"
    )
    return {(month, region): value for month, region, value in rows}


def test_each_row_is_counted_once_and_by_its_own_member(joined: Shop) -> None:
    assert joined.refresh().troubles == []
    assert published(joined) == by_region()


def test_what_derives_from_published_values_keeps_the_joined_dimension(joined: Shop) -> None:
    joined.refresh()
    theirs = by_region()
    for (month, region), growth in published(joined, "revenue_growth").items():
        before = theirs.get((f"2024-{int(month[5:]) - 1:02d}", region))
        if growth is not None:
            assert before
            assert float(growth) == pytest.approx(float(theirs[month, region] / before - 1))


def test_a_doubled_key_is_withheld_and_moves_no_number(joined: Shop) -> None:
    joined.refresh()
    before = published(joined)
    joined.sql("insert into customers values (1, 'south', 9)")
    troubles = joined.refresh().troubles
    assert ("models/customers", "") in {t.pair for t in troubles}
    assert "metrics/revenue" in {t.pair[0] for t in troubles}
    assert published(joined) == before


def test_rows_without_a_key_are_unknown_and_match_no_missing_key(joined: Shop) -> None:
    joined.edit("models/order_lines.yaml", "expr: customer_id", "expr: 'nullif(customer_id, 2)'")
    joined.edit(
        "models/customers.yaml", "customer_id: {type: int64}", "customer_id: {type: int64, nullable: true}"
    )
    joined.edit(
        "sources/shop.yaml",
        "      customer_id: {type: int64}",
        "      customer_id: {type: int64, nullable: true}",
    )
    joined.sql("insert into customers values (null, 'nowhere', 1)")
    assert joined.refresh().troubles == []
    found = published(joined)
    assert {region for _, region in found} == {"north", "south", "UNKNOWN"}
    assert sum(found.values()) == sum(Decimal(order[5]) for order in orders())


def test_columns_of_one_name_on_both_sides_are_not_mixed_up(joined: Shop) -> None:
    """The other model has an `amount` and a `category` of its own."""
    joined.edit("models/customers.sql", "visits from", "visits, 'x' as category, 5 as amount from")
    joined.edit(
        "models/customers.yaml",
        "  visits: {type: int64, nullable: true}\n",
        "  visits: {type: int64, nullable: true}\n  category: {type: string}\n  amount: {type: any}\n",
    )
    joined.edit("models/customers.yaml", "dimensions:\n", "dimensions:\n  category: {}\n")
    publish_by(joined, "revenue", "category", "customer__category", "customer__region")
    joined.keep("revenue", models=["customers"])
    assert joined.refresh().troubles == []
    assert published(joined) == by_region()
    members = joined.read(
        "select distinct category, customer__category from lake.metrics.revenue order by all"
    )
    assert members == [("coffee", "UNKNOWN"), ("coffee", "x"), ("tea", "x"), ("unknown", "x")]


def test_a_changed_expression_of_the_other_model_computes_anew(joined: Shop) -> None:
    joined.refresh()
    joined.edit("models/customers.yaml", "  often:", "  area: {expr: region}\n  often:")
    text = "    label: {en: Region, zh: 地区}\n"
    joined.edit("models/customers.yaml", text, text + "    expr: upper(region)\n")
    assert joined.refresh().troubles == []
    assert published(joined) == {
        (month, region.upper()): value for (month, region), value in by_region().items()
    }


def test_a_changed_label_or_order_computes_nothing(joined: Shop) -> None:
    joined.refresh()
    joined.edit("models/customers.yaml", "south: {en: South, zh: 南}", "south: {en: The South, zh: 南方}")
    joined.refresh(read_sources=False)
    assert joined.computed() == set()


def test_a_distinct_count_adds_up_over_what_each_has_one_of(joined: Shop) -> None:
    """Each customer has one region, so that customers of a month add up over it; the model agrees."""
    joined.keep("revenue", models=["customers"])
    joined.add_metric(
        "buyers",
        "revenue",
        ("agg: sum", "agg: count_distinct"),
        ("expr: amount", "expr: customer_id\nadditive: [customer__region]\ngrain: month"),
        ('unit: "USD"', "unit: customers"),
    )
    assert joined.refresh().troubles == []
    with open_for_reading(joined.open()) as reader:
        answer = reader.values("buyers")
    assert answer.route == "published"
    buyers: dict[str, set[int]] = {}
    for order in orders():
        buyers.setdefault(day_of(order)[:7], set()).add(order[1])
    assert {f"{row[0]:%Y-%m}": row[1] for row in answer.rows} == {m: len(who) for m, who in buyers.items()}


def test_a_name_that_two_models_give_is_refused(joined: Shop) -> None:
    for ending in ("yaml", "sql"):
        text = (joined.center / f"models/customers.{ending}").read_text()
        (joined.center / f"models/buyers.{ending}").write_text(
            text.replace("name: customers", "name: buyers")
        )
    with pytest.raises(InvalidCenterError, match="region is in models buyers and customers: leave one"):
        joined.open()


def test_an_own_dimension_goes_before_a_joined_one(fresh_shop: Shop) -> None:
    """`customer__region` of a model that says `customer_region` itself is that, as MetricFlow spells it."""
    shop = with_weekdays(with_customers(fresh_shop))
    shop.keep("revenue", models=["customers"])
    shop.edit(
        "models/order_lines.yaml",
        "category: {label: Category}",
        "category: {label: Category}\n  customer_region: {expr: \"'here'\"}",
    )
    assert shop.refresh().troubles == []
    with open_for_reading(shop.open()) as reader:
        answer = reader.values("revenue", ["customer__region"], "year")
        often = reader.values("revenue", ["customer__often"], "year")
    assert {row[1] for row in answer.rows} == {"here"}
    assert {row[1] for row in often.rows} == {True, False, None}
