"""Tables by month: a month is replaced whole, the others stay, and content hashes see what changed."""

from __future__ import annotations

import itertools
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.warehouse import tables
from metric_pipelines.warehouse.lake import Lake, commit, newest_snapshot, open_reader, writer
from metric_pipelines_tests.warehouse.conftest import transaction

Con = duckdb.DuckDBPyConnection
names = (f"staged_{i}" for i in itertools.count())


def stage(con: Con, columns: str, *rows: str) -> str:
    """A temp table with these rows."""
    table = next(names)
    con.execute(f"create temp table {table} ({columns})")
    if rows:
        con.execute(f"insert into {table} values {', '.join(rows)}")
    return table


MONTHLY = "partition_month date, id bigint, note varchar"
JANUARY, FEBRUARY = "date '2024-01-01'", "date '2024-02-01'"


def replace(con: Con, staged: str, months: list[str], key: str = "shop/orders") -> None:
    with transaction(con):
        tables.replace(con, key, staged, months)


def contents(con: Con, table: str = "lake.shop.orders") -> list[tuple[Any, ...]]:
    return con.execute(f"select * from {table} order by all").fetchall()


def test_replacing_a_month_keeps_the_others(con: Con) -> None:
    replace(con, stage(con, MONTHLY, f"({JANUARY}, 1, 'a')", f"({FEBRUARY}, 2, 'b')"), ["2024-01", "2024-02"])
    replace(con, stage(con, MONTHLY, f"({JANUARY}, 3, 'c')", f"({JANUARY}, 4, 'd')"), ["2024-01"])
    assert [(str(month)[:7], id_) for month, id_, _ in contents(con)] == [
        ("2024-01", 3),
        ("2024-01", 4),
        ("2024-02", 2),
    ]


def test_what_is_staged_beyond_the_months_that_are_published_stays_out(con: Con) -> None:
    replace(con, stage(con, MONTHLY, f"({JANUARY}, 1, 'a')", f"({FEBRUARY}, 2, 'b')"), ["2024-01"])
    assert [id_ for _, id_, _ in contents(con)] == [1]


def test_a_month_that_became_empty_is_emptied(con: Con) -> None:
    replace(con, stage(con, MONTHLY, f"({JANUARY}, 1, 'a')", f"({FEBRUARY}, 2, 'b')"), ["2024-01", "2024-02"])
    replace(con, stage(con, MONTHLY), ["2024-02"])
    assert [id_ for _, id_, _ in contents(con)] == [1]


def test_publishing_an_empty_month_over_an_empty_one_is_no_error_and_has_a_snapshot(
    con: Con, a_lake: Lake
) -> None:
    replace(con, stage(con, MONTHLY, f"({JANUARY}, 1, 'a')"), ["2024-01"])
    with writer(a_lake) as other:
        staged = stage(other, MONTHLY)
        snapshot = commit(
            other, a_lake, "p", lambda: tables.replace(other, "shop/orders", staged, ["2024-02"])
        )
    assert snapshot == newest_snapshot(con)


def test_a_whole_table_is_replaced_whole(con: Con) -> None:
    replace(con, stage(con, "id bigint", "(1)", "(2)"), [WHOLE], "shop/products")
    replace(con, stage(con, "id bigint", "(3)"), [WHOLE], "shop/products")
    assert contents(con, "lake.shop.products") == [(3,)]


def test_a_changed_schema_carries_the_other_months_over(con: Con) -> None:
    replace(con, stage(con, MONTHLY, f"({JANUARY}, 1, 'a')", f"({FEBRUARY}, 2, 'b')"), ["2024-01", "2024-02"])
    changed = stage(con, "partition_month date, id decimal(18,2), price double", f"({FEBRUARY}, 2.50, 9.5)")
    replace(con, changed, ["2024-02"])
    assert tables.columns(con, "lake.shop.orders") == {
        "partition_month": "DATE",
        "id": "DECIMAL(18,2)",
        "price": "DOUBLE",
    }
    assert [(str(m)[:7], str(i), p) for m, i, p in contents(con)] == [
        ("2024-01", "1.00", None),
        ("2024-02", "2.50", 9.5),
    ]


def test_a_changed_schema_is_read_back_right_after_it_is_published_by_any_connection(
    con: Con, a_lake: Lake
) -> None:
    replace(con, stage(con, MONTHLY, f"({JANUARY}, 1, 'a')"), ["2024-01"])
    replace(
        con,
        stage(con, "partition_month date, note varchar, id integer", f"({FEBRUARY}, 'b', 2)"),
        ["2024-02"],
    )
    reader = open_reader(a_lake)
    assert reader.execute("select id, note from lake.shop.orders where id > 0 order by id").fetchall() == [
        (1, "a"),
        (2, "b"),
    ]
    reader.close()


def test_an_earlier_snapshot_still_shows_what_it_showed(con: Con, a_lake: Lake) -> None:
    replace(con, stage(con, MONTHLY, f"({JANUARY}, 1, 'a')"), ["2024-01"])
    first = newest_snapshot(con)
    replace(con, stage(con, MONTHLY, f"({JANUARY}, 2, 'b')"), ["2024-01"])
    reader = open_reader(a_lake, at=first)
    assert reader.execute("select id from lake.shop.orders").fetchall() == [(1,)]
    reader.close()


@pytest.mark.parametrize("odd", ['we"ird', "select", "Ünïcode", "with space", "a;b"])
def test_odd_names_of_tables_and_columns_are_only_names(con: Con, odd: str) -> None:
    quoted = tables.name(odd)
    replace(
        con,
        stage(con, f"partition_month date, {quoted} bigint", f"({JANUARY}, 7)"),
        ["2024-01"],
        f"shop/{odd}",
    )
    assert con.execute(f"select {quoted} from {tables.relation(f'shop/{odd}')}").fetchall() == [(7,)]


# Content versions


def version(con: Con, rows: list[tuple[int, Any]], types: str = "id bigint, x double") -> str:
    table = next(names)
    con.execute(f"create temp table {table} ({types})")
    if rows:
        con.executemany(f"insert into {table} values (?, ?)", rows)
    return tables.content_versions(con, table, [WHOLE], ["id", "x"])[WHOLE][0]


values = st.one_of(st.none(), st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3)))
rows_of = st.lists(st.tuples(st.integers(0, 3), values), max_size=6)


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("0.1::double + 0.2 - 0.3", "0.1::double - 0.3 + 0.2", False),
        ("1e6::double", "1e6::double + 1e-4", False),
        ("1e6::double", "1e6::double + 1e-2", True),
        ("1e-6::double", "1.001e-6::double", True),
        ("0::double", "1e-9::double", True),
    ],
)
def test_inexact_numbers_differ_by_more_than_their_sums_may(one: str, other: str, differ: bool) -> None:
    query = f"select {tables.apart(f'({one})', f'({other})')}"
    assert duckdb.sql(query).fetchall() == [(differ,)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows_of, rows_of)
def test_versions_are_equal_exactly_where_the_rows_are_whatever_their_order(
    con: Con, one: list[tuple[int, Any]], two: list[tuple[int, Any]]
) -> None:
    as_set = [
        sorted(map(repr, ((i, None if x is None else x + 0.0) for i, x in rows))) for rows in (one, two)
    ]
    assert (version(con, one) == version(con, two[::-1])) == (as_set[0] == as_set[1])


def test_a_doubled_row_changes_the_version(con: Con) -> None:
    assert version(con, [(1, 1.0)]) != version(con, [(1, 1.0), (1, 1.0)])
    assert version(con, [(1, 1.0)]) != version(con, [(1, 1.0)] * 3)


def test_swapped_values_between_rows_change_the_version(con: Con) -> None:
    assert version(con, [(1, 1.0), (2, 2.0)]) != version(con, [(1, 2.0), (2, 1.0)])


def test_a_null_is_not_a_zero(con: Con) -> None:
    assert version(con, [(1, None)]) != version(con, [(1, 0.0)])


def test_the_type_of_a_column_is_part_of_the_version(con: Con) -> None:
    assert version(con, [(1, 1)], "id bigint, x bigint") != version(
        con, [(1, 1)], "id bigint, x decimal(18,2)"
    )


def test_the_last_bits_of_a_double_are_no_change(con: Con) -> None:
    assert version(con, [(1, 0.1 + 0.2)]) == version(con, [(1, 0.3)])


def test_an_empty_table_and_an_empty_month_have_a_version_too(con: Con) -> None:
    table = stage(con, MONTHLY, f"({JANUARY}, 1, 'a')")
    found = tables.content_versions(con, table, ["2024-01", "2024-02"], ["id", "note"])
    assert found["2024-01"][1] == 1
    assert found["2024-02"][1] == 0
    assert found["2024-01"][0] != found["2024-02"][0]


def test_each_month_has_the_version_it_would_have_alone(con: Con) -> None:
    both = stage(con, MONTHLY, f"({JANUARY}, 1, 'a')", f"({FEBRUARY}, 2, 'b')")
    alone = stage(con, MONTHLY, f"({FEBRUARY}, 2, 'b')")
    of = ["id", "note"]
    assert (
        tables.content_versions(con, both, ["2024-01", "2024-02"], of)["2024-02"]
        == tables.content_versions(con, alone, ["2024-02"], of)["2024-02"]
    )


def test_rows_that_do_not_belong_are_no_part_of_the_version(con: Con) -> None:
    some = stage(con, MONTHLY, f"({JANUARY}, 1, 'a')", f"({JANUARY}, 2, null)")
    one = stage(con, MONTHLY, f"({JANUARY}, 1, 'a')")
    of = ["id", "note"]
    kept = tables.content_versions(con, some, ["2024-01"], of, "note is not null")
    assert kept == tables.content_versions(con, one, ["2024-01"], of)
