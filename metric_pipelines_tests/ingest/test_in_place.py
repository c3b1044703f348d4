"""Parquet that is read where it stands: a view in the lake, a version of its files, and nothing converted."""

from __future__ import annotations

from pathlib import Path

import pytest

from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.errors import InvalidCenterError
from metric_pipelines_tests.shop_in_place import COLUMNS, ORDERS, lay_out, with_orders_in_place
from metric_pipelines_tests.small_shop import Shop


@pytest.fixture
def in_place(shop: Shop) -> Shop:
    shop.keep("revenue")
    return with_orders_in_place(shop)


def revenue(shop: Shop) -> dict[str, object]:
    return {month: total for month, total in shop.months("revenue").items()}


def test_the_lake_keeps_a_view_and_the_numbers_are_those_of_the_files(in_place: Shop) -> None:
    assert in_place.refresh().troubles == []
    views = in_place.read("select schema_name, view_name from duckdb_views() where database_name = 'lake'")
    assert {("shop", "orders"), ("models", "order_lines")} <= set(views)
    expected = in_place.read("select sum(amount) from lake.shop.orders")
    assert in_place.read("select sum(value) from lake.metrics.revenue") == expected
    assert in_place.read("select typeof(customer_id), typeof(amount) from lake.shop.orders limit 1") == [
        ("BIGINT", "DECIMAL(18,2)")
    ]


def test_files_that_did_not_change_move_nothing_and_changed_ones_do(in_place: Shop) -> None:
    in_place.refresh()
    before = revenue(in_place)
    again = in_place.refresh()
    assert again.troubles == []
    assert not in_place.computed("metric")
    lay_out(in_place, "amount + 1")
    assert in_place.refresh().troubles == []
    assert revenue(in_place) != before
    assert len(in_place.computed("metric")) == 3


def test_a_file_that_breaks_its_contract_withholds_what_reads_it(in_place: Shop) -> None:
    in_place.refresh()
    before = revenue(in_place)
    lay_out(in_place, "-amount")
    in_place.refresh()
    assert ("shop/orders", "") in in_place.stands("withheld")
    assert {month for key, month in in_place.stands("blocked") if key == "metrics/revenue"} == set(before)
    assert revenue(in_place) == before


@pytest.mark.parametrize(
    ("kinds", "change", "found"),
    [
        ({"amount": "double"}, "amount", "DOUBLE in the files"),
        ({"amount": "decimal(38,4)"}, "amount", "DECIMAL(38,4) in the files"),
        ({"order_id": "hugeint"}, "amount", "in the files"),
        ({"ordered_at": "timestamp with time zone"}, "amount", "TIMESTAMP WITH TIME ZONE in the files"),
        ({"order_id": "varchar"}, "amount", "VARCHAR in the files"),
    ],
)
def test_a_type_that_would_have_to_be_converted_is_refused(
    in_place: Shop, kinds: dict[str, str], change: str, found: str
) -> None:
    lay_out(in_place, change, COLUMNS | kinds)
    in_place.refresh()
    assert found in in_place.reason("shop/orders", "")
    assert "leave in_place out" in in_place.reason("shop/orders", "")


def test_files_of_several_types_are_refused_and_not_rounded(in_place: Shop) -> None:
    in_place.edit(ORDERS, "orders.parquet", "orders*.parquet")
    lay_out(in_place)
    folder = in_place.home / "exports"
    (folder / "orders.parquet").rename(folder / "orders_1.parquet")
    lay_out(in_place, "amount + 0.239", COLUMNS | {"amount": "double"})
    (folder / "orders.parquet").rename(folder / "orders_2.parquet")
    in_place.refresh()
    assert "in orders_1.parquet, DOUBLE in orders_2.parquet" in in_place.reason("shop/orders", "")


@pytest.mark.parametrize("value", ["'nan'::double", "'infinity'::double"])
def test_no_number_is_refused(in_place: Shop, value: str) -> None:
    in_place.edit(ORDERS, "type: decimal(18,2)", "type: double")
    lay_out(in_place, value)
    in_place.refresh()
    assert "infinite or no number" in in_place.reason("shop/orders", "")


def test_files_that_are_gone_are_unavailable_and_what_was_published_stays(in_place: Shop) -> None:
    in_place.refresh()
    before = revenue(in_place)
    (in_place.home / "exports" / "orders.parquet").unlink()
    troubles = in_place.refresh().troubles
    assert ("shop/orders", "") in [trouble.pair for trouble in troubles]
    assert {trouble.state for trouble in troubles} == {"unavailable"}
    assert revenue(in_place) == before


def test_a_table_may_become_a_view_and_a_view_a_table(in_place: Shop) -> None:
    in_place.refresh()
    before = revenue(in_place)
    in_place.edit("models/order_lines.yaml", "materialized: view\n", "")
    assert in_place.refresh().troubles == []
    assert revenue(in_place) == before
    in_place.edit("models/order_lines.yaml", "time: order_day\n", "time: order_day\nmaterialized: view\n")
    assert in_place.refresh().troubles == []
    assert revenue(in_place) == before


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("in_place: true", "in_place: true\n    partition_by: ordered_at", "in_place and partition_by"),
        ("orders.parquet", "orders.csv", "in_place of what is no Parquet"),
        ("connection: file:exports", "connection: sqlite:///shop.sqlite", "in_place of a database"),
    ],
)
def test_what_cannot_be_read_in_place_is_told_with_its_line(
    in_place: Shop, old: str, new: str, found: str
) -> None:
    in_place.edit(ORDERS, old, new)
    with pytest.raises(InvalidCenterError) as refused:
        load_valid_center(Path(in_place.center))
    assert found in str(refused.value)
    assert "shop.yaml:" in str(refused.value)


def test_a_view_has_no_months(in_place: Shop) -> None:
    in_place.edit(
        "models/order_lines.yaml", "materialized: view", "materialized: view\npartition_by: order_day"
    )
    with pytest.raises(InvalidCenterError, match="a view with partition_by"):
        load_valid_center(Path(in_place.center))
