"""Flat models: what they join to, and that no join counts a row twice."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from metric_pipelines.exchange.dbt.flat_model import FlatModel, flat_model


def time(name: str, **params: Any) -> dict[str, Any]:
    return {"name": name, "type": "time", "type_params": {"time_granularity": "day", **params}}


ORDERS = {
    "name": "orders",
    "entities": [{"name": "customer", "type": "foreign", "expr": "customer_id"}],
    "primary_entity": "order",
    "dimensions": [time("day")],
}
TIERS = {
    "name": "tiers",
    "entities": [{"name": "customer", "type": "natural", "expr": "customer_id"}],
    "dimensions": [
        {"name": "tier", "type": "categorical"},
        time("since", validity_params={"is_start": True, "is_end": False}),
        time("until", validity_params={"is_start": False, "is_end": True}),
    ],
}


def flat(refusal: str | None = None) -> FlatModel:
    models = {"orders": ORDERS, "tiers": TIERS}
    tables = {"orders": "orders", "tiers": "tiers"}
    return flat_model("orders", ORDERS, "day", {}, models, tables, lambda _: refusal)


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("create table orders as select * from (values (1, date '2024-01-05'), (1, '2024-02-05'),"
                " (2, '2024-02-05'), (null, '2024-02-05')) as t(customer_id, day)")  # fmt: skip
    con.execute("create table tiers (customer_id int, tier text, since date, until date)")
    return con


def tiers(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    query = f"select customer, strftime(metric_day, '%m-%d'), customer_tier from ({flat().sql}) order by all"
    return con.execute(query).fetchall()


def test_a_slowly_changing_dimension_is_joined_by_the_day_its_row_holds(
    con: duckdb.DuckDBPyConnection,
) -> None:
    con.execute("insert into tiers values (1, 'a', '2024-01-01', '2024-02-01'), (1, 'b', '2024-02-01', null)")
    assert tiers(con) == [(1, "01-05", "a"), (1, "02-05", "b"), (2, "02-05", None), (None, "02-05", None)]


def test_rows_that_hold_on_the_same_day_do_not_count_an_order_twice(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("insert into tiers values (1, 'a', '2024-01-01', null), (1, 'b', '2024-02-01', '2024-03-01')")
    assert tiers(con) == [(1, "01-05", "a"), (1, "02-05", "b"), (2, "02-05", None), (None, "02-05", None)]


def test_a_refused_join_is_left_out_and_said() -> None:
    model = flat("several rows")
    assert "customer_tier" not in model.dimensions
    assert [(n.kind, n.where, n.text) for n in model.notes] == [
        ("not_joined", "orders.customer", "several rows")
    ]
