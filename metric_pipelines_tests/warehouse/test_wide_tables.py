"""Wide tables of groups: what is published of some metrics leaves the others as they were."""

from __future__ import annotations

import itertools
from typing import Any

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metric_pipelines.dictionary.months import first_day
from metric_pipelines.warehouse import groups, tables
from metric_pipelines.warehouse.groups import MetricColumns, MetricView
from metric_pipelines.warehouse.lake import Lake, open_reader
from metric_pipelines_tests.warehouse.conftest import transaction

Con = duckdb.DuckDBPyConnection
Key = tuple[str, int, str | None]
Values = dict[Key, dict[str, int]]
"""By (month, day, category): the value of each metric that has one."""

counter = itertools.count()
A, B = MetricColumns("alpha", 1), MetricColumns("beta", 1)
JANUARY, FEBRUARY = "2024-01", "2024-02"


def stage(con: Con, values: Values, metrics: list[MetricColumns]) -> str:
    table = f"staged_{next(counter)}"
    listed = ", ".join(f'"{column}" bigint' for metric in metrics for column in metric.all.values())
    con.execute(
        f"create temp table {table} (partition_month date, metric_time date, category varchar, {listed})"
    )
    for (month, day, category), row in values.items():
        found = [row.get(column) for metric in metrics for column in metric.all.values()]
        marks = ", ".join("?" * (3 + len(found)))
        con.execute(
            f"insert into {table} values ({marks})",
            [first_day(month), first_day(month).replace(day=day), category, *found],
        )
    return table


def publish(
    con: Con, values: Values, metrics: list[MetricColumns], months: list[str], table: str = "g"
) -> None:
    staged = stage(con, values, metrics)
    with transaction(con):
        groups.replace_columns(con, table, staged, ["category"], metrics, months)


def stored(con: Con, table: str = "g") -> Values:
    """What the table holds; every row once."""
    found: Values = {}
    columns = [c for c in tables.columns(con, groups.relation(table)) if "__v" in c]
    listed = ", ".join(map(tables.name, columns))
    for month, time, category, *row in con.execute(
        f"select partition_month, metric_time, category, {listed} from lake.groups.{table}"
    ).fetchall():
        key = (f"{month:%Y-%m}", time.day, category)
        assert key not in found, "a key stands twice"
        found[key] = {c: v for c, v in zip(columns, row, strict=True) if v is not None}
        assert found[key], "a row without any value"
    return found


def test_a_metric_that_is_published_alone_leaves_its_neighbour_and_takes_its_own_new_keys(con: Con) -> None:
    publish(
        con,
        {(JANUARY, 1, "tea"): {A.value: 1, B.value: 10}, (JANUARY, 2, "tea"): {A.value: 2, B.value: 20}},
        [A, B],
        [JANUARY],
    )
    publish(con, {(JANUARY, 1, "tea"): {A.value: 5}, (JANUARY, 3, "coffee"): {A.value: 6}}, [A], [JANUARY])
    assert stored(con) == {
        (JANUARY, 1, "tea"): {A.value: 5, B.value: 10},
        (JANUARY, 2, "tea"): {B.value: 20},
        (JANUARY, 3, "coffee"): {A.value: 6},
    }


def test_a_row_without_any_value_left_is_no_row(con: Con) -> None:
    publish(con, {(JANUARY, 1, "tea"): {A.value: 1}, (JANUARY, 2, "tea"): {A.value: 2}}, [A], [JANUARY])
    publish(con, {(JANUARY, 2, "tea"): {A.value: 2}}, [A], [JANUARY])
    assert stored(con) == {(JANUARY, 2, "tea"): {A.value: 2}}


def test_a_key_that_is_null_is_one_key(con: Con) -> None:
    publish(con, {(JANUARY, 1, None): {A.value: 1}}, [A], [JANUARY])
    publish(con, {(JANUARY, 1, None): {B.value: 2}}, [B], [JANUARY])
    assert stored(con) == {(JANUARY, 1, None): {A.value: 1, B.value: 2}}


def test_three_new_columns_in_one_transaction_all_arrive(con: Con, a_lake: Lake) -> None:
    rate = MetricColumns("rate", 1, parts=True)
    publish(con, {(JANUARY, 1, "tea"): {A.value: 1}}, [A], [JANUARY])
    publish(
        con,
        {(JANUARY, 1, "tea"): {"rate__v1": 3, "rate__v1__numerator": 6, "rate__v1__denominator": 2}},
        [rate],
        [JANUARY],
    )
    reader = open_reader(a_lake)
    row = reader.execute(
        "select alpha__v1, rate__v1, rate__v1__numerator, rate__v1__denominator"
        " from lake.groups.g where rate__v1 = 3"
    ).fetchall()
    reader.close()
    assert row == [(1, 3, 6, 2)]


keys = st.tuples(
    st.sampled_from([JANUARY, FEBRUARY]), st.integers(1, 3), st.sampled_from(["tea", "coffee", None])
)
chosen = st.sampled_from([[A], [B], [A, B]])


@st.composite
def publications(draw: st.DrawFn) -> tuple[Values, list[MetricColumns], list[str]]:
    metrics = draw(chosen)
    row = st.fixed_dictionaries({}, optional={m.value: st.integers(1, 9) for m in metrics})
    months = draw(st.lists(st.sampled_from([JANUARY, FEBRUARY]), min_size=1, unique=True))
    return draw(st.dictionaries(keys, row, max_size=5)), metrics, months


def replaced(model: Values, values: Values, metrics: list[MetricColumns], months: list[str]) -> Values:
    """What must be stored afterwards, in plain Python."""
    columns = {metric.value for metric in metrics}
    kept = {
        key: {c: v for c, v in row.items() if not (c in columns and key[0] in months)}
        for key, row in model.items()
    }
    for key, row in values.items():
        if key[0] in months:
            kept[key] = kept.get(key, {}) | row
    return {key: row for key, row in kept.items() if row}


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(publications(), min_size=1, max_size=4))
def test_any_series_of_publications_leaves_what_plain_python_leaves(
    con: Con, series: list[tuple[Values, list[MetricColumns], list[str]]]
) -> None:
    table, model = f"g{next(counter)}", {}
    for values, metrics, months in series:
        publish(con, values, metrics, months, table)
        model = replaced(model, values, metrics, months)
        assert stored(con, table) == model


# Views


def view(
    con: Con, versions: dict[MetricColumns, list[str]], dimensions: tuple[str, ...] = ("category",)
) -> None:
    key = next(iter(versions)).key
    with transaction(con):
        groups.create_views(con, [MetricView(key, "g", list(dimensions), versions)])


def shown(con: Con, key: str = "alpha") -> list[tuple[Any, ...]]:
    return con.execute(
        f"select strftime(metric_time, '%Y-%m'), value from lake.metrics.{key} order by all"
    ).fetchall()


def test_a_view_shows_only_rows_of_its_own_metric(con: Con) -> None:
    publish(con, {(JANUARY, 1, "tea"): {A.value: 1}, (JANUARY, 2, "tea"): {B.value: 20}}, [A, B], [JANUARY])
    view(con, {A: [JANUARY]})
    assert shown(con) == [(JANUARY, 1)]
    assert list(tables.columns(con, "lake.metrics.alpha")) == ["metric_time", "category", "value"]


def test_a_view_of_two_versions_shows_each_month_by_the_version_in_force_there(con: Con) -> None:
    new = MetricColumns("alpha", 2)
    publish(
        con, {(JANUARY, 1, "tea"): {A.value: 1}, (FEBRUARY, 1, "tea"): {A.value: 2}}, [A], [JANUARY, FEBRUARY]
    )
    publish(con, {(FEBRUARY, 1, "tea"): {new.value: 200}}, [new], [FEBRUARY])
    view(con, {A: [JANUARY], new: [FEBRUARY]})
    assert shown(con) == [(JANUARY, 1), (FEBRUARY, 200)]
    assert stored(con)[FEBRUARY, 1, "tea"] == {A.value: 2, new.value: 200}


def test_a_view_of_a_ratio_has_its_parts_and_a_row_for_a_part_alone(con: Con) -> None:
    rate = MetricColumns("rate", 1, parts=True)
    publish(con, {(JANUARY, 1, "tea"): {"rate__v1__denominator": 4}}, [rate], [JANUARY])
    view(con, {rate: [JANUARY]})
    assert con.execute("select value, numerator, denominator from lake.metrics.rate").fetchall() == [
        (None, None, 4)
    ]


def test_a_view_is_readable_under_any_name_of_the_lake(con: Con, a_lake: Lake) -> None:
    publish(con, {(JANUARY, 1, "tea"): {A.value: 1}}, [A], [JANUARY])
    view(con, {A: [JANUARY]})
    reader = open_reader(a_lake)
    reader.execute("use memory")
    assert reader.execute("select value from lake.metrics.alpha").fetchall() == [(1,)]
    text = reader.execute("select sql from duckdb_views() where view_name = 'alpha'").fetchall()[0][0]
    assert "lake." not in text
    reader.close()
