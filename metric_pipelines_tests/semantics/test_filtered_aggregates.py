"""FILTER in place of CASE says the same, row by row; what it could change is left as it is."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest

from metric_pipelines.semantics.filtered_aggregates import with_filters
from metric_pipelines.semantics.staging import _made_quickly
from metric_pipelines_tests.small_shop import Shop

ROWS = """create table t as select * from (values
    (1, 'a', 10.50, 'x', 4), (2, 'a', null, 'x', 4), (3, 'a', 7.25, null, 5), (4, 'b', 1.00, 'y', 6),
    (5, 'b', 2.00, 'y', 6), (6, 'c', null, 'y', null), (7, 'c', 3.00, null, 7)) v(id, k, amount, kind, who)"""
INNER = "select k, case when {} then {} end as __m, amount as __all from t as t_src"
CONDITIONS = ["kind = 'x'", "kind <> 'x'", "kind is null", "not (kind = 'x' or amount > 2)", "amount > 100"]
AGGREGATES = ["sum({})", "avg({})", "count({})", "count(distinct {})", "min({})", "max({})"]


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(ROWS)
    return connection


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("aggregate", AGGREGATES)
@pytest.mark.parametrize("value", ["amount", "who", "amount * (1 - 0.1)", "1"])
def test_both_forms_have_the_same_rows(
    con: duckdb.DuckDBPyConnection, condition: str, aggregate: str, value: str
) -> None:
    measured = f"{aggregate.format('__m')} as m, sum(__all) as whole"
    query = f"select k, {measured} from ({INNER.format(condition, value)}) subq group by k"
    quick = with_filters(query)
    assert "filter" in quick.lower()
    assert "case" not in quick.lower()
    assert (
        con.execute(f"from ({quick}) order by k").fetchall()
        == con.execute(f"from ({query}) order by k").fetchall()
    )


def test_a_condition_of_several_metrics_is_computed_once() -> None:
    two = ["case when kind = 'x' then amount end as a", "case when kind = 'x' then who end as b"]
    query = f"select k, sum(a), count(distinct b) from (select k, {', '.join(two)} from t) s group by k"
    assert with_filters(query).count("= 'x'") == 1


MORE = "case when kind = 'x' then who end as m"


@pytest.mark.parametrize(
    "query",
    [
        f"select k, sum(m), max(m) from (select k, {MORE} from t) s group by k",
        f"select k, sum(coalesce(m, 0)) from (select k, {MORE} from t) s group by 1",
        "select k, sum(m) from (select k, case when kind = 'x' then who else 9 end as m from t) s group by k",
        "select k, sum(m) from (select k, case kind when 'x' then who end as m from t) s group by k",
        f"select m, count(*) from (select {MORE} from t) s group by m",
        f"select k, median(m) from (select k, {MORE} from t) s group by k",
        f"select k, sum(m) from (select distinct k, {MORE} from t) s group by k",
    ],
)
def test_what_is_used_otherwise_is_left_as_it_is(con: duckdb.DuckDBPyConnection, query: str) -> None:
    assert with_filters(query) == query
    con.execute(query)


def test_a_value_that_only_the_filtered_rows_have_is_computed_all_the_same(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """CASE computes nothing of the other rows; FILTER may, and then the query is run as it is."""
    inner = INNER.format("k = 'c'", "cast(case when k = 'c' then '5' else k end as integer)")
    query = f"select k, sum(__m) as m from ({inner}) subq group by k"
    guarded = query.replace("cast(case when k = 'c' then '5' else k end", "cast(replace(k, 'c', '5')")
    with pytest.raises(duckdb.Error):
        con.execute(with_filters(guarded))
    _made_quickly(con, "create or replace temp table made as select * from ({}) where true", guarded)
    assert con.execute("select m from made where k = 'c'").fetchall() == [(10,)]
    assert con.execute("select count(*) from made where m is not null").fetchall() == [(1,)]


def test_a_refresh_publishes_filtered_sums_and_no_ghost_of_a_filtered_count(shop: Shop) -> None:
    shop.keep("revenue")
    shop.add_metric("tea", "revenue", ("expr: amount", "expr: amount\nfilter: category = 'tea'"))
    shop.add_metric(
        "tea_customers",
        "revenue",
        ("agg: sum", "agg: count_distinct"),
        ("expr: amount", "expr: customer_id\nfilter: category = 'tea' and amount > 20"),
    )
    assert shop.refresh().troubles == []
    tea = shop.read("select sum(value) from lake.metrics.tea")
    whole = shop.read("select sum(amount) from lake.models.order_lines where category = 'tea'")
    assert tea == whole
    assert isinstance(tea[0][0], Decimal)
    assert shop.read("select count(*) from lake.metrics.tea_customers where value = 0") == [(0,)]
