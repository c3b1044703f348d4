"""What we rely on, or work round, in MetricFlow."""

from __future__ import annotations

import json
from collections.abc import Iterator

import duckdb
import pytest

from metric_pipelines.dictionary.center_files import Center
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.errors import DefinitionError
from metric_pipelines.semantics import manifest as m
from metric_pipelines.semantics.metricflow_sql import _engine, compile_sql
from metric_pipelines_tests.small_shop import CENTER

TABLE = "memory.models.order_lines"
BY = ["metric_time__day", "category"]
ASKED = ["revenue", "orders_placed", "average_order"]


@pytest.fixture(scope="module")
def center() -> Center:
    return load_valid_center(CENTER)


@pytest.fixture(scope="module")
def step() -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect()
    con.execute("create schema memory.models")
    con.execute(
        f"create table {TABLE} as select i as order_id, i % 3 as customer_id,"
        " date '2024-01-01' + (i % 9)::int as order_day,"
        " ['tea', 'coffee'][1 + i % 2] as category, (i / 4)::decimal(18,2) as amount from range(50) t(i)"
    )
    yield con
    con.close()


def over(center: Center, *names: str) -> m.Manifest:
    return m.over_models(center, [center.metrics[name] for name in names], ["category"])


def by_default(manifest: m.Manifest, metrics: list[str]) -> str:
    """The query as MetricFlow makes it when it is not told which optimizations to use."""
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    request = MetricFlowQueryRequest.create(metric_names=metrics, group_by_names=BY)
    explained = _engine(json.dumps(manifest, sort_keys=True)).explain(request)
    return str(explained.sql_statement.without_descriptions.sql)


def test_a_ratio_beside_its_inputs_is_one_scan_with_all_optimizations_and_says_the_same(
    center: Center, step: duckdb.DuckDBPyConnection
) -> None:
    manifest = over(center, *ASKED)
    ours, theirs = compile_sql(manifest, ASKED, BY), by_default(manifest, ASKED)
    assert ours.count(TABLE) == 1
    assert "JOIN" not in ours
    assert "FULL OUTER JOIN" in theirs
    rows = step.execute(f"select * from ({ours}) order by all").fetchall()
    assert rows == step.execute(f"select * from ({theirs}) order by all").fetchall()
    assert len(rows) == 18


def test_filtered_metrics_of_a_group_are_one_scan_too(center: Center) -> None:
    asked = ["revenue", "small_revenue", "large_orders", "orders_placed"]
    assert compile_sql(over(center, *asked), asked, BY).count(TABLE) == 1


def test_columns_have_the_names_that_were_asked_for(center: Center, step: duckdb.DuckDBPyConnection) -> None:
    sql = compile_sql(over(center, *ASKED), ASKED, BY)
    columns = [str(c[0]) for c in step.execute(f"describe {sql}").fetchall()]
    assert columns[:2] == BY
    assert sorted(columns[2:]) == sorted(ASKED)


def test_a_question_that_makes_no_sense_is_a_definition_error(center: Center) -> None:
    with pytest.raises(DefinitionError, match="MetricFlow cannot compute revenue by order_line__nonsense"):
        compile_sql(over(center, "revenue"), ["revenue"], ["order_line__nonsense"])


def test_curly_braces_in_a_literal_are_text_and_no_template(
    center: Center, step: duckdb.DuckDBPyConnection
) -> None:
    """A filter is lowered into the aggregated expression, which is no Jinja: a literal stays a literal."""
    strange = center.metrics["small_revenue"].model_copy(
        update={"filter": "category = '{{ 1 + 1 }}' or amount < 1"}
    )
    sql = compile_sql(m.over_models(center, [strange]), ["small_revenue"], ["metric_time__day"])
    assert "'{{ 1 + 1 }}'" in sql
    assert step.execute(f"select count(small_revenue) from ({sql})").fetchall() == [(4,)]
